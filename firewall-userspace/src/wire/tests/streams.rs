//! Streams: whatever the segments, the same messages.
use firewall_common::copy::{FLAG_EGRESS, FLAG_FIN, FLAG_RST, FLAG_SYN, Kind};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::script::{MILLISECOND, Talk, request, response};
use crate::wire::{Limits, Wire};

fn wire() -> Wire {
    Wire::new(&Limits::default())
}

/// Messages with bodies of these lengths, and what stands between them.
fn stream(bodies: &[usize]) -> (Vec<Vec<u8>>, Vec<u8>) {
    let messages: Vec<_> = bodies.iter().enumerate().map(|(number, body)| request(number, *body)).collect();
    let keepalive = |number: usize| if number % 3 == 2 { b"\r\n\r\n".as_slice() } else { b"" };
    let bytes = messages.iter().enumerate().flat_map(|(number, message)| [message, keepalive(number)].concat());
    let bytes = bytes.collect();
    (messages, bytes)
}

/// From and to, one behind the other, over `len` bytes.
fn parts(len: usize, cuts: &[Index]) -> Vec<(usize, usize)> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(len)).chain([0, len]).collect();
    at.sort_unstable();
    at.dedup();
    at.windows(2).map(|two| (two[0], two[1])).collect()
}

fn bodies() -> impl Strategy<Value = Vec<usize>> {
    vec(0usize..900, 1..8)
}

fn cuts() -> impl Strategy<Value = Vec<Index>> {
    vec(any::<Index>(), 0..40)
}

proptest! {
    #[test]
    fn any_segments_in_any_order_give_the_messages(
        bodies in bodies(), cuts in cuts(), order in vec(any::<Index>(), 60),
        wider in vec((0usize..300, 0usize..300), 60), twice in vec(any::<bool>(), 60), numbers in any::<(u32, u32)>(),
    ) {
        let (messages, bytes) = stream(&bodies);
        let mut segments = Vec::new();
        for ((part, by), twice) in parts(bytes.len(), &cuts).into_iter().zip(&wider).zip(&twice) {
            segments.push((part.0.saturating_sub(by.0), (part.1 + by.1).min(bytes.len())));
            segments.extend(twice.then_some(part));
        }
        for (at, with) in order.iter().enumerate().take(segments.len()) {
            let with = with.index(segments.len());
            segments.swap(at, with);
        }
        let mut talk = Talk::begun(wire(), numbers.0, numbers.1);
        for (from, to) in segments {
            talk.receive_at(from, &bytes[from..to]);
        }
        prop_assert_eq!(talk.messages(), messages);
        prop_assert_eq!(talk.wire.counts().streams.gaps, 0);
        prop_assert_eq!(talk.wire.counts().streams.held_bytes, 0);
    }

    #[test]
    fn our_side_in_any_segments_gives_the_messages(
        bodies in bodies(), cuts in cuts(), again in vec(any::<bool>(), 60), numbers in any::<(u32, u32)>(),
    ) {
        let (messages, bytes) = stream(&bodies);
        let mut talk = Talk::begun(wire(), numbers.0, numbers.1);
        for ((from, to), again) in parts(bytes.len(), &cuts).into_iter().zip(&again) {
            for _ in 0..1 + u8::from(*again) {
                talk.put(FLAG_EGRESS, talk.ours.wrapping_add(from as u32), talk.theirs, &bytes[from..to], 0);
            }
        }
        prop_assert!(talk.told.iter().all(|told| told.outgoing && told.tcp && !told.cut));
        prop_assert_eq!(talk.messages(), messages);
    }

    #[test]
    fn loss_costs_messages_and_makes_none(
        bodies in bodies(), cuts in cuts(), lost in vec(any::<bool>(), 60), outgoing in any::<bool>(),
        numbers in any::<(u32, u32)>(),
    ) {
        let (messages, bytes) = stream(&bodies);
        let mut talk = Talk::begun(wire(), numbers.0, numbers.1);
        let (flags, seq, ack) =
            if outgoing { (FLAG_EGRESS, talk.ours, talk.theirs) } else { (0, talk.theirs, talk.ours) };
        for ((from, to), lost) in parts(bytes.len(), &cuts).into_iter().zip(&lost) {
            if !lost {
                talk.put(flags, seq.wrapping_add(from as u32), ack, &bytes[from..to], 0);
            }
        }
        let all = bytes.len() as u32;
        let next = if outgoing { &mut talk.ours } else { &mut talk.theirs };
        *next = next.wrapping_add(all);
        // Our side's next segment says what it has got; what the remote side sends then is seen again.
        talk.send(&response(1));
        talk.receive(&request(99, 10));
        talk.send(&response(2));
        let mut left = messages.iter();
        for told in talk.told.iter().filter(|told| told.outgoing == outgoing && !told.bytes.starts_with(b"SIP")) {
            let is_of = |whole: &&Vec<u8>| whole.starts_with(&told.bytes) && (told.cut || **whole == told.bytes);
            let original = left.find(is_of);
            prop_assert!(original.is_some() || told.bytes == request(99, 10), "{}", told.bytes.escape_ascii());
        }
        let last: Vec<_> = talk.told.iter().rev().take(2).map(|told| told.bytes.clone()).collect();
        prop_assert_eq!(last, [response(2), request(99, 10)]);
    }
}

#[test]
fn a_request_and_its_answer_come_in_order() {
    let mut talk = Talk::begun(wire(), 7, 9);
    talk.receive(&request(1, 0));
    talk.send(&response(1));
    assert!(talk.told.iter().all(|told| told.tcp && !told.cut));
    assert_eq!(talk.messages(), [request(1, 0), response(1)]);
}

#[test]
fn our_side_may_connect_too() {
    let mut talk = Talk::new(wire(), 7, 9);
    talk.put(FLAG_EGRESS | FLAG_SYN, 8, 0, b"", 0);
    talk.put(FLAG_SYN, 6, 9, b"", 0);
    talk.send(&request(1, 20));
    talk.receive(&response(1));
    assert_eq!(talk.messages(), [request(1, 20), response(1)]);
    assert_eq!(talk.wire.counts().streams.opened, 1);
}

#[test]
fn a_connection_is_joined_in_the_middle_with_our_sides_next_segment() {
    let mut talk = Talk::new(wire(), 7, 9);
    talk.receive(&request(1, 0));
    assert_eq!(talk.messages(), [] as [Vec<u8>; 0]);
    talk.send(&response(1));
    talk.receive(&request(2, 0));
    assert_eq!(talk.messages(), [response(1), request(2, 0)]);
    let counts = talk.wire.counts().streams;
    assert_eq!((counts.joined, counts.unconnected, counts.resyncs), (1, 1, 2));
}

#[test]
fn our_sides_answer_may_be_read_before_the_request() {
    let mut talk = Talk::begun(wire(), 7, 9);
    let (first, second) = (request(1, 0), request(2, 0));
    let end = first.len() + second.len();
    talk.put(FLAG_EGRESS, talk.ours, talk.theirs.wrapping_add(end as u32), &response(1), 0);
    talk.ours = talk.ours.wrapping_add(response(1).len() as u32);
    talk.head.time -= 3 * MILLISECOND;
    talk.receive(&first);
    talk.receive(&second);
    assert_eq!(talk.messages(), [response(1), first, second]);
    assert_eq!(talk.wire.counts().streams.gaps, 0);
}

#[test]
fn a_copy_cut_short_costs_the_end_of_its_message_only() {
    for outgoing in [false, true] {
        let mut talk = Talk::begun(wire(), 7, 9);
        let whole = request(1, 500);
        let (flags, seq, ack) =
            if outgoing { (FLAG_EGRESS, talk.ours, talk.theirs) } else { (0, talk.theirs, talk.ours) };
        talk.put(flags, seq, ack, &whole[..200], 250);
        let rest = [&whole[450..], &request(2, 0)].concat();
        talk.put(flags, seq.wrapping_add(450), ack, &rest, 0);
        assert!(talk.told[0].cut && !talk.told[1].cut);
        assert_eq!(talk.messages(), [whole[..200].to_vec(), request(2, 0)]);
        assert_eq!(talk.wire.counts().streams.resyncs, 0);
    }
}

#[test]
fn of_a_message_that_is_too_long_the_start_is_handed_on() {
    let mut talk = Talk::begun(Wire::new(&Limits { message_max: 1_000, ..Limits::default() }), 7, 9);
    let whole = request(1, 5_000);
    whole.chunks(700).for_each(|part| talk.receive(part));
    talk.receive(&request(2, 0));
    assert_eq!((talk.told[0].cut, talk.told[0].bytes.len()), (true, 700));
    assert_eq!(talk.messages()[1..], [request(2, 0)]);
    assert_eq!(talk.wire.counts().streams.oversized, 1);
}

#[test]
fn a_body_of_unknown_length_is_stepped_over() {
    let mut talk = Talk::begun(wire(), 7, 9);
    for head in ["", "Content-Length: 1\r\nl: 1\r\n", "Content-Length: -1\r\n", "l: 99999999999\r\n", "l:\r\n"] {
        talk.receive(format!("INVITE sip:a@b SIP/2.0\r\n{head}\r\nv=0\r\no=x\r\n").as_bytes());
        talk.receive(&request(2, 0));
        assert_eq!(talk.messages(), [request(2, 0)], "{head:?}");
    }
    assert_eq!(talk.wire.counts().streams.unframed, 5);
}

#[test]
fn what_is_left_of_lost_bytes_hides_no_message_and_makes_none() {
    // Behind a gap: the rest of a start line, and a body whose last line the next message follows at once.
    for left in ["GE sip:a@b SIP/2.0\r\nl: 0\r\n\r\n", "text\r\ntext", "\r\ntext"] {
        let mut talk = Talk::begun(wire(), 7, 9);
        talk.receive(&request(1, 0));
        talk.theirs = talk.theirs.wrapping_add(100);
        talk.send(&response(1));
        talk.told.clear();
        talk.receive(left.as_bytes());
        talk.receive(&request(2, 0));
        assert_eq!(talk.messages(), [request(2, 0)], "{left:?}");
    }
}

#[test]
fn a_text_that_our_side_passes_on_is_no_answer_of_ours() {
    let mut talk = Talk::begun(wire(), 7, 9);
    let inner = [b"text\r\n".as_slice(), &response(7), b"text\r\n"].concat();
    let message = [format!("MESSAGE sip:a@b SIP/2.0\r\nl: {}\r\n\r\n", inner.len()).as_bytes(), &inner].concat();
    // The segment with the head is lost, and the body's follows.
    talk.ours = talk.ours.wrapping_add(message.len() as u32 - inner.len() as u32);
    talk.send(&inner);
    assert_eq!(talk.messages(), [] as [Vec<u8>; 0]);
    talk.send(&response(8));
    assert_eq!(talk.messages(), [response(8)]);
}

#[test]
fn the_end_of_both_directions_or_a_reset_ends_a_connection() {
    let held = |talk: &Talk| talk.wire.counts().streams.held;
    let mut talk = Talk::begun(wire(), 7, 9);
    talk.receive(&request(1, 0));
    talk.put(FLAG_FIN, talk.theirs, talk.ours, b"", 0);
    assert_eq!(held(&talk), 1);
    talk.put(FLAG_FIN | FLAG_EGRESS, talk.ours, talk.theirs.wrapping_add(1), b"", 0);
    assert_eq!(held(&talk), 0);

    let mut talk = Talk::begun(wire(), 7, 9);
    talk.receive(&request(1, 0));
    talk.put(FLAG_RST, talk.theirs.wrapping_add(1), talk.ours, b"", 0);
    assert_eq!(held(&talk), 1, "a reset with another number than the expected one is forged");
    talk.put(FLAG_RST, talk.theirs, talk.ours, b"", 0);
    assert_eq!(held(&talk), 0);
}

#[test]
fn ports_are_used_again() {
    let mut talk = Talk::begun(wire(), 7, 9);
    talk.receive(&request(1, 0));
    talk.receive(&request(2, 100)[..80]);
    (talk.theirs, talk.ours) = (3_000_000_000, 2_000_000_000);
    talk.handshake();
    talk.receive(&request(3, 0));
    talk.send(&response(3));
    assert_eq!(talk.messages(), [request(1, 0), request(3, 0), response(3)]);
}

#[test]
fn a_repeated_syn_of_our_side_changes_nothing() {
    let mut talk = Talk::begun(wire(), 7, 9);
    talk.receive(&request(1, 100)[..80]);
    talk.put(FLAG_EGRESS | FLAG_SYN, 9, 8, b"", 0);
    talk.receive(&request(1, 100)[80..]);
    assert_eq!(talk.messages(), [request(1, 100)]);
}

#[test]
fn who_registers_keeps_its_connection() {
    let mut talk = Talk::begun(wire(), 7, 9);
    talk.receive(&request(1, 100)[..80]);
    talk.head.kind = Kind::Registrant as u8;
    talk.receive(&request(1, 100)[80..]);
    talk.head.kind = Kind::Stranger as u8;
    talk.send(&response(1));
    assert_eq!(talk.messages(), [request(1, 100), response(1)]);
    assert_eq!((talk.wire.counts().streams.held, talk.wire.counts().streams.held_bytes), (1, 0));
}
