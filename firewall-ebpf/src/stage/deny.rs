//! Deny entries, bans, and the operator's allow entries.
//!
//! Owns: single sources (a hash), prefixes (a trie), and the filter before both. Refuses: making entries; the daemon and the command
//! do, and nothing that a packet does can add, evict or change one.
use core::ops::ControlFlow::{Break, Continue};

use aya_ebpf::macros::map;
use aya_ebpf::maps::lpm_trie::LpmTrie;
use aya_ebpf::maps::{Array, HashMap};
use firewall_common::addr::Addr;
use firewall_common::entry_filter::EntryFilter;
use firewall_common::maps;
use firewall_common::policy::{Action, Entry, SWITCH_SCOPE_ALL, Term};
use firewall_common::reason::Reason;
use firewall_common::verdict::{Flow, Verdict, stop};

use crate::cell;
use crate::host_key::HostKey;
use crate::switches;
use crate::trial::{Circumstances, Trial};

#[map]
static SOURCES: HashMap<Addr, Entry> = HashMap::with_max_entries(maps::SOURCES_DEFAULT, 0);
#[map]
static ENTRIES: LpmTrie<[u8; 16], Entry> = LpmTrie::with_max_entries(maps::ENTRIES_DEFAULT, 0);
#[map]
static ENTRY_FILTER: Array<u64> = Array::with_max_entries(EntryFilter::WORDS as u32, 0);

/// Stops a denied or banned source. Goes on with the id plus one of the allow entry that covers the source, or zero.
#[inline(always)]
pub(crate) fn judge<C: Circumstances>(trial: &mut Trial<C>) -> Flow<u64> {
    let term = find(trial, |_| true);
    let reason = match Action::from_number(term.action) {
        Action::None => return Continue(0),
        Action::Allow => return Continue(u64::from(term.id) + 1),
        Action::Deny | Action::DenyAll => Reason::Denied,
        Action::Ban | Action::BanAll => Reason::Banned,
    };
    trial.object(Verdict { reason, detail: term.id })?;
    Continue(0)
}

/// The id plus one of the allow entry that covers the source, or zero. Nothing is counted.
#[inline(always)]
pub(crate) fn allowed<C: Circumstances>(trial: &Trial<C>) -> u64 {
    let term = find(trial, |_| false);
    if term.action == Action::Allow as u32 { u64::from(term.id) + 1 } else { 0 }
}

/// The verdict for a packet that is for no protected port: only an entry for all traffic can stop it.
#[inline(always)]
pub(crate) fn judge_other<C: Circumstances>(trial: &mut Trial<C>) -> Flow<Verdict> {
    if switches::value(SWITCH_SCOPE_ALL) == 0 {
        return stop(Reason::OtherTraffic);
    }
    let term = find(trial, covers_all);
    let reason = match Action::from_number(term.action) {
        Action::BanAll => Reason::Banned,
        Action::DenyAll => Reason::Denied,
        _ => return stop(Reason::OtherTraffic),
    };
    Break(Verdict { reason, detail: term.id })
}

#[inline(always)]
fn covers_all(term: &Term) -> bool {
    Action::from_number(term.action).covers_all()
}

/// What holds for the source now, if anything: its own entry before that of the longest prefix. A hit is counted where the
/// term `decides`.
#[inline(always)]
fn find<C: Circumstances>(trial: &Trial<C>, decides: impl Fn(&Term) -> bool) -> Term {
    let source = trial.source();
    if is_marked(EntryFilter::place_of_source(source))
        && let Some(entry) = SOURCES.get_ptr_mut(source)
        && let Some(term) = in_force(trial, entry, &decides)
    {
        return term;
    }
    if is_marked(EntryFilter::place(trial.src()))
        && let Some(entry) = ENTRIES.get(HostKey::new(trial.src()).key())
        && let Some(term) = in_force(trial, core::ptr::from_ref(entry).cast_mut(), &decides)
    {
        return term;
    }
    Term::NONE
}

/// Whether a look-up may find something.
#[inline(always)]
fn is_marked((word, bit): (u32, u32)) -> bool {
    ENTRY_FILTER.get(word).is_none_or(|word| word >> bit & 1 != 0)
}

/// Counts a hit where an entry decides.
#[inline(always)]
fn in_force<C: Circumstances>(trial: &Trial<C>, entry: *mut Entry, decides: impl Fn(&Term) -> bool) -> Option<Term> {
    // SAFETY: the pointer is to a value of a map. The element may be deleted and reused meanwhile; then the hit is
    // counted on another entry, and a term that was changed while it was read is one of the two.
    let term = unsafe { (*entry).at(|| trial.now()) }?;
    if trial.commits() && decides(&term) {
        // SAFETY: as above.
        cell::count(unsafe { &raw mut (*entry).hits });
    }
    Some(term)
}
