//! Kamailio's log: the lines that its script writes for us.
//!
//! Owns: the form of the line. Refuses: Kamailio's own messages (its auth module says nothing of failures above level DEBUG),
//! and files that hold more than these lines.
//!
//! The script's line, which docs/feeds.md gives, behind what syslog and Kamailio put before it:
//!
//! ```text
//! Aug 21 17:10:14 edge kamailio[812]: NOTICE: <script>: sipfw auth_failure source=203.0.113.7 proto=tls
//!     method=5245474953544552 account=313030 nonce=… agent=… .
//! ```
//!
//! Address and transport are Kamailio's own (`$si`, `$proto`). What is a remote party's is hexadecimal
//! (`{s.encode.hexa}`), so that nothing in it can be anything else; `<null>` stands for what the request did not have. The full
//! stop shows that nothing was cut off.
use super::cursor::Cursor;
use super::report::{Reading, Refusal, Report, source};
use crate::engine::input::FeedWhat;

/// Bytes behind a foreign line that are suspect: the longest message that Kamailio takes (`BUF_SIZE`).
const MESSAGE_MAX: u64 = 65_536;
/// The most hexadecimal digits of one text that are looked at.
const HEX_MAX: usize = 2_048;

/// Reads one line, without its line end.
pub fn read(line: &[u8]) -> Reading {
    let mut cursor = Cursor::new(line);
    if prefix(&mut cursor).is_none() {
        return Reading::Torn(Refusal::Foreign, MESSAGE_MAX);
    }
    match told(&mut cursor) {
        Some(Ok(report)) => Reading::Event(report),
        Some(Err(refusal)) => Reading::Refused(refusal),
        None => Reading::Refused(Refusal::Field),
    }
}

/// What is made of a line that is too long to be read as a whole, by its beginning.
pub fn too_long(beginning: &[u8]) -> Reading {
    match prefix(&mut Cursor::new(beginning)) {
        Some(()) => Reading::Refused(Refusal::TooLong),
        None => Reading::Torn(Refusal::TooLong, MESSAGE_MAX),
    }
}

/// Up to and with "sipfw ": what syslog writes (in either of its usual forms, or nothing), what Kamailio writes to standard
/// error, its level, and the prefix of its script's lines.
fn prefix(cursor: &mut Cursor<'_>) -> Option<()> {
    let mut by_syslog = *cursor;
    if syslog(&mut by_syslog).is_some() {
        *cursor = by_syslog;
    } else {
        process(cursor)?;
    }
    let level = cursor.take(3, 8, |b| b.is_ascii_uppercase())?;
    let known: [&[u8]; 8] = [b"ALERT", b"BUG", b"CRITICAL", b"ERROR", b"WARNING", b"NOTICE", b"INFO", b"DEBUG"];
    cursor.expect(b": <script>: sipfw ")?;
    known.contains(&level).then_some(())
}

/// `Aug 21 17:10:14 edge kamailio[812]: ` or `2026-08-21T17:10:14.123456+02:00 edge /usr/sbin/kamailio[812]: `.
fn syslog(cursor: &mut Cursor<'_>) -> Option<()> {
    let printable = |b: u8| (b'!'..=b'~').contains(&b);
    if cursor.rest().first()?.is_ascii_alphabetic() {
        cursor.take(3, 3, |b| b.is_ascii_alphabetic())?;
        cursor.take(13, 13, |b| b.is_ascii_digit() || b" :".contains(&b))?;
    } else {
        cursor.take(19, 40, |b| b.is_ascii_digit() || b"TZ:.+-".contains(&b))?;
        cursor.expect(b" ")?;
    }
    cursor.take(1, 255, printable)?;
    cursor.expect(b" ")?;
    cursor.take(1, 64, |b| printable(b) && b != b'[')?;
    cursor.expect(b"[")?;
    cursor.digits(10)?;
    cursor.expect(b"]: ")
}

/// ` 3(812) `, as standard error has it.
fn process(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.skip(b" ");
    cursor.digits(5)?;
    cursor.expect(b"(")?;
    cursor.digits(10)?;
    cursor.expect(b") ")
}

/// The script's own words; nothing if they are not of the form.
fn told(cursor: &mut Cursor<'_>) -> Option<Result<Report, Refusal>> {
    let what = match cursor.take(1, 32, |b| b.is_ascii_lowercase() || b == b'_')? {
        b"auth_failure" => FeedWhat::AuthFailure,
        b"unknown_account" => FeedWhat::UnknownAccount,
        b"auth_success" => FeedWhat::AuthSuccess,
        b"malformed" => FeedWhat::Malformed,
        _ => return None,
    };
    cursor.expect(b" source=")?;
    let address = cursor.take(1, 64, |b| b.is_ascii_hexdigit() || b".:[]".contains(&b))?;
    cursor.expect(b" proto=")?;
    let transport = cursor.take(2, 8, |b| b.is_ascii_lowercase())?;
    let connected = match transport {
        b"udp" => false,
        b"tcp" | b"tls" | b"ws" | b"wss" | b"sctp" => true,
        _ => return None,
    };
    let texts = [b" method=".as_slice(), b" account=", b" nonce=", b" agent="].map(|key| text(cursor, key));
    cursor.expect(b" .")?;
    let [Some(method), Some(account), Some(nonce), Some(agent)] = texts else { return None };
    if !cursor.rest().is_empty() {
        return None;
    }
    let bare = address.strip_prefix(b"[").and_then(|a| a.strip_suffix(b"]")).unwrap_or(address);
    let report = source(bare).map(|source| Report::new(what, source, connected));
    Some(report.map(|report| {
        let report = report.method(method.as_deref()).account(account.as_deref());
        report.nonce(nonce.as_deref()).user_agent(agent.as_deref())
    }))
}

/// A remote party's text behind its key; inside, nothing for one that the request did not have.
fn text(cursor: &mut Cursor<'_>, key: &[u8]) -> Option<Option<Vec<u8>>> {
    cursor.expect(key)?;
    if cursor.skip(b"<null>") {
        return Some(None);
    }
    let digits = cursor.take(0, HEX_MAX, |b| b.is_ascii_hexdigit())?;
    let value = |b: &u8| char::from(*b).to_digit(16).map(|d| d as u8);
    let pair = |pair: &[u8]| Some((value(pair.first()?)? << 4) | value(pair.get(1)?)?);
    digits.chunks(2).map(pair).collect::<Option<Vec<u8>>>().map(Some)
}

#[cfg(test)]
mod tests;
