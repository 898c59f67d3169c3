//! What the kernel says of the loaded object: how long the verifier took, and how much memory the maps take.
//!
//! Owns: these figures. Refuses: estimates.
use std::fs;
use std::os::fd::{AsFd as _, AsRawFd as _};

use anyhow::{Context as _, Result};
use aya::Ebpf;
use aya::maps::Map;
use aya::programs::ProgramInfo;
use firewall_common::maps::program;
use firewall_userspace::dataplane::load::{self, Capacities};

use super::figure::{Figure, Goal};
use super::shield;

/// What the verifier takes at most (BPF_COMPLEXITY_LIMIT_INSNS, include/linux/bpf.h).
const LIMIT: f64 = 1_000_000.0;

/// Loads the default config.
pub(super) fn measure() -> Result<Vec<Figure>> {
    let mut ebpf = load::load(&shield::generation("")?, &Capacities::default(), None)?;
    let mut figures = vec![
        verified(&mut ebpf, program::INGRESS, "verifier_ingress", "sip_ingress: instructions verified, of the limit")?,
        verified(&mut ebpf, program::INGRESS_FRAGS, "verifier_ingress_frags", "sip_ingress_frags")?,
        verified(&mut ebpf, program::PROBE, "verifier_probe", "sip_probe")?,
        of_limit(load::verify_egress(&mut ebpf)?.info()?, "verifier_egress", "sip_egress")?,
    ];
    let bytes = ebpf.maps().map(|(_, map)| memory(map)).sum::<Result<u64>>()?;
    let what = "memory of all maps at default sizes";
    figures.push(Figure::new("maps_memory", bytes as f64 / f64::from(1 << 20), "MiB", Goal::AtMost(64.0), what));
    Ok(figures)
}

fn verified(ebpf: &mut Ebpf, program: &str, name: &'static str, what: &'static str) -> Result<Figure> {
    of_limit(load::verify(ebpf, program)?.info()?, name, what)
}

fn of_limit(info: ProgramInfo, name: &'static str, what: &'static str) -> Result<Figure> {
    let count = info.verified_instruction_count().context("the kernel does not tell how much was verified")?;
    Ok(Figure::new(name, 100.0 * f64::from(count) / LIMIT, "%", Goal::AtMost(25.0), what))
}

/// As the kernel accounts for it (`memlock` in the descriptor's fdinfo).
fn memory(map: &Map) -> Result<u64> {
    let data = match map {
        Map::Array(data)
        | Map::HashMap(data)
        | Map::LpmTrie(data)
        | Map::LruHashMap(data)
        | Map::PerCpuArray(data)
        | Map::RingBuf(data) => data,
        other => anyhow::bail!("the bench knows no map like {other:?}"),
    };
    let fd = data.fd().as_fd().as_raw_fd();
    let text = fs::read_to_string(format!("/proc/self/fdinfo/{fd}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("memlock:")).context("a map without memlock")?;
    Ok(line.trim().parse()?)
}
