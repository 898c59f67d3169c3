//! What time brings about for calls, and what was there before the daemon.
//!
//! Owns: calls that ring too long, that nobody hears of any more, and that are over; those whose pinholes the kernel holds at
//! the start. Refuses: clocks.
use firewall_common::media::Flow;

use super::super::call::{Call, State};
use super::super::clock::Moment;
use super::super::command::Command;
use super::leg::{Leg, TRANSACTION};
use super::rules::Rules;
use super::settle::hash;
use super::tracked::Tracked;
use super::{Calls, agree};
use crate::clock::Clock;

/// Parts in which calls are looked at, one a second.
const PARTS: usize = 4;
/// Seconds for which the word of media may be late.
const LATE: u32 = 30;

impl Calls {
    /// Calls whose pinholes the kernel holds already, with what is known of them. They are as they were until a message says
    /// otherwise, or [`Self::media_seen`] says nothing for too long.
    pub(in super::super) fn adopt(&mut self, flows: &[Flow], records: &[Call], clock: Clock) {
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
    pub(in super::super) fn media_seen(&mut self, call: u64, at: u64) {
        if let Some(call) = self.book.find(call).and_then(|place| self.book.get_mut(place)) {
            call.media = call.media.max(Moment::of_mono(at));
        }
    }

    /// The kernel did not take all pinholes of a call: they are set again at the next tick that looks at it.
    pub(in super::super) fn pinholes_failed(&mut self, call: u64) {
        if let Some(call) = self.book.find(call).and_then(|place| self.book.get_mut(place)) {
            call.is_unset = true;
        }
    }

    /// Does what time alone brings about; to be called every second or so.
    pub(in super::super) fn tick(&mut self, clock: Clock, out: &mut Vec<Command>) {
        let now = clock.now();
        if now.since(self.ticked) == 0 {
            return;
        }
        self.ticked = now;
        for place in self.book.part(PARTS) {
            let Some(call) = self.book.get_mut(place) else { continue };
            let mut has_changed = call.is_unset || call.parties.is_old(clock.wall_ms);
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
            self.look_for_time(place, now);
            let Some(call) = self.book.get_mut(place) else { continue };
            let quiet = call.legs.iter().map(Leg::since).max().unwrap_or(Moment::NEVER).max(call.touched);
            if call.is_over() && now.since(quiet) >= TRANSACTION {
                self.book.remove(place);
            }
        }
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
