//! How much somebody calls.
//!
//! Owns: the counters of one account, source or class. Refuses: limits.
use firewall_common::number::Number;

use super::super::clock::Moment;
use super::super::table::{Entry, worth};
use super::super::tally::Tally;
use super::DAY;

/// Runs of numbers that are followed at once.
const RUNS: usize = 4;
/// Digits at the end in which the numbers of a run differ.
const LAST: u32 = 3;

/// Counters.
#[derive(Clone, Copy, Default)]
pub(super) struct Meter {
    /// Calls that go on.
    pub(super) open: u16,
    /// Calls of late.
    pub(super) calls: Tally,
    /// Seconds of calls since the day began.
    talked: u32,
    day: Moment,
    runs: [Run; RUNS],
    touched: Moment,
}

/// Numbers that begin alike.
#[derive(Clone, Copy, Default)]
struct Run {
    /// The digits that they share, and how many there are.
    prefix: (u64, u64, u32),
    /// Bits of the last digits that were called, by their remainder.
    seen: u64,
    count: Tally,
    touched: Moment,
}

impl Entry for Meter {
    /// Whose calls go on is not forgotten for others.
    fn worth(&self, _: Moment) -> u64 {
        worth(u8::from(self.open > 0), self.touched)
    }
}

impl Meter {
    /// One more call begins. Tells how many go on.
    pub(super) fn open(&mut self, now: Moment) -> u32 {
        self.touched = now;
        self.open = self.open.saturating_add(1);
        self.open.into()
    }

    /// A call went on for so long, and has ended perhaps.
    pub(super) fn lasted(&mut self, seconds: u32, is_over: bool, now: Moment) {
        self.talked(now);
        self.talked = self.talked.saturating_add(seconds);
        self.open = self.open.saturating_sub(u16::from(is_over));
        self.touched = now;
    }

    /// The seconds of calls in the day that began with the first of them.
    pub(super) fn talked(&mut self, now: Moment) -> u32 {
        if !self.day.within(DAY, now) {
            (self.day, self.talked) = (now, 0);
        }
        self.talked
    }

    /// Notes a number. Tells how many different ones of late differ from it only at the end.
    pub(super) fn run(&mut self, number: Number, within: u32, now: Moment) -> u32 {
        let digits = number.digits;
        let len = digits.len.saturating_sub(LAST);
        let all = u128::from(digits.hi) << 64 | u128::from(digits.lo);
        let rest = all.checked_shr(128 - 4 * len).unwrap_or(0);
        let prefix = ((rest >> 64) as u64, rest as u64, digits.len);
        let last = digits.iter().skip(len as usize).fold(0u32, |last, digit| last * 10 + u32::from(digit));
        let known = self.runs.iter().position(|run| run.prefix == prefix && run.touched.within(within, now));
        let at = known.or_else(|| (0..RUNS).min_by_key(|at| self.runs[*at].touched)).unwrap_or(0);
        let Some(run) = self.runs.get_mut(at) else { return 0 };
        if known.is_none() {
            *run = Run { prefix, ..Run::default() };
        }
        run.touched = now;
        // A number that was called before is nothing new; 64 of a thousand are told apart.
        let bit = 1 << (last % 64);
        let is_new = run.seen & bit == 0;
        run.seen |= bit;
        if is_new { run.count.add(within, now) } else { run.count.count(within, now) }
    }
}

#[cfg(test)]
mod tests {
    use firewall_common::number::{Digits, INTERNATIONAL};

    use super::*;

    const NOW: Moment = Moment::NEVER.plus(1_000_000);

    fn number(text: &str) -> Number {
        Number { space: INTERNATIONAL, digits: Digits::parse(text).unwrap() }
    }

    #[test]
    fn numbers_in_a_row_are_told_from_others_even_when_two_rows_take_turns() {
        let mut meter = Meter::default();
        let mut last = [0; 2];
        for n in 0..5 {
            last[0] = meter.run(number(&format!("2528123{n:03}")), 600, NOW);
            last[1] = meter.run(number(&format!("3719000{n:03}")), 600, NOW);
        }
        assert_eq!(last, [5, 5]);
        assert_eq!(meter.run(number("2528123001"), 600, NOW), 5, "the same one again is no more");
        assert_eq!(meter.run(number("25281230015"), 600, NOW), 1, "one of another length");
        assert_eq!(meter.run(number("2528123007"), 600, NOW.plus(600)), 1, "later");
        assert_eq!(meter.run(number("1"), 600, NOW), 1);
    }

    #[test]
    fn a_day_begins_anew() {
        let mut meter = Meter::default();
        meter.open(NOW);
        meter.lasted(100, false, NOW);
        meter.lasted(50, true, NOW.plus(60));
        meter.lasted(50, true, NOW.plus(60));
        assert_eq!((meter.talked(NOW.plus(DAY - 1)), meter.open), (200, 0));
        assert_eq!(meter.talked(NOW.plus(DAY)), 0);
    }
}
