//! What a list is: where it comes from and what it may become.
//!
//! Owns: the record, the same for lists of the config and of the command, and the way from a text to a location. Refuses:
//! fetching.
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The most prefixes that a list may have, unless it is told otherwise.
pub(crate) const MAX_ENTRIES: u32 = 100_000;
/// How many times larger or smaller a list may become at once, unless it is told otherwise.
pub(crate) const MAX_CHANGE: u32 = 10;
/// The shortest prefixes that a list may have, unless it is told otherwise: the largest blocks that one organisation is
/// likely to hold.
pub(crate) const WIDEST: (u32, u32) = (8, 19);

/// One list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSpec {
    /// By what it is called.
    pub name: String,
    /// Where it is.
    pub location: Location,
    /// Milliseconds between two looks; none: only when someone asks for it.
    pub every: Option<i64>,
    /// What it looks like.
    pub format: Format,
    /// The file that holds the key of APIBAN's API.
    pub key_file: Option<PathBuf>,
    /// The most prefixes that it may have.
    pub max_entries: u32,
    /// How many times larger or smaller it may become at once.
    pub max_change: u32,
    /// The shortest prefix of IPv4 that it may have.
    pub widest_v4: u32,
    /// The shortest prefix of IPv6 that it may have.
    pub widest_v6: u32,
}

impl ListSpec {
    /// A list with the usual bounds, looked at when someone asks for it.
    pub fn new(name: &str, location: Location) -> Self {
        Self {
            name: name.to_owned(),
            location,
            every: None,
            format: Format::Auto,
            key_file: None,
            max_entries: MAX_ENTRIES,
            max_change: MAX_CHANGE,
            widest_v4: WIDEST.0,
            widest_v6: WIDEST.1,
        }
    }
}

/// The form of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JSON if it begins like that, otherwise text.
    Auto,
    /// One prefix a line.
    Text,
    /// Any JSON that holds prefixes.
    Json,
    /// The pages of APIBAN's API.
    Apiban,
}

/// Where a list is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Location {
    /// On a web server.
    Url(String),
    /// On this machine.
    File(PathBuf),
}

/// Why a text is no location.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LocationError {
    /// Neither `http://host…` nor `https://host…`.
    #[error("is no URL; write one that begins with https:// or http:// and a host")]
    NoUrl,
    /// `user:password@host`.
    #[error("carries a password, which would be shown and logged; a list has to be readable without one")]
    Password,
}

impl Location {
    /// A URL.
    pub fn url(text: &str) -> Result<Self, LocationError> {
        let rest =
            text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or(LocationError::NoUrl)?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if host.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(LocationError::NoUrl);
        }
        if host.contains('@') { Err(LocationError::Password) } else { Ok(Self::Url(text.to_owned())) }
    }

    /// A URL if it begins like one, otherwise a file.
    pub fn of(text: &str) -> Result<Self, LocationError> {
        if text.contains("://") { Self::url(text) } else { Ok(Self::File(PathBuf::from(text))) }
    }

    /// A name for a list from here: the host, or the file's name without its ending.
    pub fn suggested_name(&self) -> String {
        match self {
            Self::Url(url) => {
                let host = url.split("://").nth(1).unwrap_or_default().split(['/', '?', '#', ':']).next();
                host.unwrap_or_default().trim_start_matches("www.").to_owned()
            }
            Self::File(path) => {
                path.file_stem().unwrap_or(Path::new("list").as_os_str()).to_string_lossy().into_owned()
            }
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.write_str(url),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_url_or_a_file() {
        assert_eq!(
            Location::of("https://example.net/drop.txt"),
            Ok(Location::Url("https://example.net/drop.txt".into()))
        );
        assert_eq!(Location::of("/etc/sipfw/bad.txt"), Ok(Location::File("/etc/sipfw/bad.txt".into())));
        for text in ["ftp://example.net/x", "https://", "https:///x", "http://a b/"] {
            assert_eq!(Location::of(text), Err(LocationError::NoUrl), "{text}");
        }
        assert_eq!(Location::of("https://me:secret@example.net/"), Err(LocationError::Password));
        assert!(Location::of("https://example.net/@x").is_ok());
    }

    #[test]
    fn a_list_without_a_name_is_called_by_its_place() {
        let name = |text: &str| Location::of(text).unwrap().suggested_name();
        assert_eq!(name("https://www.example.net:8443/a?b"), "example.net");
        assert_eq!(name("/var/lib/lists/drop.v4.txt"), "drop.v4");
    }
}
