//! Asterisk's security log: one event a line.
//!
//! Owns: the form of a line, and why the address found in it is the one that Asterisk wrote. Refuses: files that hold other
//! levels too (whatever is no security event makes what follows it suspect).
//!
//! A line, by main/logger.c (`format_log_default`, `format_log_plain`) and res/res_security_log.c:
//!
//! ```text
//! [DATE] SECURITY[LWP] res_security_log.c: SecurityEvent="…",EventTV="…",Severity="…",Service="PJSIP",EventVersion="1",
//!     AccountID="…",SessionID="…",LocalAddress="…",RemoteAddress="IPV4/UDP/203.0.113.7/5060",Challenge="…",…
//! ```
//!
//! Nothing in it is escaped. Account and session (the Call-ID) are a remote party's words and may hold quotes, whole keys, and
//! an ESC, which the logger takes out together with everything up to the next "m" (main/term.c, `term_strip`). Still the last
//! `oteAddress="` of a line is Asterisk's own: it is written behind all of these words, an ESC eats no further than the "m" of
//! "RemoteAddress", and what follows it must be keys whose values have no quote, to the line's very end. A message that was
//! cut for its length has no line end, and the next one's text is what follows. An account's line end leaves at most 36 bytes
//! of a remote party's words for a line of its own, which is less than a prefix and an event need.
use super::super::cursor::{Cursor, first, last};
use super::super::report::{Reading, Refusal};
use super::{Fields, SERVICE};

/// The longest message that Asterisk's logger writes (`LOGMSG_SIZE`).
const MESSAGE_MAX: u64 = 8_192;
/// The longest account that a remote party makes up.
const ACCOUNT_MAX: usize = 36;
/// The end of the key that holds the source; what an ESC leaves of it.
const REMOTE: &[u8] = b"oteAddress=\"";

/// Reads one line, without its line end.
pub fn read(line: &[u8]) -> Reading {
    let mut cursor = Cursor::new(line);
    if prefix(&mut cursor).is_none() {
        return if is_banner(line) { Reading::Other } else { Reading::Torn(Refusal::Foreign, MESSAGE_MAX) };
    }
    let Some((event, service)) = head(&mut cursor) else { return Reading::Torn(Refusal::Cut, MESSAGE_MAX) };
    if service != SERVICE {
        return Reading::Torn(Refusal::Service, MESSAGE_MAX);
    }
    body(event, cursor.rest(), line.len() - cursor.rest().len())
}

/// What is made of a line that is too long to be read as a whole, by its beginning.
pub fn too_long(beginning: &[u8]) -> Reading {
    match read(beginning) {
        Reading::Torn(refusal, window) if refusal != Refusal::Cut => Reading::Torn(Refusal::TooLong, window),
        _ => Reading::Refused(Refusal::TooLong),
    }
}

/// `[DATE] SECURITY[LWP] res_security_log.c: `, with a call's number where there is one, or the longer "plain" form.
fn prefix(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.expect(b"[")?;
    cursor.take(1, 64, |b| (b' '..=b'~').contains(&b) && !b"[]".contains(&b))?;
    cursor.expect(b"] SECURITY[")?;
    cursor.digits(10)?;
    cursor.expect(b"]")?;
    if cursor.skip(b"[C-") {
        cursor.take(8, 8, |b| b.is_ascii_hexdigit())?;
        cursor.expect(b"]")?;
    }
    if cursor.skip(b": res_security_log.c:") {
        cursor.digits(6)?;
        return cursor.expect(b" security_event_stasis_cb: ");
    }
    cursor.expect(b" res_security_log.c: ")
}

/// The line that a file begins with (main/logger.c, `make_logchannel`).
fn is_banner(line: &[u8]) -> bool {
    let built = first(line, b"] Asterisk ").is_some_and(|at| at < 64) && first(line, b" built by ").is_some();
    line.starts_with(b"[") && built && line.len() < 512
}

/// Everything before the first word of a remote party.
fn head<'a>(cursor: &mut Cursor<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let word = |b: u8| b.is_ascii_alphanumeric();
    cursor.expect(b"SecurityEvent=\"")?;
    let event = cursor.take(1, 32, word)?;
    cursor.expect(b"\",EventTV=\"")?;
    cursor.take(1, 40, |b| b.is_ascii_digit() || b"T:.+-".contains(&b))?;
    cursor.expect(b"\",Severity=\"")?;
    cursor.take(1, 16, word)?;
    cursor.expect(b"\",Service=\"")?;
    let service = cursor.take(1, 32, |b| b != b'"')?;
    cursor.expect(b"\",EventVersion=\"")?;
    cursor.digits(4)?;
    cursor.expect(b"\",AccountID=\"")?;
    Some((event, service))
}

fn body(event: &[u8], rest: &[u8], at: usize) -> Reading {
    if rest.len() <= ACCOUNT_MAX {
        // A line end in the account: session and addresses alone are longer. What is left of the account's bytes stands in the
        // lines that begin next, and they hold nothing else of anyone's.
        return Reading::Split(Refusal::Cut, (at + 2 * ACCOUNT_MAX) as u64);
    }
    // Two messages in one line: the first was cut.
    if first(rest, b"SecurityEvent=").is_some() {
        return Reading::Refused(Refusal::Cut);
    }
    let Some(remote) = last(rest, REMOTE) else { return Reading::Refused(Refusal::Cut) };
    let account = first(rest, b"\",SessionID=\"").map_or(&[][..], |end| &rest[..end]);
    let mut fields = Fields { event, account, ..Fields::default() };
    match tail(&mut fields, &rest[remote + REMOTE.len()..]).map(|()| fields.report()) {
        None => Reading::Refused(Refusal::Field),
        Some(Err(refusal)) => Reading::Refused(refusal),
        Some(Ok(None)) => Reading::Other,
        Some(Ok(Some(report))) => Reading::Event(report),
    }
}

/// The address, and keys to the end of the line.
fn tail<'a>(fields: &mut Fields<'a>, text: &'a [u8]) -> Option<()> {
    let mut cursor = Cursor::new(text);
    let quoted = |b: u8| b != b'"';
    fields.remote = cursor.take(1, 64, quoted)?;
    cursor.expect(b"\"")?;
    while !cursor.rest().is_empty() {
        cursor.expect(b",")?;
        let key = cursor.take(1, 32, |b| b.is_ascii_alphanumeric())?;
        cursor.expect(b"=\"")?;
        let value = cursor.take(0, 512, quoted)?;
        cursor.expect(b"\"")?;
        // Events of other kinds have keys of their own; they tell of nothing, so nothing is refused.
        if super::TRAILING.contains(&key) {
            fields.set_trailing(key, value)?;
        } else if fields.what().is_some() {
            return None;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests;
