//! Bytes that came before those that precede them.
//!
//! Owns: keeping them in their places, the first copy of each, within a fixed distance of the missing ones. Refuses:
//! what they mean.
use super::sequence::{after, distance};

/// The most pieces that do not adjoin.
const PIECES_MAX: usize = 64;

/// A stretch of bytes, from and to, counted from the base.
type Piece = (usize, usize);

/// Bytes behind a gap.
pub(super) struct Ahead {
    /// The number of the first place.
    base: u32,
    bytes: Vec<u8>,
    /// What is there, in order; two of them never touch.
    pieces: Vec<Piece>,
}

impl Ahead {
    /// Nothing, before the byte of this number.
    pub(super) const fn new(base: u32) -> Self {
        Self { base, bytes: Vec::new(), pieces: Vec::new() }
    }

    /// The most bytes that are taken for bytes up to `distance` ahead: the vector doubles when it grows.
    pub(super) const fn worst_case(distance: usize) -> usize {
        2 * (distance + PIECES_MAX * size_of::<Piece>())
    }

    /// Keeps bytes that begin with the number `seq`, where `next` is the number of the first that is missing. False if
    /// they lie too far ahead, or in too many pieces.
    pub(super) fn keep(&mut self, next: u32, seq: u32, bytes: &[u8], max: usize) -> bool {
        self.advance(next);
        let Ok(from) = usize::try_from(distance(next, seq)) else { return false };
        let to = from + bytes.len();
        if bytes.is_empty() || to > max || self.pieces.len() >= PIECES_MAX {
            return bytes.is_empty();
        }
        self.bytes.resize(self.bytes.len().max(to), 0);
        self.fill(from, bytes);
        self.join((from, to));
        true
    }

    /// Copies what is not there yet.
    fn fill(&mut self, from: usize, bytes: &[u8]) {
        let to = from + bytes.len();
        let mut at = from;
        for &(start, end) in self.pieces.iter().chain([&(to, to)]) {
            let hole = start.min(to);
            if hole > at {
                self.bytes[at..hole].copy_from_slice(&bytes[at - from..hole - from]);
            }
            at = at.max(end.min(to));
        }
    }

    /// Adds a piece, and makes one of all that it touches.
    fn join(&mut self, mut new: Piece) {
        self.pieces.retain(|&(start, end)| {
            let apart = end < new.0 || new.1 < start;
            if !apart {
                new = (new.0.min(start), new.1.max(end));
            }
            apart
        });
        let at = self.pieces.partition_point(|piece| piece.0 < new.0);
        self.pieces.insert(at, new);
    }

    /// The bytes that begin with the number `next`, if they are there. What lies before is dropped.
    pub(super) fn pull(&mut self, next: u32) -> Option<Vec<u8>> {
        self.advance(next);
        let (_, end) = *self.pieces.first().filter(|piece| piece.0 == 0)?;
        let pulled = self.bytes[..end].to_vec();
        self.advance(after(next, end));
        Some(pulled)
    }

    /// The number of the first byte that is there.
    pub(super) fn first(&self) -> Option<u32> {
        self.pieces.first().map(|piece| after(self.base, piece.0))
    }

    /// Drops what lies before `next`.
    fn advance(&mut self, next: u32) {
        let by = usize::try_from(distance(self.base, next)).unwrap_or(usize::MAX);
        self.base = next;
        if by >= self.bytes.len() {
            (self.bytes, self.pieces) = (Vec::new(), Vec::new());
            return;
        }
        self.bytes.drain(..by);
        self.pieces.retain_mut(|piece| {
            *piece = (piece.0.saturating_sub(by), piece.1.saturating_sub(by));
            piece.1 > 0
        });
    }

    /// Bytes held.
    pub(super) fn held(&self) -> usize {
        self.bytes.capacity() + self.pieces.capacity() * size_of::<Piece>()
    }
}

#[cfg(test)]
mod tests;
