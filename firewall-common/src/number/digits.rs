//! Up to 32 digits, four bits each.
//!
//! Owns: their order and what is done with whole numbers of them. Refuses: what they mean.

/// How many digits are kept of a number: twice what E.164 allows, and the rest decides nothing.
pub const DIGITS: u32 = 32;
/// The digit `*`.
pub const STAR: u8 = 10;
/// The digit `#`.
pub const HASH: u8 = 11;

/// Digits: 0 to 9, [`STAR`] and [`HASH`]. The first one is in the highest bits of `hi`; those behind the last one are 0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Digits {
    /// The first 16.
    pub hi: u64,
    /// The last 16.
    pub lo: u64,
    /// How many there are.
    pub len: u32,
    /// Makes the size a multiple of the alignment without padding.
    pub reserved: u32,
}

impl Digits {
    /// None.
    pub const NONE: Self = Self { hi: 0, lo: 0, len: 0, reserved: 0 };

    /// One more at the end; those behind the 32nd are left out.
    #[inline(always)]
    #[must_use]
    pub const fn push(self, digit: u8) -> Self {
        let digit = (digit & 15) as u64;
        let shift = 60 - 4 * (self.len & 15);
        match self.len {
            0..16 => Self { hi: self.hi | digit << shift, len: self.len + 1, ..self },
            16..DIGITS => Self { lo: self.lo | digit << shift, len: self.len + 1, ..self },
            _ => self,
        }
    }

    /// Without the first `count`, 16 at most.
    #[inline(always)]
    #[must_use]
    pub const fn strip(self, count: u32) -> Self {
        let count = if count < self.len { count } else { self.len };
        let len = self.len - count;
        let (hi, lo) = match count {
            0 => (self.hi, self.lo),
            1..16 => (self.hi << (4 * count) | self.lo >> (64 - 4 * count), self.lo << (4 * count)),
            _ => (self.lo, 0),
        };
        Self { hi, lo, len, reserved: 0 }
    }

    /// With `count` digits (1 to 15) before them, which are the lowest bits of `digits`.
    #[inline(always)]
    #[must_use]
    pub const fn insert(self, digits: u64, count: u32) -> Self {
        if count == 0 || count > 15 {
            return self;
        }
        let (shift, len) = (4 * count, self.len + count);
        Self {
            hi: self.hi >> shift | digits << (64 - shift),
            lo: self.lo >> shift | self.hi << (64 - shift),
            len: if len < DIGITS { len } else { DIGITS },
            reserved: 0,
        }
    }

    /// As the bytes that a trie compares, two digits each.
    #[inline(always)]
    pub const fn bytes(self) -> [u8; 16] {
        (((self.hi as u128) << 64) | self.lo as u128).to_be_bytes()
    }

    /// The digits of a text that is nothing but digits, `*`, `#` and visual separators (RFC 3966 §3, and blanks).
    pub fn parse(text: &str) -> Option<Self> {
        text.bytes().try_fold(Self::NONE, |digits, byte| match byte {
            b'0'..=b'9' if digits.len < DIGITS => Some(digits.push(byte - b'0')),
            b'*' if digits.len < DIGITS => Some(digits.push(STAR)),
            b'#' if digits.len < DIGITS => Some(digits.push(HASH)),
            b'-' | b'.' | b'(' | b')' | b' ' | b'/' => Some(digits),
            _ => None,
        })
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..self.len)
            .map(move |at| (if at < 16 { self.hi >> (60 - 4 * at) } else { self.lo >> (124 - 4 * at) }) as u8 & 15)
    }

    /// Whether it begins with these.
    pub fn starts_with(self, prefix: Self) -> bool {
        prefix.len <= self.len && self.iter().zip(prefix.iter()).all(|(a, b)| a == b)
    }
}

impl core::fmt::Display for Digits {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.iter().try_for_each(|digit| match digit {
            STAR => f.write_str("*"),
            HASH => f.write_str("#"),
            digit => write!(f, "{digit}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::{String, ToString as _};

    proptest! {
        #[test]
        fn digits_are_what_a_text_is(text in "[0-9*#]{0,32}", strip in 0usize..17, before in "[1-9][0-9]{0,14}") {
            let digits = Digits::parse(&text).unwrap();
            prop_assert_eq!(digits.to_string(), text.clone());
            prop_assert_eq!(digits.strip(strip as u32).to_string(), &text[strip.min(text.len())..]);
            let number = u64::from_str_radix(&before, 16).unwrap();
            let longer: String = before.clone() + &text;
            prop_assert_eq!(digits.insert(number, before.len() as u32).to_string(), &longer[..longer.len().min(32)]);
            prop_assert!(digits.starts_with(Digits::parse(&text[..text.len() / 2]).unwrap()));
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["12a", "+49", "0x1", &"1".repeat(33)] {
            assert_eq!(Digits::parse(text), None, "{text}");
        }
        assert_eq!(Digits::parse("(0) 900-1.2/3").unwrap().to_string(), "0900123");
    }
}
