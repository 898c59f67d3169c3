//! Every counter of the program.
//!
//! Owns: one reading of them, summed over CPUs, and the difference of two. Refuses: resetting them.
use std::collections::BTreeMap;
use std::fmt;

use aya::Ebpf;
use aya::maps::PerCpuArray;
use firewall_common::maps;
use firewall_common::policy::{Counter, PeerCounter};
use firewall_common::reason::Reason;

/// One reading of all counters; what is zero is left out.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// By reason, of what was enforced.
    pub enforced: BTreeMap<Reason, Counter>,
    /// By reason, of what would have been dropped.
    pub monitored: BTreeMap<Reason, Counter>,
    /// By the peer's id.
    pub peers: BTreeMap<u32, PeerCounter>,
}

impl Counters {
    pub(super) fn read(ebpf: &Ebpf, peers: u32) -> Self {
        Self {
            enforced: by_reason(ebpf, maps::STATS),
            monitored: by_reason(ebpf, maps::MONITORED),
            peers: by_peer(ebpf, peers),
        }
    }

    /// What was counted since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let reasons = |now: &BTreeMap<Reason, Counter>, then: &BTreeMap<Reason, Counter>| {
            let less = |a: Counter, b: Counter| Counter { packets: a.packets - b.packets, bytes: a.bytes - b.bytes };
            difference(now, then, less)
        };
        let less = |a: PeerCounter, b: PeerCounter| PeerCounter {
            passed: a.passed - b.passed,
            dropped: a.dropped - b.dropped,
        };
        Self {
            enforced: reasons(&self.enforced, &earlier.enforced),
            monitored: reasons(&self.monitored, &earlier.monitored),
            peers: difference(&self.peers, &earlier.peers, less),
        }
    }

    /// Adds one packet of `bytes` bytes.
    pub fn count(&mut self, reason: Reason, monitored: bool, peer: Option<u32>, bytes: usize) {
        let counters = if monitored { &mut self.monitored } else { &mut self.enforced };
        let counter = counters.entry(reason).or_default();
        counter.packets += 1;
        counter.bytes += bytes as u64;
        if let Some(id) = peer {
            let counter = self.peers.entry(id).or_default();
            let dropped = reason.drops() && !monitored;
            *(if dropped { &mut counter.dropped } else { &mut counter.passed }) += 1;
        }
    }
}

fn difference<K: Ord + Copy, V: Copy + Default + PartialEq>(
    now: &BTreeMap<K, V>,
    then: &BTreeMap<K, V>,
    less: impl Fn(V, V) -> V,
) -> BTreeMap<K, V> {
    let changed = now.iter().map(|(key, value)| (*key, less(*value, then.get(key).copied().unwrap_or_default())));
    changed.filter(|(_, value)| *value != V::default()).collect()
}

fn by_reason(ebpf: &Ebpf, name: &str) -> BTreeMap<Reason, Counter> {
    let array: PerCpuArray<_, Counter> = array(ebpf, name);
    let read = |reason: &Reason| {
        let values = array.get(&(*reason as u32), 0).expect("every reason has a counter");
        let sum = |a: Counter, b: &Counter| Counter { packets: a.packets + b.packets, bytes: a.bytes + b.bytes };
        (*reason, values.iter().fold(Counter::default(), sum))
    };
    Reason::ALL.iter().map(read).filter(|(_, c)| *c != Counter::default()).collect()
}

fn by_peer(ebpf: &Ebpf, peers: u32) -> BTreeMap<u32, PeerCounter> {
    let array: PerCpuArray<_, PeerCounter> = array(ebpf, maps::PEER_STATS);
    let read = |id: u32| {
        let values = array.get(&id, 0).expect("every peer has a counter");
        let sum = |a: PeerCounter, b: &PeerCounter| PeerCounter {
            passed: a.passed + b.passed,
            dropped: a.dropped + b.dropped,
        };
        (id, values.iter().fold(PeerCounter::default(), sum))
    };
    (0..=peers).map(read).filter(|(_, c)| *c != PeerCounter::default()).collect()
}

fn array<'a, V: aya::Pod>(ebpf: &'a Ebpf, name: &str) -> PerCpuArray<&'a aya::maps::MapData, V> {
    let map = ebpf.map(name).expect("the object has its maps");
    PerCpuArray::try_from(map).expect("the map is of this kind")
}

impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let packets = |counters: &BTreeMap<Reason, Counter>| -> Vec<String> {
            counters.iter().map(|(r, c)| format!("{} {} ({} bytes)", r.word(), c.packets, c.bytes)).collect()
        };
        write!(f, "enforced {:?}, monitored {:?}", packets(&self.enforced), packets(&self.monitored))?;
        write!(f, ", peers {:?}", self.peers)
    }
}
