//! Start lines: the judgement equals that of a reading by the grammar, and nothing outside the line has a say.
use firewall_common::sip::window::EXAMINED;
use firewall_common::sip::{Message, Method, classify};

use crate::{leftovers, window};

/// Takes `payload` as a datagram's.
pub fn check(payload: &[u8]) {
    for limit in [u32::MAX, 1024, 64, 16] {
        let judged = judge(payload, limit);
        let before = classify(&window(payload, &leftovers()), limit);
        assert_eq!(before, judged, "what the window held earlier has a say");
        let seen = &payload[..payload.len().min(EXAMINED as usize)];
        match judged {
            Some(Message::Request(_, end) | Message::Response(end)) => only_the_line_counts(seen, end, limit, judged),
            Some(Message::Keepalive) => assert!(payload.len() <= 16 && is_quiet(payload), "{payload:?}"),
            Some(Message::Stun) => assert!(payload.len() >= 20 && payload[..2] == [0, 1], "{payload:?}"),
            None => assert!(!is_quiet(payload) || payload.is_empty() || payload.len() > 4, "{payload:?}"),
        }
        assert_eq!(lines_only(judged), by_the_grammar(seen, limit), "limit {limit}, {:?}", text(seen));
    }
}

fn judge(payload: &[u8], limit: u32) -> Option<Message> {
    classify(&window(payload, &[]), limit)
}

fn lines_only(judged: Option<Message>) -> Option<Message> {
    judged.filter(|message| matches!(message, Message::Request(..) | Message::Response(_)))
}

fn text(payload: &[u8]) -> String {
    payload.escape_ascii().to_string()
}

/// Whether all of it is line ends, or all of it zeros.
fn is_quiet(payload: &[u8]) -> bool {
    payload.chunks(2).all(|pair| pair == b"\r\n") || payload.iter().all(|b| *b == 0)
}

/// The judgement needs every byte of the line, none after it, and a limit that it just fits.
fn only_the_line_counts(seen: &[u8], end: u32, limit: u32, judged: Option<Message>) {
    let line = seen.get(..end as usize).expect("the line ends inside the payload");
    assert!(end <= limit && line.ends_with(b"\r\n"), "{:?}", text(line));
    assert_eq!(judge(line, limit), judged, "bytes behind the line were needed");
    assert_eq!(judge(&line[..line.len() - 1], limit), None, "a line without its end was taken for whole");
    assert_eq!(judge(line, end), judged, "a line did not fit a limit of its own length");
    assert_eq!(judge(line, end - 1), None, "a line fits a limit below its length");
    let other = [line, &leftovers()].concat();
    assert_eq!(judge(&other, limit), judged, "bytes behind the line were read");
}

/// The slow way: the first line after the empty ones, parted by spaces (RFC 3261 §7.1 and §7.2).
fn by_the_grammar(seen: &[u8], limit: u32) -> Option<Message> {
    let empty = seen.chunks_exact(2).take(8).take_while(|pair| pair == b"\r\n").count() * 2;
    let rest = &seen[empty..];
    if let Some(reason) = rest.strip_prefix(b"SIP/2.0 ") {
        let length = reason.iter().position(|b| *b == b'\r')?;
        let end = ends_at(seen, empty + 8 + length, limit)?;
        let [class @ b'1'..=b'6', x, y, b' ', ..] = reason[..length] else { return None };
        return [class, x, y].iter().all(u8::is_ascii_digit).then_some(Message::Response(end));
    }
    let mut parts = rest.splitn(3, |b| *b <= b' ');
    let (name, uri, version) = (parts.next()?, parts.next()?, parts.next()?);
    let (single_spaces, v) = (rest[name.len()] == b' ' && rest[name.len() + 1 + uri.len()] == b' ', version.get(..7)?);
    let end = ends_at(seen, empty + name.len() + 1 + uri.len() + 1 + 7, limit)?;
    let fits = single_spaces && is_name(name) && has_scheme(uri) && v.eq_ignore_ascii_case(b"SIP/2.0");
    fits.then_some(Message::Request(method(name), end))
}

/// The end of a line whose CR stands at `cr`.
fn ends_at(seen: &[u8], cr: usize, limit: u32) -> Option<u32> {
    let fits = seen.get(cr..cr + 2) == Some(b"\r\n") && cr + 2 <= limit as usize;
    fits.then_some(cr as u32 + 2)
}

fn is_name(name: &[u8]) -> bool {
    let mark = |b: &u8| b"-.!%*_+`'~".contains(b);
    // What PJSIP takes by its first letters.
    let whole: [&[u8]; 6] = [b"INVITE", b"REGISTER", b"OPTIONS", b"CANCEL", b"ACK", b"BYE"];
    let is_abbreviated = method(name) == Method::Extension && whole.iter().any(|whole| whole.starts_with(name));
    (1..64).contains(&name.len()) && name.iter().all(|b| b.is_ascii_alphanumeric() || mark(b)) && !is_abbreviated
}

fn has_scheme(uri: &[u8]) -> bool {
    let Some(colon) = uri.iter().position(|b| *b == b':') else { return false };
    let later = |b: &u8| b.is_ascii_alphanumeric() || b"+-.".contains(b);
    (1..32).contains(&colon) && uri[0].is_ascii_alphabetic() && uri[..colon].iter().all(later)
}

fn method(name: &[u8]) -> Method {
    let known = |m: &Method| *m != Method::Extension && m.name().as_bytes().eq_ignore_ascii_case(name);
    Method::ALL.iter().copied().find(known).unwrap_or(Method::Extension)
}
