//! Block lists: what they name, and how the last look at each went.
//!
//! Owns: their rows. Refuses: deciding whether a list may be used (see [`crate::lists`]).
use firewall_common::addr::{Addr, Prefix};
use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension as _, Row, Transaction, params};
use serde::Serialize;

use super::bans::ancestors;
use super::row::parsed;
use super::{Result, Store};
use crate::entries::{InForce, ListEntry, list_id};
use crate::lists::{LeftOut, ListSpec};

const COLUMNS: &str =
    "id, name, spec, origin, etag, modified, tried, fetched, next, failures, entries, left_out, trouble";

/// Who wants a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ListOrigin {
    /// The config. When it is taken out there, it goes.
    Config,
    /// A person, through the command.
    Operator,
}

impl ListOrigin {
    fn word(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Operator => "operator",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Config, Self::Operator].into_iter().find(|origin| origin.word() == word)
    }
}

/// By what a server tells whether a list has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// ETag (RFC 9110 §8.8.3).
    pub etag: Option<String>,
    /// Last-Modified (RFC 9110 §8.8.2).
    pub modified: Option<String>,
}

/// A list as the database holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredList {
    /// Its row.
    pub id: u32,
    /// What it is.
    #[serde(flatten)]
    pub spec: ListSpec,
    /// Who wants it.
    pub origin: ListOrigin,
    /// What the server said of the version that is kept.
    #[serde(skip)]
    pub validators: Validators,
    /// Unix milliseconds of the last look.
    pub tried: Option<i64>,
    /// Unix milliseconds of the last look that went well.
    pub fetched: Option<i64>,
    /// Unix milliseconds of the next look.
    pub next: Option<i64>,
    /// How many looks in a row have failed.
    pub failures: u32,
    /// How many prefixes it names.
    pub entries: u32,
    /// What of it is not used.
    pub left_out: LeftOut,
    /// Why the last look failed.
    pub trouble: Option<String>,
}

/// A list that was read and may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewList {
    /// What it names, without repetition.
    pub prefixes: Vec<Prefix>,
    /// What of it is not used.
    pub left_out: LeftOut,
    /// What the server said of this version.
    pub validators: Validators,
}

/// A prefix that a list names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// The list's name.
    pub list: String,
    /// What it names.
    #[serde(serialize_with = "crate::entries::as_text")]
    pub prefix: Prefix,
}

impl Store {
    /// All lists, in the order of their names.
    pub fn blocklists(&self) -> Result<Vec<StoredList>> {
        let sql = format!("SELECT {COLUMNS} FROM blocklist ORDER BY name");
        self.read(|db| db.prepare_cached(&sql)?.query_map([], read_list)?.collect())
    }

    /// The list of a name.
    pub fn blocklist(&self, name: &str) -> Result<Option<StoredList>> {
        let sql = format!("SELECT {COLUMNS} FROM blocklist WHERE name = ?1");
        self.read(|db| db.prepare_cached(&sql)?.query_row([name], read_list).optional())
    }

    /// The name of the list in a row.
    pub fn blocklist_name(&self, row: u32) -> Result<Option<String>> {
        self.read(|db| db.query_row("SELECT name FROM blocklist WHERE id = ?1", [row], |row| row.get(0)).optional())
    }

    /// What a list names.
    pub fn blocklist_prefixes(&self, id: u32) -> Result<Vec<Prefix>> {
        let sql = "SELECT prefix FROM blocklist_entry WHERE list = ?1";
        self.read(|db| db.prepare_cached(sql)?.query_map([id], |row| prefix_at(row, 0))?.collect())
    }

    /// What all lists but one name.
    pub fn other_blocklists(&self, id: u32) -> Result<Vec<Prefix>> {
        let sql = "SELECT prefix FROM blocklist_entry WHERE list != ?1";
        self.read(|db| db.prepare_cached(sql)?.query_map([id], |row| prefix_at(row, 0))?.collect())
    }

    /// All that is to be enforced at `now`, as of one instant.
    pub fn in_force(&self, now: i64) -> Result<InForce> {
        self.read(|db| {
            let tx = db.unchecked_transaction()?;
            let entries = super::entry::select(&tx, "expires IS NULL OR expires > ?1", &[&now])?;
            Ok(InForce { entries, listed: listed(&tx)? })
        })
    }

    /// Makes a list known, or takes over what is new about a known one; it is looked at as soon as possible then. Another
    /// location means another list: what the old one named stays until the new one was read, and nothing is known of its
    /// version.
    pub fn put_blocklist(&mut self, spec: &ListSpec, origin: ListOrigin) -> Result<StoredList> {
        let text = serde_json::to_string(spec).unwrap_or_default();
        self.write(|tx| {
            let sql = "INSERT INTO blocklist (name, spec, origin) VALUES (?1, ?2, ?3)
                       ON CONFLICT (name) DO UPDATE SET spec = ?2, origin = ?3, etag = NULL, modified = NULL, next = NULL
                       WHERE spec != ?2 OR origin != ?3";
            tx.prepare_cached(sql)?.execute(params![spec.name, text, origin.word()])?;
            let sql = format!("SELECT {COLUMNS} FROM blocklist WHERE name = ?1");
            tx.prepare_cached(&sql)?.query_row([&spec.name], read_list)
        })
    }

    /// Takes the look at a list that is due for oneself: nobody else finds it due before `until`. Whether it was still due.
    pub fn claim_blocklist(&mut self, id: u32, now: i64, until: i64) -> Result<bool> {
        let sql = "UPDATE blocklist SET next = ?3 WHERE id = ?1 AND (next IS NULL OR next <= ?2)";
        self.write(|tx| Ok(tx.prepare_cached(sql)?.execute(params![id, now, until])? > 0))
    }

    /// Keeps what was read of a list instead of what it named before; returns how many prefixes are new and how many gone.
    pub fn take_blocklist(&mut self, id: u32, new: &NewList, now: i64, next: Option<i64>) -> Result<(usize, usize)> {
        self.write(|tx| {
            let changed = replace(tx, id, &new.prefixes)?;
            let sql =
                "UPDATE blocklist SET etag = ?2, modified = ?3, tried = ?4, fetched = ?4, next = ?5, failures = 0,
                       entries = ?6, left_out = ?7, trouble = NULL WHERE id = ?1";
            let left_out = serde_json::to_string(&new.left_out).unwrap_or_default();
            let Validators { etag, modified } = &new.validators;
            let count = u32::try_from(new.prefixes.len()).unwrap_or(u32::MAX);
            tx.prepare_cached(sql)?.execute(params![id, etag, modified, now, next, count, left_out])?;
            Ok(changed)
        })
    }

    /// Notes that a list is as it was.
    pub fn keep_blocklist(&mut self, id: u32, now: i64, next: Option<i64>) -> Result<()> {
        let sql =
            "UPDATE blocklist SET tried = ?2, fetched = ?2, next = ?3, failures = 0, trouble = NULL WHERE id = ?1";
        self.write(|tx| tx.prepare_cached(sql)?.execute(params![id, now, next]).map(drop))
    }

    /// Notes why a list could not be read or used; what it named before stays.
    pub fn trouble_blocklist(&mut self, id: u32, trouble: &str, now: i64, next: Option<i64>) -> Result<()> {
        let sql = "UPDATE blocklist SET tried = ?2, next = ?3, failures = failures + 1, trouble = ?4 WHERE id = ?1";
        self.write(|tx| tx.prepare_cached(sql)?.execute(params![id, now, next, trouble]).map(drop))
    }

    /// Forgets a list and what it named; whether there was one.
    pub fn remove_blocklist(&mut self, name: &str) -> Result<bool> {
        self.write(|tx| remove(tx, name))
    }

    /// Forgets the config's lists that are not in the config any more; returns their names.
    pub fn retain_config_blocklists(&mut self, names: &[&str]) -> Result<Vec<String>> {
        self.write(|tx| {
            let sql = "SELECT name FROM blocklist WHERE origin = 'config' ORDER BY name";
            let mut gone: Vec<String> =
                tx.prepare_cached(sql)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            gone.retain(|name| !names.contains(&name.as_str()));
            gone.iter().try_for_each(|name| remove(tx, name).map(drop))?;
            Ok(gone)
        })
    }
}

/// What lists name that covers this prefix, most specific first.
pub(super) fn covering(db: &Connection, source: Prefix) -> rusqlite::Result<Vec<Listing>> {
    let sql = "SELECT name, prefix FROM blocklist JOIN blocklist_entry ON list = id WHERE prefix = ?1 ORDER BY name";
    let mut statement = db.prepare_cached(sql)?;
    let mut found = Vec::new();
    for prefix in ancestors(source) {
        let listing = |row: &Row<'_>| Ok(Listing { list: row.get(0)?, prefix: prefix_at(row, 1)? });
        for one in statement.query_map([key(prefix)], listing)? {
            found.push(one?);
        }
    }
    Ok(found)
}

fn remove(tx: &Transaction<'_>, name: &str) -> rusqlite::Result<bool> {
    tx.execute("DELETE FROM blocklist_entry WHERE list = (SELECT id FROM blocklist WHERE name = ?1)", [name])?;
    Ok(tx.execute("DELETE FROM blocklist WHERE name = ?1", [name])? > 0)
}

fn listed(db: &Connection) -> rusqlite::Result<Vec<ListEntry>> {
    let mut statement = db.prepare_cached("SELECT list, prefix FROM blocklist_entry")?;
    let rows = statement.query_map([], |row| {
        let list: u32 = row.get(0)?;
        let id = list_id(list).ok_or(Error::IntegralValueOutOfRange(0, list.into()))?;
        Ok(ListEntry { id, prefix: prefix_at(row, 1)? })
    })?;
    rows.collect()
}

/// Writes only what differs: most of a list is as it was.
fn replace(tx: &Transaction<'_>, id: u32, prefixes: &[Prefix]) -> rusqlite::Result<(usize, usize)> {
    let mut insert = tx.prepare_cached("INSERT OR IGNORE INTO blocklist_entry (list, prefix) VALUES (?1, ?2)")?;
    let mut added = 0;
    for prefix in prefixes {
        added += insert.execute(params![id, key(*prefix)])?;
    }
    let wanted: std::collections::HashSet<[u8; 17]> = prefixes.iter().map(|p| key(*p)).collect();
    let mut statement = tx.prepare_cached("SELECT prefix FROM blocklist_entry WHERE list = ?1")?;
    let mut gone: Vec<[u8; 17]> = statement.query_map([id], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    gone.retain(|key| !wanted.contains(key));
    let mut delete = tx.prepare_cached("DELETE FROM blocklist_entry WHERE list = ?1 AND prefix = ?2")?;
    gone.iter().try_for_each(|key| delete.execute(params![id, key]).map(drop))?;
    Ok((added, gone.len()))
}

fn key(prefix: Prefix) -> [u8; 17] {
    let mut key = [0; 17];
    key[..16].copy_from_slice(&prefix.addr);
    key[16] = prefix.bits as u8;
    key
}

fn prefix_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Prefix> {
    let key: [u8; 17] = row.get(column)?;
    let mut addr = [0; 16];
    addr.copy_from_slice(&key[..16]);
    let prefix = Prefix::new(Addr::from_bytes(addr), key[16].min(128));
    if prefix.addr == addr && key[16] <= 128 {
        return Ok(prefix);
    }
    Err(Error::FromSqlConversionFailure(column, Type::Blob, "no prefix".into()))
}

fn read_list(row: &Row<'_>) -> rusqlite::Result<StoredList> {
    let left_out: Option<String> = row.get(11)?;
    let left_out = left_out.map(|_| parsed(row, 11, |text| serde_json::from_str(text).ok())).transpose()?;
    Ok(StoredList {
        id: row.get(0)?,
        spec: parsed(row, 2, |text| serde_json::from_str(text).ok())?,
        origin: parsed(row, 3, ListOrigin::from_word)?,
        validators: Validators { etag: row.get(4)?, modified: row.get(5)? },
        tried: row.get(6)?,
        fetched: row.get(7)?,
        next: row.get(8)?,
        failures: row.get(9)?,
        entries: row.get(10)?,
        left_out: left_out.unwrap_or_default(),
        trouble: row.get(12)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{new, store};
    use super::*;
    use crate::entries::{Kind, parse_prefix};
    use crate::lists::Location;

    const NOW: i64 = 1_800_000_000_000;

    fn spec(name: &str) -> ListSpec {
        ListSpec::new(name, Location::File("/list".into()))
    }

    fn list(prefixes: &[&str]) -> NewList {
        NewList {
            prefixes: prefixes.iter().map(|p| parse_prefix(p).unwrap()).collect(),
            left_out: LeftOut { special: 2, ..LeftOut::default() },
            validators: Validators { etag: Some("\"x\"".into()), modified: None },
        }
    }

    #[test]
    fn a_list_is_replaced_as_a_whole_and_apart_from_entries() {
        let (_dir, mut store) = store();
        store.add(&[new(Kind::Deny, "10.0.0.1")], NOW).unwrap();
        let id = store.put_blocklist(&spec("a"), ListOrigin::Config).unwrap().id;
        let first = list(&["192.0.2.1", "2001:db8::/32"]);
        assert_eq!(store.take_blocklist(id, &first, NOW, Some(NOW + 5)).unwrap(), (2, 0));
        let second = list(&["192.0.2.0/24", "2001:db8::/32"]);
        assert_eq!(store.take_blocklist(id, &second, NOW, Some(NOW + 5)).unwrap(), (1, 1));
        let in_force = store.in_force(NOW).unwrap();
        assert_eq!((in_force.entries.len(), in_force.listed.len()), (1, 2));
        assert!(in_force.listed.iter().all(|l| Some(l.id) == list_id(id) && second.prefixes.contains(&l.prefix)));
        let kept = store.blocklist("a").unwrap().unwrap();
        assert_eq!((kept.entries, kept.fetched, kept.next, kept.left_out.special), (2, Some(NOW), Some(NOW + 5), 2));
        assert_eq!((store.blocklist_name(id).unwrap().as_deref(), kept.validators), (Some("a"), second.validators));
    }

    #[test]
    fn trouble_keeps_what_there_was_and_ends_with_success() {
        let (_dir, mut store) = store();
        let id = store.put_blocklist(&spec("a"), ListOrigin::Operator).unwrap().id;
        store.take_blocklist(id, &list(&["192.0.2.1"]), NOW, None).unwrap();
        store.trouble_blocklist(id, "gone", NOW + 1, None).unwrap();
        store.trouble_blocklist(id, "gone again", NOW + 2, None).unwrap();
        let kept = store.blocklist("a").unwrap().unwrap();
        assert_eq!((kept.failures, kept.trouble.as_deref(), kept.fetched), (2, Some("gone again"), Some(NOW)));
        assert_eq!(store.blocklist_prefixes(id).unwrap().len(), 1);
        store.keep_blocklist(id, NOW + 3, Some(NOW + 9)).unwrap();
        let kept = store.blocklist("a").unwrap().unwrap();
        assert_eq!((kept.failures, kept.trouble, kept.fetched, kept.next), (0, None, Some(NOW + 3), Some(NOW + 9)));
    }

    #[test]
    fn another_spec_forgets_the_version_and_the_same_does_not() {
        let (_dir, mut store) = store();
        let id = store.put_blocklist(&spec("a"), ListOrigin::Config).unwrap().id;
        store.take_blocklist(id, &list(&["192.0.2.1"]), NOW, Some(NOW)).unwrap();
        assert!(store.put_blocklist(&spec("a"), ListOrigin::Config).unwrap().validators.etag.is_some());
        let other = ListSpec { max_entries: 7, ..spec("a") };
        let kept = store.put_blocklist(&other, ListOrigin::Config).unwrap();
        assert_eq!((kept.id, kept.validators, kept.next, kept.entries), (id, Validators::default(), None, 1));
    }

    #[test]
    fn a_look_is_taken_once() {
        let (_dir, mut store) = store();
        let id = store.put_blocklist(&spec("a"), ListOrigin::Config).unwrap().id;
        assert!(
            store.claim_blocklist(id, NOW, NOW + 9).unwrap() && !store.claim_blocklist(id, NOW + 8, NOW + 9).unwrap()
        );
        assert!(store.claim_blocklist(id, NOW + 9, NOW + 99).unwrap());
    }

    #[test]
    fn what_the_config_does_not_name_any_more_goes() {
        let (_dir, mut store) = store();
        for (name, origin) in [("a", ListOrigin::Config), ("b", ListOrigin::Config), ("c", ListOrigin::Operator)] {
            let id = store.put_blocklist(&spec(name), origin).unwrap().id;
            store.take_blocklist(id, &list(&["192.0.2.1"]), NOW, None).unwrap();
        }
        assert_eq!(store.retain_config_blocklists(&["b"]).unwrap(), ["a"]);
        assert_eq!(store.in_force(NOW).unwrap().listed.len(), 2);
        assert!(store.remove_blocklist("c").unwrap() && !store.remove_blocklist("c").unwrap());
        assert_eq!(store.blocklists().unwrap().len(), 1);
    }

    #[test]
    fn a_hundred_thousand_prefixes_are_kept_and_read() {
        let (_dir, mut store) = store();
        let id = store.put_blocklist(&spec("a"), ListOrigin::Config).unwrap().id;
        let prefixes = (0..100_000u32).map(|i| Prefix::host(Addr::from_v4((i * 40_009).to_be_bytes()))).collect();
        let begin = std::time::Instant::now();
        let new = NewList { prefixes, left_out: LeftOut::default(), validators: Validators::default() };
        store.take_blocklist(id, &new, NOW, None).unwrap();
        eprintln!("written in {:?}", begin.elapsed());
        let begin = std::time::Instant::now();
        assert_eq!(store.in_force(NOW).unwrap().listed.len(), 100_000);
        eprintln!("read in {:?}", begin.elapsed());
    }
}
