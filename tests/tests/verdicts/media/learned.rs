//! Ports that no call is seen at: who is sent media from there may send some back.
use firewall_common::maps::program::{EGRESS, PROBE};
use firewall_common::reason::Reason::{Learned, MediaSourceMismatch, NoPinhole, NotMedia, Pinhole, PlainMedia};
use firewall_tests::harness::{Counters, Row, SECOND, Shield, now, row};
use firewall_tests::packets::Frame;
use firewall_tests::packets::media::{REQUEST, Rtp, dtls, ice, rtcp};

use super::{GUARDED, PORT, REMOTE, REMOTE_PORT, REMOTE_V6, STRANGER, STRANGER_V6, Table, call, from, guarded, soon};
use crate::UNLIMITED;

const OTHER: &str = "198.51.100.31";

pub(super) fn tables() -> Vec<Table> {
    let start = soon();
    let learned = |rows: Vec<Row>| {
        guarded("", Vec::new(), rows).prepared(move |shield| {
            [(OTHER, 5_000), (STRANGER_V6, 6_000), (STRANGER, 4_000)]
                .iter()
                .for_each(|(remote, port)| shield.sent_media(PORT, remote, *port, start));
        })
    };
    vec![
        learned(who(start)),
        learned(ages(start)),
        learned(plain(start)),
        guarded("", vec![call(start)], beside_a_flow(start))
            .prepared(move |shield| shield.sent_media(PORT, STRANGER, 4_000, start + 30 * SECOND)),
    ]
}

#[test]
fn learned() {
    tables().iter().for_each(Table::hold);
}

fn srtp() -> Vec<u8> {
    Rtp::srtp(1).bytes()
}

fn who(start: u64) -> Vec<Row> {
    let at = |what: &str, frame: Frame, reason| row(what, frame, reason).at(start);
    vec![
        at("RTP from whom we sent to last", from(STRANGER, 4_000, srtp()), Learned),
        at("from another port of his", from(STRANGER, 4_001, srtp()), NoPinhole),
        at("to another port of ours", from(STRANGER, 4_000, srtp()).to(PORT + 1), NoPinhole),
        at("from whom we sent to before, by IPv6", from(STRANGER_V6, 6_000, rtcp()), Learned),
        at("from the first", from(OTHER, 5_000, dtls()), Learned),
        at("STUN", from(STRANGER, 4_000, ice(REQUEST, None)), Learned),
        at("what is no media", from(STRANGER, 4_000, b"hello, world"), NotMedia),
        at("from somebody else", from("198.51.100.32", 4_000, srtp()), NoPinhole),
    ]
}

/// Who has sent us something lately is not forgotten if he is the latest.
fn ages(start: u64) -> Vec<Row> {
    let later = start + 59 * SECOND;
    vec![
        row("the latest, after a minute", from(STRANGER, 4_000, srtp()), Learned).at(later),
        row("another, after a minute", from(OTHER, 5_000, srtp()), Learned).at(later),
        row("the latest, after two", from(STRANGER, 4_000, srtp()), Learned).at(later + 59 * SECOND),
        row("the other, after two", from(OTHER, 5_000, srtp()), NoPinhole).at(later + 59 * SECOND),
        row("the latest, silent for more than a minute", from(STRANGER, 4_000, srtp()), NoPinhole)
            .at(later + 121 * SECOND),
    ]
}

fn plain(start: u64) -> Vec<Row> {
    let packet = |what: &str, rtp: Rtp, reason| row(what, from(STRANGER, 4_000, rtp.bytes()), reason).at(start);
    let dynamic = |n| Rtp { payload_type: 111, ..Rtp::g711(n) };
    let mut rows: Vec<Row> = (1..9).map(|n| packet("of a codec that nobody knows", dynamic(n), Learned)).collect();
    rows.extend((9..12).map(|n| packet("three plain ones", Rtp::g711(n), Learned)));
    rows.push(packet("a fourth", Rtp::g711(12), PlainMedia));
    rows.push(packet("another stream", Rtp { ssrc: 9, seq: 7, ..Rtp::srtp(1) }, PlainMedia));
    rows.push(packet("that turns out to be encrypted", Rtp { ssrc: 9, seq: 8, ..Rtp::srtp(2) }, Learned));
    rows
}

/// Where a flow is, what our side sends opens nothing to others.
fn beside_a_flow(start: u64) -> Vec<Row> {
    vec![
        row("of the call", from(REMOTE, REMOTE_PORT, srtp()), Pinhole).at(start),
        row("of another to whom our side sends", from(STRANGER, 4_000, srtp()), MediaSourceMismatch).at(start),
        row("of him when the call is silent", from(STRANGER, 4_000, srtp()), NoPinhole).at(start + 61 * SECOND),
    ]
}

/// A datagram of our side's from the port.
fn ours(remote: &str, port: u16) -> Vec<u8> {
    let src = if remote.contains(':') { "2001:db8:ffff::5" } else { "192.0.2.5" };
    Frame::udp(src).to_host(remote).from_port(PORT).to(port).payload(srtp()).bytes()
}

fn hearing(more: &str) -> Shield {
    Shield::with_programs(&format!("{GUARDED}{more}{UNLIMITED}"), &[EGRESS, PROBE])
}

#[test]
fn our_side_opens_a_port_by_sending() {
    let mut shield = hearing("");
    for (remote, port) in [(STRANGER, 4_000), (STRANGER_V6, 4_002), (REMOTE_V6, 1)] {
        let back = |shield: &Shield| shield.judge(&from(remote, port, srtp()).bytes(), now()).reason;
        assert_eq!(back(&shield), NoPinhole, "{remote}");
        shield.send(&ours(remote, port));
        assert_eq!(back(&shield), Learned, "{remote}");
    }
    assert!(shield.copies().is_empty());
    let before = shield.counters();
    shield.send(&ours(STRANGER, 4_000));
    assert_eq!(shield.counters().since(&before), Counters::default(), "nothing that is sent is counted");
}

#[test]
fn the_latest_four_are_known() {
    let shield = hearing("");
    let knows = |port: u16| shield.judge(&from(STRANGER, port, srtp()).bytes(), now()).reason == Learned;
    (1..=4).for_each(|port| shield.send(&ours(STRANGER, port)));
    assert_eq!([1, 2, 3, 4, 5].map(knows), [true, true, true, true, false]);
    // Who is sent to again is no longer the oldest.
    shield.send(&ours(STRANGER, 1));
    shield.send(&ours(STRANGER, 5));
    assert_eq!([1, 2, 3, 4, 5].map(knows), [true, false, true, true, true]);
}

#[test]
fn other_ports_and_other_packets_open_nothing() {
    let shield = hearing("");
    let frame = || Frame::udp("192.0.2.5").to_host(STRANGER).from_port(PORT).to(4_000).payload(srtp());
    shield.send(&frame().from_port(9_999).bytes());
    shield.send(&frame().from_port(5_060).bytes());
    shield.send(&Frame::tcp("192.0.2.5").to_host(STRANGER).from_port(PORT).to(4_000).bytes());
    assert_eq!(shield.judge(&from(STRANGER, 4_000, srtp()).bytes(), now()).reason, NoPinhole);
    assert!(shield.learned(PORT).is_empty() && shield.learned(9_999).is_empty() && shield.learned(5_060).is_empty());
}

/// With "closed", nobody new is learned while the daemon is gone, but who is known stays so.
#[test]
fn without_the_daemon_only_the_known_are_kept() {
    let mut shield = hearing("on_daemon_loss = \"closed\"\n");
    let knows =
        |shield: &Shield, port: u16| shield.judge(&from(STRANGER, port, srtp()).bytes(), now()).reason == Learned;
    shield.send(&ours(STRANGER, 1));
    assert!(!knows(&shield, 1), "it has not come yet");
    shield.daemon_until(now() + 60 * SECOND);
    (1..=4).for_each(|port| shield.send(&ours(STRANGER, port)));
    shield.daemon_until(now() - 1);
    (1..=5).for_each(|port| shield.send(&ours(STRANGER, port)));
    assert_eq!([1, 2, 3, 4, 5].map(|port| knows(&shield, port)), [true, true, true, true, false]);
}

#[test]
fn while_nobody_guards_nothing_is_learned() {
    let shield = Shield::with_programs(&format!("[media]\nports = [\"10000-10010\"]\n{UNLIMITED}"), &[EGRESS]);
    shield.send(&ours(STRANGER, 1));
    assert!(shield.learned(PORT).is_empty());
}
