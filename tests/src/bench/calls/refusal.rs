//! From a plain INVITE to the 488 on the wire.
//!
//! Owns: a caller without encryption, and its clock. Refuses: what the server would have said.
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::super::figure::{Figure, Goal};
use super::quantile;
use crate::world::address::{EDGE, ITSP, SIP};
use crate::world::call::{Call, Party};
use crate::world::media::{Keys, Sdp};
use crate::world::{Place, World};

const PATIENCE: Duration = Duration::from_secs(2);

/// Has so many refused, one after another.
pub(super) fn measure(world: &World, trials: u16) -> Result<Vec<Figure>> {
    let carrier = Party::new(world, Place::Itsp, (ITSP, 5070))?;
    let nobody = Party::new(world, Place::Itsp, (ITSP, 5072))?;
    let server = (EDGE, SIP).into();
    let mut took = Vec::with_capacity(trials.into());
    for number in 0..trials {
        let mut call = Call::new(&carrier, &nobody, &format!("plain{number}"));
        let invite = call.request("INVITE", &Sdp::new((ITSP, 40_000).into(), Keys::None).to_string());
        let began = Instant::now();
        carrier.send(server, &invite)?;
        let answer = carrier.receive(PATIENCE)?.context("no answer to a plain INVITE")?;
        took.push(began.elapsed());
        ensure!(answer.starts_with("SIP/2.0 488"), "the answer is\n{answer}");
        // The next one is no burst's.
        std::thread::sleep(Duration::from_millis(2));
    }
    let what = "plain INVITE to the 488 at its sender, 500 live calls";
    Ok(vec![
        Figure::info("refusal_p50", quantile(&mut took, 0.5), "µs", "the same, median"),
        Figure::new("refusal_p99", quantile(&mut took, 0.99), "µs", Goal::AtMost(2_000.0), what),
    ])
}
