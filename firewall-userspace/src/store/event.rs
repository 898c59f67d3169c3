//! The ring of sampled verdicts.
//!
//! Owns: their rows and how many are kept. Refuses: sampling; the kernel does, on the daemon's budget.
use std::net::IpAddr;

use firewall_common::event::Event;
use firewall_common::reason::Reason;
use rusqlite::{Row, Transaction, params};
use serde::{Serialize, Serializer};

use super::row::parsed;
use super::{Result, Store};
use crate::clock::Clock;

/// A verdict that is to be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewEvent {
    /// Unix milliseconds.
    pub time: i64,
    /// The verdict's reason.
    #[serde(serialize_with = "as_word")]
    pub reason: Reason,
    /// Whether the packet passed all the same.
    pub monitored: bool,
    /// Source.
    pub src: IpAddr,
    /// Source port.
    pub src_port: u16,
    /// Destination.
    pub dst: IpAddr,
    /// Destination port.
    pub dst_port: u16,
    /// Transport protocol's number.
    pub protocol: u8,
    /// The frame's length in bytes.
    pub frame_len: u32,
    /// What decided ([`firewall_common::verdict::Verdict::detail`]).
    pub detail: u32,
    /// The start of the payload.
    #[serde(serialize_with = "as_lossy_text")]
    pub snapshot: Vec<u8>,
}

/// A verdict as the database holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredEvent {
    /// Grows with each event.
    pub id: i64,
    /// The verdict.
    #[serde(flatten)]
    pub event: NewEvent,
}

/// Sampled verdicts of one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSum {
    /// The reason's word.
    pub reason: String,
    /// What it means; empty for one that this program does not know.
    pub explanation: String,
    /// Whether the packets passed all the same.
    pub monitored: bool,
    /// How many.
    pub count: u64,
    /// From how many addresses.
    pub sources: u64,
}

impl NewEvent {
    /// An event of the kernel's ring; none if its reason is unknown to this program.
    pub fn from_kernel(event: &Event, clock: Clock) -> Option<Self> {
        Some(Self {
            time: clock.wall_at(event.time),
            reason: Reason::from_number(event.reason)?,
            monitored: event.monitored != 0,
            src: event.src.into(),
            src_port: event.src_port,
            dst: event.dst.into(),
            dst_port: event.dst_port,
            protocol: event.protocol,
            frame_len: event.frame_len,
            detail: event.detail,
            snapshot: event.snapshot.iter().take(event.snapshot_len.into()).copied().collect(),
        })
    }
}

impl Store {
    /// Appends events and forgets all but the newest `keep`.
    ///
    /// They may be lost when the power fails: to wait for the disk as entries do would be too much for them.
    pub fn insert_events(&mut self, events: &[NewEvent], keep: u32) -> Result<()> {
        self.read(|db| db.pragma_update(None, "synchronous", "NORMAL"))?;
        let done = self.write(|tx| {
            events.iter().try_for_each(|event| insert(tx, event))?;
            let sql = "DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - ?1";
            tx.prepare_cached(sql)?.execute([keep]).map(drop)
        });
        self.read(|db| db.pragma_update(None, "synchronous", "FULL"))?;
        done
    }

    /// The oldest `limit` events with ids above `since`; those of another version's reasons are left out.
    pub fn events(&self, since: i64, limit: u32) -> Result<Vec<StoredEvent>> {
        let sql = "SELECT * FROM event WHERE id > ?1 ORDER BY id LIMIT ?2";
        self.read(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map(params![since, limit], read)?;
            rows.filter_map(rusqlite::Result::transpose).collect()
        })
    }

    /// Those since a time (Unix milliseconds), added up by reason, most first.
    pub fn event_sums(&self, since: i64) -> Result<Vec<EventSum>> {
        let sql = "SELECT reason, monitored, count(*), count(DISTINCT src) FROM event WHERE time >= ?1
                   GROUP BY 1, 2 ORDER BY 3 DESC, 1";
        let sum = |row: &Row<'_>| {
            let reason: String = row.get(0)?;
            let known = Reason::ALL.iter().find(|known| known.word() == reason);
            let explanation = known.map(|known| known.explanation().to_owned()).unwrap_or_default();
            let count = |at| row.get::<_, i64>(at).map(i64::unsigned_abs);
            Ok(EventSum { reason, explanation, monitored: row.get(1)?, count: count(2)?, sources: count(3)? })
        };
        self.read(|db| db.prepare_cached(sql)?.query_map([since], sum)?.collect())
    }

    /// The id of the newest event, 0 if there never was one: what comes above it is new.
    pub fn last_event(&self) -> Result<i64> {
        self.read(|db| db.query_row("SELECT coalesce(max(id), 0) FROM event", [], |row| row.get(0)))
    }
}

fn insert(tx: &Transaction<'_>, e: &NewEvent) -> rusqlite::Result<()> {
    let sql = "INSERT INTO event (time, reason, monitored, src, src_port, dst, dst_port, protocol, frame_len, detail, snapshot)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    tx.prepare_cached(sql)?
        .execute(params![
            e.time,
            e.reason.word(),
            e.monitored,
            e.src.to_string(),
            e.src_port,
            e.dst.to_string(),
            e.dst_port,
            e.protocol,
            e.frame_len,
            e.detail,
            e.snapshot
        ])
        .map(drop)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Option<StoredEvent>> {
    let word: String = row.get("reason")?;
    let Some(reason) = Reason::from_word(&word) else {
        return Ok(None);
    };
    let event = NewEvent {
        time: row.get("time")?,
        reason,
        monitored: row.get("monitored")?,
        src: parsed(row, 4, |text| text.parse().ok())?,
        src_port: row.get("src_port")?,
        dst: parsed(row, 6, |text| text.parse().ok())?,
        dst_port: row.get("dst_port")?,
        protocol: row.get("protocol")?,
        frame_len: row.get("frame_len")?,
        detail: row.get("detail")?,
        snapshot: row.get("snapshot")?,
    };
    Ok(Some(StoredEvent { id: row.get("id")?, event }))
}

fn as_word<S: Serializer>(reason: &Reason, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(reason.word())
}

/// SIP is text, and what is not is of interest only as being none.
fn as_lossy_text<S: Serializer>(bytes: &[u8], serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(bytes))
}
