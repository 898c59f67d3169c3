//! Entries and bans, as tables and JSON.
//!
//! Owns: their columns. Refuses: their order.
use std::collections::HashMap;

use comfy_table::Table;
use serde::Serialize;

use super::evidence;
use super::number::grouped;
use super::table;
use super::text::{plain, shorten};
use super::time::{end, instant};
use crate::entries::{StoredEntry, prefix_text};

/// An entry and how many packets it decided.
#[derive(Serialize)]
pub(crate) struct Listed {
    /// The entry.
    #[serde(flatten)]
    pub(crate) entry: StoredEntry,
    /// Packets; nothing where no instance is loaded.
    pub(crate) hits: Option<u64>,
}

impl Listed {
    pub(crate) fn new(entry: StoredEntry, hits: Option<&HashMap<u32, u64>>) -> Self {
        let hits = hits.map(|hits| hits.get(&entry.id).copied().unwrap_or(0));
        Self { entry, hits }
    }
}

/// The operator's entries.
pub(crate) fn table(listed: &[Listed], now: i64) -> Table {
    let mut table = table::table(&["PREFIX", "SCOPE", ">HITS", "ADDED", "ENDS", "BY", "COMMENT"]);
    for Listed { entry, hits } in listed {
        table.add_row([
            prefix_text(entry.prefix),
            entry.scope.to_string(),
            hits_text(*hits),
            instant(entry.created),
            end(entry.expires, now),
            said(entry.author.as_deref()),
            said(entry.comment.as_deref()),
        ]);
    }
    table
}

/// The firewall's bans.
pub(crate) fn bans(listed: &[Listed], now: i64) -> Table {
    let mut table = table::table(&["SOURCE", "SCOPE", ">HITS", "BANNED", "ENDS", ">STEP", "EVIDENCE"]);
    for Listed { entry, hits } in listed {
        table.add_row([
            prefix_text(entry.prefix),
            entry.scope.to_string(),
            hits_text(*hits),
            instant(entry.created),
            end(entry.expires, now),
            entry.step.to_string(),
            evidence(entry),
        ]);
    }
    table
}

/// One entry in a few words: `deny entry 7 of 203.0.113.0/24 (scans; ends in 2h; by root)`.
pub(crate) fn sentence(entry: &StoredEntry, now: i64) -> String {
    let ends = entry.expires.map(|_| format!("ends {}", end(entry.expires, now)));
    let by = entry.author.as_deref().map(|author| format!("by {}", plain(author)));
    let notes: Vec<String> = entry.comment.as_deref().map(plain).into_iter().chain(ends).chain(by).collect();
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
    let what = if entry.kind == crate::entries::Kind::Ban { "ban".into() } else { format!("{} entry", entry.kind) };
    format!("{what} {} of {}{notes}", entry.id, prefix_text(entry.prefix))
}

/// Evidence in one line.
pub(crate) fn evidence(entry: &StoredEntry) -> String {
    entry.evidence.as_ref().map_or_else(|| "-".to_owned(), |e| shorten(&evidence::sentence_of(e), 60))
}

fn hits_text(hits: Option<u64>) -> String {
    hits.map_or_else(|| "-".to_owned(), grouped)
}

fn said(text: Option<&str>) -> String {
    text.map_or_else(|| "-".to_owned(), plain)
}
