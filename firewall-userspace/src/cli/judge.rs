//! Who judges a frame for `explain` and `replay`: the program that is loaded, or one of one's own.
//!
//! Owns: the choice, and which frames can be judged at all. Refuses: leaving traces in what is loaded.
use anyhow::{Context as _, Result, bail};
use rustix::process::geteuid;

use crate::clock::Clock;
use crate::config::Loaded;
use crate::dataplane::Instance;
use crate::dataplane::clock;
use crate::dataplane::probe::{self, Judgement, MIN_FRAME};
use crate::dataplane::rehearsal::Rehearsal;
use crate::entries::{InForce, KernelEntries, compile};
use crate::store::Store;

/// The longest frame that BPF_PROG_TEST_RUN hands to a program in one buffer: a page of 4 KiB less 256 bytes before it
/// and 320 behind, rounded down. It would hand over only the beginning of a longer one.
pub(super) const MAX_FRAME: usize = 3_500;

/// Whether a frame can be judged; if not, why.
pub(super) fn fits(frame: &[u8]) -> Result<(), &'static str> {
    match frame.len() {
        0..MIN_FRAME => Err("shorter than an Ethernet header"),
        MIN_FRAME..=MAX_FRAME => Ok(()),
        _ => Err("longer than the 3,500 bytes that the kernel's test run takes"),
    }
}

/// Judges one frame by what is loaded, without a trace.
pub(super) fn by_instance(instance: &Instance, frame: &[u8]) -> Result<Judgement> {
    probe::judge(&instance.probe()?, frame, clock::now().mono_ns, false)
}

/// A program of one's own.
pub(super) fn rehearsal(loaded: &Loaded, entries: &KernelEntries) -> Result<Rehearsal> {
    if !geteuid().is_root() {
        bail!("judging a frame takes the kernel's program, which only root may load: run it with sudo");
    }
    Rehearsal::new(loaded, entries)
        .context("cannot load the program to judge with; `sipfw doctor` says what is missing")
}

/// The database's entries in force, as the kernel would hold them.
pub(super) fn entries(store: &Store, loaded: &Loaded, clock: Clock) -> Result<KernelEntries> {
    let v6_prefix = u8::try_from(loaded.config.strangers().v6_prefix.get()).unwrap_or(64);
    let InForce { entries, listed } = store.in_force(clock.wall_ms)?;
    Ok(compile(&entries, &listed, &loaded.peer_prefixes(), v6_prefix, clock))
}
