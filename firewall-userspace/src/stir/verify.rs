//! Whether what is claimed is so (RFC 8224 §6.2, RFC 8946 §5).
//!
//! Owns: the order of the looks: what costs nothing first, the certificate and the signature last. Refuses: waiting for a
//! certificate that is not there.
use std::sync::Arc;

use super::certificate::Certificate;
use super::claim::Claim;
use super::passport::{Kind, Passport};
use super::person::Person;
use super::token::Token;
use crate::engine::call::{Identity, Verdict};

/// What the config says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Seconds by which the time of a signature may differ from now and from Date.
    pub freshness: i64,
}

/// What is known of a certificate.
#[derive(Clone, Debug)]
pub enum Held {
    /// A root vouches for it.
    Trusted(Arc<Certificate>),
    /// It is here, and this is why it is not trusted.
    Untrusted(String),
    /// It cannot be had, and this is why.
    Absent(String),
    /// It may come.
    Missing,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is told of the call.
    pub identity: Identity,
    /// A sentence for people.
    pub why: String,
    /// The identifier of where the call came in (RFC 8588 §5), if it says so.
    pub origin: Option<String>,
    /// Where a certificate is that is missing.
    pub missing: Option<String>,
}

/// A token with what it stands for: one text, or in compact form several that it may be.
struct Read<'a> {
    token: Token<'a>,
    candidates: Vec<(Passport, String)>,
}

impl Read<'_> {
    /// The only reading, or the first.
    fn passport(&self) -> Option<&Passport> {
        self.candidates.first().map(|(passport, _)| passport)
    }
}

/// Why it does not hold.
type Wrong = (Verdict, String);

/// Verifies a claim that was seen at a time, in Unix seconds. `look` says what is known of the certificate at an address.
pub fn verify(claim: &Claim, at: i64, rules: &Rules, look: &mut dyn FnMut(&str) -> Held) -> Finding {
    let read: Vec<Result<Read<'_>, &'static str>> =
        claim.identities.iter().map(|value| reading(value, claim)).collect();
    let good: Vec<&Read<'_>> = read.iter().filter_map(|one| one.as_ref().ok()).collect();
    let kind = |one: &&Read<'_>| one.passport().is_some_and(|passport| passport.kind != Kind::Diverted);
    let Some(base) = good.iter().copied().find(kind) else {
        let why = read.iter().find_map(|one| one.as_ref().err()).copied();
        return nothing(why.unwrap_or("only that the call was sent on is signed, and not who is calling"));
    };
    let mut finding = blank(base);
    if let Err((verdict, why)) = judge(base, &good, claim, at, rules, look, &mut finding) {
        finding.missing = finding.missing.filter(|_| verdict == Verdict::Pending);
        (finding.identity.verdict, finding.why) = (verdict, why);
    }
    finding
}

/// The answer that a server which verifies would give (RFC 8224 §6.2.2); none where there is nothing to refuse.
pub const fn answer(verdict: Verdict) -> Option<(u16, &'static str)> {
    match verdict {
        Verdict::Valid | Verdict::Pending => None,
        Verdict::Stale => Some((403, "Stale Date")),
        Verdict::NoCertificate => Some((436, "Bad Identity Info")),
        Verdict::Untrusted => Some((437, "Unsupported Credential")),
        Verdict::Signature | Verdict::Mismatch | Verdict::Unreadable => Some((438, "Invalid Identity Header")),
    }
}

fn nothing(why: &str) -> Finding {
    let identity = Identity { attestation: None, verdict: Verdict::Unreadable, signer: String::new() };
    Finding { identity, why: why.to_owned(), origin: None, missing: None }
}

fn blank(base: &Read<'_>) -> Finding {
    let passport = base.passport();
    let attestation = passport.and_then(|passport| passport.attestation);
    let signer = base.token.info.as_str().to_owned();
    let identity = Identity { attestation, verdict: Verdict::Valid, signer };
    let origin = passport.and_then(|passport| passport.origin.clone());
    Finding { identity, why: "the signature holds".to_owned(), origin, missing: None }
}

fn reading<'a>(value: &'a str, claim: &Claim) -> Result<Read<'a>, &'static str> {
    let token = Token::read(value)?;
    let candidates = match token.parts {
        Some((head, payload)) => vec![(Passport::read(&token, head, payload)?, format!("{head}.{payload}"))],
        None => Passport::expand(&token, claim)?,
    };
    if candidates.is_empty() { Err("nobody is calling") } else { Ok(Read { token, candidates }) }
}

fn judge(
    base: &Read<'_>,
    all: &[&Read<'_>],
    claim: &Claim,
    at: i64,
    rules: &Rules,
    look: &mut dyn FnMut(&str) -> Held,
    finding: &mut Finding,
) -> Result<(), Wrong> {
    let passport = base.passport().ok_or((Verdict::Unreadable, String::new()))?;
    if !claim.callers.contains(&passport.caller) {
        let why = format!("it is signed for caller {}, and {} is calling", passport.caller, listed(&claim.callers));
        return Err((Verdict::Mismatch, why));
    }
    let way = way(passport, all, claim)?;
    for one in [base].into_iter().chain(way.iter().copied()) {
        let issued = one.passport().map_or(0, |passport| passport.issued);
        fresh(issued, claim.date, at, rules)?;
    }
    finding.identity.signer = signed(base, at, look, finding)?;
    for one in way {
        signed(one, at, look, finding)?;
    }
    Ok(())
}

/// The diversions that lead from whom the signature is for to whom the message is for.
fn way<'a, 'b>(base: &Passport, all: &[&'a Read<'b>], claim: &Claim) -> Result<Vec<&'a Read<'b>>, Wrong> {
    let (mut targets, mut way) = (claim.callees.clone(), Vec::new());
    while !base.callees.iter().any(|callee| targets.contains(callee)) {
        let next = all.iter().copied().find(|one| {
            one.passport().is_some_and(|passport| {
                passport.kind == Kind::Diverted
                    && passport.caller == base.caller
                    && passport.callees.iter().any(|callee| targets.contains(callee))
            })
        });
        let diverted = next.and_then(Read::passport_diverted);
        match (next, diverted) {
            // A call can't have been sent on more often than there are tokens.
            (Some(next), Some(diverted)) if way.len() < all.len() => {
                way.push(next);
                targets = vec![diverted];
            }
            _ => {
                let why = format!(
                    "it is signed for a call to {}, and {} is called",
                    listed(&base.callees),
                    listed(&claim.callees)
                );
                return Err((Verdict::Mismatch, why));
            }
        }
    }
    Ok(way)
}

impl Read<'_> {
    fn passport_diverted(&self) -> Option<Person> {
        self.passport()?.diverted.clone()
    }
}

/// RFC 8224 §6.2, step 4: neither the signature nor Date may be of another time, whichever of them was replayed.
fn fresh(issued: i64, date: Option<i64>, at: i64, rules: &Rules) -> Result<(), Wrong> {
    let apart = |a: i64, b: i64| a.saturating_sub(b).saturating_abs();
    if apart(at, issued) > rules.freshness {
        let (ago, seconds) = (at.saturating_sub(issued), apart(at, issued));
        let when = if ago < 0 { "in the future" } else { "ago" };
        return Err((Verdict::Stale, format!("it was signed {seconds} s {when}")));
    }
    match date {
        Some(date) if apart(date, issued) > rules.freshness || apart(at, date) > rules.freshness => {
            Err((Verdict::Stale, "Date is of another time".to_owned()))
        }
        _ => Ok(()),
    }
}

/// Who signed it, if a trusted certificate's key did, and may speak for whom it is about.
fn signed(one: &Read<'_>, at: i64, look: &mut dyn FnMut(&str) -> Held, finding: &mut Finding) -> Result<String, Wrong> {
    let url = one.token.info.as_str();
    let certificate = match look(url) {
        Held::Trusted(certificate) if certificate.holds(at) => certificate,
        Held::Trusted(_) => return Err((Verdict::Untrusted, format!("the certificate of {url} has expired"))),
        Held::Untrusted(why) => return Err((Verdict::Untrusted, format!("the certificate of {url}: {why}"))),
        Held::Absent(why) => return Err((Verdict::NoCertificate, format!("the certificate of {url}: {why}"))),
        Held::Missing => {
            finding.missing = Some(url.to_owned());
            return Err((Verdict::Pending, format!("the certificate of {url} is not there yet")));
        }
    };
    let holds = |(_, text): &&(Passport, String)| certificate.signed(text, &one.token.signature);
    let Some((passport, _)) = one.candidates.iter().find(holds) else {
        return Err((Verdict::Signature, "the signature is of another key, or over other words".to_owned()));
    };
    // Whoever sends a call on speaks for the number that it came to (RFC 8946 §4.1).
    let person = passport.diverted.as_ref().filter(|_| passport.kind == Kind::Diverted).unwrap_or(&passport.caller);
    if !certificate.speaks_for(person) {
        return Err((
            Verdict::Untrusted,
            format!("the certificate of {} may not speak for {person}", certificate.subject()),
        ));
    }
    Ok(certificate.subject().to_owned())
}

fn listed(persons: &[Person]) -> String {
    let all: Vec<String> = persons.iter().map(ToString::to_string).collect();
    if all.is_empty() { "nobody that has a name".to_owned() } else { all.join(" or ") }
}
