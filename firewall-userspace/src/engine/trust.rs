//! Who has proved itself.
//!
//! Owns: successes, registrations and their end, and the commands that follow. Refuses: trust on a success that is not
//! the source's own.
use firewall_common::copy::Kind;
use firewall_common::sip::Method;

use super::accounts::Pair;
use super::clock::Moment;
use super::command::{Command, Demote, Promote};
use super::facts::{Account, Answer, CONTACTS, Credential, Request};
use super::hash::half;
use super::ledger::Standing;
use super::registrations::{Bind, Entered, Limits};
use super::settings::Settings;
use super::slow_path::Engine;
use super::sources::Source;
use super::who::Who;
use crate::clock::Clock;

impl Engine {
    /// A request with credentials was let in. If they were looked at, its nonces are good, and what the account failed before
    /// is forgotten. Tells whether they were.
    pub(super) fn success(&mut self, who: &Who, request: &Request, clock: Clock) -> bool {
        let now = clock.now();
        if !self.is_checked(who, request) {
            return false;
        }
        for credential in request.credentials() {
            self.ledger.accept(self.key, who.hash, credential.nonce, request.account.hash, now);
        }
        self.authenticated(who, &request.account, request.method == Method::Register, clock);
        if request.method == Method::Invite {
            self.let_in = Some((request.account, self.proof(who, request, clock)));
        }
        true
    }

    /// Whether our server has looked at the credentials of a request that it let in: a REGISTER's, or those that answer
    /// the challenge of that very request. Most servers answer OPTIONS, and many let calls to some numbers in, without a
    /// look at what anybody wrote into Authorization. Nor is it known whose they were when they name more than one.
    fn is_checked(&self, who: &Who, request: &Request) -> bool {
        let is_answer = |it: Credential| self.ledger.is_when_asked(self.key, who.hash, it.nonce, request.asks);
        let answers = request.method == Method::Register || request.credentials().any(is_answer);
        let is_sent = |it: &Credential| self.ledger.is_sent(self.key, who.hash, it.nonce);
        let ours = request.credentials().any(|it| is_sent(&it));
        let mut looked_at = request.credentials().filter(|it| !ours || is_sent(it));
        answers && !request.unclear && looked_at.all(|it| it.account == half(request.account.hash))
    }

    /// The same, as far as the account goes. One that registers is remembered with its registration.
    pub(super) fn authenticated(&mut self, who: &Who, account: &Account, registers: bool, clock: Clock) {
        let now = clock.now();
        self.counts.successes += 1;
        self.forgive(who, account.hash, now);
        let at = (who.hash, account.hash);
        if registers || account.hash == 0 || self.registrations.get(at).is_some() {
            return;
        }
        let pair = || Pair::new(who.hash, account.hash, now);
        if let Some(pair) = self.pairs.entry(self.key.joined(who.hash, account.hash), pair, now) {
            pair.authenticated = now;
            self.changed.pair(self.key, pair);
        }
        if let Some(source) = self.sources.entry(who.hash, || Source::new(who.source, now), now) {
            source.authenticated = now;
            self.changed.source(who.hash, source);
        }
    }

    /// Forgets what an account failed at a source; and what the source itself failed, while it is a stranger and so has
    /// nobody else's failures to answer for.
    pub(super) fn forgive(&mut self, who: &Who, account: u64, now: Moment) {
        let hash = self.key.joined(who.hash, account);
        let known = self.is_known(who, now);
        if let Some(pair) = self.pairs.get_mut(hash).filter(|pair| !pair.failures[1].since().is_never()) {
            if let Some(source) = self.sources.get_mut(who.hash) {
                (0..2).for_each(|length| source.accounts[length].take_back(pair.counted[length]));
            }
            pair.forgive();
            self.changed.pair(self.key, pair);
        }
        if known {
            return;
        }
        if let Some(source) = self.sources.get_mut(who.hash).filter(|source| !source.failures.last().is_never()) {
            source.forgive();
            self.changed.source(who.hash, source);
        }
    }

    /// Whether an account has authenticated at a source within the time that it is known.
    pub(super) fn is_authenticated(&self, source: u64, account: u64, now: Moment) -> bool {
        let known_for = self.settings.known_for;
        let registration = self.registrations.get((source, account));
        registration.is_some_and(|it| it.is_known(known_for, now))
            || self
                .pairs
                .get(self.key.joined(source, account))
                .is_some_and(|it| it.authenticated.within(known_for, now))
    }

    /// Whether anybody has authenticated at a source within the time that it is known.
    pub(super) fn is_known(&self, who: &Who, now: Moment) -> bool {
        let known_for = self.settings.known_for;
        matches!(who.kind, Kind::Registrant | Kind::Known)
            || self.registrations.is_known(who.hash, known_for, now)
            || self.sources.get(who.hash).is_some_and(|it| it.authenticated.within(known_for, now))
    }

    /// A REGISTER that our server accepted.
    pub(super) fn registered(
        &mut self,
        who: &Who,
        request: &Request,
        answer: &Answer,
        clock: Clock,
        out: &mut Vec<Command>,
    ) {
        if request.method != Method::Register || !self.may_be_trusted(who, request, clock.now()) {
            return;
        }
        self.moved(who, request, clock, out);
        let at = (who.hash, request.account.hash);
        let (now, binding) = (clock.now(), &request.binding);
        if binding.all {
            self.registrations.release(at, binding.record, None);
        }
        let mut bound = false;
        for (contact, asked) in binding.contacts.into_iter().take(usize::from(binding.count).min(CONTACTS)) {
            let granted = if asked == 0 { 0 } else { answer.granted.of(contact, asked).min(self.settings.longest) };
            if granted == 0 {
                self.registrations.release(at, binding.record, Some(contact));
                continue;
            }
            let until = now.plus(granted).plus(self.settings.grace);
            let bind = Bind { at, source: who.source, record: binding.record, contact, until };
            bound |= self.bind(&bind, now, clock, out);
        }
        match bound {
            true => self.promote(who, &request.account, clock, out),
            false if binding.all || binding.count > 0 => self.demote(who, &request.account, clock, out),
            false => {}
        }
    }

    /// A feed's word for an account that authenticated from a proven source.
    pub(super) fn told_of_success(&mut self, who: &Who, account: &Account, clock: Clock, out: &mut Vec<Command>) {
        let now = clock.now();
        if who.kind.is_trusted() || self.is_banned(who.hash, now) || account.hash == 0 {
            return;
        }
        let until = now.plus(self.settings.told_for);
        let at = (who.hash, account.hash);
        // What the wire told says more.
        let is_told = self.registrations.get(at).is_some_and(|it| it.until() >= until);
        if !is_told && self.bind(&Bind { at, source: who.source, record: 0, contact: 0, until }, now, clock, out) {
            self.promote(who, account, clock, out);
        }
    }

    /// A success is a source's own when it answers a nonce that went there, or came over a connection. A source that is a
    /// registrant already may renew without: the ledger does not survive a restart. That others may know the nonce does
    /// not matter here: who sends it also knows the password.
    pub(super) fn may_be_trusted(&self, who: &Who, request: &Request, now: Moment) -> bool {
        if who.kind.is_trusted() || self.is_banned(who.hash, now) || request.account.hash == 0 {
            return false;
        }
        let sent = |nonce| {
            let standing = self.ledger.standing(self.key, who.hash, nonce, request.account.hash, now);
            standing != Standing::Unknown
        };
        let registered = self.registrations.get((who.hash, request.account.hash)).is_some_and(|it| it.until() > now);
        who.connected || registered || request.credentials().any(|credential| sent(credential.nonce))
    }

    fn bind(&mut self, bind: &Bind, now: Moment, clock: Clock, out: &mut Vec<Command>) -> bool {
        let Settings { sources_per_account: per_account, known_for, .. } = self.settings;
        match self.registrations.bind(bind, Limits { per_account, known_for }, now) {
            Entered::Holds => true,
            Entered::InsteadOf(source, until) => {
                self.counts.demotions += 1;
                let account = None;
                out.push(Command::Demote(Demote { source, account, until: clock.wall_of(until) }));
                true
            }
            Entered::Full => {
                self.counts.registrations_left_out += 1;
                false
            }
        }
    }

    fn promote(&mut self, who: &Who, account: &Account, clock: Clock, out: &mut Vec<Command>) {
        let Some(until) = self.registrations.get((who.hash, account.hash)).map(|it| it.until()) else { return };
        let trusted_until = self.registrations.trusted_until(who.hash);
        self.counts.promotions += 1;
        out.push(Command::Promote(Promote {
            source: who.source,
            account: account.name.shown(),
            until: clock.wall_of(until),
            trusted_until: clock.wall_of(trusted_until),
            known_until: clock.wall_of(trusted_until.plus(self.settings.known_for)),
        }));
    }

    /// Contacts went. While others of the account stay, its registration has only another end.
    fn demote(&mut self, who: &Who, account: &Account, clock: Clock, out: &mut Vec<Command>) {
        let now = clock.now();
        let Some(until) = self.registrations.get((who.hash, account.hash)).map(|it| it.until()) else { return };
        if until > now {
            return self.promote(who, account, clock, out);
        }
        self.counts.demotions += 1;
        let until = self.registrations.trusted_until(who.hash).max(now);
        let account = Some(account.name.shown());
        out.push(Command::Demote(Demote { source: who.source, account, until: clock.wall_of(until) }));
    }
}
