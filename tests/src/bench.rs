//! The figures that docs/performance.md records, measured on this machine, rivals in the same run.
//!
//! Owns: the order of the measurements, and how they are shown. Refuses: judging a figure by anything but its goal: one
//! that fails is shown and recorded like any other.
mod arena;
mod bpf;
mod costs;
mod curve;
mod figure;
mod frame;
mod live;
mod nft;
mod plot;
mod profile;
mod race;
mod record;
mod rivals;
mod shield;
mod size;
mod tiny;
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
    /// Only measure beside fail2ban, pike and nftables, with real peers
    #[arg(long, conflicts_with_all = ["record", "profile"])]
    rivals: bool,
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
    if !options.profile {
        show(rivals::measure(&std::env::current_exe()?, rivals_length(options.quick), &progress)?);
    }
    if options.rivals {
        return Ok(());
    }
    let arena = Arena::enter().context("making namespaces for the bench (it must run as root)")?;
    // The last processor: interrupts prefer the first.
    arena::pin(thread::available_parallelism()?.get() - 1)?;
    let [costs, points] = lengths(options.quick);
    if options.profile {
        show(profile::measure(costs, &progress)?);
        return Ok(());
    }
    show(costs::measure(costs, &progress)?);
    show(live::measure(&arena, live_length(options.quick), &progress)?);
    let curves = curve::measure(points, &progress)?;
    show(curves.figures());
    show(size::measure()?);
    progress.finish_and_clear();
    options.record.as_ref().map_or(Ok(()), |page| record::write(page, &all, &curves))
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
