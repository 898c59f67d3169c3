//! Calls that look like fraud: too many, too long, to numbers in a row, to a country that nobody called before, at night.
//!
//! Owns: what is counted for whom, and when it is too much. Refuses: what follows (see respond.rs), which calls there are (see
//! `engine::calls`), and which numbers may be called (the kernel decides that).
//!
//! Everything is counted in a table of fixed size: of whoever is forgotten in it, counting begins anew.
mod country;
mod meter;
mod respond;
mod rules;
mod transfer;

use std::sync::Arc;

use firewall_common::number::{Dialled, Directions, INTERNATIONAL, Number, NumberAction, NumberKey};

use super::calls::Stir;
use super::clock::Moment;
use super::command::Command;
use super::evidence::{Proof, Rule};
use super::facts::Account;
use super::slow_path::Engine;
use super::table::Table;
use super::tally::Rate;
use super::text::Name;
use super::who::Who;
use crate::clock::Clock;
use crate::config::{Config, Response};
use crate::numbers::{self, Numbers};
pub(super) use country::Countries;
use meter::Meter;
pub(super) use rules::Rules;

/// Seconds of a day.
const DAY: u32 = 86_400;

/// What is known of calls.
pub(super) struct Fraud {
    rules: Rules,
    numbers: Arc<Numbers>,
    meters: Table<Meter>,
    pub(super) countries: Countries,
}

/// A call that our side has let in: whose, and where to.
pub(super) struct Placed<'a> {
    pub(super) who: Who,
    pub(super) account: Account,
    pub(super) proof: Proof,
    pub(super) dialled: Dialled,
    pub(super) agent: &'a str,
    /// Whether our side makes it, for somebody who is not seen.
    pub(super) is_ours: bool,
}

/// A limit that was passed.
#[derive(Clone, Copy)]
struct Passed {
    rule: Rule,
    count: u32,
    rate: Rate,
    then: Response,
}

impl Fraud {
    /// Nothing is counted yet; for so many accounts, sources and classes.
    pub(super) fn new(config: &Config, places: u32) -> Self {
        let (rules, numbers) = (Rules::of(config), Arc::default());
        Self { rules, numbers, meters: Table::new(places), countries: Countries::default() }
    }

    /// Goes on with another config.
    pub(super) fn reconfigure(&mut self, config: &Config) {
        self.rules = Rules::of(config);
    }

    /// The most bytes that it takes.
    pub(super) fn memory(&self) -> usize {
        self.meters.memory() + Countries::memory()
    }

    /// The number that was called, and its class; nothing if it does not count.
    fn counted(&self, dialled: Dialled) -> Option<(Number, Option<Arc<str>>)> {
        let number = self.rules.plan.apply(dialled);
        let class = self.look(number).and_then(|(_, class)| class);
        let is_abroad = number.space == INTERNATIONAL && !self.rules.is_home(number);
        let counts = number.digits.len > 0 && (self.rules.all || is_abroad || class.is_some());
        counts.then_some((number, class))
    }

    fn look(&self, number: Number) -> Option<(NumberAction, Option<Arc<str>>)> {
        let listed = self.numbers.look(NumberKey::EVERYBODY, Directions::SENT, number)?;
        Some((listed.action, listed.class))
    }

    /// What one more call of a scope, which may have `part` of the limits, passes.
    fn meter(&mut self, key: u64, number: Number, part: (u32, u32), now: Moment) -> Vec<Passed> {
        let Some(meter) = self.meters.entry(key, Meter::default, now) else { return Vec::new() };
        self.rules.passed(meter, number, part, now)
    }

    /// What has nothing to do with how much somebody calls.
    fn out_of_place(&mut self, number: Number, clock: Clock) -> Vec<Passed> {
        let once = Rate { count: 1, within: DAY };
        let mut passed = Vec::new();
        if self.rules.is_night(clock.wall_ms) {
            passed.push(Passed { rule: Rule::FraudNight, count: 1, rate: once, then: self.rules.night_then });
        }
        let is_new = numbers::country(number)
            .is_some_and(|country| self.countries.is_new(country, self.rules.learn, clock.wall_ms));
        if is_new {
            passed.push(Passed { rule: Rule::FraudCountry, count: 1, rate: once, then: self.rules.country_then });
        }
        passed
    }
}

impl Engine {
    /// The lists of numbers, for their classes, and for transfers to numbers that are denied.
    pub fn set_numbers(&mut self, numbers: Arc<Numbers>) {
        self.fraud.numbers = numbers;
    }

    /// Takes in what has become of calls with the last message, or by time. `who` is the message's remote.
    pub(super) fn stirred(&mut self, who: &Who, clock: Clock, out: &mut Vec<Command>) {
        for stir in self.calls.stirred() {
            match stir {
                Stir::Placed { call, dialled, from, agent, is_ours } => {
                    let (account, proof) = match self.let_in.take() {
                        Some(let_in) if !is_ours => let_in,
                        _ => (super::reading::account(&from, self.key), proof_of(who)),
                    };
                    let placed = Placed { who: *who, account, proof, dialled, agent: &agent, is_ours };
                    self.placed(call, &placed, clock, out);
                }
                Stir::Lasted { meters, seconds, is_over } => self.lasted(meters, seconds, is_over, clock.now()),
                Stir::Transferred { dialled, proven } => self.transferred(who, &dialled, proven, clock, out),
                Stir::Foreign { method } => self.foreign(who, method, clock, out),
            }
        }
    }

    fn placed(&mut self, call: u64, placed: &Placed<'_>, clock: Clock, out: &mut Vec<Command>) {
        let Some((number, class)) = self.fraud.counted(placed.dialled) else { return };
        let (now, key) = (clock.now(), self.key);
        let account = match placed.is_ours {
            true => key.joined(placed.account.hash, u64::MAX),
            false => key.joined(placed.account.hash, 0),
        };
        let source = if placed.is_ours { 0 } else { key.joined(placed.who.hash, 1) };
        let of_class = |class: &Arc<str>| key.joined(account, key.of(&[b"class", class.as_bytes()]));
        let class = class.as_ref().map_or(0, of_class);
        let has_account = placed.account.hash != 0;
        let meters = [if has_account { account } else { 0 }, source, if has_account { class } else { 0 }];
        let parts = [(1, 1), (self.fraud.rules.multiple, 1), (1, self.fraud.rules.divisor)];
        self.calls.metered(call, meters);
        let mut passed = self.fraud.out_of_place(number, clock);
        for (meter, part) in meters.into_iter().zip(parts).filter(|(meter, _)| *meter != 0) {
            for one in self.fraud.meter(meter, number, part, now) {
                // The account's limits are the strictest, and say most.
                if passed.iter().all(|known| known.rule != one.rule) {
                    passed.push(one);
                }
            }
        }
        for one in passed {
            self.respond(call, placed, number, one, clock, out);
        }
    }

    fn lasted(&mut self, meters: [u64; 3], seconds: u32, is_over: bool, now: Moment) {
        for meter in meters.into_iter().filter(|meter| *meter != 0) {
            if let Some(meter) = self.fraud.meters.get_mut(meter) {
                meter.lasted(seconds, is_over, now);
            }
        }
    }
}

/// What proves whoever a message came from, without a look at credentials.
fn proof_of(who: &Who) -> Proof {
    if who.connected { Proof::Connection } else { Proof::None }
}

/// A name of evidence.
fn name(text: &str) -> Name<32> {
    Name::new(text.as_bytes())
}
