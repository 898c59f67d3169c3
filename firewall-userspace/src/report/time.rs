//! Times, as people read them.
//!
//! Owns: instants in local time and spans in words. Refuses: reading the clock.
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// `2026-02-03 14:05:06`, local time.
pub(crate) fn instant(unix_ms: i64) -> String {
    match Timestamp::from_millisecond(unix_ms) {
        Ok(time) => time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => format!("{unix_ms} ms"),
    }
}

/// A span in its two largest units: `3days 4h`, `2m 5s`.
pub(crate) fn span(ms: i64) -> String {
    let seconds = u64::try_from(ms / 1000).unwrap_or(0);
    let unit = match seconds {
        0..3_600 => 1,
        3_600..86_400 => 60,
        86_400..2_629_800 => 3_600,
        _ => 86_400,
    };
    humantime::format_duration(Duration::from_secs(seconds / unit * unit)).to_string()
}

/// When something ends: `in 2m 5s`, `never`.
pub(crate) fn end(expires: Option<i64>, now: i64) -> String {
    match expires {
        None => "never".to_owned(),
        Some(end) if end <= now => "ended".to_owned(),
        Some(end) => format!("in {}", span(end - now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short() {
        assert_eq!([0, 125_000, 7_260_000, 90_061_000].map(span), ["0s", "2m 5s", "2h 1m", "1day 1h"]);
        assert_eq!(end(None, 5), "never");
        assert_eq!((end(Some(5), 5), end(Some(10_005), 5)), ("ended".into(), "in 10s".into()));
    }
}
