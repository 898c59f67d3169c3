//! The figures that docs/performance.md records, measured on this machine, rivals in the same run.
//!
//! Owns: the order of the measurements, and how they are shown. Refuses: judging a figure by anything but its goal: one
//! that fails is shown and recorded like any other.
mod arena;
mod bpf;
mod costs;
mod figure;
mod frame;
mod race;
mod shield;
mod tiny;
mod xdp_filter;

use std::thread;

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
    let _arena = Arena::enter().context("making namespaces for the bench (it must run as root)")?;
    // The last processor: interrupts prefer the first.
    arena::pin(thread::available_parallelism()?.get() - 1)?;
    let show = |figures: &[Figure]| {
        progress.suspend(|| figures.iter().for_each(|f| println!("{}", if options.json { f.json() } else { f.row() })));
    };
    show(&costs::measure(length(options.quick), &progress)?);
    progress.finish_and_clear();
    Ok(())
}

const fn length(quick: bool) -> Length {
    if quick { Length { trials: 5, rounds: 2, runs: 50_000 } } else { Length { trials: 12, rounds: 10, runs: 100_000 } }
}

fn progress(options: &Options) -> ProgressBar {
    if options.json {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} [{elapsed}] {wide_bar} {msg:24}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
