//! How a feed stands, in numbers.
//!
//! Owns: the record that status and `sipfw feed list` show. Refuses: keeping what was counted.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a feed has counted since it was started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Lines, blocks or objects that were read.
    pub lines: u64,
    /// Events that were handed on.
    pub events: u64,
    /// Lines that are not believed, by the reason's word.
    pub refused: BTreeMap<String, u64>,
    /// Events that were over the feed's rate, or came while the daemon was too busy.
    pub dropped: u64,
    /// Unix milliseconds of the last event.
    pub last_event: Option<i64>,
    /// What keeps the feed from working now.
    pub trouble: Option<String>,
}

/// A feed and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedStatus {
    /// Its name in the config.
    pub name: String,
    /// Its kind in the config.
    pub kind: String,
    /// The file, the socket or the address.
    pub place: String,
    /// Its numbers.
    #[serde(flatten)]
    pub counts: Counts,
}
