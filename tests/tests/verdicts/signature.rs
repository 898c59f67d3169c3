//! Scanners that say who they are, and all who only look like one.
use firewall_common::reason::Reason::{self, Registrant, Signature, Stranger};
use firewall_tests::harness::{Row, SECOND, now, row};
use firewall_tests::packets::{Frame, sip};

use super::{STRANGER, STRANGER_V6, Table};

const PHONE: &str = "198.51.100.20";
const OWN: &str = r#"
signature_defaults = false

[[signature]]
field = "user-agent"
token = "sipsak"

[[signature]]
field = "from-user"
token = "scanner_1"

[[signature]]
field = "from-display"
token = "evil"
"#;

pub(super) fn tables() -> Vec<Table> {
    let builtin = [scanners(), bystanders(), spellings(), places(), from(), elsewhere()].concat();
    let short = vec![
        row("a signature within the first 300 bytes", options(&agent_at(250)), Signature),
        row("a signature behind them", options(&agent_at(310)), Stranger),
    ];
    let off = vec![row("nothing is searched", options(&sip::from_agent("sipcli")), Stranger)];
    vec![
        Table::unlimited("", builtin).registrant(PHONE, now() + 3_600 * SECOND),
        Table::unlimited(OWN, own()),
        Table::unlimited("[sip]\nstart_line_max = 64\nscan_max = 300", short),
        Table::unlimited("[sip]\nscan_max = 0", off),
    ]
}

#[test]
fn signatures() {
    tables().iter().for_each(Table::hold);
}

fn options(message: &[u8]) -> Frame {
    Frame::udp(STRANGER).payload(message)
}

fn agent(value: &str, reason: Reason) -> Row {
    row(format!("User-Agent: {value}"), options(&sip::from_agent(value)), reason)
}

fn scanners() -> Vec<Row> {
    let names = [
        "friendly-scanner",
        "sipvicious",
        "sipcli/v1.8",
        "pplsip",
        "VaxSIPUserAgent/3.1",
        "VaxIPUserAgent",
        "sundayddr",
        "sip-scan",
        "iWar",
        "SIVuS",
        "Gulp",
        "sipv",
        "smap 0.6.0",
        "friendly-request",
        "siparmyknife",
        "FRIENDLY-SCANNER",
        "x (sipcli)",
        "a b c d sipvicious",
        "\"sipvicious\"",
    ];
    names.into_iter().map(|name| agent(name, Signature)).collect()
}

fn bystanders() -> Vec<Row> {
    let names = [
        "3CXPhoneSystem 18.0.1.234",
        "Asterisk PBX 18.9.0",
        "Zoiper rv2.10.11.4",
        "Cisco-CP8861/12.8.1",
        "Gulper",
        "unfriendly-scanner",
        "friendly-scanner2",
        "friendly scanner",
        "sipcli_x",
        "sip cli",
        "sipv2",
        "iWarrior",
        "smapper",
        "",
        "snom/sipphone",
        "Linphone/3.6.1 (eXosip2/4.1.0)",
    ];
    names.into_iter().map(|name| agent(name, Stranger)).collect()
}

/// A request whose headers end with these lines.
fn lines(lines: &str) -> Frame {
    options(&sip::replaced(&sip::options(), "Content-Length: 0\r\n", lines))
}

fn spellings() -> Vec<Row> {
    vec![
        row("the name in lower case", lines("user-agent: sipcli\r\n"), Signature),
        row("the name in upper case", lines("USER-AGENT: sipcli\r\n"), Signature),
        row("spaces before the colon", lines("User-Agent  : sipcli\r\n"), Signature),
        row("a tab before the colon", lines("User-Agent\t: sipcli\r\n"), Signature),
        row("no space behind the colon", lines("User-Agent:sipcli\r\n"), Signature),
        row("a folded line", lines("User-Agent:\r\n sipcli\r\n"), Signature),
        row("a line folded with a tab", lines("User-Agent: x\r\n\tsipcli\r\n"), Signature),
        row("a line folded twice", lines("User-Agent: x\r\n y\r\n sipcli\r\n"), Signature),
        row("a bare LF", lines("User-Agent: sipcli\n"), Signature),
        row("another field's name", lines("User-Agents: sipcli\r\n"), Stranger),
        row("another field's name with a mark before it", lines("X-User-Agent: sipcli\r\n"), Stranger),
        row("another field's value", lines("Subject: sipcli\r\n"), Stranger),
        row("the line behind it", lines("User-Agent: x\r\nSubject: sipcli\r\n"), Stranger),
        row("the Server field", lines("Server: sipcli\r\n"), Stranger),
        row(
            "a token at byte 76 of the value",
            lines(&format!("User-Agent: {} sipcli x\r\n", "a".repeat(74))),
            Signature,
        ),
        row(
            "a token behind byte 88 of the value",
            lines(&format!("User-Agent: {} sipcli x\r\n", "a".repeat(90))),
            Stranger,
        ),
        row("the message ends with the token", options(b"OPTIONS sip:a SIP/2.0\r\nUser-Agent: sipcli"), Signature),
        row("the message ends inside the token", options(b"OPTIONS sip:a SIP/2.0\r\nUser-Agent: sipcl"), Stranger),
        row("two fields, the last one a scanner's", lines("User-Agent: x\r\nUser-Agent: sipcli\r\n"), Signature),
    ]
}

/// An OPTIONS with a scanner's User-Agent that begins at about byte `at`.
fn agent_at(at: usize) -> Vec<u8> {
    let head = "OPTIONS sip:a SIP/2.0\r\nSubject: ";
    let subject = "s".repeat(at - head.len() - 2);
    format!("{head}{subject}\r\nUser-Agent: sipcli\r\n\r\n").into_bytes()
}

fn places() -> Vec<Row> {
    let at_every = (40..=72)
        .chain([500, 1000, 1400, 1450])
        .map(|at| row(format!("a signature at byte {at}"), options(&agent_at(at)), Signature));
    let body = |head: &str, body: &str| options(format!("MESSAGE sip:a SIP/2.0\r\n{head}\r\n{body}").as_bytes());
    let folded = (0..8).map(|n| {
        let head = format!("{}: 1\r\n", "X".repeat(n + 1));
        row(
            format!("a compact From folded at once, {n} bytes on"),
            lines(&format!("{head}f:\r\n <sip:a@1.1.1.1>\r\n")),
            Signature,
        )
    });
    let from_folded = (0..8).map(|n| {
        let head = format!("{}: 1\r\n", "X".repeat(n + 1));
        row(
            format!("a From folded at once, {n} bytes on"),
            lines(&format!("{head}From:\r\n <sip:a@1.1.1.1>\r\n")),
            Signature,
        )
    });
    // Where the empty line stands in an eight-byte word must not matter.
    let short_bodies = (0..8).map(|n| {
        let head = format!("{}: 1\r\n", "X".repeat(n + 1));
        row(
            format!("a body of a short line and a scanner's name, {n} bytes on"),
            body(&head, "x\r\nUser-Agent: sipcli\r\n"),
            Stranger,
        )
    });
    at_every
        .chain(folded)
        .chain(from_folded)
        .chain(short_bodies)
        .chain([
            row("in the body", body("Via: x\r\n", "User-Agent: sipcli\r\n"), Stranger),
            row("in the body of a message without headers", body("", "User-Agent: sipcli\r\n"), Stranger),
            row("before a body", body("User-Agent: sipcli\r\n", "x\r\n"), Signature),
        ])
        .collect()
}

fn from() -> Vec<Row> {
    let of = |value: &str, reason| row(format!("From: {value}"), options(&sip::from(value)), reason);
    let compact = sip::replaced(&sip::from("<sip:100@1.1.1.1>;tag=x"), "From:", "f:");
    vec![
        of("\"sipvicious\" <sip:100@192.0.2.1>;tag=1", Signature),
        of("sipvicious <sip:100@192.0.2.1>", Signature),
        of("\"SIPVicious\"<sip:100@1.2.3.4>;tag=1", Signature),
        of("\"100\" <sip:100@1.1.1.1>;tag=1", Signature),
        of("<sip:1.1.1.1@1.1.1.1:5060>", Signature),
        of("sip:100@1.1.1.1;tag=1", Signature),
        of("\"sipvicious2\" <sip:100@192.0.2.1>", Stranger),
        of("\"x\" <sip:sipvicious@192.0.2.1>", Stranger),
        of("<sip:100@1.1.1.11>", Stranger),
        of("<sip:100@11.1.1.1>", Stranger),
        of("\"1.1.1.1\" <sip:100@192.0.2.1>", Stranger),
        of("\"a@1.1.1.1\" <sip:100@192.0.2.1>", Stranger),
        of("<sip:100@192.0.2.1>;x=@1.1.1.1", Stranger),
        of("<sip:100@192.0.2.1>;sipvicious", Stranger),
        row("the compact form of From", options(&compact), Signature),
        row("the compact form in upper case", options(&sip::replaced(&compact, "f:", "F :")), Signature),
        row("a signature of To", options(&sip::replaced(&sip::options(), "To: ", "To: sipvicious ")), Stranger),
    ]
}

fn elsewhere() -> Vec<Row> {
    let scanner = sip::from_agent("sipcli");
    let response = sip::replaced(&sip::response(rsip::StatusCode::OK), "Contact", "User-Agent: sipcli\r\nContact");
    vec![
        row("a registrant's", Frame::udp(PHONE).payload(&scanner), Signature).detail(2),
        row("a registrant's without", Frame::udp(PHONE).payload(sip::options()), Registrant),
        row("by IPv6", Frame::udp(STRANGER_V6).payload(&scanner), Signature).detail(2),
        row("by TCP", Frame::tcp(STRANGER).payload(&scanner), Signature).detail(2),
        row("in a response", options(&response), Stranger),
        row("behind empty lines", options(&[b"\r\n\r\n", &scanner[..]].concat()), Signature),
    ]
}

fn own() -> Vec<Row> {
    let from = |value: &str| options(&sip::from(value));
    vec![
        agent("sipsak 0.9.8", Signature).detail(0),
        agent("sipcli", Stranger),
        row("a user", from("<sip:Scanner_1@192.0.2.1>"), Signature).detail(1),
        row("a host", from("<sip:x@scanner_1>"), Stranger),
        row("a display name", from("\"the evil one\" <sip:x@y>"), Signature).detail(2),
        row("no display name", from("<sip:evil@evil>"), Stranger),
    ]
}
