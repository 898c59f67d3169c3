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
mod codec;
mod crypto;
mod description;
mod heard;
mod judge;
mod leg;
mod rules;
mod tracked;

use firewall_common::addr::Addr;
use firewall_common::copy::Kind;
use firewall_common::limiter::HashKey;
use firewall_common::media::Flow;
use firewall_common::sip::message::Message;

use super::call::{Call, How, State, Why};
use super::clock::Moment;
use super::command::{Command, Pinholes};
use super::counts::CallCounts;
use super::input::Seen;
use super::saved::Key;
use crate::clock::Clock;
use crate::config::Config;
use answer::Keys;
use book::Book;
use heard::Heard;
use judge::Fault;
use leg::{Around, Leg, TRANSACTION};
use rules::Rules;
use tracked::{Belongs, Tracked};

/// Parts in which calls are looked at, one a second.
const PARTS: usize = 4;
/// Refusals of strangers that are told in a second. More are counted: whoever forges sources writes nobody's disk full.
const REFUSALS_TOLD: u32 = 20;
/// Seconds for which the word of media may be late.
const LATE: u32 = 30;

/// All calls.
pub(super) struct Calls {
    key: Key,
    kernel: HashKey,
    rules: Rules,
    v6_mask: Addr,
    book: Book,
    counts: CallCounts,
    /// Refusals of strangers that were told, and in which second.
    told: (Moment, u32),
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
        let refused = heard.refused && heard.is_invite();
        let fault = refused.then(|| self.fault(&heard));
        if let Some(fault) = fault.as_ref().filter(|_| heard.is_in()) {
            self.answer(&heard, fault.why, out);
        }
        let Some((place, at)) = self.leg(&heard) else { return };
        let around = Around { rules: &self.rules, call: heard.call, has_room: true };
        let room = self.book.has_room(seen.flow.kind == Kind::Stranger);
        let Some(call) = self.book.get_mut(place) else { return };
        call.touched = if at.is_some() { heard.now } else { call.touched };
        match (fault, at) {
            (Some(fault), Some(at)) => refuse(call, at, &heard, &fault, &mut self.counts),
            (None, Some(at)) => {
                let before = call.legs.get(at).is_some_and(|leg| leg.refusal.is_some());
                call.hear(at, &heard, Around { has_room: room, ..around });
                if let Some(refusal) = call.legs.get(at).and_then(|leg| leg.refusal.as_ref()).filter(|_| !before) {
                    *if refusal.enforced { &mut self.counts.no_media } else { &mut self.counts.would_be } += 1;
                }
            }
            (_, None) => call.leave(&heard),
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
        let is_attempt = leg.inbound && matches!(heard.flow.kind, Kind::Stranger | Kind::Known);
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

    /// Says what has changed of a call: its pinholes first.
    fn settle(&mut self, place: usize, clock: Clock, out: &mut Vec<Command>) {
        let flows = self.flows(place);
        self.book.weigh(place);
        let Some(call) = self.book.get_mut(place) else { return };
        let pinholes = (hash(&flows, self.key), u32::try_from(flows.len()).unwrap_or(u32::MAX));
        if pinholes != call.pinholes {
            out.push(Command::Pinholes(Pinholes { call: call.id, flows }));
        }
        call.pinholes = pinholes;
        call.close(clock.wall_ms);
        let is_refused = call.legs.iter().any(|leg| leg.refusal.is_some());
        if call.counts || is_refused {
            let record = call.record();
            let new = self.key.of(&[&serde_json::to_vec(&record).unwrap_or_default()]).max(1);
            if new != call.told && (call.counts || call.told != 0 || may_tell(&mut self.told, clock.now())) {
                call.told = new;
                out.push(Command::Call(Box::new(record)));
            }
        }
    }

    /// The pinholes of a call. Those of a source that has too many stay closed, and so does what passes by: media that one
    /// remote party sends straight to another.
    fn flows(&mut self, place: usize) -> Vec<Flow> {
        let Some(call) = self.book.get_mut(place) else { return Vec::new() };
        let mut flows = call.adopted().to_vec();
        let agreed: Vec<Vec<Flow>> =
            call.legs.iter().map(|leg| leg.sessions().flat_map(|session| session.flows.clone()).collect()).collect();
        for (at, own) in agreed.iter().enumerate() {
            let others =
                || agreed.iter().enumerate().filter(move |(other, _)| *other != at).flat_map(|(_, flows)| flows);
            let passes_by =
                |flow: &&Flow| others().any(|other| (other.remote, other.remote_port) == (flow.local, flow.local_port));
            let mut own: Vec<Flow> = own.iter().filter(|flow| !passes_by(flow)).copied().collect();
            let Some(leg) = self.book.get_mut(place).and_then(|call| call.legs.get(at)) else { continue };
            let (source, had, is_trusted) = (leg.source, leg.pinholes, leg.is_trusted);
            let new = u32::try_from(own.len()).unwrap_or(u32::MAX);
            let others = self.book.pinholes(source).saturating_sub(had);
            let is_left_out = !is_trusted && new > 0 && others.saturating_add(new) > self.rules.per_source;
            let has = if is_left_out { 0 } else { new };
            self.book.count(source, had, has);
            if let Some(leg) = self.book.get_mut(place).and_then(|call| call.legs.get_mut(at)) {
                self.counts.pinholes_left_out += u64::from(is_left_out && !leg.is_left_out);
                (leg.pinholes, leg.is_left_out) = (has, is_left_out);
            }
            if is_left_out {
                own.clear();
            }
            flows.append(&mut own);
        }
        flows
    }

    /// Calls whose pinholes the kernel holds already, with what is known of them. They are as they were until a message says
    /// otherwise, or [`Self::media_seen`] says nothing for too long.
    pub(super) fn adopt(&mut self, flows: &[Flow], records: &[Call], clock: Clock) {
        let mut flows: Vec<Flow> = flows.to_vec();
        flows.sort_by_key(|flow| flow.call);
        for flows in flows.chunk_by(|a, b| a.call == b.call) {
            let Some(id) = flows.first().map(|flow| flow.call).filter(|id| self.book.find(*id).is_none()) else {
                continue;
            };
            let record = records.iter().find(|record| record.id == id);
            let mut call =
                Tracked::adopt(id, flows.iter().map(agree::bare).collect(), record, clock.now(), clock.wall_ms);
            call.pinholes = (hash(call.adopted(), self.key), u32::try_from(flows.len()).unwrap_or(u32::MAX));
            if let Some(place) = self.begin(call) {
                self.book.weigh(place);
            }
        }
    }

    /// When the last packet of a call's media came, in kernel monotonic nanoseconds.
    pub(super) fn media_seen(&mut self, call: u64, at: u64) {
        if let Some(call) = self.book.find(call).and_then(|place| self.book.get_mut(place)) {
            call.media = call.media.max(Moment::of_mono(at));
        }
    }

    /// Does what time alone brings about; to be called every second or so.
    pub(super) fn tick(&mut self, clock: Clock, out: &mut Vec<Command>) {
        let now = clock.now();
        if now.since(self.ticked) == 0 {
            return;
        }
        self.ticked = now;
        for place in self.book.part(PARTS) {
            let Some(call) = self.book.get_mut(place) else { continue };
            let mut has_changed = false;
            for leg in &mut call.legs {
                has_changed |= leg.age(now) || leg.is_left_out;
            }
            if !call.is_over() && is_lost(call, &self.rules, now) {
                call.end(State::Lost, now);
                self.counts.lost += 1;
                has_changed = true;
            }
            if has_changed {
                self.settle(place, clock, out);
            }
            let Some(call) = self.book.get_mut(place) else { continue };
            let quiet = call.legs.iter().map(Leg::since).max().unwrap_or(Moment::NEVER).max(call.touched);
            if call.is_over() && now.since(quiet) >= TRANSACTION {
                self.book.remove(place);
            }
        }
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

/// Whether nothing was heard of an answered call for too long, neither in messages nor in media. Whoever tells of no media
/// at all is believed to be unable to.
fn is_lost(call: &Tracked, rules: &Rules, now: Moment) -> bool {
    let is_up = !call.adopted().is_empty() || call.legs.iter().any(Leg::is_up);
    let silence = call.silence().filter(|_| call.media > Moment::NEVER).map(|silence| silence / 1_000_000_000);
    let most = silence.map_or(rules.longest_silence(), |seconds| u32::try_from(seconds).unwrap_or(u32::MAX));
    is_up && now.since(call.touched.max(call.media)) > most.saturating_add(LATE)
}

fn may_tell(told: &mut (Moment, u32), now: Moment) -> bool {
    if told.0 != now {
        *told = (now, 0);
    }
    told.1 += 1;
    told.1 <= REFUSALS_TOLD
}

/// The hash of pinholes; 0 for none.
fn hash(flows: &[Flow], key: Key) -> u64 {
    let words = |flow: &Flow| {
        let Flow { local, remote, signalling, limit, .. } = flow;
        let ports = u64::from(flow.remote_port) << 48 | u64::from(flow.local_port) << 32 | u64::from(flow.flags);
        let addresses = [local.hi, local.lo, remote.hi, remote.lo, signalling.hi, signalling.lo];
        let codecs = flow.codecs.map(|it| u64::from_be_bytes([it.payload_type, it.bytes, it.units, 0, 0, 0, 0, 1]));
        let rest = [flow.call, flow.ice, flow.silence, limit.interval, limit.tolerance, ports];
        addresses.into_iter().chain(rest).chain(codecs)
    };
    flows.iter().flat_map(words).fold(0, |hash, word| key.joined(hash, word))
}
