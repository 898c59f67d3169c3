//! Every budget holds, and what one class provokes costs no other.
use std::net::Ipv4Addr;

use firewall_common::addr::Addr;
use firewall_common::copy::{CopyHead, FLAG_EGRESS, FLAG_MORE_FRAGMENTS, FLAG_SYN, Kind};

use super::script::{MILLISECOND, Talk, head, request, response};
use crate::wire::{Class, FragmentLimits, Limits, PerClass, StreamLimits, Wire};

fn small() -> Limits {
    Limits {
        fragments: PerClass::new(|_| FragmentLimits { datagrams: 8, bytes: 64 << 10 }),
        streams: PerClass::new(|_| StreamLimits { connections: 8, handshakes: 8, bytes: 64 << 10 }),
        ..Limits::default()
    }
}

fn source(number: u32) -> Addr {
    Addr::from(Ipv4Addr::from(0xcb00_7100 + number))
}

/// The first fragment of a datagram from somebody.
fn fragment(kind: Kind, number: u32, time: u64, len: usize) -> (CopyHead, Vec<u8>) {
    let head = CopyHead {
        remote: source(number),
        kind: kind as u8,
        time,
        flags: FLAG_MORE_FRAGMENTS,
        fragment_id: number,
        len: len as u32,
        total: len as u32,
        ..head()
    };
    (head, vec![b'x'; len])
}

fn other_kinds() -> [Kind; 2] {
    [Kind::Peer, Kind::Registrant]
}

#[test]
fn the_defaults_fit() {
    assert!(Limits::default().worst_case() <= 16 << 20, "{}", Limits::default().worst_case());
}

#[test]
fn every_kind_has_a_class() {
    let classes = [Kind::Peer, Kind::Allowed, Kind::Registrant, Kind::Stranger, Kind::Known].map(Class::of);
    use Class::{Registrant, Stranger, Trusted};
    assert_eq!(classes, [Trusted, Trusted, Registrant, Stranger, Stranger]);
}

#[test]
fn a_flood_of_fragments_is_bounded_and_costs_no_other_class() {
    let mut wire = Wire::new(&small());
    let mut sink = |_: crate::engine::input::Seen<'_>| panic!("nothing is whole");
    for kind in other_kinds() {
        let (head, bytes) = fragment(kind, 1, 0, 1_400);
        wire.take(&head, &bytes, &mut sink);
    }
    for number in 0..10_000 {
        let (head, bytes) = fragment(Kind::Stranger, number, 1, if number % 2 == 0 { 8 } else { 60_000 });
        wire.take(&head, &bytes, &mut sink);
        let counts = wire.counts().fragments;
        assert!(counts.held <= 8 + 2 && counts.held_bytes <= (64 << 10) + 2 * 2_048, "{counts:?}");
    }
    let mut whole = Vec::new();
    for kind in other_kinds() {
        let (mut head, bytes) = fragment(kind, 1, 2, 800);
        (head.flags, head.fragment_offset) = (0, 1_400);
        wire.take(&head, &bytes, &mut |seen| whole.push(seen.flow.kind));
    }
    // Of a UDP header of letters nothing comes, but they were put together.
    assert_eq!(wire.counts().fragments.malformed, 2);
}

#[test]
fn an_incomplete_datagram_ends_after_its_time() {
    let mut wire = Wire::new(&small());
    let mut put = |number, time| {
        let (head, bytes) = fragment(Kind::Stranger, number, time, 800);
        wire.take(&head, &bytes, &mut |_| {});
        wire.counts().fragments
    };
    put(1, 0);
    assert_eq!(put(2, 30_000 * MILLISECOND).held, 2);
    let counts = put(3, 30_000 * MILLISECOND + 1);
    assert_eq!((counts.held, counts.expired), (2, 1));
}

/// A connection of each kind, with half a message.
fn halves(wire: Wire) -> Talk {
    let mut talk = Talk::new(wire, 7, 9);
    for kind in other_kinds() {
        (talk.theirs, talk.ours, talk.head.kind, talk.head.remote) = (7, 9, kind as u8, source(kind as u32));
        talk.handshake();
        talk.receive(&request(1, 600)[..300]);
    }
    talk
}

fn other_halves(mut talk: Talk) {
    talk.told.clear();
    for kind in other_kinds() {
        (talk.theirs, talk.ours, talk.head.kind, talk.head.remote) = (308, 10, kind as u8, source(kind as u32));
        talk.receive(&request(1, 600)[300..]);
    }
    assert_eq!(talk.messages(), [request(1, 600), request(1, 600)]);
}

#[test]
fn a_flood_of_handshakes_is_bounded_and_costs_no_connection() {
    let mut talk = halves(Wire::new(&small()));
    talk.head.kind = Kind::Stranger as u8;
    (talk.theirs, talk.ours, talk.head.remote) = (7, 9, source(5));
    talk.handshake();
    talk.receive(&request(1, 0));
    talk.head.remote = source(0);
    for port in 0..10_000 {
        talk.head.remote_port = port;
        talk.put(FLAG_SYN, 1, 0, b"", 0);
        talk.put(FLAG_SYN | FLAG_EGRESS, 5, 2, b"", 0);
    }
    let counts = talk.wire.counts().streams;
    assert_eq!((counts.held, counts.evicted, counts.evicted_handshakes), (3, 0, 10_000 - 8));
    (talk.head.remote, talk.head.remote_port) = (source(5), head().remote_port);
    talk.told.clear();
    talk.send(&response(1));
    assert_eq!(talk.messages(), [response(1)]);
    other_halves(talk);
}

#[test]
fn a_flood_of_connections_that_send_half_messages_is_bounded() {
    let mut talk = halves(Wire::new(&small()));
    talk.head.kind = Kind::Stranger as u8;
    for number in 0..800 {
        (talk.theirs, talk.ours, talk.head.remote) = (7, 9, source(100 + number));
        talk.handshake();
        let half = request(1, 60_000);
        half[..half.len() - 1].chunks(1_400).take(1 + number as usize % 50).for_each(|part| talk.receive(part));
        talk.receive_at(5_000, &[b'x'; 1_000]);
        let counts = talk.wire.counts().streams;
        assert!(counts.held <= 8 + 2 && counts.held_bytes <= (64 << 10) + 2 * 2_048, "{counts:?}");
    }
    assert!(talk.wire.counts().streams.starved > 0 && talk.wire.counts().streams.evicted > 0);
    other_halves(talk);
}

#[test]
fn bytes_too_far_ahead_are_not_kept() {
    let mut talk = Talk::begun(Wire::new(&small()), 7, 9);
    talk.receive(&request(1, 0));
    for offset in 1..40 {
        talk.receive_at(offset * 1_000, &[b'x'; 500]);
    }
    for offset in 0..500 {
        talk.receive_at(1 + 2 * offset, b"y");
    }
    let counts = talk.wire.counts().streams;
    assert!(counts.held_bytes <= 2 * (16 << 10) + 2_048, "{counts:?}");
    assert!(counts.ahead > 400, "{counts:?}");
}

#[test]
fn half_a_message_and_a_silent_connection_end_after_their_time() {
    let mut talk = Talk::begun(Wire::new(&small()), 7, 9);
    talk.receive(&request(1, 600)[..300]);
    talk.head.time += 30_000 * MILLISECOND;
    talk.receive(&request(1, 600)[300..]);
    talk.receive(&request(2, 0));
    assert_eq!(talk.messages(), [request(2, 0)]);
    assert_eq!(talk.wire.counts().streams.expired, 1);
    talk.head.time += 7_200_000 * MILLISECOND;
    talk.receive(&request(3, 0));
    let counts = talk.wire.counts().streams;
    assert_eq!((counts.idle, counts.unconnected, counts.held), (1, 1, 0));
}

#[test]
fn a_handshake_ends_after_its_time() {
    let mut talk = Talk::begun(Wire::new(&small()), 7, 9);
    talk.head.time += 61_000 * MILLISECOND;
    talk.receive(&request(1, 0));
    assert_eq!((talk.messages(), talk.wire.counts().streams.unconnected), (vec![], 1));
}
