//! Signs that somebody takes over calls or accounts, or could listen: alarms, and nothing more, since most can be forged.
//!
//! Owns: what counts as a sign, that the same one is told once in a while, and that there are not too many. Refuses: dropping
//! anything.
use std::net::IpAddr;

use firewall_common::addr::Addr;
use firewall_common::copy::Kind;
use firewall_common::sip::Method;
use firewall_common::sip::message::{Contact, Message, Start, address};

use super::clock::Moment;
use super::command::{Alarm, Command};
use super::evidence::{Evidence, Proof, Rule};
use super::facts::{Account, Request};
use super::incidents::shown;
use super::input::Direction;
use super::sentence::Breach;
use super::slow_path::Engine;
use super::table::{Entry, worth};
use super::tally::Rate;
use super::text::Name;
use super::who::{Case, What, Who};
use crate::clock::Clock;
use crate::config::{Config, Sign};

/// Alarms of this kind at most in so many seconds: they are no way to fill the list.
const MOST: Rate = Rate { count: 60, within: 600 };

/// What of these the operator wants to know.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    moved: bool,
    foreign: bool,
    contact: bool,
    keys: bool,
    again: u32,
}

impl Wanted {
    /// Of a config.
    pub(super) fn of(config: &Config) -> Self {
        let signs = config.signalling();
        Self {
            moved: signs.moved_registrations == Sign::Alarm,
            foreign: signs.foreign_requests == Sign::Alarm,
            contact: signs.foreign_contact == Sign::Alarm,
            keys: signs.plain_keys == Sign::Alarm,
            again: signs.again.seconds(),
        }
    }
}

/// When an alarm was raised about somebody.
#[derive(Clone, Copy, Default)]
pub(super) struct Warned(Moment);

impl Entry for Warned {
    fn worth(&self, _: Moment) -> u64 {
        worth(0, self.0)
    }
}

impl Engine {
    /// Looks for signs in a message.
    pub(super) fn look_for_signs(
        &mut self,
        message: &Message<'_>,
        direction: Direction,
        who: &Who,
        remote: Addr,
        clock: Clock,
        out: &mut Vec<Command>,
    ) {
        let method = message.cseq.method;
        if self.wanted.keys && method == Method::Invite && has_keys(message.body) {
            self.sign(who, Rule::PlainKeys, message, clock, out);
        }
        let is_request = matches!(message.start, Start::Request { .. });
        let begins = matches!(method, Method::Invite | Method::Register) && message.to.tag.is_none();
        let is_asked = self.wanted.contact && is_request && begins && direction == Direction::In;
        if is_asked && !who.kind.is_trusted() && has_foreign_contact(message, remote.into()) {
            self.sign(who, Rule::ForeignContact, message, clock, out);
        }
    }

    /// A request inside of a call, from whoever is no party to it.
    pub(super) fn foreign(&mut self, who: &Who, method: Method, clock: Clock, out: &mut Vec<Command>) {
        let is_dropped = matches!(who.kind, Kind::Stranger | Kind::Known);
        if self.wanted.foreign && !is_dropped {
            let request = Request { method, ..Request::blank() };
            let case = Case::of(&request, What::Refused, 0, Proof::None);
            self.warn(who, &case, once(Rule::ForeignRequest, self.wanted.again), self.wanted.again, clock, out);
        }
    }

    /// An account registers here, while it is registered elsewhere.
    pub(super) fn moved(&mut self, who: &Who, request: &Request, clock: Clock, out: &mut Vec<Command>) {
        let is_elsewhere = |other: Addr| network(other) != network(who.source);
        if self.wanted.moved && self.registrations.sources_of(request.account.hash, clock.now()).any(is_elsewhere) {
            let case = Case::of(request, What::Refused, 200, Proof::Nonce);
            self.warn(who, &case, once(Rule::MovedRegistration, self.wanted.again), self.wanted.again, clock, out);
        }
    }

    fn sign(&mut self, who: &Who, rule: Rule, message: &Message<'_>, clock: Clock, out: &mut Vec<Command>) {
        let name = Name::new(message.from.uri.user.unwrap_or_default());
        let agent = message.user_agent().map(Name::of_text).unwrap_or_default();
        let account = Account { hash: 0, name };
        let request = Request { method: message.cseq.method, account, agent, ..Request::blank() };
        let case = Case::of(&request, What::Refused, 0, Proof::None);
        self.warn(who, &case, once(rule, self.wanted.again), self.wanted.again, clock, out);
    }

    /// Raises an alarm about anybody, unless the same was said lately; gives its evidence.
    pub(super) fn warn(
        &mut self,
        who: &Who,
        case: &Case,
        breach: Breach,
        again: u32,
        clock: Clock,
        out: &mut Vec<Command>,
    ) -> Evidence {
        let Breach { rule, count, rate } = breach;
        let now = clock.now();
        let evidence = Evidence {
            rule,
            count,
            allowed: rate.count.saturating_sub(1),
            within: rate.within.into(),
            incidents: vec![shown(&case.kept(who.way, clock), &self.ways)],
            next_seconds: 0,
        };
        let whom = if who.peer != 0 { u64::from(who.peer) } else { self.key.joined(who.hash, case.account.hash) };
        let Some(warned) = self.warned.entry(self.key.joined(whom, rule as u64), Warned::default, now) else {
            return evidence;
        };
        if warned.0.within(again, now) {
            return evidence;
        }
        if self.signs.add(MOST.within, now) > MOST.count {
            self.counts.alarms_left_out += 1;
            return evidence;
        }
        warned.0 = now;
        self.counts.alarms += 1;
        out.push(Command::Alarm(Alarm {
            peer: who.peer,
            source: who.source,
            time: clock.wall_ms,
            evidence: evidence.clone(),
        }));
        evidence
    }
}

const fn once(rule: Rule, within: u32) -> Breach {
    Breach { rule, count: 1, rate: Rate { count: 1, within } }
}

/// Whether a session description has keys that whoever reads it can use (RFC 4568).
fn has_keys(body: &[u8]) -> bool {
    const KEYS: &[u8] = b"\na=crypto:";
    body.windows(KEYS.len()).any(|at| at.eq_ignore_ascii_case(KEYS))
}

/// Whether a Contact is an address that is neither the sender's, nor the one in its Via, nor one that only networks of their own
/// have: a device behind a translating router names its own address there.
fn has_foreign_contact(message: &Message<'_>, source: IpAddr) -> bool {
    let is_known = |host: IpAddr| host == source || Some(host) == address(message.via.host) || is_private(host);
    message.contacts().any(|contact| match contact {
        Contact::All => false,
        Contact::Address(one) => address(one.uri.host).is_some_and(|host| !is_known(host)),
    })
}

fn is_private(host: IpAddr) -> bool {
    match host {
        // RFC 6598: networks of providers
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || a == 100 && b & 0xc0 == 64
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// The network of a source, 16 bits of IPv4 or 32 of IPv6: a provider's next address for the same place begins alike as a rule.
const fn network(source: Addr) -> Addr {
    source.masked(Addr::mask(if source.is_v4() { 112 } else { 32 }))
}
