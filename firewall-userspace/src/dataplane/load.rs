//! Loads one generation of the kernel programs with its constants and its maps.
//!
//! Owns: the object that the binary carries, sizes of maps, and what is set before and after loading. Refuses:
//! attaching.
use std::path::Path;

use anyhow::{Context as _, Result};
use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{Array, MapData};
use aya::programs::Xdp;
use aya::{Ebpf, EbpfLoader};
use firewall_common::addr::Prefix;
use firewall_common::maps::{self, global, program};
use firewall_common::policy::{PeerRule, Policy, PortTable, PrefixFilter};
use firewall_common::sip::signature::Table;

/// Everything that is constant for one generation of the program.
pub struct Generation {
    /// Constants.
    pub policy: Policy,
    /// The class of every port.
    pub ports: Box<PortTable>,
    /// Which slots hold peers' prefixes.
    pub peer_filter: Box<PrefixFilter>,
    /// The scanners' signatures.
    pub signatures: Box<Table>,
    /// Peers' prefixes and their ids.
    pub peers: Vec<(Prefix, u32)>,
    /// Rules by id; the first is [`firewall_common::policy::ALLOWED_PEER`]'s.
    pub rules: Vec<PeerRule>,
}

/// How many elements the maps have room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacities {
    /// Bans and denied single sources.
    pub sources: u32,
    /// Deny and allow prefixes.
    pub entries: u32,
    /// Peer prefixes.
    pub peer_prefixes: u32,
    /// Registrants.
    pub registrants: u32,
    /// Cells in each of the strangers' two rows; a power of two.
    pub cells: u32,
    /// Datagrams in fragments.
    pub fragments: u32,
}

impl Default for Capacities {
    fn default() -> Self {
        Self {
            sources: maps::SOURCES_DEFAULT,
            entries: maps::ENTRIES_DEFAULT,
            peer_prefixes: maps::PEER_PREFIXES_DEFAULT,
            registrants: maps::REGISTRANTS_DEFAULT,
            cells: maps::CELLS_DEFAULT,
            fragments: maps::FRAGMENTS_DEFAULT,
        }
    }
}

/// The kernel object, built by the build script.
static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/sipfw-kernel"));

/// Loads the object. With `state`, its state maps are the ones pinned in that directory, made there if missing.
///
/// # Errors
///
/// The kernel's refusal of a map or a program.
pub fn load(generation: &Generation, capacities: &Capacities, state: Option<&Path>) -> Result<Ebpf> {
    let mut loader = EbpfLoader::new();
    set_constants(&mut loader, generation);
    set_sizes(&mut loader, capacities, generation.rules.len() as u32);
    let pins: Vec<_> = state.iter().flat_map(|dir| maps::STATE.iter().map(|name| (*name, dir.join(name)))).collect();
    for (name, path) in &pins {
        loader.map_pin_path(name, path.as_path());
    }
    let mut ebpf = loader.load(OBJECT).context("loading the kernel maps")?;
    fill(&mut ebpf, generation)?;
    Ok(ebpf)
}

/// Has the verifier check a program, and returns it.
///
/// # Errors
///
/// The verifier's refusal.
pub fn verify<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut Xdp> {
    let program: &mut Xdp = ebpf.program_mut(name).context("the kernel object lacks a program")?.try_into()?;
    program.load().with_context(|| format!("the kernel's verifier refused program {name}"))?;
    Ok(program)
}

/// Every program of the object.
pub const PROGRAMS: [&str; 3] = [program::INGRESS, program::INGRESS_FRAGS, program::PROBE];

fn set_constants<'a>(loader: &mut EbpfLoader<'a>, generation: &'a Generation) {
    loader.override_global(global::POLICY, generation.policy.as_bytes(), true);
    loader.override_global(global::PORTS, generation.ports.as_bytes(), true);
    loader.override_global(global::PEER_FILTER, generation.peer_filter.as_bytes(), true);
    loader.override_global(global::SIGNATURES, generation.signatures.as_bytes(), true);
    loader.override_global(global::LOG_LEVEL, log_level(), true);
}

/// The kernel programs log each verdict when this process traces. The level is a constant to the verifier, so the code
/// for it is not even there otherwise.
fn log_level() -> &'static u8 {
    const OFF: u8 = 0;
    const DEBUG: u8 = 4;
    if tracing::enabled!(tracing::Level::TRACE) { &DEBUG } else { &OFF }
}

fn set_sizes(loader: &mut EbpfLoader<'_>, capacities: &Capacities, rules: u32) {
    for (name, size) in [
        (maps::SOURCES, capacities.sources),
        (maps::ENTRIES, capacities.entries),
        (maps::PEER_PREFIXES, capacities.peer_prefixes),
        (maps::REGISTRANTS, capacities.registrants),
        (maps::CELLS, 2 * capacities.cells),
        (maps::FRAGMENTS, capacities.fragments),
        (maps::PEER_RULES, rules),
        (maps::PEER_CELLS, rules),
        (maps::PEER_STATS, rules),
    ] {
        loader.map_max_entries(name, size);
    }
}

fn fill(ebpf: &mut Ebpf, generation: &Generation) -> Result<()> {
    let mut rules: Array<&mut MapData, PeerRule> = map(ebpf, maps::PEER_RULES)?;
    for (id, rule) in generation.rules.iter().enumerate() {
        rules.set(id as u32, rule, 0)?;
    }
    let mut prefixes: LpmTrie<&mut MapData, [u8; 16], u32> = map(ebpf, maps::PEER_PREFIXES)?;
    for (prefix, id) in &generation.peers {
        prefixes.insert(&Key::new(prefix.bits, prefix.addr), id, 0).context("adding a peer's prefix")?;
    }
    Ok(())
}

fn map<'a, M>(ebpf: &'a mut Ebpf, name: &'static str) -> Result<M>
where
    M: TryFrom<&'a mut aya::maps::Map, Error = aya::maps::MapError>,
{
    let map = ebpf.map_mut(name).with_context(|| format!("the kernel object lacks map {name}"))?;
    M::try_from(map).with_context(|| format!("map {name} is of another kind"))
}
