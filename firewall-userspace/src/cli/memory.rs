//! How much kernel memory the maps take.
//!
//! Owns: the estimate. Refuses: measuring (a loaded map's file information tells what it really took).
//!
//! The kernel takes a map's memory when it is made (its allocator rounds up, so this is a little less than the truth):
//! an element of a hash table is its key and value, each rounded up to eight bytes, behind 48 bytes of the table's own
//! (`struct htab_elem`), and there is a bucket of 16 bytes for each, rounded up to a power of two.
use firewall_common::addr::Addr;
use firewall_common::maps;
use firewall_common::media::{FLOWS_OF_PORT, Flow, Learned};
use firewall_common::policy::{
    Counter, DatagramKey, DatagramVerdict, Entry, Hold, HoldKey, PeerCounter, PeerRule, Registrant,
};
use firewall_common::reason::REASONS;
use firewall_common::sip::method::CLASS_SLOTS;

use crate::config::Config;

/// Bytes that a config's maps take at most.
pub(super) fn parts(config: &Config) -> Vec<(&'static str, u64)> {
    let (capacity, slow_path) = (config.capacity(), config.slow_path());
    let peers = config.peers().len() as u64 + 1;
    let cells = size_of::<[u64; CLASS_SLOTS]>() as u64;
    vec![
        ("bans", hash(capacity.bans.get(), size_of::<Addr>(), size_of::<Entry>())),
        ("entries", trie(capacity.entries.get(), size_of::<Entry>())),
        ("peer prefixes", trie(capacity.peer_prefixes.get(), 4)),
        ("registrants", hash(capacity.registrants.get(), size_of::<Addr>(), size_of::<Registrant>())),
        ("holds", hash(capacity.holds.get(), size_of::<HoldKey>(), size_of::<Hold>())),
        ("pinholes", u64::from(capacity.pinholes.get()) * size_of::<Flow>() as u64),
        (
            "media ports",
            u64::from(maps::MEDIA_PORTS) * (size_of::<[u32; FLOWS_OF_PORT]>() + size_of::<Learned>()) as u64,
        ),
        ("called sources", 2 * 8 * u64::from(maps::CALLED_CELLS)),
        ("rate cells", 2 * 8 * u64::from(capacity.cells.get())),
        ("fragments", hash(capacity.fragments.get(), size_of::<DatagramKey>(), size_of::<DatagramVerdict>())),
        ("peers", peers * (size_of::<PeerRule>() as u64 + cells + cpus() * size_of::<PeerCounter>() as u64)),
        ("counters", 2 * REASONS as u64 * cpus() * size_of::<Counter>() as u64),
        ("events", u64::from(maps::EVENTS_DEFAULT)),
        ("copies", u64::from(slow_path.strangers_ring.get()) + u64::from(slow_path.trusted_ring.get())),
    ]
}

/// All of them.
pub(crate) fn total(config: &Config) -> u64 {
    parts(config).iter().map(|(_, bytes)| bytes).sum()
}

/// A hash table is made whole in advance.
fn hash(capacity: u32, key: usize, value: usize) -> u64 {
    let element = 48 + key.next_multiple_of(8) + value.next_multiple_of(8);
    u64::from(capacity) * element as u64 + u64::from(capacity).next_power_of_two() * 16
}

/// A trie grows: a node of 40 bytes, the key of 16 and the value for each prefix, and as many nodes between.
fn trie(capacity: u32, value: usize) -> u64 {
    u64::from(capacity) * (40 + 16 + value as u64 + 40 + 16)
}

fn cpus() -> u64 {
    let possible = std::fs::read_to_string("/sys/devices/system/cpu/possible").unwrap_or_default();
    let last = possible.trim().rsplit(['-', ',']).next().and_then(|n| n.parse::<u64>().ok());
    last.map_or(1, |n| n + 1)
}
