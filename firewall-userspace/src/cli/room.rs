//! Whether entries fit into the kernel's maps.
//!
//! Owns: asking before the database is written, so that it never holds what the kernel cannot. Refuses: making room.
use std::collections::HashSet;

use anyhow::{Result, bail};
use firewall_common::addr::Prefix;

use super::live::Live;
use crate::clock::Clock;
use crate::config::Loaded;
use crate::dataplane::clock;
use crate::entries::{Kind, NewEntry, Origin, StoredEntry, compile};

/// An error if the entries in force and the new ones together are too many for the config, or for what is loaded. Block
/// lists give way to them, so they do not count.
pub(super) fn check(new: &[NewEntry], active: &[StoredEntry], loaded: &Loaded, live: &Live) -> Result<()> {
    let clock = clock::now();
    let taken: HashSet<Prefix> = new.iter().map(|n| n.prefix).collect();
    let kept = active.iter().filter(|e| e.kind == Kind::Ban || !taken.contains(&e.prefix)).cloned();
    let all: Vec<StoredEntry> = kept.chain(new.iter().map(|n| as_stored(n, clock))).collect();
    let v6_prefix = u8::try_from(loaded.config.strangers().v6_prefix.get()).unwrap_or(64);
    let maps = compile(&all, &[], &loaded.peer_prefixes(), v6_prefix, clock);
    let capacity = loaded.config.capacity();
    fits("addresses", "bans", maps.sources.len(), capacity.bans.get())?;
    fits("prefixes", "entries", maps.prefixes.len(), capacity.entries.get())?;
    live.check_room(&all)
}

fn fits(what: &str, key: &str, wanted: usize, room: u32) -> Result<()> {
    if wanted as u64 > u64::from(room) {
        bail!(
            "{wanted} denied or banned {what} do not fit, there is room for {room}: raise capacity.{key} in the config and \
             reload; nothing was added"
        );
    }
    Ok(())
}

fn as_stored(new: &NewEntry, clock: Clock) -> StoredEntry {
    StoredEntry {
        id: u32::MAX,
        kind: new.kind,
        prefix: new.prefix,
        scope: new.scope,
        created: clock.wall_ms,
        expires: new.expires,
        comment: None,
        author: None,
        origin: Origin::Operator,
        evidence: None,
        step: 0,
    }
}
