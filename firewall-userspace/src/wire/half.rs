//! One direction of a connection: its bytes in order, and the messages in them.
//!
//! Owns: which byte comes next, and the bytes of a message that is not whole yet. Refuses: bytes out of order, and
//! judging whether a segment belongs to the connection.
use std::mem;

use super::counts::StreamCounts;
use super::framing::{Framer, Step};
use super::sequence::{after, distance};

/// Where messages go, and what is counted on the way.
pub(super) struct Output<'a> {
    pub(super) counts: &'a mut StreamCounts,
    /// The longest message.
    pub(super) max: usize,
    /// Takes a message's bytes, and whether some are missing at the end.
    pub(super) message: &'a mut dyn FnMut(&[u8], bool),
}

impl Output<'_> {
    fn hand_on(&mut self, bytes: &[u8], cut: bool) {
        self.counts.messages += 1;
        self.counts.cut_messages += u64::from(cut);
        (self.message)(bytes, cut);
    }
}

pub(super) struct Half {
    /// The number of the next byte.
    pub(super) next: u32,
    /// Whether all has come.
    pub(super) finished: bool,
    waiting: Vec<u8>,
    framer: Framer,
}

impl Half {
    pub(super) const fn new(next: u32, framer: Framer) -> Self {
        Self { next, finished: false, waiting: Vec::new(), framer }
    }

    /// The next bytes. Whole messages in them are handed on without a copy.
    fn take(&mut self, bytes: &[u8], out: &mut Output<'_>) {
        self.next = after(self.next, bytes.len());
        if self.framer.segment(self.waiting.len(), bytes) {
            self.waiting = Vec::new();
        }
        if self.waiting.is_empty() {
            let used = self.read(bytes, out);
            self.waiting.extend_from_slice(&bytes[used..]);
            return;
        }
        let mut all = mem::take(&mut self.waiting);
        all.extend_from_slice(bytes);
        let used = self.read(&all, out);
        if used < all.len() {
            all.drain(..used);
            self.waiting = all;
        }
    }

    /// What a segment that does not begin behind the next byte adds; it had `total` bytes, of which `bytes` were
    /// copied.
    pub(super) fn follow(&mut self, seq: u32, bytes: &[u8], total: u32, out: &mut Output<'_>) {
        let total = bytes.len().max(total as usize);
        let known = usize::try_from(distance(seq, self.next)).unwrap_or(0);
        if known >= total {
            out.counts.repeated += u64::from(total > 0);
            return;
        }
        self.take(bytes.get(known..).unwrap_or_default(), out);
        let missing = total - known.max(bytes.len());
        if missing > 0 {
            self.gap(missing as u32, out);
        }
    }

    /// Bytes that will never come.
    pub(super) fn gap(&mut self, missing: u32, out: &mut Output<'_>) {
        out.counts.gaps += 1;
        self.next = self.next.wrapping_add(missing);
        let waiting = mem::take(&mut self.waiting);
        if self.framer.gap(waiting.len(), missing as usize) {
            out.hand_on(&waiting, true);
        }
    }

    /// Drops what waits, and goes on with the next message that begins.
    pub(super) fn forget(&mut self) {
        let waiting = mem::take(&mut self.waiting);
        self.framer.gap(waiting.len(), 0);
    }

    /// Bytes held.
    pub(super) fn held(&self) -> usize {
        self.waiting.capacity()
    }

    /// Hands on what is whole, and tells how many bytes are done with.
    fn read(&mut self, bytes: &[u8], out: &mut Output<'_>) -> usize {
        let mut used = 0;
        loop {
            let rest = &bytes[used..];
            used += match self.framer.step(rest, out.max, out.counts) {
                Step::Wait => return used,
                Step::Skip(len) => len,
                Step::Whole(len) => {
                    out.hand_on(&rest[..len], false);
                    len
                }
                Step::Cut(len) => {
                    out.hand_on(&rest[..len], true);
                    len
                }
            };
        }
    }
}
