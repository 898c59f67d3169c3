//! Rates with a burst, as people write them: `10/s burst 20`, `30/min`, `50/10s`.
//!
//! Owns: the syntax, its bounds, and the way into the kernel's [`Limit`]. Refuses: a rate of 0, which would be a rule and
//! not a rate, and what the limiter's nanoseconds could not keep to within a percent.
use std::fmt;
use std::str::FromStr;

use firewall_common::limiter::Limit;
use toml::de::DeValue;

use super::problem::Fault;
use super::value::{Scalar, quoted, text};

const HINT: &str = "write a rate such as \"10/s burst 20\", \"30/min\" or \"50/10s\", or \"none\"";
const NANOSECONDS: u64 = 1_000_000_000;
/// Seconds of a day.
pub(super) const DAY: u64 = 86_400;
/// The longest that a spent burst may take to come back.
const REFILL_MAX: u64 = 366 * DAY;
/// The shortest time between two packets: below it, a nanosecond of rounding is more than a percent.
const INTERVAL_MIN: u64 = 100;

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
}

impl Unit {
    pub(super) const ALL: [Self; 4] = [Self::Second, Self::Minute, Self::Hour, Self::Day];

    /// How long it is.
    pub(super) const fn seconds(self) -> u64 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => DAY,
        }
    }

    /// How it may be written; the first is how it is shown.
    pub(super) const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Second => &["s", "sec", "second", "seconds"],
            Self::Minute => &["min", "m", "minute", "minutes"],
            Self::Hour => &["h", "hour", "hours"],
            Self::Day => &["d", "day", "days"],
        }
    }
}

/// A rate, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(Option<Paced>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Paced {
    count: u32,
    every: u32,
    unit: Unit,
    burst: u32,
}

impl Rate {
    /// No limit.
    pub const NONE: Self = Self(None);

    /// A rate that is known to be right.
    pub(super) const fn per(count: u32, unit: Unit, burst: u32) -> Self {
        assert!(count > 0 && burst > 0);
        Self(Some(Paced { count, every: 1, unit, burst }))
    }

    /// The rate as the kernel's limiter takes it.
    pub fn limit(self) -> Limit {
        self.0.map_or(Limit::NONE, |p| Limit::new(p.count, p.period(), p.burst))
    }

    /// How many may come at once; nothing without a limit.
    pub fn burst(self) -> Option<u32> {
        self.0.map(|p| p.burst)
    }
}

impl Paced {
    /// Nanoseconds; a day's fit.
    fn period(self) -> u64 {
        u64::from(self.every) * self.unit.seconds() * NANOSECONDS
    }

    fn checked(self) -> Result<Self, Fault> {
        let zero = |what| Err(Fault::new(what, "write \"none\" for no limit, or deny what must not pass"));
        if self.count == 0 {
            return zero("a limit of 0 lets nothing pass");
        }
        if self.burst == 0 {
            return zero("a burst of 0 lets nothing pass");
        }
        if self.every == 0 || u64::from(self.every) * self.unit.seconds() > DAY {
            return Err(Fault::new("the time is out of range", "write a time from 1s to 1d"));
        }
        let interval = self.period() / u64::from(self.count);
        if interval < INTERVAL_MIN {
            return Err(Fault::new("is faster than 10,000,000 a second", "write \"none\" for no limit"));
        }
        if u128::from(interval) * u128::from(self.burst) > u128::from(REFILL_MAX * NANOSECONDS) {
            return Err(Fault::new("the burst would take more than a year to come back", "write a smaller burst"));
        }
        Ok(self)
    }
}

impl FromStr for Rate {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let (rate, burst) = match words[..] {
            ["none"] => return Ok(Self::NONE),
            [rate] => (rate, None),
            [rate, "burst", burst] => (rate, Some(number(burst, "the burst")?)),
            _ => return Err(Fault::new("is no rate", HINT)),
        };
        let (count, period) = rate.split_once('/').ok_or_else(|| Fault::new("is no rate", HINT))?;
        let count = number(count, "the count")?;
        let (every, unit) = parse_period(period)?;
        // A burst of one asks for perfect spacing, so nobody gets it without having said so.
        let burst = burst.unwrap_or(count.max(2));
        let burst = if count == 0 { 1 } else { burst };
        Paced { count, every, unit, burst }.checked().map(|p| Self(Some(p)))
    }
}

/// A whole number of 32 bits.
pub(super) fn number(text: &str, what: &str) -> Result<u32, Fault> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let n = text.parse().ok().filter(|_| digits);
    n.ok_or_else(|| Fault::new(format!("{what} is no whole number up to {}", u32::MAX), HINT))
}

/// `s`, `10s`, `min`, `5min`, …
pub(super) fn parse_period(text: &str) -> Result<(u32, Unit), Fault> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (every, word) = text.split_at(digits);
    let every = if every.is_empty() { 1 } else { number(every, "the time")? };
    let unit = Unit::ALL.into_iter().find(|u| u.words().contains(&word));
    let unit = unit.ok_or_else(|| Fault::new(format!("\"{word}\" is no unit of time"), "units are s, min, h and d"))?;
    Ok((every, unit))
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Paced { count, every, unit, burst }) = self.0 else {
            return f.write_str("none");
        };
        let every = if every == 1 { String::new() } else { every.to_string() };
        write!(f, "{count}/{every}{} burst {burst}", unit.words()[0])
    }
}

impl Scalar for Rate {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        text(value, HINT)?.parse()
    }

    fn text(&self) -> String {
        quoted(&self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_mean_what_they_say() {
        for (text, want) in [
            ("none", Limit::NONE),
            ("10/s burst 20", Limit::per_second(10, 20)),
            ("10/s", Limit::per_second(10, 10)),
            ("1/s", Limit::per_second(1, 2)),
            ("30/min", Limit::new(1, 2 * NANOSECONDS, 30)),
            ("50/10s burst 7", Limit::new(50, 10 * NANOSECONDS, 7)),
            ("1/d burst 1", Limit::new(1, DAY * NANOSECONDS, 1)),
        ] {
            assert_eq!(text.parse::<Rate>().unwrap().limit(), want, "{text}");
        }
    }

    #[test]
    fn rates_read_back_as_they_are_shown() {
        for text in ["none", "10/s burst 20", "30/min burst 1", "50/10s burst 50", "2/h burst 2", "1/d burst 9"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_rate_says_why() {
        for (text, why) in [
            ("0/s", "a limit of 0"),
            ("0/s burst 5", "a limit of 0"),
            ("5/s burst 0", "a burst of 0"),
            ("5", "is no rate"),
            ("", "is no rate"),
            ("5/s 10", "is no rate"),
            ("5/s burst", "is no rate"),
            ("-5/s", "the count is no whole number"),
            ("1.5/s", "the count is no whole number"),
            ("5000000000/s", "the count is no whole number"),
            ("5/s burst +1", "the burst is no whole number"),
            ("5/fortnight", "\"fortnight\" is no unit of time"),
            ("5/", "\"\" is no unit of time"),
            ("5/0s", "the time is out of range"),
            ("5/2d", "the time is out of range"),
            ("5/4294967295d", "the time is out of range"),
            ("20000000/s", "faster than 10,000,000"),
            ("1/d burst 400", "more than a year"),
            ("1/d burst 4294967295", "more than a year"),
        ] {
            let fault = text.parse::<Rate>().unwrap_err();
            assert!(fault.message.contains(why), "{text}: {fault}");
        }
    }
}
