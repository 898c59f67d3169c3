//! What follows from a message or from time: the pinholes of a call, and what is told of it.
//!
//! Owns: telling only what has changed, pinholes first. Refuses: deciding what was agreed on.
use firewall_common::media::Flow;

use super::super::clock::Moment;
use super::super::command::{Command, Pinholes};
use super::super::saved::Key;
use super::leg::Leg;
use super::{Calls, closed};
use crate::clock::Clock;

/// Refusals that are told in a second of calls that are attempts. More are counted: whoever forges sources, be they peers',
/// writes nobody's disk full.
const REFUSALS_TOLD: u32 = 20;

impl Calls {
    /// Says what has changed of a call: its pinholes first.
    pub(super) fn settle(&mut self, place: usize, clock: Clock, out: &mut Vec<Command>) {
        let flows = self.flows(place);
        self.book.weigh(place);
        let Some(call) = self.book.get_mut(place) else { return };
        let pinholes = (hash(&flows, self.key), u32::try_from(flows.len()).unwrap_or(u32::MAX));
        if pinholes != call.pinholes || std::mem::take(&mut call.is_unset) {
            out.push(Command::Pinholes(Pinholes { call: call.id, flows }));
        }
        call.pinholes = pinholes;
        call.close(clock.wall_ms);
        let is_refused = call.decided.is_some() || call.legs.iter().any(|leg| leg.refusal.is_some());
        // Of attempts of anybody the log has what came of them.
        let is_logged = self.rules.logs && call.is_over();
        if call.counts || is_refused || is_logged {
            let mut record = call.record();
            let new = self.key.of(&[&serde_json::to_vec(&record).unwrap_or_default()]).max(1);
            if new != call.told && (call.counts || call.told != 0 || may_tell(&mut self.told, clock.now())) {
                call.told = new;
                record.ladder = call.log.ladder.clone();
                out.push(Command::Call(Box::new(record)));
            }
        }
        self.book.note_done(place);
        self.tell_parties(place, clock, out);
        self.look_for_time(place, clock.now());
    }

    /// The pinholes of a call. Those of a source that has too many let nothing pass; what passes by needs none: media
    /// that one remote party sends straight to another.
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
            self.limit(place, at, &mut own);
            flows.append(&mut own);
        }
        let is_refused = self.book.get_mut(place).is_some_and(|call| call.signature.is_refused);
        if is_refused { closed_ones(&flows) } else { only_needed(flows) }
    }
}

impl Calls {
    /// Closes a leg's pinholes if its source has too many, or all strangers together have half of what there is room for.
    /// Those that are closed take places, too: strangers' no more than three quarters.
    fn limit(&mut self, place: usize, at: usize, own: &mut Vec<Flow>) {
        // Out of the book, so that the book can be asked of others.
        let Some(call) = self.book.get_mut(place) else { return };
        let mut legs = std::mem::take(&mut call.legs);
        if let Some(leg) = legs.get_mut(at) {
            self.limit_leg(leg, own);
        }
        if let Some(call) = self.book.get_mut(place) {
            call.legs = legs;
        }
    }

    fn limit_leg(&mut self, leg: &mut Leg, own: &mut Vec<Flow>) {
        let (new, most) = (number(own), self.rules.capacity);
        let others = self.book.pinholes(leg.source).saturating_sub(leg.pinholes);
        let (strangers, places) = self.book.strangers_besides(leg);
        let too_many = !leg.is_trusted && others.saturating_add(new) > self.rules.per_source;
        let too_strange = leg.is_stranger && strangers.saturating_add(new) > most / 2;
        let is_left_out = new > 0 && (too_many || too_strange);
        if is_left_out {
            *own = closed_ones(own);
        }
        if leg.is_stranger && places.saturating_add(number(own)) > most - most / 4 {
            own.clear();
        }
        let has = if is_left_out { 0 } else { new };
        self.book.count(leg.source, leg.pinholes, has);
        self.book.count_stranger(leg, (has, number(own)));
        self.counts.pinholes_left_out += u64::from(is_left_out && !leg.is_left_out);
        (leg.pinholes, leg.places, leg.is_left_out) = (has, number(own), is_left_out);
    }
}

/// The same ports, each closed once: without a flow, they would be open to what the kernel learns.
fn closed_ones(flows: &[Flow]) -> Vec<Flow> {
    let mut closed: Vec<Flow> = Vec::new();
    for flow in flows {
        if !closed.iter().any(|known| (known.local, known.local_port) == (flow.local, flow.local_port)) {
            closed.push(closed::refused(flow));
        }
    }
    closed
}

/// Without those that close a port for whoever comes, where the same port was agreed on after all.
fn only_needed(flows: Vec<Flow>) -> Vec<Flow> {
    let is_served = |port: u16| flows.iter().any(|flow| flow.local_port == port && !closed::is_bare(flow));
    flows.iter().filter(|flow| !closed::is_bare(flow) || !is_served(flow.local_port)).copied().collect()
}

/// How many there are.
fn number(flows: &[Flow]) -> u32 {
    u32::try_from(flows.len()).unwrap_or(u32::MAX)
}

fn may_tell(told: &mut (Moment, u32), now: Moment) -> bool {
    if told.0 != now {
        *told = (now, 0);
    }
    told.1 += 1;
    told.1 <= REFUSALS_TOLD
}

/// The hash of pinholes; 0 for none.
pub(super) fn hash(flows: &[Flow], key: Key) -> u64 {
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
