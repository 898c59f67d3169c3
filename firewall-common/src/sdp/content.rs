//! Header fields that tell what a body is: Content-Type (RFC 3261 §20.15) and Content-Length (RFC 3261 §20.14), of a message
//! or of a part of a multipart body (RFC 2045 §5.1).
//!
//! Owns: which field a line is, and its value. Refuses: where lines begin.
use super::lines::{ends_name, mark};
use crate::bound::wrap;
use crate::sip::window::{Window, repeat};

/// Neither a session description nor made of parts.
pub(super) const OTHER: u32 = 1;
/// A session description: `application/sdp`.
pub(super) const SDP: u32 = 2;
/// Made of parts: `multipart/…` with a boundary.
pub(super) const MULTIPART: u32 = 3;
/// Not understood, though it may be one of them.
pub(super) const UNSURE: u32 = 4;

/// How many bytes of a value are looked at.
const VALUE_MAX: u32 = 96;
/// How many blanks and line ends stand before a value at most.
const BLANKS_MAX: u32 = 16;
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

/// Where the value begins behind a name that ends at `at`: behind blanks, the colon or equals sign, and line ends, since it
/// may stand on the next line (RFC 3261 §7.3.1). What has no value gets that of the next line, which is no better.
#[inline(always)]
fn value(w: &Window, at: u32) -> u32 {
    let mut n = 0;
    while n < BLANKS_MAX && BYTES[w.byte(at + n) as usize] & class::SKIPPED != 0 {
        n += 1;
    }
    w.forget(at + n)
}

/// A Content-Length; `u32::MAX` for what is no number.
#[inline(always)]
pub(super) fn length(w: &Window, at: u32) -> u32 {
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
pub(super) fn kind(w: &Window, at: u32, limit: u32) -> u64 {
    let at = value(w, at);
    let (kind, rest) = (w.word(at) | repeat(0x20), w.word(at + 8));
    let lower = rest | repeat(0x20);
    if kind == u64::from_le_bytes(*b"applicat") {
        let is_sdp = lower << 8 == u64::from_le_bytes(*b"\0ion/sdp") && ends_type(w.byte(at + 15));
        let is_odd = lower & 0xff_ffff == u64::from(u32::from_le_bytes(*b"ion\0")) && is_parted((rest >> 24) as u16);
        return u64::from(if is_sdp { SDP } else { odd(is_odd) });
    }
    if kind != u64::from_le_bytes(*b"multipar") || lower as u8 != b't' {
        return u64::from(OTHER);
    }
    if (rest >> 8) as u8 == b'/' { boundary(w, at, limit) } else { u64::from(odd(is_parted((rest >> 8) as u16))) }
}

#[inline(always)]
const fn odd(is_odd: bool) -> u32 {
    if is_odd { UNSURE } else { OTHER }
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
    /// Behind a line end in a parameter; the value goes on if a blank follows.
    pub(super) const LINE: u32 = 4;
    /// Behind a line end before a parameter's name.
    pub(super) const BEGIN_LINE: u32 = 5;
    /// The value has ended.
    pub(super) const END: u32 = 6;
}

/// Classes of bytes, and what else they are, as bits.
mod class {
    pub(super) const OTHER: u8 = 0;
    pub(super) const SEMICOLON: u8 = 1;
    pub(super) const QUOTE: u8 = 2;
    pub(super) const BACKSLASH: u8 = 3;
    pub(super) const BLANK: u8 = 4;
    pub(super) const RETURN: u8 = 5;
    pub(super) const NEWLINE: u8 = 6;
    pub(super) const MASK: u8 = 7;
    /// It may stand before a value.
    pub(super) const SKIPPED: u8 = 8;
    /// It ends a boundary without quotation marks.
    pub(super) const ENDS_BARE: u8 = 16;
    /// It ends a boundary between quotation marks.
    pub(super) const ENDS_QUOTED: u8 = 32;
}

/// A table, and not comparisons, because the kernel's verifier follows both ways of every comparison.
static BYTES: [u8; 256] = {
    use class::{BACKSLASH, BLANK, ENDS_BARE, ENDS_QUOTED, NEWLINE, OTHER, QUOTE, RETURN, SEMICOLON, SKIPPED};
    let mut table = [OTHER; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = match b as u8 {
            b';' => SEMICOLON | ENDS_BARE,
            b'"' => QUOTE | ENDS_BARE | ENDS_QUOTED,
            b'\\' => BACKSLASH | ENDS_BARE | ENDS_QUOTED,
            b' ' | b'\t' => BLANK | SKIPPED | ENDS_BARE,
            b'\r' => RETURN | SKIPPED | ENDS_BARE | ENDS_QUOTED,
            b'\n' => NEWLINE | SKIPPED | ENDS_BARE | ENDS_QUOTED,
            b':' | b'=' => OTHER | SKIPPED,
            b',' => OTHER | ENDS_BARE,
            0 => OTHER | ENDS_BARE | ENDS_QUOTED,
            _ => OTHER,
        };
        b += 1;
    }
    table
};

/// The place behind a byte: a row of eight classes for each place.
static NEXT: [u8; 64] = {
    let mut table = [0; 64];
    let mut at = 0;
    while at < 64 {
        table[at] = next(at as u32 / 8, at as u8 % 8) as u8;
        at += 1;
    }
    table
};

const fn next(place: u32, class: u8) -> u32 {
    match (place, class) {
        (place::QUOTED, class::BACKSLASH) => place::ESCAPED,
        (place::QUOTED, class::QUOTE) => place::WORD,
        (place::QUOTED | place::ESCAPED, class::NEWLINE) => place::END,
        (place::QUOTED | place::ESCAPED, _) => place::QUOTED,
        (place::LINE, class::BLANK) => place::WORD,
        (place::BEGIN_LINE, class::BLANK) => place::BEGIN,
        (place::LINE | place::BEGIN_LINE, class::NEWLINE) => place,
        (place::LINE | place::BEGIN_LINE | place::END, _) => place::END,
        (place::BEGIN, class::RETURN | class::NEWLINE) => place::BEGIN_LINE,
        (place::WORD, class::RETURN | class::NEWLINE) => place::LINE,
        (_, class::QUOTE) => place::QUOTED,
        (_, class::SEMICOLON) => place::BEGIN,
        (place::BEGIN, class::BLANK) => place::BEGIN,
        _ => place::WORD,
    }
}

/// The boundary parameter of the value at `at` (RFC 2046 §5.1.1).
#[inline(always)]
fn boundary(w: &Window, at: u32, limit: u32) -> u64 {
    let (mut at, mut place) = (w.forget(at), w.forget(place::WORD));
    for _ in 0..VALUE_MAX {
        let is_other = (w.word(at) | repeat(0x20)) ^ u64::from_le_bytes(*b"boundary") | u64::from(place ^ place::BEGIN);
        if is_other == 0 {
            return delimiter(w, at + 8, limit);
        }
        place = w.forget(u32::from(NEXT[wrap::<64>(place * 8 + u32::from(BYTES[w.byte(at) as usize] & class::MASK))]));
        at = w.forget(at + 1);
        if w.forget(place) == place::END {
            break;
        }
    }
    u64::from(UNSURE)
}

/// The boundary whose name ends at `at`, as [`kind`] has it. One with a backslash in it is not understood.
#[inline(always)]
fn delimiter(w: &Window, at: u32, limit: u32) -> u64 {
    let at = value(w, at);
    let is_quoted = w.byte(at) == b'"';
    let at = w.forget(if is_quoted { at + 1 } else { at });
    let ends = w.forget(u32::from(if is_quoted { class::ENDS_QUOTED } else { class::ENDS_BARE })) as u8;
    let mut len = 0;
    while len < BOUNDARY_MAX && BYTES[w.byte(at + len) as usize] & ends == 0 {
        len += 1;
    }
    let len = w.forget(len);
    let end = w.byte(at + len);
    let is_ended = BYTES[end as usize] & ends != 0 && end != b'\\' && w.forget(at + len) <= w.forget(limit);
    if is_ended && len != 0 { u64::from(MULTIPART | len << 8) | u64::from(at) << 32 } else { u64::from(UNSURE) }
}

const BOUNDARY_WORDS: u32 = BOUNDARY_MAX.div_ceil(8);

/// What the line of two dashes at `at` is to a body with the boundary of `len` bytes at `boundary`.
#[inline(always)]
pub(super) fn delimits(w: &Window, at: u32, boundary: u32, len: u32) -> u32 {
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
pub(super) const NO_PART: u32 = 0;
/// Of [`delimits`]: a part's headers follow.
pub(super) const PART: u32 = 1;
/// Of [`delimits`]: no part follows.
pub(super) const LAST: u32 = 2;
