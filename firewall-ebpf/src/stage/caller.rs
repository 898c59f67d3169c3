//! Who is calling: what lists say of callers, who does not say who he is, and who claims to be one of us.
//!
//! Owns: what is asked of whose callers, and the objections. Refuses: reading header fields (see [`crate::scan::caller`]), lists
//! (see [`super::number`]), and answering (the daemon does).
use core::ops::ControlFlow::Continue;

use firewall_common::copy::Kind;
use firewall_common::policy::{ALLOWED_PEER, CALLERS_ASSERTED, CALLERS_LISTED, FLAG_CALLERS};
use firewall_common::reason::Reason;
use firewall_common::sip::Method;
use firewall_common::verdict::{Flow, Verdict};

use crate::constants::policy;
use crate::desk;
use crate::kept::Kept;
use crate::opaque;
use crate::refused::{Refused, refuse};
use crate::scan::{self, caller::Caller};
use crate::stage::number;
use crate::stage::sdp::Request;
use crate::stage::source::{self, Who};
use crate::trial::{Circumstances, Trial};

/// Whether callers are looked at. Where they are not, there is no code for them.
#[inline(always)]
pub(crate) fn are_judged() -> bool {
    policy().flags & FLAG_CALLERS != 0
}

/// Objects to an INVITE outside of a dialog whose caller may not call.
#[inline(always)]
pub(crate) fn judge<C: Circumstances>(trial: &mut Trial<C>, kept: Kept, who: &Who, request: Request) -> Flow<Refused> {
    if !are_judged() || !request.is(Method::Invite) || number::is_shared(kept, who) {
        return Continue(Refused::NOT);
    }
    let (asks, list) = asked(who);
    let asks = opaque::forget(u64::from(asks)) as u32;
    if opaque::forget(u64::from(asks)) == 0 {
        return Continue(Refused::NOT);
    }
    let (Some(window), Some(case)) = (desk::window(), desk::case()) else {
        return Continue(Refused::NOT);
    };
    let stream = kept.stream() * scan::caller::STREAM;
    let caller = Caller::new(request.headers(), asks | stream);
    case.begin_caller(caller, opaque::forget(u64::from(list)) as u32, trial.now(), trial.commits());
    let mut left = scan::caller::FIELDS;
    while left > 0 {
        if scan::caller::next(window, case.caller()) == 0 {
            break;
        }
        left -= 1;
        case.note_caller(window, scan::caller::read(window, case.caller()));
    }
    // Nobody honest says so much of a caller, and what comes last may be what counts.
    let is_full = opaque::forget(u64::from(left)) == 0 && stream == 0;
    if is_full && scan::caller::next(window, case.caller()) != 0 {
        return refuse(trial, Verdict::of(Reason::CallerDenied));
    }
    let found = scan::caller::objection(case.caller());
    let detail = opaque::forget(found >> 32) as u32;
    match opaque::forget(found) as u32 {
        DENIED => refuse(trial, Verdict { reason: Reason::CallerDenied, detail }),
        ANONYMOUS => refuse(trial, Verdict::of(Reason::CallerAnonymous)),
        SPOOFED => refuse(trial, Verdict::of(Reason::CallerSpoofed)),
        _ => Continue(Refused::NOT),
    }
}

const DENIED: u32 = Reason::CallerDenied as u32;
const ANONYMOUS: u32 = Reason::CallerAnonymous as u32;
const SPOOFED: u32 = Reason::CallerSpoofed as u32;

/// What is asked of the source's callers, and the list that holds beside everybody's. A registrant has proved that he is one of
/// us, and only what denies holds for him; nobody but a peer asserts anything.
#[inline(always)]
fn asked(who: &Who) -> (u32, u32) {
    let of_rule = |id| source::rule(id).map_or((0, 0), |rule| (u32::from(rule.callers), rule.list));
    match who.kind() {
        Kind::Peer => of_rule(who.id),
        Kind::Allowed => of_rule(ALLOWED_PEER),
        Kind::Registrant => (policy().callers & u32::from(CALLERS_LISTED), 0),
        Kind::Stranger | Kind::Known => (policy().callers & !u32::from(CALLERS_ASSERTED), 0),
    }
}
