//! Why somebody is banned, held or reported, in a form that is kept and shown.
//!
//! Owns: the record and its words. Refuses: secrets: no password, nonce, response or digest has a field here.
use serde::{Deserialize, Serialize};

/// The rules by which sources are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Too many failed authentications of one source in a short time.
    Failures,
    /// Too many in a day, however slowly.
    SlowFailures,
    /// One failed guess at an account that many sources are guessing at.
    AccountUnderAttack,
    /// Too many different accounts tried that the server refused.
    Scanning,
    /// Too many requests that the server refused as malformed.
    Malformed,
    /// Too many requests that the server refused or challenged, and that sipfw could not read.
    Unread,
    /// Too many calls begun and left unanswered.
    InviteSpray,
    /// Too many calls whose signature does not hold.
    Identity,
    /// One account of a registrant's source keeps failing.
    AccountFailures,
    /// Failed guesses at an account whose password is known to be weak.
    WeakAccount,
    /// Too many calls at once.
    FraudConcurrent,
    /// Too many calls in a short time.
    FraudCalls,
    /// Too many minutes in a day.
    FraudMinutes,
    /// Too many numbers that differ only at their end.
    FraudSequence,
    /// The first call ever to a country.
    FraudCountry,
    /// A call at night.
    FraudNight,
    /// A call sent on to a number that may not be called.
    FraudTransfer,
    /// Too many wrong call codes of somebody who may be forged.
    CallCodes,
    /// An account that registers from another network while it is registered.
    MovedRegistration,
    /// A request inside of a call from whoever is no party to it.
    ForeignRequest,
    /// A Contact that leads elsewhere.
    ForeignContact,
    /// Keys of SRTP in signalling that is not encrypted.
    PlainKeys,
}

impl Rule {
    /// The word by which it is known everywhere.
    pub fn word(self) -> String {
        serde_json::to_value(self).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// The rule known by this word.
    pub fn from_word(word: &str) -> Option<Self> {
        serde_json::from_value(word.into()).ok()
    }

    /// Whether an alarm by it may be about anybody, and not only about a peer.
    pub const fn is_about_anybody(self) -> bool {
        !matches!(
            self,
            Self::Failures
                | Self::SlowFailures
                | Self::AccountUnderAttack
                | Self::Scanning
                | Self::Malformed
                | Self::Unread
                | Self::InviteSpray
                | Self::AccountFailures
                | Self::WeakAccount
        )
    }
}

/// What proves that a source itself sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Nothing: the address may be forged.
    None,
    /// Its credentials carry a nonce that our server had sent to that very source.
    Nonce,
    /// It repeated a To tag that our server had sent to that very source.
    Tag,
    /// It came over a connection.
    Connection,
}

/// One thing that a source did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Unix milliseconds.
    pub time: i64,
    /// The request's method.
    pub method: String,
    /// The account that was tried; empty when none was named.
    pub account: String,
    /// The status that our server answered with; 0 for what a feed told.
    pub status: u16,
    /// The request's user agent; empty when it had none.
    pub user_agent: String,
    /// What proves the source.
    pub proof: Proof,
    /// "udp", "tcp", or the feed's name.
    pub via: String,
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The rule that was broken.
    pub rule: Rule,
    /// How many incidents counted.
    pub count: u32,
    /// How many were allowed.
    pub allowed: u32,
    /// Seconds within which they counted.
    pub within: u64,
    /// The last incidents, oldest first; bounded.
    pub incidents: Vec<Incident>,
    /// Seconds that the source's next ban will last; 0 where none follows.
    pub next_seconds: u64,
}
