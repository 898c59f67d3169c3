//! What was signed: a PASSporT (RFC 8225) with the claims of SHAKEN (RFC 8588) or of a diversion (RFC 8946).
//!
//! Owns: reading it strictly, and writing it anew from a message where the header has it in compact form (RFC 8225 §7). Refuses:
//! comparing it with the message.
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::claim::Claim;
use super::person::Person;
use super::token::{Token, decode, encode};
use crate::engine::call::Attestation;

/// The most parties that a PASSporT may be for.
const CALLEES_MAX: usize = 32;
/// The longest identifier of an origin; it is a UUID.
const ORIGID_MAX: usize = 64;

/// What kind of PASSporT it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Plain: who calls whom.
    Plain,
    /// SHAKEN.
    Shaken,
    /// A call that was sent on.
    Diverted,
}

/// A PASSporT.
#[derive(Clone, Debug)]
pub(super) struct Passport {
    pub(super) kind: Kind,
    /// Who calls.
    pub(super) caller: Person,
    /// Who is called.
    pub(super) callees: Vec<Person>,
    /// Unix seconds of the signature.
    pub(super) issued: i64,
    pub(super) attestation: Option<Attestation>,
    pub(super) origin: Option<String>,
    /// Who was called before the call was sent on.
    pub(super) diverted: Option<Person>,
}

#[derive(Deserialize)]
struct Head {
    alg: String,
    typ: String,
    x5u: String,
    ppt: Option<String>,
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Payload {
    orig: One,
    dest: Many,
    iat: i64,
    attest: Option<String>,
    origid: Option<String>,
    div: Option<One>,
}

#[derive(Deserialize)]
struct One {
    tn: Option<String>,
    uri: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Many {
    tn: Vec<String>,
    uri: Vec<String>,
}

impl Passport {
    /// Reads the full form.
    pub(super) fn read(token: &Token<'_>, head: &str, payload: &str) -> Result<Self, &'static str> {
        let head: Head =
            serde_json::from_slice(&decode(head)?).map_err(|_| "the token's head is not that of a PASSporT")?;
        let kind = kind(&head, token)?;
        let payload: Payload =
            serde_json::from_slice(&decode(payload)?).map_err(|_| "the token's payload is not that of a PASSporT")?;
        let callees = payload.dest.persons()?;
        let attestation = attestation(payload.attest.as_deref())?;
        let diverted = payload.div.map(|div| div.person()).transpose()?;
        match kind {
            Kind::Shaken if attestation.is_none() || payload.origid.is_none() => {
                return Err("a PASSporT of SHAKEN lacks attest or origid");
            }
            Kind::Diverted if diverted.is_none() => return Err("a PASSporT of a diversion lacks div"),
            _ => {}
        }
        let origin = payload.origid.filter(|id| id.len() <= ORIGID_MAX && id.chars().all(|c| c.is_ascii_graphic()));
        let caller = payload.orig.person()?;
        Ok(Self { kind, caller, callees, issued: payload.iat, attestation, origin, diverted })
    }

    /// The texts that the compact form may stand for: one for each party that may be the caller. Only a plain PASSporT has
    /// this form (RFC 8588 §6).
    pub(super) fn expand(token: &Token<'_>, claim: &Claim) -> Result<Vec<(Self, String)>, &'static str> {
        if token.ppt.is_some() {
            return Err("a PASSporT with an extension is in compact form");
        }
        let issued = claim.date.ok_or("a PASSporT is in compact form, and there is no Date")?;
        let callee = claim.callees.first().ok_or("nobody is called")?;
        let head = format!(r#"{{"alg":"ES256","typ":"passport","x5u":{}}}"#, quoted(token.info.as_str()));
        let texts = claim.callers.iter().map(|caller| {
            let payload = format!(
                r#"{{"dest":{{"{}":[{}]}},"iat":{issued},"orig":{{"{}":{}}}}}"#,
                key(callee),
                quoted(&callee.to_string()),
                key(caller),
                quoted(&caller.to_string())
            );
            let (caller, callees) = (caller.clone(), vec![callee.clone()]);
            let none = (None, None, None);
            let (attestation, origin, diverted) = none;
            let passport = Self { kind: Kind::Plain, caller, callees, issued, attestation, origin, diverted };
            (passport, format!("{}.{}", encode(head.as_bytes()), encode(payload.as_bytes())))
        });
        Ok(texts.collect())
    }
}

fn kind(head: &Head, token: &Token<'_>) -> Result<Kind, &'static str> {
    if head.alg != "ES256" {
        return Err("the algorithm is not ES256");
    }
    if !head.typ.eq_ignore_ascii_case("passport") {
        return Err("the token is no PASSporT");
    }
    if head.crit.is_some() {
        return Err("the token demands an extension that is not known");
    }
    if head.x5u != token.info.as_str() {
        return Err("the token names another certificate than the header");
    }
    let ppt = head.ppt.as_deref().map(str::to_ascii_lowercase);
    if token.ppt.is_some() && token.ppt != ppt {
        return Err("the token is of another kind than the header says");
    }
    match ppt.as_deref() {
        None => Ok(Kind::Plain),
        Some("shaken") => Ok(Kind::Shaken),
        Some("div") => Ok(Kind::Diverted),
        Some(_) => Err("the PASSporT's extension is not known"),
    }
}

fn attestation(text: Option<&str>) -> Result<Option<Attestation>, &'static str> {
    match text {
        None => Ok(None),
        Some("A") => Ok(Some(Attestation::A)),
        Some("B") => Ok(Some(Attestation::B)),
        Some("C") => Ok(Some(Attestation::C)),
        Some(_) => Err("the attestation is none of A, B and C"),
    }
}

impl One {
    fn person(self) -> Result<Person, &'static str> {
        let person = match (self.tn, self.uri) {
            (Some(tn), None) => Person::claimed_number(&tn),
            (None, Some(uri)) => Person::claimed_uri(&uri),
            _ => None,
        };
        person.ok_or("a party of the PASSporT is neither a number nor an address")
    }
}

impl Many {
    fn persons(self) -> Result<Vec<Person>, &'static str> {
        if !(1..=CALLEES_MAX).contains(&(self.tn.len() + self.uri.len())) {
            return Err("the PASSporT is for nobody, or for too many");
        }
        let numbers = self.tn.iter().map(|tn| Person::claimed_number(tn));
        let all = numbers.chain(self.uri.iter().map(|uri| Person::claimed_uri(uri)));
        all.collect::<Option<_>>().ok_or("a party of the PASSporT is neither a number nor an address")
    }
}

const fn key(person: &Person) -> &'static str {
    match person {
        Person::Number(_) => "tn",
        Person::Uri(_) => "uri",
    }
}

/// A JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
