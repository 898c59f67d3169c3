//! Bans: made by the firewall on evidence, lifted by a person, explained to whoever asks.
//!
//! Owns: their rows, and the marks that lifted ones leave. Refuses: deciding who is banned and for how long.
//!
//! The daemon bans in the kernel first, and writes the ban down a moment later. A person may lift it in that moment: then the
//! mark stands before the ban, and the ban becomes no row when it comes.
use firewall_common::addr::{Addr, Prefix};
use rusqlite::{Connection, params};
use serde::Serialize;

use super::row::{delete_entry, entry_at, json_at, prefix_at, write_entry};
use super::{
    Listing, Result, Store, StoredAlarm, StoredHold, StoredRegistrant, StoredScore, alarm, blocklist, hold, registrant,
    score,
};
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
    /// What the source did: JSON, as text, because many may wait to be written.
    pub evidence: String,
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

/// What lifting came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lifted {
    /// Bans that were rows and are gone.
    pub bans: Vec<StoredEntry>,
    /// Bans that were in the kernel only, because the daemon had not written them yet.
    pub pending: Vec<Prefix>,
}

impl Lifted {
    /// How many bans there were.
    pub fn count(&self) -> usize {
        self.bans.len() + self.pending.len()
    }
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
    /// Unix milliseconds of the ban; of the lifting, while nobody has told when the ban was made.
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
    /// What block lists name that covers it, most specific first.
    pub lists: Vec<Listing>,
    /// Lifted bans, newest first.
    pub marks: Vec<Mark>,
    /// Where it stands with the engine.
    pub scores: Vec<StoredScore>,
    /// Its holds, in force or remembered.
    pub holds: Vec<StoredHold>,
    /// Alarms about it, newest first.
    pub alarms: Vec<StoredAlarm>,
    /// Its registrations, in force or remembered.
    pub registrants: Vec<StoredRegistrant>,
}

impl Store {
    /// Bans a source. A ban that it already has makes place for the new one, id and all.
    pub fn ban(&mut self, new: &NewBan, now: i64) -> Result<Banned> {
        self.write(|tx| write(tx, new, now))
    }

    /// Lifts the bans in force that cover `source`, and leaves a mark for each. `pending` are bans that the caller has taken
    /// out of the kernel and that may be no rows yet. The sources' scores begin anew.
    pub fn lift(&mut self, source: Prefix, pending: &[Prefix], author: Option<&str>, now: i64) -> Result<Lifted> {
        self.write(|tx| {
            let mut bans = covering(tx, source, true)?;
            bans.retain(|ban| ban.in_force(now));
            for ban in &bans {
                write_mark(tx, ban, author, now)?;
                delete_entry(tx, ban.id)?;
                score::forgive(tx, ban.prefix, now)?;
            }
            let unwritten = |prefix: &&Prefix| bans.iter().all(|ban| ban.prefix != **prefix);
            let pending: Vec<Prefix> = pending.iter().filter(unwritten).copied().collect();
            for prefix in &pending {
                write_pending_mark(tx, *prefix, author, now)?;
                score::forgive(tx, *prefix, now)?;
            }
            Ok(Lifted { bans, pending })
        })
    }

    /// The marks with numbers above `since`, with whom they are about: what other processes have lifted.
    pub fn lifted_after(&self, since: i64) -> Result<Vec<(i64, Prefix)>> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT id, source FROM mark WHERE id > ?1 ORDER BY id")?;
            statement.query_map([since], |row| Ok((row.get(0)?, prefix_at(row, 1)?)))?.collect()
        })
    }

    /// The number of the newest mark, 0 if there is none.
    pub fn last_mark(&self) -> Result<i64> {
        self.read(|db| db.query_row("SELECT coalesce(max(id), 0) FROM mark", [], |row| row.get(0)))
    }

    /// What is known about a source and why it is blocked or not.
    pub fn why(&self, source: Prefix, now: i64) -> Result<Why> {
        self.read(|db| {
            let mut entries = covering(db, source, false)?;
            entries.retain(|e| e.in_force(now));
            Ok(Why {
                bans: covering(db, source, true)?,
                entries,
                lists: blocklist::covering(db, source)?,
                marks: marks(db, source)?,
                scores: score::covering(db, source)?,
                holds: hold::covering(db, source)?,
                alarms: alarm::covering(db, source)?,
                registrants: registrant::covering(db, source)?,
            })
        })
    }
}

/// Writes a ban in the place of the one that its source has.
pub(super) fn write(db: &Connection, new: &NewBan, time: i64) -> rusqlite::Result<Banned> {
    let before = entry_at(db, new.source, true)?;
    before.as_ref().map_or(Ok(()), |old| delete_entry(db, old.id))?;
    let mut ban = entry(new, time);
    ban.id = write_entry(db, &ban)?;
    Ok(Banned { ban, before })
}

/// A ban as a row without a number.
fn entry(new: &NewBan, time: i64) -> StoredEntry {
    StoredEntry {
        id: 0,
        kind: Kind::Ban,
        prefix: new.source,
        scope: new.scope,
        created: time,
        expires: Some(new.expires),
        comment: None,
        author: None,
        origin: Origin::Firewall,
        evidence: serde_json::from_str(&new.evidence).ok(),
        step: new.step,
    }
}

/// Whether a ban of this source has been lifted at `time` (Unix milliseconds) or later.
pub(super) fn lifted_since(db: &Connection, source: Prefix, time: i64) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM mark WHERE source = ?1 AND lifted >= ?2)";
    db.prepare_cached(sql)?.query_row(params![prefix_text(source), time], |row| row.get(0))
}

/// Gives the mark of a ban that was lifted before it was written what the ban says.
pub(super) fn complete_mark(db: &Connection, ban: &NewBan, time: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE mark SET banned = ?3, expires = ?4, evidence = ?5, step = ?6 WHERE id =
               (SELECT id FROM mark WHERE source = ?1 AND lifted >= ?2 AND evidence IS NULL ORDER BY id LIMIT 1)";
    let row = params![prefix_text(ban.source), time, time, ban.expires, ban.evidence, ban.step];
    db.prepare_cached(sql)?.execute(row).map(drop)
}

/// Every prefix that covers this one, most specific first.
pub(super) fn ancestors(prefix: Prefix) -> impl Iterator<Item = Prefix> {
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

/// A mark of a ban of which no more is known than that it was there; [`complete_mark`] fills in the rest.
fn write_pending_mark(db: &Connection, source: Prefix, author: Option<&str>, now: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO mark (source, lifted, author, banned, step) VALUES (?1, ?2, ?3, ?2, 0)";
    db.prepare_cached(sql)?.execute(params![prefix_text(source), now, author]).map(drop)
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
