//! What a config says of fraud.
//!
//! Owns: taking it from there, and which limits a meter passes. Refuses: counting.
use firewall_common::number::{Digits, INTERNATIONAL, Number, Plan};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::clock::Moment;
use super::super::evidence::Rule;
use super::super::tally::Rate;
use super::meter::Meter;
use super::{DAY, Passed};
use crate::config::{Allowance, Config, Counted, Response};

/// A config as calls are counted by it.
pub(in super::super) struct Rules {
    pub(super) plan: Plan,
    /// Whether every call counts.
    pub(super) all: bool,
    /// The country's own codes.
    home: Vec<Digits>,
    concurrent: (u32, Response),
    calls: (Rate, Response),
    minutes: (u32, Response),
    sequence: (Rate, Response),
    pub(super) country_then: Response,
    /// Milliseconds.
    pub(super) learn: i64,
    night: Option<(u16, u16)>,
    pub(super) night_then: Response,
    pub(super) transfers_then: Response,
    pub(super) multiple: u32,
    pub(super) divisor: u32,
    pub(super) block_for: u32,
    pub(super) block_digits: u32,
    pub(super) again: u32,
    zone: TimeZone,
}

impl Rules {
    /// Those of a config.
    pub(super) fn of(config: &Config) -> Self {
        let (fraud, plan) = (config.fraud(), config.dial_plan());
        Self {
            home: home(&plan),
            plan,
            all: fraud.counts == Counted::All,
            concurrent: (fraud.concurrent.get(), fraud.concurrent_then),
            calls: (rate(fraud.calls), fraud.calls_then),
            minutes: (fraud.minutes.get(), fraud.minutes_then),
            sequence: (rate(fraud.sequence), fraud.sequence_then),
            country_then: fraud.new_country_then,
            learn: i64::from(fraud.learn.seconds()) * 1_000,
            night: fraud.night.get(),
            night_then: fraud.night_then,
            transfers_then: fraud.transfers_then,
            multiple: fraud.source_multiple.get(),
            divisor: fraud.class_divisor.get(),
            block_for: fraud.block_for.seconds(),
            block_digits: fraud.block_digits.get(),
            again: fraud.again.seconds(),
            zone: fraud.zone(),
        }
    }

    /// Whether a number is of the country that the plan is for.
    pub(super) fn is_home(&self, number: Number) -> bool {
        self.home.iter().any(|code| number.digits.starts_with(*code))
    }

    /// Whether it is night.
    pub(super) fn is_night(&self, wall: i64) -> bool {
        let Some((from, to)) = self.night else { return false };
        let Ok(time) = Timestamp::from_millisecond(wall) else { return false };
        let time = time.to_zoned(self.zone.clone()).time();
        let minute = u16::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).unwrap_or(0);
        if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to }
    }

    /// Counts one more call, and tells which limits it passes; those are `part` (so many times, one in so many) of an account's.
    pub(super) fn passed(&self, meter: &mut Meter, number: Number, part: (u32, u32), now: Moment) -> Vec<Passed> {
        let share = |count: u32| if count == 0 { 0 } else { (count.saturating_mul(part.0) / part.1.max(1)).max(1) };
        let more = |most: u32| Rate { count: if most == 0 { 0 } else { share(most) + 1 }, within: DAY };
        let of = |rate: Rate| Rate { count: share(rate.count), ..rate };
        let (calls, sequence) = (of(self.calls.0), of(self.sequence.0));
        let talked = meter.talked(now) / 60;
        let minutes = Rate { count: share(self.minutes.0), within: DAY };
        let all = [
            (Rule::FraudConcurrent, meter.open(now), more(self.concurrent.0), self.concurrent.1),
            (Rule::FraudCalls, meter.calls.add(calls.within, now), calls, self.calls.1),
            (Rule::FraudMinutes, talked, minutes, self.minutes.1),
            (Rule::FraudSequence, meter.run(number, sequence.within, now), sequence, self.sequence.1),
        ];
        let is_met =
            |(.., count, rate, then): &(Rule, u32, Rate, Response)| rate.is_met(*count) && *then != Response::Off;
        all.into_iter().filter(is_met).map(|(rule, count, rate, then)| Passed { rule, count, rate, then }).collect()
    }
}

/// What a plan puts before the numbers of its own country.
fn home(plan: &Plan) -> Vec<Digits> {
    let used = plan.rewrites.iter().filter(|it| it.mask != 0 && it.space == INTERNATIONAL && it.insert_len > 0);
    used.map(|it| Digits::NONE.insert(it.insert, it.insert_len)).collect()
}

/// One that is off has a count of 0.
fn rate<const MAX: u32>(allowance: Allowance<MAX>) -> Rate {
    let (count, within) = allowance.get().unwrap_or((0, 600));
    Rate { count, within }
}
