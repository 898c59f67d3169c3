//! The log as a table: a line a call.
//!
//! Owns: its columns. Refuses: which calls.
use comfy_table::Table;

use super::{decided, duration, word};
use crate::engine::call::{Call, Keys};
use crate::report::table;
use crate::report::text::{plain, shorten};
use crate::report::time::{instant, span};
use crate::store::{StoredCall, call_name};

/// Digits of an id that are shown.
const SHOWN: usize = 12;
/// The widest that a party is.
const PARTY: usize = 32;

/// Calls in their order.
pub(crate) fn log(calls: &[StoredCall], now: i64) -> Table {
    let mut table = table::table(&[
        "CALL", "STARTED", ">LASTS", "FROM", "TO", "VIA", "COUNTRY", "RESULT", "ENDED BY", "DECIDED", "MEDIA",
    ]);
    for stored in calls {
        let call = &stored.call;
        let lasts = duration(call).or_else(|| call.answered.filter(|_| call.ended.is_none()).map(|at| now - at));
        let dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        table.add_row([
            call_name(call.id)[..SHOWN].to_owned(),
            instant(call.started),
            dash(lasts.map(span)),
            shorten(&plain(&call.from), PARTY),
            shorten(&plain(&call.to), PARTY),
            dash(via(stored)),
            dash(stored.country.as_deref().map(plain)),
            super::state(call.state),
            dash(call.ended_by.map(word)),
            dash(decided(call)),
            dash(media(call)),
        ]);
    }
    table
}

/// `in itsp`, `out 198.51.100.7`: each leg's way and remote party.
pub(super) fn via(stored: &StoredCall) -> Option<String> {
    let legs = stored.call.legs.iter().enumerate().map(|(at, leg)| {
        let name = stored.peers.get(at).and_then(Option::as_deref);
        let who = name.map_or_else(|| leg.remote.ip().to_string(), plain);
        format!("{} {who}", if leg.inbound { "in" } else { "out" })
    });
    let all = legs.collect::<Vec<_>>().join(", ");
    (!all.is_empty()).then_some(all)
}

/// The profile and the suite of each leg's first stream: `RTP/SAVP AES_CM_128_HMAC_SHA1_80`.
pub(super) fn media(call: &Call) -> Option<String> {
    let mut all: Vec<String> = call
        .legs
        .iter()
        .filter_map(|leg| leg.streams.first())
        .map(|stream| match &stream.keys {
            None => plain(&stream.profile),
            Some(Keys::Sdes(suite)) => format!("{} {}", plain(&stream.profile), plain(suite)),
            Some(Keys::Dtls) => format!("{} DTLS", plain(&stream.profile)),
        })
        .collect();
    all.dedup();
    (!all.is_empty()).then(|| all.join(", "))
}
