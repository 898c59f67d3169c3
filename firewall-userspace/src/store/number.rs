//! Entries of number lists.
//!
//! Owns: their rows and the numbers of classes. Refuses: what entries mean (see [`crate::numbers`]).
use std::collections::BTreeMap;

use firewall_common::number::{Directions, Number, NumberAction, Plan};
use rusqlite::{Connection, Error, OptionalExtension as _, Row, params};

use super::row::parsed;
use super::{Result, Store};
use crate::numbers::{
    ListKind, NewNumber, NumberWord as _, StoredNumber, directions_word, number_text, parse_directions, parse_number,
};

/// What adding entries came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberAdded {
    /// Entries that were not there.
    pub added: Vec<StoredNumber>,
    /// Entries that were there, as they are now.
    pub changed: Vec<StoredNumber>,
}

/// Where an entry stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberPlace {
    /// Which list.
    pub list: ListKind,
    /// The peer; none: everybody.
    pub peer: Option<String>,
    /// The directions; none: whichever.
    pub directions: Option<Directions>,
    /// The prefix.
    pub prefix: Number,
}

/// Which entries to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberFilter {
    /// Those that a number meets which begins so, or that begin with it.
    pub touching: Option<Number>,
    /// Those of this peer.
    pub peer: Option<String>,
    /// Those of this class.
    pub class: Option<String>,
    /// Those whose comment or author has this text.
    pub text: Option<String>,
}

impl NumberFilter {
    fn takes(&self, entry: &StoredNumber) -> bool {
        let touches = |number: Number| {
            let (a, b) = (number.digits, entry.prefix.digits);
            number.space == entry.prefix.space && (a.starts_with(b) || b.starts_with(a))
        };
        let says = |text: &str| [&entry.comment, &entry.author].into_iter().flatten().any(|s| s.contains(text));
        self.touching.is_none_or(touches)
            && self.peer.as_ref().is_none_or(|peer| entry.peer.as_ref() == Some(peer))
            && self.class.as_ref().is_none_or(|class| entry.class.as_ref() == Some(class))
            && self.text.as_deref().is_none_or(says)
    }
}

const SELECT: &str =
    "SELECT n.id, n.list, n.peer, n.directions, n.prefix, n.action, n.class, n.comment, n.author, n.created,
     n.expires, c.name FROM number n LEFT JOIN number_class c ON c.id = n.class";

impl Store {
    /// Adds entries, all or none; one that is there takes the new action, class, comment and end. An entry for both
    /// directions takes the place of those for one. Tells how many are done after each.
    pub fn add_numbers(
        &mut self,
        batch: &[NewNumber],
        now: i64,
        mut progress: impl FnMut(usize),
    ) -> Result<NumberAdded> {
        self.write(|tx| {
            let mut report = NumberAdded::default();
            for (done, new) in batch.iter().enumerate() {
                add_one(tx, new, now, &mut report)?;
                progress(done + 1);
            }
            grow(tx)?;
            Ok(report)
        })
    }

    /// Deletes the entries at these places; a prefix without any gives none.
    pub fn delete_numbers(&mut self, places: &[NumberPlace]) -> Result<Vec<Vec<StoredNumber>>> {
        self.write(|tx| {
            grow(tx)?;
            places.iter().map(|place| delete_at(tx, place)).collect()
        })
    }

    /// The entries of a kind in force, oldest first.
    pub fn numbers(&self, list: ListKind, filter: &NumberFilter, now: i64) -> Result<Vec<StoredNumber>> {
        let mut all = self.numbers_in_force(now)?;
        all.retain(|entry| entry.list == list && filter.takes(entry));
        Ok(all)
    }

    /// Every entry in force, of both kinds, oldest first.
    pub fn numbers_in_force(&self, now: i64) -> Result<Vec<StoredNumber>> {
        let sql = format!("{SELECT} WHERE n.expires IS NULL OR n.expires > ?1 ORDER BY n.id");
        self.read(|db| db.prepare_cached(&sql)?.query_map([now], read)?.collect())
    }

    /// The entry of an id that the kernel named.
    pub fn number(&self, id: u32) -> Result<Option<StoredNumber>> {
        let sql = format!("{SELECT} WHERE n.id = ?1");
        self.read(|db| db.prepare_cached(&sql)?.query_row([id], read).optional())
    }

    /// The names of classes by their numbers.
    pub fn number_classes(&self) -> Result<BTreeMap<u32, String>> {
        let sql = "SELECT id, name FROM number_class";
        self.read(|db| db.prepare_cached(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
    }

    /// A number that grows with every change of lists and codes.
    pub fn numbers_version(&self) -> Result<i64> {
        let sql = "SELECT CAST(value AS INTEGER) FROM meta WHERE key = ?1";
        self.read(|db| db.prepare_cached(sql)?.query_row([VERSION], |row| row.get(0)).optional())
            .map(|n| n.unwrap_or(0))
    }

    /// The number of a class, which is made if there is none of this name; nothing when all 63 are taken.
    pub fn number_class(&mut self, name: &str) -> Result<Option<u32>> {
        self.write(|tx| class_number(tx, name))
    }

    /// Sweeps entries that have ended; returns how many.
    pub(super) fn prune_numbers(db: &Connection, now: i64) -> rusqlite::Result<usize> {
        db.execute("DELETE FROM number WHERE expires <= ?1", [now])
    }
}

const VERSION: &str = "numbers_version";

/// Notes that lists or codes have changed.
pub(super) fn grow(db: &Connection) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta (key, value) VALUES (?1, '1')
               ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1";
    db.prepare_cached(sql)?.execute([VERSION]).map(drop)
}

fn add_one(db: &Connection, new: &NewNumber, now: i64, report: &mut NumberAdded) -> rusqlite::Result<()> {
    let place = NumberPlace {
        list: new.list,
        peer: new.peer.clone(),
        directions: (new.directions != Directions::BOTH).then_some(new.directions),
        prefix: new.prefix,
    };
    let old: Vec<StoredNumber> = delete_at(db, &place)?.into_iter().filter(|old| old.in_force(now)).collect();
    let kept = old.iter().find(|old| old.directions == new.directions);
    // Whoever adds a batch has made its classes first.
    let class_number = new.class.as_deref().map(|name| class_number(db, name)).transpose()?.flatten().unwrap_or(0);
    let mut entry = StoredNumber {
        id: kept.map_or(0, |old| old.id),
        list: new.list,
        peer: new.peer.clone(),
        directions: new.directions,
        prefix: new.prefix,
        action: new.action,
        class: new.class.clone(),
        class_number,
        comment: new.comment.clone().or_else(|| kept.and_then(|old| old.comment.clone())),
        author: new.author.clone(),
        created: kept.map_or(now, |old| old.created),
        expires: new.expires,
    };
    entry.id = insert(db, &entry)?;
    if old.is_empty() {
        report.added.push(entry)
    } else {
        report.changed.push(entry)
    }
    Ok(())
}

fn insert(db: &Connection, entry: &StoredNumber) -> rusqlite::Result<u32> {
    let sql =
        "INSERT INTO number (id, list, peer, directions, prefix, action, class, comment, author, created, expires)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    db.prepare_cached(sql)?.execute(params![
        (entry.id != 0).then_some(entry.id),
        entry.list.word(),
        entry.peer.as_deref().unwrap_or_default(),
        directions_word(entry.directions),
        number_text(entry.prefix),
        entry.action.word(),
        (entry.class_number != 0).then_some(entry.class_number),
        entry.comment,
        entry.author,
        entry.created,
        entry.expires,
    ])?;
    let id = db.last_insert_rowid();
    u32::try_from(id).map_err(|_| Error::IntegralValueOutOfRange(0, id))
}

/// Deletes and returns the entries at a place.
fn delete_at(db: &Connection, place: &NumberPlace) -> rusqlite::Result<Vec<StoredNumber>> {
    let sql =
        format!("{SELECT} WHERE n.list = ?1 AND n.peer = ?2 AND n.prefix = ?3 AND (?4 IS NULL OR n.directions = ?4)");
    let peer = place.peer.as_deref().unwrap_or_default();
    let key = params![place.list.word(), peer, number_text(place.prefix), place.directions.map(directions_word)];
    let found: Vec<StoredNumber> = db.prepare_cached(&sql)?.query_map(key, read)?.collect::<rusqlite::Result<_>>()?;
    let mut delete = db.prepare_cached("DELETE FROM number WHERE id = ?1")?;
    found.iter().try_for_each(|entry| delete.execute([entry.id]).map(drop))?;
    Ok(found)
}

/// How many classes there are at most: each is a bit of the kernel's records, and bit 0 is none's.
const CLASSES: i64 = 63;

pub(super) fn class_number(db: &Connection, name: &str) -> rusqlite::Result<Option<u32>> {
    let known = "SELECT id FROM number_class WHERE name = ?1";
    if let Some(id) = db.prepare_cached(known)?.query_row([name], |row| row.get(0)).optional()? {
        return Ok(Some(id));
    }
    let last: i64 = db.query_row("SELECT max(id) FROM number_class", [], |row| row.get(0))?;
    if last >= CLASSES {
        return Ok(None);
    }
    db.execute("INSERT INTO number_class (id, name) VALUES (?1, ?2)", params![last + 1, name])?;
    Ok(u32::try_from(last + 1).ok())
}

fn read(row: &Row<'_>) -> rusqlite::Result<StoredNumber> {
    let peer: String = row.get(2)?;
    Ok(StoredNumber {
        id: row.get(0)?,
        list: parsed(row, 1, ListKind::from_word)?,
        peer: Some(peer).filter(|peer| !peer.is_empty()),
        directions: parsed(row, 3, parse_directions)?,
        // What is written down is in its last form, which no plan changes.
        prefix: parsed(row, 4, |text| parse_number(text, &Plan::NONE).ok())?,
        action: parsed(row, 5, NumberAction::from_word)?,
        class_number: row.get::<_, Option<u32>>(6)?.unwrap_or(0),
        comment: row.get(7)?,
        author: row.get(8)?,
        created: row.get(9)?,
        expires: row.get(10)?,
        class: row.get(11)?,
    })
}
