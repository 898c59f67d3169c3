//! The kernel's entries and the database's.
//!
//! Owns: making the former equal the latter, one writer at a time. Refuses: changing the database.
use std::collections::HashMap;

use firewall_common::addr::{Addr, Prefix};

use super::{Instance, Synced};
use crate::dataplane::clock;
use crate::dataplane::error::Result;
use crate::dataplane::lock::EditLock;
use crate::dataplane::tables::Tables;
use crate::entries::{StoredEntry, Which, source_prefix};
use crate::store::Store;

impl Instance {
    /// Makes the kernel's entries equal the database's, without a gap. All or nothing when they do not fit. They are read
    /// under the lock of the maps' writers, so that no writer puts older entries over newer ones.
    pub fn sync_entries(&mut self, store: &Store) -> Result<Synced> {
        let _lock = EditLock::take(&self.place)?;
        self.refresh()?;
        let active = store.active(clock::now().wall_ms)?;
        Tables::open(&self.dir())?.sync(&active, self.policy()?)
    }

    /// Whether the kernel's maps have room for these entries; to ask before they are added to the database.
    pub fn check_room(&self, active: &[StoredEntry]) -> Result<()> {
        Tables::open(&self.dir())?.check_room(active, self.policy()?)
    }

    /// Ends the ban that covers an address or a prefix, if it is one that the database does not have yet, which a comparison
    /// leaves alone; whether there was one. For lifting a ban, which takes it out of the database besides.
    pub fn drop_pending(&mut self, prefix: Prefix) -> Result<bool> {
        let _lock = EditLock::take(&self.place)?;
        self.refresh()?;
        let v6_prefix = self.policy()?.v6_prefix;
        let source = Addr::from_bytes(prefix.addr).source(Addr::mask(v6_prefix));
        let source = source_prefix(source, v6_prefix);
        if !source.contains(prefix) {
            return Ok(false);
        }
        Tables::open(&self.dir())?.take_out(source, Which::Pending)
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
