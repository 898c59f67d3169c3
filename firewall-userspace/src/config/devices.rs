//! Which devices are remembered, and which firmware they must have at least.
//!
//! Owns: the keys of `[devices]` and `[[devices.minimum]]`; docs/devices.md explains them. Refuses: comparing.
use toml::de::DeValue;

use super::name::Text;
use super::number::Number;
use super::problem::Fault;
use super::rate::Unit;
use super::section::section;
use super::span::Span;
use super::value::{Item, Scalar, quoted, text};
use super::word::{Word, vocabulary};
use crate::devices::{Pattern, Version};

vocabulary! {
    /// What follows for a device with an old firmware.
    OldFirmware {
        /// It is listed as out of date.
        List = "list",
        /// An alarm besides.
        Alarm = "alarm",
        /// The device is blocked.
        Refuse = "refuse",
    }
}

/// A pattern of vendors and models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model(Pattern);

impl Model {
    /// The pattern.
    pub fn pattern(&self) -> &Pattern {
        &self.0
    }
}

impl Scalar for Model {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        let hint = "write a vendor and a model such as \"Yealink T46*\"; * stands for anything";
        let pattern = text(value, hint)?.trim();
        if pattern.is_empty() || pattern.len() > 64 || pattern.chars().any(char::is_control) {
            return Err(Fault::new("is empty, too long, or has control characters", hint));
        }
        Ok(Self(Pattern::new(pattern)))
    }

    fn text(&self) -> String {
        quoted(self.0.as_str())
    }
}

/// A version of firmware.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firmware(Option<Version>);

impl Firmware {
    /// The version; that of a config that was read is there.
    pub fn version(&self) -> Option<&Version> {
        self.0.as_ref()
    }
}

impl Scalar for Firmware {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        let hint = "write a version such as \"66.86.0.15\"";
        let version = text(value, hint)?;
        let known = Version::parse(version).filter(|_| version.len() <= 64);
        known.map(|version| Self(Some(version))).ok_or_else(|| Fault::new("is no version", hint))
    }

    fn text(&self) -> String {
        quoted(self.0.as_ref().map_or("", Version::as_str))
    }
}

section! {
    /// The firmware that devices of a model must have at least. The first one whose model fits a device counts for it.
    Minimum {
        /// The vendor and the model as `sipfw devices list` shows them, in either case; * stands for anything.
        pub model: Model = Model(Pattern::new("*"));
        /// The oldest version that is good enough.
        pub firmware: Firmware = Firmware(None);
        /// What follows for an older one: "list" (it is listed as out of date), "alarm", or "refuse": the device is blocked
        /// as by `sipfw devices block`.
        pub action: OldFirmware = OldFirmware::List;
        /// For whoever reads this next.
        pub comment: Text = Text::default();
    }
}

impl Item for Minimum {
    const REQUIRED: &'static [&'static str] = &["model", "firmware"];

    fn blank() -> Self {
        Self::default()
    }

    fn example() -> Self {
        let model = Model(Pattern::new("Yealink T46*"));
        Self { model, firmware: Firmware(Version::parse("66.86.0.15")), ..Self::default() }
    }

    fn remarks() -> String {
        String::new()
    }
}

section! {
    /// The inventory of devices, from registrations that the server accepted. What a device is, it says itself.
    Devices {
        /// Whether devices are remembered.
        pub inventory: bool = true;
        /// How many are remembered at most. When there are more, those that were seen longest ago go; none that is blocked.
        pub keep: Number<100, 1_000_000> = Number::of(10_000);
        /// How long one is remembered after it was seen last.
        pub forget: Span<3_600> = Span::of(90, Unit::Day);
        minimum: Vec<Minimum> = Vec::new();
    }
}

impl Devices {
    /// The firmware that is good enough.
    pub fn minimums(&self) -> &[Minimum] {
        &self.minimum
    }
}
