//! What stands against an account: over all sources, and at one of them.
//!
//! Owns: both records. Refuses: names; an account is a hash here.
use super::clock::Moment;
use super::saved;
use super::table::{Entry, worth};
use super::tally::{Rate, Tally};
use crate::clock::Clock;
use crate::config::ACCOUNT_MAX;

const FAILURES: usize = ACCOUNT_MAX as usize;

/// An account over all sources.
#[derive(Clone, Copy, Default)]
pub(super) struct Account {
    /// The last proven failures: when, and half the hash of the source; the latest first.
    failures: [(Moment, u32); FAILURES],
    /// Whether there is something to keep that was not written yet.
    pub(super) dirty: bool,
}

impl Entry for Account {
    fn worth(&self, _: Moment) -> u64 {
        worth(0, self.failures[0].0)
    }
}

impl Account {
    /// Notes a proven failure.
    pub(super) fn fail(&mut self, source: u32, now: Moment) {
        self.failures.copy_within(..FAILURES - 1, 1);
        self.failures[0] = (now, source);
    }

    /// How many failures there were of late.
    pub(super) fn count(&self, rate: Rate, now: Moment) -> u32 {
        self.lately(rate, now).count() as u32
    }

    /// Whether it is being guessed at by many.
    pub(super) fn is_attacked(&self, rate: Rate, sources: u32, now: Moment) -> bool {
        let is_new = |index: usize| {
            let mut earlier = self.failures.iter().take(index);
            earlier.all(|(_, source)| *source != self.failures[index].1)
        };
        rate.is_met(self.count(rate, now))
            && self.lately(rate, now).filter(|index| is_new(*index)).count() as u32 >= sources
    }

    fn lately(&self, rate: Rate, now: Moment) -> impl Iterator<Item = usize> {
        let lately = move |(at, _): &(Moment, u32)| at.within(rate.within, now);
        self.failures.iter().enumerate().filter(move |(_, failure)| lately(failure)).map(|(index, _)| index)
    }

    /// As it is kept, and when that says nothing any more.
    pub(super) fn save(&self, account: u64, rate: Rate, clock: Clock) -> (saved::Account, i64) {
        let known = self.failures.iter().rev().filter(|(at, _)| !at.is_never());
        let failures = known.map(|(at, source)| (clock.wall_of(*at), *source)).collect();
        (saved::Account { account, failures }, clock.wall_of(self.failures[0].0.plus(rate.within)))
    }

    /// From what was kept.
    pub(super) fn restore(saved: &saved::Account, clock: Clock) -> Self {
        let mut new = Self::default();
        saved.failures.iter().for_each(|(at, source)| new.fail(*source, clock.moment_of(*at)));
        new
    }
}

/// An account at one source.
#[derive(Clone, Copy, Default)]
pub(super) struct Pair {
    /// The hashes of the source and of the account.
    pub(super) of: [u64; 2],
    /// Proven failures, in the short and in the long time.
    pub(super) failures: [Tally; 2],
    /// The times of the source's count of accounts in which this one was counted.
    pub(super) counted: [Moment; 2],
    /// The last success, if it is not registered there.
    pub(super) authenticated: Moment,
    /// The end of its hold.
    pub(super) held_until: Moment,
    /// Half the hash of the From user that is held.
    pub(super) held_from: u32,
    /// Failures that the wire told more of than the feeds (positive), or less.
    told: i8,
    /// Whether the last of them was proven.
    told_proven: bool,
    told_at: Moment,
    touched: Moment,
    /// Whether there is something to keep that was not written yet.
    pub(super) dirty: bool,
}

impl Entry for Pair {
    fn worth(&self, _: Moment) -> u64 {
        let is_proven = !self.authenticated.is_never() || !self.failures[1].since().is_never();
        worth(u8::from(is_proven), self.touched)
    }
}

/// Seconds within which the wire and a feed tell of the same failure.
const TOGETHER: u32 = 10;

impl Pair {
    /// One of which nothing is known yet.
    pub(super) fn new(source: u64, account: u64, now: Moment) -> Self {
        Self { of: [source, account], touched: now, ..Self::default() }
    }

    /// Notes a failure, and tells how many there are in the short and in the long time.
    pub(super) fn fail(&mut self, within: [u32; 2], now: Moment) -> [u32; 2] {
        self.touched = now;
        [self.failures[0].add(within[0], now), self.failures[1].add(within[1], now)]
    }

    /// Forgets the failures.
    pub(super) fn forgive(&mut self) {
        (self.failures, self.counted) = ([Tally::default(); 2], [Moment::NEVER; 2]);
    }

    /// Whether a failure, told by a feed or by the wire, has been told by the other one already, with as good a proof.
    pub(super) fn is_told(&mut self, by_feed: bool, proven: bool, now: Moment) -> bool {
        if !self.told_at.within(TOGETHER, now) {
            self.told = 0;
        }
        let told = if by_feed { self.told > 0 } else { self.told < 0 };
        let is_worse = self.told_proven || !proven;
        (self.told_at, self.touched, self.told_proven) = (now, now, proven);
        self.told = self.told.saturating_add(if by_feed { -1 } else { 1 });
        told && is_worse
    }

    /// As it is kept, and when that says nothing any more.
    pub(super) fn save(&self, within: u32, known_for: u32, clock: Clock) -> (saved::Pair, i64) {
        let saved = saved::Pair {
            source: self.of[0],
            account: self.of[1],
            failures: self.failures.map(|tally| tally.save(clock)),
            authenticated: clock.wall_of(self.authenticated),
        };
        let after = |time: Moment, seconds: u32| if time.is_never() { time } else { time.plus(seconds) };
        let ends = after(self.failures[1].since(), within).max(after(self.authenticated, known_for));
        (saved, clock.wall_of(ends))
    }

    /// From what was kept.
    pub(super) fn restore(saved: &saved::Pair, clock: Clock) -> Self {
        let failures = saved.failures.map(|tally| Tally::restore(tally, clock));
        let authenticated = clock.moment_of(saved.authenticated);
        Self { failures, authenticated, ..Self::new(saved.source, saved.account, clock.now()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::NEVER.plus(1_000_000);
    const RATE: Rate = Rate { count: 10, within: 3_600 };

    #[test]
    fn many_failures_of_few_sources_are_no_attack() {
        let mut account = Account::default();
        (0..30).for_each(|n| account.fail(n % 3, NOW));
        assert!(!account.is_attacked(RATE, 4, NOW));
        account.fail(77, NOW);
        assert!(account.is_attacked(RATE, 4, NOW) && !account.is_attacked(RATE, 4, NOW.plus(3_600)));
    }

    #[test]
    fn what_two_tell_counts_once() {
        let mut pair = Pair::new(1, 2, NOW);
        let wire_first = [false, true, false, true].map(|feed| pair.is_told(feed, true, NOW));
        assert_eq!(wire_first, [false, true, false, true]);
        let feed_first = [true, true, false, false, false].map(|feed| pair.is_told(feed, true, NOW));
        assert_eq!(feed_first, [false, false, true, true, false]);
        assert!(!pair.is_told(true, true, NOW.plus(TOGETHER)), "too late to be the same");
        let mut pair = Pair::new(1, 2, NOW);
        assert!(!pair.is_told(true, false, NOW) && !pair.is_told(false, true, NOW), "only the second is proven");
    }
}
