//! The kernel's entries: both maps, the filter before them, and the switches.
//!
//! Owns: reading them and writing changes so that no entry is absent for a moment. Refuses: deciding what they hold (see
//! [`crate::entries::compile`]).
mod bans;

use std::collections::HashMap as StdMap;
use std::path::Path;

use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{Array, HashMap, MapData, MapError};
use firewall_common::addr::{Addr, Prefix};
use firewall_common::entry_filter::EntryFilter;
use firewall_common::maps;
use firewall_common::policy::{
    Action, Entry, SWITCH_DAEMON, SWITCH_HOLDS, SWITCH_NUMBERS, SWITCH_RESPONSES, SWITCH_SCOPE_ALL,
};

use super::clock;
use super::error::{Context as _, Error, Result};
use super::instance::Synced;
use super::maps::{capacity, open};
use super::registrants::is_missing;
use super::running::RunningPolicy;
use crate::clock::Clock;
use crate::entries::{Changes, InForce, KernelEntries, ListEntry, MapChanges, StoredEntry, compile, diff, pending};

/// The maps that go together: what one holds says nothing without the others.
pub(super) const GROUP: [&str; 4] = [maps::SOURCES, maps::ENTRIES, maps::ENTRY_FILTER, maps::SWITCHES];

/// The maps of a generation.
pub(super) struct Tables {
    sources: HashMap<MapData, Addr, Entry>,
    prefixes: LpmTrie<MapData, [u8; 16], Entry>,
    filter: Array<MapData, u64>,
    switches: Array<MapData, u64>,
    sources_max: u32,
    prefixes_max: u32,
}

/// What both maps hold.
#[derive(Default)]
pub(super) struct Content {
    pub(super) sources: StdMap<Addr, Entry>,
    pub(super) prefixes: StdMap<Prefix, Entry>,
}

impl Tables {
    /// Opens those of a generation's directory.
    pub(super) fn open(dir: &Path) -> Result<Self> {
        Ok(Self {
            sources: open(dir, maps::SOURCES)?,
            prefixes: open(dir, maps::ENTRIES)?,
            filter: open(dir, maps::ENTRY_FILTER)?,
            switches: open(dir, maps::SWITCHES)?,
            sources_max: capacity(dir, maps::SOURCES)?,
            prefixes_max: capacity(dir, maps::ENTRIES)?,
        })
    }

    /// Everything in both maps.
    pub(super) fn read(&self) -> Result<Content> {
        let sources = self.sources.iter().collect::<std::result::Result<_, _>>().doing(reading)?;
        let prefixes = self.prefixes.iter().map(|item| item.map(|(key, value)| (prefix_of(&key), value)));
        Ok(Content { sources, prefixes: prefixes.collect::<std::result::Result<_, _>>().doing(reading)? })
    }

    /// Whether the database's entries would fit, beside the bans that it does not have yet. Block lists give way to entries,
    /// so they are not looked at.
    pub(super) fn check_room(&self, active: &[StoredEntry], policy: &RunningPolicy) -> Result<()> {
        self.check(&wanted(active, &[], &self.read()?, policy, policy, clock::now()))
    }

    fn check(&self, wanted: &KernelEntries) -> Result<()> {
        check("capacity.bans", wanted.sources.len(), self.sources_max)?;
        check("capacity.entries", wanted.prefixes.len(), self.prefixes_max)
    }

    /// Makes the maps equal the database, but for bans that it does not have yet: those stay.
    pub(super) fn sync(&mut self, in_force: &InForce, policy: &RunningPolicy) -> Result<Synced> {
        // Before the entries, so that a bit which somebody sets for a new ban meanwhile is none of those to be cleared.
        let filter = self.read_filter()?;
        let old = self.read()?;
        let (wanted, unlisted) = self.fitting(in_force, &old, policy, policy);
        Ok(Synced { unlisted, ..self.put(&wanted, &old, &filter)? })
    }

    /// Fills empty maps with the database's entries, and with bans of `old`, the maps of the policy `before`, that it does
    /// not have yet.
    pub(super) fn fill(
        &mut self,
        in_force: &InForce,
        old: &Content,
        before: &RunningPolicy,
        policy: &RunningPolicy,
    ) -> Result<Synced> {
        let (wanted, unlisted) = self.fitting(in_force, old, before, policy);
        Ok(Synced { unlisted, ..self.write(&wanted)? })
    }

    /// What is wanted, and how many prefixes of block lists are left out. Lists must not keep a ban or an entry of the
    /// operator's out: if they do not fit, they are left out as a whole.
    fn fitting(
        &self,
        in_force: &InForce,
        old: &Content,
        before: &RunningPolicy,
        policy: &RunningPolicy,
    ) -> (KernelEntries, usize) {
        let clock = clock::now();
        let all = wanted(&in_force.entries, &in_force.listed, old, before, policy, clock);
        if in_force.listed.is_empty() || self.check(&all).is_ok() {
            return (all, 0);
        }
        (wanted(&in_force.entries, &[], old, before, policy, clock), in_force.listed.len())
    }

    /// Makes the maps equal `wanted`.
    pub(super) fn write(&mut self, wanted: &KernelEntries) -> Result<Synced> {
        let filter = self.read_filter()?;
        let old = self.read()?;
        self.put(wanted, &old, &filter)
    }

    fn put(&mut self, wanted: &KernelEntries, old: &Content, filter: &[u64]) -> Result<Synced> {
        self.check(wanted)?;
        let changes = diff(&old.sources, &old.prefixes, wanted);
        // The filter and the switch first let more through to the maps than they must, and only then just what they must.
        self.write_filter(&wanted.filter, &[])?;
        self.write_switch(wanted.scope_all, true)?;
        self.carry_out(&changes, old)?;
        self.write_filter(&wanted.filter, filter)?;
        self.write_switch(wanted.scope_all, false)?;
        let (sources, prefixes) = (&changes.sources, &changes.prefixes);
        Ok(Synced {
            written: sources.put.len() + prefixes.put.len(),
            removed: sources.remove.len() + prefixes.remove.len(),
            next_expiry: wanted.next_expiry,
            ..Synced::default()
        })
    }

    /// Puts before it removes, so that what moves from one map to the other is always in one of them. A map without room
    /// for old and new together is cleared of the old first, after the other map has what it gets.
    fn carry_out(&mut self, changes: &Changes, old: &Content) -> Result<()> {
        let Changes { sources, prefixes } = changes;
        if peak(sources, old.sources.len(), |key| old.sources.contains_key(key)) > self.sources_max as usize {
            self.put_prefixes(prefixes)?;
            self.remove_sources(sources)?;
            self.put_sources(sources)?;
            self.remove_prefixes(prefixes)
        } else if peak(prefixes, old.prefixes.len(), |key| old.prefixes.contains_key(key)) > self.prefixes_max as usize
        {
            self.put_sources(sources)?;
            self.remove_prefixes(prefixes)?;
            self.put_prefixes(prefixes)?;
            self.remove_sources(sources)
        } else {
            self.put_sources(sources)?;
            self.put_prefixes(prefixes)?;
            self.remove_sources(sources)?;
            self.remove_prefixes(prefixes)
        }
    }

    fn put_sources(&mut self, changes: &MapChanges<Addr>) -> Result<()> {
        changes.put.iter().try_for_each(|(key, value)| self.sources.insert(key, value, 0)).doing(writing)
    }

    fn put_prefixes(&mut self, changes: &MapChanges<Prefix>) -> Result<()> {
        let mut put = |(prefix, value): &(Prefix, Entry)| self.prefixes.insert(&key(*prefix), value, 0);
        changes.put.iter().try_for_each(&mut put).doing(writing)
    }

    fn remove_sources(&mut self, changes: &MapChanges<Addr>) -> Result<()> {
        changes.remove.iter().try_for_each(|key| self.sources.remove(key)).doing(writing)
    }

    fn remove_prefixes(&mut self, changes: &MapChanges<Prefix>) -> Result<()> {
        changes.remove.iter().try_for_each(|prefix| self.prefixes.remove(&key(*prefix))).doing(writing)
    }

    /// Sets the bits of the filter that are wanted, and clears those of the bits in `before` that are not.
    fn write_filter(&mut self, wanted: &EntryFilter, before: &[u64]) -> Result<()> {
        for (index, word) in (0..).zip(&wanted.0) {
            let old = self.filter.get(&index, 0).doing(reading)?;
            let unwanted = before.get(index as usize).map_or(0, |before| before & !word);
            let new = (old & !unwanted) | word;
            if new != old {
                self.filter.set(index, new, 0).doing(writing)?;
            }
        }
        Ok(())
    }

    fn read_filter(&self) -> Result<Vec<u64>> {
        self.filter.iter().collect::<std::result::Result<_, _>>().doing(reading)
    }

    /// Whether the operator's allow entry decides about an address.
    pub(super) fn allows(&self, address: Addr, now: u64) -> Result<bool> {
        let entry = found(self.prefixes.get(&key(Prefix::host(address)), 0))?;
        let term = entry.and_then(|entry| entry.at(|| now));
        Ok(term.is_some_and(|term| Action::from_number(term.action) == Action::Allow))
    }

    fn write_switch(&mut self, on: bool, and_old: bool) -> Result<()> {
        let old = self.switches.get(&SWITCH_SCOPE_ALL, 0).doing(reading)?;
        let new = u64::from(on) | if and_old { old } else { 0 };
        if new == old { Ok(()) } else { self.switches.set(SWITCH_SCOPE_ALL, new, 0).doing(writing) }
    }
}

impl Content {
    /// The same as what is to be written to other maps, when nobody can say what the entries are.
    pub(super) fn as_wanted(&self) -> KernelEntries {
        let mut filter = Box::<EntryFilter>::default();
        self.sources.keys().for_each(|source| filter.insert_source(*source));
        self.prefixes.keys().for_each(|prefix| filter.insert(*prefix));
        let terms = self.sources.values().chain(self.prefixes.values()).flat_map(|e| [e.first, e.then]);
        let covers_all = |number| Action::from_number(number).covers_all();
        let scope_all = terms.map(|term| term.action).any(covers_all);
        let (sources, prefixes) = (self.sources.clone(), self.prefixes.clone());
        KernelEntries { sources, prefixes, filter, scope_all, next_expiry: None }
    }
}

/// What the maps should hold of the database's entries and of the bans in `old` that the database does not have yet. `old`
/// belongs to the policy `before`.
pub(super) fn wanted(
    active: &[StoredEntry],
    listed: &[ListEntry],
    old: &Content,
    before: &RunningPolicy,
    policy: &RunningPolicy,
    clock: Clock,
) -> KernelEntries {
    let waiting = pending(&old.sources, &old.prefixes, active, before.v6_prefix, clock);
    if waiting.is_empty() {
        return compile(active, listed, &policy.peer_prefixes(), policy.v6_prefix, clock);
    }
    let all: Vec<StoredEntry> = active.iter().cloned().chain(waiting).collect();
    compile(&all, listed, &policy.peer_prefixes(), policy.v6_prefix, clock)
}

/// Copies the switches that are not of the entries to the maps of another generation, which were made anew.
pub(super) fn copy_switches(from: &Path, to: &Path) -> Result<()> {
    let (old, mut new): (Array<MapData, u64>, Array<MapData, u64>) =
        (open(from, maps::SWITCHES)?, open(to, maps::SWITCHES)?);
    for switch in [SWITCH_HOLDS, SWITCH_RESPONSES, SWITCH_DAEMON, SWITCH_NUMBERS] {
        let value = old.get(&switch, 0).doing(reading)?;
        new.set(switch, value, 0).doing(writing)?;
    }
    Ok(())
}

fn found<T>(result: std::result::Result<T, MapError>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(Error::kernel(reading(), &error)),
    }
}

fn prefix_of(key: &Key<[u8; 16]>) -> Prefix {
    Prefix { bits: key.prefix_len(), addr: key.data() }
}

fn key(prefix: Prefix) -> Key<[u8; 16]> {
    Key::new(prefix.bits, prefix.addr)
}

/// How many elements there are at most while changes are carried out, with what is new before what is removed.
fn peak<K>(changes: &MapChanges<K>, old: usize, known: impl Fn(&K) -> bool) -> usize {
    old + changes.put.iter().filter(|(key, _)| !known(key)).count()
}

fn check(key: &'static str, wanted: usize, capacity: u32) -> Result<()> {
    if wanted > capacity as usize { Err(Error::Full { key, wanted, capacity }) } else { Ok(()) }
}

fn reading() -> String {
    "read the entries".to_owned()
}

fn writing() -> String {
    "write an entry".to_owned()
}
