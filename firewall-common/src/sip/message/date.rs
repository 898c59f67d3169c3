//! Date (RFC 3261 §20.17).
//!
//! Owns: telling whether its zone is GMT. Refuses: calendars.
use super::class::{BLANK, is};
use super::refusal::Refusal;

/// Checks a header field's value: `Sat, 13 Nov 2010 23:29:00 GMT`.
pub(super) fn check(value: &[u8]) -> Result<(), Refusal> {
    let mut words = value.split(|byte| is(*byte, BLANK)).filter(|word| !word.is_empty());
    let zone = words.next_back().unwrap_or_default();
    if zone.eq_ignore_ascii_case(b"GMT") { Ok(()) } else { Err(Refusal::Date) }
}
