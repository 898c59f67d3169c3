//! The log as CSV: a line a call, for spreadsheets.
//!
//! Owns: its columns; docs/calls.md lists them. Refuses: cells that a spreadsheet would take for a formula.
use anyhow::Result;

use super::log::{media, via};
use super::{decided, duration, state, word};
use crate::store::{StoredCall, call_name};

const HEADINGS: [&str; 19] = [
    "id",
    "started",
    "answered",
    "ended",
    "seconds",
    "from",
    "to",
    "country",
    "international",
    "via",
    "result",
    "ended_by",
    "decided",
    "class",
    "attestation",
    "signature",
    "agent",
    "callee_agent",
    "media",
];

/// Calls in their order, with a heading. Times are UTC, as ISO 8601 writes them.
pub(crate) fn csv(calls: &[StoredCall]) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADINGS)?;
    for stored in calls {
        writer.write_record(row(stored).map(|cell| harmless(&cell)))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn row(stored: &StoredCall) -> [String; 19] {
    let call = &stored.call;
    let time = |time: Option<i64>| {
        time.and_then(|time| jiff::Timestamp::from_millisecond(time).ok())
            .map_or_else(String::new, |time| time.to_string())
    };
    let identity = call.identity.as_ref();
    [
        call_name(call.id),
        time(Some(call.started)),
        time(call.answered),
        time(call.ended),
        duration(call).map_or_else(String::new, |ms| format!("{}.{:03}", ms / 1_000, ms % 1_000)),
        call.from.clone(),
        call.to.clone(),
        stored.country.clone().unwrap_or_default(),
        stored.is_international.to_string(),
        via(stored).unwrap_or_default(),
        state(call.state),
        call.ended_by.map(word).unwrap_or_default(),
        decided(call).unwrap_or_default(),
        call.class.clone().unwrap_or_default(),
        identity.and_then(|identity| identity.attestation).map(word).unwrap_or_default(),
        identity.map(|identity| word(identity.verdict)).unwrap_or_default(),
        call.agent.clone(),
        call.callee_agent.clone(),
        media(call).unwrap_or_default(),
    ]
}

/// What begins with one of these signs is a formula to a spreadsheet, and the words are strangers'. A number may begin with `+`.
fn harmless(cell: &str) -> String {
    let number =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || b"-.x".contains(&byte));
    let host = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte));
    let (user, at) = cell.split_once('@').unwrap_or((cell, ""));
    match cell.chars().next() {
        Some('+') if number(&user[1..]) && host(at) => cell.to_owned(),
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{cell}"),
        _ => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::call::{Party, State};
    use crate::report::call::tests::{NOW, call, leg, sdes, stream};

    #[test]
    fn a_call_is_a_line_that_no_spreadsheet_calculates() {
        let mut stored = call(7, State::Ended, vec![leg(vec![stream("RTP/SAVP", sdes())], None)]);
        stored.call.from = "=cmd|' /C calc'!A0@a".to_owned();
        stored.call.to = "+4930123@b".to_owned();
        stored.call.agent = "a,\"b\"".to_owned();
        (stored.call.answered, stored.call.ended) = (Some(NOW - 50_000), Some(NOW - 1_500));
        stored.call.ended_by = Some(Party::Callee);
        let text = csv(&[stored]).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0].split(',').count(), HEADINGS.len());
        assert!(lines[1].starts_with("0000000000000007,2027-01-15T07:59:00Z,2027-01-15T07:59:10Z,"), "{text}");
        for holds in [
            ",48.500,'=cmd|' /C calc'!A0@a,+4930123@b,,false,in itsp,ended,callee,,,,,",
            "\"a,\"\"b\"\"\",,RTP/SAVP AES_CM_128_HMAC_SHA1_80",
        ] {
            assert!(lines[1].contains(holds), "{holds}\n{text}");
        }
        for formula in ["+1+cmd", "+@SUM(1+9)*cmd|' /C calc'!A0", "+1@a+cmd()"] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
    }
}
