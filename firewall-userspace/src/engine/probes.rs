//! What a source looks for: users, weaknesses, open lines.
//!
//! Owns: the record of users whom the server refused it, of requests that the server could not read, and of calls that it
//! left when it was asked for credentials. Refuses: deciding.
use super::clock::Moment;
use super::saved;
use super::settings::Settings;
use super::table::{Entry, worth};
use super::tally::Tally;
use crate::clock::Clock;
use crate::config::USERS_MAX;

const USERS: usize = USERS_MAX as usize;

/// A source's record.
#[derive(Clone, Copy, Default)]
pub(super) struct Probe {
    /// Quarters of the hashes of users that were refused; 0 for none.
    users: [u16; USERS],
    /// A bit for each that was proven.
    proven: u16,
    /// When the first of them was refused.
    since: Moment,
    /// Requests that the server could not read, and those of them that are proven.
    pub(super) malformed: [Tally; 2],
    /// Requests that were challenged, since the source last sent credentials.
    pub(super) left: Left,
    /// Requests that were refused and that nobody here could read, since the source last registered.
    pub(super) unread: Left,
    touched: Moment,
}

/// What counts until the source does better: challenges that were left, and refusals of what could not be read.
#[derive(Clone, Copy, Default)]
pub(super) struct Left {
    /// All, and those of them that are proven.
    counts: [Tally; 2],
}

impl Entry for Probe {
    fn worth(&self, _: Moment) -> u64 {
        let proven = [self.malformed[1], self.unread.counts[1]].iter().any(|tally| !tally.since().is_never());
        worth(u8::from(self.proven != 0 || proven), self.touched)
    }
}

impl Probe {
    /// One of which nothing is known yet.
    pub(super) fn new(now: Moment) -> Self {
        Self { touched: now, ..Self::default() }
    }

    /// Notes a user that was refused; tells how many different ones there are, and how many of them are proven.
    pub(super) fn refuse(&mut self, user: u16, proven: bool, within: u32, now: Moment) -> [u32; 2] {
        self.touched = now;
        if !self.since.within(within, now) {
            (self.users, self.proven, self.since) = ([0; USERS], 0, now);
        }
        let place = |wanted: u16| self.users.iter().position(|user| *user == wanted);
        // When all places are taken, one that is proven takes that of one that isn't.
        let unproven = (0..USERS).find(|index| proven && self.proven & 1 << index == 0);
        if let Some(index) = place(user).or_else(|| place(0)).or(unproven) {
            self.users[index] = user;
            self.proven |= u16::from(proven) << index;
        }
        [self.users.iter().filter(|user| **user != 0).count() as u32, self.proven.count_ones()]
    }

    /// Notes a request that the server could not read; tells how many there are, and how many of them are proven.
    pub(super) fn malform(&mut self, proven: bool, within: u32, now: Moment) -> [u32; 2] {
        self.touched = now;
        note(&mut self.malformed, proven, within, now)
    }

    /// Notes a request that was challenged and left; tells how many there are, and how many of them are proven calls.
    pub(super) fn leave(&mut self, proven: bool, within: u32, now: Moment) -> [u32; 2] {
        self.touched = now;
        note(&mut self.left.counts, proven, within, now)
    }

    /// Notes a request that was refused and could not be read; tells how many there are, and how many of them are proven.
    pub(super) fn miss(&mut self, proven: bool, within: u32, now: Moment) -> [u32; 2] {
        self.touched = now;
        note(&mut self.unread.counts, proven, within, now)
    }

    /// As it is kept; and when that says nothing any more.
    pub(super) fn save(&self, to: &mut saved::Source, settings: &Settings, clock: Clock) -> i64 {
        let proven = (0..USERS).filter(|index| self.proven & 1 << index != 0);
        to.users = proven.map(|index| self.users[index]).collect();
        to.users_at = clock.wall_of(self.since);
        to.malformed = self.malformed[1].save(clock);
        let after = |time: Moment, seconds: u32| if time.is_never() { time } else { time.plus(seconds) };
        let users = if self.proven == 0 { Moment::NEVER } else { after(self.since, settings.scanning.within) };
        clock.wall_of(users.max(after(self.malformed[1].since(), settings.malformed.within)))
    }

    /// From what was kept; nothing if there was nothing.
    pub(super) fn restore(saved: &saved::Source, clock: Clock) -> Option<Self> {
        let mut new = Self { since: clock.moment_of(saved.users_at), ..Self::new(clock.now()) };
        for (index, user) in saved.users.iter().take(USERS).enumerate() {
            new.users[index] = *user;
            new.proven |= 1 << index;
        }
        new.malformed = [Tally::restore(saved.malformed, clock); 2];
        (new.proven != 0 || saved.malformed.count != 0).then_some(new)
    }
}

impl Left {
    /// Since when they count.
    pub(super) const fn since(&self) -> Moment {
        self.counts[0].since()
    }
}

fn note(tallies: &mut [Tally; 2], proven: bool, within: u32, now: Moment) -> [u32; 2] {
    let all = tallies[0].add(within, now);
    [all, if proven { tallies[1].add(within, now) } else { tallies[1].count(within, now) }]
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::NEVER.plus(1_000_000);

    #[test]
    fn users_count_once() {
        let mut probe = Probe::new(NOW);
        for user in [5, 6, 5, 7, 7] {
            probe.refuse(user, false, 600, NOW);
        }
        assert_eq!(probe.refuse(5, true, 600, NOW.plus(599)), [3, 1]);
        assert_eq!(probe.refuse(8, false, 600, NOW.plus(600)), [1, 0], "a new time");
    }

    #[test]
    fn proven_users_take_the_places_of_others() {
        let mut probe = Probe::new(NOW);
        (1..=100).for_each(|user| {
            probe.refuse(user, false, 600, NOW);
        });
        let counts = (1_001..=1_016).map(|user| probe.refuse(user, true, 600, NOW)).last();
        assert_eq!(counts, Some([16, 16]));
    }

    #[test]
    fn proven_requests_count_twice_over() {
        let mut probe = Probe::new(NOW);
        assert_eq!([probe.malform(false, 600, NOW), probe.malform(true, 600, NOW)], [[1, 0], [2, 1]]);
        assert_eq!([probe.leave(true, 600, NOW), probe.leave(false, 600, NOW)], [[1, 1], [2, 1]]);
    }
}
