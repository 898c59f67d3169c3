//! URIs (RFC 3261 §19.1, RFC 3966, RFC 3986).
//!
//! Owns: the parts of SIP and telephone URIs; any other scheme's URI is taken as it is. Refuses: comparing URIs, and
//! finding out where one leads.
use core::net::{IpAddr, Ipv6Addr};
use core::str;

use super::class::{HOST, PARAMS, SCHEME, URI, USER, all};
use super::cursor::Cursor;
use super::number::decimal;
use super::refusal::Refusal;
use crate::sip::start_line::SCHEME_MAX;

/// A URI's scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `sip`.
    Sip,
    /// `sips`.
    Sips,
    /// `tel`.
    Tel,
    /// Any other; see [`Uri::scheme_name`].
    Other,
}

/// A URI in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uri<'a> {
    /// All of it.
    pub raw: &'a [u8],
    /// The scheme.
    pub scheme: Scheme,
    /// The user part with its parameters, escapes as they stand (see [`unescaped`]); a telephone URI's number.
    pub user: Option<&'a [u8]>,
    /// What stands between the user part's colon and the `@`.
    pub password: Option<&'a [u8]>,
    /// The host, with an IPv6 address's brackets (see [`address`]); empty for schemes that are not SIP's.
    pub host: &'a [u8],
    /// The port.
    pub port: Option<u16>,
    /// The parameters, without the first semicolon; see [`Uri::param`].
    pub params: &'a [u8],
    /// The header fields, without the question mark.
    pub headers: &'a [u8],
}

impl<'a> Uri<'a> {
    /// Reads a URI that is all of `raw`.
    #[inline(always)]
    pub(super) fn read(raw: &'a [u8]) -> Result<Self, Refusal> {
        let (scheme, rest) = scheme(raw).ok_or(Refusal::Uri)?;
        let blank = Self { raw, scheme, user: None, password: None, host: &[], port: None, params: &[], headers: &[] };
        match blank.scheme {
            Scheme::Sip | Scheme::Sips => blank.sip(rest),
            _ if !all(rest, URI) => Err(Refusal::Uri),
            Scheme::Tel => {
                let (number, params) = part(rest, b';');
                Ok(Self { user: Some(number), params: params.unwrap_or_default(), ..blank })
            }
            Scheme::Other => Ok(blank),
        }
    }

    /// `[userinfo] host [":" port] params [headers]` (RFC 3261 §25.1).
    #[inline(always)]
    fn sip(self, rest: &'a [u8]) -> Result<Self, Refusal> {
        // A `@` that is not escaped stands nowhere but behind the user, in which `;` and `?` are not special.
        let mut cursor = Cursor::new(rest);
        let before = cursor.run(USER);
        let (user, password) = if cursor.eat(b'@') {
            let (user, password) = part(before, b':');
            (Some(user), password)
        } else {
            cursor = Cursor::new(rest);
            (None, None)
        };
        let host = host(&mut cursor).ok_or(Refusal::Uri)?;
        let port = if cursor.eat(b':') { Some(port(&mut cursor).ok_or(Refusal::Uri)?) } else { None };
        let params = if cursor.eat(b';') { cursor.run(PARAMS) } else { &[] };
        let headers = if cursor.eat(b'?') { cursor.run(USER) } else { &[] };
        let uri = Self { user, password, host, port, params, headers, ..self };
        if cursor.is_empty() { Ok(uri) } else { Err(Refusal::Uri) }
    }

    /// The scheme as it stands in the message.
    pub fn scheme_name(&self) -> &'a [u8] {
        part(self.raw, b':').0
    }

    /// The value of a parameter, its name in either case; empty when it has none.
    pub fn param(&self, name: &[u8]) -> Option<&'a [u8]> {
        let mut params = self.params.split(|byte| *byte == b';').map(|param| part(param, b'='));
        let (_, value) = params.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value.unwrap_or_default())
    }
}

/// The scheme, and what stands behind its colon.
#[inline(always)]
fn scheme(raw: &[u8]) -> Option<(Scheme, &[u8])> {
    if let Some((head, rest)) = raw.split_first_chunk::<4>()
        && head.eq_ignore_ascii_case(b"sip:")
    {
        return Some((Scheme::Sip, rest));
    }
    let colon = raw.iter().take(SCHEME_MAX as usize + 1).position(|byte| *byte == b':')?;
    let (name, rest) = (raw.get(..colon)?, raw.get(colon + 1..)?);
    let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
    let scheme = match colon {
        4 if is(b"sips") => Scheme::Sips,
        3 if is(b"tel") => Scheme::Tel,
        _ => Scheme::Other,
    };
    (name.first()?.is_ascii_alphabetic() && all(name, SCHEME)).then_some((scheme, rest))
}

/// What stands before and behind the first `byte`.
fn part(bytes: &[u8], byte: u8) -> (&[u8], Option<&[u8]>) {
    let at = bytes.iter().position(|b| *b == byte).unwrap_or(bytes.len());
    (bytes.get(..at).unwrap_or_default(), bytes.get(at + 1..))
}

/// Takes a host name, an IPv4 address or an IPv6 reference; there is none when it is empty.
pub(super) fn host<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    if cursor.peek() != Some(b'[') {
        return Some(cursor.run(HOST)).filter(|name| !name.is_empty());
    }
    let len = cursor.rest().iter().take(REFERENCE_MAX).position(|byte| *byte == b']')?;
    let reference = cursor.take(len + 1);
    let inside = reference.get(1..len)?;
    // Not the address's own grammar: RFC 5118 §4.10 asks for leniency with three colons in a row.
    let is_address = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    (inside.contains(&b':') && inside.iter().all(is_address)).then_some(reference)
}

/// The longest IPv6 reference: eight groups, the last two as four decimal numbers, two brackets, and a colon too many.
const REFERENCE_MAX: usize = 48;

/// Takes a port.
pub(super) fn port(cursor: &mut Cursor<'_>) -> Option<u16> {
    decimal(cursor.digits()).and_then(|number| u16::try_from(number).ok())
}

/// The address that a host is, if it is one: an IPv4 address, or an IPv6 address with or without brackets (RFC 5118
/// §4.5 has both in a Via's `received`).
pub fn address(host: &[u8]) -> Option<IpAddr> {
    let bare = host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]"));
    let text = str::from_utf8(bare.unwrap_or(host)).ok()?;
    match bare {
        Some(_) => text.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

/// The bytes that a user part means: `%31` is `1`. An escape that is none is taken as it stands.
pub fn unescaped(user: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let mut rest = user;
    core::iter::from_fn(move || {
        let (&byte, later) = rest.split_first()?;
        rest = later;
        if byte == b'%'
            && let Some((pair, later)) = later.split_first_chunk()
            && let Some(escaped) = hex_pair(*pair)
        {
            rest = later;
            return Some(escaped);
        }
        Some(byte)
    })
}

fn hex_pair(pair: [u8; 2]) -> Option<u8> {
    let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
    Some((high? << 4 | low?) as u8)
}
