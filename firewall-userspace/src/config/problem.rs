//! What is wrong with a config file, in words for the person who wrote it.
//!
//! Owns: the record of a problem, how it prints, and where it stands. Refuses: finding problems.
use std::fmt::{self, Write as _};

use serde::Serialize;

/// Whether a problem keeps the config from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The config is not used.
    Error,
    /// The config is used, and probably does not do what was meant.
    Warning,
}

/// A place in a file; both counts begin at 1, columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Whether it is fatal.
    pub severity: Severity,
    /// The file, as it was named.
    pub file: String,
    /// Where in the file; nothing for a problem of the file as a whole.
    #[serde(flatten)]
    pub position: Option<Position>,
    /// The key's path, such as `strangers.limits.register` or `peer[2].prefixes[1]` (counted from 1); empty when the
    /// problem is no key's.
    pub key: String,
    /// The value as it is written in the file, shortened; empty when there is none.
    pub value: String,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: String,
}

impl Problem {
    /// Whether it keeps the config from being used.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        printable(&self.file, f)?;
        if let Some(Position { line, column }) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        if self.severity == Severity::Warning {
            f.write_str(": warning")?;
        }
        for part in [&self.key, &self.value, &self.message].into_iter().filter(|part| !part.is_empty()) {
            f.write_str(": ")?;
            printable(part, f)?;
        }
        if !self.hint.is_empty() {
            f.write_str("; ")?;
        }
        printable(&self.hint, f)
    }
}

/// Text from a file, without the power to move a terminal's cursor.
fn printable(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    text.chars().try_for_each(|c| if c.is_control() { write!(f, "{}", c.escape_default()) } else { f.write_char(c) })
}

impl std::error::Error for Problem {}

/// What is wrong with one value, before anyone knows where it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {hint}")]
pub struct Fault {
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: String,
}

impl Fault {
    /// A fault from its two sentences.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}
