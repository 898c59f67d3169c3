//! The operator's entries, and what is asked of all entries.
//!
//! Owns: adding, deleting, listing, expiry. Refuses: warnings and widths (`entries` knows them; the command asks first).
use firewall_common::addr::Prefix;
use rusqlite::Connection;

use super::row::{COLUMNS, delete_entry, entry_at, read_entry, write_entry};
use super::{Result, Store};
use crate::entries::{Kind, NewEntry, Origin, StoredEntry, covers};

/// How long an ended ban is remembered: the next one of the same source is a step higher.
const BAN_MEMORY_MS: i64 = 30 * 24 * 3600 * 1000;

/// What adding came to. Every new entry is in exactly one of the first three.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddReport {
    /// Prefixes that had no entry.
    pub added: Vec<StoredEntry>,
    /// Prefixes that had an entry of the same kind: it keeps its id and takes the new end, scope and comment.
    pub renewed: Vec<StoredEntry>,
    /// Prefixes that had an entry of the other kind, which is gone: old and new.
    pub replaced: Vec<(StoredEntry, StoredEntry)>,
}

/// What deleting came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteReport {
    /// The entries that are gone.
    pub deleted: Vec<StoredEntry>,
    /// Prefixes that had no entry of that kind.
    pub missing: Vec<Prefix>,
}

/// Which entries to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those that cover this prefix or lie inside it.
    pub touching: Option<Prefix>,
    /// Those whose comment or author holds this text.
    pub text: Option<String>,
    /// Also those that have ended and are not yet swept.
    pub ended: bool,
}

impl Filter {
    fn takes(&self, e: &StoredEntry, now: i64) -> bool {
        let touches = self.touching.is_none_or(|p| covers(p, e.prefix) || covers(e.prefix, p));
        let says = |text: &str| [&e.comment, &e.author].into_iter().flatten().any(|s| s.contains(text));
        touches && self.text.as_deref().is_none_or(says) && (self.ended || e.in_force(now))
    }
}

impl Store {
    /// Adds allow and deny entries, all or none.
    pub fn add(&mut self, batch: &[NewEntry], now: i64) -> Result<AddReport> {
        self.add_with(batch, now, |_| {})
    }

    /// The same, telling how many are done after each, for a progress bar.
    pub fn add_with(&mut self, batch: &[NewEntry], now: i64, mut progress: impl FnMut(usize)) -> Result<AddReport> {
        self.write(|tx| {
            let mut report = AddReport::default();
            for (done, new) in batch.iter().enumerate() {
                add_one(tx, new, now, &mut report)?;
                progress(done + 1);
            }
            Ok(report)
        })
    }

    /// Deletes the operator's entries of one kind, or bans without leaving a mark. What is not there is reported, and
    /// keeps the rest from being deleted only if `strict`.
    pub fn delete(&mut self, kind: Kind, prefixes: &[Prefix], strict: bool) -> Result<DeleteReport> {
        self.write(|tx| {
            let mut report = DeleteReport::default();
            for &prefix in prefixes {
                match entry_at(tx, prefix, kind == Kind::Ban)?.filter(|e| e.kind == kind) {
                    Some(entry) => report.deleted.push(entry),
                    None => report.missing.push(prefix),
                }
            }
            if strict && !report.missing.is_empty() {
                report.deleted.clear();
            }
            report.deleted.iter().try_for_each(|e| delete_entry(tx, e.id))?;
            Ok(report)
        })
    }

    /// Deletes every entry of a kind; returns how many were in force.
    pub fn flush(&mut self, kind: Kind, now: i64) -> Result<usize> {
        self.write(|tx| {
            let sql = "SELECT count(*) FROM entry WHERE action = ?1 AND (expires IS NULL OR expires > ?2)";
            let in_force = tx.query_row(sql, (kind.word(), now), |row| row.get(0))?;
            tx.execute("DELETE FROM entry WHERE action = ?1", [kind.word()])?;
            Ok(in_force)
        })
    }

    /// The entries of a kind, oldest first.
    pub fn list(&self, kind: Kind, filter: &Filter, now: i64) -> Result<Vec<StoredEntry>> {
        let mut entries = self.read(|db| select(db, "action = ?1", &[&kind.word()]))?;
        entries.retain(|e| filter.takes(e, now));
        Ok(entries)
    }

    /// Every entry in force, of every kind: what the kernel has to know.
    pub fn active(&self, now: i64) -> Result<Vec<StoredEntry>> {
        self.read(|db| select(db, "expires IS NULL OR expires > ?1", &[&now]))
    }

    /// The entry of an id that the kernel named.
    pub fn entry(&self, id: u32) -> Result<Option<StoredEntry>> {
        Ok(self.read(|db| select(db, "id = ?1", &[&id]))?.pop())
    }

    /// Sweeps entries that have ended, and bans and marks that nobody needs to remember any more; returns how many.
    pub fn prune_expired(&mut self, now: i64) -> Result<usize> {
        let forgotten = now.saturating_sub(BAN_MEMORY_MS);
        self.write(|tx| {
            let entries = tx.execute("DELETE FROM entry WHERE action != 'ban' AND expires <= ?1", [now])?;
            let bans = tx.execute("DELETE FROM entry WHERE action = 'ban' AND expires <= ?1", [forgotten])?;
            let marks = tx.execute("DELETE FROM mark WHERE lifted <= ?1", [forgotten])?;
            let numbers = Self::prune_numbers(tx, now)?;
            Ok(entries + bans + marks + numbers)
        })
    }
}

/// The entries of a condition.
pub(super) fn select(
    db: &Connection,
    condition: &str,
    params: &[&dyn rusqlite::ToSql],
) -> rusqlite::Result<Vec<StoredEntry>> {
    let sql = format!("SELECT {COLUMNS} FROM entry WHERE {condition} ORDER BY id");
    db.prepare_cached(&sql)?.query_map(params, read_entry)?.collect()
}

fn add_one(db: &Connection, new: &NewEntry, now: i64, report: &mut AddReport) -> rusqlite::Result<()> {
    let old = entry_at(db, new.prefix, false)?;
    // An ended entry that was not swept yet is as good as none.
    let ended = old.as_ref().filter(|e| !e.in_force(now));
    ended.map_or(Ok(()), |e| delete_entry(db, e.id))?;
    let old = old.filter(|e| e.in_force(now));
    let kept = old.as_ref().filter(|e| e.kind == new.kind);
    let mut entry = StoredEntry {
        id: kept.map_or(0, |e| e.id),
        kind: new.kind,
        prefix: new.prefix,
        scope: new.scope,
        created: kept.map_or(now, |e| e.created),
        expires: new.expires,
        comment: new.comment.clone().or_else(|| kept.and_then(|e| e.comment.clone())),
        author: new.author.clone(),
        origin: Origin::Operator,
        evidence: None,
        step: 0,
    };
    entry.id = write_entry(db, &entry)?;
    match old {
        None => report.added.push(entry),
        Some(old) if old.kind == entry.kind => report.renewed.push(entry),
        Some(old) => report.replaced.push((old, entry)),
    }
    Ok(())
}
