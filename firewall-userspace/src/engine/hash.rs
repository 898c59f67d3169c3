//! Keyed hashes: what names are known by inside the engine.
//!
//! Owns: the one hash function, and which parts of it serve what. Refuses: hashes whose key somebody outside knows.
use std::hash::Hasher as _;

use firewall_common::addr::Addr;
use siphasher::sip::SipHasher13;

use super::saved::Key;

impl Key {
    /// The hash of some byte strings, one behind the other; where one ends and the next begins counts.
    pub(super) fn of(self, parts: &[&[u8]]) -> u64 {
        let mut hasher = SipHasher13::new_with_keys(self.0[0], self.0[1]);
        for part in parts {
            hasher.write(part);
            hasher.write_usize(part.len());
        }
        hasher.finish()
    }

    /// The hash of a source, at a source's width.
    pub(crate) fn source(self, source: Addr) -> u64 {
        self.joined(source.hi, source.lo)
    }

    /// The hash of two words, in this order.
    pub(super) fn joined(self, first: u64, second: u64) -> u64 {
        let [k0, k1] = self.0;
        mix(mix(first ^ k0).wrapping_add(second) ^ k1)
    }
}

/// The finisher of SplitMix64 (Steele, Lea, Flood 2014): a bijection that leaves no bit where it was.
const fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

/// Half a hash, for places where a chance of one in four thousand million is small enough. Never 0, which is none.
pub(super) const fn half(hash: u64) -> u32 {
    let half = (hash >> 32) as u32;
    if half == 0 { 1 } else { half }
}

/// A quarter of a hash, for small sets. Never 0, which is none.
pub(super) const fn quarter(hash: u64) -> u16 {
    let quarter = (hash >> 16) as u16;
    if quarter == 0 { 1 } else { quarter }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_and_order_count() {
        let key = Key([1, 2]);
        assert_ne!(key.of(&[b"ab", b"c"]), key.of(&[b"a", b"bc"]));
        assert_ne!(key.of(&[b"a", b"b"]), key.of(&[b"b", b"a"]));
        assert_ne!(key.joined(1, 2), key.joined(2, 1));
        assert_ne!(key.of(&[b"a"]), Key([1, 3]).of(&[b"a"]));
    }

    #[test]
    fn neighbours_have_nothing_in_common() {
        let key = Key([7, 9]);
        let hashes: std::collections::HashSet<u32> =
            (0..10_000u32).map(|n| half(key.source(Addr::from_v4(n.to_be_bytes())))).collect();
        assert!(hashes.len() >= 9_998, "{}", hashes.len());
    }
}
