//! When calls look like fraud, and what follows.
//!
//! Owns: the keys of `[fraud]`, their words and defaults; docs/fraud.md argues them. Refuses: counting anything, and which numbers
//! may be called at all (`[numbers]` has that).
use std::fmt;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use toml::de::DeValue;

use super::number::Number;
use super::problem::Fault;
use super::rate::Unit;
use super::section::section;
use super::span::{Allowance, Span};
use super::value::{Scalar, quoted, text};
use super::word::{Word, vocabulary};

vocabulary! {
    /// What follows when a limit is passed.
    Response {
        /// Nothing.
        Off = "off",
        /// An alarm.
        Alarm = "alarm",
        /// An alarm, and the called prefix is blocked for the source.
        Block = "block",
        /// A ban of the source.
        Ban = "ban",
    }
}

vocabulary! {
    /// Which calls count.
    Counted {
        /// Those to other countries, and to numbers of a class.
        Abroad = "abroad",
        /// Those to any number.
        All = "all",
    }
}

const WINDOW_HINT: &str = "write the hours in which nobody should call, such as \"22:00-06:00\", or \"none\"";

/// A part of each day, in local time; or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window(Option<(u16, u16)>);

impl Window {
    const NONE: Self = Self(None);

    /// Its first minute of the day, and the one behind its last; it may go over midnight.
    pub fn get(self) -> Option<(u16, u16)> {
        self.0
    }

    fn parse_text(text: &str) -> Option<Self> {
        if text == "none" {
            return Some(Self::NONE);
        }
        let (from, to) = text.split_once('-')?;
        let minute = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            let time = Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()?;
            u16::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).ok()
        };
        let (from, to) = (minute(from)?, minute(to)?);
        (from != to).then_some(Self(Some((from, to))))
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((from, to)) => write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60),
            None => f.write_str("none"),
        }
    }
}

impl Scalar for Window {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        Self::parse_text(text(value, WINDOW_HINT)?).ok_or_else(|| Fault::new("is no part of a day", WINDOW_HINT))
    }

    fn text(&self) -> String {
        quoted(&self.to_string())
    }
}

section! {
    /// Limits of calls, for stolen accounts: they hold where calls are followed, by account and by source. What follows is
    /// "alarm", "block" (and an alarm: for block_for, the source cannot call numbers that begin like the called one), "ban" or
    /// "off". A source is only blocked or banned if the call is proven to be its own; a peer only raises an alarm.
    Fraud {
        /// Which calls count: those "abroad" (to other countries, and to numbers of a class) or "all".
        pub counts: Counted = Counted::Abroad;
        /// How many calls an account may have at once; 0: any number.
        pub concurrent: Number<0, 10_000> = Number::of(5);
        /// What follows from that.
        pub concurrent_then: Response = Response::Alarm;
        /// How many calls of an account within a time are too many.
        pub calls: Allowance<1_000> = Allowance::of(10, 1, Unit::Minute);
        /// What follows from that.
        pub calls_then: Response = Response::Alarm;
        /// How many minutes an account may talk in 24 hours; 0: any number.
        pub minutes: Number<0, 100_000> = Number::of(180);
        /// What follows from that.
        pub minutes_then: Response = Response::Alarm;
        /// How many different numbers that differ only in their last three digits are too many for an account within a time.
        pub sequence: Allowance<250> = Allowance::of(5, 10, Unit::Minute);
        /// What follows from that.
        pub sequence_then: Response = Response::Alarm;
        /// What follows from the first call ever to a country, whoever makes it.
        pub new_country_then: Response = Response::Alarm;
        /// For how long after the first such call countries are only learned.
        pub learn: Span = Span::of(14, Unit::Day);
        /// The hours in which calls that count are out of place, in this system's local time: "22:00-06:00", or "none".
        pub night: Window = Window::NONE;
        /// What follows from that.
        pub night_then: Response = Response::Alarm;
        /// A redirection, or a transfer, of somebody's to a number that may not be called.
        pub transfers_then: Response = Response::Alarm;
        /// A source, of which all accounts count together, may have so many times as much as one account.
        pub source_multiple: Number<1, 1_000> = Number::of(10);
        /// Numbers of one class may have one part in so many of the same limits.
        pub class_divisor: Number<1, 100> = Number::of(2);
        /// How long a prefix is blocked for a source.
        pub block_for: Span = Span::of(1, Unit::Hour);
        /// How many digits of a number the blocked prefix has; 0 blocks all numbers abroad.
        pub block_digits: Number<0, 15> = Number::of(4);
        /// The same rule raises one alarm about an account or a source in this time.
        pub again: Span = Span::of(1, Unit::Hour);
    }
}

impl Fraud {
    /// The time by which the night is told.
    pub fn zone(&self) -> TimeZone {
        TimeZone::system()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_parts_of_a_day() {
        for (text, want) in [("none", None), ("22:00-06:00", Some((1_320, 360))), ("0:00-23:59", Some((0, 1_439)))] {
            assert_eq!(Window::parse_text(text).map(Window::get), Some(want), "{text}");
        }
        for text in ["", "22:00", "22:00-22:00", "24:00-06:00", "a-b", "22-6", "22:60-06:00"] {
            assert_eq!(Window::parse_text(text), None, "{text}");
        }
        assert_eq!(Window(Some((1_320, 365))).to_string(), "22:00-06:05");
    }
}
