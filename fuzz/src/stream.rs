//! Copies of packets, and what becomes of them: no more is handed on than came in, nothing is held beyond the limits,
//! and every message of a stream has the length that it announces.
use std::net::Ipv4Addr;

use firewall_common::addr::Addr;
use firewall_common::copy::{CopyHead, FLAG_EGRESS, FLAG_FIN, FLAG_MORE_FRAGMENTS, FLAG_RST, FLAG_SYN, Kind};
use firewall_common::sip::message::{announced, head_len};
use firewall_userspace::engine::input::{Seen, Via};
use firewall_userspace::wire::{FragmentLimits, Limits, PerClass, StreamLimits, Wire};

/// How many bytes stand before a copy's payload in the input.
const RECORD: usize = 10;
/// Numbers go round while a stream is read.
const FIRST: u32 = u32::MAX - 500;
const DATAGRAMS: usize = 4;
const BYTES: usize = 4_096;
/// What one datagram may take although its class holds no more than that one.
const DATAGRAM: u64 = 2 * (65_535 + 4 * 1_024);

/// Takes `input` as copies, one behind the other.
pub fn check(mut input: &[u8]) {
    let (mut wire, mut tally) = (Wire::new(&limits()), Tally::default());
    let mut time = 0;
    while let Some((record, rest)) = input.split_first_chunk() {
        let (payload, rest) = rest.split_at(rest.len().min(usize::from(record[9])));
        let head = head(record, payload, &mut time);
        tally.came(payload);
        wire.take(&head, payload, &mut |seen| tally.seen(&seen));
        holds_no_more_than_it_may(&wire);
        input = rest;
    }
}

fn limits() -> Limits {
    Limits {
        fragments: PerClass::new(|_| FragmentLimits { datagrams: DATAGRAMS, bytes: BYTES }),
        streams: PerClass::new(|_| StreamLimits { connections: 3, handshakes: 2, bytes: BYTES }),
        message_max: 2_048,
        ahead_max: 512,
        ..Limits::default()
    }
}

/// A head whose numbers are near enough to others for something to come of them.
fn head(record: &[u8; RECORD], payload: &[u8], time: &mut u64) -> CopyHead {
    let [flags, who, seq_high, seq_low, ack_high, ack_low, offset, missing, passed, _] = *record;
    let number = |high, low| FIRST.wrapping_add_signed(i16::from_be_bytes([high, low]).into());
    let is_tcp = flags & 0x80 != 0;
    *time += u64::from(passed) * 250_000_000;
    let flag = |bit: u8, flag: u16| if flags & bit != 0 { flag } else { 0 };
    CopyHead {
        time: *time,
        remote: Addr::from(Ipv4Addr::new(203, 0, 113, who & 3)),
        local: Addr::from(Ipv4Addr::new(198, 51, 100, 1)),
        len: payload.len() as u32,
        total: payload.len() as u32 + u32::from(missing),
        seq: if is_tcp { number(seq_high, seq_low) } else { 0 },
        fragment_id: if is_tcp { number(ack_high, ack_low) } else { u32::from(ack_low & 7) },
        fragment_offset: u32::from(offset) * if is_tcp { 1 } else { 8 },
        peer: 0,
        remote_port: 40_000 + u16::from(who >> 2 & 3),
        local_port: 5_060,
        flags: flag(1, FLAG_EGRESS)
            | flag(2, FLAG_MORE_FRAGMENTS)
            | flag(4, FLAG_SYN)
            | flag(8, FLAG_FIN)
            | flag(16, FLAG_RST),
        protocol: if is_tcp { 6 } else { 17 },
        kind: [Kind::Peer, Kind::Registrant, Kind::Stranger, Kind::Known][usize::from(who >> 6)] as u8,
    }
}

/// How often each byte came, less how often it was handed on.
struct Tally {
    left: [u64; 256],
}

impl Default for Tally {
    fn default() -> Self {
        Self { left: [0; 256] }
    }
}

impl Tally {
    fn came(&mut self, payload: &[u8]) {
        payload.iter().for_each(|byte| self.left[usize::from(*byte)] += 1);
    }

    fn seen(&mut self, seen: &Seen<'_>) {
        for byte in seen.bytes {
            let left = &mut self.left[usize::from(*byte)];
            assert!(*left > 0, "a byte {byte:#04x} that never came: {}", seen.bytes.escape_ascii());
            *left -= 1;
        }
        if seen.flow.via == Via::Tcp {
            has_the_length_that_it_announces(seen);
        }
    }
}

fn has_the_length_that_it_announces(seen: &Seen<'_>) {
    let head = head_len(seen.bytes, 0).expect("a head that is whole");
    let body = announced(&seen.bytes[..head]).expect("a readable length").expect("a length");
    let len = head + body as usize;
    assert_eq!(seen.truncated, seen.bytes.len() < len, "{}", seen.bytes.escape_ascii());
    assert!(seen.bytes.len() <= len, "{}", seen.bytes.escape_ascii());
}

fn holds_no_more_than_it_may(wire: &Wire) {
    let counts = wire.counts();
    let (fragments, streams) = (counts.fragments, counts.streams);
    assert!(fragments.held <= 3 * DATAGRAMS as u64 && streams.held <= 9, "{counts:?}");
    assert!(fragments.held_bytes <= 3 * (BYTES as u64).max(DATAGRAM), "{counts:?}");
    assert!(streams.held_bytes <= 3 * BYTES as u64, "{counts:?}");
}
