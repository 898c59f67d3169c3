//! Block lists that others publish.
//!
//! Owns: the keys of `[[blocklist]]`. Refuses: fetching (see [`crate::lists`]), and which keys go together (see `check`).
use std::path::PathBuf;

use toml::de::DeValue;

use super::name::Name;
use super::number::Number;
use super::period::Period;
use super::problem::Fault;
use super::section::section;
use super::value::{Item, Scalar, quoted, text};
use super::word::Word;
use crate::lists::{Format, ListSpec, Location};

impl Word for Format {
    const ALL: &'static [Self] = &[Self::Auto, Self::Text, Self::Json, Self::Apiban];
    fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Text => "text",
            Self::Json => "json",
            Self::Apiban => "apiban",
        }
    }
}

/// A list's URL, or none.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ListUrl(Option<Location>);

impl ListUrl {
    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }
}

impl Scalar for ListUrl {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        let text = text(value, "write a URL in quotes")?;
        if text.is_empty() {
            return Ok(Self(None));
        }
        let location =
            Location::url(text).map_err(|error| Fault::new(error.to_string(), "write the list's address"))?;
        Ok(Self(Some(location)))
    }

    fn text(&self) -> String {
        quoted(&self.0.as_ref().map(ToString::to_string).unwrap_or_default())
    }
}

/// A file by its absolute path, or none.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ListFile(Option<PathBuf>);

impl ListFile {
    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }
}

impl Scalar for ListFile {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        match text(value, "write a path in quotes")? {
            "" => Ok(Self(None)),
            path if path.starts_with('/') && !path.contains('\0') => Ok(Self(Some(path.into()))),
            _ => Err(Fault::new("is no absolute path", "begin with /")),
        }
    }

    fn text(&self) -> String {
        quoted(&self.0.as_ref().map(|path| path.display().to_string()).unwrap_or_default())
    }
}

section! {
    /// A list of prefixes to deny that somebody else publishes. It is kept apart from the entries of `sipfw deny`: an
    /// allow entry always wins over it, and it never holds for a peer. docs/lists.md says how it is read and checked.
    Blocklist {
        /// What it is called by `sipfw feed` and `sipfw explain`.
        pub name: Name = Name::blank();
        /// Where it is: an http:// or https:// address. For APIBAN's list it may be left out.
        pub url: ListUrl = ListUrl::default();
        /// Where it is, if it is a file on this machine.
        pub file: ListFile = ListFile::default();
        /// How often it is looked at.
        pub every: Period<60, 2_592_000> = Period::of(3_600);
        /// What it looks like: "text" (a prefix or range a line), "json", "apiban" (APIBAN's API), or "auto" to see.
        pub format: Format = Format::Auto;
        /// A file that holds the key of APIBAN's API and nothing else.
        pub key_file: ListFile = ListFile::default();
        /// The most prefixes that it may have; with more it is refused, and the version before stays.
        pub max_entries: Number<1, 1_000_000> = Number::of(crate::lists::MAX_ENTRIES);
        /// How many times larger or smaller it may become at once without being refused.
        pub max_change: Number<2, 1_000_000> = Number::of(crate::lists::MAX_CHANGE);
        /// With an IPv4 prefix shorter than this it is refused.
        pub widest_v4: Number<0, 32> = Number::of(crate::lists::WIDEST.0);
        /// With an IPv6 prefix shorter than this it is refused.
        pub widest_v6: Number<0, 128> = Number::of(crate::lists::WIDEST.1);
    }
}

impl Blocklist {
    /// The list as it is fetched.
    pub fn spec(&self) -> ListSpec {
        let file = || self.file.0.clone().map(Location::File);
        let location = self.url.0.clone().or_else(file).unwrap_or_else(ListSpec::apiban);
        ListSpec {
            name: self.name.to_string(),
            location,
            every: Some(self.every.millis()),
            format: self.format,
            key_file: self.key_file.0.clone(),
            max_entries: self.max_entries.get(),
            max_change: self.max_change.get(),
            widest_v4: self.widest_v4.get(),
            widest_v6: self.widest_v6.get(),
        }
    }
}

impl Item for Blocklist {
    const REQUIRED: &'static [&'static str] = &["name"];

    fn blank() -> Self {
        Self::default()
    }

    fn example() -> Self {
        let url = Location::url("https://lists.example.net/sip-scanners.txt").ok();
        Self { name: Name::example("scanners"), url: ListUrl(url), ..Self::default() }
    }

    fn remarks() -> String {
        String::new()
    }
}
