//! Header fields that tell what a body is: Content-Type (RFC 3261 §20.15) and Content-Length (RFC 3261 §20.14), of a message
//! or of a part of a multipart body (RFC 2045 §5.1).
//!
//! Owns: which field a line is, and its value. Refuses: where lines begin.
use super::lines::{CRLF, ends_name, mark};
use super::media_line::is_blank;
use crate::sip::window::{Window, repeat};

/// Neither a session description nor made of parts.
pub const OTHER: u32 = 0;
/// A session description: `application/sdp`.
pub const SDP: u32 = 1;
/// Made of parts: `multipart/…` with a boundary.
pub const MULTIPART: u32 = 2;
/// Not understood, though it may be one of them.
pub const UNSURE: u32 = 3;

/// How many bytes of a value are looked at.
const VALUE_MAX: u32 = 256;
/// How many blanks and line ends stand before a value at most.
const BLANKS_MAX: u32 = 32;
/// The longest boundary (RFC 2046 §5.1.1).
pub(super) const BOUNDARY_MAX: u32 = 70;

/// A field whose value matters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// Content-Type; where what follows its name begins.
    Type(u32),
    /// Content-Length; where what follows its name begins.
    Length(u32),
    /// Any other.
    Other,
}

/// The field of the line at `at`, which has `marks`.
#[inline(always)]
pub(super) fn field(w: &Window, at: u32, marks: u32) -> Field {
    if marks & mark::COMPACT != 0 {
        let is_type = w.byte(at) | 0x20 == b'c';
        return if is_type { Field::Type(at + 1) } else { Field::Length(at + 1) };
    }
    let (name, rest) = (w.word(at) | repeat(0x20), w.word(at + 8) | repeat(0x20));
    if name != u64::from_le_bytes(*b"content-") {
        Field::Other
    } else if rest as u32 == u32::from_le_bytes(*b"type") && ends_name(w.byte(at + 12)) {
        Field::Type(at + 12)
    } else if rest << 16 == u64::from_le_bytes(*b"\0\0length") && ends_name(w.byte(at + 14)) {
        Field::Length(at + 14)
    } else {
        Field::Other
    }
}

/// Where the value begins of a field whose name ends at `at`; it may be on the next line (RFC 3261 §7.3.1).
#[inline(always)]
fn value(w: &Window, at: u32) -> u32 {
    let mut at = w.forget(at);
    for _ in 0..BLANKS_MAX {
        let byte = w.byte(at);
        let is_before = is_blank(byte) || byte == b':' || matches!(byte, b'\r' | b'\n') && folds(w, at) != 0;
        if !is_before {
            break;
        }
        at = w.forget(at + 1);
    }
    at
}

/// The bytes of the line end at `at` if the next line continues the value; otherwise 0.
#[inline(always)]
fn folds(w: &Window, at: u32) -> u32 {
    let len = if w.word(at) & 0xffff == CRLF { 2 } else { 1 };
    if is_blank(w.byte(at + len)) { len } else { 0 }
}

/// A Content-Length; `u32::MAX` for what is no number.
#[inline(always)]
pub fn length(w: &Window, at: u32) -> u32 {
    let start = value(w, at);
    let (mut number, mut n) = (0u32, 0);
    while n < 9 && w.byte(start + n).is_ascii_digit() {
        number = w.forget(number * 10 + u32::from(w.byte(start + n) - b'0'));
        n += 1;
    }
    w.forget(if n == 0 || n == 9 { u32::MAX } else { number })
}

/// What a Content-Type says whose name ends at `at`: the kind in the lowest byte, and for [`MULTIPART`] the boundary's
/// length in the next and its place in the upper half.
#[inline(always)]
pub fn kind(w: &Window, at: u32, limit: u32) -> u64 {
    let at = value(w, at);
    let (kind, rest) = (w.word(at) | repeat(0x20), w.word(at + 8));
    let lower = rest | repeat(0x20);
    if kind == u64::from_le_bytes(*b"applicat") {
        let is_sdp = lower << 8 == u64::from_le_bytes(*b"\0ion/sdp") && ends_type(w.byte(at + 15));
        let is_odd = lower & 0xff_ffff == u64::from(u32::from_le_bytes(*b"ion\0")) && is_parted((rest >> 24) as u16);
        return u64::from(w.forget(if is_sdp { SDP } else { u32::from(is_odd) * UNSURE }));
    }
    if kind != u64::from_le_bytes(*b"multipar") || lower as u8 != b't' {
        return u64::from(OTHER);
    }
    if (rest >> 8) as u8 == b'/' {
        boundary(w, at, limit)
    } else {
        u64::from(w.forget(u32::from(is_parted((rest >> 8) as u16)) * UNSURE))
    }
}

/// Whether a type's slash stands among blanks, as the grammar of SIP allows (RFC 3261 §25.1).
#[inline(always)]
const fn is_parted(two: u16) -> bool {
    let [slash, next] = two.to_le_bytes();
    slash <= b' ' || slash == b'/' && next <= b' '
}

#[inline(always)]
const fn ends_type(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b';' | b',')
}

/// Where in a value's parameters the search stands.
mod place {
    /// In a parameter.
    pub(super) const WORD: u32 = 0;
    /// Before a parameter's name.
    pub(super) const BEGIN: u32 = 1;
    /// Between quotation marks.
    pub(super) const QUOTED: u32 = 2;
    /// Behind a backslash between quotation marks.
    pub(super) const ESCAPED: u32 = 3;
}

/// The boundary parameter of the value at `at` (RFC 2046 §5.1.1).
#[inline(always)]
fn boundary(w: &Window, at: u32, limit: u32) -> u64 {
    let (mut at, mut place) = (w.forget(at), w.forget(place::WORD));
    for _ in 0..VALUE_MAX {
        let byte = w.byte(at);
        let is_end = matches!(byte, b'\r' | b'\n');
        if w.forget(at) >= w.forget(limit) || is_end && folds(w, at) == 0 {
            break;
        }
        if place == place::BEGIN && w.word(at) | repeat(0x20) == u64::from_le_bytes(*b"boundary") {
            return delimiter(w, at + 8);
        }
        place = w.forget(after(place, byte));
        at = w.forget(at + 1);
    }
    u64::from(UNSURE)
}

/// The place behind a byte.
#[inline(always)]
const fn after(place: u32, byte: u8) -> u32 {
    match (place, byte) {
        (place::QUOTED, b'\\') => place::ESCAPED,
        (place::QUOTED, b'"') => place::WORD,
        (place::QUOTED | place::ESCAPED, _) => place::QUOTED,
        (_, b'"') => place::QUOTED,
        (_, b';') => place::BEGIN,
        (place::BEGIN, 0..=b' ') => place::BEGIN,
        _ => place::WORD,
    }
}

/// The boundary whose name ends at `at`, as [`kind`] has it. One with a backslash in it is not understood.
#[inline(always)]
fn delimiter(w: &Window, at: u32) -> u64 {
    let mut at = w.forget(at);
    for _ in 0..BLANKS_MAX {
        let byte = w.byte(at);
        if !(is_blank(byte) || byte == b'=' || matches!(byte, b'\r' | b'\n') && folds(w, at) != 0) {
            break;
        }
        at = w.forget(at + 1);
    }
    let is_quoted = w.byte(at) == b'"';
    let at = w.forget(at + u32::from(is_quoted));
    let mut len = 0;
    while len < BOUNDARY_MAX && !(END[w.byte(at + len) as usize] >> u32::from(is_quoted) & 1 != 0) {
        len += 1;
    }
    let len = w.forget(len);
    let is_ended = END[w.byte(at + len) as usize] >> u32::from(is_quoted) & 1 != 0 && w.byte(at + len) != b'\\';
    if is_ended && len != 0 { u64::from(MULTIPART | len << 8) | u64::from(at) << 32 } else { u64::from(UNSURE) }
}

/// What ends a boundary: bit 0 for a bare one, bit 1 for one between quotation marks.
static END: [u8; 256] = {
    let mut table = [0; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = match b as u8 {
            b'"' | b'\\' | b'\r' | b'\n' | 0 => 3,
            b' ' | b'\t' | b';' | b',' => 1,
            _ => 0,
        };
        b += 1;
    }
    table
};

const BOUNDARY_WORDS: u32 = BOUNDARY_MAX.div_ceil(8);

/// What the line of two dashes at `at` is to a body with the boundary of `len` bytes at `boundary`.
#[inline(always)]
pub fn delimits(w: &Window, at: u32, boundary: u32, len: u32) -> u32 {
    let at = w.forget(at + 2);
    for n in 0..BOUNDARY_WORDS {
        if 8 * n >= w.forget(len) {
            break;
        }
        let left = w.forget(len - 8 * n);
        let unread = if left < 8 { 64 - 8 * left } else { 0 };
        if (w.word(at + 8 * n) ^ w.word(boundary + 8 * n)) << (unread & 63) != 0 {
            return NO_PART;
        }
    }
    let rest = w.word(w.forget(at + len));
    let is_last = rest & 0xffff == u64::from(u16::from_le_bytes(*b"--"));
    if is_last {
        LAST
    } else if rest as u8 <= b' ' {
        PART
    } else {
        NO_PART
    }
}

/// Of [`delimits`]: it stands in a part.
pub const NO_PART: u32 = 0;
/// Of [`delimits`]: a part's headers follow.
pub const PART: u32 = 1;
/// Of [`delimits`]: no part follows.
pub const LAST: u32 = 2;
