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
pub(super) fn crypto(w: &Window, at: u32, limit: u32) -> u32 {
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
pub(super) fn fingerprint(w: &Window, at: u32, limit: u32) -> bool {
    let rest = w.word(at + 8) | repeat(0x20);
    is(w, at, b"a=finger")
        && rest << 16 == u64::from_le_bytes(*b"\0\0print:")
        && w.byte(skip_blanks(w, at + 14)) > b' '
        && w.forget(at + 14) < w.forget(limit)
}

/// Whether the line at `at` proposes a configuration (RFC 5939 §3.5.1), which may be one of SRTP.
#[inline(always)]
pub(super) fn capability(w: &Window, at: u32) -> bool {
    (w.word(at) | repeat(0x20)) << 8 == u64::from_le_bytes(*b"\0a=pcfg:")
}

#[inline(always)]
fn is(w: &Window, at: u32, word: &[u8; 8]) -> bool {
    w.word(at) | repeat(0x20) == u64::from_le_bytes(*word)
}

/// The bit of the suite whose name of `len` bytes stands at `at`, in any case.
#[inline(always)]
fn suite(w: &Window, at: u32, len: u32) -> u32 {
    let unread = w.forget(len.wrapping_sub(SHORTEST));
    if unread >= 8 {
        return 0;
    }
    let last = w.word(at + 16) & ((1 << (8 * unread)) - 1);
    let digest = digest([w.word(at), w.word(at + 8), last]);
    let mut found = 0;
    for name in &NAMES {
        if name.digest == digest {
            found = name.bit as u32;
        }
    }
    w.forget(found)
}

/// Bytes of the shortest name; the longest is less than eight bytes longer.
const SHORTEST: u32 = 16;

/// A name in one number, whatever the case of its letters. Whoever makes up a name with the number of another's finds out
/// from the daemon that it is none.
#[inline(always)]
const fn digest([a, b, c]: [u64; 3]) -> u64 {
    const CASE: u64 = repeat(0x20);
    let a = (a & !CASE).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b & !CASE;
    a.wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ c & !CASE
}

/// A suite's name.
struct Name {
    digest: u64,
    bit: u64,
}

static NAMES: [Name; Suite::NAMES.len()] = {
    let mut names = [const { Name { digest: 0, bit: 0 } }; Suite::NAMES.len()];
    let mut i = 0;
    while i < names.len() {
        let (name, suite) = Suite::NAMES[i];
        names[i] = Name { digest: digest(words(name.as_bytes())), bit: suite.bit() as u64 };
        i += 1;
    }
    names
};

const fn words(name: &[u8]) -> [u64; 3] {
    assert!(SHORTEST as usize <= name.len() && name.len() < SHORTEST as usize + 8);
    let (mut words, mut i) = ([0; 3], 0);
    while i < name.len() {
        words[i / 8] |= (name[i] as u64) << (8 * (i % 8));
        i += 1;
    }
    words
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
