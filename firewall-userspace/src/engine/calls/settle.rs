//! What follows from a message or from time: the pinholes of a call, and what is told of it.
//!
//! Owns: telling only what has changed, pinholes first. Refuses: deciding what was agreed on.
use firewall_common::media::Flow;

use super::super::clock::Moment;
use super::super::command::{Command, Pinholes};
use super::super::saved::Key;
use super::Calls;
use crate::clock::Clock;

/// Refusals of strangers that are told in a second. More are counted: whoever forges sources writes nobody's disk full.
const REFUSALS_TOLD: u32 = 20;

impl Calls {
    /// Says what has changed of a call: its pinholes first.
    pub(super) fn settle(&mut self, place: usize, clock: Clock, out: &mut Vec<Command>) {
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
