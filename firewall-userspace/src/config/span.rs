//! Lengths of time, numbers within them, and ladders of them, as people write them: `10min`, `5/10min`, `["10min", "1h"]`.
//!
//! Owns: the syntax and its bounds. Refuses: fractions, and lengths that are no whole number of one unit.
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use toml::de::DeValue;

use super::problem::Fault;
use super::rate::{DAY, Unit, number, parse_period};
use super::reader::{Node, Reader};
use super::value::{Scalar, Shown, Value, quoted, read_array, text};

/// The longest time that a key takes: a year.
const SPAN_MAX: u32 = 366 * DAY as u32;
/// The most steps of a ladder.
const STEPS_MAX: usize = 16;

const SPAN_HINT: &str = "write a time such as \"30s\", \"10min\", \"1h\" or \"7d\"";
const ALLOWANCE_HINT: &str = "write a number within a time, such as \"5/10min\" or \"20/24h\", or \"none\"";
const LADDER_HINT: &str = "write a list of times such as [\"10min\", \"1h\", \"1d\"]";

/// A length of time in whole seconds, at least `MIN` and at most `MAX` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span<const MIN: u32 = 1, const MAX: u32 = SPAN_MAX>(u32);

impl<const MIN: u32, const MAX: u32> Span<MIN, MAX> {
    /// A length that is known to be inside the bounds: where it isn't, a constant fails to compile.
    pub(super) const fn of(count: u32, unit: Unit) -> Self {
        let seconds = count * unit.seconds() as u32;
        assert!(MIN <= seconds && seconds <= MAX);
        Self(seconds)
    }

    /// Whole seconds.
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// The same as a duration.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

impl<const MIN: u32, const MAX: u32> FromStr for Span<MIN, MAX> {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        if !text.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(Fault::new("is no length of time", SPAN_HINT));
        }
        let (count, unit) = parse_period(text)?;
        let seconds = u64::from(count) * unit.seconds();
        let inside = u32::try_from(seconds).ok().filter(|s| (MIN..=MAX).contains(s));
        inside.map(Self).ok_or_else(|| Fault::new("is out of range", format!("write {} to {}", shown(MIN), shown(MAX))))
    }
}

impl<const MIN: u32, const MAX: u32> fmt::Display for Span<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(self.0))
    }
}

/// Seconds in the largest unit of which they are a whole number.
fn shown(seconds: u32) -> String {
    let fits = |unit: &Unit| seconds != 0 && u64::from(seconds) % unit.seconds() == 0;
    let unit = Unit::ALL.into_iter().rev().find(fits).unwrap_or(Unit::Second);
    format!("{}{}", u64::from(seconds) / unit.seconds(), unit.words()[0])
}

impl<const MIN: u32, const MAX: u32> Scalar for Span<MIN, MAX> {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        text(value, SPAN_HINT)?.parse()
    }

    fn text(&self) -> String {
        quoted(&self.to_string())
    }
}

/// A number within a time that is too many: `5/10min`; or none, and then no number is. At most `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance<const MAX: u32>(Option<(u32, Span<1, { DAY as u32 }>)>);

impl<const MAX: u32> Allowance<MAX> {
    /// One that is known to be right.
    pub(super) const fn of(count: u32, every: u32, unit: Unit) -> Self {
        assert!(0 < count && count <= MAX);
        Self(Some((count, Span::of(every, unit))))
    }

    /// The number and the seconds; none when no number is too many.
    pub fn get(self) -> Option<(u32, u32)> {
        self.0.map(|(count, within)| (count, within.seconds()))
    }
}

impl<const MAX: u32> FromStr for Allowance<MAX> {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        if text == "none" {
            return Ok(Self(None));
        }
        let (count, within) =
            text.split_once('/').ok_or_else(|| Fault::new("is no number in a time", ALLOWANCE_HINT))?;
        let count = number(count, "the number")?;
        if count == 0 || count > MAX {
            return Err(Fault::new("the number is out of range", format!("write 1 to {MAX} of them, or \"none\"")));
        }
        let (every, unit) = parse_period(within)?;
        let within = format!("{every}{}", unit.words()[0]).parse()?;
        Ok(Self(Some((count, within))))
    }
}

impl<const MAX: u32> fmt::Display for Allowance<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((count, within)) => write!(f, "{count}/{within}"),
            None => f.write_str("none"),
        }
    }
}

impl<const MAX: u32> Scalar for Allowance<MAX> {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        text(value, ALLOWANCE_HINT)?.parse()
    }

    fn text(&self) -> String {
        quoted(&self.to_string())
    }
}

/// Times of which none is shorter than the one before it; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder(Vec<Span>);

impl Ladder {
    /// One that is known to be right.
    pub(super) fn of(steps: &[Span]) -> Self {
        assert!(!steps.is_empty() && steps.is_sorted());
        Self(steps.to_vec())
    }

    /// Seconds of each step.
    pub fn seconds(&self) -> Vec<u32> {
        self.0.iter().map(|step| step.seconds()).collect()
    }
}

impl Value for Ladder {
    fn read(&mut self, node: &Node<'_>, reader: &mut Reader<'_, '_>) {
        let Some(steps) = read_array(node, reader, LADDER_HINT, Span::parse) else { return };
        if steps.is_empty() || steps.len() > STEPS_MAX {
            return reader.error(node, Fault::new(format!("a ladder has 1 to {STEPS_MAX} steps"), LADDER_HINT));
        }
        if !steps.is_sorted() {
            return reader.error(node, Fault::new("a step is shorter than the one before it", LADDER_HINT));
        }
        self.0 = steps;
    }

    fn show(&self) -> Shown {
        let steps: Vec<String> = self.0.iter().map(Scalar::text).collect();
        Shown::Inline(format!("[{}]", steps.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_mean_what_they_say_and_read_back() {
        for (text, seconds, back) in [
            ("30s", 30, "30s"),
            ("90s", 90, "90s"),
            ("10min", 600, "10min"),
            ("60min", 3_600, "1h"),
            ("24h", 86_400, "1d"),
            ("7days", 604_800, "7d"),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!((span.seconds(), span.to_string().as_str()), (seconds, back));
        }
    }

    #[test]
    fn what_is_no_length_says_why() {
        for (text, why) in [
            ("", "is no length of time"),
            ("min", "is no length of time"),
            ("10", "\"\" is no unit of time"),
            ("10fortnights", "is no unit of time"),
            ("0s", "is out of range"),
            ("400d", "is out of range"),
            ("4294967295d", "is out of range"),
        ] {
            let fault = text.parse::<Span>().unwrap_err();
            assert!(fault.message.contains(why), "{text}: {fault}");
        }
        assert!("9s".parse::<Span<10, 20>>().is_err_and(|fault| fault.hint == "write 10s to 20s"));
    }

    #[test]
    fn allowances_are_numbers_in_times() {
        for (text, want, back) in [
            ("5/10min", Some((5, 600)), "5/10min"),
            ("20/24h", Some((20, 86_400)), "20/1d"),
            ("1/s", Some((1, 1)), "1/1s"),
            ("none", None, "none"),
        ] {
            let allowance: Allowance<20> = text.parse().unwrap();
            assert_eq!((allowance.get(), allowance.to_string().as_str()), (want, back));
        }
        for (text, why) in [
            ("5", "is no number in a time"),
            ("0/1h", "the number is out of range"),
            ("21/1h", "the number is out of range"),
            ("x/1h", "the number is no whole number"),
            ("5/2d", "is out of range"),
            ("5/0s", "is out of range"),
            ("5/", "is no unit of time"),
        ] {
            let fault = text.parse::<Allowance<20>>().unwrap_err();
            assert!(fault.message.contains(why), "{text}: {fault}");
        }
    }
}
