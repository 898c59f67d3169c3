//! REFERs: whom they make somebody call.
use firewall_common::reason::Reason::{NumberDenied, Peer, Stranger};
use firewall_tests::harness::{Row, row};
use firewall_tests::packets::{Frame, sip};

use super::{DENIED, DENIED_ID, OPEN, STRANGER, STRANGER_V6, to};

/// A REFER with these lines of headers.
pub(super) fn refer(lines: &str) -> Vec<u8> {
    sip::replaced(&sip::plain(rsip::Method::Refer), "Max-Forwards", &format!("{lines}\r\nMax-Forwards"))
}

pub(super) fn rows() -> Vec<Row> {
    let udp = |lines: &str| Frame::udp(STRANGER).payload(refer(lines));
    let denied = [
        "Refer-To: <sip:+49900123@h>",
        "refer-to: sip:+49900123@h",
        "REFER-TO : <tel:0049900123>",
        "r: \"Bob <sip:1@h>\" <sip:%2B49900123@h?Replaces=x%40y>",
        "r\t:\r\n <sip:+49900123@h>;method=INVITE",
        "Refer-To: Bob <SIP:+49-900-123;x=y@h>",
        "Refer-To: <tel:900123;phone-context=+49>",
        "Refer-To: <sip:+49900123@h>\r\nRefer-To: <sip:200@h>",
    ];
    let free = [
        "Refer-To: <sip:+49301@h>",
        "Refer-To: <sip:alice@h?X=+49900123>",
        "Refer-To: \"+49900123\" <sip:200@h>",
        "Refer-To: <sip:200@h>\r\nX: <sip:+49900123@h>",
        "Referred-By: <sip:+49900123@h>",
        "Refer-To: nothing",
        "X: y",
    ];
    let body = [refer("X: y"), b"Refer-To: <sip:+49900123@h>\r\n".to_vec()].concat();
    let invite = sip::replaced(&refer(denied[0]), "REFER", "INVITE");
    denied
        .map(|lines| row(lines, udp(lines), NumberDenied).detail(DENIED_ID))
        .into_iter()
        .chain(free.map(|lines| row(lines, udp(lines), Stranger)))
        .chain([
            row("by IPv6", Frame::udp(STRANGER_V6).payload(refer(denied[0])), NumberDenied).detail(DENIED_ID),
            row("by TCP", Frame::tcp(STRANGER).payload(refer(denied[0])), NumberDenied).detail(DENIED_ID),
            row("a peer's", Frame::udp(OPEN).payload(refer(denied[0])), NumberDenied).peer(1).detail(DENIED_ID),
            row("a peer's to what is free", Frame::udp(OPEN).payload(refer(free[0])), Peer).peer(1).detail(1),
            row(
                "whom it is sent to is called already",
                Frame::udp(STRANGER).payload(to(&refer(free[0]), DENIED)),
                Stranger,
            ),
            row("in the body", Frame::udp(STRANGER).payload(body), Stranger),
            row("in an INVITE", Frame::udp(STRANGER).payload(invite), Stranger),
        ])
        .collect()
}
