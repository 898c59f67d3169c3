//! Bans, holds and alarms.
//!
//! Owns: the commands, their evidence, and that they are not too many. Refuses: banning or holding whom the operator
//! vouches for.
use firewall_common::copy::Kind;

use super::clock::Moment;
use super::command::{Alarm, Ban, Command, Demote, Hold};
use super::evidence::{Evidence, Rule};
use super::hash::half;
use super::probes::Probe;
use super::slow_path::Engine;
use super::sources::Source;
use super::tally::Rate;
use super::who::{Case, Who};
use crate::clock::Clock;

/// Alarms that are raised at most in so many seconds: who forges the addresses of all peers must not fill the list.
const ALARMS: Rate = Rate { count: 60, within: 600 };
/// Holds of whole sources at most in so many seconds: who forges addresses must not fill the kernel's map.
const HOLDS: Rate = Rate { count: 2_000, within: 60 };

/// A rule that was broken.
#[derive(Clone, Copy)]
pub(super) struct Breach {
    pub(super) rule: Rule,
    /// How many there were.
    pub(super) count: u32,
    /// How many are too many.
    pub(super) rate: Rate,
}

impl Engine {
    /// Whether a source is banned now.
    pub(super) fn is_banned(&self, source: u64, now: Moment) -> bool {
        self.sources.get(source).is_some_and(|it| it.is_banned(now))
    }

    /// Bans a source, ends its trust, and forgets what it is banned for. Whom the operator vouches for raises an alarm.
    pub(super) fn ban(&mut self, who: &Who, breach: Breach, clock: Clock, out: &mut Vec<Command>) {
        if who.kind.is_trusted() {
            return self.alarm(who, breach, clock, out);
        }
        let now = clock.now();
        let known = self.sources.get(who.hash);
        let step = known.map_or(1, |source| source.next_step(&self.settings, now));
        let seconds = self.settings.step(step);
        let evidence = self.evidence(who, 1, breach, self.settings.step(step + 1));
        if let Some(source) = self.sources.entry(who.hash, || Source::new(who.source, now), now) {
            source.ban(step, now.plus(seconds));
            source.incidents = [0; 2];
            self.changed.source(who.hash, source);
        }
        self.probes.remove(who.hash);
        self.counts.bans += 1;
        let until = clock.wall_ms.saturating_add(i64::from(seconds) * 1_000);
        out.push(Command::Ban(Ban { source: who.source, until, step, evidence }));
        if self.registrations.forget(who.hash) || self.is_known(who, now) {
            self.counts.demotions += 1;
            out.push(Command::Demote(Demote { source: who.source, account: None, until: clock.wall_ms }));
        }
    }

    /// Holds a stranger to a trickle. Not one that was registered lately: what nothing proves must not keep an office from
    /// coming back.
    pub(super) fn hold(&mut self, who: &Who, breach: Breach, clock: Clock, out: &mut Vec<Command>) {
        let now = clock.now();
        let exempt = who.kind.is_trusted() || matches!(who.kind, Kind::Registrant | Kind::Known);
        if exempt || self.registrations.trusted_until(who.hash) > now {
            return;
        }
        let until = now.plus(self.settings.hold);
        let Some(source) = self.sources.get_mut(who.hash) else { return };
        if is_fresh(source.held_until, self.settings.hold, now) {
            return;
        }
        if self.holds.add(HOLDS.within, now) > HOLDS.count {
            self.counts.holds_left_out += 1;
            return;
        }
        source.held_until = until;
        let evidence = self.evidence(who, 0, breach, 0);
        self.counts.holds += 1;
        out.push(Command::Hold(Hold { source: who.source, account: None, until: clock.wall_of(until), evidence }));
    }

    /// Holds one account of a source.
    pub(super) fn hold_account(
        &mut self,
        who: &Who,
        case: &Case,
        breach: Breach,
        clock: Clock,
        out: &mut Vec<Command>,
    ) {
        let (now, until) = (clock.now(), clock.now().plus(self.settings.hold));
        let Some(account) = case.from.whole().filter(|name| !name.is_empty()).map(<[u8]>::to_vec) else { return };
        let from = half(self.key.of(&[&account]));
        if who.kind.is_trusted() {
            return self.alarm(who, breach, clock, out);
        }
        if let Some(pair) = self.pairs.get_mut(self.key.joined(who.hash, case.account.hash)) {
            if pair.held_from == from && is_fresh(pair.held_until, self.settings.hold, now) {
                return;
            }
            (pair.held_until, pair.held_from) = (until, from);
        }
        let evidence = self.evidence(who, 1, breach, 0);
        self.counts.holds += 1;
        let until = clock.wall_of(until);
        out.push(Command::Hold(Hold { source: who.source, account: Some(account), until, evidence }));
    }

    /// Raises an alarm about whom the operator vouches for.
    pub(super) fn alarm(&mut self, who: &Who, breach: Breach, clock: Clock, out: &mut Vec<Command>) {
        let now = clock.now();
        let Some(source) = self.sources.get_mut(who.hash) else { return };
        if source.alarmed.within(self.settings.alarm, now) {
            return;
        }
        if self.alarms.add(ALARMS.within, now) > ALARMS.count {
            self.counts.alarms_left_out += 1;
            return;
        }
        source.alarmed = now;
        source.forgive();
        if let Some(probe) = self.probes.get_mut(who.hash) {
            *probe = Probe::new(now);
        }
        let evidence = self.evidence(who, 1, breach, 0);
        self.counts.alarms += 1;
        out.push(Command::Alarm(Alarm { peer: who.peer, source: who.source, time: clock.wall_ms, evidence }));
    }

    /// The evidence for a rule that was broken, with the proven (1) or unproven (0) incidents.
    fn evidence(&self, who: &Who, proven: usize, breach: Breach, next_seconds: u32) -> Evidence {
        let last = self.sources.get(who.hash).map_or(0, |source| source.incidents[proven]);
        let Breach { rule, count, rate } = breach;
        Evidence {
            rule,
            count,
            allowed: rate.count.saturating_sub(1),
            within: rate.within.into(),
            incidents: self.incidents[proven].last(last, &self.ways),
            next_seconds: next_seconds.into(),
        }
    }
}

/// Whether more than half of a hold's time is left, so that it need not be said again.
fn is_fresh(held_until: Moment, seconds: u32, now: Moment) -> bool {
    held_until.since(now) > seconds / 2
}
