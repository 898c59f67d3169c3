//! Finding bytes, eight at a time.
//!
//! Owns: the loop. Refuses: what is looked for.
use crate::sip::window::{lowest_index, lowest_zero, repeat};

/// The offset of the first byte at or after `from` that `mark` marks. A space must not be marked.
#[inline]
pub(super) fn find(bytes: &[u8], from: usize, mark: impl Fn(u64) -> u64) -> Option<usize> {
    let mut at = from;
    let mut rest = bytes.get(from..)?;
    while let Some((word, later)) = rest.split_first_chunk() {
        let found = mark(u64::from_le_bytes(*word));
        if found != 0 {
            return Some(at + lowest_index(found) as usize);
        }
        (at, rest) = (at + 8, later);
    }
    // The last bytes, filled up with spaces.
    let found = mark(rest.iter().rev().fold(repeat(b' '), |word, byte| word << 8 | u64::from(*byte)));
    (found != 0).then(|| at + lowest_index(found) as usize)
}

/// Marks the bytes that are `byte`; bytes above the lowest of them may be marked falsely.
#[inline(always)]
pub(super) const fn marks(word: u64, byte: u8) -> u64 {
    lowest_zero(word ^ repeat(byte))
}

/// Marks the bytes that end a line, CR and LF, and zero bytes, as [`marks`] does.
#[inline(always)]
pub(super) const fn line_marks(word: u64) -> u64 {
    // Nearly always there is no control character at all.
    if word.wrapping_sub(repeat(b' ')) & !word & repeat(0x80) == 0 {
        return 0;
    }
    lowest_zero(word) | marks(word, b'\r') | marks(word, b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_bytes(bytes in prop::collection::vec(0..16u8, 0..40), from in 0..50usize) {
            let slow = |is: fn(u8) -> bool| {
                let rest = bytes.get(from..)?;
                rest.iter().position(|b| is(*b)).map(|i| from + i)
            };
            prop_assert_eq!(find(&bytes, from, line_marks), slow(|b| matches!(b, 0 | b'\r' | b'\n')));
            prop_assert_eq!(find(&bytes, from, |word| marks(word, 7)), slow(|b| b == 7));
        }
    }
}
