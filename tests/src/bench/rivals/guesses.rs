//! A guesser at full speed, and how many of its guesses the server has to look at.
//!
//! Owns: one run. Refuses: who stops it.
use std::time::Duration;

use anyhow::{Result, ensure};

use super::defence::Defence;
use crate::world::address::ATTACKER;
use crate::world::{World, attack};

/// An extension whose password is none of those that are guessed.
const EXTENSION: &str = "101";

/// Guesses that reach Kamailio of one run of svcrack with 9,999 passwords, by Kamailio's own log.
pub(super) fn reaching(world: &World, defence: Defence, time: Duration) -> Result<u32> {
    let _defended = defence.raise(world, true)?;
    let found = attack::crack_fast(world, EXTENSION, "1-9999", time)?;
    ensure!(found.is_empty(), "svcrack found {found:?}, which is not there");
    Ok(world.failures_logged(Some(&ATTACKER.to_string())) as u32)
}
