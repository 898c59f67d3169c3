//! Waiting for a condition, with a deadline.
//!
//! Owns: the polling. Refuses: sleeping in the hope that something has happened meanwhile.
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::interrupt;

const PAUSE: Duration = Duration::from_millis(10);

/// Asks until there is an answer; an error that names `what` after `limit`.
pub fn until<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Result<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = ask() {
            return Ok(answer);
        }
        if interrupt::came() {
            bail!("interrupted while waiting for {what}");
        }
        if Instant::now() >= end {
            bail!("waited {limit:?} in vain for {what}");
        }
        std::thread::sleep(PAUSE);
    }
}

/// Lets time pass that the experiment itself takes, such as the length of an attack. An interrupt ends it.
pub fn span(length: Duration) -> Result<()> {
    let end = Instant::now() + length;
    while Instant::now() < end {
        if interrupt::came() {
            bail!("interrupted");
        }
        std::thread::sleep(PAUSE.min(end.saturating_duration_since(Instant::now())));
    }
    Ok(())
}
