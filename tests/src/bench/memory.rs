//! How much memory the daemon takes once it knows a hundred thousand sources and ten thousand registrations.
//!
//! Owns: the database of such a daemon, and reading what the kernel counts as resident. Refuses: knowing where it goes
//! (`engine::tests::size` and `wire_memory` say what each part may take at most).
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use anyhow::{Context as _, Result};
use firewall_common::addr::{Addr, Prefix};
use firewall_userspace::dataplane::clock;
use firewall_userspace::engine::saved::{Key, Record, Source, State, Tally};
use firewall_userspace::store::{NewRegistrant, NewScore, Store};

use super::figure::{Figure, Goal};
use crate::world::{Driver, World};

const SOURCES: u32 = 100_000;
const REGISTRATIONS: u32 = 10_000;
/// Records that one transaction takes.
const BATCH: usize = 10_000;
const KEY: Key = Key([0x5eed, 0x1234]);
const HOUR: i64 = 3_600_000;
/// Time in which the daemon writes, reports and sweeps a few times.
const SETTLED: Duration = Duration::from_secs(8);
const MIB: f64 = 1024.0;

/// Measures.
pub(super) fn measure() -> Result<Vec<Figure>> {
    let world = World::new(&std::env::current_exe()?, Driver::Native)?;
    world.configure("", "")?;
    fill(&mut Store::open(&world.dir().join("state"))?)?;
    let daemon = world.shield()?;
    let ready = Memory::of(daemon.process.id())?;
    std::thread::sleep(SETTLED);
    let settled = Memory::of(daemon.process.id())?;
    let what = "resident memory of the daemon that knows 100,000 sources and 10,000 registrations";
    let peak = "the most of it at any time since its start, loading the programs included";
    Ok(vec![
        Figure::new("daemon_memory_100k", ready.now.max(settled.now), "MiB", Goal::AtMost(64.0), what),
        Figure::info("daemon_memory_100k_peak", settled.peak, "MiB", peak),
    ])
}

/// What a process takes, in MiB.
pub(super) struct Memory {
    now: f64,
    peak: f64,
}

impl Memory {
    /// The most that it took at any time, in MiB.
    pub(super) const fn peak(&self) -> f64 {
        self.peak
    }

    pub(super) fn of(pid: u32) -> Result<Self> {
        let path = format!("/proc/{pid}/status");
        let status = std::fs::read_to_string(&path).with_context(|| path.clone())?;
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            let number = line.and_then(|line| line.strip_suffix(" kB")).and_then(|kib| kib.parse::<f64>().ok());
            number.with_context(|| format!("no {name} in {path}"))
        };
        Ok(Self { now: kib("VmRSS:")? / MIB, peak: kib("VmHWM:")? / MIB })
    }
}

fn fill(store: &mut Store) -> Result<()> {
    let now = clock::now().wall_ms;
    store.engine_key(KEY)?;
    let scores: Vec<NewScore> = (0..SOURCES).map(|number| score(number, now)).collect();
    scores.chunks(BATCH).try_for_each(|batch| store.save_scores(batch, now))?;
    let registrants: Vec<NewRegistrant> = (0..REGISTRATIONS).map(|number| registrant(number, now)).collect();
    registrants.chunks(BATCH).try_for_each(|batch| store.save_registrants(batch, now))?;
    Ok(())
}

/// A guesser who was banned once and has failed four times since.
fn score(number: u32, now: i64) -> NewScore {
    let source = IpAddr::from(Ipv4Addr::from(0x0a00_0000 + number));
    let failures = vec![now - 4_000, now - 3_000, now - 2_000, now - 1_000];
    let state = State::Source(Source {
        source: Some(source),
        failures,
        slow: vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 4],
        slow_at: now - HOUR,
        accounts: [Tally { since: now - HOUR, count: 4 }; 2],
        step: 1,
        ban_ends: now - HOUR,
        ..Source::default()
    });
    NewScore::new(Record { key: format!("source {source}"), ends: now + 24 * HOUR, state }, 64, KEY)
}

fn registrant(number: u32, now: i64) -> NewRegistrant {
    let source = Prefix::host(Addr::from_v4((0xc612_0000 + number).to_be_bytes()));
    let (until, known_until) = (now + HOUR, now + 7 * 24 * HOUR);
    NewRegistrant { source, account: format!("phone-{number:05}"), until, known_until }
}
