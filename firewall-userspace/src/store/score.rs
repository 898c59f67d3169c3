//! What counts against sources and accounts, kept over a restart.
//!
//! Owns: the rows of the engine's records, and the key of their hashes. Refuses: judging by them, and making keys.
use std::str::FromStr as _;

use firewall_common::addr::{Addr, Prefix};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;
use serde_json::Value;

use super::bans::{ancestors, lifted_since};
use super::row::{parsed, prefix_at};
use super::{Result, Store};
use crate::engine::saved::{Key, Pair, Record, Source, State, pairs_of};
use crate::entries::prefix_text;
use crate::entries::source_prefix;

/// Under which key the engine's key is kept.
const META_KEY: &str = "engine_key";

/// A record that is to be kept, or forgotten if it has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct NewScore {
    /// The record.
    pub record: Record,
    /// The source that it is about, at a source's width; none where only hashes are told.
    pub source: Option<Prefix>,
    /// The key of its hashes.
    pub under: Key,
}

/// A record as the database holds it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoredScore {
    /// What it is about.
    pub key: String,
    /// Whose.
    #[serde(serialize_with = "crate::entries::as_text")]
    pub source: Prefix,
    /// Unix milliseconds from which it says nothing any more.
    pub ends: i64,
    /// What it says.
    pub state: Value,
}

impl NewScore {
    /// A record of the engine. `v6_prefix` is the width of an IPv6 source, `under` the engine's key.
    pub fn new(record: Record, v6_prefix: u8, under: Key) -> Self {
        let source = match &record.state {
            State::Source(source) => source.source,
            State::Account(_) | State::Pair(_) | State::Countries(_) => None,
        };
        let source = source.map(|ip| source_prefix(Addr::from(ip), v6_prefix));
        Self { record, source, under }
    }

    /// About how many bytes it takes besides itself.
    pub(super) fn size(&self) -> usize {
        let lists = match &self.record.state {
            State::Source(source) => {
                size_of_val(source.failures.as_slice()) + source.slow.len() + size_of_val(source.users.as_slice())
            }
            State::Account(account) => size_of_val(account.failures.as_slice()),
            State::Countries(countries) => countries.known.iter().map(|word| word.len() + size_of::<String>()).sum(),
            State::Pair(_) => 0,
        };
        // The backlog has its key three times.
        3 * self.record.key.len() + lists
    }
}

impl Store {
    /// The key of the engine's hashes: the one that is kept, or `fresh`, which is kept from now on.
    pub fn engine_key(&mut self, fresh: Key) -> Result<Key> {
        self.write(|tx| match kept_key(tx)? {
            Some(key) => Ok(key),
            None => keep_key(tx, fresh).map(|()| fresh),
        })
    }

    /// Hands the records that say something at `now` to `sink`, one by one, for the engine's start: there may be many. Those
    /// that another version wrote in another form are left out.
    pub fn scores(&self, now: i64, mut sink: impl FnMut(Record)) -> Result<()> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT key, ends, state FROM score WHERE ends > ?1 ORDER BY key")?;
            let mut rows = statement.query([now])?;
            while let Some(row) = rows.next()? {
                let (key, ends) = (row.get(0)?, row.get(1)?);
                if let Ok(state) = serde_json::from_str(row.get_ref(2)?.as_str()?) {
                    sink(Record { key, ends, state });
                }
            }
            Ok(())
        })
    }

    /// Keeps records as they are at `now`, all or none. Those of a source whose ban was lifted since stay forgotten.
    pub fn save_scores(&mut self, scores: &[NewScore], now: i64) -> Result<()> {
        self.write(|tx| scores.iter().try_for_each(|score| write(tx, score, now)))
    }
}

/// Writes a record of the time `time`. Records under another key mean nothing any more: they go when the first one under
/// the new key comes.
pub(super) fn write(db: &Connection, score: &NewScore, time: i64) -> rusqlite::Result<()> {
    if kept_key(db)? != Some(score.under) {
        db.execute("DELETE FROM score", [])?;
        keep_key(db, score.under)?;
    }
    let Record { key, ends, state } = &score.record;
    if *ends <= time {
        return delete(db, key);
    }
    if score.source.map_or(Ok(false), |source| lifted_since(db, source, time))? {
        return Ok(());
    }
    // A record of numbers, words and texts always becomes JSON.
    let state = serde_json::to_string(state).unwrap_or_default();
    let sql = "INSERT OR REPLACE INTO score (key, source, state, ends) VALUES (?1, ?2, ?3, ?4)";
    db.prepare_cached(sql)?.execute(params![key, score.source.map(prefix_text), state, ends]).map(drop)
}

/// The records about the prefixes that cover this one.
pub(super) fn covering(db: &Connection, source: Prefix) -> rusqlite::Result<Vec<StoredScore>> {
    let sql = "SELECT key, source, ends, state FROM score WHERE source = ?1 ORDER BY key DESC";
    let mut statement = db.prepare_cached(sql)?;
    let mut found = Vec::new();
    for prefix in ancestors(source) {
        for score in statement.query_map([prefix_text(prefix)], read)? {
            found.push(score?);
        }
    }
    Ok(found)
}

/// Has the source of a ban that was lifted at `now` begin anew, one step lower on the ladder: so the next ban is not longer
/// than the lifted one was, and what its accounts failed there is forgotten. The engine does the same to what it has in
/// memory.
pub(super) fn forgive(db: &Connection, source: Prefix, now: i64) -> rusqlite::Result<()> {
    for score in covering(db, source)?.into_iter().filter(|score| score.source == source) {
        match serde_json::from_value(score.state) {
            Ok(State::Source(old)) if old.step > 1 => {
                let (step, ban_ends) = (old.step - 1, old.ban_ends.min(now));
                let state = State::Source(Source { source: old.source, step, ban_ends, ..Source::default() });
                let sql = "UPDATE score SET state = ?2 WHERE key = ?1";
                let state = serde_json::to_string(&state).unwrap_or_default();
                db.prepare_cached(sql)?.execute(params![score.key, state])?;
            }
            _ => delete(db, &score.key)?,
        }
    }
    forgive_pairs(db, source)
}

/// Forgets what accounts failed at a source, but not that they have authenticated there.
fn forgive_pairs(db: &Connection, source: Prefix) -> rusqlite::Result<()> {
    let Some(key) = kept_key(db)? else { return Ok(()) };
    let begin = pairs_of(key.source(Addr::from_bytes(source.addr)));
    // The hashes behind it are of digits and letters.
    let end = format!("{begin}~");
    let mut statement = db.prepare_cached("SELECT key, state FROM score WHERE key >= ?1 AND key < ?2")?;
    let rows = statement.query_map([&begin, &end], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    for (key, state) in rows.collect::<rusqlite::Result<Vec<_>>>()? {
        match serde_json::from_str(&state) {
            Ok(State::Pair(old)) if old.authenticated != 0 => {
                let state = State::Pair(Pair { failures: Default::default(), ..old });
                let state = serde_json::to_string(&state).unwrap_or_default();
                db.prepare_cached("UPDATE score SET state = ?2 WHERE key = ?1")?.execute([&key, &state])?;
            }
            _ => delete(db, &key)?,
        }
    }
    Ok(())
}

fn delete(db: &Connection, key: &str) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM score WHERE key = ?1")?.execute([key]).map(drop)
}

fn kept_key(db: &Connection) -> rusqlite::Result<Option<Key>> {
    let sql = "SELECT value FROM meta WHERE key = ?1";
    let text: Option<String> = db.prepare_cached(sql)?.query_row([META_KEY], |row| row.get(0)).optional()?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

fn keep_key(db: &Connection, key: Key) -> rusqlite::Result<()> {
    let text = serde_json::to_string(&key).unwrap_or_default();
    db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)", [META_KEY, &text]).map(drop)
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredScore> {
    Ok(StoredScore {
        key: row.get(0)?,
        source: prefix_at(row, 1)?,
        ends: row.get(2)?,
        state: parsed(row, 3, |text| Value::from_str(text).ok())?,
    })
}
