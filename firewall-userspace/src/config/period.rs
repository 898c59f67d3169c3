//! Spans of time, as people write them: `30s`, `15m`, `1h`, `1h 30m`.
//!
//! Owns: the syntax and the bounds. Refuses: parts of a second.
use std::fmt;
use std::time::Duration;

use toml::de::DeValue;

use super::problem::Fault;
use super::value::{Scalar, quoted, text};

/// A span from `MIN` to `MAX` seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period<const MIN: u64, const MAX: u64>(u64);

impl<const MIN: u64, const MAX: u64> Period<MIN, MAX> {
    /// A span that is known to be inside the bounds: where it isn't, a constant fails to compile.
    pub(super) const fn of(seconds: u64) -> Self {
        assert!(MIN <= seconds && seconds <= MAX);
        Self(seconds)
    }

    /// Seconds.
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// Milliseconds.
    pub const fn millis(self) -> i64 {
        (self.0 as i64).saturating_mul(1_000)
    }
}

impl<const MIN: u64, const MAX: u64> fmt::Display for Period<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(self.0))
    }
}

impl<const MIN: u64, const MAX: u64> Scalar for Period<MIN, MAX> {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        let hint = format!("write a time from {} to {}, such as \"15m\" or \"1h 30m\"", shown(MIN), shown(MAX));
        let span =
            humantime::parse_duration(text(value, &hint)?).map_err(|_| Fault::new("is no time", hint.clone()))?;
        let whole = span.subsec_nanos() == 0 && (MIN..=MAX).contains(&span.as_secs());
        if whole { Ok(Self(span.as_secs())) } else { Err(Fault::new("is out of range", hint)) }
    }

    fn text(&self) -> String {
        quoted(&self.to_string())
    }
}

fn shown(seconds: u64) -> String {
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}
