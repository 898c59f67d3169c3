//! Bans that are in the kernel's maps before the database has them: a ban takes effect with the next packet, and is written
//! down afterwards. Their id is 0.
//!
//! Owns: which value a new ban makes of what the maps hold, which bans wait for the database, and what is left without
//! them. Refuses: writing maps, and knowing why somebody is banned.
use std::collections::HashMap;

use firewall_common::addr::{Addr, Prefix};
use firewall_common::policy::{Action, Entry, NEVER_ENDS, Term};

use super::compile::{is_source, source_prefix};
use super::record::{Kind, Origin, Scope, StoredEntry};
use crate::clock::Clock;

/// The id of a ban that the database does not have yet.
pub const PENDING: u32 = 0;

/// How much later than the database's ban of the same source a pending one must end to be another one: a time that went
/// through both clocks is a little off.
const SAME_END_MS: i64 = 1_000;

/// What the maps hold of a source.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    /// The source's value in `SOURCES`.
    pub source: Option<Entry>,
    /// The value of the longest prefix in `ENTRIES` that covers the whole source, and whether that is the source itself.
    pub prefix: Option<(Entry, bool)>,
    /// Whether `ENTRIES` may hold prefixes inside the source, which a value in `SOURCES` would hide.
    pub crowded: bool,
}

/// What a new ban makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// This value in `SOURCES`.
    Source(Entry),
    /// This value in `ENTRIES`, for the source as a prefix.
    Prefix(Entry),
    /// What holds already blocks the source for as long.
    Blocked,
    /// The operator lets the source in.
    Allowed,
}

/// Places a ban that ends at `until`. It weakens no block, not even later, and takes nothing from whom the operator lets in.
pub fn place(held: &Held, until: u64, now: u64) -> Placement {
    let ban = Term { until, action: Action::Ban as u32, id: PENDING };
    let prefix = held.prefix.map(|(value, _)| value);
    if let Some((value, term)) = held.source.and_then(|value| Some((value, value.at(|| now)?))) {
        // Behind this term the ban would hide what the prefix says.
        let hides = prefix.is_some_and(|prefix| goes_before(&prefix, term.until, until));
        let longer = lengthened(&value, ban, now).filter(|_| !hides);
        return longer.map_or(Placement::Blocked, Placement::Source);
    }
    let covering = held.prefix.and_then(|(value, exact)| Some((value, exact, value.at(|| now)?)));
    match covering {
        Some((value, exact, term)) => inside(held, &value, exact, term, ban, now),
        None if held.crowded => Placement::Prefix(single(ban)),
        None => Placement::Source(single(ban)),
    }
}

/// A ban inside a prefix that has a word of its own.
fn inside(held: &Held, value: &Entry, exact: bool, term: Term, ban: Term, now: u64) -> Placement {
    let action = Action::from_number(term.action);
    if matches!(action, Action::None | Action::Allow) {
        return Placement::Allowed;
    }
    if exact || goes_before(value, now, ban.until) {
        let put = if held.crowded { Placement::Prefix } else { Placement::Source };
        return lengthened(value, ban, now).map_or(Placement::Blocked, put);
    }
    if held.crowded {
        // It hides the wider prefix's value, so it has to know what follows.
        return Placement::Prefix(Entry { first: ban, then: last_block(value, now), hits: 0 });
    }
    Placement::Source(single(ban))
}

/// Whether a value has a term in force between two times that goes before a ban: it lets in, or blocks everything.
fn goes_before(value: &Entry, from: u64, until: u64) -> bool {
    let terms = [(0, value.first), (value.first.until, value.then)];
    let strong = |term: &Term| {
        let action = Action::from_number(term.action);
        action == Action::Allow || action.covers_all()
    };
    terms.iter().any(|(begin, term)| strong(term) && from.max(*begin) < until.min(term.until))
}

const fn single(ban: Term) -> Entry {
    Entry { first: ban, then: Term::NONE, hits: 0 }
}

/// The value with the ban behind what blocks now; nothing if it would not block for longer, or could not be told in two
/// terms without weakening one.
fn lengthened(value: &Entry, ban: Term, now: u64) -> Option<Entry> {
    let (first, then) = if now < value.first.until { (value.first, value.then) } else { (value.then, Term::NONE) };
    let follows = then.until > first.until && then.action != Action::None as u32;
    let replaceable = matches!(Action::from_number(then.action), Action::Deny | Action::Ban) && then.until < ban.until;
    let longer = ban.until > first.until && (!follows || replaceable);
    longer.then_some(Entry { first, then: ban, hits: value.hits })
}

/// The block of a value that ends last.
fn last_block(value: &Entry, now: u64) -> Term {
    let blocks = [value.then, value.first].into_iter().filter(|term| is_block(term) && term.until > now);
    blocks.max_by_key(|term| term.until).unwrap_or(Term::NONE)
}

fn is_block(term: &Term) -> bool {
    !matches!(Action::from_number(term.action), Action::None | Action::Allow)
}

fn is_pending(term: &Term) -> bool {
    term.id == PENDING && matches!(Action::from_number(term.action), Action::Ban | Action::BanAll)
}

/// The bans that hold and that the database, which holds `active`, does not have, as entries.
pub fn pending(
    sources: &HashMap<Addr, Entry>,
    prefixes: &HashMap<Prefix, Entry>,
    active: &[StoredEntry],
    v6_prefix: u8,
    clock: Clock,
) -> Vec<StoredEntry> {
    let mut found: HashMap<Prefix, Term> = HashMap::new();
    let hashed = sources.iter().map(|(source, value)| (source_prefix(*source, v6_prefix), value));
    // A prefix of another width repeats what holds for the source around it.
    let others =
        prefixes.iter().filter(|(prefix, _)| is_source(**prefix, v6_prefix)).map(|(prefix, value)| (*prefix, value));
    for (prefix, value) in hashed.chain(others) {
        let waits = |term: &Term| is_pending(term) && term.until > clock.mono_ns;
        for term in [value.first, value.then].into_iter().filter(waits) {
            let known = found.entry(prefix).or_insert(term);
            if term.until > known.until {
                *known = term;
            }
        }
    }
    let known = bans(active);
    let entries = found.into_iter().map(|(prefix, term)| entry(prefix, term, clock));
    entries.filter(|entry| known.get(&entry.prefix).is_none_or(|end| outlasts(entry, *end))).collect()
}

fn bans(active: &[StoredEntry]) -> HashMap<Prefix, Option<i64>> {
    active.iter().filter(|entry| entry.kind == Kind::Ban).map(|entry| (entry.prefix, entry.expires)).collect()
}

fn outlasts(pending: &StoredEntry, end: Option<i64>) -> bool {
    match (pending.expires, end) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(pending), Some(end)) => pending > end.saturating_add(SAME_END_MS),
    }
}

fn entry(prefix: Prefix, term: Term, clock: Clock) -> StoredEntry {
    let scope = if Action::from_number(term.action).covers_all() { Scope::All } else { Scope::Sip };
    StoredEntry {
        id: PENDING,
        kind: Kind::Ban,
        prefix,
        scope,
        created: clock.wall_ms,
        expires: (term.until < NEVER_ENDS - 1).then(|| clock.wall_at(term.until)),
        comment: None,
        author: None,
        origin: Origin::Firewall,
        evidence: None,
        step: 0,
    }
}

/// Which bans to take out of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that the database does not have yet.
    Pending,
    /// All.
    Every,
}

/// What is left of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// All of it: there was nothing to take out.
    Unchanged,
    /// This.
    Value(Entry),
    /// Nothing.
    Nothing,
}

/// A value without bans.
pub fn without_bans(value: &Entry, which: Which) -> Rest {
    let goes = |term: &Term| match which {
        Which::Pending => is_pending(term),
        Which::Every => matches!(Action::from_number(term.action), Action::Ban | Action::BanAll),
    };
    let terms = [value.first, value.then];
    if !terms.iter().any(goes) {
        return Rest::Unchanged;
    }
    let mut kept = terms.into_iter().filter(|term| *term != Term::NONE && !goes(term));
    match kept.next() {
        Some(first) => Rest::Value(Entry { first, then: kept.next().unwrap_or(Term::NONE), hits: value.hits }),
        None => Rest::Nothing,
    }
}

#[cfg(test)]
mod tests;
