//! What a call sees of the firewall while five hundred others go on: how soon its media pass, how soon it is refused, and
//! whether a spray over all ports gets anything in.
//!
//! Owns: the world with its live calls, and the order of the figures. Refuses: what a single packet costs (the kernel's
//! figures say that).
mod opening;
mod refusal;
mod spray;

use std::time::Duration;

use anyhow::Result;
use indicatif::ProgressBar;

use super::figure::Figure;
use crate::world::media::live::{Agents, Live};
use crate::world::{Driver, World};

/// Calls that go on meanwhile.
const LIVE: u16 = 500;
/// Calls set up in a second.
const RATE: u32 = 50;
/// The issue that set the goals of these.
const ISSUE: u32 = 4;
/// The office's phones are a peer's, and the plain ones are a carrier's whose calls no stranger's limits meet.
const CONFIG: &str = "[media]\nports = [\"20000-29999\"]\npolicy = \"srtp-only\"\n\
    [[peer]]\nname = \"office\"\nprefixes = [\"198.51.100.20\"]\n\
    [[peer]]\nname = \"carrier\"\nprefixes = [\"192.0.2.10\"]\nnumbers_received = \"open\"\n";

/// How much to measure.
#[derive(Clone, Copy)]
pub(super) struct Length {
    /// Calls that are opened, and calls that are refused.
    pub(super) trials: u16,
    /// Packets of the spray.
    pub(super) spray: u64,
}

impl Length {
    /// A second's worth of everything, or all that the goals speak of.
    pub(super) const fn new(quick: bool) -> Self {
        if quick { Self { trials: 100, spray: 100_000 } } else { Self { trials: 400, spray: 1_000_000 } }
    }
}

/// Measures.
pub(super) fn measure(length: Length, progress: &ProgressBar) -> Result<Vec<Figure>> {
    let world = World::new(&std::env::current_exe()?, Driver::Native)?;
    world.configure("", CONFIG)?;
    let _daemon = world.shield()?;
    world.told(&["number", "deny", refusal::DENIED])?;
    let agents = Agents::new(&world)?;
    progress.set_message("setting up 500 calls");
    let live = Live::start(&world, &agents, LIVE, RATE)?;
    progress.set_message("opening pinholes");
    let mut figures = opening::measure(&world, &agents.callee, length.trials)?;
    progress.set_message("refusing calls");
    let [plain, denied] = refusal::measure(&world, length.trials)?;
    figures.extend(plain);
    progress.set_message("spray over all media ports");
    figures.extend(spray::measure(&world, live, length.spray)?);
    Ok(figures.into_iter().map(|figure| figure.of_issue(ISSUE)).chain(denied).collect())
}

/// The times within which this share (0 to 1) of all stayed, in microseconds.
fn quantile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    times.get((last as f64 * share).round() as usize).map_or(0.0, |time| time.as_secs_f64() * 1e6)
}
