//! Addresses: a URI with a display name and parameters, or without (RFC 3261 §20.10, §25.1).
//!
//! Owns: their parts. Refuses: which header field they stand in.
use super::class::{DISPLAY, SCHEME, VALUE};
use super::cursor::Cursor;
use super::lines::trim_end;
use super::list::Element;
use super::number::decimal;
use super::params::{Param, Params, once};
use super::refusal::Refusal;
use super::text::Text;
use super::uri::Uri;

/// An address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// The display name, if there is one.
    pub display: Option<Text<'a>>,
    /// The URI.
    pub uri: Uri<'a>,
    /// The tag.
    pub tag: Option<&'a [u8]>,
    /// All parameters.
    pub params: Params<'a>,
}

impl<'a> NameAddr<'a> {
    /// Reads an address that is all of `value`.
    pub(super) fn read_all(value: &'a [u8]) -> Result<Self, Refusal> {
        let mut cursor = Cursor::new(value);
        let address = Self::read(&mut cursor)?;
        cursor.blanks();
        if cursor.is_empty() { Ok(address) } else { Err(Refusal::Parameter) }
    }

    /// The seconds of an `expires` parameter; none if it is no number below 2³².
    pub fn expires(&self) -> Option<u32> {
        decimal(self.params.get(b"expires")?.value?.raw())
    }
}

impl<'a> Element<'a> for NameAddr<'a> {
    #[inline(always)]
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, Refusal> {
        let (display, uri) = match cursor.peek() {
            Some(b'"') => {
                let display = cursor.quoted()?;
                cursor.blanks();
                (Some(display), in_brackets(cursor)?)
            }
            _ => unquoted(cursor)?,
        };
        let uri = Uri::read(uri)?;
        let before = *cursor;
        let (mut tag, mut expires) = (None, None);
        while let Some(param) = Param::next(cursor)? {
            if param.is(b"tag") {
                once(&mut tag, param.bare()?)?;
            } else if param.is(b"expires") {
                once(&mut expires, ())?;
            }
        }
        Ok(Self { display, uri, tag, params: Params::new(before.until(cursor)) })
    }
}

/// A display name without quotes and a URI in brackets, or a URI alone. The first `<` or `:` decides.
fn unquoted<'a>(cursor: &mut Cursor<'a>) -> Result<(Option<Text<'a>>, &'a [u8]), Refusal> {
    let before = *cursor;
    let display = cursor.run(DISPLAY);
    if cursor.peek() == Some(b'<') {
        let display = trim_end(display);
        let text = Text::folded(display, display.contains(&b'\r'));
        return Ok(((!display.is_empty()).then_some(text), in_brackets(cursor)?));
    }
    *cursor = before;
    cursor.run(SCHEME);
    if !cursor.eat(b':') {
        return Err(Refusal::DisplayName);
    }
    cursor.run(VALUE);
    let uri = before.until(cursor);
    // RFC 3261 §20.10: with a comma, a semicolon or a question mark, a URI must stand in brackets.
    if uri.contains(&b'?') { Err(Refusal::BareUri) } else { Ok((None, uri)) }
}

fn in_brackets<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], Refusal> {
    if !cursor.eat(b'<') {
        return Err(Refusal::DisplayName);
    }
    let len = cursor.rest().iter().position(|byte| *byte == b'>').ok_or(Refusal::Uri)?;
    let uri = cursor.take(len);
    cursor.eat(b'>');
    Ok(uri)
}

/// What a Contact names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contact<'a> {
    /// `*`: every binding, to remove it (RFC 3261 §10.2.2).
    All,
    /// One address.
    Address(NameAddr<'a>),
}

impl<'a> Element<'a> for Contact<'a> {
    #[inline(always)]
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, Refusal> {
        let mut ahead = *cursor;
        if ahead.eat(b'*') {
            ahead.blanks();
            if ahead.is_empty() {
                *cursor = ahead;
                return Ok(Self::All);
            }
        }
        NameAddr::read(cursor).map(Self::Address)
    }
}
