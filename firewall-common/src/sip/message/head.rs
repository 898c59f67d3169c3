//! The headers of a message that was read once: where each known one stands first.
//!
//! Owns: finding them again without searching. Refuses: heads that were not read.
use super::field::Field;
use super::lines::{Header, Lines};

/// A message's start line and headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head<'a> {
    /// The message up to the end of the empty line.
    bytes: &'a [u8],
    /// Where the headers begin.
    start: u16,
    /// Where the first of each field stands; 0 for none.
    first: [u16; Field::COUNT],
    /// A bit for each field that stands more than once.
    several: u32,
}

impl<'a> Head<'a> {
    /// One without headers yet, which begin at `start`.
    pub(super) const fn new(start: u16) -> Self {
        Self { bytes: &[], start, first: [0; Field::COUNT], several: 0 }
    }

    /// Notes a header that stands at `at`, and tells whether it is the first of its field.
    pub(super) fn note(&mut self, field: Field, at: u16) -> bool {
        let Some(first) = self.first.get_mut(field as usize) else { return false };
        let is_first = *first == 0;
        if is_first {
            *first = at;
        } else {
            self.several |= 1 << field as u32;
        }
        is_first
    }

    /// The same when all of it was read.
    pub(super) const fn finish(self, bytes: &'a [u8]) -> Self {
        Self { bytes, ..self }
    }

    pub(super) const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Every header, in order.
    pub(super) fn headers(&self) -> impl Iterator<Item = Header<'a>> + use<'a> {
        from(self.bytes, self.start)
    }

    /// The first header of a field.
    pub(super) fn first(&self, field: Field) -> Option<Header<'a>> {
        self.all(field).next()
    }

    /// Every header of a field, in order.
    pub(super) fn all(&self, field: Field) -> impl Iterator<Item = Header<'a>> + use<'a> {
        let first = self.first.get(field as usize).copied().unwrap_or(0);
        let most = match (first, self.several & 1 << field as u32) {
            (0, _) => 0,
            (_, 0) => 1,
            _ => usize::MAX,
        };
        from(self.bytes, first).filter(move |header| header.field == field).take(most)
    }
}

fn from(bytes: &[u8], at: u16) -> impl Iterator<Item = Header<'_>> {
    let mut lines = Lines::new(bytes, usize::from(at));
    core::iter::from_fn(move || lines.header().ok().flatten())
}
