//! Requests inside of dialogs, from strangers that are no party to them.
//!
//! Owns: who is party to which call, and the objection. Refuses: following calls (the daemon does), and holding peers,
//! registrants and allowed sources to it.
use core::ops::ControlFlow::Continue;

use aya_ebpf::macros::map;
use aya_ebpf::maps::HashMap;
use firewall_common::addr::Addr;
use firewall_common::dialog::Parties;
use firewall_common::maps;
use firewall_common::policy::FLAG_DIALOGS;
use firewall_common::reason::Reason;
use firewall_common::sip::Method;
use firewall_common::verdict::{Flow, Verdict};

use crate::constants::policy;
use crate::desk;
use crate::kept::Kept;
use crate::opaque;
use crate::scan;
use crate::stage::sdp::Request;
use crate::stage::source::Who;
use crate::trial::{Circumstances, Trial};

#[map]
static DIALOGS: HashMap<u64, Parties> = HashMap::with_max_entries(maps::DIALOGS_DEFAULT, 0);

/// What changes and ends calls. Not OPTIONS, which does neither.
const OF_CALLS: u16 = Method::Invite.bit()
    | Method::Ack.bit()
    | Method::Bye.bit()
    | Method::Cancel.bit()
    | Method::Update.bit()
    | Method::Prack.bit()
    | Method::Refer.bit()
    | Method::Info.bit()
    | Method::Notify.bit();

/// Objects to a request that carries a call's Call-ID, from a source that has not proved itself and is no party to the call.
/// A tag is not asked for: a CANCEL has none, and nobody else has a reason to use another's Call-ID.
#[inline(always)]
pub(crate) fn judge<C: Circumstances>(trial: &mut Trial<C>, kept: Kept, who: &Who, request: Request) -> Flow<()> {
    if policy().flags & FLAG_DIALOGS == 0 || !who.is_unproven() || !request.is_one_of(OF_CALLS) {
        return Continue(());
    }
    let Some(window) = desk::window() else {
        return Continue(());
    };
    let (call, source) = (scan::fields::call_id(window, request.headers()), trial.src());
    // A stream's next segment has the rest of what is cut.
    let is_cut = call == scan::fields::CUT && kept.stream() == 0;
    let intrudes = u64::from(is_cut) | sipfw_excludes(call, source.hi, source.lo, trial.now());
    if opaque::forget(intrudes) != 0 { trial.object(Verdict::of(Reason::DialogIntruder)) } else { Continue(()) }
}

/// Whether an INVITE goes on with a call that is known, and the remote side is party to it: where it is sent to then is what the
/// other party has named as its contact, and nobody is called by it.
#[inline(always)]
pub(crate) fn goes_on<C: Circumstances>(trial: &Trial<C>, request: Request) -> bool {
    if policy().flags & FLAG_DIALOGS == 0 || !request.is(Method::Invite) {
        return false;
    }
    let Some(window) = desk::window() else {
        return false;
    };
    if !scan::fields::has_to_tag(window, request.headers()) {
        return false;
    }
    let (call, remote) = (scan::fields::call_id(window, request.headers()), trial.src());
    opaque::forget(sipfw_includes(call, remote.hi, remote.lo, trial.now())) != 0
}

/// Whether the remote side is a party to a call that is known.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_includes(call: u64, hi: u64, lo: u64, now: u64) -> u64 {
    // SAFETY: as below.
    let parties = unsafe { DIALOGS.get(call) };
    opaque::forget(u64::from(parties.is_some_and(|parties| parties.include(Addr { hi, lo }, now))))
}

/// Whether the source is no party to a call that is known. Behind a boundary, as what loops over a payload is; see [`crate::scan`].
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_excludes(call: u64, hi: u64, lo: u64, now: u64) -> u64 {
    // SAFETY: the value is compared at once; if it is replaced meanwhile, its parts may be of two calls.
    let parties = unsafe { DIALOGS.get(call) };
    opaque::forget(u64::from(parties.is_some_and(|parties| parties.exclude(Addr { hi, lo }, now))))
}
