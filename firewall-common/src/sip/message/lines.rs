//! Lines of a head.
//!
//! Owns: where they end, which of them are folded, and the name and value of a header field. Refuses: what values mean.
use super::class::{BLANK, TOKEN, is};
use super::cursor::Cursor;
use super::field::Field;
use super::find::{find, line_marks};
use super::refusal::Refusal;
use super::text::Text;

/// One header field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// Which it is, if its meaning is known.
    pub field: Field,
    /// Its name as it stands in the message.
    pub name: &'a [u8],
    /// Its value without white space around it.
    pub value: Text<'a>,
}

/// The most lines of a head, the folded ones counted.
const LINES_MAX: u16 = 128;

/// The lines from some place on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    taken: u16,
}

impl<'a> Lines<'a> {
    /// From the line on that begins at `at`.
    pub(super) const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, taken: 0 }
    }

    /// Where the next line begins.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// The next line, without its end.
    pub(super) fn start_line(&mut self) -> Result<&'a [u8], Refusal> {
        let start = self.at;
        self.line()?;
        Ok(self.since(start))
    }

    /// The next header field; none when the empty line is next, which is taken.
    pub(super) fn header(&mut self) -> Result<Option<Header<'a>>, Refusal> {
        let start = self.at;
        self.line()?;
        if self.at == start + 2 {
            return Ok(None);
        }
        let mut folded = false;
        while matches!(self.bytes.get(self.at).ok_or(Refusal::Unfinished)?, b' ' | b'\t') {
            self.line()?;
            folded = true;
        }
        header(self.since(start), folded).map(Some)
    }

    /// Takes one line.
    fn line(&mut self) -> Result<(), Refusal> {
        self.at = line_end(self.bytes, self.at)?;
        self.taken += 1;
        if self.taken <= LINES_MAX { Ok(()) } else { Err(Refusal::TooManyLines) }
    }

    /// What was taken since `start`, without the last line end.
    fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at - 2).unwrap_or_default()
    }
}

/// The offset behind the line end that comes next.
fn line_end(bytes: &[u8], from: usize) -> Result<usize, Refusal> {
    let at = find(bytes, from, line_marks).ok_or(Refusal::Unfinished)?;
    match (bytes.get(at), bytes.get(at + 1)) {
        (Some(b'\r'), Some(b'\n')) => Ok(at + 2),
        (Some(b'\r'), None) => Err(Refusal::Unfinished),
        (Some(0), _) => Err(Refusal::Nul),
        _ => Err(Refusal::LineEnd),
    }
}

/// Parts a field into name and value (RFC 3261 §7.3.1).
fn header(line: &[u8], folded: bool) -> Result<Header<'_>, Refusal> {
    let mut cursor = Cursor::new(line);
    let name = cursor.run(TOKEN);
    while cursor.eat(b' ') || cursor.eat(b'\t') {}
    if name.is_empty() || !cursor.eat(b':') {
        return Err(Refusal::HeaderName);
    }
    cursor.blanks();
    let value = trim_end(cursor.rest());
    let folds = folded && value.contains(&b'\r');
    Ok(Header { field: Field::of(name), name, value: Text::folded(value, folds) })
}

/// Without the white space at the end.
pub(super) fn trim_end(mut value: &[u8]) -> &[u8] {
    while let [rest @ .., last] = value
        && is(*last, BLANK)
    {
        value = rest;
    }
    value
}
