//! Times: what the engine is told, and the seconds that it counts by itself.
//!
//! Owns: the way from the two clocks to a count of seconds that no correction of the wall's clock moves, and back. Refuses:
//! asking any clock.

use crate::clock::Clock;

const NANOSECONDS: u64 = 1_000_000_000;
/// Where counting begins, so that times before the system's start have numbers: 400 days.
const PAST: u64 = 400 * 86_400;

/// Seconds of the monotonic clock, from 400 days before the system's start; 0 is "never".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(u32);

impl Moment {
    /// Never; before every other moment.
    pub(super) const NEVER: Self = Self(0);

    /// The moment of a monotonic time in nanoseconds.
    pub(super) fn of_mono(mono: u64) -> Self {
        Self(u32::try_from(mono / NANOSECONDS + PAST).unwrap_or(u32::MAX))
    }

    /// Some seconds later.
    pub(super) const fn plus(self, seconds: u32) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Some seconds earlier.
    #[cfg(test)]
    pub(super) const fn minus(self, seconds: u32) -> Self {
        Self(self.0.saturating_sub(seconds))
    }

    /// Seconds since an earlier moment; 0 when that is none.
    pub(super) const fn since(self, earlier: Self) -> u32 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whether this is not longer than `seconds` before `now`.
    pub(super) const fn within(self, seconds: u32, now: Self) -> bool {
        self.0 != 0 && now.since(self) < seconds
    }

    /// Whether this is never.
    pub(super) const fn is_never(self) -> bool {
        self.0 == 0
    }

    /// The count, for an order.
    pub(super) const fn count(self) -> u32 {
        self.0
    }
}

impl Clock {
    /// The moment that it is now.
    pub(super) fn now(self) -> Moment {
        Moment::of_mono(self.mono_ns)
    }

    /// The same two clocks at a packet's time, in kernel monotonic nanoseconds, that is not in the future.
    pub(super) fn at(self, mono: u64) -> Self {
        let ago = self.mono_ns.saturating_sub(mono);
        Self {
            wall_ms: self.wall_ms.saturating_sub(i64::try_from(ago / 1_000_000).unwrap_or(i64::MAX)),
            mono_ns: self.mono_ns - ago,
        }
    }

    /// Unix milliseconds of a moment; 0 for never.
    pub(super) fn wall_of(self, moment: Moment) -> i64 {
        if moment.is_never() {
            return 0;
        }
        self.wall_ms.saturating_add((i64::from(moment.0) - i64::from(self.now().0)) * 1_000)
    }

    /// The moment of Unix milliseconds; never for what is not positive or longer ago than can be counted.
    pub(super) fn moment_of(self, wall: i64) -> Moment {
        if wall <= 0 {
            return Moment::NEVER;
        }
        let ago = self.wall_ms.saturating_sub(wall).div_euclid(1_000);
        let count = i64::from(self.now().0).saturating_sub(ago).clamp(0, i64::from(u32::MAX));
        Moment(u32::try_from(count).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCK: Clock = Clock { wall_ms: 1_800_000_000_000, mono_ns: 5_000 * NANOSECONDS };

    #[test]
    fn moments_and_walls_lead_to_each_other() {
        for ago in [0, 1, 3_600, 86_400 * 399] {
            let wall = CLOCK.wall_ms - ago * 1_000;
            assert_eq!(CLOCK.wall_of(CLOCK.moment_of(wall)), wall);
        }
        assert_eq!(CLOCK.moment_of(CLOCK.wall_ms + 7_000), CLOCK.now().plus(7));
        assert_eq!(CLOCK.moment_of(CLOCK.wall_ms - 86_400 * 1_000 * 500), Moment::NEVER);
        assert_eq!((CLOCK.moment_of(0), CLOCK.wall_of(Moment::NEVER)), (Moment::NEVER, 0));
    }

    #[test]
    fn a_packet_is_older_than_its_handling() {
        let at = CLOCK.at(CLOCK.mono_ns - 2 * NANOSECONDS);
        assert_eq!((at.wall_ms, at.now()), (CLOCK.wall_ms - 2_000, CLOCK.now().minus(2)));
        assert_eq!(CLOCK.at(CLOCK.mono_ns + 9), CLOCK, "a stamp from the future is now");
    }

    #[test]
    fn a_time_ends_when_it_is_full() {
        let now = CLOCK.now();
        assert!(now.within(1, now) && now.minus(9).within(10, now));
        assert!(!now.minus(10).within(10, now) && !Moment::NEVER.within(u32::MAX, now));
    }
}
