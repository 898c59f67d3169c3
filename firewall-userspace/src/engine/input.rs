//! What the engine is told.
//!
//! Owns: the values that come in. Refuses: where they come from (rings, streams, feeds), and what they mean.
use std::net::IpAddr;

use firewall_common::addr::Addr;
use firewall_common::copy::Kind;
use firewall_common::reason::Reason;

use super::call::Identity;

/// By which transport a message came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// A datagram: its source address may be forged.
    Udp,
    /// A TCP stream of which both directions were seen: its source has completed a handshake.
    Tcp,
}

/// Who sent a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The remote side.
    In,
    /// Our side.
    Out,
}

/// Between whom a message passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Who sent it.
    pub direction: Direction,
    /// The remote address, whole: not cut to a source's width.
    pub remote: Addr,
    /// The remote port.
    pub remote_port: u16,
    /// Our address.
    pub local: Addr,
    /// Our port.
    pub local_port: u16,
    /// The transport.
    pub via: Via,
    /// What the remote is to the kernel's policy.
    pub kind: Kind,
    /// The id of the remote peer; 0 for none.
    pub peer: u32,
}

/// One message as it was seen.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Kernel monotonic nanoseconds of the packet that completed it.
    pub time: u64,
    /// Between whom.
    pub flow: Flow,
    /// Its bytes; for a datagram the first `slow_path.copy_max` of them.
    pub bytes: &'a [u8],
    /// Whether bytes are missing at the end.
    pub truncated: bool,
    /// Why the kernel dropped it, if it did ([`firewall_common::copy::refused_as`]).
    pub refused: Option<Reason>,
}

/// Whose a signature is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The call.
    pub call: u64,
    /// The hash of what is claimed.
    pub claim: u64,
    /// Between whom the message passed.
    pub flow: Flow,
}

/// What came of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Whose it is.
    pub signed: Signed,
    /// What is known now.
    pub identity: Identity,
}

/// What a PBX told by a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedEvent {
    /// What happened.
    pub what: FeedWhat,
    /// Who did it, as the PBX saw it.
    pub source: IpAddr,
    /// The account that was tried, if the PBX says so.
    pub account: Option<String>,
    /// The nonce of the credentials, if the PBX says so. It proves the source as the wire's does.
    pub nonce: Option<String>,
    /// Whether the PBX says that it was over a connection (TCP, TLS, WebSocket), which no forged address completes.
    pub connected: bool,
    /// The method, if the PBX says so.
    pub method: Option<String>,
    /// The user agent, if the PBX says so.
    pub user_agent: Option<String>,
    /// The feed's name in the config.
    pub feed: String,
}

/// What the source of a feed's event is to the policy. Whoever calls the engine looks it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What it is to the kernel's policy.
    pub kind: Kind,
    /// The id of the peer; 0 for none.
    pub peer: u32,
}

impl Standing {
    /// Of a source that is nobody in particular.
    pub const STRANGER: Self = Self { kind: Kind::Stranger, peer: 0 };
}

/// What a feed's event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FeedWhat {
    /// Credentials that were wrong.
    AuthFailure,
    /// An account that does not exist.
    UnknownAccount,
    /// Credentials that were right.
    AuthSuccess,
    /// A request that the PBX could not make sense of.
    Malformed,
}
