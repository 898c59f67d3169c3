//! Plain offers that look like something else, and encrypted ones that look plain.
use firewall_common::reason::Reason::{PlainRtp, Stranger};
use firewall_tests::harness::{Row, row};
use firewall_tests::packets::{Frame, sip};

use super::STRANGER;

fn udp(what: &str, payload: Vec<u8>, refused: bool) -> Row {
    row(what, Frame::udp(STRANGER).payload(payload), if refused { PlainRtp } else { Stranger })
}

/// The plain offer, changed.
fn plain(what: &str, old: &str, new: &str) -> Row {
    udp(what, sip::replaced(&sip::offer(sip::PLAIN), old, new), true)
}

/// An offer of these media lines.
fn lines(what: &str, media: &[&str], refused: bool) -> Row {
    udp(what, sip::offer(&media.concat()), refused)
}

pub(super) fn rows() -> Vec<Row> {
    [headers(), descriptions(), parts()].concat()
}

fn headers() -> Vec<Row> {
    let kind = "Content-Type: application/sdp";
    let body = sip::description(sip::PLAIN);
    vec![
        plain("a type in another case", kind, "CONTENT-TYPE: APPLICATION/SDP"),
        plain("a compact name", kind, "c: application/sdp"),
        plain("a compact name in capitals before blanks", kind, "C\t : application/sdp"),
        plain("a folded line", kind, "Content-Type:\r\n application/sdp"),
        plain("parameters", kind, "Content-Type: application/sdp;charset=utf-8"),
        plain("no type", "Content-Type", "X-Content-Type"),
        plain("two types", kind, "Content-Type: text/plain\r\nContent-Type: application/sdp\r\nc: text/plain"),
        plain("no length", "Content-Length", "X-Content-Length"),
        plain("a compact length", "Content-Length", "l"),
        plain("bare line feeds in the body", "\r\nc=", "\nc="),
        plain("the keys in a header", kind, &format!("{kind}\r\na=fingerprint:sha-1 00:11")),
        plain("a header that ends the body's type", kind, &format!("Content-Disposition: session\r\n{kind}")),
        udp("m= in a text", sip::offering("text/plain", &body), false),
        udp("keys behind the end of the body", [sip::offer(sip::PLAIN), sip::SDES.into()].concat(), true),
        udp("the plain line behind the end of the body", [sip::offer(sip::SDES), sip::PLAIN.into()].concat(), false),
        udp("no body", sip::plain(rsip::Method::Invite), false),
        udp("another method", sip::replaced(&sip::offer(sip::PLAIN), "INVITE", "UPDATE"), false),
    ]
}

fn descriptions() -> Vec<Row> {
    let rejected = |media: &str| media.replace("40000", "0").replace("40002", "0");
    let video = "m=video 40002 RTP/SAVP 96\r\n";
    vec![
        plain("a transport in another case", "RTP/AVP", "rtp/avp"),
        plain("a transport with feedback", "RTP/AVP", "RTP/AVPF"),
        plain("a secure transport without keys", "RTP/AVP", "RTP/SAVP"),
        plain("DTLS without a fingerprint", "RTP/AVP", "UDP/TLS/RTP/SAVPF"),
        plain("blanks", "m=audio 40000 RTP", "m= audio\t40000  RTP"),
        plain("a pair of ports", "40000", "40000/2"),
        plain("zeros before the port", "40000", "00040000"),
        plain("a media line at the very end", "RTP/AVP 0 8\r\n", "RTP/AVP 0"),
        lines("keys before every line", &["a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n", sip::PLAIN], true),
        lines("a fingerprint before every line", &["a=fingerprint:sha-1 00\r\n", sip::PLAIN], false),
        lines("keys of a rejected line", &[&rejected(sip::SDES), sip::PLAIN], true),
        lines("keys of the second line", &[sip::PLAIN, &sip::SDES.replace("40000", "40002")], false),
        lines("a plain line behind an encrypted one", &[sip::SDES, sip::PLAIN], false),
        lines("a second line without keys", &[video, sip::PLAIN], true),
        lines("a rejected plain line", &[&rejected(sip::PLAIN), sip::SDES], false),
        lines("only rejected lines", &[&rejected(sip::PLAIN), &rejected(video)], false),
        lines("not encrypted in spite of keys", &[&sip::SDES.replace("GVz\r\n", "GVz UNENCRYPTED_SRTP\r\n")], true),
        lines("a suite that is not accepted", &[&sip::SDES.replace("SHA1_80", "SHA1_32")], true),
        lines("RTP/AVP with keys (RFC 8643)", &[&sip::SDES.replace("SAVP", "AVP")], false),
        lines("a fax", &["m=image 40000 udptl t38\r\n"], true),
        lines("messages", &["m=message 2855 TCP/TLS/MSRP *\r\n"], false),
    ]
}

fn parts() -> Vec<Row> {
    let part = |kind: &str, body: &str| format!("--b1\r\nContent-Type: {kind}\r\n\r\n{body}\r\n");
    let (plain, good) = (sip::description(sip::PLAIN), sip::description(sip::SDES));
    let hidden = format!("{}{}--b1--\r\n{good}", part("text/plain", &good), part("application/sdp", &plain));
    let open = format!("{}{}--b1--\r\n{plain}", part("text/plain", &plain), part("application/sdp", &good));
    vec![
        udp("keys in another part", sip::offering("multipart/mixed;boundary=b1", &hidden), true),
        udp("a quoted boundary", sip::offering("multipart/mixed; x=\";boundary=b2\"; boundary=\"b1\"", &hidden), true),
        udp("a boundary in another case", sip::offering("MULTIPART/MIXED;BOUNDARY=b1", &hidden), true),
        udp("a folded boundary", sip::offering("multipart/mixed;\r\n boundary=b1", &hidden), true),
        udp("a plain offer in another part", sip::offering("multipart/mixed;boundary=b1", &open), false),
        udp(
            "parts within parts",
            sip::offering("multipart/mixed;boundary=b1", &part("multipart/mixed", &hidden)),
            false,
        ),
    ]
}
