//! Streams that change, and streams that are plain.
use firewall_common::media::{FLOW_BUNDLE, FLOW_RTP, FLOW_SRTP, Flow};
use firewall_common::reason::Reason::{self, MediaStream, Pinhole, PlainMedia};
use firewall_tests::harness::{Row, SECOND, Shield, row};
use firewall_tests::packets::media::Rtp;

use super::{GUARDED, REMOTE, REMOTE_PORT, Table, call, from, guarded, soon};
use crate::UNLIMITED;

/// The config in which each consequence is the other one: plain RTP is counted, a change drops.
const OTHERWISE: &str = "plain_rtp_media = \"count\"\nstream_change = \"drop\"\n";

pub(super) fn tables() -> Vec<Table> {
    let start = soon();
    let bundle = Flow { flags: call(start).flags | FLOW_BUNDLE, ..call(start) };
    let plain = Flow { flags: FLOW_RTP, ..call(start) };
    vec![
        guarded("", vec![call(start)], counted(start)),
        guarded(OTHERWISE, vec![call(start)], dropped(start)),
        guarded(OTHERWISE, vec![bundle], passing("streams of a bundle", start, changing())),
        guarded("", vec![call(start)], plain_dropped(start)),
        guarded(OTHERWISE, vec![call(start)], plain_counted(start)),
        guarded("", vec![plain], passing("a call that may be plain", start, (1..9).map(Rtp::g711))),
        guarded("", vec![bundle], passing("a bundle that may hold anything", start, (1..9).map(Rtp::g711))),
        guarded("", vec![call(start)], passing("SRTP", start, (1..20).map(Rtp::srtp))),
    ]
}

#[test]
fn streams() {
    tables().iter().for_each(Table::hold);
}

fn packet(what: &str, rtp: Rtp, reason: Reason, at: u64) -> Row {
    row(what, from(REMOTE, REMOTE_PORT, rtp.bytes()), reason).at(at)
}

fn passing(what: &str, start: u64, packets: impl IntoIterator<Item = Rtp>) -> Vec<Row> {
    packets.into_iter().map(|rtp| packet(what, rtp, Pinhole, start)).collect()
}

fn changing() -> [Rtp; 4] {
    let first = Rtp::srtp(1);
    [first, Rtp { ssrc: 8, ..first }, Rtp { seq: 9_000, ..first }, Rtp { ssrc: 9, seq: 1, ..first }]
}

/// A change is followed and only counted.
fn counted(start: u64) -> Vec<Row> {
    let at = |what: &str, rtp, reason| packet(what, rtp, reason, start);
    let seq = |seq| Rtp { seq, ..Rtp::srtp(1) };
    vec![
        at("the first", seq(65_000), Pinhole),
        at("3,000 further, around the end", seq(2_464), Pinhole),
        at("100 back", seq(2_364), Pinhole),
        at("the same again", seq(2_464), Pinhole),
        at("101 back", seq(2_363), MediaStream).monitored(),
        at("the next one there", seq(2_364), Pinhole),
        at("3,001 further", seq(5_365), MediaStream).monitored(),
        at("another source", Rtp { ssrc: 8, ..seq(5_366) }, MediaStream).monitored(),
        at("its next", Rtp { ssrc: 8, ..seq(5_367) }, Pinhole),
        packet("the first again, a second later", seq(1), Pinhole, start + SECOND + SECOND / 100),
    ]
}

/// A change is dropped until the stream before has been quiet for a second.
fn dropped(start: u64) -> Vec<Row> {
    let other = Rtp { ssrc: 8, ..Rtp::srtp(1) };
    let jump = Rtp { seq: 30_000, ..Rtp::srtp(1) };
    vec![
        packet("the first", Rtp::srtp(1), Pinhole, start),
        packet("another source", other, MediaStream, start),
        packet("a jump", jump, MediaStream, start),
        packet("the next", Rtp::srtp(2), Pinhole, start + SECOND / 2),
        packet("another source, soon", other, MediaStream, start + SECOND),
        packet("another source, after a second of silence", other, Pinhole, start + 3 * SECOND / 2 + SECOND / 100),
        packet("the first source", Rtp::srtp(3), MediaStream, start + 3 * SECOND / 2 + SECOND / 50),
    ]
}

/// The fourth packet shows that three before it were plain.
fn plain_dropped(start: u64) -> Vec<Row> {
    let plain = Rtp::g711;
    let event = |n| Rtp { payload_type: 101, payload: 4, ..Rtp::g711(n) };
    let mut rows = passing("three plain ones", start, (1..4).map(plain));
    rows.extend((4..6).map(|n| packet("a fourth", plain(n), PlainMedia, start)));
    rows.push(packet("a digit among them", event(6), PlainMedia, start));
    rows.push(packet("after a loss", plain(9), PlainMedia, start));
    rows.push(packet("the first that is encrypted", Rtp::srtp(10), PlainMedia, start));
    rows.extend(passing("and from then on", start, (11..20).map(Rtp::srtp)));
    rows
}

fn plain_counted(start: u64) -> Vec<Row> {
    let mut rows = passing("three plain ones", start, (1..4).map(Rtp::g711));
    rows.extend((4..7).map(|n| packet("a fourth", Rtp::g711(n), PlainMedia, start).monitored()));
    rows
}

#[test]
fn changes_and_plain_packets_are_counted_in_their_flow() {
    let start = soon();
    let mut shield = Shield::new(&format!("{GUARDED}{UNLIMITED}"));
    shield.open(0, Flow { flags: FLOW_RTP | FLOW_SRTP, ..call(start) });
    let judge = |rtp: Rtp| shield.judge(&from(REMOTE, REMOTE_PORT, rtp.bytes()).bytes(), start).reason;
    assert_eq!(changing().map(judge), [Pinhole, MediaStream, MediaStream, MediaStream]);
    assert_eq!((shield.flow(0).changes, shield.flow(0).plain, shield.flow(0).packets), (3, 0, 4));
    let plain = |n| Rtp { ssrc: 9, ..Rtp::g711(n) };
    let judged: Vec<Reason> = (2..8).map(|n| judge(plain(n))).collect();
    assert_eq!(judged, [Pinhole, Pinhole, Pinhole, PlainMedia, PlainMedia, PlainMedia]);
    assert_eq!((shield.flow(0).plain, shield.flow(0).packets), (3, 7));
}
