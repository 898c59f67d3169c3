//! The first bytes of a payload, in a buffer of fixed size, so that reading at any offset needs no check at run time: an
//! offset is taken modulo the size, and what lies behind the payload's end reads as zero.
//!
//! Owns: the buffer and reading one or eight bytes of it. Refuses: growing, and knowing where the bytes came from.

use crate::bound::{disguise, wrap};
use crate::copy::COPY_MAX;

/// The buffer's size, without the tail that an eight-byte read may reach; a power of two.
pub const SIZE: usize = 2048;
/// The longest read, in bytes.
const TAIL: usize = 32;
/// The room for bytes: the kernel program puts a payload there too of which nothing is examined, to copy it.
pub const ROOM: usize = COPY_MAX as usize;
const _: () = assert!(SIZE + TAIL <= ROOM);
/// How many bytes of a payload are examined. The payload of an Ethernet frame of the usual size fits whole; of a larger
/// datagram the start does, which holds what is asked about.
pub const EXAMINED: u32 = 1_536;
const _: () = assert!(EXAMINED as usize <= SIZE);

/// The examined part of a payload.
#[repr(C, align(8))]
pub struct Window {
    bytes: [u8; ROOM],
    len: u32,
    /// Always zero, but the kernel's verifier cannot know that.
    zero: u32,
}

impl Window {
    /// An empty window.
    pub const fn new() -> Self {
        Self { bytes: [0; ROOM], len: 0, zero: 0 }
    }

    /// Where the payload's first bytes go; [`Window::seal`] must follow.
    #[inline(always)]
    pub fn buffer(&mut self) -> &mut [u8; ROOM] {
        &mut self.bytes
    }

    /// Says how many bytes were written (at most [`EXAMINED`]) and makes what follows them read as zero.
    #[inline(always)]
    pub fn seal(&mut self, len: u32) {
        let len = if len > EXAMINED { EXAMINED } else { len };
        self.len = len;
        let at = wrap::<SIZE>(len);
        // Zero as far as an eight-byte read at the last byte reaches.
        if let Some(tail) = self.bytes.get_mut(at..at + 8) {
            tail.copy_from_slice(&[0; 8]);
        }
    }

    /// Copies the start of `payload` in.
    pub fn fill(&mut self, payload: &[u8]) {
        let len = payload.len().min(EXAMINED as usize);
        self.bytes[..len].copy_from_slice(&payload[..len]);
        self.seal(len as u32);
    }

    /// How many bytes of the payload are here.
    #[inline(always)]
    pub fn len(&self) -> u32 {
        self.forget(self.len)
    }

    /// Whether the payload is empty.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The byte at `at`; meaningful for `at < len`.
    #[inline(always)]
    pub fn byte(&self, at: u32) -> u8 {
        self.bytes[wrap::<SIZE>(at)]
    }

    /// The eight bytes at `at`, the first in the lowest bits; meaningful for `at < len`.
    #[inline(always)]
    pub fn word(&self, at: u32) -> u64 {
        let (_, rest) = self.bytes.split_at(wrap::<SIZE>(at));
        match rest.first_chunk() {
            Some(bytes) => u64::from_le_bytes(*bytes),
            None => 0,
        }
    }

    /// The 32 bytes at `at`, each eight as [`Window::word`] has them; what lies more than eight bytes behind the payload's
    /// end may be of an earlier payload.
    #[inline(always)]
    pub fn words(&self, at: u32) -> [u64; 4] {
        let (_, rest) = self.bytes.split_at(wrap::<SIZE>(at));
        let word = |i: usize| match rest.get(8 * i..).and_then(<[u8]>::first_chunk) {
            Some(bytes) => u64::from_le_bytes(*bytes),
            None => 0,
        };
        [word(0), word(1), word(2), word(3)]
    }

    /// The 16 bytes at `at`, in the same way.
    #[inline(always)]
    pub fn two_words(&self, at: u32) -> [u64; 2] {
        let [a, b, ..] = self.words(at);
        [a, b]
    }

    /// The same number, of which the kernel's verifier knows nothing any more.
    ///
    /// The verifier follows every value that it can tell apart on a path of its own. Where a loop may end in a hundred
    /// places, all that follows would be followed a hundred times; this makes the hundred paths one again.
    #[inline(always)]
    pub fn forget(&self, number: u32) -> u32 {
        disguise(number, &self.zero)
    }
}

impl Default for Window {
    fn default() -> Self {
        Self::new()
    }
}

/// Eight copies of a byte.
pub(crate) const fn repeat(byte: u8) -> u64 {
    byte as u64 * 0x0101_0101_0101_0101
}

/// The high bit of the lowest byte of `word` that is zero, and of no byte below it; bytes above it may be marked falsely
/// (Knuth, The Art of Computer Programming 4A, §7.1.3).
#[inline(always)]
pub(crate) const fn lowest_zero(word: u64) -> u64 {
    word.wrapping_sub(repeat(1)) & !word & repeat(0x80)
}

/// The high bit of the lowest byte of `word` that is at most a space; bytes above it may be marked falsely.
#[inline(always)]
pub(crate) const fn lowest_blank(word: u64) -> u64 {
    word.wrapping_sub(repeat(0x21)) & !word & repeat(0x80)
}

/// The high bit of the lowest byte of `word` that is at most a CR, as line ends are; bytes above it may be marked falsely.
#[inline(always)]
pub(crate) const fn lowest_control(word: u64) -> u64 {
    word.wrapping_sub(repeat(b'\r' + 1)) & !word & repeat(0x80)
}

/// The first of four words that has marks, and where it begins.
#[inline(always)]
pub(crate) const fn first_marked([a, b, c, d]: [u64; 4]) -> Option<(u32, u64)> {
    if a != 0 {
        Some((0, a))
    } else if b != 0 {
        Some((8, b))
    } else if c != 0 {
        Some((16, c))
    } else if d != 0 {
        Some((24, d))
    } else {
        None
    }
}

/// The index (0..=7) of the lowest marked byte of a mask; 8 if none is marked.
#[inline(always)]
pub(crate) const fn lowest_index(mask: u64) -> u32 {
    // As many bytes lie below the lowest mark as the bits below it have high bits of bytes. That takes a processor without
    // an instruction for trailing zeros, which BPF's is, half as many.
    let below = mask.wrapping_sub(1) & !mask & repeat(0x80);
    ((below >> 7).wrapping_mul(repeat(1)) >> 56) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn masks_agree_with_bytes(bytes in any::<[u8; 8]>()) {
            let word = u64::from_le_bytes(bytes);
            let first = |f: &dyn Fn(u8) -> bool| bytes.iter().position(|b| f(*b)).map(|i| i as u32);
            let index = |mask: u64| (mask != 0).then(|| lowest_index(mask));
            prop_assert_eq!(index(lowest_zero(word)), first(&|b| b == 0));
            prop_assert_eq!(index(lowest_blank(word)), first(&|b| b <= b' '));
            prop_assert_eq!(index(lowest_control(word)), first(&|b| b <= b'\r'));
        }

        #[test]
        fn what_follows_the_payload_is_zero(payload in prop::collection::vec(1u8.., 0..2_200)) {
            let mut w = Window::new();
            w.fill(&[0xff; 3_000]);
            w.fill(&payload);
            let len = payload.len().min(EXAMINED as usize);
            prop_assert_eq!(w.len() as usize, len);
            for at in 0..len {
                let mut want = [0; 8];
                let n = (len - at).min(8);
                want[..n].copy_from_slice(&payload[at..at + n]);
                prop_assert_eq!(w.word(at as u32).to_le_bytes(), want);
            }
        }
    }
}
