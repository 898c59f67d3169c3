//! Call codes, and the key under which they are hashed.
//!
//! Owns: their rows and the key. Refuses: digits of codes.
use firewall_common::limiter::HashKey;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::number::{class_number, grow};
use super::{Result, Store, author};
use crate::numbers::StoredCode;

/// What adding a code came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeAdded {
    /// It is there now.
    Added(StoredCode),
    /// It opens this class already.
    Known,
    /// There are too many classes.
    NoClass,
}

const SELECT: &str = "SELECT k.id, c.name, k.class, k.label, k.author, k.created, k.hash FROM code k
     JOIN number_class c ON c.id = k.class";
const KEY: &str = "hash_key";

impl Store {
    /// Adds a code by its keyed hash.
    pub fn add_code(&mut self, hash: u64, class: &str, label: Option<&str>, now: i64) -> Result<CodeAdded> {
        let author = author();
        self.write(|tx| {
            let Some(class_number) = class_number(tx, class)? else { return Ok(CodeAdded::NoClass) };
            let sql = "INSERT OR IGNORE INTO code (hash, class, label, author, created) VALUES (?1, ?2, ?3, ?4, ?5)";
            let row = params![hash.cast_signed(), class_number, label, author, now];
            if tx.execute(sql, row)? == 0 {
                return Ok(CodeAdded::Known);
            }
            grow(tx)?;
            let sql = format!("{SELECT} WHERE k.id = ?1");
            tx.query_row(&sql, [tx.last_insert_rowid()], read).map(CodeAdded::Added)
        })
    }

    /// Deletes a code; what it was.
    pub fn delete_code(&mut self, id: u32) -> Result<Option<StoredCode>> {
        self.write(|tx| {
            let found = tx.query_row(&format!("{SELECT} WHERE k.id = ?1"), [id], read).optional()?;
            tx.execute("DELETE FROM code WHERE id = ?1", [id])?;
            grow(tx)?;
            Ok(found)
        })
    }

    /// All codes, oldest first.
    pub fn codes(&self) -> Result<Vec<StoredCode>> {
        let sql = format!("{SELECT} ORDER BY k.id");
        self.read(|db| db.prepare_cached(&sql)?.query_map([], read)?.collect())
    }

    /// The key under which codes are hashed, if there is one.
    pub fn hash_key(&self) -> Result<Option<HashKey>> {
        self.read(kept_key)
    }

    /// The same; `drawn` is kept if there is none yet.
    pub fn keep_hash_key(&mut self, drawn: HashKey) -> Result<HashKey> {
        self.write(|tx| {
            if let Some(key) = kept_key(tx)? {
                return Ok(key);
            }
            let [a, b] = drawn.0;
            let sql = "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)";
            tx.execute(sql, params![KEY, format!("{a:016x}{b:016x}")])?;
            Ok(drawn)
        })
    }
}

fn kept_key(db: &Connection) -> rusqlite::Result<Option<HashKey>> {
    let sql = "SELECT value FROM meta WHERE key = ?1";
    let text: Option<String> = db.query_row(sql, [KEY], |row| row.get(0)).optional()?;
    let half = |text: &str| u64::from_str_radix(text, 16).ok();
    let parse = |text: String| Some(HashKey([half(text.get(..16)?)?, half(text.get(16..)?)?]));
    Ok(text.and_then(parse))
}

fn read(row: &Row<'_>) -> rusqlite::Result<StoredCode> {
    Ok(StoredCode {
        id: row.get(0)?,
        class: row.get(1)?,
        class_number: row.get(2)?,
        label: row.get(3)?,
        author: row.get(4)?,
        created: row.get(5)?,
        hash: row.get::<_, i64>(6)?.cast_unsigned(),
    })
}
