//! Counting within a time.
//!
//! Owns: the last times of something (exact), parts of a long time (as fine as a twelfth of it), and a count that begins
//! anew when its time is over. Refuses: judging what a count means.
use super::clock::Moment;
use super::saved;
use crate::clock::Clock;

/// A rule: so many within so many seconds are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    /// How many are too many; none ever when this is 0.
    pub(super) count: u32,
    /// Seconds.
    pub(super) within: u32,
}

impl Rate {
    /// Whether `count` are too many.
    pub(super) const fn is_met(self, count: u32) -> bool {
        self.count != 0 && count >= self.count
    }
}

/// The last `N` times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times<const N: usize> {
    /// The latest first; [`Moment::NEVER`] where there is none.
    times: [Moment; N],
}

impl<const N: usize> Default for Times<N> {
    fn default() -> Self {
        Self { times: [Moment::NEVER; N] }
    }
}

impl<const N: usize> Times<N> {
    /// Notes one more.
    pub(super) fn add(&mut self, now: Moment) {
        self.times.copy_within(..N - 1, 1);
        self.times[0] = now;
    }

    /// How many were within so many seconds.
    pub(super) fn count(&self, within: u32, now: Moment) -> u32 {
        self.times.iter().filter(|time| time.within(within, now)).count() as u32
    }

    /// The latest.
    pub(super) const fn last(&self) -> Moment {
        self.times[0]
    }

    /// Every time, the earliest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = Moment> {
        self.times.iter().rev().copied().filter(|time| !time.is_never())
    }
}

/// Parts of a long time.
pub(super) const PARTS: usize = 12;

/// Numbers of a long time, by twelfths of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// The part that began last first.
    counts: [u8; PARTS],
    /// When that began.
    began: Moment,
}

impl Parts {
    /// Notes one more.
    pub(super) fn add(&mut self, within: u32, now: Moment) {
        self.turn(within, now);
        self.counts[0] = self.counts[0].saturating_add(1);
    }

    /// How many there were.
    pub(super) fn count(&self, within: u32, now: Moment) -> u32 {
        let mut turned = *self;
        turned.turn(within, now);
        turned.counts.iter().map(|count| u32::from(*count)).sum()
    }

    /// Moves on to the part that it is now. The newest part has not filled its time yet, so what is counted is never
    /// older than the whole time, and at least eleven twelfths of it are.
    fn turn(&mut self, within: u32, now: Moment) {
        let part = (within / PARTS as u32).max(1);
        let turns = now.since(self.began) / part;
        if turns == 0 {
            return;
        }
        if turns as usize >= PARTS {
            *self = Self { counts: [0; PARTS], began: now };
            return;
        }
        self.counts.rotate_right(turns as usize);
        self.counts[..turns as usize].fill(0);
        self.began = self.began.plus(turns * part);
    }

    /// As it is kept: oldest first, and when the last part began.
    pub(super) fn save(&self, clock: Clock) -> (Vec<u8>, i64) {
        (self.counts.iter().rev().copied().collect(), clock.wall_of(self.began))
    }

    /// From what was kept.
    pub(super) fn restore(counts: &[u8], began: i64, clock: Clock) -> Self {
        let mut new = Self { counts: [0; PARTS], began: clock.moment_of(began) };
        new.counts.iter_mut().zip(counts.iter().rev()).for_each(|(to, from)| *to = *from);
        new
    }
}

/// A count that begins anew when its time is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    since: Moment,
    count: u16,
}

impl Tally {
    /// Notes one more, and tells how many there are.
    pub(super) fn add(&mut self, within: u32, now: Moment) -> u32 {
        if !self.since.within(within, now) {
            *self = Self { since: now, count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count.into()
    }

    /// Takes one back that was noted in the time that began then.
    pub(super) fn take_back(&mut self, since: Moment) {
        if since == self.since {
            self.count = self.count.saturating_sub(1);
        }
    }

    /// How many there are.
    pub(super) fn count(&self, within: u32, now: Moment) -> u32 {
        if self.since.within(within, now) { self.count.into() } else { 0 }
    }

    /// When its time began.
    pub(super) const fn since(&self) -> Moment {
        self.since
    }

    /// As it is kept.
    pub(super) fn save(&self, clock: Clock) -> saved::Tally {
        saved::Tally { since: clock.wall_of(self.since), count: self.count }
    }

    /// From what was kept.
    pub(super) fn restore(saved: saved::Tally, clock: Clock) -> Self {
        Self { since: clock.moment_of(saved.since), count: saved.count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Moment = Moment::NEVER.plus(1_000_000);

    #[test]
    fn times_are_exact() {
        let mut times = Times::<5>::default();
        for step in 0..9 {
            times.add(START.plus(step * 100));
        }
        let now = START.plus(800);
        assert_eq!((times.count(401, now), times.count(400, now), times.count(9_999, now)), (5, 4, 5));
        assert_eq!(times.iter().next(), Some(START.plus(400)));
    }

    #[test]
    fn parts_forget_within_a_twelfth() {
        let (day, hour) = (86_400, 3_600);
        let mut parts = Parts::default();
        for n in 0..20 {
            parts.add(day, START.plus(n * hour));
        }
        assert_eq!(parts.count(day, START.plus(19 * hour)), 20);
        assert_eq!(parts.count(day, START.plus(24 * hour)), 18, "the first two hours are one part");
        assert_eq!(parts.count(day, START.plus(100 * hour)), 0);
    }

    #[test]
    fn a_tally_begins_anew() {
        let mut tally = Tally::default();
        assert_eq!((tally.add(600, START), tally.add(600, START.plus(599))), (1, 2));
        tally.take_back(START);
        assert_eq!(tally.count(600, START.plus(599)), 1);
        tally.take_back(START.plus(1));
        assert_eq!((tally.count(600, START.plus(599)), tally.count(600, START.plus(600))), (1, 0));
        assert_eq!(tally.add(600, START.plus(600)), 1);
    }
}
