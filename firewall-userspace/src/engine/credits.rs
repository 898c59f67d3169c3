//! The budget for samples of dropped packets, handed out in slices.
//!
//! Owns: the arithmetic that keeps each second within its budget whatever the slice. Refuses: saving up what was not spent.

/// Hands out a number of credits a second in equal slices.
#[derive(Clone, Copy, Debug)]
pub struct Credits {
    per_second: u64,
    slices: u64,
    /// What rounding has kept back, in parts of a slice; always less than one credit.
    rest: u64,
}

impl Credits {
    /// `per_second` credits a second in `slices` slices (at least one).
    pub fn new(per_second: u32, slices: u32) -> Self {
        Self { per_second: per_second.into(), slices: slices.max(1).into(), rest: 0 }
    }

    /// The next slice; nothing when what is left of the last one still holds. So a budget of one a second is spent when the
    /// first packet of that second comes, and not only if it comes within the right slice.
    pub fn next_slice(&mut self) -> Option<u64> {
        let due = self.rest + self.per_second;
        self.rest = due % self.slices;
        let credits = due / self.slices;
        (credits > 0 || self.per_second == 0).then_some(credits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_second_gets_its_budget(per_second in 0u32..100_000, slices in 1u32..50, seconds in 1u32..5) {
            let mut credits = Credits::new(per_second, slices);
            for _ in 0..seconds {
                let second: u64 = (0..slices).filter_map(|_| credits.next_slice()).sum();
                prop_assert_eq!(second, u64::from(per_second));
            }
        }
    }

    #[test]
    fn a_budget_of_zero_takes_back_what_was_granted() {
        assert_eq!(Credits::new(0, 10).next_slice(), Some(0));
    }

    #[test]
    fn a_small_budget_is_not_taken_back_within_its_second() {
        let mut credits = Credits::new(1, 10);
        let slices: Vec<_> = (0..20).map(|_| credits.next_slice()).collect();
        assert_eq!(slices.iter().filter(|slice| slice.is_some()).count(), 2);
        assert!(!slices.contains(&Some(0)));
    }
}
