//! Dialled numbers: what may be called, in both directions.
//!
//! Owns: the lists, the codes, what codes have opened, and the objections. Refuses: making lists and codes (the daemon and the
//! command do), and reading numbers (see [`firewall_common::number`]).
use core::ops::ControlFlow::Continue;

use aya_ebpf::macros::map;
use aya_ebpf::maps::lpm_trie::LpmTrie;
use aya_ebpf::maps::{Array, HashMap};
use firewall_common::copy::Kind;
use firewall_common::maps;
use firewall_common::number::{NumberKey, NumberRule, Outcome, block_list};
use firewall_common::policy::{ALLOWED_PEER, FLAG_NUMBERS, NUMBERS_BLOCKS, NUMBERS_OFF, SWITCH_NUMBERS};
use firewall_common::reason::Reason;
use firewall_common::sip::Method;
use firewall_common::verdict::{Flow, Verdict};

use crate::constants::policy;
use crate::desk;
use crate::kept::Kept;
use crate::opaque;
use crate::refused::{Refused, refuse};
use crate::scan;
use crate::stage::dialog;
use crate::stage::sdp::Request;
use crate::stage::source::{self, Who};
use crate::switches;
use crate::trial::{Circumstances, Trial};

mod case;

pub(crate) use case::{Case, Record};
use case::{Lists, RECEIVED, SENT};

/// Without memory for prefixes that are not there.
const NO_PREALLOC: u32 = 1;

#[map]
static NUMBERS: LpmTrie<NumberKey, NumberRule> = LpmTrie::with_max_entries(maps::NUMBERS_DEFAULT, NO_PREALLOC);
#[map]
static CODES: HashMap<u64, u64> = HashMap::with_max_entries(maps::CODES_DEFAULT, 0);
#[map]
static OPENED: Array<[u64; 2]> = Array::with_max_entries(maps::OPENED_CELLS, 0);

/// Whether numbers are looked at. Where they are not, there is no code for them.
#[inline(always)]
pub(crate) fn are_judged() -> bool {
    policy().flags & FLAG_NUMBERS != 0
}

/// Objects to an INVITE, or a REFER, to a number that its source may not call. A peer's stream carries the calls of many, whom
/// nobody must be able to stop by one.
#[inline(always)]
pub(crate) fn judge<C: Circumstances>(trial: &mut Trial<C>, kept: Kept, who: &Who, request: Request) -> Flow<Refused> {
    if !are_judged() || !calls(request) || is_shared(kept, who) {
        return Continue(Refused::NOT);
    }
    let found = received(trial, who, request);
    if opaque::forget(found) != 0 && dialog::goes_on(trial, request) {
        return Continue(Refused::NOT);
    }
    let detail = opaque::forget(found >> 32) as u32;
    match opaque::forget(found) as u32 {
        DENIED => refuse(trial, Verdict { reason: Reason::NumberDenied, detail }),
        UNLISTED => refuse(trial, Verdict { reason: Reason::NumberUnlisted, detail }),
        CODE => refuse(trial, Verdict { reason: Reason::CallCode, detail }),
        _ => Continue(Refused::NOT),
    }
}

const DENIED: u32 = Outcome::Denied as u32;
const UNLISTED: u32 = Outcome::Unlisted as u32;
const CODE: u32 = Outcome::Code as u32;

/// Whether a segment is one of a connection that carries the calls of many.
#[inline(always)]
pub(crate) fn is_shared(kept: Kept, who: &Who) -> bool {
    kept.stream() != 0 && who.kind() == Kind::Peer
}

/// The verdict on our side's own INVITE, or REFER, to a number that it may not call.
#[inline(always)]
pub(crate) fn objection_to_own<C: Circumstances>(trial: &Trial<C>, who: &Who, request: Request) -> Option<Verdict> {
    if !are_judged() || who.kind() != Kind::Peer || !calls(request) {
        return None;
    }
    let found = match source::rule(who.id) {
        Some(rule) => find(trial, request, Lists { policy: rule.sent, list: rule.list, blocks: 0 }, SENT),
        None => 0,
    };
    let is_objection = opaque::forget(found) as u32 != Outcome::Pass as u32;
    if is_objection && dialog::goes_on(trial, request) {
        return None;
    }
    is_objection.then(|| Verdict { reason: Reason::OwnNumber, detail: opaque::forget(found >> 32) as u32 })
}

/// Whether a request makes somebody call a number.
#[inline(always)]
fn calls(request: Request) -> bool {
    request.is(Method::Invite) || request.is(Method::Refer)
}

/// What there is to object to, as an [`Outcome`] and the id of its entry.
#[inline(always)]
fn received<C: Circumstances>(trial: &Trial<C>, who: &Who, request: Request) -> u64 {
    let of_rule = |id| source::rule(id).map_or((NUMBERS_OFF, 0), |rule| (rule.received, rule.list));
    let (policy, list) = match who.kind() {
        Kind::Peer => of_rule(who.id),
        Kind::Allowed => of_rule(ALLOWED_PEER),
        Kind::Registrant | Kind::Stranger | Kind::Known => (policy().numbers as u8, 0),
    };
    let has_blocks = switches::value(SWITCH_NUMBERS) & NUMBERS_BLOCKS != 0;
    let blocks = if has_blocks { block_list(who.source, crate::constants::policy().hash_key) } else { 0 };
    find(trial, request, Lists { policy, list, blocks }, RECEIVED)
}

#[inline(always)]
fn find<C: Circumstances>(trial: &Trial<C>, request: Request, lists: Lists, direction: u32) -> u64 {
    let lists = lists.forget();
    if opaque::forget(u64::from(lists.policy)) == u64::from(NUMBERS_OFF) && opaque::forget(lists.blocks) == 0 {
        return 0;
    }
    let (Some(window), Some(case)) = (desk::window(), desk::case()) else {
        return 0;
    };
    let refers = u32::from(request.is(Method::Refer));
    if !scan::number::read(window, case.scan(), request.headers(), refers) {
        return 0;
    }
    case.set(lists, direction, trial.now(), trial.commits());
    case.judge()
}
