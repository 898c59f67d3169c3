//! SIP, read line by line.
//!
//! Owns: what a payload is, whether it carries a signature, and which account it names. Refuses: speed.
use std::net::IpAddr;

use firewall_common::addr::Addr;
use firewall_common::sdp::{Accepted, Prospect, Summary, leads, refusal_tag};
use firewall_common::sip::Window;
use firewall_tests::harness::KEY;

use crate::setup::{METHODS, Setup};

/// How much of a payload is looked at.
const EXAMINED: usize = 1_536;
/// How much of a header's value is looked at.
const VALUE: usize = 88;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// A request, and where its headers begin.
    Request {
        method: &'static str,
        headers: usize,
    },
    Response,
    /// Or STUN.
    Keepalive,
}

impl Message {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Request { method: "REGISTER", .. } => "register",
            Self::Request { method: "INVITE", .. } => "invite",
            Self::Request { method: "OPTIONS", .. } => "options",
            Self::Request { method: "SUBSCRIBE", .. } => "subscribe",
            Self::Request { method: "MESSAGE", .. } => "message",
            Self::Request { .. } => "other",
            Self::Response => "response",
            Self::Keepalive => "keepalive",
        }
    }
}

/// Whether the tag of a refusal to the source stands in it.
pub(super) fn has_tag(payload: &[u8], src: IpAddr) -> bool {
    let tag = [&b"="[..], &refusal_tag(Addr::from(src), KEY)].concat();
    examined(payload).windows(tag.len()).any(|part| part == tag)
}

/// Whether what it offers can only lead to RTP that is not encrypted.
pub(super) fn is_plain_offer(payload: &[u8], headers: usize) -> bool {
    let mut window = Box::new(Window::new());
    window.fill(payload);
    let offer = Summary::of_message(&window, headers as u32, payload.len() as u32);
    leads(offer, Accepted::USUAL) == Prospect::Plain
}

/// The part of a payload that is looked at.
pub(super) fn examined(payload: &[u8]) -> &[u8] {
    &payload[..payload.len().min(EXAMINED)]
}

/// Whether a line ends within `limit`.
pub(super) fn has_line_end(payload: &[u8], limit: usize) -> bool {
    payload.iter().take(limit).any(|b| *b == b'\n')
}

pub(super) fn classify(payload: &[u8], limit: usize) -> Option<Message> {
    let quiet = matches!(payload, b"\r\n" | b"\r\n\r\n")
        || (1..=16).contains(&payload.len()) && payload.iter().all(|b| *b == 0)
        || is_stun(payload);
    if quiet {
        return Some(Message::Keepalive);
    }
    let mut begin = 0;
    while begin < 16 && payload[begin..].starts_with(b"\r\n") {
        begin += 2;
    }
    let within = &payload[begin..payload.len().min(limit).max(begin)];
    if let Some(rest) = within.strip_prefix(b"SIP/2.0 ") {
        return is_status(rest).then_some(Message::Response);
    }
    let (method, length) = request_line(within)?;
    Some(Message::Request { method, headers: begin + length })
}

fn is_stun(payload: &[u8]) -> bool {
    let attributes = payload.len().wrapping_sub(20);
    payload.len() >= 20
        && attributes.is_multiple_of(4)
        && payload[..2] == [0, 1]
        && usize::from(u16::from_be_bytes([payload[2], payload[3]])) == attributes
        && payload[4..8] == [0x21, 0x12, 0xa4, 0x42]
}

/// `3DIGIT SP reason CRLF`; the reason goes to the first CR.
fn is_status(rest: &[u8]) -> bool {
    let [class, tens, ones, b' ', reason @ ..] = rest else { return false };
    let code = (b'1'..=b'6').contains(class) && tens.is_ascii_digit() && ones.is_ascii_digit();
    let cr = reason.iter().position(|b| *b == b'\r');
    code && cr.is_some_and(|cr| reason.get(cr + 1) == Some(&b'\n'))
}

/// The method of `token SP URI SP SIP/2.0 CRLF`, and the line's length.
fn request_line(text: &[u8]) -> Option<(&'static str, usize)> {
    let space = text.iter().position(|b| !is_token(*b))?;
    let (name, rest) = text.split_at(space);
    let uri = rest.strip_prefix(b" ").filter(|_| (1..=64).contains(&name.len()))?;
    let colon = uri.iter().position(|b| !(b.is_ascii_alphanumeric() || b"+-.".contains(b)))?;
    if uri[colon] != b':' || !(1..=32).contains(&colon) || !uri[0].is_ascii_alphabetic() {
        return None;
    }
    let end = uri.iter().position(|b| *b <= b' ')?;
    let version = uri[end..].get(..10)?;
    if !version.eq_ignore_ascii_case(b" SIP/2.0\r\n") {
        return None;
    }
    let known = METHODS.iter().find(|m| m.as_bytes().eq_ignore_ascii_case(name) && **m != "*");
    // PJSIP's own, which it takes by their first letters.
    let whole = ["INVITE", "REGISTER", "OPTIONS", "CANCEL", "ACK", "BYE"];
    if known.is_none() && whole.iter().any(|whole| whole.as_bytes().starts_with(name)) {
        return None;
    }
    Some((known.copied().unwrap_or("*"), space + 1 + end + version.len()))
}

fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b)
}

/// Values of the header fields that are looked at, from the byte behind their names on.
pub(super) struct Values<'p> {
    agent: Option<&'p [u8]>,
    from: Option<&'p [u8]>,
}

/// Whether signatures are looked for.
fn searches(setup: &Setup) -> bool {
    setup.scan_max != 0 && !setup.signatures.is_empty()
}

/// The values that the headers carry.
pub(super) fn values<'p>(payload: &'p [u8], headers: usize, setup: &Setup) -> Values<'p> {
    let limit = if searches(setup) { setup.scan_max } else { EXAMINED };
    let (mut agent, mut from) = (None, None);
    let mut line = headers;
    // A line is looked at when the line end before it lies within the limit.
    while line <= limit && line <= payload.len() && !payload[line..].starts_with(b"\r\n") {
        if let Some(value) = value(&payload[line..], b"user-agent") {
            agent = Some(value);
        }
        if let Some(value) = value(&payload[line..], b"from").or(value(&payload[line..], b"f")) {
            from = Some(value);
        }
        match payload[line..].iter().position(|b| *b == b'\n') {
            Some(lf) => line += lf + 1,
            None => break,
        }
    }
    Values { agent, from }
}

/// The id of the signature that the headers carry: in User-Agent, else in From.
pub(super) fn signature(values: &Values<'_>, setup: &Setup) -> Option<u32> {
    let find = |value: Option<&[u8]>, display| value.and_then(|value| find(value, display, setup));
    if !searches(setup) {
        return None;
    }
    find(values.agent, "user-agent").or_else(|| find(values.from, "from-display"))
}

/// How much of From is looked at for an account.
const ACCOUNT: usize = 192;

/// The user part of From's URI.
pub(super) fn account(values: &Values<'_>) -> Option<Vec<u8>> {
    let value = values.from?;
    let value = &value[..value.len().min(ACCOUNT)];
    let colon = value.iter().position(|b| !matches!(b, b' ' | b'\t')).filter(|at| value[*at] == b':')?;
    let uri = uri(&value[colon + 1..])?;
    let (_, rest) = split(uri, |b| b == b':')?;
    let (user, _) = split(rest, |b| b"@<>\" \t\r\n".contains(&b)).filter(|(user, _)| rest[user.len()] == b'@')?;
    let user = split(user, |b| b == b':').map_or(user, |(user, _)| user);
    (!user.is_empty()).then(|| user.to_vec())
}

/// What follows the display name, and its bracket if there is one.
fn uri(value: &[u8]) -> Option<&[u8]> {
    let (mut at, mut named) = (0, false);
    loop {
        match (value.get(at)?, named) {
            (b'<', _) => {
                let inside = &value[at + 1..];
                let scheme = inside.iter().position(|b| b":@<>\"\\ \t\r\n".contains(b))?;
                return (inside[scheme] == b':').then_some(inside);
            }
            (b':', false) => return Some(&value[at..]),
            (b'"', false) => {
                at += quoted(&value[at..])?;
                named = true;
                continue;
            }
            (b'\n', _) => {
                matches!(value.get(at + 1)?, b' ' | b'\t').then_some(())?;
                // What follows a folded line may be anything again.
                named = false;
            }
            (b' ' | b'\t' | b'\r', _) => {}
            (b'@' | b'>' | b'\\', _) | (_, true) => return None,
            (_, false) => {}
        }
        at += 1;
    }
}

/// How many bytes of a quoted string there are, its quotation marks included. It has no line ends.
fn quoted(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\n' => return None,
            b'\\' if *text.get(at + 1)? == b'\n' => return None,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn split(text: &[u8], ends: impl Fn(u8) -> bool) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|b| ends(*b))?;
    Some((&text[..at], &text[at + 1..]))
}

/// The value of a line of this name, from the byte behind the name on. Case is folded by a bit, which makes a hyphen of a
/// CR too.
fn value<'p>(line: &'p [u8], name: &[u8]) -> Option<&'p [u8]> {
    let (start, rest) = line.split_at_checked(name.len())?;
    let same = start.iter().zip(name).all(|(a, b)| a | 0x20 == *b);
    (same && matches!(rest.first(), Some(b':' | b' ' | b'\t'))).then_some(rest)
}

/// The first token of a value that is a signature.
fn find(value: &[u8], field: &'static str, setup: &Setup) -> Option<u32> {
    let mut field = field;
    let mut quoted = false;
    let mut token = String::new();
    for at in 0..VALUE {
        let byte = value.get(at).copied();
        match byte {
            Some(b) if b.is_ascii_alphanumeric() || b"-_.".contains(&b) => {
                token.push(b.to_ascii_lowercase().into());
                continue;
            }
            _ => {}
        }
        let known = setup.signatures.iter().position(|(f, t)| *f == field && t.eq_ignore_ascii_case(&token));
        if let Some(id) = known {
            return Some(id as u32);
        }
        token.clear();
        let folded = matches!(value.get(at + 1), Some(b' ' | b'\t'));
        let structured = field != "user-agent";
        match byte {
            None => return None,
            Some(b'\n') if !folded => return None,
            Some(b'"') if structured => quoted = !quoted,
            Some(b'<') if structured && !quoted => field = "from-user",
            Some(b'@') if structured && !quoted => field = "from-host",
            Some(b'>' | b';') if structured && !quoted => return None,
            _ => {}
        }
    }
    None
}
