//! Asterisk's security events: what their fields mean.
//!
//! Owns: which events tell of a wrong, the form of an address, and the keys that may follow it. Refuses: lines and blocks
//! (see [`line`] and [`ami`]).
//!
//! The events and the order of their fields: main/security_events.c, `sec_events`. Who raises them for SIP, and what a remote
//! party can put into each field: res/res_pjsip/security_events.c and res/res_pjsip/pjsip_distributor.c. Only the service
//! "PJSIP" is believed, because it bounds these texts: an account that is no endpoint's name is cut at 36 bytes
//! (`AST_UUID_STR_LEN`), a Call-ID ends before any line end, a nonce is cut at 63 bytes.
use std::net::IpAddr;

use super::cursor::Cursor;
use super::report::{Refusal, Report, source};
use crate::engine::input::FeedWhat;

pub mod ami;
pub mod line;

/// The service whose events are believed.
const SERVICE: &[u8] = b"PJSIP";
/// Bytes of a nonce that Asterisk keeps; one that fills them may have been cut.
const NONCE_KEPT: usize = 63;
/// Keys that may follow the remote address.
const TRAILING: [&[u8]; 9] = [
    b"Challenge",
    b"Response",
    b"ExpectedResponse",
    b"ReceivedChallenge",
    b"ReceivedHash",
    b"UsingPassword",
    b"Module",
    b"ACLName",
    b"SessionTV",
];

/// The fields of one event, as they were written.
#[derive(Clone, Copy, Debug, Default)]
struct Fields<'a> {
    event: &'a [u8],
    account: &'a [u8],
    remote: &'a [u8],
    trailing: [Option<&'a [u8]>; TRAILING.len()],
}

impl<'a> Fields<'a> {
    /// The value of a key behind the remote address.
    fn trailing(&self, key: &[u8]) -> Option<&'a [u8]> {
        let index = TRAILING.iter().position(|known| *known == key)?;
        self.trailing[index]
    }

    /// Takes a value; nothing if the key is unknown, there already, or its value is not of the form that honest values have:
    /// what they say is base64, hexadecimal, a number, a time or a word of Asterisk's own.
    fn set_trailing(&mut self, key: &[u8], value: &'a [u8]) -> Option<()> {
        let index = TRAILING.iter().position(|known| *known == key)?;
        let honest = |b: &u8| b.is_ascii_alphanumeric() || b"+/=_.:-".contains(b);
        let fits = value.iter().all(honest) && self.trailing[index].replace(value).is_none();
        fits.then_some(())
    }

    /// What happened; nothing for what is nobody's wrong and no success.
    fn report(&self) -> Result<Option<Report>, Refusal> {
        let Some(what) = self.what() else { return Ok(None) };
        let (address, connected) = remote(self.remote)?;
        let nonce = match self.event {
            b"ChallengeResponseFailed" => self.trailing(b"Challenge"),
            b"InvalidPassword" => self.trailing(b"ReceivedChallenge"),
            _ => None,
        };
        let whole = nonce.filter(|nonce| nonce.len() < NONCE_KEPT);
        Ok(Some(Report::new(what, address, connected).account(Some(self.account)).nonce(whole)))
    }

    fn what(&self) -> Option<FeedWhat> {
        match self.event {
            b"InvalidPassword" | b"ChallengeResponseFailed" => Some(FeedWhat::AuthFailure),
            b"InvalidAccountID" => Some(FeedWhat::UnknownAccount),
            // Other lists' names are faults of configuration: too many contacts, no AOR.
            b"FailedACL" if self.trailing(b"ACLName") == Some(b"not_match_endpoint_acl") => Some(FeedWhat::AuthFailure),
            b"SuccessfulAuth" if self.trailing(b"UsingPassword") == Some(b"1") => Some(FeedWhat::AuthSuccess),
            _ => None,
        }
    }
}

/// "IPV4/UDP/203.0.113.7/5060" as main/json.c, `ast_json_ipaddr`, writes it. An unnamed transport is left out there, with its
/// slash: it is no connection then.
fn remote(text: &[u8]) -> Result<(IpAddr, bool), Refusal> {
    let mut parts = text.split(|b| *b == b'/');
    let (family, second) = (parts.next(), parts.next());
    let (transport, address) = match second {
        Some(b"UDP" | b"TCP" | b"TLS" | b"WS" | b"WSS") => (second, parts.next()),
        _ => (None, second),
    };
    let mut port = Cursor::new(parts.next().ok_or(Refusal::Address)?);
    let numbered = port.digits(5).is_some() && port.rest().is_empty() && parts.next().is_none();
    let source = source(address.unwrap_or_default())?;
    let fits = matches!((family, source), (Some(b"IPV4"), IpAddr::V4(_)) | (Some(b"IPV6"), IpAddr::V6(_)));
    if !numbered || !fits {
        return Err(Refusal::Address);
    }
    Ok((source, transport.is_some_and(|t| t != b"UDP")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_asterisk_writes_them() {
        for (text, want) in [
            ("IPV4/UDP/203.0.113.7/5060", Some(("203.0.113.7", false))),
            ("IPV4/TLS/203.0.113.7/5061", Some(("203.0.113.7", true))),
            ("IPV4/WSS/203.0.113.7/443", Some(("203.0.113.7", true))),
            ("IPV6/TCP/2001:db8::7/5060", Some(("2001:db8::7", true))),
            ("IPV4/203.0.113.7/5060", Some(("203.0.113.7", false))),
            ("IPV6/UDP/203.0.113.7/5060", None),
            ("IPV4/UDP/203.0.113.7", None),
            ("IPV4/UDP/203.0.113.7/", None),
            ("IPV4/UDP/203.0.113.7/5060/1", None),
            ("IPV4/UDP/203.0.113.7/123456", None),
            ("IPV4/SCTP/203.0.113.7/5060", None),
            ("UDP/203.0.113.7/5060", None),
            ("IPV4/UDP/127.0.0.1/5060", None),
            ("", None),
        ] {
            let read = remote(text.as_bytes()).ok();
            assert_eq!(read, want.map(|(a, c)| (a.parse().unwrap(), c)), "{text}");
        }
    }
}
