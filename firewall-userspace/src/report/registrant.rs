//! Registrants, one row a source.
//!
//! Owns: gathering a source's accounts, its columns and its JSON. Refuses: who is one.
use comfy_table::Table;
use firewall_common::addr::Prefix;
use serde::Serialize;

use super::table;
use super::text::{listed, plain, shorten};
use super::time::{end, instant};
use crate::entries::prefix_text;
use crate::store::StoredRegistrant;

/// The widest that the accounts of a source are shown.
const WIDEST: usize = 60;

/// A source and its accounts.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct OfSource {
    /// The source.
    #[serde(serialize_with = "crate::entries::as_text")]
    pub(crate) source: Prefix,
    /// Whether it is a registrant now; if not, it is known from a registration that has ended.
    pub(crate) trusted: bool,
    /// Unix milliseconds of its first registration.
    pub(crate) since: i64,
    /// Unix milliseconds of the end of its last registration.
    pub(crate) until: i64,
    /// Unix milliseconds until which it is known.
    pub(crate) known_until: i64,
    /// Its registrations.
    pub(crate) accounts: Vec<StoredRegistrant>,
}

/// Gathers rows that are in the order of sources.
pub(crate) fn by_source(rows: Vec<StoredRegistrant>, now: i64) -> Vec<OfSource> {
    let mut all: Vec<OfSource> = Vec::new();
    for row in rows {
        match all.last_mut().filter(|last| last.source == row.source) {
            Some(last) => last.take(row, now),
            None => all.push(OfSource::begin(row, now)),
        }
    }
    all
}

impl OfSource {
    fn begin(row: StoredRegistrant, now: i64) -> Self {
        Self {
            source: row.source,
            trusted: row.until > now,
            since: row.created,
            until: row.until,
            known_until: row.known_until,
            accounts: vec![row],
        }
    }

    fn take(&mut self, row: StoredRegistrant, now: i64) {
        self.trusted |= row.until > now;
        self.since = self.since.min(row.created);
        self.until = self.until.max(row.until);
        self.known_until = self.known_until.max(row.known_until);
        self.accounts.push(row);
    }
}

/// Sources in their order.
pub(crate) fn table(sources: &[OfSource], now: i64) -> Table {
    let mut table = table::table(&["SOURCE", "ACCOUNTS", "SINCE", "ENDS", "KNOWN"]);
    for of in sources {
        let accounts: Vec<String> = of.accounts.iter().map(|one| plain(&one.account)).collect();
        table.add_row([
            prefix_text(of.source),
            shorten(&listed(&accounts), WIDEST),
            instant(of.since),
            end(Some(of.until), now),
            known(of.known_until, now),
        ]);
    }
    table
}

fn known(until: i64, now: i64) -> String {
    if until > now { format!("for {}", super::time::span(until - now)) } else { "no longer".to_owned() }
}
