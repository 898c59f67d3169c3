//! Calls: who talks to whom, what they agreed on for media, and what of it may pass.
//!
//! Owns: following INVITE dialogs in both directions, from their messages alone; the pinholes that follow from them, the
//! answers to requests that the kernel refused, and what is told of calls. Refuses: the media itself, which the kernel sees, and
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
mod log;
mod parties;
mod party;
mod refusal;
mod rules;
mod settle;
mod spared;
mod stir;
mod time;
mod tracked;

use firewall_common::addr::Addr;
use firewall_common::copy::Kind;
use firewall_common::dialog;
use firewall_common::limiter::HashKey;
use firewall_common::reason::Reason;
use firewall_common::sip::message::Message;

use super::call::Why;
use super::clock::Moment;
use super::command::Command;
use super::counts::CallCounts;
use super::input::{Seen, Via};
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
pub(super) use stir::Stir;
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
    /// What has become of calls and was not taken yet.
    stirred: Vec<Stir>,
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
            stirred: Vec::new(),
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
        let place = match heard.refused {
            Some(reason) => self.hear_refused(&heard, reason, out),
            None => self.hear_passed(&heard),
        };
        if let Some(place) = place {
            self.verify(place, &heard, out);
            self.settle(place, clock, out);
        }
    }

    /// Takes in a message that went on its way. Tells the call that it belongs to.
    fn hear_passed(&mut self, heard: &Heard<'_>) -> Option<usize> {
        let (place, at) = self.leg(heard)?;
        self.look_for_redirection(place, at, heard);
        let room = self.book.has_room(heard.flow.kind == Kind::Stranger);
        let around = Around { rules: &self.rules, call: heard.call, has_room: room };
        let call = self.book.get_mut(place)?;
        let Some(at) = at else {
            call.leave(heard);
            return Some(place);
        };
        call.touched = heard.now;
        call.note(at, heard);
        let is_somebody = !matches!(heard.flow.kind, Kind::Stranger | Kind::Known);
        call.counts |= heard.is_invite() && heard.is_in() && is_somebody;
        let before = call.legs.get(at).is_some_and(|leg| leg.refusal.is_some());
        call.hear(at, heard, around);
        if let Some(refusal) = call.legs.get(at).and_then(|leg| leg.refusal.as_ref()).filter(|_| !before) {
            *if refusal.enforced { &mut self.counts.no_media } else { &mut self.counts.would_be } += 1;
        }
        self.look_for_progress(place, at, heard);
        Some(place)
    }

    /// What is wrong with an INVITE that the kernel dropped.
    fn fault(&mut self, heard: &Heard<'_>) -> Fault {
        heard.judged(self.rules.accepted).1.err().unwrap_or_else(|| {
            self.counts.disagreements += 1;
            Fault { line: Box::default(), why: Why::Plain }
        })
    }

    /// Answers a datagram that the kernel dropped; whether it was.
    fn answer(&mut self, heard: &Heard<'_>, reason: Reason, why: Why, out: &mut Vec<Command>) -> bool {
        if heard.flow.via != Via::Udp || refusal::status(reason).is_none() {
            return false;
        }
        if !self.told_whom.admits(heard.flow.remote.source(self.v6_mask), heard.now) {
            self.counts.answers_spared += 1;
            return false;
        }
        let keys = Keys { kernel: self.kernel, engine: self.key };
        match answer::refusal(heard, reason, why, self.rules.accepted, keys) {
            Some(answer) => {
                self.counts.answers += 1;
                out.push(Command::Answer(answer));
                true
            }
            None => {
                self.counts.unanswerable += 1;
                false
            }
        }
    }

    /// The call and the leg of a message; new ones for an INVITE. A call without a leg for it is one that was there before the
    /// daemon.
    fn leg(&mut self, heard: &Heard<'_>) -> Option<(usize, Option<usize>)> {
        let known = self.book.find(heard.call);
        let belongs = known.and_then(|place| Some(self.book.get_mut(place)?.leg(heard))).unwrap_or(Belongs::Nowhere);
        if let Some(place) = known {
            self.look_for_foreigners(place, belongs, heard);
        }
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
            None => self.begin(Tracked::new(heard, !is_attempt, dialog::hash(heard.message.call_id, self.kernel)))?,
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
