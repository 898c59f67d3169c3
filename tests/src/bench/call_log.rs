//! What the call log takes: two thousand calls a second for a minute, and finding yesterday's calls among a million.
//!
//! Owns: a carrier that calls, a server that answers, and counting what the database has of it. Refuses: media, of which these
//! calls have none.
mod carrier;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use firewall_userspace::dataplane::clock;
use firewall_userspace::engine::call::{Call, Demand, Leg, State, Transport};
use firewall_userspace::engine::command::Command;
use firewall_userspace::store::{CallFilter, Learned, Store};
use indicatif::ProgressBar;

use super::figure::{Figure, Goal};
use super::memory::Memory;
use crate::world::process::cpu_time;
use crate::world::{Driver, Place, World};
use carrier::Carrier;

/// The issue that set the goals of these.
const ISSUE: u32 = 5;
const RATE: u32 = 2_000;
const CONFIG: &str = "[calls]\nlog = true\nkeep_calls = 2000000\nmax_size = 8192\n\
    [[peer]]\nname = \"carrier\"\nprefixes = [\"192.0.2.10\"]\n";
/// How long the daemon may take to write down what it has heard.
const PATIENCE: Duration = Duration::from_secs(20);
const DAY: i64 = 86_400_000;
/// Rows of one transaction.
const BATCH: usize = 20_000;

/// How much to measure.
#[derive(Clone, Copy)]
pub(super) struct Length {
    /// Seconds of calls.
    seconds: u32,
    /// Calls that the database has.
    rows: u64,
}

impl Length {
    /// A part of it, or all that the goals speak of.
    pub(super) const fn new(quick: bool) -> Self {
        if quick { Self { seconds: 10, rows: 100_000 } } else { Self { seconds: 60, rows: 1_000_000 } }
    }
}

/// Measures.
pub(super) fn measure(length: Length, progress: &ProgressBar) -> Result<Vec<Figure>> {
    progress.set_message("calls");
    let mut figures = busy(length.seconds)?;
    progress.set_message("a large log");
    figures.extend(large(length.rows)?);
    Ok(figures.into_iter().map(|figure| figure.of_issue(ISSUE)).collect())
}

/// Calls at a steady rate, each of which is answered and ends after a second.
fn busy(seconds: u32) -> Result<Vec<Figure>> {
    let world = World::new(&std::env::current_exe()?, Driver::Native)?;
    world.configure("", CONFIG)?;
    let daemon = world.shield()?;
    let pid = daemon.process.id();
    let carrier = Carrier::new(&world)?;
    let used = || cpu_time(world.netns(Place::Edge), "sipfw");
    let (begin, before) = (Instant::now(), used());
    let calls = carrier.call(RATE, seconds)?;
    let (took, used) = (begin.elapsed(), used().saturating_sub(before));
    let store = Store::open(&world.dir().join("state"))?;
    let lost = calls.answered.saturating_sub(ended(&store, calls.answered)?);
    let memory = Memory::of(pid)?;
    let rate = f64::from(calls.answered) / took.as_secs_f64();
    Ok(vec![
        Figure::info("call_log_rate", rate, "/s", "calls set up, answered and ended while the log was on"),
        Figure::new("call_log_lost", f64::from(lost), "", Goal::AtMost(0.0), "calls that ended and are not in the log"),
        Figure::new(
            "call_log_cores",
            used.as_secs_f64() / took.as_secs_f64(),
            "cores",
            Goal::AtMost(1.0),
            "what the daemon took of the processors meanwhile",
        ),
        Figure::new("call_log_memory", memory.peak(), "MiB", Goal::AtMost(128.0), "the most memory that it took"),
    ])
}

/// How many calls the database has that have ended; waits until it has `all`, for a while.
fn ended(store: &Store, all: u32) -> Result<u32> {
    let begin = Instant::now();
    loop {
        let counts = store.call_counts(0)?;
        let ended = u32::try_from(counts.begun - counts.live).unwrap_or(u32::MAX);
        if ended >= all || begin.elapsed() > PATIENCE {
            return Ok(ended);
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The command over a database of a month's calls.
fn large(rows: u64) -> Result<Vec<Figure>> {
    let dir = tempfile::tempdir()?;
    fill(&mut Store::open(&dir.path().join("state"))?, rows)?;
    let took = listed(dir.path())?;
    let what = "`sipfw calls list --since 24h` over a log of a month";
    let store = Store::open(&dir.path().join("state"))?;
    let begin = Instant::now();
    let since = Some(clock::now().wall_ms - DAY);
    let found = store.calls(&CallFilter { since, ..CallFilter::default() }, u32::MAX)?.len();
    let all = begin.elapsed();
    Ok(vec![
        Figure::new("calls_list_1m", took.as_secs_f64() * 1e3, "ms", Goal::AtMost(200.0), what),
        Figure::info("calls_list_1m_rows", found as f64, "", "calls of these 24 hours"),
        Figure::info("calls_list_1m_all", all.as_secs_f64() * 1e3, "ms", "reading all of them, as --csv and --json do"),
    ])
}

/// The fastest of a few runs of the command.
fn listed(dir: &Path) -> Result<Duration> {
    let (link, config) = (dir.join("sipfw"), dir.join("sipfw.toml"));
    std::os::unix::fs::symlink(std::env::current_exe()?, &link)?;
    std::fs::write(&config, format!("[paths]\nstate = \"{}/state\"\n", dir.display()))?;
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let begin = Instant::now();
        let ran = std::process::Command::new(&link)
            .args(["calls", "list", "--since", "24h", "--config"])
            .arg(&config)
            .output()
            .context("start sipfw")?;
        ensure!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        best = best.min(begin.elapsed());
    }
    Ok(best)
}

fn fill(store: &mut Store, rows: u64) -> Result<()> {
    let (now, month) = (clock::now().wall_ms, 30 * DAY);
    let step = month / i64::try_from(rows)?;
    let peer = |id| (id > 0).then(|| "carrier".to_owned());
    let mut batch = Vec::with_capacity(BATCH);
    for number in 0..rows {
        let started = now - month + step * i64::try_from(number)?;
        let call = Command::Call(Box::new(call(number, started)));
        batch.extend(Learned::of(call, started, 64, peer));
        if batch.len() == BATCH || number + 1 == rows {
            store.record(&std::mem::take(&mut batch))?;
        }
    }
    Ok(())
}

/// One of a month's calls.
fn call(number: u64, started: i64) -> Call {
    let leg = Leg {
        inbound: true,
        remote: "192.0.2.10:5060".parse().expect("an address"),
        peer: 1,
        transport: Transport::Udp,
        policy: Demand::Off,
        refusal: None,
        streams: vec![],
    };
    Call {
        started,
        answered: Some(started + 5_000),
        ended: Some(started + 65_000),
        from: format!("+4930{:07}@example.com", number % 10_000),
        to: format!("+44{:09}@example.com", number % 100_000),
        agent: "carrier".to_owned(),
        legs: vec![leg],
        state: State::Ended,
        // As good as a hash: no two are alike, and they are in no order.
        ..Call::blank(number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}
