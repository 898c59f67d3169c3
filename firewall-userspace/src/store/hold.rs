//! Holds: limits far below the usual ones, on evidence that does not suffice for a ban.
//!
//! Owns: their rows. Refuses: deciding who is held, and the kernel's map.
use std::str::FromStr as _;

use firewall_common::addr::Prefix;
use rusqlite::{Connection, params};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::bans::ancestors;
use super::row::{parsed, prefix_at};
use super::{Result, Store};
use crate::entries::prefix_text;

/// How long an ended hold is remembered, for whoever asks why.
pub(super) const HOLD_MEMORY_MS: i64 = 24 * 3600 * 1000;

/// A hold that is to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct NewHold {
    /// Whom.
    pub source: Prefix,
    /// Only requests of this user, as it stands on the wire; none: all of the source.
    pub account: Option<Vec<u8>>,
    /// Unix milliseconds of its end.
    pub until: i64,
    /// What the source did: JSON.
    pub evidence: String,
}

/// A hold as the database holds it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoredHold {
    /// Whom.
    #[serde(serialize_with = "crate::entries::as_text")]
    pub source: Prefix,
    /// Only requests of this user; none: all of the source.
    #[serde(serialize_with = "as_lossy_text")]
    pub account: Option<Vec<u8>>,
    /// Unix milliseconds of its making.
    pub created: i64,
    /// Unix milliseconds of its end.
    pub until: i64,
    /// What the source did.
    pub evidence: Value,
}

const COLUMNS: &str = "source, account, created, until, evidence";

impl Store {
    /// The holds in force, oldest first.
    pub fn holds(&self, now: i64) -> Result<Vec<StoredHold>> {
        let sql = format!("SELECT {COLUMNS} FROM hold WHERE until > ?1 ORDER BY created, id");
        self.read(|db| db.prepare_cached(&sql)?.query_map([now], read)?.collect())
    }

    /// Lifts the holds in force of the prefixes that cover `source`: of one account, or all. Returns them; none is no
    /// error.
    pub fn lift_holds(&mut self, source: Prefix, account: Option<&[u8]>, now: i64) -> Result<Vec<StoredHold>> {
        self.write(|tx| {
            let mut holds = covering(tx, source)?;
            holds.retain(|hold| hold.until > now && (account.is_none() || hold.account.as_deref() == account));
            let sql = "DELETE FROM hold WHERE source = ?1 AND account IS ?2";
            let mut statement = tx.prepare_cached(sql)?;
            for hold in &holds {
                statement.execute(params![prefix_text(hold.source), hold.account])?;
            }
            Ok(holds)
        })
    }
}

pub(super) fn write(db: &Connection, hold: &NewHold, time: i64) -> rusqlite::Result<()> {
    let sql = format!("INSERT OR REPLACE INTO hold ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5)");
    let row = params![prefix_text(hold.source), hold.account, time, hold.until, hold.evidence];
    db.prepare_cached(&sql)?.execute(row).map(drop)
}

/// The holds of the prefixes that cover this one, in force or remembered.
pub(super) fn covering(db: &Connection, source: Prefix) -> rusqlite::Result<Vec<StoredHold>> {
    let sql = format!("SELECT {COLUMNS} FROM hold WHERE source = ?1 ORDER BY created, id");
    let mut statement = db.prepare_cached(&sql)?;
    let mut found = Vec::new();
    for prefix in ancestors(source) {
        for hold in statement.query_map([prefix_text(prefix)], read)? {
            found.push(hold?);
        }
    }
    Ok(found)
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredHold> {
    Ok(StoredHold {
        source: prefix_at(row, 0)?,
        account: row.get(1)?,
        created: row.get(2)?,
        until: row.get(3)?,
        evidence: parsed(row, 4, |text| Value::from_str(text).ok())?,
    })
}

/// Accounts are text, and what is not is of interest only as being none.
fn as_lossy_text<S: Serializer>(account: &Option<Vec<u8>>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    match account {
        Some(bytes) => serializer.serialize_some(&String::from_utf8_lossy(bytes)),
        None => serializer.serialize_none(),
    }
}
