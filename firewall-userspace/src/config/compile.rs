//! From a config to the kernel's records.
//!
//! Owns: that step, and nothing else may make those records in earnest. Refuses: failing: a [`Config`] cannot be invalid.
use firewall_common::addr::{Addr, Prefix};
use firewall_common::caller::OwnDomains;
use firewall_common::limiter::HashKey;
use firewall_common::number::Plan;
use firewall_common::policy::{
    FLAG_CALLERS, FLAG_CALLS, FLAG_DIALOGS, FLAG_GUARDED, FLAG_LEARNS_ALONE, FLAG_NUMBERS, FLAG_TLS12, FLAG_TRUNK,
    PeerRule, Policy, PortTable, PrefixFilter, port,
};
use firewall_common::reason::{Reason, Stage};
use firewall_common::sip::signature::Table;

use super::word::{MediaPolicy, Mode};
use super::{Config, Consequence, Intruders, Media, OnLoss, PortList, Signature, TlsMin};
use crate::names::Resolved;

/// A config as one generation of the kernel program takes it.
pub struct Compiled {
    /// Constants.
    pub policy: Policy,
    /// The classes of ports.
    pub ports: Box<PortTable>,
    /// Which addresses may be a peer's.
    pub peer_filter: Box<PrefixFilter>,
    /// Signatures; their ids are their places in [`Config::signatures`].
    pub signatures: Box<Table>,
    /// The dialling plan.
    pub plan: Box<Plan>,
    /// Our own domains.
    pub domains: OwnDomains,
    /// Every peer's prefixes, with the peer's id.
    pub peers: Vec<(Prefix, u32)>,
    /// Rules by id; the first one is that of the operator's allow entries.
    pub rules: Vec<PeerRule>,
}

/// Makes the kernel's records. `resolved` has the addresses of peers' names. `hash_key` and `seed` must come from the system's randomness: who knows them can choose
/// addresses that share cells, and tokens that share hashes.
pub fn compile(config: &Config, resolved: &Resolved, hash_key: HashKey, seed: u64) -> Compiled {
    let peers = prefixes(config, resolved);
    Compiled {
        policy: policy(config, hash_key),
        ports: ports(config),
        peer_filter: filter(&peers),
        signatures: signatures(&config.signatures(), seed),
        plan: Box::new(config.numbers().plan()),
        domains: config.callers().domains(),
        rules: rules(config),
        peers,
    }
}

const NANOS_PER_SECOND: u64 = 1_000_000_000;

fn policy(config: &Config, hash_key: HashKey) -> Policy {
    let strangers = config.strangers();
    // The kernel counts bits over all 16 bytes, and so does the config for IPv6; the number is at most 128.
    let v6_bits = u8::try_from(strangers.v6_prefix.get()).unwrap_or(64);
    Policy {
        monitor: config.monitor().bits() | monitored(config.media()),
        hash_key,
        v6_mask: Addr::mask(v6_bits),
        stranger: strangers.limits.compiled(),
        registrant: config.registrants().limits.compiled(),
        total: strangers.total.limit(),
        known_total: config.trust().known_total.limit(),
        hold: config.slow_path().hold.limit(),
        called_for: u64::from(config.slow_path().called_for.get()) * NANOS_PER_SECOND,
        cells_mask: config.capacity().cells.get() - 1,
        flags: flags(config),
        start_line_max: config.sip().start_line_max.get(),
        scan_max: scan_max(config),
        stranger_transports: u32::from(strangers.transports.bits()),
        peers: count(config.peers().len()),
        copy_max: config.slow_path().copy_max.get(),
        media: u32::from(config.media().policy.number()),
        accepted: config.media().accepted().bits(),
        plain_packets: config.media().plain_packets.get(),
        numbers: u32::from(config.numbers().received.number()),
        callers: u32::from(config.callers().bits()),
    }
}

fn flags(config: &Config) -> u32 {
    let media = config.media();
    let calls = config.follows_calls();
    [
        (config.mode() == Mode::Trunk, FLAG_TRUNK),
        (media.policy != MediaPolicy::Off, FLAG_GUARDED),
        (calls, FLAG_CALLS),
        (calls && config.signalling().dialog_intruders == Intruders::Drop, FLAG_DIALOGS),
        (config.signalling().tls_min == TlsMin::V12, FLAG_TLS12),
        (config.judges_media() && media.on_daemon_loss == OnLoss::Learned, FLAG_LEARNS_ALONE),
        (config.judges_numbers(), FLAG_NUMBERS),
        (config.judges_callers(), FLAG_CALLERS),
    ]
    .into_iter()
    .fold(0, |flags, (holds, flag)| if holds { flags | flag } else { flags })
}

/// What `[media]` wants counted only. "prefer" judges media as "srtp-only" does, and lets all of it pass.
fn monitored(media: &Media) -> u64 {
    let counted = |consequence, reason: Reason| if consequence == Consequence::Count { reason.bit() } else { 0 };
    match media.policy {
        MediaPolicy::Off => 0,
        MediaPolicy::Prefer => Stage::Media.drop_bits(),
        MediaPolicy::SrtpOnly => {
            counted(media.plain_rtp_media, Reason::PlainMedia) | counted(media.stream_change, Reason::MediaStream)
        }
    }
}

pub(super) fn rules(config: &Config) -> Vec<PeerRule> {
    std::iter::once(allowed(config)).chain(config.peers().iter().map(|peer| peer.rule(config))).collect()
}

/// The rule of the operator's allow entries: what the config says of everybody.
fn allowed(config: &Config) -> PeerRule {
    PeerRule {
        media: config.media().policy.number(),
        received: config.numbers().received.number(),
        sent: config.numbers().sent.number(),
        callers: config.callers().bits(),
        ..PeerRule::ANY
    }
}

/// Without a signature there is nothing to search for.
fn scan_max(config: &Config) -> u32 {
    if config.signatures().is_empty() { 0 } else { config.sip().scan_max.get() }
}

/// Lengths are bounded by capacities, which are 32 bits wide.
fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

fn ports(config: &Config) -> Box<PortTable> {
    let mut table = Box::new(PortTable([0; 65_536]));
    let sip = config.ports();
    for (list, class) in [
        (&sip.udp, port::SIP_UDP),
        (&sip.tcp, port::SIP_TCP),
        (&sip.tls, port::SIP_TLS),
        (&config.media().ports, port::MEDIA),
    ] {
        mark(&mut table, list, class);
    }
    table
}

fn mark(table: &mut PortTable, list: &PortList, class: u8) {
    for (first, last) in list.ranges().iter().map(|range| range.ends()) {
        table.0[usize::from(first)..=usize::from(last)].iter_mut().for_each(|classes| *classes |= class);
    }
}

fn prefixes(config: &Config, resolved: &Resolved) -> Vec<(Prefix, u32)> {
    let of_peer = |(id, peer): (u32, &super::Peer)| -> Vec<(Prefix, bool, u32)> {
        let written = peer.prefixes.as_slice().len();
        let numbered = peer.all_prefixes(resolved).into_iter().enumerate();
        numbered.map(|(index, prefix)| (prefix, index >= written, id)).collect()
    };
    let mut prefixes: Vec<_> = (1..).zip(config.peers()).flat_map(of_peer).collect();
    // A prefix is one entry of the kernel's map: of the peer that has it written down before one whose name leads there,
    // and of two such of the first.
    prefixes.sort_by_key(|(prefix, named, id)| (prefix.addr, { prefix.bits }, *named, *id));
    prefixes.dedup_by_key(|(prefix, ..)| *prefix);
    prefixes.into_iter().map(|(prefix, _, id)| (prefix, id)).collect()
}

fn filter(peers: &[(Prefix, u32)]) -> Box<PrefixFilter> {
    let mut filter = Box::<PrefixFilter>::default();
    peers.iter().for_each(|(prefix, _)| filter.insert(*prefix));
    filter
}

/// The table under the first seed with which every signature finds a slot. A table is at most a quarter full, and then
/// more than half of all seeds do, so this ends after a few rounds.
fn signatures(list: &[Signature], seed: u64) -> Box<Table> {
    let mut seed = seed;
    loop {
        // SplitMix64 (Steele, Lea, Flood 2014): any start, 0 too, soon gives seeds that have nothing in common.
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        if let Some(table) = try_seed(list, mix(seed)) {
            return table;
        }
    }
}

fn mix(x: u64) -> u64 {
    let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

fn try_seed(list: &[Signature], seed: u64) -> Option<Box<Table>> {
    let mut table = Box::new(Table::new(seed));
    (0..).zip(list).all(|(id, s)| table.insert(s.field, s.token.as_str(), id)).then_some(table)
}
