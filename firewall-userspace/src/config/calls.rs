//! The call log.
//!
//! Owns: the keys of `[calls]` and their defaults; docs/calls.md explains them. Refuses: what a call must be (`[media]` says
//! that).
use toml::de::DeValue;

use super::name::Text;
use super::number::Number;
use super::problem::Fault;
use super::rate::Unit;
use super::section::section;
use super::span::Span;
use super::value::{Scalar, quoted, text};

/// Digits at the end of a number that are masked at most.
const DIGITS_MAX: u8 = 15;
const MASK_HINT: &str = "write \"off\", or how many digits at the end are masked, such as \"last 3\" (1 to 15)";

/// Which digits of a number are neither kept nor shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mask {
    /// All are kept.
    #[default]
    Off,
    /// So many at the end are not.
    Last(u8),
}

impl Scalar for Mask {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        let word = text(value, MASK_HINT)?;
        if word == "off" {
            return Ok(Self::Off);
        }
        let digits = word.strip_prefix("last ").and_then(|digits| digits.parse().ok());
        let digits = digits.filter(|digits| (1..=DIGITS_MAX).contains(digits));
        digits.map(Self::Last).ok_or_else(|| Fault::new("masks no digits", MASK_HINT))
    }

    fn text(&self) -> String {
        match self {
            Self::Off => quoted("off"),
            Self::Last(digits) => quoted(&format!("last {digits}")),
        }
    }
}

section! {
    /// The call log: what is kept of every call. docs/calls.md explains it.
    Calls {
        /// Follow and keep all calls, whatever [media] demands of them. Without it, calls are followed where `media.policy`,
        /// or a peer's `media`, is not "off".
        pub log: bool = false;
        /// How many calls the database keeps, the newest.
        pub keep_calls: Number<1, 10_000_000> = Number::of(100_000);
        /// How long it keeps each after its last change.
        pub keep_for: Span<60> = Span::of(30, Unit::Day);
        /// About how many MiB they may take, the newest first; a call takes some 2 KiB.
        pub max_size: Number<1, 65_536> = Number::of(512);
        /// Which digits of callers' and callees' numbers are masked before anything is kept or shown: "off", or "last 3"
        /// for the last three. Numbers of up to six digits are extensions and stay.
        pub mask_numbers: Mask = Mask::Off;
        /// A table of rates for the estimate of what calls cost: a CSV file of prefix, price a minute and currency; ""
        /// for none.
        pub rates: Text = Text::default();
    }
}
