//! What a server behind sipfw goes through, beside the same server behind what people use instead: fail2ban, Kamailio's
//! pike, nftables.
//!
//! Owns: which defence meets which attack, and the figures made of that. Refuses: the attacks (see below it), and figures
//! of single packets.
mod defence;
mod flood;
mod guesses;

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use indicatif::ProgressBar;

use super::figure::{Figure, Goal};
use crate::world::{Driver, World};
use defence::Defence;
use flood::Legal;

/// How long to measure.
#[derive(Clone, Copy)]
pub(super) struct Length {
    /// How long a guesser may try.
    pub(super) guess: Duration,
    /// How long legal users begin something during a flood.
    pub(super) flood: Duration,
}

/// Measures in worlds of their own. `program` behaves as `sipfw` when it is called so.
pub(super) fn measure(program: &Path, length: Length, progress: &ProgressBar) -> Result<Vec<Figure>> {
    progress.inc_length(7);
    let mut figures = guessing(program, length.guess, progress)?;
    figures.extend(flooding(program, length.flood, progress)?);
    Ok(figures)
}

fn guessing(program: &Path, time: Duration, progress: &ProgressBar) -> Result<Vec<Figure>> {
    let count = |defence: Defence| {
        progress.set_message(format!("svcrack, {}", defence.word()));
        let counted = guesses::reaching(&World::new(program, Driver::Native)?, defence, time);
        progress.inc(1);
        counted.map(f64::from)
    };
    let (none, jail, shield) = (count(Defence::None)?, count(Defence::Fail2ban)?, count(Defence::Shield)?);
    let what = "svcrack's guesses that reach Kamailio, default rules";
    Ok(vec![
        Figure::info("guesses_reaching_unprotected", none, "", "svcrack's guesses that reach Kamailio, unprotected"),
        Figure::info("guesses_reaching_fail2ban", jail, "", "the same with fail2ban, banning after five"),
        Figure::new("guesses_reaching_sipfw", shield, "", Goal::AtMost(6.0), what),
    ])
}

fn flooding(program: &Path, time: Duration, progress: &ProgressBar) -> Result<Vec<Figure>> {
    let legal = |defence: Defence| {
        progress.set_message(format!("flood, {}", defence.word()));
        let measured = flood::legal(&World::new(program, Driver::Native)?, defence, time);
        progress.inc(1);
        measured
    };
    let (none, pike, nft) = (legal(Defence::None)?, legal(Defence::Pike)?, legal(Defence::Meter)?);
    let shield = legal(Defence::Shield)?;
    let all = Goal::AtLeast(100.0);
    let slower = shield.slowest / shield.unloaded;
    let mut figures = vec![
        Figure::info(
            "flood_success_unprotected",
            none.success(),
            "%",
            "registrations and calls that succeed in a flood",
        ),
        Figure::info("flood_success_pike", pike.success(), "%", "the same with Kamailio's pike"),
        Figure::info("flood_success_nft", nft.success(), "%", "the same with an nftables meter per source"),
        Figure::new("flood_success_sipfw", shield.success(), "%", all, "the same with sipfw"),
        Figure::new("flood_p99_sipfw", slower, "×", Goal::AtMost(2.0), "registrations' p99 in the flood ÷ unloaded"),
    ];
    let times: [(&'static str, &Legal); 4] = [
        ("flood_p99_ms_unprotected", &none),
        ("flood_p99_ms_pike", &pike),
        ("flood_p99_ms_nft", &nft),
        ("flood_p99_ms_sipfw", &shield),
    ];
    figures.extend(times.map(|(name, one)| Figure::info(name, one.slowest, "ms", "registrations' p99 in the flood")));
    let prompt: [(&'static str, &Legal); 4] = [
        ("flood_prompt_unprotected", &none),
        ("flood_prompt_pike", &pike),
        ("flood_prompt_nft", &nft),
        ("flood_prompt_sipfw", &shield),
    ];
    let what = "registrations in the flood that needed no retransmission";
    figures.extend(prompt.map(|(name, one)| Figure::info(name, one.prompt, "%", what)));
    figures.push(Figure::info("flood_rate", shield.rate, "Mpps", "spoofed REGISTERs, before sipfw"));
    figures.push(Figure::info("flood_rate_unprotected", none.rate, "Mpps", "spoofed REGISTERs, unprotected"));
    Ok(figures)
}
