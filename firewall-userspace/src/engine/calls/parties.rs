//! Who is party to a call, for the kernel, which holds strangers' requests inside of dialogs to it.
//!
//! Owns: who counts as a party, for how long, and telling only what has changed. Refuses: dropping anything.
use firewall_common::addr::Addr;
use firewall_common::dialog::PARTIES;

use super::super::command::{Command, Dialog};
use super::Calls;
use super::tracked::Tracked;
use crate::clock::Clock;

/// Milliseconds for which the kernel holds requests to a call's parties without being told anew: so long after the daemon is
/// gone, a phone that moved to another address cannot end its call.
const LIFE: i64 = 600_000;

/// What the kernel was told of a call's parties.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    /// The parties' hash; 0: none.
    hash: u64,
    /// Unix milliseconds.
    until: i64,
}

impl Told {
    /// Whether it must be said again.
    pub(super) const fn is_old(self, wall: i64) -> bool {
        self.hash != 0 && self.until.saturating_sub(wall) < LIFE / 2
    }
}

/// The remote parties of a call that is more than an attempt: whoever began it, whom our side called, and who else has a dialog
/// of it. An INVITE alone makes nobody a party of a call that there is already.
fn parties(call: &Tracked) -> Vec<Addr> {
    let mut parties: Vec<Addr> = Vec::new();
    let legs = call.legs.iter().filter(|leg| leg.outcome().is_none());
    for leg in legs.filter(|leg| !leg.inbound || leg.tag == call.first || leg.has_dialogs()) {
        for party in [leg.remote, leg.also].into_iter().filter(|party| *party != Addr::NONE) {
            if !parties.contains(&party) {
                parties.push(party);
            }
        }
    }
    parties
}

impl Calls {
    /// Says who is party to a call, if that has changed or was said long ago.
    pub(super) fn tell_parties(&mut self, place: usize, clock: Clock, out: &mut Vec<Command>) {
        let is_wanted = self.rules.dialogs;
        let Some(call) = self.book.get_mut(place).filter(|call| call.dialog != 0) else { return };
        let mut parties = if is_wanted && call.counts { parties(call) } else { Vec::new() };
        if parties.len() > PARTIES {
            parties.clear();
        }
        let hash = parties.iter().fold(0, |hash, party| self.key.joined(hash ^ party.hi, party.lo).max(1));
        if hash == call.parties.hash && !call.parties.is_old(clock.wall_ms) {
            return;
        }
        let until = clock.wall_ms.saturating_add(LIFE);
        call.parties = Told { hash, until };
        out.push(Command::Dialog(Dialog { call: call.dialog, parties, until }));
    }
}
