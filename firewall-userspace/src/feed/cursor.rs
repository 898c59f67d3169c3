//! Reading a line from left to right, byte by byte.
//!
//! Owns: the position. Refuses: going back, so that no line costs more than its length.

/// What is left of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn new(line: &'a [u8]) -> Self {
        Self(line)
    }

    /// What is left.
    pub(super) fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Goes over `literal`, which must stand here.
    pub(super) fn expect(&mut self, literal: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(literal)?;
        Some(())
    }

    /// Goes over `literal` if it stands here.
    pub(super) fn skip(&mut self, literal: &[u8]) -> bool {
        self.expect(literal).is_some()
    }

    /// Takes bytes for which `is` holds, `min` to `max` of them; the byte behind must be another.
    pub(super) fn take(&mut self, min: usize, max: usize, is: impl Fn(u8) -> bool) -> Option<&'a [u8]> {
        let len = self.0.iter().take(max.saturating_add(1)).take_while(|b| is(**b)).count();
        if len < min || len > max {
            return None;
        }
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        Some(taken)
    }

    /// Takes digits.
    pub(super) fn digits(&mut self, max: usize) -> Option<&'a [u8]> {
        self.take(1, max, |b| b.is_ascii_digit())
    }
}

/// Where `needle` last stands in `text`.
pub(super) fn last(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).rposition(|window| window == needle)
}

/// Where `needle` first stands in `text`.
pub(super) fn first(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).position(|window| window == needle)
}
