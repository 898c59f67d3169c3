//! Registrants: who has proved itself, by which accounts, and until when.
//!
//! Owns: their rows. Refuses: deciding who is one, and the kernel's map.
use std::collections::BTreeMap;

use firewall_common::addr::{Addr, Prefix};
use rusqlite::{Connection, params};
use serde::Serialize;

use super::bans::ancestors;
use super::row::prefix_at;
use super::{Result, Store};
use crate::engine::saved;
use crate::entries::prefix_text;

/// A registration that is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRegistrant {
    /// Whose.
    pub source: Prefix,
    /// The account that registered.
    pub account: String,
    /// Unix milliseconds of its end, grace included.
    pub until: i64,
    /// Unix milliseconds until which the source is known afterwards.
    pub known_until: i64,
}

/// A registration that has ended before its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Whose.
    pub source: Prefix,
    /// The account; none: every account of the source.
    pub account: Option<String>,
    /// Unix milliseconds to which the source's trust is cut: the end of its other registrations, or now.
    pub until: i64,
}

/// A registration as the database holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredRegistrant {
    /// Whose.
    #[serde(serialize_with = "crate::entries::as_text")]
    pub source: Prefix,
    /// The account.
    pub account: String,
    /// Unix milliseconds of its end.
    pub until: i64,
    /// Unix milliseconds until which the source is known afterwards.
    pub known_until: i64,
    /// Unix milliseconds of its first registration.
    pub created: i64,
}

const COLUMNS: &str = "source, account, until, known_until, created";

impl Store {
    /// The registrations in force and those by which a source is still known, by source and account.
    pub fn registrants(&self, now: i64) -> Result<Vec<StoredRegistrant>> {
        let sql =
            format!("SELECT {COLUMNS} FROM registrant WHERE until > ?1 OR known_until > ?1 ORDER BY source, account");
        self.read(|db| db.prepare_cached(&sql)?.query_map([now], read)?.collect())
    }

    /// What the kernel has to know at a start: each source once, with the latest end of its registrations and the latest
    /// end of its being known, in Unix milliseconds.
    pub fn registrants_for_kernel(&self, now: i64) -> Result<Vec<(Addr, i64, i64)>> {
        let mut ends: BTreeMap<[u8; 16], (i64, i64)> = BTreeMap::new();
        for one in self.registrants(now)? {
            let (until, known_until) = ends.entry(one.source.addr).or_insert((0, 0));
            (*until, *known_until) = (one.until.max(*until), one.known_until.max(*known_until));
        }
        Ok(ends.into_iter().map(|(addr, (until, known))| (Addr::from_bytes(addr), until, known)).collect())
    }

    /// The registrations in force and those by which a source is still known, for the engine's start.
    pub fn saved_registrants(&self, now: i64) -> Result<Vec<saved::Registrant>> {
        let saved = |one: StoredRegistrant| saved::Registrant {
            source: Addr::from_bytes(one.source.addr).into(),
            account: one.account,
            until: one.until,
            known_until: one.known_until,
        };
        Ok(self.registrants(now)?.into_iter().map(saved).collect())
    }

    /// Keeps registrations, all or none; `now` is when a new one is said to have begun.
    pub fn save_registrants(&mut self, registrants: &[NewRegistrant], now: i64) -> Result<()> {
        self.write(|tx| registrants.iter().try_for_each(|one| write(tx, one, now)))
    }

    /// Forgets all registrations of the prefixes that cover `source`. Returns them; none is no error.
    pub fn remove_registrant(&mut self, source: Prefix) -> Result<Vec<StoredRegistrant>> {
        self.write(|tx| {
            let found = covering(tx, source)?;
            let mut statement = tx.prepare_cached("DELETE FROM registrant WHERE source = ?1")?;
            found.iter().try_for_each(|one| statement.execute([prefix_text(one.source)]).map(drop))?;
            Ok(found)
        })
    }
}

pub(super) fn write(db: &Connection, one: &NewRegistrant, time: i64) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT INTO registrant ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET until = excluded.until, known_until = excluded.known_until"
    );
    let row = params![prefix_text(one.source), one.account, one.until, one.known_until, time];
    db.prepare_cached(&sql)?.execute(row).map(drop)
}

/// Cuts registrations short; the source stays known for as long as it would have.
pub(super) fn end(db: &Connection, ended: &Ended, time: i64) -> rusqlite::Result<()> {
    let source = prefix_text(ended.source);
    match &ended.account {
        // The other accounts' rows say for themselves how long the source is trusted.
        Some(account) => {
            let sql = "UPDATE registrant SET until = min(until, ?3) WHERE source = ?1 AND account = ?2";
            db.prepare_cached(sql)?.execute(params![source, account, time]).map(drop)
        }
        None => {
            let sql = "UPDATE registrant SET until = min(until, ?2) WHERE source = ?1";
            db.prepare_cached(sql)?.execute(params![source, ended.until]).map(drop)
        }
    }
}

/// The registrations of the prefixes that cover this one.
pub(super) fn covering(db: &Connection, source: Prefix) -> rusqlite::Result<Vec<StoredRegistrant>> {
    let sql = format!("SELECT {COLUMNS} FROM registrant WHERE source = ?1 ORDER BY account");
    let mut statement = db.prepare_cached(&sql)?;
    let mut found = Vec::new();
    for prefix in ancestors(source) {
        for one in statement.query_map([prefix_text(prefix)], read)? {
            found.push(one?);
        }
    }
    Ok(found)
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredRegistrant> {
    Ok(StoredRegistrant {
        source: prefix_at(row, 0)?,
        account: row.get(1)?,
        until: row.get(2)?,
        known_until: row.get(3)?,
        created: row.get(4)?,
    })
}
