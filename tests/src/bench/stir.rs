//! How many signatures of callers a core verifies while their certificates are here.
//!
//! Owns: a carrier's signer, and different calls of its. Refuses: fetching, and what reading the INVITE costs (see [`super::reading`]).
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use firewall_common::number::Plan;
use firewall_common::sip::message::parse;
use firewall_userspace::engine::call::Verdict;
use firewall_userspace::stir::{Cache, Clerk, Limits, Order, Roots, Rules, claim};

use super::figure::{Figure, Goal};
use crate::world::shaken::{Authority, Grant, Words, invite};

/// The issue that set the goal.
const ISSUE: u32 = 5;
/// Different calls.
const CALLS: u32 = 1_000;
const URL: &str = "https://certificates.carrier.example/1.pem";
/// Unix seconds of all of it.
const NOW: i64 = 1_700_000_000;

/// Measures: from an INVITE that was read to what came of its signature.
pub(super) fn measure(trials: usize) -> Result<Vec<Figure>> {
    let root = Authority::root("root")?;
    let signer = root.signer("Carrier", Grant { provider: Some("1234"), ..Grant::default() })?;
    let invites: Result<Vec<Vec<u8>>> = (0..CALLS)
        .map(|number| {
            let (caller, callee) = (format!("1215555{number:04}"), "12155551213");
            let words = Words { caller: &caller, callee, issued: NOW, url: URL, diverted: None };
            Ok(invite(&caller, callee, "", &[signer.identity(words)?]))
        })
        .collect();
    let (invites, mut roots) = (invites?, Roots::default());
    roots.add(root.pem.as_bytes()).map_err(anyhow::Error::msg)?;
    let mut cache = Cache::open(None);
    cache.put(URL, signer.pem.as_bytes(), &roots, NOW)?;
    let mut clerk = Clerk::new(Rules { freshness: 60 }, Limits::default(), roots, cache);
    let mut best = Duration::MAX;
    for _ in 0..trials {
        best = best.min(trial(&mut clerk, &invites)?);
    }
    let rate = f64::from(CALLS) / best.as_secs_f64();
    let what = "signatures of callers verified on one core, certificate cached";
    Ok(vec![Figure::new("stir_verified", rate, "/s", Goal::AtLeast(2_000.0), what).of_issue(ISSUE)])
}

fn trial(clerk: &mut Clerk<()>, invites: &[Vec<u8>]) -> Result<Duration> {
    let mut done = Vec::with_capacity(invites.len());
    let start = Instant::now();
    for invite in invites {
        let message =
            parse(invite).map_err(|refusal| anyhow::anyhow!("an INVITE of the bench is no message: {refusal:?}"))?;
        let claim = claim(&message, &Plan::NONE).context("an INVITE of the bench without Identity")?;
        clerk.take(Order { ticket: (), claim, at: NOW }, NOW, &mut done);
    }
    let took = start.elapsed();
    let all_hold = done.iter().all(|one| one.finding.identity.verdict == Verdict::Valid);
    ensure!(all_hold && done.len() == invites.len(), "a signature of the bench does not hold");
    Ok(took)
}
