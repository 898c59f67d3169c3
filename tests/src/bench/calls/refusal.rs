//! From an INVITE that is refused to its answer on the wire.
//!
//! Owns: a caller without encryption, one who dials a denied number, and their clock. Refuses: what the server would have said.
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::super::figure::{Figure, Goal};
use super::quantile;
use crate::world::address::{EDGE, ITSP, SIP};
use crate::world::call::{Call, Party};
use crate::world::media::{Keys, Sdp};
use crate::world::{Place, World};

const PATIENCE: Duration = Duration::from_secs(2);

/// What may not be called here.
pub(super) const DENIED: &str = "+881";
/// The issue that set the goal of denied calls.
const NUMBERS: u32 = 5;

/// Has so many plain calls refused, one after another, and as many to a denied number.
pub(super) fn measure(world: &World, trials: u16) -> Result<[Vec<Figure>; 2]> {
    let mut plain = refused(world, trials, "plain", |invite| invite, 488)?;
    let dial = |invite: String| invite.replacen("sip:callee@", &format!("sip:{DENIED}612345@"), 1);
    let mut denied = refused(world, trials, "denied", dial, 403)?;
    let what = "plain INVITE to the 488 at its sender, 500 live calls";
    let denial = "INVITE to a denied number to the 403 at its sender, 500 live calls";
    let plain = vec![
        Figure::info("refusal_p50", quantile(&mut plain, 0.5), "µs", "the same, median"),
        Figure::new("refusal_p99", quantile(&mut plain, 0.99), "µs", Goal::AtMost(2_000.0), what),
    ];
    let denied = vec![
        Figure::info("denial_p50", quantile(&mut denied, 0.5), "µs", "the same, median").of_issue(NUMBERS),
        Figure::new("denial_p99", quantile(&mut denied, 0.99), "µs", Goal::AtMost(2_000.0), denial).of_issue(NUMBERS),
    ];
    Ok([plain, denied])
}

/// The time that each answer took.
fn refused(
    world: &World,
    trials: u16,
    name: &str,
    dial: impl Fn(String) -> String,
    status: u16,
) -> Result<Vec<Duration>> {
    let carrier = Party::new(world, Place::Itsp, (ITSP, 5070))?;
    let nobody = Party::new(world, Place::Itsp, (ITSP, 5072))?;
    let server = (EDGE, SIP).into();
    let mut took = Vec::with_capacity(trials.into());
    for number in 0..trials {
        let mut call = Call::new(&carrier, &nobody, &format!("{name}{number}"));
        let invite = dial(call.request("INVITE", &Sdp::new((ITSP, 40_000).into(), Keys::None).to_string()));
        let began = Instant::now();
        carrier.send(server, &invite)?;
        let answer = carrier.receive(PATIENCE)?.with_context(|| format!("no answer to a {name} INVITE"))?;
        took.push(began.elapsed());
        ensure!(answer.starts_with(&format!("SIP/2.0 {status}")), "the answer is\n{answer}");
        // The next one is no burst's; one address gets a hundred answers a second at most.
        std::thread::sleep(Duration::from_millis(12));
    }
    Ok(took)
}
