//! Finds the lines that say something about media or about the body they stand in, 32 bytes at a time.
//!
//! Owns: where lines end (CRLF, a bare LF and a bare CR: servers take each of them), and which beginnings are of interest.
//! Refuses: reading a line.
use crate::sip::window::{Window, lowest_control, lowest_index};

/// What a line may be, by its first four bytes. Whoever is shown it has to look at the rest.
pub(super) mod mark {
    /// `Content-…`, in any case.
    pub(in super::super) const CONTENT: u32 = 1;
    /// The compact form of Content-Type or Content-Length (RFC 3261 §7.3.3).
    pub(in super::super) const COMPACT: u32 = 2;
    /// Nothing: the end of the headers.
    pub(in super::super) const EMPTY: u32 = 4;
    /// `m=` (RFC 8866 §5.14).
    pub(in super::super) const MEDIA: u32 = 8;
    /// `a=crypto` (RFC 4568).
    pub(in super::super) const CRYPTO: u32 = 16;
    /// `a=fingerprint` (RFC 8122 §5).
    pub(in super::super) const FINGERPRINT: u32 = 32;
    /// `a=pcfg` (RFC 5939 §3.5.1).
    pub(in super::super) const CAPABILITY: u32 = 64;
    /// Two dashes: perhaps the end of a part of the body (RFC 2046 §5.1.1).
    pub(in super::super) const DASHES: u32 = 128;
    /// No line: there was no time to look at more.
    pub(in super::super) const LOST: u32 = 256;
}

/// How many stretches of 32 bytes, of which each line end begins a new one, are looked at in one go.
const STRETCHES: u32 = 32;

pub(super) const CRLF: u64 = u16::from_le_bytes(*b"\r\n") as u64;

/// The first line of interest behind the first line end at or behind `from`, and before `limit`: where it begins in the
/// lower half, its [`mark`]s among `wanted` in the upper half; 0 for none. [`mark::LOST`]: so far there is none, and whoever
/// wants to know more goes on from there.
///
/// Hardly anything in the loop branches but to its end, because the kernel's verifier follows both ways of every branch.
#[inline(always)]
pub fn next(w: &Window, from: u32, limit: u32, wanted: u32) -> u64 {
    let mut at = w.forget(from);
    for _ in 0..STRETCHES {
        // Of copies: a comparison would teach the verifier something of both.
        if w.forget(at) >= w.forget(limit) {
            return 0;
        }
        let [a, b, c, d] = w.words(at).map(lowest_control);
        if a | b | c | d == 0 {
            at = w.forget(at + 32);
            continue;
        }
        at = w.forget(if a | b == 0 { at + 16 + index(c, d) } else { at + index(a, b) });
        let [end, after] = [0, 1].map(|n| u32::from(ENDS[w.byte(at + n) as usize]));
        at = w.forget(at + (end & 1) + (end >> 1 & after >> 2 & 1));
        let marks = marks(w.word(at)) & wanted & (0u32.wrapping_sub(end >> 3));
        if w.forget(marks) != 0 {
            let at = w.forget(at);
            return if at < w.forget(limit) { u64::from(at) | u64::from(w.forget(marks)) << 32 } else { 0 };
        }
    }
    u64::from(w.forget(at)) | u64::from(mark::LOST) << 32
}

/// Where the first marked byte of two words stands, of which one has marks.
#[inline(always)]
const fn index(a: u64, b: u64) -> u32 {
    let (a, b) = (lowest_index(a), lowest_index(b));
    a + (a >> 3) * b
}

/// What a byte is to the end of a line: bit 0 for what is no part of a line's words, bit 1 for a CR, bit 2 for an LF, bit 3
/// for either.
static ENDS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte <= b'\r' as usize {
        table[byte] = match byte as u8 {
            b'\r' => 1 | 2 | 8,
            b'\n' => 1 | 4 | 8,
            _ => 1,
        };
        byte += 1;
    }
    table
};

/// The marks of a line that begins with these bytes.
#[inline(always)]
fn marks(head: u64) -> u32 {
    let of = |table: &[u8; 256], byte: u32| table[(head >> (8 * byte)) as u8 as usize];
    u32::from(of(&FIRST, 0) & of(&SECOND, 1) & of(&THIRD, 2) & of(&FOURTH, 3))
}

/// Tables, and not comparisons, because the kernel's verifier follows both ways of every comparison: for each of the first
/// four bytes of a line, the marks that it allows.
static FIRST: [u8; 256] = table(0);
static SECOND: [u8; 256] = table(1);
static THIRD: [u8; 256] = table(2);
static FOURTH: [u8; 256] = table(3);

const fn table(place: usize) -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = allowed(place, byte as u8);
        byte += 1;
    }
    table
}

/// The marks whose lines may have `byte` at `place`.
const fn allowed(place: usize, byte: u8) -> u8 {
    let letter = byte.to_ascii_lowercase();
    let mut marks = 0;
    if letter == b"cont"[place] {
        marks |= mark::CONTENT;
    }
    if place > 1 || place == 0 && matches!(letter, b'c' | b'l') || place == 1 && ends_name(byte) {
        marks |= mark::COMPACT;
    }
    if place > 0 || matches!(byte, b'\r' | b'\n') {
        marks |= mark::EMPTY;
    }
    if place > 1 || byte == b"m="[place] {
        marks |= mark::MEDIA;
    }
    if place > 1 || byte == b'-' {
        marks |= mark::DASHES;
    }
    (marks | attributes(place, byte)) as u8
}

/// The marks of attributes whose lines may have `byte` at `place`: `a=` in lower case, and a name in any.
const fn attributes(place: usize, byte: u8) -> u32 {
    if place < 2 {
        let is = byte == b"a="[place];
        return if is { mark::CRYPTO | mark::FINGERPRINT | mark::CAPABILITY } else { 0 };
    }
    match (place, byte.to_ascii_lowercase()) {
        (2, b'c') | (3, b'r') => mark::CRYPTO,
        (2, b'f') | (3, b'i') => mark::FINGERPRINT,
        (2, b'p') | (3, b'c') => mark::CAPABILITY,
        _ => 0,
    }
}

/// What may follow a header field's name (`HCOLON`, RFC 3261 §25.1).
pub(super) const fn ends_name(b: u8) -> bool {
    matches!(b, b':' | b' ' | b'\t')
}
