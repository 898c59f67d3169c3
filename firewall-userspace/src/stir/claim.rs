//! What a message says of who calls whom, and the Identity headers that are to prove it.
//!
//! Owns: which headers count, and how many. Refuses: verifying.
use firewall_common::number::Plan;
use firewall_common::sip::message::{Field, Message, Start};

use super::passport::Passport;
use super::person::Person;
use super::token::{Token, VALUE_MAX};

/// The most Identity headers of a message that are looked at: of a call, and of the times that it was sent on.
const IDENTITIES: usize = 4;
/// The most parties that may be the caller, or the callee.
const PERSONS: usize = 4;

/// What is to be verified.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// The values of the Identity headers.
    pub identities: Vec<String>,
    /// Who calls: From, and then P-Asserted-Identity.
    pub callers: Vec<Person>,
    /// Who is called: To, and then the Request-URI.
    pub callees: Vec<Person>,
    /// Unix seconds of the Date header.
    pub date: Option<i64>,
}

impl Claim {
    /// What one header's value claims of itself, when there is no message.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn of_itself(value: &str) -> Result<Self, &'static str> {
        let token = Token::read(value)?;
        let (head, payload) = token.parts.ok_or("in compact form, it means nothing without its message")?;
        let passport = Passport::read(&token, head, payload)?;
        Ok(Self {
            identities: vec![value.to_owned()],
            callers: vec![passport.caller],
            callees: passport.callees,
            date: None,
        })
    }
}

/// What a request claims; nothing when it has no Identity header.
pub fn claim(message: &Message<'_>, plan: &Plan) -> Option<Claim> {
    let identities: Vec<String> = message
        .headers()
        .filter(|header| is_identity(header.name))
        .take(IDENTITIES)
        .map(|header| {
            // One byte more than may be shows that it is too long.
            let bytes: Vec<u8> = header.value.bytes().take(VALUE_MAX + 1).collect();
            String::from_utf8_lossy(&bytes).into_owned()
        })
        .collect();
    let Start::Request { uri, .. } = message.start else { return None };
    if identities.is_empty() {
        return None;
    }
    let asserted = message.addresses(b"P-Asserted-Identity").take(PERSONS).map(|address| address.uri);
    Some(Claim {
        identities,
        callers: persons(std::iter::once(message.from.uri).chain(asserted), plan),
        callees: persons([message.to.uri, uri].into_iter(), plan),
        date: message.header(Field::Date).and_then(|date| seconds(&date.bytes().take(64).collect::<Vec<u8>>())),
    })
}

fn persons<'a>(uris: impl Iterator<Item = firewall_common::sip::message::Uri<'a>>, plan: &Plan) -> Vec<Person> {
    let mut persons: Vec<Person> = Vec::new();
    for person in uris.filter_map(|uri| Person::of(&uri, plan)) {
        if !persons.contains(&person) && persons.len() < PERSONS {
            persons.push(person);
        }
    }
    persons
}

/// Identity, or its compact form (RFC 8224 §13.1).
fn is_identity(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"Identity") || name.eq_ignore_ascii_case(b"y")
}

/// `Sat, 13 Nov 2010 23:29:00 GMT` (RFC 3261 §20.17).
fn seconds(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp().as_second())
}
