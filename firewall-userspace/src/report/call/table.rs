//! Calls as a table: a row a leg, with a line for each of its streams.
//!
//! Owns: its columns. Refuses: its order.
use comfy_table::Table;

use super::{Noted, Signs, keys, word};
use crate::engine::call::{Call, Leg, Stream};
use crate::report::number::grouped;
use crate::report::table;
use crate::report::text::{plain, shorten};
use crate::report::time::{instant, span};
use crate::store::{StoredCall, call_name};

/// Digits of an id that are shown: two of a hundred thousand calls share so many by a chance of one in fifty thousand.
const SHOWN: usize = 12;
/// The widest that a party is.
const PARTY: usize = 32;

/// Calls in their order.
pub(crate) fn table(calls: &[StoredCall], noted: Option<&Noted>, signs: Signs, now: i64) -> Table {
    let mut table =
        table::table(&["CALL", "STATE", "STARTED", "LASTS", "FROM", "TO", "LEG", "MEDIA", ">PACKETS", "LAST"]);
    for stored in calls {
        let call = &stored.call;
        let [packets, last] = ["-"; 2].map(str::to_owned);
        if call.legs.is_empty() {
            table.add_row(head(call, now).into_iter().chain(["-".to_owned(), "-".to_owned(), packets, last]));
        }
        for (at, leg) in call.legs.iter().enumerate() {
            let begins = if at == 0 { head(call, now) } else { Default::default() };
            let name = stored.peers.get(at).and_then(Option::as_deref);
            table.add_row(begins.into_iter().chain(leg_cells(call.id, leg, name, noted, signs)));
        }
    }
    table
}

fn head(call: &Call, now: i64) -> [String; 6] {
    let lasts = call.answered.map(|answered| span(call.ended.unwrap_or(now).saturating_sub(answered)));
    [
        call_name(call.id)[..SHOWN].to_owned(),
        verdict(call),
        instant(call.started),
        lasts.unwrap_or_else(|| "-".to_owned()),
        shorten(&plain(&call.from), PARTY),
        shorten(&plain(&call.to), PARTY),
    ]
}

/// Its state, and whether that would be another one under a stricter policy.
fn verdict(call: &Call) -> String {
    let objected = call.legs.iter().filter_map(|leg| leg.refusal.as_ref()).any(|refusal| !refusal.enforced);
    let no_media = call.legs.iter().filter_map(|leg| leg.refusal.as_ref()).any(|refusal| refusal.enforced);
    match (super::state(call.state), no_media, objected) {
        (state, true, _) if state != "refused" => format!("{state}, no media"),
        (state, false, true) => format!("{state}, objected"),
        (state, ..) => state,
    }
}

fn leg_cells(call: u64, leg: &Leg, name: Option<&str>, noted: Option<&Noted>, signs: Signs) -> [String; 4] {
    let lines = |cell: &dyn Fn(&Stream) -> String| match &leg.streams[..] {
        [] => "-".to_owned(),
        streams => streams.iter().map(cell).collect::<Vec<_>>().join("\n"),
    };
    let of = |stream: &Stream| noted.and_then(|noted| noted.of_stream(call, stream).map(|of| (of, noted.clock)));
    let last = |stream: &Stream| {
        let seen = of(stream).and_then(|((_, seen), clock)| seen.map(|seen| clock.wall_ms - clock.wall_at(seen)));
        seen.map_or_else(|| "-".to_owned(), |ago| format!("{} ago", span(ago)))
    };
    [
        remote(leg, name),
        lines(&|stream| medium(stream, signs)),
        lines(&|stream| of(stream).map_or_else(|| "-".to_owned(), |((packets, _), _)| grouped(packets))),
        lines(&last),
    ]
}

/// `in itsp/udp`, `out 198.51.100.7:5060/tcp`.
fn remote(leg: &Leg, name: Option<&str>) -> String {
    let way = if leg.inbound { "in" } else { "out" };
    let who = name.map_or_else(|| leg.remote.to_string(), plain);
    format!("{way} {who}/{}", word(leg.transport))
}

/// `🔒 audio RTP/SAVP SDES AES_CM_128_HMAC_SHA1_80`.
pub(super) fn medium(stream: &Stream, signs: Signs) -> String {
    let sign = signs.of(stream.keys.is_some());
    let how = [Some(plain(&stream.profile)), keys(stream).map(|keys| plain(&keys))];
    let closed = (!stream.open).then(|| "(closed)".to_owned());
    let words = how.into_iter().flatten().chain(closed).collect::<Vec<_>>().join(" ");
    format!("{sign} {} {words}", plain(&stream.medium))
}
