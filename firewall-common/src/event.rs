//! The record of one sampled verdict.
//!
//! Owns: its layout. Refuses: how many are sampled (the kernel's one exit decides, on a budget the daemon hands out).
use crate::addr::Addr;

/// How many bytes of the frame's payload an event carries.
pub const SNAPSHOT: usize = 128;

/// One packet, judged.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Kernel monotonic nanoseconds.
    pub time: u64,
    /// Source.
    pub src: Addr,
    /// Destination.
    pub dst: Addr,
    /// The frame's length in bytes.
    pub frame_len: u32,
    /// What decided; see [`crate::verdict::Verdict::detail`].
    pub detail: u32,
    /// Source port; 0 where none was read.
    pub src_port: u16,
    /// Destination port; 0 where none was read.
    pub dst_port: u16,
    /// The reason's number.
    pub reason: u8,
    /// Whether the packet passed all the same, because the reason is monitored.
    pub monitored: u8,
    /// Transport protocol's number; 0 where none was read.
    pub protocol: u8,
    /// Bytes of `snapshot` that are set.
    pub snapshot_len: u8,
    /// The start of the payload; what follows `snapshot_len` bytes means nothing. See [`Event::snapshot`].
    pub snapshot: [u8; SNAPSHOT],
}

impl Event {
    /// The start of the payload.
    pub fn snapshot(&self) -> &[u8] {
        &self.snapshot[..(self.snapshot_len as usize).min(SNAPSHOT)]
    }
}

/// What a judged frame is run with when it is not live: the record stands before the frame as XDP metadata
/// (Documentation/networking/xdp-rx-metadata.rst; the kernel takes at most 32 bytes of it before 6.3).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// In: kernel monotonic nanoseconds to judge at.
    pub now: u64,
    /// In: 1 to let the frame charge limits and be counted, 0 to leave no trace.
    pub commit: u32,
    /// Out: what decided.
    pub detail: u32,
    /// Out: the reason's number.
    pub reason: u32,
    /// Out: whether the reason is monitored.
    pub monitored: u32,
    /// Out: the peer's id plus one; 0 for none.
    pub peer: u32,
    /// Out: the class's number plus one; 0 for none.
    pub class: u32,
}
