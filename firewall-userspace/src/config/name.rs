//! Names and other free text.
//!
//! Owns: what may stand in a peer's name, a comment, an interface's name and a path. Refuses: what a terminal, a label of
//! a metric or the kernel could not take.
use std::fmt;
use std::path::{Path, PathBuf};

use toml::de::DeValue;

use super::problem::Fault;
use super::value::{Scalar, quoted, text};

/// The longest name, in characters.
const NAME_MAX: usize = 63;

/// A name: one line, not empty, nothing that would not be seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(String);

impl Name {
    /// Stands in for a name that is yet to be read.
    pub(super) fn blank() -> Self {
        Self(String::new())
    }

    pub(super) fn example(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Scalar for Name {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        let hint = format!("write a name of 1 to {NAME_MAX} characters on one line");
        let name = text(value, &hint)?;
        if name.is_empty() || name.chars().count() > NAME_MAX {
            return Err(Fault::new("is empty or too long", hint));
        }
        if name.chars().any(char::is_control) || name.trim() != name {
            return Err(Fault::new("has control characters, or blanks at an end", hint));
        }
        Ok(Self(name.to_owned()))
    }

    fn text(&self) -> String {
        quoted(&self.0)
    }
}

/// Any text.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Text(String);

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Scalar for Text {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        text(value, "write text in quotes").map(|t| Self(t.to_owned()))
    }

    fn text(&self) -> String {
        quoted(&self.0)
    }
}

/// The interface to protect.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Interface {
    /// The one of the default route.
    #[default]
    Auto,
    /// The one with this name.
    Named(String),
}

impl Scalar for Interface {
    /// What the kernel takes as a name: net/core/dev.c, dev_valid_name().
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        let hint = "write an interface's name such as \"eth0\", or \"auto\" for the one of the default route";
        let name = text(value, hint)?;
        let bad = |c: char| c == '/' || c == ':' || c.is_whitespace() || c.is_control();
        match name {
            "auto" => Ok(Self::Auto),
            "" | "." | ".." => Err(Fault::new("is no interface's name", hint)),
            _ if name.len() > 15 => Err(Fault::new("is longer than the 15 bytes of an interface's name", hint)),
            _ if name.contains(bad) => Err(Fault::new("has characters that no interface's name has", hint)),
            _ => Ok(Self::Named(name.to_owned())),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Auto => quoted("auto"),
            Self::Named(name) => quoted(name),
        }
    }
}

/// A directory by its absolute path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory(PathBuf);

impl Directory {
    pub(super) fn of(path: &'static str) -> Self {
        Self(path.into())
    }

    /// The path.
    pub fn as_path(&self) -> &Path {
        &self.0
    }
}

impl Scalar for Directory {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        let path = text(value, "write a path that begins with /")?;
        let clean = path.starts_with('/') && !path.contains('\0') && !path.split('/').any(|part| part == "..");
        if clean {
            Ok(Self(path.into()))
        } else {
            Err(Fault::new("is no absolute path", "begin with / and leave out .."))
        }
    }

    fn text(&self) -> String {
        quoted(&self.0.to_string_lossy())
    }
}
