//! What becomes of calls that others count: whose they are, where to, and for how long.
//!
//! Owns: noticing that our side has let a call in, sends one on, or has heard of one from somebody else, and how long each goes on.
//! Refuses: limits.
use firewall_common::number::{self, Dialled};
use firewall_common::sip::Method;
use firewall_common::sip::message::Contact;

use super::super::call::Decided;
use super::super::clock::Moment;
use super::super::command::Command;
use super::Calls;
use super::heard::Heard;
use super::tracked::{Belongs, Tracked};
use crate::clock::Clock;

/// Numbers of one redirection that are looked at.
const CONTACTS: usize = 4;
/// Seconds after which it is said of a call that it still goes on.
const WHILE: u32 = 60;
/// The most of these that wait to be taken, which is done after each message and each tick.
const WAITING: usize = 65_536;

/// Something that has become of a call.
#[derive(Debug)]
pub(in super::super) enum Stir {
    /// Our side has let it in, or somebody our side's own: its callee was reached.
    Placed {
        /// Which.
        call: u64,
        /// Where to.
        dialled: Dialled,
        /// From's user.
        from: Vec<u8>,
        /// The user agent.
        agent: String,
        /// Whether our side made it.
        is_ours: bool,
    },
    /// It went on for so long, and is over perhaps.
    Lasted {
        /// What counts it.
        meters: [u64; 3],
        /// Seconds.
        seconds: u32,
        /// Whether it is over.
        is_over: bool,
    },
    /// It was sent on to these numbers; none: to one that the kernel refused.
    Transferred {
        /// The numbers.
        dialled: Vec<Dialled>,
        /// Whether whoever did it has a part in the call.
        proven: bool,
    },
    /// Whoever is no party to it has sent a request of it.
    Foreign {
        /// The request's method.
        method: Method,
    },
}

/// How a call is counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Metered {
    /// Whether it was placed.
    placed: bool,
    meters: [u64; 3],
    /// Until when its time has been counted; never while it is not answered.
    counted: Moment,
}

impl Metered {
    /// What it has lasted since it was last counted.
    fn lasted(&mut self, is_over: bool, now: Moment) -> Option<Stir> {
        let seconds = if self.counted.is_never() { 0 } else { now.since(self.counted) };
        if self.meters == [0; 3] || !is_over && seconds < WHILE {
            return None;
        }
        let meters = self.meters;
        self.counted = if self.counted.is_never() { self.counted } else { now };
        if is_over {
            self.meters = [0; 3];
        }
        Some(Stir::Lasted { meters, seconds, is_over })
    }
}

impl Calls {
    /// Takes what has become of calls.
    pub(in super::super) fn stirred(&mut self) -> Vec<Stir> {
        std::mem::take(&mut self.stirred)
    }

    /// These count a call from now on.
    pub(in super::super) fn metered(&mut self, call: u64, meters: [u64; 3]) {
        if let Some(call) = self.book.find(call).and_then(|place| self.book.get_mut(place)) {
            call.metered.meters = meters;
        }
    }

    /// Notes what was decided about a call.
    pub(in super::super) fn decide(&mut self, call: u64, decided: Decided, clock: Clock, out: &mut Vec<Command>) {
        let Some(place) = self.book.find(call) else { return };
        if let Some(call) = self.book.get_mut(place) {
            call.decided = Some(decided);
        }
        self.settle(place, clock, out);
    }

    fn stir(&mut self, stir: Stir) {
        if self.stirred.len() < WAITING {
            self.stirred.push(stir);
        }
    }

    /// An answer that lets a call go on: from ringing on, it counts. One through a proxy counts once.
    pub(super) fn look_for_progress(&mut self, place: usize, at: usize, heard: &Heard<'_>) {
        let is_progress = matches!(heard.status, 180..300) && heard.exchange.method == Method::Invite;
        let Some(call) = self.book.get_mut(place).filter(|_| is_progress) else { return };
        let Some(leg) = call.legs.get(at) else { return };
        let (is_ours, is_first) = (!leg.inbound, leg.tag == call.first);
        // Of a proxy's call, the caller's leg says more than its own; and who calls a phone of ours pays nothing.
        let is_callers = if is_ours { leg.peer != 0 && !call.legs.iter().any(|leg| leg.inbound) } else { true };
        if heard.is_in() != is_ours || !is_callers || !is_first {
            return;
        }
        if heard.status >= 200 && call.metered.counted.is_never() {
            call.metered.counted = heard.now;
        }
        if !std::mem::replace(&mut call.metered.placed, true) {
            let from = heard.message.from.uri.user.unwrap_or_default().to_vec();
            let (call, dialled, agent) = (call.id, call.dialled, call.agent().to_owned());
            self.stir(Stir::Placed { call, dialled, from, agent, is_ours });
        }
    }

    /// A response that sends a call of ours elsewhere (RFC 3261 §8.1.3.4). That it knows the call's branch proves who sends it.
    pub(super) fn look_for_redirection(&mut self, place: usize, at: Option<usize>, heard: &Heard<'_>) {
        let is_redirection =
            matches!(heard.status, 300..400) && heard.exchange.method == Method::Invite && heard.is_in();
        let leg = self.book.get_mut(place).filter(|_| is_redirection).and_then(|call| call.legs.get(at?));
        let Some(leg) = leg.filter(|leg| !leg.inbound) else { return };
        let proven = leg.asked(heard.exchange);
        let numbers = heard.message.contacts().filter_map(|contact| match contact {
            Contact::Address(one) => Some(number::of_uri(one.uri.raw)),
            Contact::All => None,
        });
        let dialled: Vec<Dialled> = numbers.filter(|one| one.digits.len > 0).take(CONTACTS).collect();
        if !dialled.is_empty() {
            self.stir(Stir::Transferred { dialled, proven });
        }
    }

    /// The kernel refused to let somebody send a call on.
    pub(super) fn transfer_refused(&mut self, heard: &Heard<'_>) {
        let call = self.book.find(heard.call).and_then(|place| self.book.get_mut(place));
        let proven = call.is_some_and(|call| call.legs.iter().any(|leg| leg.is_with(heard) && leg.has_dialog(heard)));
        self.stir(Stir::Transferred { dialled: Vec::new(), proven });
    }

    /// A request inside of a call that none of its parties sent.
    pub(super) fn look_for_foreigners(&mut self, place: usize, belongs: Belongs, heard: &Heard<'_>) {
        let method = heard.exchange.method;
        let is_inside =
            matches!(method, Method::Bye | Method::Cancel | Method::Update | Method::Refer) || heard.changes();
        if !heard.is_in() || !heard.is_request() || !is_inside {
            return;
        }
        let Some(call) = self.book.get_mut(place) else { return };
        let is_party = match belongs {
            Belongs::To(at) => call.legs.get(at).is_some_and(|leg| leg.is_with(heard)),
            Belongs::Nowhere | Belongs::Forged => call.legs.iter().any(|leg| leg.is_with(heard)),
        };
        if !is_party && !call.is_over() && !call.legs.is_empty() {
            self.stir(Stir::Foreign { method });
        }
    }

    /// Says how long a call has lasted, when it is over or every minute.
    pub(super) fn look_for_time(&mut self, place: usize, now: Moment) {
        let lasted = |call: &mut Tracked| call.metered.lasted(call.is_over(), now);
        if let Some(stir) = self.book.get_mut(place).and_then(lasted) {
            self.stir(stir);
        }
    }
}
