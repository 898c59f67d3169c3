//! What stands against a source.
//!
//! Owns: its record, the ladder's arithmetic, and what of it is kept over a restart. Refuses: deciding.
use firewall_common::addr::Addr;

use super::clock::Moment;
use super::saved;
use super::settings::Settings;
use super::table::{Entry, worth};
use super::tally::{Parts, Tally, Times};
use crate::clock::Clock;
use crate::config::FAILURES_MAX;

/// A source's record.
#[derive(Clone, Copy, Default)]
pub(super) struct Source {
    /// Whose, at a source's width.
    pub(super) address: Addr,
    /// Proven failures.
    pub(super) failures: Times<{ FAILURES_MAX as usize }>,
    /// The same over the long time.
    pub(super) slow: Parts,
    /// Different accounts with proven failures, in the short and in the long time.
    pub(super) accounts: [Tally; 2],
    /// Failures that nothing proves.
    pub(super) unproven: Tally,
    /// The last success of an account that is not registered there.
    pub(super) authenticated: Moment,
    /// The end of its last ban.
    pub(super) ban_ends: Moment,
    /// The end of its last hold.
    pub(super) held_until: Moment,
    /// The last alarm about it.
    pub(super) alarmed: Moment,
    /// When it last did something that is proven.
    pub(super) proven: Moment,
    /// When it was last heard of.
    pub(super) touched: Moment,
    /// Its last incidents: the serial numbers of the unproven and of the proven one.
    pub(super) incidents: [u32; 2],
    /// The step of the ladder that its last ban stood on.
    pub(super) step: u8,
    /// Whether there is something to keep that was not written yet.
    pub(super) dirty: bool,
}

/// What is remembered of a source that did something proven: a day.
const PROVEN: u32 = 86_400;

impl Entry for Source {
    fn worth(&self, now: Moment) -> u64 {
        let class = if self.step > 0 {
            3
        } else if self.proven.within(PROVEN, now) || !self.authenticated.is_never() {
            2
        } else {
            0
        };
        worth(class, self.touched)
    }
}

impl Source {
    /// One of which nothing is known yet.
    pub(super) fn new(address: Addr, now: Moment) -> Self {
        Self { address, touched: now, ..Self::default() }
    }

    /// One that has just done something.
    pub(super) fn doing(address: Addr, proven: bool, now: Moment) -> Self {
        Self { proven: if proven { now } else { Moment::NEVER }, ..Self::new(address, now) }
    }

    /// Whether it is banned.
    pub(super) fn is_banned(&self, now: Moment) -> bool {
        self.ban_ends > now
    }

    /// The step of the ladder that its next ban stands on, from 1: one more than the last one's, less one for each time
    /// that has passed without a ban since.
    pub(super) fn next_step(&self, settings: &Settings, now: Moment) -> u32 {
        let down = now.since(self.ban_ends) / settings.decay.max(1);
        let step = u32::from(self.step).saturating_sub(down) + 1;
        step.min(settings.ladder.len() as u32)
    }

    /// Bans it, and forgets what it is banned for.
    pub(super) fn ban(&mut self, step: u32, until: Moment) {
        self.step = u8::try_from(step).unwrap_or(u8::MAX);
        self.ban_ends = until;
        self.forgive();
        self.authenticated = Moment::NEVER;
    }

    /// Forgets its failures.
    pub(super) fn forgive(&mut self) {
        self.failures = Times::default();
        self.slow = Parts::default();
        self.accounts = [Tally::default(); 2];
        self.unproven = Tally::default();
    }

    /// As it is kept, and when that says nothing any more.
    pub(super) fn save(&self, settings: &Settings, clock: Clock) -> (saved::Source, i64) {
        let (slow, slow_at) = self.slow.save(clock);
        let saved = saved::Source {
            source: Some(self.address.into()),
            failures: self.failures.iter().map(|time| clock.wall_of(time)).collect(),
            slow,
            slow_at,
            accounts: self.accounts.map(|tally| tally.save(clock)),
            authenticated: clock.wall_of(self.authenticated),
            step: self.step.into(),
            ban_ends: clock.wall_of(self.ban_ends),
            ..saved::Source::default()
        };
        (saved, clock.wall_of(self.ends(settings)))
    }

    /// When its record says nothing any more.
    fn ends(&self, settings: &Settings) -> Moment {
        let longest = settings.failures.within.max(settings.slow.within);
        let after = |time: Moment, seconds: u32| if time.is_never() { time } else { time.plus(seconds) };
        let ladder = after(self.ban_ends, settings.decay.saturating_mul(self.step.into()));
        let known = after(self.authenticated, settings.known_for);
        after(self.failures.last(), longest).max(ladder).max(known)
    }

    /// From what was kept.
    pub(super) fn restore(saved: &saved::Source, address: Addr, clock: Clock) -> Self {
        let mut new = Self::new(address, clock.now());
        saved.failures.iter().for_each(|time| new.failures.add(clock.moment_of(*time)));
        new.slow = Parts::restore(&saved.slow, saved.slow_at, clock);
        new.accounts = saved.accounts.map(|tally| Tally::restore(tally, clock));
        new.authenticated = clock.moment_of(saved.authenticated);
        new.proven = clock.now();
        new.step = u8::try_from(saved.step).unwrap_or(u8::MAX);
        new.ban_ends = clock.moment_of(saved.ban_ends);
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const DAY: u32 = 86_400;
    const NOW: Moment = Moment::NEVER.plus(100 * DAY);

    #[test]
    fn the_ladder_is_climbed_and_comes_down() {
        let settings = Settings::of(&Config::builtin());
        let mut source = Source::new(Addr::default(), NOW);
        for want in [1, 2, 3, 4, 4] {
            let step = source.next_step(&settings, NOW);
            assert_eq!(step, want);
            source.ban(step, NOW);
        }
        for (days, want) in [(6, 4), (7, 4), (14, 3), (21, 2), (28, 1), (90, 1)] {
            assert_eq!(source.next_step(&settings, NOW.plus(days * DAY)), want, "{days} days later");
        }
    }

    #[test]
    fn a_record_survives() {
        let settings = Settings::of(&Config::builtin());
        let clock = Clock { wall_ms: 1_800_000_000_000, mono_ns: 86_400_000_000_000 };
        let now = clock.now();
        let mut source = Source::new(Addr::from_v4([192, 0, 2, 1]), now);
        for ago in [500, 400, 3] {
            source.failures.add(now.minus(ago));
            source.slow.add(settings.slow.within, now.minus(ago));
            source.accounts[0].add(600, now.minus(ago));
        }
        (source.step, source.ban_ends) = (2, now.minus(1_000));
        let (saved, ends) = source.save(&settings, clock);
        assert_eq!(ends, clock.wall_ms + (14 * 86_400 - 1_000) * 1_000);
        let text = serde_json::to_string(&saved).unwrap();
        let later = Clock { wall_ms: clock.wall_ms + 9_000, mono_ns: 5_000_000_000 };
        let back = Source::restore(&serde_json::from_str(&text).unwrap(), source.address, later);
        let then = later.now();
        assert_eq!(back.failures.count(510, then), 3);
        assert_eq!(back.failures.count(509, then), 2);
        assert_eq!(back.slow.count(settings.slow.within, then), 3);
        assert_eq!((back.step, back.ban_ends, back.accounts[0].count(600, then)), (2, then.minus(1_009), 3));
    }
}
