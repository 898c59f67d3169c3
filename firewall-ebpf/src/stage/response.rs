//! Responses that nobody asked for.
//!
//! Owns: to whom our side sent requests lately. Refuses: knowing transactions: who was called may answer, whatever the
//! answer is to; the server tells the rest.
//!
//! Two rows of times, indexed by a keyed hash of the source, of which the older one decides: nothing is evicted, and a
//! source that shares both with one that was called may send responses too, which are then limited like all others.
use core::ops::ControlFlow::Continue;

use aya_ebpf::macros::map;
use aya_ebpf::maps::Array;
use firewall_common::addr::Addr;
use firewall_common::limiter::rows;
use firewall_common::maps::CALLED_CELLS;
use firewall_common::policy::SWITCH_RESPONSES;
use firewall_common::reason::Reason;
use firewall_common::sip::method::CLASS_SLOTS;
use firewall_common::verdict::{Flow, Verdict};

use crate::cell;
use crate::constants::policy;
use crate::stage::source::Who;
use crate::switches;
use crate::trial::{Circumstances, Trial};

#[map]
static CALLED: Array<u64> = Array::with_max_entries(2 * CALLED_CELLS, 0);

/// Objects to a datagram's response from a source that has not proved itself and was not called lately.
#[inline(always)]
pub(crate) fn judge<C: Circumstances>(trial: &mut Trial<C>, who: &Who) -> Flow<()> {
    let since = switches::value(SWITCH_RESPONSES);
    if since == 0 || !who.is_unproven() {
        return Continue(());
    }
    let now = trial.now();
    if now < since || was_called(who.source, now) {
        return Continue(());
    }
    trial.object(Verdict::of(Reason::UnsolicitedResponse))
}

/// Notes that our side sends the source a request.
#[inline(always)]
pub(crate) fn called<C: Circumstances>(trial: &Trial<C>) {
    if let Some((a, b)) = cells(trial.source()) {
        let now = trial.now();
        cell::store(a, now);
        cell::store(b, now);
    }
}

#[inline(always)]
fn was_called(source: Addr, now: u64) -> bool {
    match cells(source) {
        Some((a, b)) => {
            let (a, b) = (cell::load(a), cell::load(b));
            let older = if a < b { a } else { b };
            older != 0 && now <= older + policy().called_for
        }
        None => true,
    }
}

#[inline(always)]
fn cells(source: Addr) -> Option<(*mut u64, *mut u64)> {
    // No class of rates has this number, so the places say nothing about those of the source's rate cells.
    let (a, b) = rows(source, CLASS_SLOTS as u32, policy().hash_key, CALLED_CELLS - 1);
    Some((CALLED.get_ptr_mut(a)?, CALLED.get_ptr_mut(CALLED_CELLS + b)?))
}
