//! The kernel's counters.
//!
//! Owns: reading them and adding up CPUs. Refuses: showing them.
use std::path::Path;

use aya::maps::lpm_trie::LpmTrie;
use aya::maps::{HashMap, MapData, PerCpuArray, PerCpuValues};
use firewall_common::copy::{RINGS, Ring};
use firewall_common::maps;
use firewall_common::policy::{Counter, Entry, Hold, PeerCounter, Registrant};
use firewall_common::reason::Reason;

use super::error::{Context as _, Result};
use super::maps::{capacity, open};
use super::numbers::NumberMaps;
use super::pinholes::Pinholes;
use super::running::RunningPolicy;

/// All counters of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// By reason, in the order of their numbers.
    pub reasons: Vec<ReasonStats>,
    /// By peer, in the order of their ids; the first, with id 0, is all who are let in by allow entries.
    pub peers: Vec<PeerStats>,
    /// Events that a full ring lost.
    pub events_lost: u64,
    /// Copies of packets, by ring.
    pub copies: [CopyStats; RINGS],
}

/// What became of the copies for one ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyStats {
    /// The ring.
    pub ring: Ring,
    /// Copies that it took.
    pub made: u64,
    /// Copies that it had no room for.
    pub lost: u64,
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

/// Reads the counters of a generation's directory.
pub(super) fn read(dir: &Path, policy: Option<&RunningPolicy>) -> Result<Stats> {
    let (enforced, monitored) = (per_reason(dir, maps::STATS)?, per_reason(dir, maps::MONITORED)?);
    let reason = |reason: &Reason| {
        let at = *reason as usize;
        let get = |counters: &[Counter]| counters.get(at).copied().unwrap_or_default();
        ReasonStats { reason: *reason, enforced: get(&enforced), monitored: get(&monitored) }
    };
    let lost = sums(dir, maps::EVENTS_LOST)?;
    Ok(Stats {
        reasons: Reason::ALL.iter().map(reason).collect(),
        peers: peers(dir, policy)?,
        events_lost: lost.first().copied().unwrap_or(0),
        copies: copies(dir)?,
    })
}

fn copies(dir: &Path) -> Result<[CopyStats; RINGS]> {
    let (made, lost) = (sums(dir, maps::COPIES_MADE)?, sums(dir, maps::COPIES_LOST)?);
    let of = |counts: &[u64], ring: Ring| counts.get(ring as usize).copied().unwrap_or(0);
    Ok(Ring::ALL.map(|ring| CopyStats { ring, made: of(&made, ring), lost: of(&lost, ring) }))
}

/// The numbers of a per-CPU array, added up over CPUs.
fn sums(dir: &Path, name: &str) -> Result<Vec<u64>> {
    let map: PerCpuArray<MapData, u64> = open(dir, name)?;
    map.iter().map(|values| values.map(|values| values.iter().sum()).doing(reading)).collect()
}

/// Counts the elements of the maps that can fill up.
pub(super) fn usage(dir: &Path) -> Result<Vec<Usage>> {
    let sources: HashMap<MapData, [u8; 16], Entry> = open(dir, maps::SOURCES)?;
    let prefixes: LpmTrie<MapData, [u8; 16], Entry> = open(dir, maps::ENTRIES)?;
    let peers: LpmTrie<MapData, [u8; 16], u32> = open(dir, maps::PEER_PREFIXES)?;
    let registrants: HashMap<MapData, [u8; 16], Registrant> = open(dir, maps::REGISTRANTS)?;
    let holds: HashMap<MapData, [u8; 24], Hold> = open(dir, maps::HOLDS)?;
    let counted = [
        ("bans", maps::SOURCES, sources.keys().count()),
        ("entries", maps::ENTRIES, prefixes.keys().count()),
        ("peer_prefixes", maps::PEER_PREFIXES, peers.keys().count()),
        ("registrants", maps::REGISTRANTS, registrants.keys().count()),
        ("holds", maps::HOLDS, holds.keys().count()),
        ("numbers", maps::NUMBERS, NumberMaps::open(dir)?.len()),
        ("pinholes", maps::FLOWS, Pinholes::open(dir)?.len()),
    ];
    let usage = |(key, name, count): (&'static str, &str, usize)| {
        Ok(Usage { key, elements: u32::try_from(count).unwrap_or(u32::MAX), capacity: capacity(dir, name)? })
    };
    counted.into_iter().map(usage).collect()
}

fn per_reason(dir: &Path, name: &str) -> Result<Vec<Counter>> {
    let map: PerCpuArray<MapData, Counter> = open(dir, name)?;
    let sum = |values: PerCpuValues<Counter>| {
        values.iter().fold(Counter::default(), |sum, one| Counter {
            packets: sum.packets + one.packets,
            bytes: sum.bytes + one.bytes,
        })
    };
    map.iter().map(|values| values.map(sum).doing(reading)).collect()
}

fn peers(dir: &Path, policy: Option<&RunningPolicy>) -> Result<Vec<PeerStats>> {
    let map: PerCpuArray<MapData, PeerCounter> = open(dir, maps::PEER_STATS)?;
    (0..).zip(map.iter()).map(|(id, values)| Ok(peer(id, &values.doing(reading)?, policy))).collect()
}

fn peer(id: u32, values: &PerCpuValues<PeerCounter>, policy: Option<&RunningPolicy>) -> PeerStats {
    let known = policy.and_then(|policy| policy.peers.iter().find(|peer| peer.id == id));
    let mut counter = known.map_or(PeerCounter::default(), |peer| PeerCounter {
        passed: peer.passed_before,
        dropped: peer.dropped_before,
    });
    for one in values.iter() {
        counter.passed += one.passed;
        counter.dropped += one.dropped;
    }
    PeerStats { id, name: known.map(|peer| peer.name.clone()), counter }
}

fn reading() -> String {
    "read counters".to_owned()
}
