//! The kernel's entries and the database's.
//!
//! Owns: making the former equal the latter, one writer at a time. Refuses: changing the database.
use std::collections::HashMap;

use firewall_common::addr::{Addr, Prefix};

use super::{Instance, Synced};
use crate::clock::Clock;
use crate::dataplane::clock;
use crate::dataplane::error::Result;
use crate::dataplane::lock::EditLock;
use crate::dataplane::numbers::{self, Changed, NumberMaps};
use crate::dataplane::tables::Tables;
use crate::entries::{StoredEntry, Which, covers, source_prefix};
use crate::numbers::NumberRules;
use crate::store::Store;

/// The lists of numbers that an instance has put into the kernel.
pub(super) struct Seen {
    /// The generation's number, and the database's of its lists.
    version: (u32, i64),
    next_expiry: Option<i64>,
    idle_codes: usize,
}

impl Instance {
    /// Makes the kernel's entries equal the database's, without a gap. All or nothing when they do not fit. They are read
    /// under the lock of the maps' writers, so that no writer puts older entries over newer ones.
    pub fn sync_entries(&mut self, store: &Store) -> Result<Synced> {
        let _lock = EditLock::take(&self.place)?;
        self.refresh()?;
        let now = clock::now();
        let in_force = store.in_force(now.wall_ms)?;
        let synced = Tables::open(&self.dir())?.sync(&in_force, self.policy()?)?;
        Ok(synced.and(self.sync_numbers(store, now)?))
    }

    /// The same of lists of numbers and codes, if anything has changed since this instance last looked: a hundred thousand
    /// prefixes are not compared because of a ban. Where another version of sipfw kept no config, they stay as they are.
    fn sync_numbers(&mut self, store: &Store, now: Clock) -> Result<Changed> {
        let version = (self.generation, store.numbers_version()?);
        let is_due = |seen: &Seen| seen.next_expiry.is_some_and(|end| end <= now.wall_ms);
        if let Some(seen) = self.numbers.as_ref().filter(|seen| seen.version == version && !is_due(seen)) {
            return Ok(Changed { next_expiry: seen.next_expiry, idle_codes: seen.idle_codes, ..Changed::default() });
        }
        let Ok(loaded) = self.config() else { return Ok(Changed::default()) };
        let changed = numbers::sync(&self.dir(), &loaded.config, store, now)?;
        self.numbers = Some(Seen { version, next_expiry: changed.next_expiry, idle_codes: changed.idle_codes });
        Ok(changed)
    }

    /// Whether the kernel's maps have room for these entries; to ask before they are added to the database. Block lists
    /// give way to entries, so they are not looked at.
    pub fn check_room(&self, active: &[StoredEntry]) -> Result<()> {
        Tables::open(&self.dir())?.check_room(active, self.policy()?)
    }

    /// Whether the kernel's map has room for these lists of numbers; to ask before they are added to the database.
    pub fn check_number_room(&self, rules: &NumberRules) -> Result<()> {
        NumberMaps::open(&self.dir())?.check_room(rules)
    }

    /// How many requests each entry of the number lists stopped, by its id.
    pub fn number_hits(&self) -> Result<HashMap<u32, u64>> {
        NumberMaps::open(&self.dir())?.hits()
    }

    /// Ends the ban of the source that `named` is or lies in, if the database does not have it yet, so that a comparison
    /// would leave it alone; whose it was. For lifting a ban, which takes it out of the database besides.
    pub fn drop_pending(&mut self, named: Prefix) -> Result<Option<Prefix>> {
        let _lock = EditLock::take(&self.place)?;
        self.refresh()?;
        let v6_prefix = self.policy()?.v6_prefix;
        let source = source_prefix(Addr::from_bytes(named.addr).source(Addr::mask(v6_prefix)), v6_prefix);
        let dropped = covers(source, named) && Tables::open(&self.dir())?.take_out(source, Which::Pending)?;
        Ok(dropped.then_some(source))
    }

    /// How many packets each entry decided, by its id.
    pub fn hits(&self) -> Result<HashMap<u32, u64>> {
        let content = Tables::open(&self.dir())?.read()?;
        let now = clock::now().mono_ns;
        let mut hits = HashMap::new();
        for value in content.sources.values().chain(content.prefixes.values()) {
            if let Some(term) = value.at(|| now).filter(|term| term.id != 0) {
                *hits.entry(term.id).or_default() += value.hits;
            }
        }
        Ok(hits)
    }
}
