//! Whole numbers inside bounds.
//!
//! Owns: the two kinds of number that keys take. Refuses: numbers outside their bounds, at compile time for defaults and
//! as a fault for files.
use toml::de::DeValue;

use super::problem::Fault;
use super::value::{Scalar, wrong_type};

/// A number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> Number<MIN, MAX> {
    /// A number that is known to be inside the bounds: where it isn't, a constant fails to compile.
    pub(super) const fn of(n: u32) -> Self {
        assert!(MIN <= n && n <= MAX);
        Self(n)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32> Scalar for Number<MIN, MAX> {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        bounded(value, MIN, MAX).map(Self)
    }

    fn text(&self) -> String {
        self.0.to_string()
    }
}

/// A power of two from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PowerOfTwo<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> PowerOfTwo<MIN, MAX> {
    /// A number that is known to be one: where it isn't, a constant fails to compile.
    pub(super) const fn of(n: u32) -> Self {
        assert!(MIN <= n && n <= MAX && n.is_power_of_two());
        Self(n)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32> Scalar for PowerOfTwo<MIN, MAX> {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        let n = bounded(value, MIN, MAX)?;
        if n.is_power_of_two() {
            return Ok(Self(n));
        }
        // Inside the bounds, which are powers of two themselves, the next one up is too.
        let (above, below) = (n.next_power_of_two(), n.next_power_of_two() / 2);
        Err(Fault::new("is no power of two", format!("the nearest are {below} and {above}")))
    }

    fn text(&self) -> String {
        self.0.to_string()
    }
}

fn bounded(value: &DeValue<'_>, min: u32, max: u32) -> Result<u32, Fault> {
    let hint = format!("write a whole number from {min} to {max}");
    let integer = value.as_integer().ok_or_else(|| wrong_type(value, &hint))?;
    let n = i128::from_str_radix(integer.as_str(), integer.radix()).ok().and_then(|n| u32::try_from(n).ok());
    n.filter(|n| (min..=max).contains(n)).ok_or_else(|| Fault::new("is out of range", hint))
}
