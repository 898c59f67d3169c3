//! What must survive a restart, as records that a store keeps.
//!
//! Owns: their form, their keys, and when each is worth nothing any more. Refuses: files and databases; and secrets: of
//! accounts and users only keyed hashes stand here, of nonces and digests nothing.
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// The key of every hash that the engine makes. A store makes one of the system's randomness, once, and keeps it beside
/// the records: under another key their hashes mean nothing. Who knows it can choose names that count as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key(pub [u64; 2]);

/// With what the keys of all pairs of a source begin; behind it stands the account's hash.
pub(crate) fn pairs_of(source: u64) -> String {
    format!("pair {source:016x} ")
}

/// One record, to be kept in the place of the one with the same key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What it is about, as a short text: `source 203.0.113.7`, `account 93f1…`, `pair 5ac0… 93f1…`: accounts, and the
    /// sources of pairs, by their hashes.
    pub key: String,
    /// Unix milliseconds from which it says nothing any more and may be deleted; not after the time of writing: delete it
    /// at once.
    pub ends: i64,
    /// What it says.
    pub state: State,
}

/// What a record is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A source.
    Source(Source),
    /// An account, over all sources.
    Account(Account),
    /// One account at one source.
    Pair(Pair),
    /// The countries that were called.
    Countries(Countries),
}

/// What counts against a source. Only what is proven is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Whose, at a source's width.
    pub source: Option<IpAddr>,
    /// Unix milliseconds of the last failures, oldest first.
    pub failures: Vec<i64>,
    /// Failures by part of the slow rule's time, oldest first.
    pub slow: Vec<u8>,
    /// Unix milliseconds at which the last of those parts began.
    pub slow_at: i64,
    /// Different accounts that failed, in the short and in the long time.
    pub accounts: [Tally; 2],
    /// Unix milliseconds of the last success of an account that never registered; 0 for none.
    pub authenticated: i64,
    /// The step of the ladder that the last ban stood on; 0 for none.
    pub step: u32,
    /// Unix milliseconds of the last ban's end; 0 for none.
    pub ban_ends: i64,
    /// Users whom the server refused: hashes.
    pub users: Vec<u16>,
    /// Unix milliseconds from which they count.
    pub users_at: i64,
    /// Requests that the server refused as malformed.
    pub malformed: Tally,
}

/// What counts against an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The account's hash.
    pub account: u64,
    /// Unix milliseconds of the last failures and the sources' hashes, oldest first.
    pub failures: Vec<(i64, u32)>,
}

/// What counts against an account at one source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// The source's hash.
    pub source: u64,
    /// The account's hash.
    pub account: u64,
    /// Failures in the short and in the long time.
    pub failures: [Tally; 2],
    /// Unix milliseconds of the last success, if the account never registered there; 0 for none.
    pub authenticated: i64,
}

/// The countries that were called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Countries {
    /// Unix milliseconds of the first call that was counted; 0 for none.
    pub since: i64,
    /// Their words.
    pub known: Vec<String>,
}

/// A number that counts from a time on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Unix milliseconds.
    pub since: i64,
    /// How many.
    pub count: u16,
}

/// A registration, as [`super::command::Promote`] told it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registrant {
    /// Whose, at a source's width.
    pub source: IpAddr,
    /// The account.
    pub account: String,
    /// Unix milliseconds of the registration's end, grace included.
    pub until: i64,
    /// Unix milliseconds until which the source is remembered.
    pub known_until: i64,
}
