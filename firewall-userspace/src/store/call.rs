//! The call log: what is told of each call, as it goes on, and for a while after its end.
//!
//! Owns: its rows as others see them, and finding them. Refuses: following calls, and what their records mean.
mod keep;
mod sums;
mod write;

use rusqlite::types::Value;
use rusqlite::{Row, params, params_from_iter};

use super::row::parsed;
use super::{Result, Store};
use crate::call_log::{Numbering, Side};
use crate::engine::call::{Call, Leg, Stream};

pub use keep::Keep;
pub use sums::{CallSums, Hour, Sum};
pub(super) use write::write;

/// A call that is to be kept: as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct NewCall {
    /// The call.
    pub call: Box<Call>,
    /// The names of its legs' peers, in the order of the legs; none for a leg whose remote party is no peer.
    pub peers: Vec<Option<String>>,
    /// Who called, and who was called.
    pub sides: Box<[Side; 2]>,
}

impl NewCall {
    /// One with these peers, and with parties as they stand there.
    pub fn new(call: Box<Call>, peers: Vec<Option<String>>) -> Self {
        let mut new = Self { call, peers, sides: Box::default() };
        new.read(&Numbering::default());
        new
    }

    /// Reads its parties' numbers, and masks them.
    pub fn read(&mut self, numbering: &Numbering) {
        *self.sides = [&self.call.from, &self.call.to].map(|name| numbering.side(name));
        if self.call.class.is_none() {
            self.call.class = numbering.class(&self.call.to);
        }
        for name in [&mut self.call.from, &mut self.call.to] {
            *name = numbering.shown(name);
        }
    }

    /// By what it is told from others: a Call-ID may come again.
    pub(super) fn key(&self) -> String {
        format!("{}{:x}", name(self.call.id), self.call.started)
    }

    /// About how many bytes of memory it takes.
    pub(super) fn size(&self) -> usize {
        let call = &self.call;
        let text = call.from.len() + call.to.len() + call.agent.len() + call.callee_agent.len();
        let keys: usize = self.sides.iter().map(|side| side.key.len() + size_of::<Side>()).sum();
        let streams: usize = call.legs.iter().map(|leg| leg.streams.len()).sum();
        let legs = call.legs.len() * size_of::<Leg>() + streams * (size_of::<Stream>() + 64);
        size_of::<Call>() + text + keys + legs + call.ladder.weight()
    }
}

/// A call as the database holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredCall {
    /// The call.
    pub call: Call,
    /// The names that its legs' peers had when the call was seen.
    pub peers: Vec<Option<String>>,
    /// The country of whoever was called, where that is known.
    pub country: Option<String>,
    /// Whether that is abroad.
    pub is_international: bool,
    /// Unix milliseconds of the last change.
    pub updated: i64,
}

/// Which calls are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Only those that go on.
    pub live: bool,
    /// Only those that were refused, or would have been.
    pub refused: bool,
    /// Only those to numbers abroad.
    pub international: bool,
    /// Only those that began at this time or later, Unix milliseconds.
    pub since: Option<i64>,
    /// Only those that began before this time, Unix milliseconds.
    pub until: Option<i64>,
    /// Only those of callers whose key begins so; see [`Side::key`].
    pub from: Option<String>,
    /// Only those to callees whose key begins so.
    pub to: Option<String>,
    /// Only those with this peer.
    pub peer: Option<String>,
}

impl CallFilter {
    /// Whether few calls are like that, and an index finds them.
    const fn is_narrow(&self) -> bool {
        self.live || self.from.is_some() || self.to.is_some()
    }

    /// The condition, and what stands for its question marks.
    fn condition(&self) -> (String, Vec<Value>) {
        let mut given: Vec<Value> = Vec::new();
        let mut all = vec!["1".to_owned()];
        let mut add = |condition: &str, values: Vec<Value>| {
            all.push(condition.to_owned());
            given.extend(values);
        };
        for (holds, condition) in
            [(self.live, "live"), (self.refused, "refused > 0"), (self.international, "international")]
        {
            if holds {
                add(condition, vec![]);
            }
        }
        for (time, condition) in [(self.since, "started >= ?"), (self.until, "started < ?")] {
            time.into_iter().for_each(|time| add(condition, vec![time.into()]));
        }
        for (key, condition) in
            [(&self.from, "from_key >= ? AND from_key < ?"), (&self.to, "to_key >= ? AND to_key < ?")]
        {
            // Behind everything that begins so.
            let end = |key: &String| format!("{key}\u{10ffff}");
            key.iter().for_each(|key| add(condition, vec![key.clone().into(), end(key).into()]));
        }
        self.peer.iter().for_each(|peer| add("peer = ?", vec![peer.clone().into()]));
        (all.join(" AND "), given)
    }
}

/// How many calls there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// Going on now.
    pub live: u64,
    /// Begun since a given time.
    pub begun: u64,
    /// Of these, refused.
    pub refused: u64,
    /// Of these, those that would have been refused, had the policy said so.
    pub objected: u64,
}

const COLUMNS: &str = "record, peers, country, international, updated";

impl Store {
    /// The newest `limit` calls of a kind, newest first.
    pub fn calls(&self, filter: &CallFilter, limit: u32) -> Result<Vec<StoredCall>> {
        let (condition, mut given) = filter.condition();
        given.push(limit.into());
        // Of few calls, the few are sorted; of many, the newest are looked at. Rows are read only of those that are wanted.
        let by = if filter.is_narrow() { "+started" } else { "started" };
        let sql = format!(
            "SELECT {COLUMNS} FROM call WHERE seq IN (SELECT seq FROM call WHERE {condition} ORDER BY {by} DESC LIMIT ?)
             ORDER BY started DESC, id"
        );
        self.read(|db| db.prepare_cached(&sql)?.query_map(params_from_iter(given), read)?.collect())
    }

    /// The calls whose id, as sixteen hexadecimal digits, begins with `prefix`; at most `limit` of them, of each id the newest.
    pub fn calls_named(&self, prefix: &str, limit: u32) -> Result<Vec<StoredCall>> {
        // No digit comes after `g`.
        let sql = format!(
            "SELECT {COLUMNS} FROM call WHERE id >= ?1 AND id < ?1 || 'g'
             GROUP BY id HAVING started = max(started) ORDER BY id LIMIT ?2"
        );
        self.read(|db| db.prepare_cached(&sql)?.query_map(params![prefix, limit], read)?.collect())
    }

    /// How many there are: those that go on, and those begun since `since` (Unix milliseconds).
    pub fn call_counts(&self, since: i64) -> Result<CallCounts> {
        let sql = "SELECT (SELECT count(*) FROM call WHERE live), (SELECT count(*) FROM call WHERE started >= ?1),
                   count(*) FILTER (WHERE refused = 2), count(*) FILTER (WHERE refused = 1)
                   FROM call WHERE refused > 0 AND started >= ?1";
        let count = |row: &Row<'_>, at| row.get::<_, i64>(at).map(i64::unsigned_abs);
        self.read(|db| {
            db.query_row(sql, [since], |row| {
                let (live, begun) = (count(row, 0)?, count(row, 1)?);
                Ok(CallCounts { live, begun, refused: count(row, 2)?, objected: count(row, 3)? })
            })
        })
    }
}

/// An id as it is shown and looked for.
pub fn name(id: u64) -> String {
    format!("{id:016x}")
}

fn read(row: &Row<'_>) -> rusqlite::Result<StoredCall> {
    Ok(StoredCall {
        call: parsed(row, 0, |text| serde_json::from_str(text).ok())?,
        peers: parsed(row, 1, |text| serde_json::from_str(text).ok())?,
        country: row.get(2)?,
        is_international: row.get(3)?,
        updated: row.get(4)?,
    })
}
