//! What follows from what can be held against somebody.
//!
//! Owns: the rules. Refuses: carrying a sentence out (sentence.rs), and counting what is not proven towards a ban.
use firewall_common::sip::Method;

use super::accounts::Pair;
use super::clock::Moment;
use super::command::Command;
use super::evidence::Rule;
use super::hash::half;
use super::probes::Probe;
use super::sentence::Breach;
use super::slow_path::Engine;
use super::sources::Source;
use super::tally::Rate;
use super::who::{Case, What, Who};
use crate::clock::Clock;

/// Challenges that a source may leave before they are kept as evidence: every honest first request is challenged.
const LEFT_KEPT: u32 = 4;
/// Seconds that the first challenge must be old before leaving them counts: an office that starts has many open at once.
/// The same goes for refusals of what could not be read, until the first of them is followed by a success.
const LEFT_AGE: u32 = 5;

impl Engine {
    /// Takes in something that can be held against somebody.
    pub(super) fn incident(&mut self, who: &Who, case: &Case, clock: Clock, out: &mut Vec<Command>) {
        // What was under way when it was banned is part of what it is banned for.
        if self.is_banned(who.hash, clock.now()) {
            return;
        }
        match case.what {
            What::Failure => self.failure(who, case, clock, out),
            What::Refused => self.refusal(who, case, clock, out),
            What::Malformed => self.malformed(who, case, clock, out),
            What::Unread => self.unread(who, case, clock, out),
            What::Left => self.left(who, case, clock, out),
        }
    }

    fn failure(&mut self, who: &Who, case: &Case, clock: Clock, out: &mut Vec<Command>) {
        if self.is_told(who, case, clock.now()) {
            return;
        }
        self.note(who, case, clock);
        match case.is_proven() {
            true => self.proven_failure(who, case, clock, out),
            false => self.unproven_failure(who, clock, out),
        }
    }

    /// Whether a feed and the wire tell the same. Without feeds nobody tells anything twice.
    fn is_told(&mut self, who: &Who, case: &Case, now: Moment) -> bool {
        let feeds = self.ways.len() > 2 && case.account.hash != 0;
        let hash = self.key.joined(who.hash, case.account.hash);
        let pair = || Pair::new(who.hash, case.account.hash, now);
        let pair = if feeds { self.pairs.entry(hash, pair, now) } else { None };
        pair.is_some_and(|pair| pair.is_told(who.way > 1, case.is_proven(), now))
    }

    fn unproven_failure(&mut self, who: &Who, clock: Clock, out: &mut Vec<Command>) {
        let (rate, now) = (self.settings.unproven, clock.now());
        let Some(source) = self.sources.get_mut(who.hash) else { return };
        let count = source.unproven.add(rate.within, now);
        if rate.is_met(count) {
            self.hold(who, Breach { rule: Rule::Failures, count, rate }, clock, out);
        }
    }

    fn proven_failure(&mut self, who: &Who, case: &Case, clock: Clock, out: &mut Vec<Command>) {
        let (now, known) = (clock.now(), self.is_known(who, clock.now()));
        let attacked = self.fail_account(who, case, now);
        let pair = self.fail_pair(who, case, now);
        let (failures, slow) = (self.settings.failures, self.settings.slow);
        let Some(source) = self.sources.get_mut(who.hash) else { return };
        source.failures.add(now);
        source.slow.add(slow.within, now);
        let counts = [source.failures.count(failures.within, now), source.slow.count(slow.within, now)];
        self.changed.source(who.hash, source);
        if known && !who.kind.is_trusted() {
            return self.registrants_failure(who, case, pair, attacked, clock, out);
        }
        let breach = match counts {
            _ if attacked.is_some() && !who.kind.is_trusted() => {
                let count = attacked.unwrap_or_default();
                Breach { rule: Rule::AccountUnderAttack, count, rate: self.settings.account }
            }
            [count, _] if let Some(breach) = self.weak_breach(who, case, count, clock) => breach,
            [count, _] if failures.is_met(count) => Breach { rule: Rule::Failures, count, rate: failures },
            [_, count] if slow.is_met(count) => Breach { rule: Rule::SlowFailures, count, rate: slow },
            _ => return,
        };
        self.ban(who, breach, clock, out);
    }

    /// Notes a failure of an account, and gives the number of those before it if many sources are guessing at it and this
    /// one has never authenticated for it.
    fn fail_account(&mut self, who: &Who, case: &Case, now: Moment) -> Option<u32> {
        let (rate, sources, hash) = (self.settings.account, self.settings.account_sources, case.account.hash);
        if hash == 0 {
            return None;
        }
        let knows = self.is_authenticated(who.hash, hash, now);
        let account = self.accounts.entry(hash, Default::default, now)?;
        let attacked = account.is_attacked(rate, sources, now).then(|| account.count(rate, now));
        account.fail(half(who.hash), now);
        self.changed.account(hash, account);
        attacked.filter(|_| !knows)
    }

    /// Notes a failure of an account at a source: gives how many there are in the short and in the long time. One that goes
    /// on under other names than the one that is held, or under one that cannot be held, is counted as one more account
    /// each time. So is one that goes on as if it were not held: the kernel looks for a name only where a segment begins,
    /// and only so far into a head. What a feed tells of may have come by ways that can't be held at all.
    fn fail_pair(&mut self, who: &Who, case: &Case, now: Moment) -> [u32; 2] {
        let (hash, within) = (self.key.joined(who.hash, case.account.hash), self.pair_times());
        let from = half(self.key.of(&[case.from.bytes()]));
        let pair = || Pair::new(who.hash, case.account.hash, now);
        let Some(pair) = self.pairs.entry(hash, pair, now) else { return [0; 2] };
        let counts = pair.fail(within, now);
        let nameless = case.from.whole().is_none_or(<[u8]>::is_empty) && self.settings.failures.is_met(counts[0]);
        let leaks = who.way < 2 && counts[0] > self.settings.held_most;
        let evades = nameless || leaks || pair.held_until > now && pair.held_from != from;
        if let Some(source) = self.sources.get_mut(who.hash) {
            let lengths = source.accounts.iter_mut().zip(&mut pair.counted).zip(within);
            for ((counted, since), within) in lengths {
                if evades || counted.count(within, now) == 0 || *since != counted.since() {
                    counted.add(within, now);
                    *since = counted.since();
                }
            }
        }
        self.changed.pair(self.key, pair);
        counts
    }

    /// The short and the long time of failures.
    pub(super) const fn pair_times(&self) -> [u32; 2] {
        [self.settings.failures.within, self.settings.slow.within]
    }

    /// A failure at a source where others have authenticated. It is the account that is held; the source is banned only
    /// when so many accounts fail that nobody can have mistyped them all.
    fn registrants_failure(
        &mut self,
        who: &Who,
        case: &Case,
        [short, long]: [u32; 2],
        attacked: Option<u32>,
        clock: Clock,
        out: &mut Vec<Command>,
    ) {
        let (now, failures, slow) = (clock.now(), self.settings.failures, self.settings.slow);
        let accounts = self.sources.get(who.hash).map_or([0; 2], |source| {
            [source.accounts[0].count(failures.within, now), source.accounts[1].count(slow.within, now)]
        });
        let tenth = u32::try_from(self.registrations.accounts(who.hash, now) / 10).unwrap_or(u32::MAX);
        let few = Rate { count: self.settings.registrant_accounts.max(tenth), ..failures };
        let many = Rate { count: few.count.max(slow.count), ..slow };
        let rule = Rule::Scanning;
        match accounts {
            [count, _] if few.is_met(count) => return self.ban(who, Breach { rule, count, rate: few }, clock, out),
            [_, count] if many.is_met(count) => return self.ban(who, Breach { rule, count, rate: many }, clock, out),
            _ => {}
        }
        // Whoever has had the password before is the one who may mistype the new one.
        let owns = self.is_authenticated(who.hash, case.account.hash, now);
        let few = if owns { self.settings.own_account } else { failures };
        let breach = match attacked {
            Some(count) => Breach { rule: Rule::AccountUnderAttack, count, rate: self.settings.account },
            None if let Some(breach) = self.weak_breach(who, case, short, clock) => breach,
            None if few.is_met(short) => Breach { rule: Rule::AccountFailures, count: short, rate: few },
            None if slow.is_met(long) => Breach { rule: Rule::SlowFailures, count: long, rate: slow },
            None => return,
        };
        self.hold_account(who, case, breach, clock, out);
    }

    fn refusal(&mut self, who: &Who, case: &Case, clock: Clock, out: &mut Vec<Command>) {
        self.note(who, case, clock);
        let (rate, now) = (self.settings.scanning, clock.now());
        let Some(probe) = self.probes.entry(who.hash, || Probe::new(now), now) else { return };
        let counts = probe.refuse(case.target, case.is_proven(), rate.within, now);
        self.probed(who, case, (Rule::Scanning, rate), counts, clock, out);
    }

    fn malformed(&mut self, who: &Who, case: &Case, clock: Clock, out: &mut Vec<Command>) {
        self.note(who, case, clock);
        let (rate, now) = (self.settings.malformed, clock.now());
        let Some(probe) = self.probes.entry(who.hash, || Probe::new(now), now) else { return };
        let counts = probe.malform(case.is_proven(), rate.within, now);
        self.probed(who, case, (Rule::Malformed, rate), counts, clock, out);
    }

    /// A call whose signature does not hold, where the policy counts that: like a request that the server refuses as malformed.
    pub(super) fn unsigned(&mut self, who: &Who, case: &Case, clock: Clock, out: &mut Vec<Command>) {
        self.note(who, case, clock);
        let (rate, now) = (self.settings.malformed, clock.now());
        let Some(probe) = self.probes.entry(who.hash, || Probe::new(now), now) else { return };
        let counts = probe.malform(case.is_proven(), rate.within, now);
        self.probed(who, case, (Rule::Identity, rate), counts, clock, out);
    }

    /// A refusal of what could not be read: a guess perhaps, or the first request of a phone that writes in its own way. So
    /// it counts only where nobody has registered yet, not for pings, and only while nothing was lost on the way here: then
    /// the request may have been like any other.
    fn unread(&mut self, who: &Who, case: &Case, clock: Clock, out: &mut Vec<Command>) {
        let (rate, now) = (self.settings.malformed, clock.now());
        let excused = case.method == Method::Options || self.lost.within(rate.within, now);
        if excused || who.kind.is_trusted() || self.is_known(who, now) {
            return;
        }
        self.note(who, case, clock);
        let Some(probe) = self.probes.entry(who.hash, || Probe::new(now), now) else { return };
        let counts = probe.miss(case.is_proven(), rate.within, now);
        if now.since(probe.unread.since()) >= LEFT_AGE {
            self.probed(who, case, (Rule::Unread, rate), counts, clock, out);
        }
    }

    /// A challenge that was left. Here it is an absence that is held against somebody: it counts only while nothing was
    /// lost on the way to the engine, and towards a ban only if each of them was a call whose refusal was acknowledged.
    fn left(&mut self, who: &Who, case: &Case, clock: Clock, out: &mut Vec<Command>) {
        let (rate, now) = (self.settings.spray, clock.now());
        if case.method == Method::Options || self.lost.within(rate.within, now) {
            return;
        }
        let proven = case.is_proven() && case.method == Method::Invite;
        let Some(probe) = self.probes.entry(who.hash, || Probe::new(now), now) else { return };
        let counts = probe.leave(proven, rate.within, now);
        let since = probe.left.since();
        if counts[0] > LEFT_KEPT {
            self.note(who, case, clock);
        }
        if now.since(since) >= LEFT_AGE {
            let rule = if case.method == Method::Invite { Rule::InviteSpray } else { Rule::Scanning };
            self.probed(who, case, (rule, rate), counts, clock, out);
        }
    }

    /// What follows from a number of probes, and the number of those among them that are proven.
    fn probed(
        &mut self,
        who: &Who,
        case: &Case,
        (rule, rate): (Rule, Rate),
        [all, proven]: [u32; 2],
        clock: Clock,
        out: &mut Vec<Command>,
    ) {
        let now = clock.now();
        if let Some(source) = self.sources.get_mut(who.hash).filter(|_| proven > 0) {
            self.changed.source(who.hash, source);
        }
        let tenth = self.registrations.accounts(who.hash, now) / 10;
        // What the server can't read of an office's calls is a carrier's or one phone's doing.
        let few = tenth <= rate.count as usize && !(rule == Rule::Malformed && self.is_known(who, now));
        let (breach, stray) = (Breach { rule, count: proven, rate }, Breach { rule, count: all, rate });
        match rate.is_met(proven) {
            true if few => self.ban(who, breach, clock, out),
            true => self.hold_account(who, case, breach, clock, out),
            false if rate.is_met(all) => self.hold(who, stray, clock, out),
            false => {}
        }
    }

    /// Keeps an incident as evidence.
    pub(super) fn note(&mut self, who: &Who, case: &Case, clock: Clock) {
        let (now, proven) = (clock.now(), case.is_proven());
        let count = if proven { &mut self.counts.proven } else { &mut self.counts.unproven };
        *count += 1;
        let new = || Source::doing(who.source, proven, now);
        let Some(source) = self.sources.entry(who.hash, new, now) else { return };
        (source.touched, source.proven) = (now, if proven { now } else { source.proven });
        let last = &mut source.incidents[usize::from(proven)];
        *last = self.incidents[usize::from(proven)].add(case.kept(who.way, clock), *last);
    }
}
