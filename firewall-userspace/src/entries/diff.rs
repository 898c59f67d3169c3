//! What has to change in the maps.
//!
//! Owns: the comparison, and which hit counts survive. Refuses: writing; the order to write in is said at [`Changes`].
use std::collections::HashMap;
use std::hash::Hash;

use firewall_common::addr::{Addr, Prefix};
use firewall_common::policy::{Action, Entry, NEVER_ENDS, Term};

use super::compile::KernelEntries;
use super::pending::PENDING;

/// Ends closer together than this are the same end: the two clocks can't be read at exactly the same instant, and without
/// tolerance every timed value would be written anew each time.
const SAME_END_NS: u64 = 100_000_000;

/// The changes of one map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapChanges<K> {
    /// To insert or overwrite.
    pub put: Vec<(K, Entry)>,
    /// To delete.
    pub remove: Vec<K>,
}

impl<K> MapChanges<K> {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.put.is_empty() && self.remove.is_empty()
    }
}

/// The changes of both maps.
///
/// To write them without a gap: first the filter with old and new bits together and the switch if it turns on, then what
/// is put in both maps, then what is removed, then the new filter and the switch. An entry that moves from one map to
/// the other is then never absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// Of `SOURCES`.
    pub sources: MapChanges<Addr>,
    /// Of `ENTRIES`.
    pub prefixes: MapChanges<Prefix>,
}

impl Changes {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.prefixes.is_empty()
    }
}

/// Compares what the maps hold with what they should hold. A changed value keeps its hits as long as an entry that it
/// had a term of is still in it.
pub fn diff(old_sources: &HashMap<Addr, Entry>, old_prefixes: &HashMap<Prefix, Entry>, new: &KernelEntries) -> Changes {
    Changes { sources: diff_map(old_sources, &new.sources), prefixes: diff_map(old_prefixes, &new.prefixes) }
}

fn diff_map<K: Copy + Eq + Hash>(old: &HashMap<K, Entry>, new: &HashMap<K, Entry>) -> MapChanges<K> {
    let put = new.iter().filter_map(|(key, value)| Some((*key, change(old.get(key), value)?))).collect();
    let remove = old.keys().filter(|key| !new.contains_key(key)).copied().collect();
    MapChanges { put, remove }
}

/// The value to write over `old`; none if it may stay.
fn change(old: Option<&Entry>, new: &Entry) -> Option<Entry> {
    let Some(old) = old else { return Some(*new) };
    if same(&old.first, &new.first) && same(&old.then, &new.then) {
        return None;
    }
    let hits = if related(old, new) { old.hits } else { 0 };
    Some(Entry { hits, ..*new })
}

fn same(a: &Term, b: &Term) -> bool {
    let permanent = |t: &Term| t.until == NEVER_ENDS;
    let ends = permanent(a) == permanent(b) && a.until.abs_diff(b.until) <= SAME_END_NS;
    ends && (a.action, a.id) == (b.action, b.id)
}

/// Whether they share an entry. A ban that was pending and one of the database are the same: there is one a source.
fn related(a: &Entry, b: &Entry) -> bool {
    let terms = |e: &Entry| [e.first, e.then].into_iter().filter(|term| *term != Term::NONE);
    let is_ban = |t: &Term| matches!(Action::from_number(t.action), Action::Ban | Action::BanAll);
    let same = |a: &Term, b: &Term| {
        if a.id == PENDING || b.id == PENDING { is_ban(a) && is_ban(b) } else { a.id == b.id }
    };
    terms(a).any(|a| terms(b).any(|b| same(&a, &b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    fn term(id: u32, until: u64) -> Term {
        Term { until, action: 2, id }
    }

    fn value(first: Term, then: Term, hits: u64) -> Entry {
        Entry { first, then, hits }
    }

    fn put(old: Entry, new: Entry) -> Option<Entry> {
        let changes = diff_map(&HashMap::from([(1, old)]), &HashMap::from([(1, new)]));
        assert!(changes.remove.is_empty());
        changes.put.first().map(|(_, e)| *e)
    }

    #[test]
    fn a_changed_value_keeps_its_hits() {
        let old = value(term(1, 10 * S), Term::NONE, 77);
        assert_eq!(put(old, value(term(1, 20 * S), Term::NONE, 0)), Some(value(term(1, 20 * S), Term::NONE, 77)));
        let both = value(term(1, 10 * S), term(2, NEVER_ENDS), 5);
        assert_eq!(put(both, value(term(2, NEVER_ENDS), Term::NONE, 0)).map(|e| e.hits), Some(5));
        assert_eq!(put(old, value(term(9, 10 * S), Term::NONE, 0)).map(|e| e.hits), Some(0));
    }

    #[test]
    fn a_ban_keeps_its_hits_when_the_database_has_it() {
        let ban = |id| Term { until: 10 * S, action: Action::Ban as u32, id };
        let put = |old, new| put(value(old, Term::NONE, 9), value(new, Term::NONE, 0)).map(|e| e.hits);
        assert_eq!((put(ban(PENDING), ban(7)), put(ban(7), ban(PENDING))), (Some(9), Some(9)));
        assert_eq!((put(ban(PENDING), term(7, 10 * S)), put(ban(7), ban(8))), (Some(0), Some(0)));
    }

    #[test]
    fn jitter_of_the_clocks_is_no_change() {
        let old = value(term(1, 10 * S), Term::NONE, 77);
        assert_eq!(put(old, value(term(1, 10 * S + 2_000_000), Term::NONE, 0)), None);
        assert!(put(old, value(term(1, 11 * S), Term::NONE, 0)).is_some());
        let last = value(term(1, NEVER_ENDS - 1), Term::NONE, 0);
        assert!(put(last, value(term(1, NEVER_ENDS), Term::NONE, 0)).is_some());
    }

    #[test]
    fn what_is_gone_is_removed() {
        let changes = diff_map(&HashMap::from([(1, value(term(1, S), Term::NONE, 0))]), &HashMap::new());
        assert_eq!((changes.put.len(), changes.remove), (0, vec![1]));
    }
}
