//! FreeSWITCH's log: failed authentications.
//!
//! Owns: the form of the line, and why the address found in it is the one that FreeSWITCH wrote. Refuses: logs of other
//! files and levels (whatever is no warning of `sofia_reg.c` makes what follows it suspect: at level DEBUG FreeSWITCH logs
//! remote session descriptions as they came, line ends and all).
//!
//! A line, by src/switch_log.c and src/mod/endpoints/mod_sofia/sofia_reg.c (`sofia_reg_handle_register_token`):
//!
//! ```text
//! 2026-08-21 17:10:14.123456 99.87% [WARNING] sofia_reg.c:1842 SIP auth failure (REGISTER) on sofia profile 'internal'
//!     for [100@192.0.2.1] from ip 203.0.113.7
//! ```
//!
//! User and host are those of the To header: a remote party's words, which may hold "] from ip 198.51.100.1" themselves. The
//! address is therefore the one behind the *last* such words, with nothing behind it. A folded header puts a line end into
//! these words (sofia-sip's `url_canonize2` passes what stands before the first "%" unseen), but always one with a blank
//! behind it: so a line is believed once the next one does not begin with a blank (see [`super::judge`]). A "challenge" is
//! nobody's wrong: it answers a request without credentials.
use super::cursor::{Cursor, first, last};
use super::report::{Reading, Refusal, Report, source};
use crate::engine::input::FeedWhat;

/// Bytes behind a foreign line that are suspect: the longest SIP message in a datagram.
const MESSAGE_MAX: u64 = 65_536;
const FROM: &[u8] = b"] from ip ";

/// Reads one line, without its line end. `connected` are the names of the profiles that only take connections.
pub fn read(line: &[u8], connected: &[String]) -> Reading {
    let mut cursor = Cursor::new(line);
    if prefix(&mut cursor).is_none() {
        return unprefixed(line);
    }
    let Some((method, profile)) = failure(&mut cursor) else { return Reading::Other };
    let text = cursor.rest();
    let Some(at) = last(text, FROM) else { return Reading::Refused(Refusal::Cut) };
    let tried = &text[..at];
    let user = last(tried, b"@").map_or(tried, |at| &tried[..at]);
    match source(&text[at + FROM.len()..]) {
        Err(refusal) => Reading::Refused(refusal),
        Ok(address) => {
            let connected = connected.iter().any(|name| name.as_bytes() == profile);
            let report = Report::new(FeedWhat::AuthFailure, address, connected);
            Reading::Event(report.account(Some(user)).method(Some(method)))
        }
    }
}

/// What is made of a line that is too long to be read as a whole, by its beginning.
pub fn too_long(beginning: &[u8]) -> Reading {
    match read(beginning, &[]) {
        Reading::Torn(_, window) => Reading::Torn(Refusal::TooLong, window),
        _ => Reading::Refused(Refusal::TooLong),
    }
}

/// `2026-08-21 17:10:14.123456 99.87% [WARNING] sofia_reg.c:1842 `
fn prefix(cursor: &mut Cursor<'_>) -> Option<()> {
    stamp(cursor)?;
    cursor.expect(b"[WARNING] sofia_reg.c:")?;
    cursor.digits(6)?;
    cursor.expect(b" ")
}

/// The time and how idle the machine is, which older versions leave out.
fn stamp(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.take(10, 10, |b| b.is_ascii_digit() || b == b'-')?;
    cursor.expect(b" ")?;
    cursor.take(15, 15, |b| b.is_ascii_digit() || b":.".contains(&b))?;
    cursor.expect(b" ")?;
    if cursor.rest().first().is_some_and(u8::is_ascii_digit) {
        cursor.take(4, 6, |b| b.is_ascii_digit() || b == b'.')?;
        cursor.expect(b"% ")?;
    }
    Some(())
}

fn unprefixed(line: &[u8]) -> Reading {
    match line.first() {
        _ if is_own(line) => Reading::Other,
        // The rest of a folded header. Nothing in it can begin a line, so nothing behind it is suspect.
        Some(b' ' | b'\t') => Reading::Torn(Refusal::Foreign, 0),
        _ => Reading::Torn(Refusal::Foreign, MESSAGE_MAX),
    }
}

/// Lines of FreeSWITCH's own words: the note of a new file, and what follows "Can't find user" in the same message.
fn is_own(line: &[u8]) -> bool {
    let mut cursor = Cursor::new(line);
    let rotated = stamp(&mut cursor).is_some() && cursor.skip(b"[NOTICE] mod_logfile.c:");
    let advice = line.starts_with(b"You must define a domain called '") && line.ends_with(b"\" attribute");
    rotated || advice || line.starts_with(b"and you must configure your device to use the proper domain in its authent")
}

/// The method and the profile, up to the bracket before the user.
fn failure<'a>(cursor: &mut Cursor<'a>) -> Option<(&'a [u8], &'a [u8])> {
    cursor.expect(b"SIP auth failure (")?;
    let method = cursor.take(1, 32, |b| b.is_ascii_uppercase())?;
    cursor.expect(b") on sofia profile '")?;
    // The profile's name is the operator's; it ends where the sentence goes on.
    let (text, sentence) = (cursor.rest(), b"' for [");
    let end = first(text, sentence).filter(|end| *end <= 256)?;
    *cursor = Cursor::new(&text[end + sentence.len()..]);
    Some((method, &text[..end]))
}

#[cfg(test)]
mod tests;
