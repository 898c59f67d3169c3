//! Who did what, by a message or a feed's event.
//!
//! Owns: the source at its width, its hash, and what it is to the policy; what can be held against it. Refuses: judging.
use firewall_common::addr::Addr;
use firewall_common::copy::Kind;
use firewall_common::sip::Method;

use super::evidence::Proof;
use super::facts::{Account, Request};
use super::incidents::Kept;
use super::input::{Flow, Standing, Via};
use super::saved::Key;
use super::text::Name;
use crate::clock::Clock;

/// Somebody.
#[derive(Clone, Copy)]
pub(super) struct Who {
    /// At a source's width.
    pub(super) source: Addr,
    /// Its hash.
    pub(super) hash: u64,
    /// What it is to the policy.
    pub(super) kind: Kind,
    /// The peer's id; 0 for none.
    pub(super) peer: u32,
    /// Whether it came over a connection, which no forged address completes.
    pub(super) connected: bool,
    /// Which of the engine's ways it came: 0 UDP, 1 TCP, and then the feeds.
    pub(super) way: u8,
}

impl Default for Who {
    fn default() -> Self {
        let (source, kind) = (Addr::default(), Kind::Stranger);
        Self { source, hash: 0, kind, peer: 0, connected: false, way: 0 }
    }
}

impl Who {
    /// The remote of a flow.
    pub(super) fn of_flow(flow: &Flow, v6_mask: Addr, key: Key) -> Self {
        let source = flow.remote.source(v6_mask);
        let connected = flow.via == Via::Tcp;
        let (kind, peer, way) = (flow.kind, flow.peer, u8::from(connected));
        Self { source, hash: key.source(source), kind, peer, connected, way }
    }

    /// The source of a feed's event.
    pub(super) fn of_feed(source: Addr, standing: Standing, connected: bool, way: u8, key: Key) -> Self {
        Self { source, hash: key.source(source), kind: standing.kind, peer: standing.peer, connected, way }
    }
}

/// What can be held against somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Credentials that were wrong.
    Failure,
    /// A user that the server refused, asked for without credentials.
    Refused,
    /// A request that the server could not make sense of.
    Malformed,
    /// A request that the server refused or challenged, and that the strict reader did not read.
    Unread,
    /// A request that was challenged, and the challenge left.
    Left,
}

/// One such thing.
#[derive(Clone, Copy)]
pub(super) struct Case {
    pub(super) what: What,
    pub(super) proof: Proof,
    pub(super) status: u16,
    pub(super) method: Method,
    pub(super) account: Account,
    /// The user of From, by which the kernel knows an account that is held.
    pub(super) from: Name<40>,
    /// A quarter of the hash of the user that was asked for; 0 for none.
    pub(super) target: u16,
    pub(super) agent: Name<32>,
}

impl Case {
    /// What a request came to.
    pub(super) fn of(request: &Request, what: What, status: u16, proof: Proof) -> Self {
        let Request { method, account, from, target, agent, .. } = *request;
        Self { what, proof, status, method, account, from, target, agent }
    }

    /// Whether its source is proven.
    pub(super) fn is_proven(&self) -> bool {
        self.proof != Proof::None
    }

    /// As evidence.
    pub(super) fn kept(&self, way: u8, clock: Clock) -> Kept {
        let Self { method, status, agent, proof, .. } = *self;
        Kept { time: clock.wall_ms, method, account: self.account.name, status, agent, proof, way }
    }
}
