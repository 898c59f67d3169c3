//! Rates as a virtual schedule: the Generic Cell Rate Algorithm (ITU-T I.371 annex A), one 64-bit theoretical arrival
//! time a cell, all times in nanoseconds of one monotonic clock.
//!
//! Owns: the arithmetic, and where a source's cells stand in the strangers' array. Refuses: memory and clocks.
use crate::addr::Addr;

/// A rate with a burst. All zero: no limit.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Limit {
    /// Nanoseconds between two packets at the configured rate; 0: no limit.
    pub interval: u64,
    /// How far ahead of now a cell may be, in nanoseconds: `(burst - 1) × interval`.
    pub tolerance: u64,
}

const SECOND: u64 = 1_000_000_000;

impl Limit {
    /// No limit.
    pub const NONE: Self = Self { interval: 0, tolerance: 0 };

    /// `count` packets every `period` nanoseconds, `burst` of them at once. `count` or `burst` 0 means one.
    pub const fn new(count: u32, period: u64, burst: u32) -> Self {
        let interval = period / if count == 0 { 1 } else { count as u64 };
        let interval = if interval == 0 { 1 } else { interval };
        Self { interval, tolerance: interval.saturating_mul(burst.saturating_sub(1) as u64) }
    }

    /// `rate` packets a second, `burst` of them at once. A burst of one asks for perfect spacing: a source that sends
    /// at a multiple of the rate then gets less than the rate.
    pub const fn per_second(rate: u32, burst: u32) -> Self {
        Self::new(rate, SECOND, burst)
    }

    /// Whether nothing is limited.
    #[inline(always)]
    pub const fn is_none(self) -> bool {
        self.interval == 0
    }

    /// Whether a cell whose theoretical arrival time is `tat` admits a packet at `now`.
    #[inline(always)]
    pub const fn admits(self, tat: u64, now: u64) -> bool {
        tat <= now + self.tolerance
    }

    /// The cell after one more packet at `now`. It never runs further ahead than one packet beyond the burst, so that
    /// sources which share a cell cannot charge each other without end.
    #[inline(always)]
    #[must_use]
    pub const fn charged(self, tat: u64, now: u64) -> u64 {
        let from = if tat > now { tat } else { now };
        let next = from + self.interval;
        let most = now + self.tolerance + self.interval;
        if next < most { next } else { most }
    }
}

/// What the strangers' array is keyed by, so that nobody outside can tell which sources share a cell.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct HashKey(pub [u64; 2]);

/// The two cells of a source: one in each row of `2^n` cells; `mask` is `2^n - 1`. The second row's index counts from
/// the start of that row.
///
/// Two independent rows, of which the lenient one decides, make it unlikely (1/2^2n a pair) that a quiet source shares
/// both with a loud one: the count-min sketch (Cormode and Muthukrishnan 2005) with times in place of counts.
#[inline(always)]
pub const fn rows(source: Addr, class: u32, key: HashKey, mask: u32) -> (u32, u32) {
    let [k0, k1] = key.0;
    let mut x = (source.hi ^ k0).wrapping_mul(k1 | 1);
    x ^= x >> 32;
    x = (x ^ source.lo.wrapping_add(class as u64)).wrapping_mul(k0 | 1);
    x ^= x >> 29;
    // The finisher of SplitMix64 (Steele, Lea, Flood 2014).
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 32;
    x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^= x >> 31;
    (x as u32 & mask, (x >> 32) as u32 & mask)
}

/// The finisher of SplitMix64 (Steele, Lea, Flood 2014).
#[inline(always)]
pub(crate) const fn mixed(x: u64) -> u64 {
    let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(limit: Limit, step: u64, packets: u64) -> u64 {
        let (mut tat, mut passed) = (0, 0);
        for i in 0..packets {
            let now = 10 * SECOND + i * step;
            if limit.admits(tat, now) {
                tat = limit.charged(tat, now);
                passed += 1;
            }
        }
        passed
    }

    #[test]
    fn a_burst_passes_at_once_and_no_more() {
        assert_eq!(run(Limit::per_second(10, 5), 0, 100), 5);
        assert_eq!(run(Limit::per_second(10, 1), 0, 100), 1);
    }

    proptest! {
        #[test]
        fn the_admitted_rate_is_the_configured_one(rate in 1u32..5_000, burst in 2u32..100, factor in 2u64..50) {
            let (seconds, offered) = (20, u64::from(rate) * factor);
            let passed = run(Limit::per_second(rate, burst), SECOND / offered, seconds * offered);
            let ideal = seconds * u64::from(rate) + u64::from(burst);
            prop_assert!(passed.abs_diff(ideal) <= 2 + ideal / 100, "{passed} of {ideal}");
        }

        #[test]
        fn nothing_overflows(tat in 0u64..u64::MAX / 4, now in 0u64..u64::MAX / 4, count in any::<u32>(), burst in any::<u32>()) {
            let limit = Limit::new(count, 86_400 * SECOND / 16, burst.min(10_000));
            prop_assert!(limit.charged(tat, now) <= now + limit.tolerance + limit.interval);
            let _ = limit.admits(tat, now);
        }

        #[test]
        fn rows_stay_inside(hi in any::<u64>(), lo in any::<u64>(), k in any::<[u64; 2]>(), bits in 1u32..20) {
            let mask = (1u32 << bits) - 1;
            let (a, b) = rows(Addr { hi, lo }, 3, HashKey(k), mask);
            prop_assert!(a <= mask && b <= mask);
        }
    }

    #[test]
    fn rows_spread_neighbours() {
        let key = HashKey([0x1234_5678_9abc_def0, 0x0fed_cba9_8765_4321]);
        let mut seen = std::collections::HashMap::<u32, u32>::new();
        for i in 0..65_536u32 {
            *seen.entry(rows(Addr::from_v4(i.to_be_bytes()), 0, key, 0xffff).0).or_default() += 1;
        }
        // 65,536 balls in as many bins: the fullest holds about 8 when they fall at random.
        assert!(*seen.values().max().unwrap() <= 14, "{:?}", seen.values().max());
    }
}
