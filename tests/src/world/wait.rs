//! Waiting for a condition, with a deadline.
//!
//! Owns: the polling. Refuses: sleeping in the hope that something has happened meanwhile.
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};

use super::interrupt;

const PAUSE: Duration = Duration::from_millis(10);

/// Asks until there is an answer; an error that names `what` after `limit`.
pub fn until<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Result<T> {
    let answer = uninterrupted(limit, || match ask() {
        Some(answer) => Some(Ok(answer)),
        None if interrupt::came() => Some(Err(anyhow!("interrupted while waiting for {what}"))),
        None => None,
    });
    answer.with_context(|| format!("waited {limit:?} in vain for {what}"))?
}

/// The same for cleaning up, which an interrupt must not cut short.
pub(super) fn uninterrupted<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        let answer = ask();
        if answer.is_some() || Instant::now() >= end {
            return answer;
        }
        std::thread::sleep(PAUSE);
    }
}
