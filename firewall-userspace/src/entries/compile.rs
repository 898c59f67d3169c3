//! From entries to map values.
//!
//! Owns: which entry goes to which map, with which terms. Refuses: reading the clock and the database, writing maps.
//!
//! The kernel looks the source up in `SOURCES`, a hash, and if nothing there is in force in `ENTRIES`, a trie that knows
//! only the longest prefix. Blocks of exactly one source go to the hash, which is cheaper; the rest goes to the trie, each
//! value knowing what follows it. A source stays out of the hash when an entry lies strictly inside it (an address of
//! an IPv6 /64), which the hash would hide, or when an allow entry has a word before its block.
use std::collections::HashMap;

use firewall_common::addr::{Addr, Prefix};
use firewall_common::entry_filter::EntryFilter;
use firewall_common::policy::{Action, Entry, Term};

use super::prefix::is_v4;
use super::prefix_map::PrefixMap;
use super::record::{Kind, ListEntry, StoredEntry};
use super::timeline::{Node, Segment, course, fold, own_part};
use crate::clock::Clock;

/// All of IPv4.
const ALL_V4: Prefix = Prefix::new(Addr::from_v4([0; 4]), 96);
/// A value by which nothing happens.
const NOTHING: Entry = Entry { first: Term::NONE, then: Term::NONE, hits: 0 };

/// What the kernel's maps hold of the entries.
#[derive(Default)]
pub struct KernelEntries {
    /// `SOURCES`: only blocks.
    pub sources: HashMap<Addr, Entry>,
    /// `ENTRIES`.
    pub prefixes: HashMap<Prefix, Entry>,
    /// `ENTRY_FILTER`, of both.
    pub filter: Box<EntryFilter>,
    /// Whether some entry covers all traffic ([`firewall_common::policy::SWITCH_SCOPE_ALL`]).
    pub scope_all: bool,
    /// Unix milliseconds of the next end of an entry, when it is time to compile anew.
    pub next_expiry: Option<i64>,
}

/// Compiles the entries in force, and what block lists name. `v6_prefix` is the width of an IPv6 source.
pub fn compile(
    active: &[StoredEntry],
    listed: &[ListEntry],
    peers: &[Prefix],
    v6_prefix: u8,
    clock: Clock,
) -> KernelEntries {
    let alive = || active.iter().filter(|e| e.in_force(clock.wall_ms));
    let peers = PrefixMap::new(peers.iter().map(|p| (*p, ())));
    let holds = |e: &&StoredEntry| e.kind != Kind::Ban || may_ban(e.prefix, &peers, v6_prefix);
    let nodes = nodes(alive().filter(holds), listed.iter().filter(|l| !peers.touches(l.prefix)));
    let mut out = KernelEntries { next_expiry: alive().filter_map(|e| e.expires).min(), ..Default::default() };
    for (prefix, _) in nodes.iter() {
        let lineage: Vec<Node<'_>> = nodes.covering(*prefix).map(|(_, node)| *node).collect();
        let segments = course(&lineage, clock.wall_ms);
        let own = own_part(&segments, *prefix);
        let Some(own_segments) = segments.get(..own).filter(|own| !own.is_empty()) else {
            continue;
        };
        if is_source(*prefix, v6_prefix) && only_blocks(own_segments) && !crowded(&nodes, *prefix) {
            // When it has ended the kernel goes on to the trie, which knows what follows.
            out.put_source(*prefix, fold(own_segments, clock));
        } else {
            out.put_prefix(*prefix, fold(&segments, clock));
        }
    }
    out.fence_v4();
    out
}

/// Bans hold for one source, and never for any part of a peer.
pub(crate) fn may_ban<T>(source: Prefix, peers: &PrefixMap<T>, v6_prefix: u8) -> bool {
    let narrow = is_v4(source) && source.bits == 128 || !is_v4(source) && source.bits >= u32::from(v6_prefix);
    narrow && !peers.touches(source)
}

fn nodes<'a>(
    entries: impl Iterator<Item = &'a StoredEntry>,
    listed: impl Iterator<Item = &'a ListEntry>,
) -> PrefixMap<Node<'a>> {
    let mut by_prefix: HashMap<Prefix, Node<'a>> = HashMap::new();
    for entry in entries {
        let node = by_prefix.entry(entry.prefix).or_default();
        if entry.kind == Kind::Ban { node.ban = Some(entry) } else { node.operator = Some(entry) }
    }
    for entry in listed {
        // Of several lists with the same prefix the first one is named.
        by_prefix.entry(entry.prefix).or_default().listed.get_or_insert(entry);
    }
    PrefixMap::new(by_prefix)
}

/// Whether it is exactly what the kernel looks up in the hash.
pub fn is_source(prefix: Prefix, v6_prefix: u8) -> bool {
    prefix.bits == if is_v4(prefix) { 128 } else { u32::from(v6_prefix) }
}

/// The prefix of a source.
pub fn source_prefix(source: Addr, v6_prefix: u8) -> Prefix {
    Prefix::new(source, if source.is_v4() { 128 } else { v6_prefix })
}

fn only_blocks(segments: &[Segment<'_>]) -> bool {
    !segments.iter().any(Segment::allows)
}

/// Whether a narrower entry lies inside.
fn crowded(nodes: &PrefixMap<Node<'_>>, prefix: Prefix) -> bool {
    nodes.inside(prefix).any(|(inner, _)| *inner != prefix)
}

impl KernelEntries {
    fn put_source(&mut self, source: Prefix, entry: Entry) {
        self.scope_all |= covers_all(&entry);
        let source = Addr::from_bytes(source.addr);
        self.filter.insert_source(source);
        self.sources.insert(source, entry);
    }

    fn put_prefix(&mut self, prefix: Prefix, entry: Entry) {
        self.scope_all |= covers_all(&entry);
        self.filter.insert(prefix);
        self.prefixes.insert(prefix, entry);
    }

    /// In the trie IPv4 lies inside `::/0` and its kin. A value that does nothing keeps IPv4 addresses from ending there.
    fn fence_v4(&mut self) {
        if self.prefixes.keys().any(|p| !is_v4(*p) && p.contains(ALL_V4)) {
            self.prefixes.entry(ALL_V4).or_insert(NOTHING);
        }
    }
}

fn covers_all(entry: &Entry) -> bool {
    [entry.first, entry.then].iter().any(|t| Action::from_number(t.action).covers_all())
}

#[cfg(test)]
mod tests;
