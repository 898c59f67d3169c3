//! A place in a value that is being read.
//!
//! Owns: taking runs of bytes, separators with white space around them, and quoted strings. Refuses: knowing what they
//! mean.
use super::class::{BLANK, is};
use super::find::{find, marks};
use super::refusal::Refusal;
use super::text::Text;

/// What is left to read.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Takes `byte` if it is the next.
    #[inline]
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.rest.strip_prefix(&[byte]);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    /// Takes `len` bytes, or what there is.
    #[inline]
    pub(super) fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    /// Takes the bytes up to the first that is not of the class.
    #[inline]
    pub(super) fn run(&mut self, class: u16) -> &'a [u8] {
        self.take(self.rest.iter().position(|byte| !is(*byte, class)).unwrap_or(self.rest.len()))
    }

    /// Takes decimal digits.
    pub(super) fn digits(&mut self) -> &'a [u8] {
        self.take(self.rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(self.rest.len()))
    }

    /// Takes white space, and tells whether there was any.
    #[inline]
    pub(super) fn blanks(&mut self) -> bool {
        let any = self.peek().is_some_and(|byte| is(byte, BLANK));
        if any {
            self.run(BLANK);
        }
        any
    }

    /// Takes a separator with the white space around it, if it is the next (`SEMI`, `EQUAL`, … of RFC 3261 §25.1).
    #[inline]
    pub(super) fn mark(&mut self, byte: u8) -> bool {
        let mut ahead = *self;
        ahead.blanks();
        let found = ahead.eat(byte);
        if found {
            ahead.blanks();
            *self = ahead;
        }
        found
    }

    /// Takes a quoted string whose opening quote is the next.
    pub(super) fn quoted(&mut self) -> Result<Text<'a>, Refusal> {
        self.take(1);
        let (mut len, mut plain) = (0, true);
        loop {
            len = quote_mark(self.rest, len).ok_or(Refusal::Quote)?;
            match (self.rest.get(len), self.rest.get(len + 1)) {
                (Some(b'"'), _) => break,
                // A line end cannot be escaped.
                (Some(b'\\'), Some(b'\r')) => return Err(Refusal::Quote),
                (Some(b'\\'), _) => len += 2,
                _ => len += 1,
            }
            plain = false;
        }
        let text = Text::quoted(self.take(len), plain);
        self.take(1);
        Ok(text)
    }

    /// A quoted string, or else the bytes up to the first that is not of the class.
    pub(super) fn text(&mut self, class: u16) -> Result<Text<'a>, Refusal> {
        if self.peek() == Some(b'"') { self.quoted() } else { Ok(Text::plain(self.run(class))) }
    }

    /// The bytes that `later`, which began as a copy of this one, has taken since.
    pub(super) fn until(&self, later: &Self) -> &'a [u8] {
        self.rest.get(..self.rest.len() - later.rest.len()).unwrap_or_default()
    }
}

/// The offset of the first byte at or after `from` that has a meaning inside of quotes.
#[inline]
fn quote_mark(bytes: &[u8], from: usize) -> Option<usize> {
    let has_meaning = |byte: u8| matches!(byte, b'"' | b'\\' | b'\r');
    // Where such bytes stand close together, looking at eight at once is a waste.
    match bytes.get(from) {
        Some(byte) if has_meaning(*byte) => Some(from),
        _ => find(bytes, from, |word| marks(word, b'"') | marks(word, b'\\') | marks(word, b'\r')),
    }
}
