//! What is told of a call: to the database, and from there to whoever asks.
//!
//! Owns: the records, which are kept as JSON. Refuses: following calls (see `engine::calls`).
mod ladder;

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::input::Via;
pub use ladder::{Ladder, RUNGS, Rung};

/// A call, as it is known so far. A call through a proxy has a leg for each side; one that ends at a B2BUA, one leg.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The hash of its Call-ID under the engine's key: [`firewall_common::media::Flow::call`].
    pub id: u64,
    /// Unix milliseconds of its first message.
    pub started: i64,
    /// Unix milliseconds of the first 2xx to its INVITE.
    pub answered: Option<i64>,
    /// Unix milliseconds of its end.
    pub ended: Option<i64>,
    /// From's URI without scheme and parameters, of a printable kind: `100@example.com`.
    pub from: String,
    /// The Request-URI's, likewise.
    pub to: String,
    /// The user agent of whoever called.
    pub agent: String,
    /// The user agent of whoever answered, or of the server that did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub callee_agent: String,
    /// The legs, in the order in which they began.
    pub legs: Vec<Leg>,
    /// What it came to.
    pub state: State,
    /// Who ended it, once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<Party>,
    /// What in the policy decided about it, if something refused it, or would have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<Decided>,
    /// The name of the class of the number that was called, if a list gives it one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// What is known of who is calling by signatures (RFC 8224).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// Its messages, in short.
    #[serde(default, skip_serializing_if = "Ladder::is_empty")]
    pub ladder: Ladder,
}

impl Call {
    /// One of which nothing is known but its id.
    pub fn blank(id: u64) -> Self {
        Self {
            id,
            started: 0,
            answered: None,
            ended: None,
            from: String::new(),
            to: String::new(),
            agent: String::new(),
            callee_agent: String::new(),
            legs: Vec::new(),
            state: State::Calling,
            ended_by: None,
            decided: None,
            class: None,
            identity: None,
            ladder: Ladder::default(),
        }
    }
}

/// A party of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// Whoever called.
    Caller,
    /// Whoever was called.
    Callee,
    /// The firewall.
    Firewall,
}

/// What decided about a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// The word of the kernel's reason (`number_denied`), or of the rule (`fraud_night`).
    pub by: String,
    /// The status of the answer that was sent for it; none where no answer could be sent.
    pub status: Option<u16>,
    /// Whether it was refused; otherwise it would have been.
    pub enforced: bool,
}

/// How much the operator who signed a call vouches for its caller (RFC 8588 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Attestation {
    /// It knows the caller, and that he may use the number.
    A,
    /// It knows the caller.
    B,
    /// It knows where the call came in.
    C,
}

/// What the Identity header of a call says, and whether that is so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// How much is vouched for, if it says so.
    pub attestation: Option<Attestation>,
    /// Whether its signature holds; otherwise why not.
    pub verdict: Verdict,
    /// Who signed: the subject of the certificate, or its address.
    pub signer: String,
}

/// What came of verifying a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds.
    Valid,
    /// It is made with another key than the certificate's, or over other words.
    Signature,
    /// It is not of now (RFC 8224 §12.1).
    Stale,
    /// It is for another call: another caller or callee.
    Mismatch,
    /// Its certificate is not trusted, or has expired.
    Untrusted,
    /// Its certificate cannot be had.
    NoCertificate,
    /// It cannot be read.
    Unreadable,
    /// It is not known yet.
    Pending,
}

/// What a call has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// An INVITE was seen.
    Calling,
    /// It was answered with a 2xx.
    Up,
    /// It has ended with a BYE, or its dialog has.
    Ended,
    /// It was cancelled before it was answered.
    Cancelled,
    /// Its server or its callee refused it, with this status.
    Failed(u16),
    /// The firewall refused it.
    Refused,
    /// It went on while nobody followed it, and its pinholes have closed by silence.
    Lost,
}

/// One side of a call: between our side and a remote party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// Whether the remote party sent the INVITE.
    pub inbound: bool,
    /// Where the remote party's signalling comes from.
    pub remote: SocketAddr,
    /// The id of the remote peer; 0 for none.
    pub peer: u32,
    /// The transport.
    pub transport: Transport,
    /// What the policy demanded of it.
    pub policy: Demand,
    /// Why it was refused, or would have been.
    pub refusal: Option<Refusal>,
    /// Its media streams, in the order of its media lines.
    pub streams: Vec<Stream>,
}

/// A transport of signalling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
}

impl From<Via> for Transport {
    fn from(via: Via) -> Self {
        match via {
            Via::Udp => Self::Udp,
            Via::Tcp => Self::Tcp,
        }
    }
}

/// What a policy demands of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Demand {
    /// Nothing.
    Off,
    /// SRTP, or a word about it.
    Prefer,
    /// SRTP.
    SrtpOnly,
}

/// Why a call was refused, or would have been.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Unix milliseconds.
    pub time: i64,
    /// Whether it was; otherwise it would have been, if the policy said so.
    pub enforced: bool,
    /// How.
    pub how: How,
    /// The media line that decided, as it stood there, of a printable kind.
    pub line: String,
    /// What is wrong with it.
    pub why: Why,
}

/// How a call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Its INVITE was dropped and answered 488.
    Answered,
    /// Our side's own INVITE was dropped.
    OwnOffer,
    /// It gets no media.
    NoMedia,
}

/// What is wrong with a media line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// RTP without keys.
    Plain,
    /// An SRTP profile without keys.
    NoKeys,
    /// Keys only by a way that the policy does not accept.
    KeyManagement,
    /// Only suites that the policy does not accept.
    Suite,
    /// Session parameters that turn encryption or authentication off (RFC 4568 §6.3).
    Unprotected,
    /// A kind of media that the policy refuses.
    Kind,
    /// SRTP was offered, and the answer is without it.
    Downgrade,
    /// A session description that cannot be read.
    Unreadable,
}

/// One media stream of a leg.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// The medium: `audio`, `video`, `image` …
    pub medium: String,
    /// The transport of its media line: `RTP/SAVP`.
    pub profile: String,
    /// How its keys are agreed on; none for plain media.
    pub keys: Option<Keys>,
    /// Where our side takes it.
    pub local: Option<SocketAddr>,
    /// Where the remote party takes it.
    pub remote: Option<SocketAddr>,
    /// The codec that comes first in the answer: `PCMU/8000`.
    pub codec: String,
    /// Whether it flows both ways, one way, or not at all: `sendrecv`, `sendonly`, `recvonly`, `inactive`.
    pub direction: String,
    /// Whether it may pass.
    pub open: bool,
}

/// How a stream's keys are agreed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keys {
    /// SDES, with this suite.
    Sdes(String),
    /// DTLS.
    Dtls,
}

/// An address that a session description or a packet names.
pub fn socket(address: firewall_common::addr::Addr, port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::from(address), port)
}
