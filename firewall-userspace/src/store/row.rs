//! Entries as rows.
//!
//! Owns: reading and writing one row. Refuses: which rows.
use std::str::FromStr;

use firewall_common::addr::Prefix;
use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension as _, Row, params};

use crate::entries::{Kind, Origin, Scope, StoredEntry, parse_prefix, prefix_text};

/// The columns that [`read_entry`] expects.
pub(super) const COLUMNS: &str = "id, action, prefix, scope, created, expires, comment, author, origin, evidence, step";

/// A column's text made into a value. What is unknown comes from a damaged file, or from a hand that edited it.
pub(super) fn parsed<T>(row: &Row<'_>, column: usize, parse: impl FnOnce(&str) -> Option<T>) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    let unknown = || Error::FromSqlConversionFailure(column, Type::Text, format!("unexpected `{text}`").into());
    parse(&text).ok_or_else(unknown)
}

/// A prefix in a column.
pub(super) fn prefix_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Prefix> {
    parsed(row, column, |text| parse_prefix(text).ok())
}

/// JSON in a column that may be null.
pub(super) fn json_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<serde_json::Value>> {
    let text: Option<String> = row.get(column)?;
    text.map(|_| parsed(row, column, |text| serde_json::Value::from_str(text).ok())).transpose()
}

/// Reads an entry from a row of [`COLUMNS`].
pub(super) fn read_entry(row: &Row<'_>) -> rusqlite::Result<StoredEntry> {
    Ok(StoredEntry {
        id: row.get(0)?,
        kind: parsed(row, 1, Kind::from_word)?,
        prefix: prefix_at(row, 2)?,
        scope: parsed(row, 3, Scope::from_word)?,
        created: row.get(4)?,
        expires: row.get(5)?,
        comment: row.get(6)?,
        author: row.get(7)?,
        origin: parsed(row, 8, Origin::from_word)?,
        evidence: json_at(row, 9)?,
        step: row.get(10)?,
    })
}

/// Writes an entry; its id is made anew if 0. Returns the id.
pub(super) fn write_entry(db: &Connection, e: &StoredEntry) -> rusqlite::Result<u32> {
    let sql = format!("INSERT OR REPLACE INTO entry ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
    let evidence = e.evidence.as_ref().map(ToString::to_string);
    let id = (e.id != 0).then_some(e.id);
    db.prepare_cached(&sql)?.execute(params![
        id,
        e.kind.word(),
        prefix_text(e.prefix),
        e.scope.word(),
        e.created,
        e.expires,
        e.comment,
        e.author,
        e.origin.word(),
        evidence,
        e.step
    ])?;
    let id = db.last_insert_rowid();
    u32::try_from(id).map_err(|_| Error::IntegralValueOutOfRange(0, id))
}

/// The entry that stands at a prefix: among the bans, or among the operator's.
pub(super) fn entry_at(db: &Connection, prefix: Prefix, among_bans: bool) -> rusqlite::Result<Option<StoredEntry>> {
    let sql = format!("SELECT {COLUMNS} FROM entry WHERE prefix = ?1 AND (action = 'ban') = ?2");
    db.prepare_cached(&sql)?.query_row(params![prefix_text(prefix), among_bans], read_entry).optional()
}

/// Deletes one entry.
pub(super) fn delete_entry(db: &Connection, id: u32) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM entry WHERE id = ?1")?.execute([id]).map(drop)
}
