//! STUN as ICE asks and answers with it (RFC 8489, RFC 8445 §7).
//!
//! Owns: what a message is, and the USERNAME by which a request shows that its sender knows the session description.
//! Refuses: checking its integrity, which takes the password.
use crate::sip::Window;

/// What a message is (RFC 8489 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StunClass {
    /// It wants an answer.
    Request,
    /// It wants none.
    Indication,
    /// It answers a request, well or not.
    Response,
}

impl StunClass {
    /// Of a message that begins with these bytes.
    #[inline(always)]
    pub const fn of(first: u8, second: u8) -> Self {
        match (first & 0x01, second & 0x10) {
            (0, 0) => Self::Request,
            (0, _) => Self::Indication,
            _ => Self::Response,
        }
    }
}

/// The longest USERNAME that is looked at: two fragments of 256 characters and a colon (RFC 8839 §5.4).
pub const USERNAME_MAX: u32 = 513;
/// How many attributes are looked at. USERNAME must stand before the integrity (RFC 8489 §14.5), and a request of ICE has
/// three or four others.
const ATTRIBUTES_MAX: u32 = 16;
const HEADER: u32 = 20;
const ATTRIBUTE: u32 = 4;
const USERNAME: u32 = 0x0006;

/// The hash of a USERNAME as it stands in a STUN request, never zero. It needs no key: who does not know the USERNAME does
/// not know its hash.
pub fn username_hash(username: &[u8]) -> u64 {
    let word = |bytes: &[u8]| (0..).zip(bytes).fold(0, |word, (i, byte)| word | u64::from(*byte) << (8 * i));
    finish(username.chunks(WORD as usize).map(word).fold(begin(username.len() as u32), with))
}

/// Bytes that are hashed at once, the first in the lowest bits; the last word is filled up with zeros.
const WORD: u32 = 8;

#[inline(always)]
const fn begin(len: u32) -> u64 {
    // So that zeros at the end are told from none.
    len as u64
}

#[inline(always)]
const fn with(sum: u64, word: u64) -> u64 {
    // Fibonacci hashing (Knuth, The Art of Computer Programming 3, §6.4), and the upper half folded down.
    let x = (sum ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^ x >> 32
}

#[inline(always)]
const fn finish(sum: u64) -> u64 {
    if sum == 0 { 1 } else { sum }
}

/// The hash of the USERNAME of the STUN message in a window; nothing without one.
pub fn username(w: &Window) -> Option<u64> {
    locate(w).map(|(at, len)| hash(w, at, len))
}

/// Where the value of the first USERNAME of the STUN message in a window begins, and how long it is.
#[inline(always)]
pub fn locate(w: &Window) -> Option<(u32, u32)> {
    let said = HEADER + number(w, 2);
    let end = if said < w.len() { said } else { w.len() };
    let mut at = w.forget(HEADER);
    for _ in 0..ATTRIBUTES_MAX {
        if at + ATTRIBUTE > end {
            return None;
        }
        let (kind, len) = (number(w, at), number(w, at + 2));
        at = w.forget(at + ATTRIBUTE);
        if kind == USERNAME {
            return (len != 0 && len <= USERNAME_MAX && at + len <= end).then_some((at, len));
        }
        // Values are padded to words (RFC 8489 §14).
        at = w.forget(at + ((len + 3) & !3));
    }
    None
}

/// [`username_hash`] of `len` bytes of a window, of which [`USERNAME_MAX`] count.
#[inline(always)]
pub fn hash(w: &Window, at: u32, len: u32) -> u64 {
    let (whole, rest) = (w.forget(len & !(WORD - 1)), w.forget(len & (WORD - 1)));
    let mut sum = begin(len);
    for i in 0..USERNAME_MAX / WORD {
        if i * WORD >= whole {
            break;
        }
        sum = with(sum, w.word(at + i * WORD));
    }
    if rest != 0 {
        sum = with(sum, w.word(w.forget(at + whole)) & !(u64::MAX << (8 * rest)));
    }
    finish(sum)
}

#[inline(always)]
fn number(w: &Window, at: u32) -> u32 {
    u32::from(w.byte(at)) << 8 | u32::from(w.byte(at + 1))
}
