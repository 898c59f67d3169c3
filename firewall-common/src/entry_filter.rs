//! What spares most packets a look-up of entries: bits of the sources and of the prefixes that there are entries for.
//!
//! Owns: which bits. Refuses: saying that there is an entry; a bit that is set only means that somebody must look.
use crate::addr::{Addr, Prefix};
use crate::policy::PrefixFilter;

/// The words of map `ENTRY_FILTER`: first those of the prefixes ([`PrefixFilter`]), then those of the sources.
///
/// A source has one of 262,144 bits. They fit a processor's cache where the hash of sources does not, so a flood from
/// random sources meets no slow memory here. With 65,536 sources one stranger in five is looked up all the same.
#[derive(Clone)]
pub struct EntryFilter(pub [u64; EntryFilter::WORDS]);

impl EntryFilter {
    /// Words of both parts.
    pub const WORDS: usize = PrefixFilter::WORDS + Self::SOURCE_WORDS;
    const SOURCE_WORDS: usize = 1 << (Self::SOURCE_BITS - 6);
    const SOURCE_BITS: u32 = 18;

    /// The word and the bit of a prefix's slot.
    #[inline(always)]
    pub const fn place(addr: Addr) -> (u32, u32) {
        PrefixFilter::place(addr)
    }

    /// The word and the bit of a source. Fibonacci hashing (Knuth, The Art of Computer Programming 3, §6.4): who knows
    /// it can at most make us look the source up.
    #[inline(always)]
    pub const fn place_of_source(source: Addr) -> (u32, u32) {
        let mixed = (source.lo ^ source.hi.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let index = (mixed >> (64 - Self::SOURCE_BITS)) as u32;
        (PrefixFilter::WORDS as u32 + index / 64, index % 64)
    }

    /// Marks a source.
    pub const fn insert_source(&mut self, source: Addr) {
        let (word, bit) = Self::place_of_source(source);
        self.0[word as usize] |= 1 << bit;
    }

    /// Marks every slot that `prefix` covers.
    pub fn insert(&mut self, prefix: Prefix) {
        if let Some(words) = self.0.first_chunk_mut() {
            PrefixFilter::mark(words, prefix);
        }
    }

    /// Whether a prefix of `addr` may have an entry.
    pub const fn may_contain(&self, addr: Addr) -> bool {
        let (word, bit) = Self::place(addr);
        self.0[word as usize] >> bit & 1 != 0
    }

    /// Whether a source may have an entry.
    pub const fn may_contain_source(&self, source: Addr) -> bool {
        let (word, bit) = Self::place_of_source(source);
        self.0[word as usize] >> bit & 1 != 0
    }
}

impl Default for EntryFilter {
    fn default() -> Self {
        Self([0; Self::WORDS])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_inserted_is_found(sources in prop::collection::vec(any::<[u8; 16]>(), 1..200)) {
            let mut filter = EntryFilter::default();
            for source in &sources {
                filter.insert_source(Addr::from_bytes(*source));
                filter.insert(Prefix::host(Addr::from_bytes(*source)));
            }
            for source in sources.into_iter().map(Addr::from_bytes) {
                prop_assert!(filter.may_contain_source(source) && filter.may_contain(source));
            }
        }
    }

    #[test]
    fn neighbours_spread() {
        let mut filter = EntryFilter::default();
        (0..65_536u32).for_each(|i| filter.insert_source(Addr::from_v4((0x1e00_0000 + i).to_be_bytes())));
        let set: u32 = filter.0.iter().map(|word| word.count_ones()).sum();
        // At random, 65,536 balls fill 57,991 of 262,144 bins; Fibonacci hashing spreads a run of numbers better.
        assert!(set > 57_000, "{set}");
        let strangers = (0..100_000u32)
            .filter(|i| filter.may_contain_source(Addr::from_v4((0x6000_0000 + i * 7919).to_be_bytes())));
        let found = strangers.count();
        assert!(found < 30_000, "{found}");
    }
}
