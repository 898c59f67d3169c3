//! Bans: made by the firewall on evidence, lifted by a person, explained to whoever asks.
//!
//! Owns: their rows, and the marks that lifted ones leave. Refuses: deciding who is banned and for how long.
use firewall_common::addr::{Addr, Prefix};
use rusqlite::{Connection, params};
use serde::Serialize;

use super::row::{delete_entry, entry_at, json_at, prefix_at, write_entry};
use super::{Result, Store};
use crate::entries::{Kind, Origin, Scope, StoredEntry, is_v4, prefix_text};

/// A ban that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewBan {
    /// Whom: an IPv4 address, or an IPv6 prefix of a source's width.
    pub source: Prefix,
    /// From which traffic.
    pub scope: Scope,
    /// Unix milliseconds of its end. No ban is permanent.
    pub expires: i64,
    /// What the source did.
    pub evidence: serde_json::Value,
    /// How often in a row it has now been banned, from 1.
    pub step: u32,
}

/// What banning came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Banned {
    /// The ban.
    pub ban: StoredEntry,
    /// The source's ban before it, in force or remembered; it is gone.
    pub before: Option<StoredEntry>,
}

/// A ban that a person lifted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mark {
    /// Who had been banned.
    #[serde(serialize_with = "crate::entries::as_text")]
    pub source: Prefix,
    /// Unix milliseconds of the lifting.
    pub lifted: i64,
    /// Who lifted it.
    pub author: Option<String>,
    /// Unix milliseconds of the ban.
    pub banned: i64,
    /// When it would have ended.
    pub expires: Option<i64>,
    /// Why it had been made.
    pub evidence: Option<serde_json::Value>,
    /// How often in a row the source had been banned.
    pub step: u32,
}

/// What the database knows about a source.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Why {
    /// Its bans, in force or remembered.
    pub bans: Vec<StoredEntry>,
    /// The operator's entries that cover it, most specific first.
    pub entries: Vec<StoredEntry>,
    /// Lifted bans, newest first.
    pub marks: Vec<Mark>,
}

impl Store {
    /// Bans a source. A ban that it already has makes place for the new one, id and all.
    pub fn ban(&mut self, new: &NewBan, now: i64) -> Result<Banned> {
        self.write(|tx| {
            let before = entry_at(tx, new.source, true)?;
            before.as_ref().map_or(Ok(()), |old| delete_entry(tx, old.id))?;
            let mut ban = StoredEntry {
                id: 0,
                kind: Kind::Ban,
                prefix: new.source,
                scope: new.scope,
                created: now,
                expires: Some(new.expires),
                comment: None,
                author: None,
                origin: Origin::Firewall,
                evidence: Some(new.evidence.clone()),
                step: new.step,
            };
            ban.id = write_entry(tx, &ban)?;
            Ok(Banned { ban, before })
        })
    }

    /// Lifts the bans in force that cover `source`, and leaves a mark for each. Returns them; none is no error.
    pub fn lift(&mut self, source: Prefix, author: Option<&str>, now: i64) -> Result<Vec<StoredEntry>> {
        self.write(|tx| {
            let mut bans = covering(tx, source, true)?;
            bans.retain(|ban| ban.in_force(now));
            for ban in &bans {
                write_mark(tx, ban, author, now)?;
                delete_entry(tx, ban.id)?;
            }
            Ok(bans)
        })
    }

    /// What is known about a source and why it is blocked or not.
    pub fn why(&self, source: Prefix, now: i64) -> Result<Why> {
        self.read(|db| {
            let mut entries = covering(db, source, false)?;
            entries.retain(|e| e.in_force(now));
            Ok(Why { bans: covering(db, source, true)?, entries, marks: marks(db, source)? })
        })
    }
}

/// Every prefix that covers this one, most specific first.
fn ancestors(prefix: Prefix) -> impl Iterator<Item = Prefix> {
    let widest = if is_v4(prefix) { 96 } else { 0 };
    (widest..=prefix.bits as u8).rev().map(move |bits| Prefix::new(Addr::from_bytes(prefix.addr), bits))
}

/// One look into the index per length: at most 129, and no scan.
fn covering(db: &Connection, prefix: Prefix, bans: bool) -> rusqlite::Result<Vec<StoredEntry>> {
    ancestors(prefix).filter_map(|p| entry_at(db, p, bans).transpose()).collect()
}

fn write_mark(db: &Connection, ban: &StoredEntry, author: Option<&str>, now: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO mark (source, lifted, author, banned, expires, evidence, step) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let evidence = ban.evidence.as_ref().map(ToString::to_string);
    let row = params![prefix_text(ban.prefix), now, author, ban.created, ban.expires, evidence, ban.step];
    db.prepare_cached(sql)?.execute(row).map(drop)
}

fn marks(db: &Connection, source: Prefix) -> rusqlite::Result<Vec<Mark>> {
    let sql = "SELECT source, lifted, author, banned, expires, evidence, step FROM mark WHERE source = ?1";
    let mut found = Vec::new();
    let mut statement = db.prepare_cached(sql)?;
    for prefix in ancestors(source) {
        for mark in statement.query_map([prefix_text(prefix)], read_mark)? {
            found.push(mark?);
        }
    }
    found.sort_by_key(|mark| std::cmp::Reverse(mark.lifted));
    Ok(found)
}

fn read_mark(row: &rusqlite::Row<'_>) -> rusqlite::Result<Mark> {
    Ok(Mark {
        source: prefix_at(row, 0)?,
        lifted: row.get(1)?,
        author: row.get(2)?,
        banned: row.get(3)?,
        expires: row.get(4)?,
        evidence: json_at(row, 5)?,
        step: row.get(6)?,
    })
}
