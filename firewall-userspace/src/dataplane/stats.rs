//! The kernel's counters.
//!
//! Owns: reading them and adding up CPUs. Refuses: showing them.
use firewall_common::policy::{Counter, PeerCounter};
use firewall_common::reason::Reason;

/// All counters of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// By reason, in the order of their numbers.
    pub reasons: Vec<ReasonStats>,
    /// By peer, in the order of their ids; the first, with id 0, is all who are let in by allow entries.
    pub peers: Vec<PeerStats>,
    /// Events that a full ring lost.
    pub events_lost: u64,
}

/// What one reason decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReasonStats {
    /// The reason.
    pub reason: Reason,
    /// Packets that were dealt with so.
    pub enforced: Counter,
    /// Packets that would have been dropped, had the stage not been monitored.
    pub monitored: Counter,
}

/// What a peer's packets came to, since the firewall was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerStats {
    /// Its id.
    pub id: u32,
    /// Its name; nothing for allow entries, or if the running policy's file is gone.
    pub name: Option<String>,
    /// Packets.
    pub counter: PeerCounter,
}

/// How full a map is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The key under `[capacity]` that sets its size.
    pub key: &'static str,
    /// Elements in it.
    pub elements: u32,
    /// Elements that it holds at most.
    pub capacity: u32,
}
