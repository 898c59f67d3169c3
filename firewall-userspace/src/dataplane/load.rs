//! Loads one generation of the kernel programs with its constants and its maps.
//!
//! Owns: the object that the binary carries, sizes of maps, and what is set before and after loading. Refuses:
//! attaching.
use std::path::Path;

use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{Array, Map, MapData, MapError};
use aya::programs::{Program, ProgramError, SchedClassifier, Xdp};
use aya::{Ebpf, EbpfLoader};
use firewall_common::addr::Prefix;
use firewall_common::caller::OwnDomains;
use firewall_common::maps::{self, global, program};
use firewall_common::number::Plan;
use firewall_common::policy::{PeerRule, Policy, PortTable, PrefixFilter};
use firewall_common::sip::signature::Table;

use super::error::{Context as _, Error, Result, errno};
use crate::config::{Compiled, Config};

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
    /// The dialling plan.
    pub plan: Box<Plan>,
    /// Our own domains.
    pub domains: OwnDomains,
    /// Peers' prefixes and their ids.
    pub peers: Vec<(Prefix, u32)>,
    /// Rules by id; the first is [`firewall_common::policy::ALLOWED_PEER`]'s.
    pub rules: Vec<PeerRule>,
}

impl From<Compiled> for Generation {
    fn from(compiled: Compiled) -> Self {
        let Compiled { policy, ports, peer_filter, signatures, plan, domains, peers, rules } = compiled;
        Self { policy, ports, peer_filter, signatures, plan, domains, peers, rules }
    }
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
    /// Registrants, and sources that were registrants lately.
    pub registrants: u32,
    /// Held sources and accounts.
    pub holds: u32,
    /// Prefixes of numbers.
    pub numbers: u32,
    /// Flows of media.
    pub flows: u32,
    /// Cells in each of the strangers' two rows; a power of two.
    pub cells: u32,
    /// Datagrams in fragments.
    pub fragments: u32,
    /// Bytes of the ring of strangers' copies; a power of two.
    pub strangers_ring: u32,
    /// Bytes of the ring of trusted copies; a power of two.
    pub trusted_ring: u32,
}

impl Default for Capacities {
    fn default() -> Self {
        Self {
            sources: maps::SOURCES_DEFAULT,
            entries: maps::ENTRIES_DEFAULT,
            peer_prefixes: maps::PEER_PREFIXES_DEFAULT,
            registrants: maps::REGISTRANTS_DEFAULT,
            holds: maps::HOLDS_DEFAULT,
            numbers: maps::NUMBERS_DEFAULT,
            flows: maps::FLOWS_DEFAULT,
            cells: maps::CELLS_DEFAULT,
            fragments: maps::FRAGMENTS_DEFAULT,
            strangers_ring: maps::COPIES_STRANGERS_DEFAULT,
            trusted_ring: maps::COPIES_TRUSTED_DEFAULT,
        }
    }
}

impl From<&Config> for Capacities {
    fn from(config: &Config) -> Self {
        let (capacities, slow_path) = (config.capacity(), config.slow_path());
        Self {
            sources: capacities.bans.get(),
            entries: capacities.entries.get(),
            peer_prefixes: capacities.peer_prefixes.get(),
            registrants: capacities.registrants.get(),
            holds: capacities.holds.get(),
            numbers: capacities.numbers.get(),
            flows: capacities.pinholes.get(),
            cells: capacities.cells.get(),
            fragments: capacities.fragments.get(),
            strangers_ring: slow_path.strangers_ring.get(),
            trusted_ring: slow_path.trusted_ring.get(),
        }
    }
}

/// The kernel object, built by the build script.
static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/sipfw-kernel"));

/// Loads the object. With `pins`, its maps are the ones pinned in that directory, and are made there where missing.
///
/// # Errors
///
/// The kernel's refusal of a map or a program.
pub fn load(generation: &Generation, capacities: &Capacities, pins: Option<&Path>) -> Result<Ebpf> {
    let mut loader = EbpfLoader::new();
    set_constants(&mut loader, generation);
    set_sizes(&mut loader, capacities, generation.rules.len() as u32);
    for name in pins.iter().flat_map(|_| maps::STATE.iter().chain(maps::GENERATION)) {
        loader.map_pin_path(name, pins.unwrap_or(Path::new("")).join(name));
    }
    let mut ebpf = loader.load(OBJECT).doing(|| "make the maps".to_owned())?;
    fill(&mut ebpf, generation)?;
    Ok(ebpf)
}

/// Has the verifier check a program, and returns it.
///
/// # Errors
///
/// The verifier's refusal.
pub fn verify<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut Xdp> {
    let program: &mut Xdp = of_kind(ebpf, name)?;
    match load_patiently(|| program.load()) {
        Ok(()) => Ok(program),
        Err(error) => Err(refusal(name, &error)),
    }
}

/// The same for the program that hears what our side sends.
///
/// # Errors
///
/// The verifier's refusal.
pub fn verify_egress(ebpf: &mut Ebpf) -> Result<&mut SchedClassifier> {
    let program: &mut SchedClassifier = of_kind(ebpf, program::EGRESS)?;
    match load_patiently(|| program.load()) {
        Ok(()) => Ok(program),
        Err(error) => Err(refusal(program::EGRESS, &error)),
    }
}

fn of_kind<'a, P>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut P>
where
    &'a mut P: TryFrom<&'a mut Program, Error = ProgramError>,
{
    let program = ebpf.program_mut(name).ok_or_else(|| lacks(name))?;
    program.try_into().doing(|| format!("use program {name}"))
}

/// The verifier gives up with EAGAIN when anything is about to interrupt the thread, which means nothing.
const ATTEMPTS: u32 = 10;

fn load_patiently(
    mut load: impl FnMut() -> std::result::Result<(), ProgramError>,
) -> std::result::Result<(), ProgramError> {
    let mut attempts = 1;
    loop {
        match load() {
            Err(error) if errno(&error) == Some(libc::EAGAIN) && attempts < ATTEMPTS => attempts += 1,
            result => return result,
        }
    }
}

fn refusal(name: &str, error: &ProgramError) -> Error {
    let doing = format!("load program {name}");
    match error {
        ProgramError::LoadError { io_error, verifier_log } if !is_about_the_caller(io_error) => {
            let log = verifier_log.to_string();
            let lines: Vec<&str> = log.lines().collect();
            let end = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n");
            Error::Refused { program: name.to_owned(), kernel: kernel_release(), detail: format!("{io_error}\n{end}") }
        }
        _ => Error::kernel(doing, error),
    }
}

/// How much of the verifier's log is shown.
const LOG_LINES: usize = 20;

/// Whether rights or memory are missing, and the program is not to blame.
fn is_about_the_caller(error: &std::io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EPERM | libc::ENOMEM))
}

fn kernel_release() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}

fn lacks(name: &str) -> Error {
    Error::Kernel { doing: format!("find {name}"), detail: "it is not in the kernel object".to_owned(), errno: None }
}

/// Every XDP program of the object.
pub const PROGRAMS: [&str; 3] = [program::INGRESS, program::INGRESS_FRAGS, program::PROBE];

fn set_constants<'a>(loader: &mut EbpfLoader<'a>, generation: &'a Generation) {
    loader.override_global(global::POLICY, generation.policy.as_bytes(), true);
    loader.override_global(global::PORTS, generation.ports.as_bytes(), true);
    loader.override_global(global::PEER_FILTER, generation.peer_filter.as_bytes(), true);
    loader.override_global(global::SIGNATURES, generation.signatures.as_bytes(), true);
    loader.override_global(global::NUMBER_PLAN, generation.plan.as_bytes(), true);
    loader.override_global(global::OWN_DOMAINS, generation.domains.as_bytes(), true);
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
        (maps::HOLDS, capacities.holds),
        (maps::NUMBERS, capacities.numbers),
        (maps::FLOWS, capacities.flows),
        (maps::COPIES_STRANGERS, capacities.strangers_ring),
        (maps::COPIES_TRUSTED, capacities.trusted_ring),
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
    for (id, rule) in (0..).zip(&generation.rules) {
        rules.set(id, rule, 0).doing(|| "write a peer's rules".to_owned())?;
    }
    let mut prefixes: LpmTrie<&mut MapData, [u8; 16], u32> = map(ebpf, maps::PEER_PREFIXES)?;
    for (prefix, id) in &generation.peers {
        let added = prefixes.insert(&Key::new(prefix.bits, prefix.addr), id, 0);
        added.map_err(|error| too_many(&error, generation.peers.len()))?;
    }
    Ok(())
}

fn too_many(error: &MapError, wanted: usize) -> Error {
    match errno(error) {
        Some(libc::ENOSPC | libc::E2BIG) => Error::Kernel {
            doing: format!("take {wanted} prefixes of peers"),
            detail: "raise capacity.peer_prefixes in the config".to_owned(),
            errno: errno(error),
        },
        _ => Error::kernel("add a peer's prefix", error),
    }
}

fn map<'a, M>(ebpf: &'a mut Ebpf, name: &'static str) -> Result<M>
where
    M: TryFrom<&'a mut Map, Error = MapError>,
{
    let map = ebpf.map_mut(name).ok_or_else(|| lacks(name))?;
    M::try_from(map).doing(|| format!("use map {name}"))
}
