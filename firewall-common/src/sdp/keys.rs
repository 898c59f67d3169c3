//! The keys that a media line can have: `a=crypto` (RFC 4568 §9.1) and `a=fingerprint` (RFC 8122 §5).
//!
//! Owns: which keys such a line offers. Refuses: the keys themselves.
use super::Suite;
use super::media_line::{end_of_word, is_blank, skip_blanks};
use crate::sip::window::{Window, first_marked, lowest_blank, lowest_index, repeat};

/// How many words and stretches of 32 bytes there is time for behind the keys, to look for session parameters.
const REST_MAX: u32 = 24;

/// The bit of the suite that the line at `at` offers keys of; 0 for an unknown suite, for no keys, and for session
/// parameters by which something would not be encrypted or not authenticated (RFC 4568 §6.3.2).
#[inline(always)]
pub fn crypto(w: &Window, at: u32, limit: u32) -> u32 {
    if !is(w, at, b"a=crypto") || w.byte(at + 8) != b':' {
        return 0;
    }
    // The first word is the tag.
    let name = skip_blanks(w, end_of_word(w, skip_blanks(w, at + 9)));
    let end = end_of_word(w, name);
    let keys = skip_blanks(w, end);
    let has_keys = w.word(keys) | repeat(0x20);
    if w.forget(keys + 7) > w.forget(limit) || has_keys << 8 != u64::from_le_bytes(*b"\0inline:") {
        return 0;
    }
    if is_weakened(w, keys, limit) { 0 } else { suite(w, name, w.forget(end - name)) }
}

/// Whether the line at `at` offers a fingerprint.
#[inline(always)]
pub fn fingerprint(w: &Window, at: u32, limit: u32) -> bool {
    let rest = w.word(at + 8) | repeat(0x20);
    is(w, at, b"a=finger")
        && rest << 16 == u64::from_le_bytes(*b"\0\0print:")
        && w.byte(skip_blanks(w, at + 14)) > b' '
        && w.forget(at + 14) < w.forget(limit)
}

/// Whether the line at `at` proposes a configuration (RFC 5939 §3.5.1), which may be one of SRTP.
#[inline(always)]
pub fn capability(w: &Window, at: u32) -> bool {
    (w.word(at) | repeat(0x20)) << 8 == u64::from_le_bytes(*b"\0a=pcfg:")
}

#[inline(always)]
fn is(w: &Window, at: u32, word: &[u8; 8]) -> bool {
    w.word(at) | repeat(0x20) == u64::from_le_bytes(*word)
}

/// The bit of the suite whose name of `len` bytes stands at `at`, in any case.
#[inline(always)]
fn suite(w: &Window, at: u32, len: u32) -> u32 {
    let [a, b, c] = [0, 8, 16].map(|n| w.word(at + n) & !repeat(0x20));
    let mut found = 0;
    for name in &NAMES {
        let [x, y, z] = name.words;
        if name.len == w.forget(len) && a == x && b == y && c & name.mask == z {
            found = name.bit;
        }
    }
    w.forget(found)
}

/// A suite's name in 24 bytes, without the bit by which the cases of a letter differ.
struct Name {
    words: [u64; 3],
    /// The bytes of the last word that belong to the name.
    mask: u64,
    len: u32,
    bit: u32,
}

static NAMES: [Name; Suite::NAMES.len()] = {
    const NONE: Name = Name { words: [0; 3], mask: 0, len: 0, bit: 0 };
    let mut names = [NONE; Suite::NAMES.len()];
    let mut i = 0;
    while i < names.len() {
        let (name, suite) = Suite::NAMES[i];
        names[i] = Name::of(name.as_bytes(), suite.bit());
        i += 1;
    }
    names
};

impl Name {
    const fn of(name: &[u8], bit: u32) -> Self {
        let (mut words, mut i) = ([0; 3], 0);
        assert!(16 <= name.len() && name.len() < 24);
        while i < name.len() {
            words[i / 8] |= ((name[i] & !0x20) as u64) << (8 * (i % 8));
            i += 1;
        }
        Self { words, mask: (1 << (8 * (name.len() - 16))) - 1, len: name.len() as u32, bit }
    }
}

/// Whether `UNENCRYPTED_SRTP`, `UNENCRYPTED_SRTCP` or `UNAUTHENTICATED_SRTP` is among the words behind the keys.
#[inline(always)]
fn is_weakened(w: &Window, keys: u32, limit: u32) -> bool {
    let mut at = w.forget(keys);
    for _ in 0..REST_MAX {
        let Some((low, mark)) = first_marked(w.words(at).map(lowest_blank)) else {
            at = w.forget(at + 32);
            continue;
        };
        at = w.forget(at + low + lowest_index(mark));
        if !is_blank(w.byte(at)) || w.forget(at) >= w.forget(limit) {
            return false;
        }
        at = w.forget(at + 1);
        if is(w, at, b"unencryp") || is(w, at, b"unauthen") {
            return true;
        }
    }
    false
}
