//! Calls as the kernel knows them: who is party to a dialog.
//!
//! Owns: the record, and the keyed hash by which a Call-ID is known. Refuses: following calls (the daemon does).
use crate::addr::Addr;
use crate::limiter::{HashKey, mixed};
use crate::sip::window::{Window, lowest_blank, lowest_index};

/// How many parties of a call are known.
pub const PARTIES: usize = 4;

/// The remote parties of the calls of one Call-ID, at their whole addresses.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parties {
    /// Kernel monotonic nanoseconds after which nobody is held to it.
    pub until: u64,
    /// How many there are; with more than [`PARTIES`] there is no record.
    pub count: u64,
    /// The first `count` are meant.
    pub parties: [Addr; PARTIES],
}

impl Parties {
    /// Whether one of them is at `source`.
    #[inline(always)]
    pub fn include(&self, source: Addr, now: u64) -> bool {
        self.count != 0 && self.until > now && !self.exclude(source, now)
    }

    /// Whether somebody else than the parties is at `source`, while anybody is held to them.
    #[inline(always)]
    pub fn exclude(&self, source: Addr, now: u64) -> bool {
        let mut i = 0;
        while i < PARTIES {
            if (i as u64) < self.count && self.parties[i].hi == source.hi && self.parties[i].lo == source.lo {
                return false;
            }
            i += 1;
        }
        self.count != 0 && self.until > now
    }
}

/// How many bytes of a Call-ID count: many more than anybody writes.
const CALL_ID_MAX: u32 = 256;

/// By what the kernel knows a Call-ID: of its bytes up to the first blank the first 256.
pub fn hash(call_id: &[u8], key: HashKey) -> u64 {
    let end = call_id.iter().position(|byte| *byte <= b' ').unwrap_or(call_id.len()).min(CALL_ID_MAX as usize);
    let words = call_id[..end].chunks(8).map(|bytes| {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    });
    let hash = words.fold(begin(key), |hash, word| with(hash, word, key));
    finish(hash, end as u32)
}

/// The same for the Call-ID that begins at `at`, at its first byte that is no blank.
#[inline(always)]
pub fn hash_at(w: &Window, at: u32, key: HashKey) -> u64 {
    let (mut hash, mut len) = (begin(key), w.forget(0));
    for _ in 0..CALL_ID_MAX / 8 {
        let word = w.word(at + w.forget(len));
        let here = lowest_index(lowest_blank(word));
        if w.forget(here) == 0 {
            break;
        }
        hash = with(hash, word & (u64::MAX >> ((64 - 8 * here) & 63)), key);
        len = w.forget(len + here);
        if w.forget(here) != 8 {
            break;
        }
    }
    finish(hash, w.forget(len))
}

#[inline(always)]
const fn begin(key: HashKey) -> u64 {
    key.0[0]
}

#[inline(always)]
const fn with(hash: u64, word: u64, key: HashKey) -> u64 {
    mixed((hash ^ word).wrapping_add(key.0[1]))
}

#[inline(always)]
const fn finish(hash: u64, len: u32) -> u64 {
    mixed(hash ^ len as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;
    use std::{format, vec::Vec};

    const KEY: HashKey = HashKey([0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210]);

    proptest! {
        #[test]
        fn both_readings_know_a_call_id_by_the_same(id in "[!-~]{0,300}", end in "(\r\n|\n| \r\n|\t;x|)", at in 0usize..1_000, key in any::<[u64; 2]>()) {
            let mut w = Window::new();
            w.fill(&[b'x'; 1_536]);
            let text = format!("{}{id}{end}", " ".repeat(at));
            w.fill(text.as_bytes());
            prop_assert_eq!(hash_at(&w, at as u32, HashKey(key)), hash(id.as_bytes(), HashKey(key)));
            prop_assert_eq!(hash(&text.as_bytes()[at..], HashKey(key)), hash(id.as_bytes(), HashKey(key)));
        }

        #[test]
        fn bytes_of_any_value_count(id in prop::collection::vec(0x21u8.., 0..40), at in 0usize..40) {
            let mut w = Window::new();
            w.fill(&[&b" ".repeat(at)[..], &id, b"\r\n"].concat());
            prop_assert_eq!(hash_at(&w, at as u32, KEY), hash(&id, KEY));
        }
    }

    #[test]
    fn call_ids_that_differ_anywhere_are_known_apart() {
        let ids: Vec<_> = (0..40).flat_map(|len| ["a".repeat(len) + "b", "b".repeat(len) + "a"]).collect();
        let hashes: HashSet<u64> = ids.iter().map(|id| hash(id.as_bytes(), KEY)).collect();
        assert_eq!(hashes.len(), ids.iter().collect::<HashSet<_>>().len());
        assert_ne!(hash(b"x", KEY), hash(b"x", HashKey([1, 2])));
    }

    #[test]
    fn who_is_none_of_the_parties_is_outside() {
        let [a, b, c] = [1, 2, 3].map(|last| Addr::from_v4([192, 0, 2, last]));
        let parties = |count| Parties { until: 10, count, parties: [a, b, c, c] };
        let excludes = |count, source| parties(count).exclude(source, 9);
        assert_eq!([a, b, c].map(|source| excludes(2, source)), [false, false, true]);
        assert_eq!([a, b, c].map(|source| excludes(1, source)), [false, true, true]);
        assert!(!excludes(0, c) && !excludes(4, c), "without parties nobody is held to them");
        assert!(!parties(1).exclude(c, 10), "at its end");
    }
}
