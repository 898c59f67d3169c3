//! Calls: what is told of each, as it goes on, and for a while after its end.
//!
//! Owns: their rows, which of them have been lost sight of, and how many are kept for how long. Refuses: following calls, and what
//! their records mean.
use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::row::parsed;
use super::{Result, Store};
use crate::engine::call::{Call, Leg, State, Stream};

/// A call that is to be kept: as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct NewCall {
    /// The call.
    pub call: Box<Call>,
    /// The names of its legs' peers, in the order of the legs; none for a leg whose remote party is no peer.
    pub peers: Vec<Option<String>>,
}

impl NewCall {
    /// About how many bytes of memory it takes.
    pub(super) fn size(&self) -> usize {
        let text = self.call.from.len() + self.call.to.len() + self.call.agent.len();
        let streams: usize = self.call.legs.iter().map(|leg| leg.streams.len()).sum();
        size_of::<Call>() + text + self.call.legs.len() * size_of::<Leg>() + streams * (size_of::<Stream>() + 64)
    }
}

/// A call as the database holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredCall {
    /// The call.
    pub call: Call,
    /// The names that its legs' peers had when the call was seen.
    pub peers: Vec<Option<String>>,
    /// Unix milliseconds of the last change.
    pub updated: i64,
}

/// How many calls are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// At most so many; those that go on count too.
    pub calls: u32,
    /// Milliseconds since the last change.
    pub age: i64,
}

/// Which calls are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Only those that go on.
    pub live: bool,
    /// Only those that were refused, or would have been.
    pub refused: bool,
    /// Only those that began at this time or later, Unix milliseconds.
    pub since: Option<i64>,
}

/// How many calls there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// Going on now.
    pub live: u64,
    /// Begun since a given time.
    pub begun: u64,
    /// Of these, refused.
    pub refused: u64,
    /// Of these, those that would have been refused, had the policy said so.
    pub objected: u64,
}

/// In the column `refused`: it was not.
const NOT: i64 = 0;
/// In the column `refused`: it would have been.
const WOULD: i64 = 1;
/// In the column `refused`: it was.
const WAS: i64 = 2;

const COLUMNS: &str = "record, peers, updated";

impl Store {
    /// The newest `limit` calls of a kind, newest first.
    pub fn calls(&self, filter: &CallFilter, limit: u32) -> Result<Vec<StoredCall>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM call WHERE (?1 = 0 OR live) AND (?2 = 0 OR refused > 0) AND started >= ?3
             ORDER BY started DESC, id LIMIT ?4"
        );
        let given = params![filter.live, filter.refused, filter.since.unwrap_or(i64::MIN), limit];
        self.read(|db| db.prepare_cached(&sql)?.query_map(given, read)?.collect())
    }

    /// The calls whose id, as sixteen hexadecimal digits, begins with `prefix`; at most `limit` of them.
    pub fn calls_named(&self, prefix: &str, limit: u32) -> Result<Vec<StoredCall>> {
        // No digit comes after `g`.
        let sql = format!("SELECT {COLUMNS} FROM call WHERE id >= ?1 AND id < ?1 || 'g' ORDER BY id LIMIT ?2");
        self.read(|db| db.prepare_cached(&sql)?.query_map(params![prefix, limit], read)?.collect())
    }

    /// How many there are: those that go on, and those begun since `since` (Unix milliseconds).
    pub fn call_counts(&self, since: i64) -> Result<CallCounts> {
        let sql = "SELECT (SELECT count(*) FROM call WHERE live), count(*), coalesce(sum(refused = 2), 0),
                   coalesce(sum(refused = 1), 0) FROM call WHERE started >= ?1";
        let count = |row: &Row<'_>, at| row.get::<_, i64>(at).map(i64::unsigned_abs);
        self.read(|db| {
            db.query_row(sql, [since], |row| {
                let (live, begun) = (count(row, 0)?, count(row, 1)?);
                Ok(CallCounts { live, begun, refused: count(row, 2)?, objected: count(row, 3)? })
            })
        })
    }

    /// Calls that an earlier daemon followed, whose last change is before `before`, and that have no pinhole any more: what
    /// became of them is not known. Returns how many.
    pub fn lose_calls(&mut self, open: &HashSet<u64>, before: i64) -> Result<usize> {
        self.write(|tx| {
            let sql = format!("SELECT {COLUMNS} FROM call WHERE live AND updated < ?1");
            let all: Vec<StoredCall> =
                tx.prepare_cached(&sql)?.query_map([before], read)?.collect::<rusqlite::Result<_>>()?;
            let lost: Vec<StoredCall> = all.into_iter().filter(|stored| !open.contains(&stored.call.id)).collect();
            for StoredCall { call, peers, updated } in &lost {
                let call = Box::new(Call { state: State::Lost, ..call.clone() });
                write(tx, &NewCall { call, peers: peers.clone() }, *updated)?;
            }
            Ok(lost.len())
        })
    }

    /// Forgets calls that are too old, and the oldest of those that are too many; those that go on stay. Returns how many.
    pub fn prune_calls(&mut self, keep: Keep, now: i64) -> Result<usize> {
        self.write(|tx| {
            let old = now.saturating_sub(keep.age);
            let old = tx.execute("DELETE FROM call WHERE NOT live AND updated < ?1", [old])?;
            let end: Option<i64> = tx
                .query_row("SELECT started FROM call ORDER BY started DESC LIMIT 1 OFFSET ?1", [keep.calls], |row| {
                    row.get(0)
                })
                .optional()?;
            let many =
                end.map(|end| tx.execute("DELETE FROM call WHERE NOT live AND started <= ?1", [end])).transpose()?;
            Ok(old + many.unwrap_or(0))
        })
    }
}

/// Writes a call in the place of what was known of it; an older record never takes the place of a newer one.
pub(super) fn write(db: &Connection, new: &NewCall, time: i64) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO call (id, started, updated, live, refused, peers, record) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
               ON CONFLICT DO UPDATE SET started = excluded.started, updated = excluded.updated, live = excluded.live,
               refused = excluded.refused, peers = excluded.peers, record = excluded.record
               WHERE excluded.updated >= updated";
    let peers = named(db, new)?;
    let (call, live) = (&new.call, matches!(new.call.state, State::Calling | State::Up));
    // Texts and numbers, without maps, always become JSON.
    let (peers, record) = (json(&peers), json(&new.call));
    let row = params![name(call.id), call.started, time, live, refused(call), peers, record];
    db.prepare_cached(sql)?.execute(row).map(drop)
}

/// The names of its legs' peers. A leg keeps the one that it had when it was seen first: ids mean other peers after a reload.
fn named(db: &Connection, new: &NewCall) -> rusqlite::Result<Vec<Option<String>>> {
    let sql = format!("SELECT {COLUMNS} FROM call WHERE id = ?1 AND started = ?2");
    let before = db.prepare_cached(&sql)?.query_row(params![name(new.call.id), new.call.started], read).optional()?;
    let mut peers = before.map_or_else(Vec::new, |stored| stored.peers);
    peers.truncate(new.peers.len());
    peers.extend_from_slice(&new.peers[peers.len()..]);
    Ok(peers)
}

/// An id as it is shown and looked for.
pub fn name(id: u64) -> String {
    format!("{id:016x}")
}

fn refused(call: &Call) -> i64 {
    let of_leg = |enforced| if enforced { WAS } else { WOULD };
    call.legs.iter().filter_map(|leg| leg.refusal.as_ref()).map(|refusal| of_leg(refusal.enforced)).max().unwrap_or(NOT)
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn read(row: &Row<'_>) -> rusqlite::Result<StoredCall> {
    Ok(StoredCall {
        call: parsed(row, 0, |text| serde_json::from_str(text).ok())?,
        peers: parsed(row, 1, |text| serde_json::from_str(text).ok())?,
        updated: row.get(2)?,
    })
}
