//! What a parser makes of a line, and the words for why it makes nothing of it.
//!
//! Owns: the bounds of every text that a line may carry on, and which addresses a source can have. Refuses: knowing any PBX's
//! format.
use std::net::IpAddr;

use crate::engine::input::{FeedEvent, FeedWhat};

/// The most bytes of an account that are kept.
const ACCOUNT_MAX: usize = 128;
/// The most bytes of a user agent that are kept.
const USER_AGENT_MAX: usize = 128;
/// The most bytes of a method that are kept.
const METHOD_MAX: usize = 32;
/// The longest nonce. A longer one was cut somewhere or is none of a server's, and proves nothing.
const NONCE_MAX: usize = 512;

/// What a PBX told, before it is known by which feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    what: FeedWhat,
    source: IpAddr,
    connected: bool,
    account: Option<String>,
    nonce: Option<String>,
    method: Option<String>,
    user_agent: Option<String>,
}

impl Report {
    /// A report of what `source` did. `connected`: whether it came over a connection.
    pub(super) fn new(what: FeedWhat, source: IpAddr, connected: bool) -> Self {
        Self { what, source, connected, account: None, nonce: None, method: None, user_agent: None }
    }

    /// Names the account that was tried; an empty one is none.
    pub(super) fn account(mut self, account: Option<&[u8]>) -> Self {
        self.account = account.and_then(|text| shown(text, ACCOUNT_MAX));
        self
    }

    /// Names the nonce of the credentials.
    pub(super) fn nonce(mut self, nonce: Option<&[u8]>) -> Self {
        let whole = nonce.filter(|text| (1..=NONCE_MAX).contains(&text.len()));
        self.nonce = whole.and_then(|text| std::str::from_utf8(text).ok()).map(str::to_owned);
        self
    }

    /// Names the method.
    pub(super) fn method(mut self, method: Option<&[u8]>) -> Self {
        self.method = method.and_then(|text| shown(text, METHOD_MAX));
        self
    }

    /// Names the user agent.
    pub(super) fn user_agent(mut self, agent: Option<&[u8]>) -> Self {
        self.user_agent = agent.and_then(|text| shown(text, USER_AGENT_MAX));
        self
    }

    /// Who did it.
    pub fn source(&self) -> IpAddr {
        self.source
    }

    /// The event that the engine is told.
    pub fn into_event(self, feed: &str) -> FeedEvent {
        let Self { what, source, connected, account, nonce, method, user_agent } = self;
        FeedEvent { what, source, account, nonce, connected, method, user_agent, feed: feed.to_owned() }
    }
}

/// Text for a record: bounded, UTF-8, and without the power to move a terminal's cursor.
fn shown(text: &[u8], max: usize) -> Option<String> {
    let bounded = &text[..text.len().min(max)];
    let lossy = String::from_utf8_lossy(bounded);
    let mut shown = String::with_capacity(lossy.len());
    for c in lossy.chars() {
        if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    (!shown.is_empty()).then_some(shown)
}

/// The source that an address names.
pub(super) fn source(text: &[u8]) -> Result<IpAddr, Refusal> {
    let text = std::str::from_utf8(text).map_err(|_| Refusal::Address)?;
    let address = text.parse::<IpAddr>().map_err(|_| Refusal::Address)?.to_canonical();
    let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    let nobodys = address.is_unspecified() || address.is_loopback() || address.is_multicast() || broadcast;
    if nobodys { Err(Refusal::Address) } else { Ok(address) }
}

/// What a line came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Something that a source did.
    Event(Report),
    /// A whole line of the PBX that tells of nobody's wrong.
    Other,
    /// A whole line that is not believed.
    Refused(Refusal),
    /// A line that does not end as the PBX ends it, or does not begin so: an attacker's line end may stand behind it. What
    /// begins within so many bytes of its start may be the attacker's.
    Torn(Refusal, u64),
    /// The same, where the PBX bounds what an attacker could have written: what begins within so many bytes of its start is not
    /// believed, and that is all.
    Split(Refusal, u64),
}

/// Declares the reasons with their words, which status and counters use.
macro_rules! refusals {
    ($($(#[doc = $doc:literal])+ $variant:ident = $word:literal,)+) => {
        /// Why a line is not believed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Refusal { $($(#[doc = $doc])+ $variant,)+ }

        impl Refusal {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its word in counters.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

refusals! {
    /// It does not begin as the lines begin that the feed reads.
    Foreign = "foreign",
    /// It begins as they do, and does not end so.
    Cut = "cut",
    /// What it says may be the end of a torn line before it.
    Behind = "behind_torn",
    /// It is longer than any line of the PBX.
    TooLong = "too_long",
    /// It tells of a service that is not SIP, and whose texts nobody bounds.
    Service = "service",
    /// A key is missing, stands there twice, or its value is not of its form.
    Field = "field",
    /// Its address is none, or none that a source can have.
    Address = "address",
    /// It is no object of the documented form.
    Json = "json",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_addresses_that_packets_come_from() {
        for (text, want) in [
            ("203.0.113.7", Some("203.0.113.7")),
            ("2001:db8::7", Some("2001:db8::7")),
            ("::ffff:203.0.113.7", Some("203.0.113.7")),
            ("127.0.0.1", None),
            ("::ffff:127.0.0.1", None),
            ("0.0.0.0", None),
            ("255.255.255.255", None),
            ("ff02::1", None),
            ("fe80::1%eth0", None),
            ("203.0.113.7 ", None),
            ("203.0.113.07", None),
            ("sip.example.com", None),
            ("", None),
        ] {
            assert_eq!(source(text.as_bytes()).ok().map(|a| a.to_string()).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn texts_are_bounded_and_cannot_move_a_cursor() {
        let report = Report::new(FeedWhat::AuthFailure, [203, 0, 113, 7].into(), false);
        let hostile = [b"\x1b[2J\r\n\xff".as_slice(), &[b'a'; 10_000]].concat();
        let event = report.account(Some(&hostile)).nonce(Some(&hostile)).method(Some(b"")).into_event("pbx");
        let account = event.account.unwrap();
        assert!(account.starts_with("\\u{1b}[2J\\r\\n\u{fffd}aaa") && account.len() < 160, "{account}");
        assert_eq!((event.nonce, event.method), (None, None));
    }
}
