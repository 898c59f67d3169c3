//! Who may come through a pinhole, when, and what the kernel notes of it.
use firewall_common::limiter::Limit;
use firewall_common::media::{FLOW_REFUSED, FLOW_RTP, Flow, How, Stream, lock_word};
use firewall_common::reason::Reason::{
    Denied, Fragment, FragmentFollows, MalformedUdp, MediaRate, MediaSourceMismatch, NoPinhole, OtherTraffic, Pinhole,
    RefusedMedia,
};
use firewall_tests::harness::{Row, SECOND, Shield, deny, row};
use firewall_tests::packets::Frame;
use firewall_tests::packets::media::Rtp;

use super::{GUARDED, PORT, PROXY, REMOTE, REMOTE_PORT, REMOTE_V6, STRANGER, Table, addr, call, from, guarded, soon};
use crate::UNLIMITED;

pub(super) fn tables() -> Vec<Table> {
    let start = soon();
    let v6 = Flow { remote: addr(REMOTE_V6), ..call(start) };
    let here = |flow: Flow| Flow { local: addr("192.0.2.5"), ..flow };
    let limited = Flow { limit: Limit::new(2, SECOND, 2), ..call(start) };
    let refused = Flow { flags: call(start).flags | FLOW_REFUSED, ..call(start) };
    vec![
        guarded("", vec![call(start)], who(start)).entries(vec![deny(1, "198.51.100.66", None)]),
        guarded("", vec![v6], v6_rows(start)),
        guarded("", vec![here(call(start))], which_address(start)),
        guarded("", vec![call(start)], silence(start)),
        guarded("", vec![call(start)], another_port_of_a_nat(start)),
        guarded("", vec![refused, Flow { remote: addr("198.51.100.77"), ..call(start) }], one_good_branch(start)),
        guarded("", vec![limited], rate(start)),
        guarded("", vec![refused], refusal(start)),
        guarded("", forked(start), branches(start)),
        guarded("", vec![call(start)], fragments(start)),
    ]
}

#[test]
fn pinholes() {
    tables().iter().for_each(Table::hold);
}

fn srtp(n: u32) -> Vec<u8> {
    Rtp::srtp(n).bytes()
}

fn who(start: u64) -> Vec<Row> {
    let at = |what: &str, frame: Frame, reason| row(what, frame, reason).at(start);
    vec![
        at("from a stranger", from(STRANGER, REMOTE_PORT, srtp(1)), MediaSourceMismatch),
        at("from another port of the remote side", from(REMOTE, 4_002, srtp(1)), MediaSourceMismatch),
        at("from there", from(REMOTE, REMOTE_PORT, srtp(1)), Pinhole),
        at("the next", from(REMOTE, REMOTE_PORT, srtp(2)), Pinhole),
        at("from the signalling's address, too late", from(PROXY, 9, srtp(2)), MediaSourceMismatch),
        at("from a stranger still", from(STRANGER, REMOTE_PORT, srtp(2)), MediaSourceMismatch),
        at("from a denied source", from("198.51.100.66", REMOTE_PORT, srtp(2)), Denied).detail(1),
        at("to the port beside", from(REMOTE, REMOTE_PORT, srtp(3)).to(PORT + 1), NoPinhole),
        at(
            "there from a denied source, whom nobody looks up",
            from("198.51.100.66", 1, srtp(3)).to(PORT + 1),
            NoPinhole,
        ),
        at("there with a wrong length", from(REMOTE, REMOTE_PORT, srtp(3)).to(PORT + 1).udp_len(3), NoPinhole),
        at("to a port that is no media's", from(REMOTE, REMOTE_PORT, srtp(3)).to(9_999), OtherTraffic),
        at("with a length beyond its end", from(REMOTE, REMOTE_PORT, srtp(3)).udp_len(999), MalformedUdp),
        at("from an address of the other kind", from("2001:db8::1", REMOTE_PORT, srtp(3)), MediaSourceMismatch),
    ]
}

fn v6_rows(start: u64) -> Vec<Row> {
    vec![
        row("by IPv6", from(REMOTE_V6, REMOTE_PORT, srtp(1)), Pinhole).at(start),
        row("from its neighbour", from("2001:db8:50::2", REMOTE_PORT, srtp(1)), MediaSourceMismatch).at(start),
        row(
            "to another address, which the flow does not name",
            from(REMOTE_V6, REMOTE_PORT, srtp(2)).to_host("2001:db8:ffff::6"),
            Pinhole,
        )
        .at(start),
    ]
}

fn which_address(start: u64) -> Vec<Row> {
    vec![
        row("to our address", from(REMOTE, REMOTE_PORT, srtp(1)), Pinhole).at(start),
        row("to another of ours", from(REMOTE, REMOTE_PORT, srtp(2)).to_host("192.0.2.6"), NoPinhole).at(start),
    ]
}

fn silence(start: u64) -> Vec<Row> {
    let frame = |n| from(REMOTE, REMOTE_PORT, srtp(n));
    vec![
        row("a minute after the opening", frame(1), Pinhole).at(start + 60 * SECOND),
        row("a minute after that", frame(2), Pinhole).at(start + 120 * SECOND),
        row("a nanosecond too late", frame(3), NoPinhole).at(start + 180 * SECOND + 1),
        row("nobody's, for a stranger too", from(STRANGER, 1, srtp(3)), NoPinhole).at(start + 180 * SECOND + 1),
    ]
}

/// A phone whose NAT has given it another port.
fn another_port_of_a_nat(start: u64) -> Vec<Row> {
    let frame = |port, n| from(PROXY, port, srtp(n));
    vec![
        row("from the signalling's address", frame(9, 1), Pinhole).at(start),
        row("from another port of it at once", frame(10, 2), MediaSourceMismatch).at(start + SECOND),
        row("after ten seconds of silence", frame(10, 2), MediaSourceMismatch).at(start + 10 * SECOND),
        row("and a nanosecond", frame(10, 2), Pinhole).at(start + 10 * SECOND + 1),
        row("the old one, which is late", frame(9, 3), MediaSourceMismatch).at(start + 11 * SECOND),
    ]
}

/// Two branches behind one address, of which the first has been refused.
fn one_good_branch(start: u64) -> Vec<Row> {
    vec![
        row("from where both are signalled from", from(PROXY, 9, srtp(1)), Pinhole).at(start),
        row("from the refused one itself", from(REMOTE, REMOTE_PORT, srtp(1)), RefusedMedia).at(start),
    ]
}

fn rate(start: u64) -> Vec<Row> {
    let frame = |n| from(REMOTE, REMOTE_PORT, srtp(n));
    vec![
        row("one", frame(1), Pinhole).at(start),
        row("two at once", frame(2), Pinhole).at(start),
        row("three at once", frame(3), MediaRate).at(start),
        row("a stranger's costs nothing", from(STRANGER, 1, srtp(3)), MediaSourceMismatch).at(start),
        row("half a second later", frame(4), Pinhole).at(start + SECOND / 2),
        row("and no more", frame(5), MediaRate).at(start + SECOND / 2),
    ]
}

fn refusal(start: u64) -> Vec<Row> {
    vec![
        row("of the remote side", from(REMOTE, REMOTE_PORT, srtp(1)), RefusedMedia).at(start),
        row("from the signalling's address", from(PROXY, 1, srtp(1)), RefusedMedia).at(start),
        row("of a stranger", from(STRANGER, 1, srtp(1)), MediaSourceMismatch).at(start),
        row("an hour later", from(REMOTE, REMOTE_PORT, srtp(2)), RefusedMedia).at(start + 3_600 * SECOND),
    ]
}

/// The branches of a forked call, all behind one proxy (RFC 3261 §16.7).
fn forked(start: u64) -> Vec<Flow> {
    ["203.0.113.51", "203.0.113.52", PROXY].map(|remote| Flow { remote: addr(remote), ..call(start) }).to_vec()
}

fn branches(start: u64) -> Vec<Row> {
    let at = |what: &str, frame: Frame, reason| row(what, frame, reason).at(start);
    vec![
        at("of the second branch", from("203.0.113.52", REMOTE_PORT, srtp(1)), Pinhole),
        at("of the third, at the proxy's address", from(PROXY, REMOTE_PORT, srtp(1)), Pinhole),
        at("of the first", from("203.0.113.51", REMOTE_PORT, srtp(1)), Pinhole),
        at("from another port of the proxy", from(PROXY, 9, srtp(1)), MediaSourceMismatch),
        at("of no branch", from("203.0.113.53", REMOTE_PORT, srtp(1)), MediaSourceMismatch),
    ]
}

fn fragments(start: u64) -> Vec<Row> {
    let large = Rtp { payload: 1_800, ..Rtp::srtp(1) }.bytes();
    let frame = from(REMOTE, REMOTE_PORT, &large);
    let stray = from(STRANGER, REMOTE_PORT, &large);
    vec![
        row("a first fragment", frame.slice(1, 0, 1_024), Pinhole).at(start),
        row("what follows", frame.slice(1, 1_024, 1_820), Fragment).at(start),
        row("a stranger's first fragment", stray.slice(2, 0, 1_024), MediaSourceMismatch).at(start),
        row("what follows that", stray.slice(2, 1_024, 1_820), FragmentFollows).at(start),
    ]
}

#[test]
fn what_passes_and_what_does_not_is_noted_and_a_rehearsal_notes_nothing() {
    let start = soon();
    let mut shield = Shield::new(&format!("{GUARDED}{UNLIMITED}"));
    shield.open(3, call(start));
    let frame = from(REMOTE, REMOTE_PORT, srtp(1)).bytes();
    shield.rehearse(&frame, start + 1);
    assert_eq!(shield.flow(3), call(start));
    shield.judge(&frame, start + 1);
    shield.judge(&from(REMOTE, REMOTE_PORT, srtp(2)).bytes(), start + 2);
    shield.judge(&from(STRANGER, 1, srtp(2)).bytes(), start + 3);
    shield.judge(&from(PROXY, 1, srtp(2)).bytes(), start + 3);
    let flow = shield.flow(3);
    let noted = Flow {
        seen: start + 2,
        lock: lock_word(How::Exact, REMOTE_PORT),
        locked: addr(REMOTE),
        packets: 2,
        bytes: 2 * frame.len() as u64,
        mismatches: 2,
        stream: flow.stream,
        ..call(start)
    };
    assert_eq!(flow, noted);
    assert_eq!(flow.locked_to(), Some((addr(REMOTE), REMOTE_PORT)));
    assert_eq!(Stream::of(flow.stream).ssrc(), Some(7));
}

#[test]
fn a_place_that_another_port_uses_now_is_nobodys() {
    let start = soon();
    let mut shield = Shield::new(&format!("{GUARDED}{UNLIMITED}"));
    shield.open(0, call(start));
    shield.set_flow(0, Flow { local_port: PORT + 2, flags: FLOW_RTP, ..call(start) });
    let judged = shield.judge(&from(REMOTE, REMOTE_PORT, srtp(1)).bytes(), start);
    assert_eq!(judged.reason, NoPinhole);
}
