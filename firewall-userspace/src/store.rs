//! What must survive a reboot: entries, bans with their evidence, marks of lifted bans, block lists, what the slow path has
//! learned (scores, registrants, holds, alarms, calls), and a ring of sampled events.
//!
//! Owns: the database file, its schema and its errors. Refuses: deciding what an entry means (`entries` does), reading the
//! clock (callers pass `now`, in Unix milliseconds), and the kernel's maps.
//!
//! The daemon and the command open the same file at the same time: it is in WAL mode, every change is one transaction that
//! takes the write lock at its start, and a process that finds it taken waits for some seconds.
mod alarm;
mod backlog;
mod bans;
mod blocklist;
mod call;
mod entry;
mod error;
mod event;
mod hold;
mod learned;
mod number;
mod number_code;
mod open;
mod record;
mod registrant;
mod row;
mod schema;
mod score;

#[cfg(test)]
mod call_tests;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod learned_tests;
#[cfg(test)]
mod number_tests;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use alarm::{NAME_REFUSED, NAME_STOPPED, NewAlarm, StoredAlarm};
pub use backlog::{Backlog, Dropped};
pub use bans::{Banned, Lifted, Mark, NewBan, Why};
pub use blocklist::{ListOrigin, Listing, NewList, StoredList, Validators};
pub use call::{CallCounts, CallFilter, Keep, NewCall, StoredCall, name as call_name};
pub use entry::{AddReport, DeleteReport, Filter};
pub use error::StoreError;
pub use event::{NewEvent, StoredEvent};
pub use hold::{NewHold, StoredHold};
pub use learned::{Learned, What};
pub use number::{NumberAdded, NumberFilter, NumberPlace};
pub use number_code::CodeAdded;
pub use open::{FILE_NAME, Options};
pub use record::{LearnedCounts, Recorded};
pub use registrant::{Ended, NewRegistrant, StoredRegistrant};
pub use score::{NewScore, StoredScore};

use error::Context;

/// What a store's functions return.
pub type Result<T> = std::result::Result<T, StoreError>;

/// The open database.
#[derive(Debug)]
pub struct Store {
    db: Connection,
    path: PathBuf,
    /// The file's device and number when it was opened.
    file: Option<(u64, u64)>,
}

impl Store {
    /// The database's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A number that changes when another process has changed the database, and not by this store's own changes.
    pub fn data_version(&self) -> Result<i64> {
        self.read(|db| db.query_row("PRAGMA data_version", [], |row| row.get(0)))
    }

    /// The value kept under a key, for what belongs to no table.
    pub fn meta(&self, key: &str) -> Result<Option<String>> {
        use rusqlite::OptionalExtension as _;
        self.read(|db| db.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional())
    }

    /// Keeps a value under a key.
    pub fn set_meta(&mut self, key: &str, value: &str) -> Result<()> {
        self.write(|tx| tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)", [key, value]).map(drop))
    }

    /// Reads, with errors put into words.
    fn read<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        query(&self.db).in_file(&self.path)
    }

    /// Changes everything or nothing. The write lock is taken first: a transaction that read before it wrote could find
    /// that another process had written in between, and no waiting would help it.
    fn write<T>(&mut self, change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
        in_transaction(&mut self.db, change).in_file(&self.path)
    }
}

fn in_transaction<T>(
    db: &mut Connection,
    change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = change(&tx)?;
    tx.commit()?;
    Ok(value)
}

/// Who is at the keyboard: the user behind `sudo`, otherwise the user.
pub fn author() -> Option<String> {
    ["SUDO_USER", "USER"].iter().filter_map(|name| std::env::var(name).ok()).find(|user| !user.is_empty())
}
