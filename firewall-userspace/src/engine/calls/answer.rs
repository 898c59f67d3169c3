//! The answer to a request that was refused, such as 488 Not Acceptable Here (RFC 3261 §21.4.26), in our server's place.
//!
//! Owns: what stands in it and where it goes. Refuses: sending it, and to be larger than the request: whoever forges his source
//! gains nothing.
use firewall_common::addr::Addr;
use firewall_common::limiter::HashKey;
use firewall_common::reason::Reason;
use firewall_common::sdp::{Accepted, refusal_tag};
use firewall_common::sip::message::{Field, Rport, Text, Via, address};
use rsip::headers::UntypedHeader as _;
use rsip::{Header, Headers, Response, StatusCode, Version, headers};

use super::super::call::Why;
use super::super::command::Answer;
use super::super::hash::half;
use super::super::saved::Key;
use super::heard::Heard;
use super::refusal;

/// SIP's port, when a Via names none (RFC 3261 §18.2.2).
const SIP_PORT: u16 = 5_060;

/// The keys that make To tags.
#[derive(Clone, Copy)]
pub(super) struct Keys {
    /// The kernel's: by it, the kernel knows the ACK.
    pub(super) kernel: HashKey,
    /// The engine's.
    pub(super) engine: Key,
}

/// The answer; nothing when there is none that is not larger than the request.
pub(super) fn refusal(heard: &Heard<'_>, reason: Reason, why: Why, accepted: Accepted, keys: Keys) -> Option<Answer> {
    let status = refusal::status(reason)?;
    let (message, flow) = (heard.message, heard.flow);
    // 302: the media; 399: anything else (RFC 3261 §20.43).
    let (code, text) = match reason {
        Reason::PlainRtp => (302, text(why, accepted)),
        _ => (399, refusal::words(reason).to_owned()),
    };
    let warning = format!("{code} {} \"{text}\"", host_port(flow.local, flow.local_port));
    let write = |warning: Option<&str>| {
        let bytes = latin1(&response(heard, status, warning, keys)?.to_string())?;
        (bytes.len() <= heard.bytes.len()).then_some(bytes)
    };
    let bytes = write(Some(&warning)).or_else(|| write(None))?;
    let port = match message.via.rport {
        Rport::Absent => message.via.port.unwrap_or(SIP_PORT),
        Rport::Asked | Rport::Port(_) => flow.remote_port,
    };
    Some(Answer { from: (flow.local, flow.local_port), to: (flow.remote, port), bytes })
}

fn response(heard: &Heard<'_>, (code, phrase): (u16, &str), warning: Option<&str>, keys: Keys) -> Option<Response> {
    let message = heard.message;
    let mut headers = Headers::default();
    let mut is_top = true;
    for header in message.headers().filter(|header| header.field == Field::Via) {
        let value = chars(header.value);
        let value = if std::mem::take(&mut is_top) { received(&value, &message.via, heard) } else { value };
        headers.push(headers::Via::new(value).into());
    }
    let value = |field| message.header(field).map(chars);
    headers.push(headers::From::new(value(Field::From)?).into());
    headers.push(headers::To::new(to(value(Field::To)?, heard, keys)).into());
    headers.push(headers::CallId::new(value(Field::CallId)?).into());
    headers.push(headers::CSeq::new(value(Field::CSeq)?).into());
    if let Some(warning) = warning {
        headers.push(headers::Warning::new(warning).into());
    }
    headers.push(Header::ContentLength(headers::ContentLength::default()));
    // rsip would write the phrase without blanks.
    let status_code = StatusCode::Other(code, phrase.to_owned());
    Some(Response { status_code, version: Version::V2, headers, body: Vec::new() })
}

/// The topmost Via as the server that received it sends it back: with the source's address when that is not the one it names
/// (RFC 3261 §18.2.1), or when it asks for the port (RFC 3581 §4).
fn received(value: &str, via: &Via<'_>, heard: &Heard<'_>) -> String {
    let source = std::net::IpAddr::from(heard.flow.remote);
    let (top, rest) = value.split_at(end(value, ','));
    let (mut new, mut rest_of_top) = (String::new(), top);
    loop {
        let (part, later) = rest_of_top.split_at(end(rest_of_top, ';'));
        let name = part.split('=').next().unwrap_or_default().trim();
        if name.eq_ignore_ascii_case("rport") {
            new.push_str(&format!(";rport={}", heard.flow.remote_port));
        } else if !name.eq_ignore_ascii_case("received") || new.is_empty() {
            new.push_str(if new.is_empty() { "" } else { ";" });
            new.push_str(part.trim_end());
        }
        let Some(later) = later.strip_prefix(';') else { break };
        rest_of_top = later;
    }
    if via.rport != Rport::Absent || address(via.host) != Some(source) {
        new.push_str(&format!(";received={source}"));
    }
    new + rest
}

/// Where something ends that the next `mark` outside of quotes ends.
fn end(text: &str, mark: char) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    let is_end = |c: char| {
        let was_escaped = escaped;
        escaped = quoted && c == '\\' && !escaped;
        quoted ^= c == '"' && !was_escaped;
        c == mark && !quoted
    };
    text.find(is_end).unwrap_or(text.len())
}

/// To with a tag, if it has none: a hash of the source that the kernel knows, and one of the transaction, so that a
/// retransmission gets the same one (RFC 3261 §17.2.1).
fn to(value: String, heard: &Heard<'_>, keys: Keys) -> String {
    let message = heard.message;
    if message.to.tag.is_some() {
        return value;
    }
    let source = refusal_tag(heard.flow.remote, keys.kernel);
    let (via, tag) = (message.via.branch.unwrap_or_default(), message.from.tag.unwrap_or_default());
    let number = message.cseq.number.to_be_bytes();
    let transaction = half(keys.engine.of(&[b"refusal", via, message.call_id, &number, tag]));
    format!("{value};tag={}-{transaction:08x}", String::from_utf8_lossy(&source))
}

/// What is wrong, and what would do.
fn text(why: Why, accepted: Accepted) -> String {
    let wrong = match why {
        Why::Plain => "RTP without keys",
        Why::NoKeys => "SRTP without keys",
        Why::KeyManagement => "keys agreed on in a way that is not accepted",
        Why::Suite => "no accepted crypto suite",
        Why::Unprotected => "SRTP with its protection turned off",
        Why::Kind => "media of a kind that is not accepted",
        Why::Downgrade | Why::Unreadable => "no acceptable media",
    };
    let ways = [(Accepted::SDES, "a=crypto"), (Accepted::DTLS, "a=fingerprint")];
    let ways: Vec<&str> = ways.into_iter().filter(|(way, _)| accepted.has(*way)).map(|(_, word)| word).collect();
    format!("{wrong}: offer SRTP with {}", ways.join(" or "))
}

fn host_port(host: Addr, port: u16) -> String {
    super::super::call::socket(host, port).to_string()
}

/// A header's value, unfolded, with a character for each byte: names of people are not always UTF-8, and come back as they
/// were.
fn chars(text: Text<'_>) -> String {
    text.bytes().map(char::from).collect()
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}
