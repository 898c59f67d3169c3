//! The figures that docs/performance.md records, measured on this machine, rivals in the same run.
//!
//! Owns: the order of the measurements, and how they are shown. Refuses: judging a figure by anything but its goal: one
//! that fails is shown and recorded like any other.
mod arena;
mod bpf;
mod call_log;
mod calls;
mod costs;
mod curve;
mod figure;
mod frame;
mod live;
mod media;
mod memory;
mod nft;
mod numbers;
mod plot;
mod profile;
mod race;
mod reaction;
mod reading;
mod record;
mod rivals;
mod shield;
mod size;
mod slow_path;
mod stir;
mod tiny;
mod wire;
mod xdp_filter;

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use indicatif::{ProgressBar, ProgressStyle};

use arena::Arena;
use figure::Figure;
use race::Length;

/// How to measure, and how to show it.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The same figures with fewer trials, within a minute
    #[arg(long)]
    quick: bool,
    /// One JSON object a figure instead of a table
    #[arg(long)]
    json: bool,
    /// Also replace the figures in this page (docs/performance.md) and the picture beside it
    #[arg(long)]
    record: Option<PathBuf>,
    /// Only show where the time of a stranger's REGISTER goes, by taking stages away
    #[arg(long, conflicts_with = "record")]
    profile: bool,
    /// Only measure this part
    #[arg(long, conflicts_with_all = ["record", "profile"])]
    only: Option<Part>,
}

/// The parts that can be measured apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Beside fail2ban, pike and nftables, with real peers
    Rivals,
    /// What the daemon takes to read, to decide and to ban
    SlowPath,
    /// What calls see while five hundred others go on
    Calls,
    /// What the call log takes, and how fast it is read
    CallLog,
    /// What the kernel programs cost
    Kernel,
    /// What guarded media ports cost
    Media,
    /// How many signatures of callers are verified
    Stir,
    /// What dialled numbers cost
    Numbers,
}

/// Measures and prints.
///
/// # Errors
///
/// What keeps a figure from being measured: a missing right or command, or a program that misjudges a packet.
pub fn run(options: Options) -> Result<()> {
    // Namespaces are a thread's: those that are made here end with it.
    let measured = thread::spawn(move || measure(&options)).join();
    measured.map_err(|_| anyhow!("the bench panicked"))?
}

fn measure(options: &Options) -> Result<()> {
    let progress = progress(options);
    let mut all = Vec::new();
    let mut show = |figures: Vec<Figure>| {
        progress.suspend(|| figures.iter().for_each(|f| println!("{}", if options.json { f.json() } else { f.row() })));
        all.extend(figures);
    };
    let wanted = |part| options.only.is_none_or(|only| only == part);
    if options.profile {
        let _arena = enter()?;
        show(profile::measure(lengths(options.quick)[0], &progress)?);
        return Ok(());
    }
    if wanted(Part::Rivals) {
        show(of_the_slow_path(rivals::measure(&std::env::current_exe()?, rivals_length(options.quick), &progress)?));
    }
    if wanted(Part::SlowPath) {
        show(of_the_slow_path(slow_path(options.quick, &progress)?));
    }
    if wanted(Part::Calls) {
        show(calls::measure(calls::Length::new(options.quick), &progress)?);
    }
    if wanted(Part::CallLog) {
        show(call_log::measure(call_log::Length::new(options.quick), &progress)?);
    }
    if wanted(Part::Media) {
        let _arena = enter()?;
        show(media::measure(lengths(options.quick)[0], &progress)?);
    }
    if wanted(Part::Stir) {
        show(stir::measure(if options.quick { 3 } else { 9 })?);
    }
    if wanted(Part::Numbers) {
        let _arena = enter()?;
        show(numbers::measure(lengths(options.quick)[0], &progress)?);
    }
    if wanted(Part::Kernel) {
        let arena = enter()?;
        let [costs, points] = lengths(options.quick);
        show(costs::measure(costs, &progress)?);
        show(live::measure(&arena, live_length(options.quick), &progress)?);
        let curves = curve::measure(points, &progress)?;
        show(curves.figures());
        show(size::measure()?);
        progress.finish_and_clear();
        return options.record.as_ref().map_or(Ok(()), |page| record::write(page, &all, &curves));
    }
    progress.finish_and_clear();
    Ok(())
}

/// Namespaces of the bench's own, on the last processor: interrupts prefer the first.
fn enter() -> Result<Arena> {
    let arena = Arena::enter().context("making namespaces for the bench (it must run as root)")?;
    arena::pin(thread::available_parallelism()?.get() - 1)?;
    Ok(arena)
}

fn slow_path(quick: bool, progress: &ProgressBar) -> Result<Vec<Figure>> {
    let mut figures = reaction::measure(quick)?;
    figures.extend(wire::measure(lengths(quick)[0]));
    figures.extend(reading::measure(quick, progress)?);
    figures.extend(slow_path::measure(if quick { 3 } else { 9 }));
    figures.extend(memory::measure()?);
    Ok(figures)
}

/// The issue that set the goals of these.
fn of_the_slow_path(figures: Vec<Figure>) -> Vec<Figure> {
    const ISSUE: u32 = 3;
    figures.into_iter().map(|figure| figure.of_issue(ISSUE)).collect()
}

/// Of the costs, and of each point of the curves.
const fn lengths(quick: bool) -> [Length; 2] {
    let runs = 50_000;
    if quick {
        [Length { trials: 5, rounds: 2, runs }, Length { trials: 2, rounds: 2, runs }]
    } else {
        [Length { trials: 12, rounds: 20, runs }, Length { trials: 9, rounds: 5, runs }]
    }
}

const fn live_length(quick: bool) -> live::Length {
    let millis = Duration::from_millis;
    if quick {
        live::Length { rounds: 2, turn: millis(200), long: millis(2_000) }
    } else {
        live::Length { rounds: 9, turn: millis(500), long: millis(10_000) }
    }
}

const fn rivals_length(quick: bool) -> rivals::Length {
    let secs = Duration::from_secs;
    if quick {
        rivals::Length { guess: secs(6), flood: secs(4) }
    } else {
        rivals::Length { guess: secs(12), flood: secs(10) }
    }
}

fn progress(options: &Options) -> ProgressBar {
    if options.json {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} [{elapsed}] {wide_bar} {msg:24}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
