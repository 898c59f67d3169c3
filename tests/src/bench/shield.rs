//! The product's own program, loaded privately with a policy of the bench's.
//!
//! Owns: such policies, the bans put in, the counters read out. Refuses: pins and anything of an installed sipfw.
use std::net::Ipv4Addr;
use std::os::fd::{AsFd as _, AsRawFd as _, RawFd};

use anyhow::{Context as _, Result, anyhow};
use aya::Ebpf;
use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{Array, HashMap, MapData, PerCpuArray};
use firewall_common::addr::{Addr, Prefix};
use firewall_common::entry_filter::EntryFilter;
use firewall_common::limiter::{HashKey, Limit};
use firewall_common::maps::{self, program};
use firewall_common::media::{FLOWS_OF_PORT, Flow};
use firewall_common::number::{NumberKey, NumberRule};
use firewall_common::policy::{Action, Counter, Entry, Term};
use firewall_common::reason::Reason;
use firewall_common::sip::method::CLASS_SLOTS;
use firewall_userspace::config;
use firewall_userspace::dataplane::load::{self, Capacities, Generation};

/// Limits that no figure reaches, so that packets pay for being counted and pass.
pub(super) const UNREACHED: [Limit; CLASS_SLOTS] = [Limit::per_second(1_000_000_000, 1_000_000_000); CLASS_SLOTS];

/// The policy of a config.
pub(super) fn generation(text: &str) -> Result<Generation> {
    let loaded = config::parse_str("bench", text).map_err(|problems| anyhow!("the bench's config: {problems:?}"))?;
    let compiled = config::compile(
        &loaded.config,
        &loaded.resolved,
        HashKey([0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03]),
        0x51f3_a9c2,
    );
    Ok(Generation {
        policy: compiled.policy,
        ports: compiled.ports,
        peer_filter: compiled.peer_filter,
        signatures: compiled.signatures,
        plan: compiled.plan,
        domains: compiled.domains,
        peers: compiled.peers,
        rules: compiled.rules,
    })
}

/// The first address of the peers' prefixes.
pub(super) const PEERS: u32 = u32::from_be_bytes([20, 0, 0, 0]);

/// A policy with one peer that has the first `prefixes` /24 from [`PEERS`] on.
pub(super) fn with_peers(mode: &str, prefixes: u32) -> Result<Generation> {
    let text =
        format!("mode = \"{mode}\"\n[[peer]]\nname = \"carrier\"\nprefixes = [\"{}/24\"]\n", Ipv4Addr::from(PEERS));
    let mut generation = generation(&text)?;
    let id = generation.peers.first().context("the peer has no prefix")?.1;
    generation.peers = (0..prefixes).map(|i| (prefix(PEERS + (i << 8)), id)).collect();
    generation.peers.iter().for_each(|(prefix, _)| generation.peer_filter.insert(*prefix));
    Ok(generation)
}

fn prefix(first: u32) -> Prefix {
    Prefix::new(Addr::from_v4(first.to_be_bytes()), 96 + 24)
}

/// The loaded programs with their maps.
pub(super) struct Shield {
    ebpf: Ebpf,
    filter: Box<EntryFilter>,
    program: RawFd,
    egress: RawFd,
}

impl Shield {
    /// Loads the programs for live packets.
    pub(super) fn load(generation: &Generation, capacities: &Capacities) -> Result<Self> {
        let mut ebpf = load::load(generation, capacities, None)?;
        let program = load::verify(&mut ebpf, program::INGRESS)?.fd()?.as_fd().as_raw_fd();
        let egress = load::verify_egress(&mut ebpf)?.fd()?.as_fd().as_raw_fd();
        Ok(Self { ebpf, filter: Box::default(), program, egress })
    }

    /// The program, which lives as long as the shield.
    pub(super) fn program(&self) -> RawFd {
        self.program
    }

    /// The program that hears what our side sends.
    pub(super) fn egress(&self) -> RawFd {
        self.egress
    }

    /// Opens a flow at the `place`-th place, the only one of its port.
    pub(super) fn open(&mut self, place: u32, flow: Flow) -> Result<()> {
        let flows = self.ebpf.map_mut(maps::FLOWS).context("no map of flows")?;
        Array::<&mut MapData, Flow>::try_from(flows)?.set(place, flow, 0)?;
        let ports = self.ebpf.map_mut(maps::PINHOLES).context("no map of pinholes")?;
        let places = [place + 1, 0, 0, 0];
        Array::<&mut MapData, [u32; FLOWS_OF_PORT]>::try_from(ports)?.set(flow.local_port.into(), places, 0)?;
        Ok(())
    }

    /// Puts prefixes of numbers on their lists.
    pub(super) fn list(&mut self, rules: impl Iterator<Item = (NumberKey, u32, NumberRule)>) -> Result<()> {
        let map = self.ebpf.map_mut(maps::NUMBERS).context("no map of numbers")?;
        let mut numbers = LpmTrie::<&mut MapData, NumberKey, NumberRule>::try_from(map)?;
        for (key, bits, rule) in rules {
            numbers.insert(&Key::new(bits, key), rule, 0)?;
        }
        Ok(())
    }

    /// Bans `count` single sources from `first` on for an hour.
    pub(super) fn ban(&mut self, first: u32, count: u32) -> Result<()> {
        let mut sources = sources(&mut self.ebpf)?;
        let term = Term { until: boot_time() + 3_600_000_000_000, action: Action::Ban as u32, id: 1 };
        let entry = Entry { first: term, then: Term::NONE, hits: 0 };
        for source in first..first + count {
            let source = Addr::from_v4(source.to_be_bytes());
            sources.insert(source, entry, 0)?;
            self.filter.insert_source(source);
        }
        let mut filter: Array<&mut MapData, u64> =
            Array::try_from(self.ebpf.map_mut(maps::ENTRY_FILTER).context("no filter of entries")?)?;
        for (index, word) in (0..).zip(self.filter.0).filter(|(_, word)| *word != 0) {
            filter.set(index, word, 0)?;
        }
        Ok(())
    }

    /// How many of `count` sources from `first` on are no longer banned.
    pub(super) fn missing_bans(&mut self, first: u32, count: u32) -> Result<u32> {
        let sources = sources(&mut self.ebpf)?;
        let banned = |source: u32| sources.get(&Addr::from_v4(source.to_be_bytes()), 0).is_ok();
        Ok((first..first + count).filter(|source| !banned(*source)).count() as u32)
    }

    /// How many packets were given a reason.
    pub(super) fn counted(&self, reason: Reason) -> Result<u64> {
        let stats: PerCpuArray<_, Counter> = PerCpuArray::try_from(self.ebpf.map(maps::STATS).context("no counters")?)?;
        Ok(stats.get(&(reason as u32), 0)?.iter().map(|counter| counter.packets).sum())
    }

    /// How many packets were given any reason.
    pub(super) fn counted_all(&self) -> Result<u64> {
        Reason::ALL.iter().map(|reason| self.counted(*reason)).sum()
    }
}

fn sources(ebpf: &mut Ebpf) -> Result<HashMap<&mut MapData, Addr, Entry>> {
    Ok(HashMap::try_from(ebpf.map_mut(maps::SOURCES).context("no map of sources")?)?)
}

/// Nanoseconds of the clock that bans end by.
fn boot_time() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}
