//! Responses that nobody asked for.
use firewall_common::reason::Reason::{
    Allowed, NotPeer, NotSip, Peer, RateResponse, Registrant, Stranger, UnsolicitedResponse,
};
use firewall_tests::harness::{Row, SECOND, Shield, allow, now, row};
use firewall_tests::packets::{Frame, sip};

use super::{STRANGER, STRANGER_V6, Table};

const CONFIG: &str = "[slow_path]\ncalled_for = 300\n[[peer]]\nname = \"a\"\nprefixes = [\"203.0.113.0/24\"]\n";
const CALLED: &str = "198.51.100.30";
const CALLED_V6: &str = "2001:db8:30:1::1";
const PHONE: &str = "198.51.100.20";
const KNOWN: &str = "198.51.100.21";
const ALLOWED: &str = "198.51.100.99";

pub(super) fn tables() -> Vec<Table> {
    let start = (now() / SECOND + 5_000) * SECOND;
    let table = |config: &str, rows| {
        let table = Table::unlimited(&format!("{config}{CONFIG}"), rows).entries(vec![allow(1, ALLOWED, None)]);
        table.registrant(PHONE, u64::MAX).prepared(|shield| shield.remember(KNOWN, 0, u64::MAX))
    };
    let judged = |table: Table| {
        table.prepared(|shield| shield.judge_responses(1)).prepared(move |shield| {
            [CALLED, CALLED_V6].iter().for_each(|source| shield.call(source, start));
        })
    };
    let limited = super::UNLIMITED.replace("response = \"none\"", "response = \"1/h burst 2\"");
    vec![
        judged(table("", responses(start))),
        judged(table("monitor = [\"response\"]\n", monitored())),
        judged(table("mode = \"trunk\"\n", vec![row("trunk mode comes first", response(STRANGER), NotPeer)])),
        judged(Table::new(&format!("{CONFIG}{limited}"), charged(start))),
        table("", vec![row("nobody hears what our side sends", response(STRANGER), Stranger)]),
        table("", since(start)).prepared(move |shield| shield.judge_responses(start)),
    ]
}

#[test]
fn unsolicited_responses() {
    tables().iter().for_each(Table::hold);
}

fn response(src: &str) -> Frame {
    Frame::udp(src).payload(sip::response(rsip::StatusCode::OK))
}

fn responses(start: u64) -> Vec<Row> {
    let last = start + 300 * SECOND;
    vec![
        row("a stranger's response", response(STRANGER), UnsolicitedResponse),
        row("a stranger's by IPv6", response(STRANGER_V6), UnsolicitedResponse),
        row("a known source's", response(KNOWN), UnsolicitedResponse),
        row(
            "a provisional one",
            Frame::udp(STRANGER).payload(sip::response(rsip::StatusCode::Ringing)),
            UnsolicitedResponse,
        ),
        row("behind an empty line", Frame::udp(STRANGER).payload("\r\nSIP/2.0 200 OK\r\n\r\n"), UnsolicitedResponse),
        row("its first fragment", response(STRANGER).slice(1, 0, 208), UnsolicitedResponse),
        row("what only looks like one", Frame::udp(STRANGER).payload("SIP/2.0 700 No\r\n\r\n"), NotSip),
        row("a request", Frame::udp(STRANGER).payload(sip::options()), Stranger),
        row("a keep-alive", Frame::udp(STRANGER).payload("\r\n\r\n"), Stranger),
        row("a response by TCP", Frame::tcp(STRANGER).payload(sip::response(rsip::StatusCode::OK)), Stranger),
        row("a peer's response", response("203.0.113.7"), Peer).peer(1),
        row("an allowed source's", response(ALLOWED), Allowed).peer(0),
        row("a registrant's", response(PHONE), Registrant),
        row("of one that was called", response(CALLED), Stranger).at(start),
        row("from elsewhere in its /64", response("2001:db8:30:1:ffff::9"), Stranger).at(start),
        row("from the /64 beside it", response("2001:db8:30:2::1"), UnsolicitedResponse).at(start),
        row("from the address beside it", response("198.51.100.31"), UnsolicitedResponse).at(start),
        row("five minutes later", response(CALLED), Stranger).at(last),
        row("a nanosecond after that", response(CALLED), UnsolicitedResponse).at(last + 1),
    ]
}

fn monitored() -> Vec<Row> {
    vec![
        row("a stranger's response passes", response(STRANGER), UnsolicitedResponse).monitored(),
        row("garbage does not", Frame::udp(STRANGER).payload("x"), NotSip),
    ]
}

/// Who was called is limited all the same; who was not costs the limit nothing.
fn charged(start: u64) -> Vec<Row> {
    vec![
        row("of one that was not called", response("198.51.100.31"), UnsolicitedResponse),
        row("of one that was called", response(CALLED), Stranger).at(start),
        row("a second", response(CALLED), Stranger).at(start),
        row("a third", response(CALLED), RateResponse).at(start),
    ]
}

/// Whom our side called before anybody listened may still answer.
fn since(start: u64) -> Vec<Row> {
    vec![
        row("just before responses are judged", response(STRANGER), Stranger).at(start - 1),
        row("from then on", response(STRANGER), UnsolicitedResponse).at(start),
    ]
}

/// A status line cut anywhere is no response, and a whole one is unsolicited however much follows it.
#[test]
fn a_response_cut_anywhere_is_unsolicited_or_not_sip() {
    let mut shield = Shield::new(&format!("{CONFIG}{}", super::UNLIMITED));
    shield.judge_responses(1);
    let message = sip::response(rsip::StatusCode::OK);
    let line = message.iter().position(|b| *b == b'\n').map_or(0, |lf| lf + 1);
    for len in 0..=message.len() {
        let judged = shield.judge(&Frame::udp(STRANGER).payload(&message[..len]).bytes(), now());
        let want = if len < line { NotSip } else { UnsolicitedResponse };
        assert_eq!(judged.reason, want, "{len} bytes");
    }
}
