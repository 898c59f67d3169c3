//! How long calls are kept, and which of them have been lost sight of.
//!
//! Owns: rotation by age, number and size. Refuses: the config.
use std::collections::HashSet;

use rusqlite::OptionalExtension as _;

use super::{COLUMNS, NewCall, StoredCall, read, write};
use crate::engine::call::State;
use crate::store::{Result, Store};

/// What a row takes besides its texts: its other columns, and its place in every index.
const ROW: i64 = 420;
/// Rows by whose size that of all is estimated.
const SAMPLE: i64 = 1_000;
/// Rows that one transaction forgets: others want to write, too.
const AT_ONCE: usize = 20_000;

/// How many calls are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// At most so many; those that go on count too.
    pub calls: u32,
    /// Milliseconds since the last change.
    pub age: i64,
    /// About how many bytes they may take.
    pub bytes: i64,
}

impl Store {
    /// Calls that an earlier daemon followed, whose last change is before `before`, and that have no pinhole any more: what
    /// became of them is not known. Returns how many.
    pub fn lose_calls(&mut self, open: &HashSet<u64>, before: i64) -> Result<usize> {
        let sql = format!("SELECT {COLUMNS} FROM call WHERE live AND updated < ?1");
        // Without the write lock, as long as there is none.
        let all: Vec<StoredCall> =
            self.read(|db| db.prepare_cached(&sql)?.query_map([before], read)?.collect::<rusqlite::Result<_>>())?;
        let lost: Vec<StoredCall> = all.into_iter().filter(|stored| !open.contains(&stored.call.id)).collect();
        if lost.is_empty() {
            return Ok(0);
        }
        self.write(|tx| {
            for StoredCall { mut call, peers, updated, .. } in lost.iter().cloned() {
                call.state = State::Lost;
                write(tx, &NewCall::new(Box::new(call), peers), updated)?;
            }
            Ok(lost.len())
        })
    }

    /// Forgets calls that are too old, and the oldest of those that are too many or take too much; those that go on stay.
    /// Returns how many.
    pub fn prune_calls(&mut self, keep: Keep, now: i64) -> Result<usize> {
        let fit = self.calls_that_fit(keep.bytes)?.min(i64::from(keep.calls));
        let old = now.saturating_sub(keep.age);
        let end: Option<i64> = self.read(|db| {
            let mut sql = db.prepare_cached("SELECT started FROM call ORDER BY started DESC LIMIT 1 OFFSET ?1")?;
            sql.query_row([fit], |row| row.get(0)).optional()
        })?;
        let old = self.forget("updated < ?1", old)?;
        Ok(old + end.map_or(Ok(0), |end| self.forget("started <= ?1", end))?)
    }

    /// Forgets what has ended and for which this holds, some at a time.
    fn forget(&mut self, condition: &str, time: i64) -> Result<usize> {
        let sql = format!(
            "DELETE FROM call WHERE seq IN (SELECT seq FROM call WHERE NOT live AND {condition} LIMIT {AT_ONCE})"
        );
        let mut all = 0;
        loop {
            let gone = self.write(|tx| tx.prepare_cached(&sql)?.execute([time]))?;
            all += gone;
            if gone < AT_ONCE {
                return Ok(all);
            }
        }
    }

    /// How many calls like the newest ones take so many bytes.
    fn calls_that_fit(&self, bytes: i64) -> Result<i64> {
        let sql = "SELECT coalesce(avg(length(record) + length(peers)), 0) FROM
                   (SELECT record, peers FROM call ORDER BY seq DESC LIMIT ?1)";
        let texts: f64 = self.read(|db| db.prepare_cached(sql)?.query_row([SAMPLE], |row| row.get(0)))?;
        Ok(bytes / (texts.round() as i64 + ROW))
    }
}
