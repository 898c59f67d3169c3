//! Segments with a forged address: they make no message, and they cost none.
use firewall_common::copy::{FLAG_EGRESS, FLAG_FIN, FLAG_RST, FLAG_SYN, refused_as};
use firewall_common::reason::Reason;
use proptest::collection::vec;
use proptest::prelude::*;

use super::script::{Talk, request, response};
use crate::wire::{Limits, Wire};

/// A segment of somebody who knows the ports and not the numbers. At least one of these misses by more than the window.
fn forged() -> impl Strategy<Value = (u32, u32, u16, Vec<u8>)> {
    let far = 70_000u32..u32::MAX - 70_000;
    let near = (0u32..60_000).prop_map(|by| by.wrapping_sub(30_000));
    let numbers = prop_oneof![(far.clone(), far.clone()), (near, far.clone()), (far, 0u32..60_000)];
    let flags = prop_oneof![Just(0), Just(FLAG_FIN), Just(FLAG_RST), Just(FLAG_SYN)];
    let bytes =
        prop_oneof![Just(request(666, 0)), Just(response(666)), Just(b"\r\n".to_vec()), vec(any::<u8>(), 0..50)];
    (numbers, flags, bytes).prop_map(|((seq, ack), flags, bytes)| (seq, ack, flags, bytes))
}

fn forge(talk: &mut Talk, (seq, ack, flags, bytes): &(u32, u32, u16, Vec<u8>)) {
    talk.put(*flags, talk.theirs.wrapping_add(*seq), talk.ours.wrapping_add(*ack), bytes, 0);
}

proptest! {
    #[test]
    fn a_connection_is_not_disturbed(
        forged in vec(forged(), 1..40), numbers in any::<(u32, u32)>(), joined in any::<bool>(),
    ) {
        let new = || Wire::new(&Limits::default());
        let mut talk =
            if joined { Talk::new(new(), numbers.0, numbers.1) } else { Talk::begun(new(), numbers.0, numbers.1) };
        if joined {
            talk.send(&response(0));
        }
        let mut want = if joined { vec![response(0)] } else { vec![] };
        for (number, three) in forged.chunks(3).enumerate() {
            three.iter().for_each(|segment| forge(&mut talk, segment));
            let (asked, answer) = (request(number, 300), response(number));
            talk.receive(&asked[..120]);
            three.iter().for_each(|segment| forge(&mut talk, segment));
            talk.receive(&asked[120..]);
            talk.send(&answer);
            want.extend([asked, answer]);
        }
        prop_assert_eq!(talk.messages(), want);
        prop_assert_eq!(talk.wire.counts().streams.gaps, 0);
    }

    #[test]
    fn without_a_connection_nothing_is_kept(segments in vec((any::<u32>(), any::<u32>()), 1..40)) {
        let mut talk = Talk::new(Wire::new(&Limits::default()), 7, 9);
        for (seq, ack) in &segments {
            talk.put(0, *seq, *ack, &request(1, 0), 0);
        }
        prop_assert_eq!(talk.messages(), [] as [Vec<u8>; 0]);
        let counts = talk.wire.counts().streams;
        prop_assert_eq!((counts.unconnected, counts.held, counts.held_bytes), (segments.len() as u64, 0, 0));
    }

    /// The forger chose the number of its SYN, so that it knows which one our side expects. It does not know ours.
    #[test]
    fn a_handshake_that_nobody_answers_is_no_connection(by in 1u32.., ours in any::<u32>()) {
        let mut talk = Talk::begun(Wire::new(&Limits::default()), 7, ours);
        talk.put(0, talk.theirs, talk.ours.wrapping_add(by), &request(1, 0), 0);
        prop_assert_eq!(talk.messages(), [] as [Vec<u8>; 0]);
        prop_assert_eq!(talk.wire.counts().streams.misfits, 1);
        talk.receive(&request(2, 0));
        prop_assert_eq!(talk.messages(), [request(2, 0)]);
    }
}

#[test]
fn bytes_in_order_win_over_bytes_that_came_early() {
    let mut talk = Talk::begun(Wire::new(&Limits::default()), 7, 9);
    talk.receive(&request(1, 0));
    let real = request(2, 400);
    // Both numbers are hit by chance.
    talk.receive_at(real.len() - 100, &[b'x'; 100]);
    talk.receive_at(100, &request(666, 0));
    talk.receive(&real);
    talk.send(&response(2));
    talk.receive(&request(3, 0));
    assert_eq!(talk.messages(), [request(1, 0), real, response(2), request(3, 0)]);
}

#[test]
fn a_reset_or_a_segment_of_ours_that_answers_a_forger_ends_nothing() {
    let mut talk = Talk::begun(Wire::new(&Limits::default()), 7, 9);
    talk.put(FLAG_EGRESS | FLAG_RST, 12_345, 0, b"", 0);
    talk.receive(&request(1, 0));
    talk.put(FLAG_EGRESS | FLAG_RST, 54_321, 0, b"", 0);
    // A challenge (RFC 5961 §4.2) has our side's numbers and no data.
    talk.put(FLAG_EGRESS, talk.ours, talk.theirs, b"", 0);
    talk.receive(&request(2, 0));
    assert_eq!(talk.messages(), [request(1, 0), request(2, 0)]);
}

/// What the kernel program dropped ends its connection, so nobody but its own ends may have sent it.
#[test]
fn a_segment_that_was_dropped_is_told_if_it_is_the_next_one() {
    let refused = refused_as(Reason::NumberDenied);
    let mut talk = Talk::begun(Wire::new(&Limits::default()), 7, 9);
    talk.put(refused, talk.theirs, talk.ours.wrapping_add(1), &request(1, 0), 0);
    assert_eq!(talk.messages(), [] as [Vec<u8>; 0], "no handshake is done with a wrong number");
    talk.put(refused, talk.theirs, talk.ours, &request(1, 0), 0);
    assert_eq!(talk.messages(), [request(1, 0)]);
    talk.receive(&request(2, 0));
    talk.send(&response(2));
    assert_eq!(talk.messages().len(), 2, "the stream goes on without it");
    for by in [1, 100, u32::MAX] {
        talk.put(refused, talk.theirs.wrapping_add(by), talk.ours, &request(3, 0), 0);
    }
    talk.put(refused, talk.theirs, talk.ours.wrapping_sub(1 << 20), &request(3, 0), 0);
    assert_eq!(talk.messages(), [] as [Vec<u8>; 0]);
    talk.put(refused | FLAG_EGRESS, talk.ours, talk.theirs, &request(4, 0), 0);
    assert_eq!(talk.messages(), [request(4, 0)], "our side's own");
}
