//! Datagrams, whole and in fragments.
use firewall_common::copy::{CopyHead, FLAG_EGRESS, FLAG_MORE_FRAGMENTS};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::script::{Told, head, request};
use crate::engine::input::Flow;
use crate::wire::{FragmentCounts, Limits, Wire};

/// A UDP datagram from port 40000 to port 5060.
fn datagram(payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() as u16 + 8).to_be_bytes();
    [&40_000u16.to_be_bytes(), &5_060u16.to_be_bytes(), &len, &[0, 0], payload].concat()
}

/// The fragment from and to some bytes, of which the copy misses some.
fn fragment(whole: &[u8], from: usize, to: usize, missing: usize) -> (CopyHead, Vec<u8>) {
    let flags = if to < whole.len() { FLAG_MORE_FRAGMENTS } else { 0 };
    let bytes = whole[from..to - missing].to_vec();
    let ports = if from == 0 { (40_000, 5_060) } else { (0, 0) };
    let head = CopyHead {
        fragment_id: 77,
        fragment_offset: from as u32,
        flags,
        len: bytes.len() as u32,
        total: (to - from) as u32,
        remote_port: ports.0,
        local_port: ports.1,
        ..head()
    };
    (head, bytes)
}

#[derive(Default)]
struct Heard {
    told: Vec<Told>,
    flows: Vec<Flow>,
}

fn hear(wire: &mut Wire, heard: &mut Heard, (head, bytes): &(CopyHead, Vec<u8>)) {
    wire.take(head, bytes, &mut |seen| {
        heard.told.push(Told::of(&seen));
        heard.flows.push(seen.flow);
    });
}

fn heard(fragments: &[(CopyHead, Vec<u8>)]) -> (Vec<Told>, FragmentCounts) {
    let (mut wire, mut heard) = (Wire::new(&Limits::default()), Heard::default());
    fragments.iter().for_each(|fragment| hear(&mut wire, &mut heard, fragment));
    assert!(heard.flows.iter().all(|flow| (flow.remote_port, flow.local_port) == (40_000, 5_060)));
    (heard.told, wire.counts().fragments)
}

fn told(bytes: &[u8], cut: bool) -> Vec<Told> {
    vec![Told { bytes: bytes.to_vec(), outgoing: false, cut, tcp: false }]
}

proptest! {
    #[test]
    fn fragments_in_any_order_give_the_datagram(
        body in 100usize..20_000, cuts in vec(any::<Index>(), 1..30), order in vec(any::<Index>(), 60),
        twice in vec(any::<bool>(), 30),
    ) {
        let whole = datagram(&request(1, body));
        let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(whole.len()) / 8 * 8).chain([0, whole.len()]).collect();
        at.sort_unstable();
        at.dedup();
        prop_assume!(at.len() > 2);
        let parts = at.windows(2).map(|two| fragment(&whole, two[0], two[1], 0));
        let mut fragments: Vec<_> = parts.collect();
        for (at, with) in order.iter().enumerate().take(fragments.len()) {
            let with = with.index(fragments.len());
            fragments.swap(at, with);
        }
        // Any but the last may come twice: after the last one, the second copy would begin a new datagram.
        let last = fragments.len() - 1;
        let again = |at: usize| 1 + usize::from(at < last && twice[at]);
        let fragments: Vec<_> = (0..=last).flat_map(|at| vec![fragments[at].clone(); again(at)]).collect();
        let (got, counts) = heard(&fragments);
        prop_assert_eq!(got, told(&request(1, body), false));
        prop_assert_eq!((counts.datagrams, counts.held, counts.held_bytes), (1, 0, 0));
    }
}

#[test]
fn a_whole_datagram_goes_straight_through() {
    let bytes = request(1, 30);
    for missing in [0, 7] {
        let head = CopyHead { len: bytes.len() as u32, total: bytes.len() as u32 + missing, ..head() };
        let (got, _) = heard(&[(head, bytes.clone())]);
        assert_eq!(got, told(&bytes, missing > 0));
    }
}

#[test]
fn what_our_side_sends_has_its_ports_the_other_way() {
    let whole = [&5_060u16.to_be_bytes(), &40_000u16.to_be_bytes(), &datagram(&request(1, 90))[4..]].concat();
    let (mut wire, mut out) = (Wire::new(&Limits::default()), Heard::default());
    for (from, to) in [(0, 80), (80, whole.len())] {
        let (mut head, bytes) = fragment(&whole, from, to, 0);
        head.flags |= FLAG_EGRESS;
        hear(&mut wire, &mut out, &(head, bytes));
    }
    assert!(out.told[0].outgoing && out.flows[0].remote_port == 40_000 && out.flows[0].local_port == 5_060);
}

#[test]
fn a_partial_overlap_ends_a_datagram() {
    let whole = datagram(&request(1, 300));
    let end = whole.len();
    for (order, why) in [
        ([(0, 160), (80, 240), (240, end)], "across the end of one"),
        ([(80, 240), (0, 160), (240, end)], "across the start of one"),
        ([(80, 160), (0, 240), (240, end)], "around one"),
    ] {
        let fragments: Vec<_> = order.iter().map(|(from, to)| fragment(&whole, *from, *to, 0)).collect();
        let (got, counts) = heard(&fragments);
        assert_eq!((got, counts.overlapping), (vec![], 1), "{why}");
    }
    let mut shorter = fragment(&whole, 80, 160, 0);
    shorter.0.flags = 0;
    let (_, counts) = heard(&[fragment(&whole, 240, end, 0), shorter]);
    assert_eq!(counts.overlapping, 1, "two ends");
}

#[test]
fn a_fragment_inside_another_changes_nothing() {
    let whole = datagram(&request(1, 300));
    let mut other = fragment(&whole, 80, 160, 0);
    other.1.fill(b'x');
    let (got, counts) = heard(&[fragment(&whole, 0, 160, 0), other, fragment(&whole, 160, whole.len(), 0)]);
    assert_eq!((got, counts.duplicates), (told(&request(1, 300), false), 1));
}

#[test]
fn a_copy_cut_short_is_told_at_the_end_and_useless_in_the_middle() {
    let whole = datagram(&request(1, 300));
    let end = whole.len();
    let (got, counts) = heard(&[fragment(&whole, 0, 160, 0), fragment(&whole, 160, end, 50)]);
    assert_eq!((got, counts.cut_datagrams), (told(&whole[8..end - 50], true), 1));
    let (got, counts) = heard(&[fragment(&whole, 0, 160, 8), fragment(&whole, 160, end, 0)]);
    assert_eq!((got, counts.cut), (vec![], 1));
}

#[test]
fn impossible_fragments_are_refused() {
    let whole = datagram(&request(1, 300));
    let (head, bytes) = fragment(&whole, 80, 160, 0);
    let with = |change: &dyn Fn(&mut CopyHead)| {
        let mut head = head;
        change(&mut head);
        (head, bytes.clone())
    };
    let impossible = [
        with(&|head| head.fragment_offset = 81),
        with(&|head| head.fragment_offset = 65_528),
        with(&|head| head.fragment_offset = u32::MAX - 7),
        with(&|head| head.total = 81),
        (CopyHead { len: 0, total: 0, ..head }, vec![]),
    ];
    for fragment in impossible {
        let (got, counts) = heard(std::slice::from_ref(&fragment));
        assert_eq!((got, counts.malformed, counts.held), (vec![], 1, 0), "{:?}", fragment.0);
    }
}

#[test]
fn udps_length_decides() {
    let longer = |by: i16| {
        let mut whole = datagram(&request(1, 300));
        let len = (whole.len() as i16 + by).to_be_bytes();
        whole[4..6].copy_from_slice(&len);
        heard(&[fragment(&whole, 0, 160, 0), fragment(&whole, 160, whole.len(), 0)])
    };
    let sent = request(1, 300);
    assert_eq!(longer(0).0, told(&sent, false));
    assert_eq!(longer(-9).0, told(&sent[..sent.len() - 9], false));
    let (got, counts) = longer(1);
    assert_eq!((got, counts.malformed, counts.datagrams), (vec![], 1, 0));
}
