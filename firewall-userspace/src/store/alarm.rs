//! The ring of alarms: what peers did for which a stranger would have been banned, and what is wrong with their names.
//!
//! Owns: their rows, how many are kept, and that an alarm which goes on is one row that counts. Refuses: raising them.
use std::str::FromStr as _;

use firewall_common::addr::Prefix;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::bans::ancestors;
use super::row::{parsed, prefix_at};
use super::{Result, Store};
use crate::engine::evidence::Rule;
use crate::entries::prefix_text;

/// Alarms that the database keeps.
pub(super) const ALARMS_KEPT: u32 = 10_000;
/// An alarm like one that is not older than this is counted there, instead of standing in a row of its own.
const SAME_MS: i64 = 3600 * 1000;

/// An alarm that is to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAlarm {
    /// The peer's id in the policy of that time; 0 for a source under the operator's allow entry.
    pub peer: u32,
    /// The peer's name.
    pub name: Option<String>,
    /// The source; none for an alarm about a name, an account or a device.
    pub source: Option<Prefix>,
    /// Unix milliseconds.
    pub time: i64,
    /// The word of the rule that was broken, or of what is wrong with a name ([`NAME_STOPPED`], [`NAME_REFUSED`]), an account
    /// ([`WEAK_PASSWORD`]) or a device ([`DEVICE_OUTDATED`]).
    pub rule: String,
    /// What the source did, or `name` and `trouble`: JSON.
    pub evidence: String,
}

/// An alarm as the database holds it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoredAlarm {
    /// Grows with each alarm, and when one is repeated.
    pub id: i64,
    /// Unix milliseconds of the first time.
    pub first: i64,
    /// Unix milliseconds of the last time.
    pub time: i64,
    /// The peer's id in the policy of that time; 0 for a source under the operator's allow entry.
    pub peer: u32,
    /// The peer's name.
    pub name: Option<String>,
    /// The source; none for an alarm about a name.
    #[serde(serialize_with = "as_text_or_null")]
    pub source: Option<Prefix>,
    /// The word of the rule that was broken, or of what is wrong with a name.
    pub rule: String,
    /// What the source did the last time; or `name`, and `trouble`.
    pub evidence: Value,
    /// How often it was raised.
    pub count: u32,
}

/// The word for a name that does not resolve any more.
pub const NAME_STOPPED: &str = "name_stopped";
/// The word for an answer about a name that was not believed.
pub const NAME_REFUSED: &str = "name_refused";

/// The word for an account whose password is weak.
pub const WEAK_PASSWORD: &str = "weak_password";
/// The word for a device whose firmware is too old.
pub const DEVICE_OUTDATED: &str = "device_outdated";

const COLUMNS: &str = "id, first, time, peer, name, source, rule, evidence, count";

impl Store {
    /// The newest `limit` alarms, newest first.
    pub fn alarms(&self, limit: u32) -> Result<Vec<StoredAlarm>> {
        let sql = format!("SELECT {COLUMNS} FROM alarm ORDER BY id DESC LIMIT ?1");
        self.read(|db| db.prepare_cached(&sql)?.query_map([limit], read)?.collect())
    }
}

/// Writes an alarm. The row of one that goes on moves to the ring's new end.
pub(super) fn write(db: &Connection, new: &NewAlarm) -> rusqlite::Result<()> {
    let before = before(db, new)?;
    let (first, count) = before.as_ref().map_or((new.time, 0), |old| (old.first, old.count));
    if let Some(old) = &before {
        db.prepare_cached("DELETE FROM alarm WHERE id = ?1")?.execute([old.id])?;
    }
    let sql = "INSERT INTO alarm (first, time, peer, name, source, rule, evidence, count)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let (source, count) = (text(new.source), count.saturating_add(1));
    let row = params![first, new.time, new.peer, new.name, source, new.rule, new.evidence, count];
    db.prepare_cached(sql)?.execute(row).map(drop)
}

/// The alarm that this one repeats: of the same source, or about the same name.
fn before(db: &Connection, new: &NewAlarm) -> rusqlite::Result<Option<StoredAlarm>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM alarm WHERE source = ?1 AND rule = ?2 AND name IS ?3 AND time >= ?4
         AND evidence ->> 'name' IS ?5 ->> 'name' ORDER BY id DESC LIMIT 1"
    );
    let key = params![text(new.source), new.rule, new.name, new.time.saturating_sub(SAME_MS), new.evidence];
    db.prepare_cached(&sql)?.query_row(key, read).optional()
}

/// Forgets all but the newest.
pub(super) fn trim(db: &Connection, keep: u32) -> rusqlite::Result<()> {
    // Ids have gaps where alarms were repeated, so the ring's end is looked for by counting.
    let sql = "DELETE FROM alarm WHERE id <= (SELECT id FROM alarm ORDER BY id DESC LIMIT 1 OFFSET ?1)";
    db.prepare_cached(sql)?.execute([keep]).map(drop)
}

/// The alarms of the prefixes that cover this one, newest first.
pub(super) fn covering(db: &Connection, source: Prefix) -> rusqlite::Result<Vec<StoredAlarm>> {
    let sql = format!("SELECT {COLUMNS} FROM alarm WHERE source = ?1");
    let mut statement = db.prepare_cached(&sql)?;
    let mut found = Vec::new();
    for prefix in ancestors(source) {
        for alarm in statement.query_map([prefix_text(prefix)], read)? {
            found.push(alarm?);
        }
    }
    found.sort_by_key(|alarm| std::cmp::Reverse(alarm.id));
    Ok(found)
}

/// A source as the table has it: an empty text for none.
fn text(source: Option<Prefix>) -> String {
    source.map(prefix_text).unwrap_or_default()
}

fn source_at(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Option<Prefix>> {
    let is_none = row.get_ref(column)?.as_str()?.is_empty();
    if is_none { Ok(None) } else { prefix_at(row, column).map(Some) }
}

fn as_text_or_null<S: Serializer>(source: &Option<Prefix>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    source.map(prefix_text).serialize(serializer)
}

/// The rule's word, the same as in evidence.
pub(super) fn word(rule: Rule) -> String {
    serde_json::to_value(rule).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredAlarm> {
    Ok(StoredAlarm {
        id: row.get(0)?,
        first: row.get(1)?,
        time: row.get(2)?,
        peer: row.get(3)?,
        name: row.get(4)?,
        source: source_at(row, 5)?,
        rule: row.get(6)?,
        evidence: parsed(row, 7, |text| Value::from_str(text).ok())?,
        count: row.get(8)?,
    })
}
