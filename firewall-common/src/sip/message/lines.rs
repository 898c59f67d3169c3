//! Lines of a head.
//!
//! Owns: where they end, which of them are folded, and the name and value of a header field. Refuses: what values mean.
use super::class::{BLANK, TOKEN, is};
use super::cursor::Cursor;
use super::field::Field;
use super::refusal::Refusal;
use super::text::Text;
use crate::sip::window::{lowest_index, lowest_zero, repeat};

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

/// The lines from some place on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    /// From the line on that begins at `at`.
    pub(super) const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// Where the next line begins.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// The next line, without its end.
    pub(super) fn start_line(&mut self) -> Result<&'a [u8], Refusal> {
        let start = self.at;
        self.at = line_end(self.bytes, start)?;
        Ok(self.bytes.get(start..self.at - 2).unwrap_or_default())
    }

    /// The next header field; none when the empty line is next, which is taken.
    pub(super) fn header(&mut self) -> Result<Option<Header<'a>>, Refusal> {
        let start = self.at;
        let mut end = line_end(self.bytes, start)?;
        if end == start + 2 {
            self.at = end;
            return Ok(None);
        }
        while matches!(self.bytes.get(end).ok_or(Refusal::Unfinished)?, b' ' | b'\t') {
            end = line_end(self.bytes, end)?;
        }
        self.at = end;
        header(self.bytes.get(start..end - 2).unwrap_or_default()).map(Some)
    }
}

/// The offset behind the line end that comes next.
fn line_end(bytes: &[u8], from: usize) -> Result<usize, Refusal> {
    let at =
        find(bytes, from, |word| lowest_zero(word) | of(word, b'\r') | of(word, b'\n')).ok_or(Refusal::Unfinished)?;
    match (bytes.get(at), bytes.get(at + 1)) {
        (Some(b'\r'), Some(b'\n')) => Ok(at + 2),
        (Some(b'\r'), None) => Err(Refusal::Unfinished),
        (Some(0), _) => Err(Refusal::Nul),
        _ => Err(Refusal::LineEnd),
    }
}

/// Marks the lowest byte that is `byte`.
const fn of(word: u64, byte: u8) -> u64 {
    lowest_zero(word ^ repeat(byte))
}

/// The offset of the first byte at or after `from` that `mark` marks.
fn find(bytes: &[u8], from: usize, mark: impl Fn(u64) -> u64) -> Option<usize> {
    let mut at = from;
    let mut rest = bytes.get(from..)?;
    while let Some((word, later)) = rest.split_first_chunk() {
        let found = mark(u64::from_le_bytes(*word));
        if found != 0 {
            return Some(at + lowest_index(found) as usize);
        }
        (at, rest) = (at + 8, later);
    }
    // Filled up with spaces, which nobody looks for.
    let mut word = [b' '; 8];
    word.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
    let found = mark(u64::from_le_bytes(word));
    (found != 0).then(|| at + lowest_index(found) as usize)
}

/// The offset of the first line feed at or after `from`.
pub(super) fn line_feed(bytes: &[u8], from: usize) -> Option<usize> {
    find(bytes, from, |word| of(word, b'\n'))
}

/// Parts a field into name and value (RFC 3261 §7.3.1).
fn header(line: &[u8]) -> Result<Header<'_>, Refusal> {
    let mut cursor = Cursor::new(line);
    let name = cursor.run(TOKEN);
    while cursor.eat(b' ') || cursor.eat(b'\t') {}
    if name.is_empty() || !cursor.eat(b':') {
        return Err(Refusal::HeaderName);
    }
    cursor.blanks();
    let value = cursor.rest();
    let len = value.iter().rposition(|byte| !is(*byte, BLANK)).map_or(0, |last| last + 1);
    let value = cursor.take(len);
    Ok(Header { field: Field::of(name), name, value: Text::folded(value, value.contains(&b'\r')) })
}
