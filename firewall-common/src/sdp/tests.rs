//! Whole messages, by name. (`fuzz/tests/descriptions.rs` has generated ones, against a mature reader of them.)
use super::Prospect::{self, Nothing, Other, Plain, Srtp, Unsure};
use super::*;
use proptest::prelude::*;

const AVP: &str = "m=audio 40000 RTP/AVP 0 8\r\n";
const SAVP: &str = "m=audio 40000 RTP/SAVP 0 8\r\n";
const DTLS_SAVP: &str = "m=audio 40000 UDP/TLS/RTP/SAVPF 0 8\r\n";
const CRYPTO: &str = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4\r\n";
const WEAK: &str = "a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n";
const FINGERPRINT: &str = "a=fingerprint:sha-256 19:E2:1C:3B:4B:9F:81:E6:B8:5C:F4:A5:A8:D8:73:04\r\n";
const SESSION: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n";

const START: &str = "INVITE sip:a@b SIP/2.0\r\n";

/// A description of these lines.
fn sdp(lines: &[&str]) -> String {
    format!("{SESSION}{}", lines.concat())
}

fn with(headers: &str, body: &str) -> String {
    format!("{START}Via: SIP/2.0/UDP 192.0.2.9\r\n{headers}\r\n{body}")
}

/// A message whose body is this description.
fn described(lines: &[&str]) -> String {
    let body = sdp(lines);
    with(&format!("Content-Type: application/sdp\r\nContent-Length: {}\r\n", body.len()), &body)
}

fn summary(message: &[u8]) -> Summary {
    let headers = message.iter().position(|b| *b == b'\n').unwrap() as u32 + 1;
    let summaries = [b'\n', b' '].map(|before| {
        let mut w = Window::new();
        w.fill(&[before; 1_536]);
        w.fill(&["\r\nm=audio 1 RTP/AVP 0\r\n", CRYPTO, FINGERPRINT].concat().repeat(7).into_bytes());
        w.fill(message);
        Summary::of_message(&w, headers, message.len() as u32)
    });
    assert_eq!(summaries[0], summaries[1], "what the window held earlier has a say");
    summaries[0]
}

fn judged(message: &str) -> Prospect {
    leads(summary(message.as_bytes()), Accepted::USUAL)
}

#[track_caller]
fn expect(rows: &[(&str, String, Prospect)]) {
    let wrong: Vec<_> = rows.iter().filter(|(_, message, want)| judged(message) != *want).collect();
    assert!(wrong.is_empty(), "{:#?}", wrong.iter().map(|(what, m, want)| (what, judged(m), want)).collect::<Vec<_>>());
}

#[test]
fn offers_are_judged_by_their_best_line() {
    let rows = |rows: &[(&'static str, &[&str], Prospect)]| {
        rows.iter().map(|(what, lines, want)| (*what, described(lines), *want)).collect::<Vec<_>>()
    };
    let video = "m=video 40002 RTP/AVP 96\r\n";
    let unencrypted = CRYPTO.replace("\r\n", " UNENCRYPTED_SRTP\r\n");
    let unauthenticated = CRYPTO.replace("\r\n", " KDR=1  unauthenticated_srtp FEC_ORDER=SRTP_FEC\r\n");
    let srtcp = CRYPTO.replace("\r\n", "\tUNENCRYPTED_SRTCP");
    let other = CRYPTO.replace("\r\n", " WSH=64 -UNENCRYPTED_SRTP\r\n");
    expect(&rows(&[
        ("plain", &[AVP], Plain),
        ("SAVP with SDES", &[SAVP, CRYPTO], Srtp),
        ("SAVP without keys", &[SAVP], Plain),
        ("DTLS-SRTP", &[DTLS_SAVP, FINGERPRINT], Srtp),
        ("DTLS-SRTP, the fingerprint before the media", &[FINGERPRINT, DTLS_SAVP], Srtp),
        ("DTLS-SRTP without a fingerprint", &[DTLS_SAVP], Plain),
        ("opportunistic, by SDES (RFC 8643)", &[AVP, CRYPTO], Srtp),
        ("opportunistic, by DTLS", &[AVP, FINGERPRINT], Srtp),
        ("keys before the media mean nothing for SDES", &[CRYPTO, SAVP], Plain),
        ("a suite that is not accepted", &[SAVP, WEAK], Plain),
        ("an accepted suite behind one that is not", &[SAVP, WEAK, CRYPTO], Srtp),
        ("not encrypted", &[SAVP, &unencrypted], Plain),
        ("not authenticated", &[SAVP, &unauthenticated], Plain),
        ("RTCP not encrypted", &[SAVP, &srtcp], Plain),
        ("one of two not encrypted", &[SAVP, &unencrypted, CRYPTO], Srtp),
        ("other session parameters", &[SAVP, &other], Srtp),
        ("plain audio, encrypted video", &[AVP, &video.replace("AVP", "SAVP"), CRYPTO], Srtp),
        ("encrypted audio, plain video", &[SAVP, CRYPTO, video], Srtp),
        ("the encrypted line is rejected", &[&SAVP.replace("40000", "0"), CRYPTO, video], Plain),
        ("the plain line is rejected", &[SAVP, CRYPTO, &video.replace("40002", "0")], Srtp),
        ("all lines are rejected", &[&AVP.replace("40000", "0"), &video.replace("40002", "0")], Nothing),
        ("a pair of ports", &[&AVP.replace("40000", "40000/2")], Plain),
        ("no line", &[], Nothing),
        ("a fax", &["m=image 40000 udptl t38\r\n"], Plain),
        ("messages", &["m=message 2855 TCP/TLS/MSRP *\r\n"], Other),
        ("messages beside plain audio", &["m=message 2855 TCP/TLS/MSRP *\r\n", AVP], Plain),
        ("messages beside a fax", &["m=message 2855 TCP/TLS/MSRP *\r\n", "m=image 40000 udptl t38\r\n"], Other),
        ("a data channel", &["m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", FINGERPRINT], Other),
        ("a fingerprint of a data channel only", &[AVP, "m=application 9 TCP/BFCP *\r\n", FINGERPRINT], Plain),
        ("something else", &["m=text 40000 TCP/X *\r\n"], Plain),
        ("a configuration of SRTP is proposed (RFC 5939)", &[AVP, "a=tcap:1 RTP/SAVP\r\n", "a=pcfg:1 t=1\r\n"], Unsure),
        ("the media line has no port", &["m=audio\r\n"], Unsure),
    ]));
}

#[test]
fn no_disguise_hides_a_plain_offer() {
    let body = sdp(&[AVP]);
    let plain = described(&[AVP]);
    let keys_elsewhere = format!("--b\r\nContent-Type: text/plain\r\n\r\n{}", sdp(&[SAVP, CRYPTO]));
    let part = format!("\r\n--b\r\nContent-Type: application/sdp\r\n\r\n{body}\r\n--b--\r\n");
    let hidden = format!("{keys_elsewhere}{part}");
    let multipart = |kind: &str, body: &str| with(&format!("Content-Type: {kind}\r\n"), body);
    let field = |line: &str| with(&format!("{line}\r\n"), &body);
    let mut rows = vec![
        ("the type in another case", field("CONTENT-type: Application/SDP"), Plain),
        ("the compact name", field("c: application/sdp"), Plain),
        ("the compact name in capitals, with blanks", field("C \t:\tapplication/sdp"), Plain),
        ("the value on the next line", field("Content-Type:\r\n application/sdp"), Plain),
        ("the value two lines below", field("Content-Type\t:\r\n \r\n\tapplication/sdp"), Plain),
        ("parameters", field("Content-Type: application/sdp;charset=utf-8"), Plain),
        ("parameters behind a blank", field("Content-Type: application/sdp ; charset=utf-8"), Plain),
        ("no type", with("", &body), Plain),
        ("two types", field("Content-Type: text/plain\r\nc: application/sdp\r\nContent-Type: text/plain"), Plain),
        ("a type that only begins alike", field("Content-Type: application/sdpfrag"), Nothing),
        ("another type", field("Content-Type: text/plain"), Nothing),
        ("another header of the kind", field("Content-Types: application/sdp\r\nContent-Type: text/html"), Nothing),
        ("blanks in the type, which only a full reader knows", field("Content-Type: application / sdp"), Unsure),
        ("bare line feeds", plain.replace("\r\n", "\n").replacen('\n', "\r\n", 1), Plain),
        (
            "bare carriage returns in the body",
            format!("{}{}", with("c: application/sdp\r\n", ""), body.replace("\r\n", "\r")),
            Plain,
        ),
        ("the transport in another case", plain.replace("RTP/AVP", "rtp/avp"), Plain),
        ("blanks in the media line", plain.replace("m=audio 40000 ", "m= audio \t 40000  "), Plain),
        ("a sign before the port", plain.replace("40000", "+40000"), Plain),
        ("zeros before the port", plain.replace("40000", "00040000"), Plain),
        ("no line end", plain.trim_end().to_owned(), Plain),
        (
            "an attribute that only looks like keys",
            described(&[AVP, "a=cryptos:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n"]),
            Plain,
        ),
        (
            "another that does",
            described(&[AVP, "a=fingerprints:sha-256 00\r\n", "A=fingerprint:sha-256 00\r\n"]),
            Plain,
        ),
        ("keys within a line", described(&[AVP, "a=x:a=fingerprint:sha-256 00\r\n"]), Plain),
        ("a fingerprint of nothing", described(&[AVP, "a=fingerprint:\r\n"]), Plain),
        ("a suite without keys", described(&[SAVP, "a=crypto:1 AES_CM_128_HMAC_SHA1_80\r\n"]), Plain),
        ("a suite of nothing", described(&[SAVP, &CRYPTO.replace("AES_CM_128", "NULL")]), Plain),
        ("a suite that only begins alike", described(&[SAVP, &CRYPTO.replace("_80", "_800")]), Plain),
        (
            "keys behind the body's end",
            with(&format!("Content-Type: application/sdp\r\nl: {}\r\n", body.len()), &format!("{body}{CRYPTO}")),
            Plain,
        ),
        ("a port of zero beside it", described(&[&SAVP.replace("40000", "0"), CRYPTO, AVP]), Plain),
        ("keys in another part of the body", multipart("multipart/mixed;boundary=b", &hidden), Plain),
        ("a quoted boundary", multipart("Multipart/Mixed; x=\";boundary=c\" ; Boundary = \"b\"", &hidden), Plain),
        ("a boundary on the next line", multipart("multipart/mixed;\r\n boundary=b", &hidden), Plain),
        ("bare line feeds in parts", multipart("multipart/mixed;boundary=b", &hidden.replace("\r\n", "\n")), Plain),
        ("a part's compact type", multipart("multipart/mixed;boundary=b", &hidden.replace("Content-Type", "c")), Plain),
        (
            "keys behind the last part",
            multipart(
                "multipart/mixed;boundary=b",
                &format!("{hidden}\r\n--b\r\nc: application/sdp\r\n\r\n{SAVP}{CRYPTO}"),
            ),
            Plain,
        ),
        (
            "keys before the first part",
            multipart("multipart/mixed;boundary=b", &format!("{SAVP}{CRYPTO}{part}")),
            Plain,
        ),
        (
            "a boundary that only begins alike",
            multipart("multipart/mixed;boundary=b", &part.replace("AVP 0 8\r\n", "AVP 0 8\r\n--bb\r\n")),
            Plain,
        ),
        (
            "a part without a type is text",
            multipart("multipart/mixed;boundary=b", &format!("--b\r\n\r\n{body}")),
            Nothing,
        ),
        ("no boundary", multipart("multipart/mixed", &hidden), Unsure),
        ("a boundary with a backslash", multipart("multipart/mixed;boundary=\"\\b\"", &hidden), Unsure),
        (
            "parts within parts",
            multipart("multipart/mixed;boundary=b", "--b\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n"),
            Unsure,
        ),
    ];
    rows.push(("m= in a body of another type", with("Content-Type: text/plain\r\n", AVP), Nothing));
    expect(&rows);
}

#[test]
fn no_good_offer_is_refused_in_any_form() {
    let good = described(&[SAVP, CRYPTO]);
    let parts = |boundary: &str| {
        let sdp = sdp(&[SAVP, CRYPTO]);
        format!(
            "preamble\r\n--{boundary}\r\nContent-Type: application/isup\r\n\r\nm=audio 1 RTP/AVP 0\r\n--{boundary} \t\r\nContent-Disposition: session\r\nContent-Type: application/sdp\r\n\r\n{sdp}\r\n--{boundary}--\r\n"
        )
    };
    let longest = "0123456789abcdefghijklmnopqrstuvwxyz'()+_,-./:=?ABCDEFGHIJKLMNOPQRSTUV";
    assert_eq!(longest.len(), 70);
    let multipart =
        |value: &str, boundary: &str| with(&format!("Content-Type: multipart/mixed;{value}\r\n"), &parts(boundary));
    let rows = vec![
        ("as it is", good.clone(), Srtp),
        ("bare line feeds", good.replace("\r\n", "\n").replacen('\n', "\r\n", 1), Srtp),
        ("names in another case", good.replace("a=crypto", "a=Crypto").replace("inline", "INLINE"), Srtp),
        ("the suite in another case", good.replace("AES_CM_128_HMAC_SHA1_80", "aes_cm_128_hmac_sha1_80"), Srtp),
        ("an older name of a suite", good.replace("AES_CM_128_HMAC_SHA1_80", "AES_CM_256_HMAC_SHA1_80"), Srtp),
        ("the key's line is the last, without a line end", good.trim_end().to_owned(), Srtp),
        ("a wrong length that is too long", good.replace("Content-Length: ", "Content-Length: 9"), Srtp),
        ("a length that is no number", good.replace("Content-Length: ", "Content-Length: x"), Srtp),
        ("no length", good.replace("Content-Length", "X"), Srtp),
        ("parts", multipart("boundary=b", "b"), Srtp),
        ("parts with the longest boundary", multipart(&format!("boundary=\"{longest}\""), longest), Srtp),
        (
            "parts with a longer boundary",
            multipart(&format!("boundary=\"{longest}x\""), &format!("{longest}x")),
            Unsure,
        ),
        ("parts with an empty boundary", multipart("boundary=\"\"", ""), Unsure),
        ("a boundary of eight bytes", multipart("boundary=12345678", "12345678"), Srtp),
        ("other parameters before it", multipart("type=\"a\\\"b;c\";boundary=x", "x"), Srtp),
    ];
    expect(&rows);
}

#[test]
fn every_suite_counts_if_it_is_accepted() {
    for (name, suite) in Suite::NAMES {
        assert_eq!(Suite::from_word(name.to_lowercase().as_bytes()), Some(suite));
        let offer = summary(described(&[SAVP, &CRYPTO.replace("AES_CM_128_HMAC_SHA1_80", name)]).as_bytes());
        assert_eq!(offer.bits(), Summary::RTP | suite.bit(), "{name}");
        let only = |bits| leads(offer, Accepted::new(bits));
        assert_eq!(only(Accepted::SDES | suite.bit()), Srtp);
        assert_eq!(only(Accepted::SDES | Accepted::DTLS | !suite.bit() & Summary::SUITES), Plain);
        assert_eq!(only(suite.bit()), Plain, "SDES is not accepted at all");
    }
    let dtls = summary(described(&[FINGERPRINT, DTLS_SAVP]).as_bytes());
    assert_eq!(leads(dtls, Accepted::new(Accepted::DTLS)), Srtp);
    assert_eq!(leads(dtls, Accepted::new(!Accepted::DTLS)), Plain);
}

/// What is longer than the window, or has too many lines, is left to the daemon.
#[test]
fn what_is_not_seen_whole_is_not_judged() {
    let padded = |bytes: usize| described(&[AVP, &format!("a=x:{}\r\n", "x".repeat(bytes))]);
    let room = crate::sip::window::EXAMINED as usize - padded(1_000).len();
    assert_eq!(judged(&padded(1_000 + room)), Plain);
    assert_eq!(judged(&padded(1_001 + room)), Unsure);
    // A body that ends before the window does is judged, whatever follows it.
    assert_eq!(judged(&format!("{}{}", described(&[AVP]), "x".repeat(3_000))), Plain);
    assert_eq!(judged(&described(&[AVP, &"a=x\r\n".repeat(100)])), Plain);
    assert_eq!(judged(&described(&["a=x\r\n".repeat(230).as_str(), AVP])), Plain);
    assert_eq!(judged(&described(&[AVP, &"a=fingerprint:\r\n".repeat(70)])), Unsure);
    let fields = |n: usize| with(&"c: application/sdp\r\n".repeat(n), &sdp(&[AVP]));
    assert_eq!((judged(&fields(20)), judged(&fields(24))), (Plain, Unsure));
    assert_eq!(judged(&with(&format!("Subject: {}\r\n", "x".repeat(2_000)), "")), Unsure);
}

/// A message that ends anywhere is plain only where a plain line was seen.
#[test]
fn a_message_cut_anywhere_is_judged_by_what_is_there() {
    for (lines, whole) in [(&[AVP][..], Plain), (&[FINGERPRINT, DTLS_SAVP], Srtp)] {
        let message = described(lines).replace("Content-Length", "X");
        let proto = message.find("AVP").unwrap() - 1;
        let line = message.find("m=").unwrap();
        let start = START.len();
        for len in start..=message.len() {
            let said = judged(&message[..len]);
            let headers_end = message.find("\r\n\r\n").unwrap() + 4;
            let want = if len < headers_end - 1 {
                Unsure
            } else if len <= line + 1 {
                Nothing
            } else if len >= proto + 3 {
                whole
            } else {
                continue;
            };
            assert_eq!(said, want, "{len} of {} bytes", message.len());
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_fail(body in "[-=:;a-z0-9/ \"\\\\\r\n\t\0]{0,300}", multipart in any::<bool>()) {
        let kind = if multipart { "multipart/mixed;boundary=a" } else { "application/sdp" };
        summary(with(&format!("Content-Type: {kind}\r\n"), &body).as_bytes());
    }

    #[test]
    fn no_headers_make_it_fail(headers in "(Content-(Type|Length|X)|[cl]|x)[: ]{1,2}[-=;a-z0-9/ \"\\\\\r\n\t]{0,60}") {
        summary(with(&headers, AVP).as_bytes());
    }
}
