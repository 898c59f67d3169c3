//! Where sources stand with the engine, kept over a restart.
//!
//! Owns: their rows. Refuses: reading a record: only the engine knows what it says.
use std::str::FromStr as _;

use firewall_common::addr::Prefix;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;
use serde_json::Value;

use super::bans::{ancestors, lifted_since};
use super::row::{parsed, prefix_at};
use super::{Result, Store};
use crate::entries::prefix_text;

/// How long a score is kept that nothing has changed.
pub(super) const SCORE_MEMORY_MS: i64 = 30 * 24 * 3600 * 1000;

/// A score that is to be kept or forgotten.
#[derive(Clone, Debug, PartialEq)]
pub struct NewScore {
    /// Whose.
    pub source: Prefix,
    /// The engine's record; nothing when it has forgotten the source.
    pub record: Option<Value>,
    /// Unix milliseconds of its last change.
    pub updated: i64,
}

/// A score as the database holds it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoredScore {
    /// Whose.
    #[serde(serialize_with = "crate::entries::as_text")]
    pub source: Prefix,
    /// The engine's record.
    pub record: Value,
    /// Unix milliseconds of its last change.
    pub updated: i64,
}

impl Store {
    /// Every score, for the engine's start.
    pub fn scores(&self) -> Result<Vec<StoredScore>> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT source, record, updated FROM score ORDER BY updated")?;
            statement.query_map([], read)?.collect()
        })
    }

    /// Keeps scores, all or none. One that is older than the lifting of its source's ban stays forgotten.
    pub fn save_scores(&mut self, scores: &[NewScore]) -> Result<()> {
        self.write(|tx| scores.iter().try_for_each(|score| write(tx, score)))
    }
}

pub(super) fn write(db: &Connection, score: &NewScore) -> rusqlite::Result<()> {
    let source = prefix_text(score.source);
    let Some(record) = &score.record else {
        return db.prepare_cached("DELETE FROM score WHERE source = ?1")?.execute([source]).map(drop);
    };
    if lifted_since(db, score.source, score.updated)? {
        return Ok(());
    }
    let sql = "INSERT OR REPLACE INTO score (source, record, updated) VALUES (?1, ?2, ?3)";
    db.prepare_cached(sql)?.execute(params![source, record.to_string(), score.updated]).map(drop)
}

/// The scores of the prefixes that cover this one.
pub(super) fn covering(db: &Connection, source: Prefix) -> rusqlite::Result<Vec<StoredScore>> {
    let mut statement = db.prepare_cached("SELECT source, record, updated FROM score WHERE source = ?1")?;
    let mut one = |prefix| statement.query_row([prefix_text(prefix)], read).optional().transpose();
    ancestors(source).filter_map(&mut one).collect()
}

/// Forgets the scores of the prefixes that cover this one.
pub(super) fn forget(db: &Connection, source: Prefix) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached("DELETE FROM score WHERE source = ?1")?;
    ancestors(source).try_for_each(|prefix| statement.execute([prefix_text(prefix)]).map(drop))
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredScore> {
    Ok(StoredScore {
        source: prefix_at(row, 0)?,
        record: parsed(row, 1, |text| Value::from_str(text).ok())?,
        updated: row.get(2)?,
    })
}
