//! The kernel's entries and the database's.
//!
//! Owns: making the former equal the latter, one writer at a time. Refuses: changing the database.
use std::collections::HashMap;

use super::{Instance, Synced};
use crate::dataplane::clock;
use crate::dataplane::error::Result;
use crate::dataplane::generation::{compiled, enforce};
use crate::dataplane::lock::EditLock;
use crate::dataplane::tables::Tables;
use crate::entries::StoredEntry;
use crate::store::Store;

impl Instance {
    /// Makes the kernel's entries equal the database's, without a gap. All or nothing when they do not fit. They are read
    /// under the lock of the maps' writers, so that no writer puts older entries over newer ones.
    pub fn sync_entries(&mut self, store: &Store) -> Result<Synced> {
        let _lock = EditLock::take(&self.place)?;
        self.refresh()?;
        let in_force = store.in_force(clock::now().wall_ms)?;
        enforce(&mut Tables::open(&self.dir())?, &in_force, self.policy()?)
    }

    /// Whether the kernel's maps have room for these entries; to ask before they are added to the database. Block lists
    /// give way to entries, so they are not looked at.
    pub fn check_room(&self, active: &[StoredEntry]) -> Result<()> {
        Tables::open(&self.dir())?.check_room(&compiled(active, &[], self.policy()?))
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
