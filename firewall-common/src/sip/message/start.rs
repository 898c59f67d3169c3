//! The start line, whole (RFC 3261 §7.1, §7.2).
//!
//! Owns: its parts. Refuses: what [`crate::sip::start_line`] refuses, and a Request-URI that cannot be read.
use super::class::{TOKEN, all};
use super::refusal::Refusal;
use super::uri::Uri;
use crate::sip::method::Method;
use crate::sip::start_line::METHOD_MAX;

/// What a message begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start<'a> {
    /// A request.
    Request {
        /// The method.
        method: Method,
        /// Its name.
        name: &'a [u8],
        /// The Request-URI.
        uri: Uri<'a>,
    },
    /// A response.
    Response {
        /// 100 to 699.
        status: u16,
        /// The reason phrase; it may be empty.
        reason: &'a [u8],
    },
}

impl<'a> Start<'a> {
    /// Reads a line without its end.
    pub(super) fn read(line: &'a [u8]) -> Result<Self, Refusal> {
        match line.strip_prefix(b"SIP/") {
            Some(rest) => response(rest.strip_prefix(b"2.0 ").ok_or(Refusal::Version)?),
            None => request(line),
        }
    }
}

fn response(line: &[u8]) -> Result<Start<'_>, Refusal> {
    let len = line.iter().position(|byte| *byte == b' ').ok_or(Refusal::StartLine)?;
    let [a @ b'1'..=b'6', b @ b'0'..=b'9', c @ b'0'..=b'9', b' ', ref reason @ ..] = *line else {
        return Err(if len == 0 { Refusal::StartLine } else { Refusal::Status });
    };
    let status = [a, b, c].iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    Ok(Start::Response { status, reason })
}

fn request(line: &[u8]) -> Result<Start<'_>, Refusal> {
    let mut parts = line.splitn(3, |byte| *byte == b' ');
    let mut part = || parts.next().filter(|part| !part.is_empty()).ok_or(Refusal::StartLine);
    let (name, uri, version) = (part()?, part()?, part()?);
    if !all(name, TOKEN) || name.len() > METHOD_MAX as usize {
        return Err(Refusal::StartLine);
    }
    check_version(version)?;
    let uri = Uri::read(uri).map_err(|_| Refusal::RequestUri)?;
    // RFC 3261 §19.1.1 has no header fields in a Request-URI.
    if !uri.headers.is_empty() {
        return Err(Refusal::RequestUri);
    }
    Ok(Start::Request { method: Method::of(name), name, uri })
}

/// The version is case-insensitive (RFC 3261 §7.1).
fn check_version(version: &[u8]) -> Result<(), Refusal> {
    if version.eq_ignore_ascii_case(b"SIP/2.0") {
        return Ok(());
    }
    let number = version.get(4..).filter(|_| version.starts_with(b"SIP/")).unwrap_or(b" ");
    let is_number = number.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    Err(if is_number { Refusal::Version } else { Refusal::StartLine })
}
