//! Is it SIP? Start lines, status lines, keep-alives and STUN.
use firewall_common::reason::Reason::{NotSip, Stranger};
use firewall_tests::harness::{Row, row};
use firewall_tests::packets::{Frame, patched, sip};
use rsip::{Method, StatusCode};

use super::{STRANGER, Table};

pub(super) fn tables() -> Vec<Table> {
    let rows = [requests(), methods(), uris(), lengths(), before(), responses(), keepalives(), stun()].concat();
    let short = vec![
        row("a start line of 64 bytes", udp(sip::line_of(64)), Stranger),
        row("a start line of 65 bytes", udp(sip::line_of(65)), NotSip),
        row("a status line of 64 bytes", udp(status_of(64)), Stranger),
        row("a status line of 65 bytes", udp(status_of(65)), NotSip),
        row("an empty line counts", udp([b"\r\n", &sip::line_of(62)[..]].concat()), Stranger),
        row("an empty line too many", udp([b"\r\n", &sip::line_of(63)[..]].concat()), NotSip),
    ];
    vec![Table::unlimited("", rows), Table::unlimited("[sip]\nstart_line_max = 64", short)]
}

#[test]
fn what_is_sip() {
    tables().iter().for_each(Table::hold);
}

#[test]
fn no_limit_of_a_start_line_can_be_set_that_would_not_be_kept() {
    let config = |max: u32| firewall_userspace::config::parse_str("test", &format!("[sip]\nstart_line_max = {max}"));
    assert!(config(1_024).is_ok() && config(1_025).is_err(), "no more than 1,024 bytes are read");
}

fn udp(payload: impl AsRef<[u8]>) -> Frame {
    Frame::udp(STRANGER).payload(payload)
}

/// Rows of payloads with one reason.
fn payloads<const N: usize>(reason: firewall_common::reason::Reason, list: [(&str, &str); N]) -> Vec<Row> {
    list.into_iter().map(|(what, payload)| row(what, udp(payload), reason)).collect()
}

fn requests() -> Vec<Row> {
    let good = payloads(
        Stranger,
        [
            ("only a start line", "OPTIONS sip:a@b SIP/2.0\r\n"),
            ("a version in lower case", "OPTIONS sip:a@b sip/2.0\r\n\r\n"),
            ("a version in mixed case", "OPTIONS sip:a@b SiP/2.0\r\n\r\n"),
            ("bytes of UTF-8 in the URI", "OPTIONS sip:зал@b SIP/2.0\r\n\r\n"),
            ("the shortest URI", "OPTIONS a: SIP/2.0\r\n\r\n"),
        ],
    );
    let bad = payloads(
        NotSip,
        [
            ("no line end", "OPTIONS sip:a@b SIP/2.0"),
            ("half a line end", "OPTIONS sip:a@b SIP/2.0\r"),
            ("a bare LF", "OPTIONS sip:a@b SIP/2.0\nVia: x\r\n\r\n"),
            ("two spaces before the URI", "OPTIONS  sip:a@b SIP/2.0\r\n\r\n"),
            ("two spaces before the version", "OPTIONS sip:a@b  SIP/2.0\r\n\r\n"),
            ("a space behind the version", "OPTIONS sip:a@b SIP/2.0 \r\n\r\n"),
            ("a space before the method", " OPTIONS sip:a@b SIP/2.0\r\n\r\n"),
            ("a space in the URI", "OPTIONS sip:a b SIP/2.0\r\n\r\n"),
            ("a tab before the URI", "OPTIONS\tsip:a@b SIP/2.0\r\n\r\n"),
            ("a tab behind the URI", "OPTIONS sip:a@b\tSIP/2.0\r\n\r\n"),
            ("a NUL in the URI", "OPTIONS sip:a\0b SIP/2.0\r\n\r\n"),
            ("a line end in the URI", "OPTIONS sip:a\r\nb SIP/2.0\r\n\r\n"),
            ("version 2.1", "OPTIONS sip:a@b SIP/2.1\r\n\r\n"),
            ("version 3.0", "OPTIONS sip:a@b SIP/3.0\r\n\r\n"),
            ("version 2.00", "OPTIONS sip:a@b SIP/2.00\r\n\r\n"),
            ("no version", "OPTIONS sip:a@b\r\n\r\n"),
            ("no URI", "OPTIONS SIP/2.0\r\n\r\n"),
            ("an empty URI", "OPTIONS  SIP/2.0\r\n\r\n"),
            ("HTTP", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("HTTP with a whole URI", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("RTSP", "OPTIONS rtsp://a/ RTSP/1.0\r\n\r\n"),
            ("a method alone", "OPTIONS"),
            ("a method and a space", "OPTIONS "),
            ("garbage", "\u{1}\u{2}\u{3}"),
        ],
    );
    [good, bad].concat()
}

fn methods() -> Vec<Row> {
    let known = Method::all().into_iter().map(|m| row(format!("{m}"), udp(sip::plain(m)), Stranger));
    let of = |len: usize| format!("{} sip:a SIP/2.0\r\n\r\n", "M".repeat(len));
    let torture = "!interesting-Method0123456789_*+`.%indeed'~";
    known
        .chain([
            row("an unknown method", udp(sip::line("NEWMETHOD sip:a SIP/2.0")), Stranger),
            row("a method in lower case", udp(sip::line("register sip:a SIP/2.0")), Stranger),
            row("what Asterisk takes for INVITE", udp(sip::line("INV sip:a SIP/2.0")), NotSip),
            row("what Asterisk takes for ACK", udp(sip::line("A sip:a SIP/2.0")), NotSip),
            row("more than a method", udp(sip::line("INVITES sip:a SIP/2.0")), Stranger),
            row("a method of one character", udp(of(1)), Stranger),
            row("RFC 4475's method of 43 characters", udp(sip::line(&format!("{torture} sip:a SIP/2.0"))), Stranger),
            row("a method of 64 characters", udp(of(64)), Stranger),
            row("a method of 65 characters", udp(of(65)), NotSip),
            row("no method", udp(sip::line(" sip:a SIP/2.0")), NotSip),
            row("a colon in the method", udp(sip::line("OPT:IONS sip:a SIP/2.0")), NotSip),
            row("a quotation mark in the method", udp(sip::line("OPT\"IONS sip:a SIP/2.0")), NotSip),
            row("a letter beyond ASCII in the method", udp(sip::line("OPTIÖNS sip:a SIP/2.0")), NotSip),
        ])
        .collect()
}

fn uris() -> Vec<Row> {
    let of = |uri: &str| udp(sip::line(&format!("OPTIONS {uri} SIP/2.0")));
    let good = [
        "sips:a@b",
        "SIP:a@b",
        "Sip:a@b",
        "tel:+14155550123",
        "urn:service:sos",
        "soap.beep://192.0.2.103:3002",
        "x-1.y+z:a",
        "sip:[2001:db8::10]",
        "sip:",
    ];
    let bad = ["sip", "sip a", "<sip:a@b>", "1x:a", ":a", "/path", "*", "si p:a", "s_p:a", "[2001:db8::1]"];
    let long = |len: usize| of(&format!("{}:a", "s".repeat(len)));
    let rows = good.iter().map(|uri| row(*uri, of(uri), Stranger));
    rows.chain(bad.iter().map(|uri| row(*uri, of(uri), NotSip)))
        .chain([
            row("a scheme of 32 characters", long(32), Stranger),
            row("a scheme of 33 characters", long(33), NotSip),
        ])
        .collect()
}

/// A status line of exactly `len` bytes, its line end included.
fn status_of(len: usize) -> Vec<u8> {
    format!("SIP/2.0 200 {}\r\n\r\n", "k".repeat(len - 14)).into_bytes()
}

fn lengths() -> Vec<Row> {
    let exact = (24..1024)
        .step_by(111)
        .map(|len| row(format!("a start line of {len} bytes"), udp(sip::line_of(len)), Stranger));
    exact
        .chain([
            row("a start line of 1,024 bytes", udp(sip::line_of(1024)), Stranger),
            row("a start line of 1,025 bytes", udp(sip::line_of(1025)), NotSip),
            row("a status line of 1,024 bytes", udp(status_of(1024)), Stranger),
            row("a status line of 1,025 bytes", udp(status_of(1025)), NotSip),
        ])
        .collect()
}

fn before() -> Vec<Row> {
    let lines = |n: usize| [b"\r\n".repeat(n), sip::options()].concat();
    vec![
        row("an empty line before a request", udp(lines(1)), Stranger),
        row("eight empty lines before a request", udp(lines(8)), Stranger),
        row("nine empty lines before a request", udp(lines(9)), NotSip),
        row("a bare LF before a request", udp([b"\n", &sip::options()[..]].concat()), NotSip),
        row("a bare CR before a request", udp([b"\r", &sip::options()[..]].concat()), NotSip),
        row("a zero before a request", udp([b"\0", &sip::options()[..]].concat()), NotSip),
        row(
            "two empty lines before a response",
            udp([b"\r\n\r\n", &sip::response(StatusCode::OK)[..]].concat()),
            Stranger,
        ),
    ]
}

fn responses() -> Vec<Row> {
    let codes = [StatusCode::Trying, StatusCode::OK, StatusCode::Unauthorized, StatusCode::Decline];
    let rows = codes.into_iter().map(|code| row(format!("a response {code}"), udp(sip::response(code)), Stranger));
    let good = payloads(
        Stranger,
        [
            ("no reason phrase", "SIP/2.0 100 \r\n\r\n"),
            ("the last code", "SIP/2.0 699 x\r\n\r\n"),
            ("a reason phrase of UTF-8", "SIP/2.0 200 = 2**3 но сто девяносто девять\r\n\r\n"),
        ],
    );
    let bad = payloads(
        NotSip,
        [
            ("no space behind the code", "SIP/2.0 100\r\n\r\n"),
            ("a code of two digits", "SIP/2.0 20 OK\r\n\r\n"),
            ("a code of four digits", "SIP/2.0 2000 OK\r\n\r\n"),
            ("RFC 4475's large code", "SIP/2.0 4294967301 better not break the receiver\r\n\r\n"),
            ("a code of class 0", "SIP/2.0 099 x\r\n\r\n"),
            ("a code of class 7", "SIP/2.0 700 x\r\n\r\n"),
            ("a code of letters", "SIP/2.0 abc x\r\n\r\n"),
            ("version 3.0", "SIP/3.0 200 OK\r\n\r\n"),
            ("a version in lower case", "sip/2.0 200 OK\r\n\r\n"),
            ("two spaces before the code", "SIP/2.0  200 OK\r\n\r\n"),
            ("a bare LF", "SIP/2.0 200 OK\n\n"),
            ("no line end", "SIP/2.0 200 OK"),
            ("half a line end", "SIP/2.0 200 OK\r"),
            ("a version alone", "SIP/2.0 "),
        ],
    );
    rows.chain(good).chain(bad).collect()
}

fn keepalives() -> Vec<Row> {
    let zeros = (1..=16).map(|n| row(format!("{n} zeros"), udp(vec![0; n]), Stranger));
    zeros
        .chain(payloads(Stranger, [("CRLF", "\r\n"), ("CRLF CRLF", "\r\n\r\n")]))
        .chain(payloads(
            NotSip,
            [
                ("nothing", ""),
                ("CR", "\r"),
                ("LF", "\n"),
                ("LF LF", "\n\n"),
                ("CRLF CR", "\r\n\r"),
                ("three times CRLF", "\r\n\r\n\r\n"),
                ("eight times CRLF", "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"),
                ("CRLF and a space", "\r\n "),
                ("CRLF and a zero", "\r\n\0"),
                ("a zero and a one", "\0\u{1}"),
                ("eight zeros and a one", "\0\0\0\0\0\0\0\0\u{1}"),
                ("15 zeros and a one", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\u{1}"),
                ("a space", " "),
                ("jaK, which one maker's phones send", "jaK"),
            ],
        ))
        .chain([row("17 zeros", udp(vec![0; 17]), NotSip), row("1,400 zeros", udp(vec![0; 1400]), NotSip)])
        .collect()
}

fn stun() -> Vec<Row> {
    vec![
        row("a STUN binding request", udp(sip::stun(0)), Stranger),
        row("with attributes", udp(sip::stun(8)), Stranger),
        row("with many attributes", udp(sip::stun(548)), Stranger),
        row("a binding response", udp(patched(sip::stun(0), 0, &[1, 1])), NotSip),
        row("an allocate request", udp(patched(sip::stun(0), 0, &[0, 3])), NotSip),
        row("another cookie", udp(patched(sip::stun(0), 7, &[0x43])), NotSip),
        row("a length that is not a multiple of four", udp(sip::stun(6)), NotSip),
        row("a length that is too long", udp(patched(sip::stun(8), 2, &[0, 12])), NotSip),
        row("a length that is too short", udp(patched(sip::stun(8), 2, &[0, 4])), NotSip),
        row("one byte short", udp(&sip::stun(0)[..19]), NotSip),
        row("DTLS", udp([22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40]), NotSip),
    ]
}
