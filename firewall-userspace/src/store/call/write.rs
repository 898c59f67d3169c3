//! Writing a call down.
//!
//! Owns: its columns. Refuses: reading them.
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{NewCall, name};
use crate::engine::call::{Call, State};
use crate::store::row::parsed;

/// In the column `refused`: it was not.
const NOT: i64 = 0;
/// In the column `refused`: it would have been.
const WOULD: i64 = 1;
/// In the column `refused`: it was.
const WAS: i64 = 2;

/// What cannot change is written once, so that the indexes of it are left alone.
const SQL: &str = "INSERT INTO call (id, started, updated, live, refused, state, status, answered, ended, duration, inbound, source,
         peer, from_key, to_key, country, international, decided, class, peers, record)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)
     ON CONFLICT (id, started) DO UPDATE SET updated = excluded.updated, live = excluded.live, refused = excluded.refused,
         state = excluded.state, status = excluded.status, answered = excluded.answered, ended = excluded.ended,
         duration = excluded.duration, peer = excluded.peer, decided = excluded.decided, class = excluded.class,
         peers = excluded.peers, record = excluded.record
     WHERE excluded.updated >= updated";

/// Writes a call in the place of what was known of it; an older record never takes the place of a newer one.
pub(in crate::store) fn write(db: &Connection, new: &NewCall, time: i64) -> rusqlite::Result<()> {
    let peers = named(db, new)?;
    let (call, [from, to]) = (&*new.call, &*new.sides);
    let first = call.legs.first();
    let duration = call.answered.map(|answered| call.ended.unwrap_or(answered).saturating_sub(answered).max(0));
    let by = call.decided.as_ref().map(|decided| decided.by.as_str());
    let (state, status) = (word(call.state), status(call));
    // Texts and numbers, without maps, always become JSON.
    let row = params![
        name(call.id),
        call.started,
        time,
        matches!(call.state, State::Calling | State::Up),
        refused(call),
        state,
        status,
        call.answered,
        call.ended,
        duration,
        first.map(|leg| leg.inbound),
        first.map(|leg| leg.remote.ip().to_string()),
        peers.iter().flatten().next(),
        from.key,
        to.key,
        to.country,
        to.is_international,
        by,
        call.class,
        json(&peers),
        json(call),
    ];
    db.prepare_cached(SQL)?.execute(row).map(drop)
}

/// The names of its legs' peers. A leg keeps the one that it had when it was seen first: ids mean other peers after a reload.
fn named(db: &Connection, new: &NewCall) -> rusqlite::Result<Vec<Option<String>>> {
    let read = |row: &rusqlite::Row<'_>| parsed(row, 0, |text| serde_json::from_str(text).ok());
    let mut known = db.prepare_cached("SELECT peers FROM call WHERE id = ?1 AND started = ?2")?;
    let before = known.query_row(params![name(new.call.id), new.call.started], read).optional()?;
    let mut peers: Vec<Option<String>> = before.unwrap_or_default();
    peers.truncate(new.peers.len());
    peers.extend_from_slice(&new.peers[peers.len()..]);
    Ok(peers)
}

const fn word(state: State) -> &'static str {
    match state {
        State::Calling => "calling",
        State::Up => "up",
        State::Ended => "ended",
        State::Cancelled => "cancelled",
        State::Failed(_) => "failed",
        State::Refused => "refused",
        State::Lost => "lost",
    }
}

/// The status of the last answer to its INVITE, where that is known.
fn status(call: &Call) -> Option<u16> {
    let refusal = || call.legs.iter().any(|leg| leg.refusal.is_some()).then_some(488);
    match call.state {
        State::Failed(status) => Some(status),
        State::Refused => call.decided.as_ref().map_or_else(refusal, |decided| decided.status),
        State::Cancelled => Some(487),
        State::Up | State::Ended if call.answered.is_some() => Some(200),
        _ => None,
    }
}

fn refused(call: &Call) -> i64 {
    let of = |enforced| if enforced { WAS } else { WOULD };
    let legs = call.legs.iter().filter_map(|leg| leg.refusal.as_ref()).map(|refusal| refusal.enforced);
    legs.chain(call.decided.as_ref().map(|decided| decided.enforced)).map(of).max().unwrap_or(NOT)
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
