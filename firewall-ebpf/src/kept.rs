//! What is needed of a packet again once its payload has been read, kept in memory meanwhile: the kernel's stack is small,
//! and of what comes from memory the verifier knows nothing.
//!
//! Owns: the record. Refuses: where it lies (see [`crate::desk`]).
use firewall_common::packet::{Packet, Part};

use crate::pipeline::{HEADERS_MAX, Payload};

/// Where and how long a packet's transport header and what follows it are, whether it is a fragment, and its
/// identification.
type OfPacket = [u32; 4];
const FRAGMENTED: usize = 2;
/// [`Payload::numbers`].
type OfPayload = [u32; 6];

/// The record.
#[repr(C)]
pub(crate) struct Record {
    packet: OfPacket,
    payload: OfPayload,
}

/// This CPU's record.
#[derive(Clone, Copy)]
pub(crate) struct Kept(*mut Record);

impl Kept {
    /// The record at this place.
    ///
    /// # Safety
    /// It is a part of a map's value that nobody else uses until the packet has its verdict.
    #[inline(always)]
    pub(crate) const unsafe fn new(record: *mut Record) -> Self {
        Self(record)
    }

    /// Keeps what is needed.
    #[inline(always)]
    pub(crate) fn keep(self, packet: &Packet, payload: Payload) {
        let Part { fragmented, id, .. } = packet.part;
        let record = Record { packet: [packet.at, packet.len, fragmented, id], payload: payload.numbers() };
        // SAFETY: see `new`.
        unsafe { self.0.write(record) }
    }

    /// The first or only part of a datagram, or a segment.
    #[inline(always)]
    pub(crate) fn packet(self, packet: &Packet) -> Packet {
        // SAFETY: see `new`.
        let [at, len, fragmented, id] = unsafe { read(&raw const (*self.0).packet) };
        let at = (u64::from(at) & HEADERS_MAX) as u32;
        Packet { at, len, part: Part { fragmented, id, offset: 0 }, ..*packet }
    }

    /// Not zero for a part of a datagram that has others.
    #[inline(always)]
    pub(crate) fn fragmented(self) -> u32 {
        // SAFETY: see `new`.
        unsafe { (&raw const (*self.0).packet[FRAGMENTED]).read_volatile() }
    }

    /// [`Payload::stream`].
    #[inline(always)]
    pub(crate) fn stream(self) -> u32 {
        // SAFETY: see `new`.
        unsafe { (&raw const (*self.0).payload[Payload::STREAM]).read_volatile() }
    }

    /// [`Payload::copied`].
    #[inline(always)]
    pub(crate) fn copied(self) -> u32 {
        // SAFETY: see `new`.
        unsafe { (&raw const (*self.0).payload[Payload::COPIED]).read_volatile() }
    }

    /// Where the payload is, and how long.
    #[inline(always)]
    pub(crate) fn place(self) -> [u32; 2] {
        // SAFETY: see `new`.
        unsafe { read((&raw const (*self.0).payload).cast()) }
    }

    /// The payload.
    #[inline(always)]
    pub(crate) fn payload(self) -> Payload {
        // SAFETY: see `new`.
        Payload::of(unsafe { read(&raw const (*self.0).payload) })
    }
}

/// Reads from memory each time, whatever the compiler believes to know.
///
/// # Safety
/// The numbers are there.
#[inline(always)]
unsafe fn read<const N: usize>(numbers: *const [u32; N]) -> [u32; N] {
    let (mut read, mut i) = ([0; N], 0);
    while i < N {
        // SAFETY: one of the numbers.
        read[i] = unsafe { numbers.cast::<u32>().add(i).read_volatile() };
        i += 1;
    }
    read
}
