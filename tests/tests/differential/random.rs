//! Random numbers that can be had again.
//!
//! Owns: SplitMix64 (Steele, Lea, Flood 2014). Refuses: being unpredictable.

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ x >> 31
    }

    /// Below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// True once in so many times.
    pub(crate) fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// Some of a list, in its order; at least one.
    pub(crate) fn some<T: Copy>(&mut self, list: &[T]) -> Vec<T> {
        let some: Vec<T> = list.iter().copied().filter(|_| self.chance(2)).collect();
        if some.is_empty() { vec![*self.pick(list)] } else { some }
    }
}
