//! Holds: sources, and single accounts of a source, whose requests are let in at a trickle for a while; and accounts whose
//! device the operator has blocked.
//!
//! Owns: the holds. Refuses: making them (the daemon and the command do), and holding peers and allowed sources.
use core::ops::ControlFlow::Continue;

use aya_ebpf::macros::map;
use aya_ebpf::maps::HashMap;
use firewall_common::maps;
use firewall_common::policy::{HOLDS_ACCOUNTS, HOLDS_DEVICES, HOLDS_SOURCES, Hold, HoldKey, SWITCH_HOLDS};
use firewall_common::reason::Reason;
use firewall_common::sip::Window;
use firewall_common::verdict::{Flow, Verdict};

use crate::cell;
use crate::constants::policy;
use crate::opaque;
use crate::scan;
use crate::stage::source::Who;
use crate::switches;
use crate::trial::{Circumstances, Trial};

#[map]
static HOLDS: HashMap<HoldKey, Hold> = HashMap::with_max_entries(maps::HOLDS_DEFAULT, 0);

/// Objects to a request of a source that is held as a whole. A registrant never is: it may be an office of which one
/// phone misbehaves.
#[inline(always)]
pub(crate) fn judge_source<C: Circumstances>(trial: &mut Trial<C>, who: &Who) -> Flow<()> {
    if switches::value(SWITCH_HOLDS) & HOLDS_SOURCES == 0 || !who.is_unproven() {
        return Continue(());
    }
    if admits(trial, &HoldKey { source: who.source, account: HoldKey::WHOLE }) {
        return Continue(());
    }
    trial.object(Verdict::of(Reason::RateOffender))
}

/// Not zero if any account is held or blocked, so that the request's must be found.
#[inline(always)]
pub(crate) fn accounts() -> u64 {
    opaque::forget(switches::value(SWITCH_HOLDS) & (HOLDS_ACCOUNTS | HOLDS_DEVICES))
}

/// Objects to a request whose account is held at this source, or blocked at any; `from` is where From's value begins, 0 for
/// none.
#[inline(always)]
pub(crate) fn judge_account<C: Circumstances>(trial: &mut Trial<C>, who: &Who, window: &Window, from: u32) -> Flow<()> {
    if opaque::forget(u64::from(from)) == 0 {
        return Continue(());
    }
    let account = scan::account(window, from);
    if is_blocked(trial, account) {
        trial.object(Verdict::of(Reason::DeviceBlocked))?;
    }
    if account == HoldKey::WHOLE || admits(trial, &HoldKey { source: who.source, account }) {
        return Continue(());
    }
    trial.object(Verdict::of(Reason::RateAccount))
}

/// Whether an account is blocked, whatever source it is tried from.
#[inline(always)]
fn is_blocked<C: Circumstances>(trial: &Trial<C>, account: u64) -> bool {
    if opaque::forget(switches::value(SWITCH_HOLDS)) & HOLDS_DEVICES == 0 {
        return false;
    }
    let Some(hold) = HOLDS.get_ptr(HoldKey { source: HoldKey::ANYWHERE, account }) else {
        return false;
    };
    // SAFETY: the pointer is to a value of a map. If it is replaced meanwhile, either time is one of a block.
    let until = unsafe { (*hold).until };
    opaque::forget(u64::from(account != HoldKey::WHOLE && until > trial.now())) != 0
}

/// Whether nothing holds the request back. Where something does, the request is charged to it.
#[inline(always)]
fn admits<C: Circumstances>(trial: &Trial<C>, key: &HoldKey) -> bool {
    let Some(hold) = HOLDS.get_ptr_mut(key) else {
        return true;
    };
    let now = trial.now();
    // SAFETY: the pointer is to a value of a map. The element may be deleted and reused meanwhile; then the request is
    // charged to another hold.
    if unsafe { (*hold).until } <= now {
        return true;
    }
    // SAFETY: as above.
    cell::charge(unsafe { &raw mut (*hold).cell }, &policy().hold, now, trial.commits())
}
