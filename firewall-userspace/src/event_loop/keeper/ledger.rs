//! What the slow path has learned, on its way into the database.
//!
//! Owns: the backlog, writing it whenever the database takes it, and noticing what other processes have lifted. Refuses:
//! opening the database, and the kernel, where bans and registrants hold before they come here.
use std::sync::Arc;

use firewall_common::addr::Prefix;

use crate::call_log::Numbering;
use crate::dataplane::RunningPolicy;
use crate::engine::command::Command;
use crate::engine::saved::{Key, Record};
use crate::numbers::Numbers;
use crate::store::{Backlog, Dropped, Learned, Recorded, Store, StoreError, What};

/// Bytes of what waits at most: some ten thousand bans with their evidence, or fifty thousand scores.
const WAITING_MAX: usize = 24 << 20;

/// The backlog, and how far the marks have been read.
pub(super) struct Ledger {
    backlog: Backlog,
    last_mark: Option<i64>,
    numbering: Numbering,
}

/// What writing came to.
#[derive(Debug, Default)]
pub(super) struct Flushed {
    /// Bans that are rows now, and bans that a person had lifted before they were.
    pub(super) recorded: Recorded,
    /// Why something still waits, or was given up.
    pub(super) error: Option<StoreError>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self { backlog: Backlog::new(WAITING_MAX), last_mark: None, numbering: Numbering::default() }
    }
}

impl Ledger {
    /// Takes commands that were carried out at `time` (Unix milliseconds) under this policy.
    pub(super) fn take(&mut self, commands: Vec<Command>, time: i64, policy: Option<&RunningPolicy>) {
        let v6_prefix = policy.map_or(64, |policy| policy.v6_prefix);
        let peer = |id| policy.and_then(|policy| policy.peer(id)).map(str::to_owned);
        let learned = commands.into_iter().filter_map(|command| Learned::of(command, time, v6_prefix, peer));
        for mut one in learned {
            if let What::Call(call) = &mut one.what {
                call.read(&self.numbering);
            }
            self.backlog.push(one);
        }
    }

    /// Reads parties' numbers so from now on, and keeps of them what the mask leaves. Their classes stay those of the same lists.
    pub(super) fn read_numbers_by(&mut self, numbering: Numbering) {
        let lists = std::mem::take(&mut self.numbering.lists);
        self.numbering = Numbering { lists, ..numbering };
    }

    /// Takes numbers' classes from these lists from now on.
    pub(super) fn class_by(&mut self, lists: Arc<Numbers>) {
        self.numbering.lists = lists;
    }

    /// Takes records of the engine, whose hashes are under `key`, as they were at `time`.
    pub(super) fn take_scores(&mut self, records: Vec<Record>, key: Key, time: i64, policy: Option<&RunningPolicy>) {
        let v6_prefix = policy.map_or(64, |policy| policy.v6_prefix);
        records.into_iter().for_each(|record| self.backlog.push(Learned::score(record, time, v6_prefix, key)));
    }

    /// Takes alarms about peers' names.
    pub(super) fn take_alarms(&mut self, alarms: Vec<Learned>) {
        alarms.into_iter().for_each(|alarm| self.backlog.push(alarm));
    }

    /// Writes all that waits, until nothing does or the database fails.
    pub(super) fn flush(&mut self, store: &mut Store, now: i64) -> Flushed {
        let mut flushed = Flushed::default();
        while let Some(batch) = self.backlog.next_batch(now) {
            match store.record(&batch) {
                Ok(recorded) => {
                    self.backlog.written();
                    flushed.recorded.bans += recorded.bans;
                    flushed.recorded.lifted.extend(recorded.lifted);
                    flushed.recorded.devices.extend(recorded.devices);
                }
                // Not the database's state but something in the batch.
                Err(error @ StoreError::Sqlite { .. }) => {
                    self.backlog.refused(batch);
                    flushed.error = Some(error);
                }
                Err(error) => {
                    self.backlog.failed(batch, now);
                    flushed.error = Some(error);
                }
            }
        }
        flushed
    }

    /// The database was opened anew: what waits is tried at once, and what was lifted earlier is no news.
    pub(super) fn opened(&mut self, store: &Store) -> Result<(), StoreError> {
        self.backlog.retry_now();
        self.last_mark = Some(store.last_mark()?);
        Ok(())
    }

    /// Whose bans other processes have lifted since the last call.
    pub(super) fn lifted(&mut self, store: &Store) -> Result<Vec<Prefix>, StoreError> {
        let Some(last) = self.last_mark else { return self.opened(store).map(|()| Vec::new()) };
        let marks = store.lifted_after(last)?;
        self.last_mark = marks.last().map_or(Some(last), |(id, _)| Some(*id));
        Ok(marks.into_iter().map(|(_, source)| source).collect())
    }

    /// For the last attempt before the end.
    pub(super) fn retry_now(&mut self) {
        self.backlog.retry_now();
    }

    /// How much waits.
    pub(super) fn waiting(&self) -> usize {
        self.backlog.len()
    }

    /// What was given up since the last call.
    pub(super) fn take_dropped(&mut self) -> Dropped {
        self.backlog.take_dropped()
    }
}

#[cfg(test)]
mod tests;
