//! A kernel program that is never attached: judges frames by a config, in maps of its own that end with it.
//!
//! Owns: loading it with as little memory as it needs, and its entries. Refuses: touching anything pinned.
use anyhow::{Context as _, Result};
use aya::Ebpf;
use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{Array, HashMap, Map, MapData};
use aya::programs::Xdp;
use firewall_common::addr::Addr;
use firewall_common::limiter::HashKey;
use firewall_common::maps::{self, program};
use firewall_common::number::{NumberKey, NumberRule};
use firewall_common::policy::{Entry, SWITCH_SCOPE_ALL};

use super::load::{Capacities, Generation, load, verify};
use super::probe::{Judgement, judge};
use crate::config::{self, Config, Loaded};
use crate::entries::KernelEntries;
use crate::numbers::NumberRules;

/// A program of one's own.
pub struct Rehearsal(Ebpf);

impl Rehearsal {
    /// Loads the program of a config, with entries.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn new(loaded: &Loaded, entries: &KernelEntries) -> Result<Self> {
        let mut ebpf = load(&generation(loaded), &capacities(&loaded.config, entries), None)?;
        fill(&mut ebpf, entries)?;
        verify(&mut ebpf, program::PROBE)?;
        Ok(Self(ebpf))
    }

    /// Gives it lists of numbers. Codes it has none: its key is not that of the database.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn learn(&mut self, numbers: &NumberRules) -> Result<()> {
        let mut rules: LpmTrie<&mut MapData, NumberKey, NumberRule> = map(&mut self.0, maps::NUMBERS)?;
        for ((key, bits), rule) in &numbers.rules {
            rules.insert(&Key::new(*bits, *key), rule, 0).context("adding a prefix of numbers")?;
        }
        Ok(())
    }

    /// Judges a frame; see [`judge`].
    ///
    /// # Errors
    ///
    /// The kernel's refusal to run the frame.
    pub fn judge(&self, frame: &[u8], now: u64, commit: bool) -> Result<Judgement> {
        let program = self.0.program(program::PROBE).context("the kernel object lacks its probe program")?;
        let program: &Xdp = program.try_into().context("the probe program is of another kind")?;
        judge(program, frame, now, commit)
    }
}

/// The keys are always the same, so that a rehearsal comes out the same each time; nobody attacks it.
fn generation(loaded: &Loaded) -> Generation {
    let made = config::compile(&loaded.config, &loaded.resolved, HashKey([1, 2]), 3);
    Generation {
        policy: made.policy,
        ports: made.ports,
        peer_filter: made.peer_filter,
        signatures: made.signatures,
        plan: made.plan,
        domains: made.domains,
        peers: made.peers,
        rules: made.rules,
    }
}

/// Nobody reads copies of rehearsed frames.
const RING: u32 = 1 << 16;

/// Room for the entries that there are, and for what frames make.
fn capacities(config: &Config, entries: &KernelEntries) -> Capacities {
    let room = |len: usize| u32::try_from(len).unwrap_or(u32::MAX).max(1);
    let capacity = config.capacity();
    Capacities {
        sources: room(entries.sources.len()),
        entries: room(entries.prefixes.len()),
        peer_prefixes: capacity.peer_prefixes.get(),
        registrants: 1,
        holds: 1,
        numbers: capacity.numbers.get(),
        flows: 1,
        cells: capacity.cells.get(),
        fragments: capacity.fragments.get(),
        strangers_ring: RING,
        trusted_ring: RING,
    }
}

fn fill(ebpf: &mut Ebpf, entries: &KernelEntries) -> Result<()> {
    let mut sources: HashMap<&mut MapData, Addr, Entry> = map(ebpf, maps::SOURCES)?;
    for (source, entry) in &entries.sources {
        sources.insert(source, entry, 0).context("adding a source")?;
    }
    let mut prefixes: LpmTrie<&mut MapData, [u8; 16], Entry> = map(ebpf, maps::ENTRIES)?;
    for (prefix, entry) in &entries.prefixes {
        prefixes.insert(&Key::new(prefix.bits, prefix.addr), entry, 0).context("adding a prefix")?;
    }
    let mut filter: Array<&mut MapData, u64> = map(ebpf, maps::ENTRY_FILTER)?;
    for (index, word) in (0..).zip(entries.filter.0).filter(|(_, word)| *word != 0) {
        filter.set(index, word, 0).context("writing the filter of entries")?;
    }
    let mut switches: Array<&mut MapData, u64> = map(ebpf, maps::SWITCHES)?;
    switches.set(SWITCH_SCOPE_ALL, u64::from(entries.scope_all), 0).context("writing a switch")
}

fn map<'a, M>(ebpf: &'a mut Ebpf, name: &'static str) -> Result<M>
where
    M: TryFrom<&'a mut Map, Error = aya::maps::MapError>,
{
    let map = ebpf.map_mut(name).with_context(|| format!("the kernel object lacks map {name}"))?;
    M::try_from(map).with_context(|| format!("map {name} is of another kind"))
}
