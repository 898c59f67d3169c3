//! CSeq (RFC 3261 §20.16).
//!
//! Owns: its number and method. Refuses: comparing them with another message's.
use super::class::{BLANK, TOKEN};
use super::cursor::Cursor;
use super::number::decimal;
use super::refusal::Refusal;
use crate::sip::method::Method;

/// A request's place in its sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CSeq<'a> {
    /// Below 2³¹.
    pub number: u32,
    /// The method.
    pub method: Method,
    /// The method's name.
    pub name: &'a [u8],
}

impl<'a> CSeq<'a> {
    /// Reads a header field's value.
    pub(super) fn read(value: &'a [u8]) -> Result<Self, Refusal> {
        let mut cursor = Cursor::new(value);
        let number = decimal(cursor.digits()).filter(|number| *number < 1 << 31).ok_or(Refusal::CSeq)?;
        let parted = !cursor.run(BLANK).is_empty();
        let name = cursor.run(TOKEN);
        if !parted || name.is_empty() || !cursor.is_empty() {
            return Err(Refusal::CSeq);
        }
        Ok(Self { number, method: Method::of(name), name })
    }
}
