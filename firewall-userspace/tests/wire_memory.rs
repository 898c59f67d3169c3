//! What the follower of streams and fragments really allocates, against what it says that it may take at most.
//!
//! Owns: floods of every kind, and a count of the bytes allocated. Refuses: what comes out (`wire::tests`).
use std::alloc::{GlobalAlloc, Layout, System};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use firewall_common::addr::Addr;
use firewall_common::copy::{CopyHead, FLAG_EGRESS, FLAG_MORE_FRAGMENTS, FLAG_SYN, Kind};
use firewall_userspace::wire::{Limits, Wire};

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, with a count.
struct Counting;

// SAFETY: everything is left to the system's allocator, which keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST.fetch_max(held, Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn head(kind: Kind, number: u32, flags: u16, seq: u32, ack: u32) -> CopyHead {
    CopyHead {
        time: 1,
        remote: Addr::from(Ipv4Addr::from(0x0a00_0000 | (kind as u32) << 20 | number)),
        local: Addr::from(Ipv4Addr::new(198, 51, 100, 1)),
        len: 0,
        total: 0,
        seq,
        fragment_id: ack,
        fragment_offset: 0,
        peer: 0,
        remote_port: 40_000,
        local_port: 5060,
        flags,
        protocol: 6,
        kind: kind as u8,
    }
}

fn put(wire: &mut Wire, head: CopyHead, bytes: &[u8]) {
    let head = CopyHead { len: bytes.len() as u32, total: bytes.len() as u32, ..head };
    wire.take(&head, bytes, &mut |_| {});
}

/// Handshakes, connections with the start of a message, and some with bytes behind a gap, too.
fn streams(wire: &mut Wire, kind: Kind) {
    for number in 0..9_000 {
        put(wire, head(kind, number, FLAG_SYN | FLAG_EGRESS, 100, 1), b"");
        if number % 2 == 0 {
            put(wire, head(kind, number, 0, 1, 101), START);
        }
        if number % 16 == 0 {
            long_message(wire, kind, number);
        }
    }
}

const START: &[u8] = b"MESSAGE sip:a SIP/2.0\r\nl: 60000\r\n\r\n";

fn long_message(wire: &mut Wire, kind: Kind, number: u32) {
    let (filler, first) = (vec![b'x'; 8_192], 1 + START.len() as u32);
    let parts = number / 16 % 8;
    for part in 0..parts {
        put(wire, head(kind, number, 0, first + part * 8_192, 101), &filler);
    }
    let behind = first + parts * 8_192 + 8;
    for piece in 0..63 {
        put(wire, head(kind, number, 0, behind + 2 * piece, 101), b"y");
    }
    put(wire, head(kind, number, 0, behind + 8_000, 101), &filler);
}

fn fragments(wire: &mut Wire, kind: Kind) {
    let filler = vec![b'x'; 8_192];
    for number in 0..300 {
        let fragment = CopyHead { protocol: 17, ..head(kind, number, FLAG_MORE_FRAGMENTS, 0, number) };
        for part in 0..1 + number % 8 {
            put(
                wire,
                CopyHead { fragment_offset: part * 8_192, ..fragment },
                &filler[..8_192 - 8 * (number as usize % 2)],
            );
        }
        for piece in 0..200 {
            put(wire, CopyHead { fragment_offset: 40_000 + 16 * piece, ..fragment }, &filler[..8]);
        }
    }
}

#[test]
fn no_flood_takes_more_than_the_limits_say() {
    let limits = Limits::default();
    let before = HELD.load(Relaxed);
    let mut wire = Wire::new(&limits);
    MOST.store(HELD.load(Relaxed), Relaxed);
    for kind in [Kind::Peer, Kind::Registrant, Kind::Stranger] {
        streams(&mut wire, kind);
        fragments(&mut wire, kind);
    }
    let (most, bound) = (MOST.load(Relaxed) - before, limits.worst_case());
    assert!(most <= bound, "{most} bytes, where {bound} were said to be the most");
    // A bound far above what is ever needed would be none.
    assert!(most >= bound / 2, "{most} bytes, where {bound} were said to be the most");
    let counts = wire.counts();
    assert!(counts.streams.evicted > 0 && counts.streams.starved > 0 && counts.fragments.evicted > 0, "{counts:?}");
    drop(wire);
    // The harness allocates a little meanwhile.
    assert!(HELD.load(Relaxed).saturating_sub(before) < bound / 100, "not all of it was given back");
}
