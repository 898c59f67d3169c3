//! Rates: of a peer, a registrant, a stranger, of all strangers together, and of all known sources together.
//!
//! Owns: the cells of peers and strangers. Refuses: the arithmetic (see [`firewall_common::limiter`]), and remembering
//! strangers: their array has a fixed size, and a flood of sources only makes it behave like one limit for all.
use core::ops::ControlFlow::Continue;

use aya_ebpf::macros::map;
use aya_ebpf::maps::Array;
use firewall_common::addr::Addr;
use firewall_common::copy::Kind;
use firewall_common::limiter::{HashKey, Limit, rows};
use firewall_common::maps;
use firewall_common::policy::{KNOWN_TOTAL, STRANGERS_TOTAL, TOTALS};
use firewall_common::reason::Reason;
use firewall_common::sip::Class;
use firewall_common::sip::method::CLASS_SLOTS;
use firewall_common::verdict::{Flow, Verdict};

use crate::cell;
use crate::constants::policy;
use crate::opaque;
use crate::stage::source::{self, Who};
use crate::trial::{Circumstances, Trial};

#[map]
static PEER_CELLS: Array<[u64; CLASS_SLOTS]> = Array::with_max_entries(1, 0);
#[map]
static CELLS: Array<u64> = Array::with_max_entries(2 * maps::CELLS_DEFAULT, 0);
#[map]
static TOTAL: Array<u64> = Array::with_max_entries(TOTALS as u32, 0);
/// Never read here: it keeps the key that this and later generations are loaded with ([`policy`]'s `hash_key`).
#[map]
static HASH_KEY: Array<HashKey> = Array::with_max_entries(1, 0);

/// Objects to a packet over its source's limit, or over the total of those who have not proved themselves.
#[inline(always)]
pub(crate) fn judge<C: Circumstances>(trial: &mut Trial<C>, who: &Who, class: Class) -> Flow<()> {
    let commit = trial.commits();
    if !within(trial, who, class, commit) {
        return trial.object(Verdict::of(class.over_limit()));
    }
    total(trial, who)
}

/// Objects to a stranger's packet while the stranger's limit is used up. Charges nothing.
#[inline(always)]
pub(crate) fn judge_used_up<C: Circumstances>(trial: &mut Trial<C>, who: &Who, class: Class) -> Flow<()> {
    if !who.is_unproven() {
        return Continue(());
    }
    let class = Class::from_number(opaque::forget(class as u64) as u32);
    trial.class = opaque::forget(class as u64 + 1);
    if stranger(trial, who.source, class, false) {
        return Continue(());
    }
    trial.object(Verdict::of(class.over_limit()))
}

#[inline(always)]
fn within<C: Circumstances>(trial: &mut Trial<C>, who: &Who, class: Class, commit: bool) -> bool {
    let class = Class::from_number(opaque::forget(class as u64) as u32);
    trial.class = opaque::forget(class as u64 + 1);
    match who.kind() {
        Kind::Peer => peer(trial, who.id, class, commit),
        Kind::Allowed => true,
        Kind::Registrant => registrant(trial, who.source, class, commit),
        Kind::Stranger | Kind::Known => stranger(trial, who.source, class, commit),
    }
}

/// Objects to a stranger's packet while the strangers' total is used up, and the same for known sources. Charges nothing.
#[inline(always)]
pub(crate) fn judge_total<C: Circumstances>(trial: &mut Trial<C>, who: &Who) -> Flow<()> {
    let Some((index, limit)) = total_of(who) else {
        return Continue(());
    };
    match TOTAL.get_ptr_mut(index) {
        Some(cell) if !limit.admits(cell::load(cell), trial.now()) => trial.object(over_total(index)),
        _ => Continue(()),
    }
}

/// The total that a source counts against, and its place. Known sources have one of their own, so that they find room to
/// register anew while a flood of strangers has used up the other.
#[inline(always)]
fn total_of(who: &Who) -> Option<(u32, Limit)> {
    let policy = policy();
    let (index, limit) = match who.kind() {
        Kind::Stranger => (STRANGERS_TOTAL, policy.total),
        Kind::Known => (KNOWN_TOTAL, policy.known_total),
        Kind::Peer | Kind::Allowed | Kind::Registrant => return None,
    };
    (!limit.is_none()).then_some((index, limit))
}

/// A peer without a limit for the class, or whose rules are not found, is not limited.
#[inline(always)]
fn peer<C: Circumstances>(trial: &Trial<C>, id: u32, class: Class, commit: bool) -> bool {
    let limit = match source::rule(id) {
        Some(rule) => &rule.limits[class.slot()],
        None => return true,
    };
    if limit.is_none() {
        return true;
    }
    match PEER_CELLS.get_ptr_mut(id) {
        // SAFETY: the pointer is to a value of the map, an array that has a cell for every class.
        Some(cells) => cell::charge(unsafe { &raw mut (*cells)[class.slot()] }, limit, trial.now(), commit),
        None => true,
    }
}

#[inline(always)]
fn registrant<C: Circumstances>(trial: &Trial<C>, source: Addr, class: Class, commit: bool) -> bool {
    let limit = &policy().registrant[class.slot()];
    if limit.is_none() {
        return true;
    }
    match source::registrant_cell(source, class) {
        Some(cell) => cell::charge(cell, limit, trial.now(), commit),
        // It was a registrant a moment ago, when it was told who it is.
        None => true,
    }
}

#[inline(always)]
fn stranger<C: Circumstances>(trial: &Trial<C>, source: Addr, class: Class, commit: bool) -> bool {
    let policy = policy();
    let limit = &policy.stranger[class.slot()];
    if limit.is_none() {
        return true;
    }
    let (a, b) = rows(source, class as u32, policy.hash_key, policy.cells_mask);
    match (CELLS.get_ptr_mut(a), CELLS.get_ptr_mut(policy.cells_mask + 1 + b)) {
        (Some(a), Some(b)) => cell::charge_either(a, b, limit, trial.now(), commit),
        _ => true,
    }
}

/// Objects to a packet over the total that its source counts against.
#[inline(always)]
fn total<C: Circumstances>(trial: &mut Trial<C>, who: &Who) -> Flow<()> {
    let Some((index, limit)) = total_of(who) else {
        return Continue(());
    };
    match TOTAL.get_ptr_mut(index) {
        Some(cell) if !cell::charge(cell, &limit, trial.now(), trial.commits()) => trial.object(over_total(index)),
        _ => Continue(()),
    }
}

#[inline(always)]
const fn over_total(index: u32) -> Verdict {
    Verdict { reason: Reason::RateTotal, detail: index }
}
