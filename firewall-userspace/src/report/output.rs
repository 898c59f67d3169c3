//! Where an answer goes.
//!
//! Owns: standard output, and the choice between text and JSON. Refuses: standard error (warnings and progress go there
//! and are never part of an answer).
use std::fmt;
use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write};

use anyhow::{Context as _, Result};
use serde::Serialize;

/// Standard output.
pub(crate) struct Output {
    writer: BufWriter<Stdout>,
    json: bool,
}

impl Output {
    /// Output in JSON or in text.
    pub(crate) fn stdout(json: bool) -> Self {
        Self { writer: BufWriter::new(io::stdout()), json }
    }

    /// Whether the answer is to be JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a person reads it as it comes.
    pub(crate) fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// A line of text.
    pub(crate) fn line(&mut self, line: impl fmt::Display) -> Result<()> {
        writeln!(self.writer, "{line}").context("printing the answer")
    }

    /// Text that brings its own line ends.
    pub(crate) fn text(&mut self, text: impl fmt::Display) -> Result<()> {
        write!(self.writer, "{text}").context("printing the answer")
    }

    /// A JSON document, indented, since people look at it too.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string_pretty(value).context("writing JSON")?;
        self.line(text)
    }

    /// One of many JSON documents, in one line.
    pub(crate) fn json_line(&mut self, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(value).context("writing JSON")?;
        self.line(text)
    }

    /// Hands over what is still held back.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.writer.flush().context("printing the answer")
    }
}
