//! Calls: who talks to whom, what they agreed on for media, and what of it may pass.
//!
//! Owns: following INVITE dialogs in both directions, from their messages alone; the pinholes that follow from them, the
//! answers to INVITEs that the kernel refused, and what is told of calls. Refuses: the media itself, which the kernel sees, and
//! anything that nobody said in a message.
//!
//! Bounds: `tracking.calls` calls of [`tracked::LEGS`] legs, each with [`leg::BRANCHES`] dialogs and descriptions of
//! [`description::LINES`] media lines, and all of these together 4 KiB a call; `media.per_source` pinholes of one source.
mod agree;
mod answer;
mod body;
mod book;
mod closed;
mod codec;
mod crypto;
mod description;
mod door;
mod heard;
mod identity;
mod judge;
mod leg;
mod rules;
mod settle;
mod spared;
mod time;
mod tracked;

use firewall_common::addr::Addr;
use firewall_common::copy::Kind;
use firewall_common::limiter::HashKey;
use firewall_common::sip::message::Message;

use super::call::{How, Why};
use super::clock::Moment;
use super::command::Command;
use super::counts::CallCounts;
use super::input::Seen;
use super::saved::Key;
use crate::clock::Clock;
use crate::config::Config;
use answer::Keys;
use book::Book;
use heard::Heard;
use judge::Fault;
use leg::{Around, Leg};
use rules::Rules;
use spared::Spared;
use tracked::{Belongs, Tracked};

/// All calls.
pub(super) struct Calls {
    key: Key,
    kernel: HashKey,
    rules: Rules,
    v6_mask: Addr,
    book: Book,
    counts: CallCounts,
    /// Refusals that were told of whoever may be anybody, and in which second.
    told: (Moment, u32),
    /// Whom the answers to refused INVITEs went to of late.
    told_whom: Spared,
    ticked: Moment,
}

impl Calls {
    /// None yet, and room for `most`.
    pub(super) fn new(config: &Config, key: Key, v6_mask: Addr, most: u32) -> Self {
        Self {
            key,
            kernel: HashKey::default(),
            rules: Rules::of(config),
            v6_mask,
            book: Book::new(most),
            counts: CallCounts::default(),
            told: (Moment::NEVER, 0),
            told_whom: Spared::new(key),
            ticked: Moment::NEVER,
        }
    }

    /// Goes on with another config. What was agreed on stays.
    pub(super) fn reconfigure(&mut self, config: &Config, v6_mask: Addr) {
        (self.rules, self.v6_mask) = (Rules::of(config), v6_mask);
    }

    /// The key by which the kernel knows the ACKs to refusals.
    pub(super) fn set_refusal_key(&mut self, key: HashKey) {
        self.kernel = key;
    }

    /// Whether anybody's calls are followed.
    pub(super) fn follows(&self) -> bool {
        self.rules.follows
    }

    /// The most bytes that it takes.
    pub(super) fn memory(&self) -> usize {
        self.book.memory()
    }

    /// Bytes that are in use.
    #[cfg(test)]
    pub(super) fn weight(&self) -> usize {
        self.book.weight()
    }

    /// How many sources have pinholes.
    #[cfg(test)]
    pub(super) fn sources(&self) -> usize {
        self.book.sources()
    }

    /// The counters.
    pub(super) fn counts(&self) -> CallCounts {
        CallCounts { now: self.book.len() as u64, ..self.counts.clone() }
    }

    /// Takes in a message.
    pub(super) fn hear(&mut self, message: &Message<'_>, seen: &Seen<'_>, clock: Clock, out: &mut Vec<Command>) {
        let Some(heard) = Heard::of(message, seen, self.key, clock) else { return };
        let refused = heard.refused.is_some() && heard.is_invite();
        let fault = refused.then(|| self.fault(&heard));
        if let Some(fault) = fault.as_ref().filter(|_| heard.is_in()) {
            self.answer(&heard, fault.why, out);
        }
        let Some((place, at)) = self.leg(&heard) else { return };
        let around = Around { rules: &self.rules, call: heard.call, has_room: true };
        let room = self.book.has_room(refused || seen.flow.kind == Kind::Stranger);
        let Some(call) = self.book.get_mut(place) else { return };
        call.touched = if at.is_some() { heard.now } else { call.touched };
        match (fault, at) {
            (Some(fault), Some(at)) => refuse(call, at, &heard, &fault, &mut self.counts),
            (None, Some(at)) => {
                let is_somebody = !matches!(seen.flow.kind, Kind::Stranger | Kind::Known);
                call.counts |= heard.is_invite() && heard.is_in() && is_somebody;
                let before = call.legs.get(at).is_some_and(|leg| leg.refusal.is_some());
                call.hear(at, &heard, Around { has_room: room, ..around });
                if let Some(refusal) = call.legs.get(at).and_then(|leg| leg.refusal.as_ref()).filter(|_| !before) {
                    *if refusal.enforced { &mut self.counts.no_media } else { &mut self.counts.would_be } += 1;
                }
            }
            (_, None) => call.leave(&heard),
        }
        if at.is_some() {
            self.verify(place, &heard, out);
        }
        self.settle(place, clock, out);
    }

    /// What is wrong with an INVITE that the kernel dropped.
    fn fault(&mut self, heard: &Heard<'_>) -> Fault {
        heard.judged(self.rules.accepted).1.err().unwrap_or_else(|| {
            self.counts.disagreements += 1;
            Fault { line: Box::default(), why: Why::Plain }
        })
    }

    fn answer(&mut self, heard: &Heard<'_>, why: Why, out: &mut Vec<Command>) {
        if !self.told_whom.admits(heard.flow.remote.source(self.v6_mask), heard.now) {
            self.counts.answers_spared += 1;
            return;
        }
        let keys = Keys { kernel: self.kernel, engine: self.key };
        match answer::refusal(heard, why, self.rules.accepted, keys) {
            Some(answer) => {
                self.counts.answers += 1;
                out.push(Command::Answer(answer));
            }
            None => self.counts.unanswerable += 1,
        }
    }

    /// The call and the leg of a message; new ones for an INVITE. A call without a leg for it is one that was there before the
    /// daemon.
    fn leg(&mut self, heard: &Heard<'_>) -> Option<(usize, Option<usize>)> {
        let known = self.book.find(heard.call);
        let belongs = known.and_then(|place| Some(self.book.get_mut(place)?.leg(heard))).unwrap_or(Belongs::Nowhere);
        match (known, belongs) {
            (Some(place), Belongs::To(at)) => return Some((place, Some(at))),
            (Some(place), Belongs::Nowhere) if !heard.is_invite() => return Some((place, None)),
            (_, Belongs::Nowhere) if heard.is_invite() => {}
            _ => return None,
        }
        if known.is_some() && !self.book.has_room(false) {
            self.counts.left_out += 1;
            return None;
        }
        let source = self.key.source(heard.flow.remote.source(self.v6_mask));
        let leg = Leg::new(heard, source, &self.rules);
        // What the kernel dropped may come from anybody who writes a peer's address into it.
        let is_anybody = heard.refused.is_some() || matches!(heard.flow.kind, Kind::Stranger | Kind::Known);
        let is_attempt = leg.inbound && is_anybody;
        if leg.tag == 0 {
            return None;
        }
        let place = match known {
            Some(place) => place,
            None => self.begin(Tracked::new(heard, !is_attempt))?,
        };
        let call = self.book.get_mut(place)?;
        call.counts |= !is_attempt;
        let at = call.add(leg);
        self.counts.left_out += u64::from(at.is_none());
        Some((place, Some(at?)))
    }

    fn begin(&mut self, call: Tracked) -> Option<usize> {
        let place = self.book.add(call);
        match place {
            Some(_) => self.counts.followed += 1,
            None => self.counts.left_out += 1,
        }
        place
    }
}

/// Notes that the kernel dropped a leg's INVITE.
fn refuse(call: &mut Tracked, at: usize, heard: &Heard<'_>, fault: &Fault, counts: &mut CallCounts) {
    let Some(leg) = call.legs.get_mut(at) else { return };
    let how = if heard.is_in() { How::Answered } else { How::OwnOffer };
    if leg.refuse(heard, how, fault) {
        *if heard.is_in() { &mut counts.refused } else { &mut counts.own_offers } += 1;
    }
}
