//! Where each file was read to, for a daemon that starts again.
//!
//! Owns: the record in the database, and how long it is worth anything. Refuses: the past: an event carries no time of its own,
//! so lines that were written while no daemon ran for long would count as if they all happened now.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::store::{Result, Store};

/// The key of the record.
const KEY: &str = "feed_positions";
/// How long after it was written a position is gone on from: as long as a restart or an upgrade takes.
const WORTH_MS: i64 = 60_000;

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The file system.
    pub device: u64,
    /// The file in it.
    pub inode: u64,
    /// The byte at which the next line begins.
    pub offset: u64,
}

/// The places of all files, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Positions {
    /// Unix milliseconds at which they held.
    pub time: i64,
    /// The places.
    pub files: BTreeMap<String, Position>,
}

impl Positions {
    /// The positions that were kept; none if there are none, or they cannot be read any more.
    ///
    /// # Errors
    ///
    /// A database that cannot be read.
    pub fn load(store: &Store) -> Result<Self> {
        let kept = store.meta(KEY)?;
        Ok(kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Keeps them.
    ///
    /// # Errors
    ///
    /// A database that cannot be written.
    pub fn save(&self, store: &mut Store) -> Result<()> {
        store.set_meta(KEY, &serde_json::to_string(self).unwrap_or_default())
    }

    /// Where to go on in a file at `now` (Unix milliseconds); nothing if it is not known, or was long ago.
    pub fn of(&self, path: &str, now: i64) -> Option<Position> {
        let age = now.saturating_sub(self.time);
        (0..=WORTH_MS).contains(&age).then(|| self.files.get(path).copied()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_kept_and_grow_old() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        assert_eq!(Positions::load(&store).unwrap(), Positions::default());
        let place = Position { device: 1, inode: u64::MAX, offset: 7 };
        let kept = Positions { time: 1_000, files: [("/var/log/x".to_owned(), place)].into() };
        kept.save(&mut store).unwrap();
        let loaded = Positions::load(&store).unwrap();
        assert_eq!(loaded, kept);
        assert_eq!(loaded.of("/var/log/x", 61_000), Some(place));
        assert_eq!(loaded.of("/var/log/x", 61_001), None);
        assert_eq!(loaded.of("/var/log/x", 999), None, "a clock that was set back tells nothing");
        assert_eq!(loaded.of("/var/log/y", 1_000), None);
        store.set_meta(KEY, "{").unwrap();
        assert_eq!(Positions::load(&store).unwrap(), Positions::default());
    }
}
