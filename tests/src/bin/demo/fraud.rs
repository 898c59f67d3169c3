//! An act of its own: who knows a password calls numbers that cost money, without the shield and with it.
//!
//! Owns: what is done and what came of it. Refuses: getting the password (the first act shows how that is done).
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use firewall_tests::world::address::{ATTACKER, EDGE, ITSP, PHONES, SIP};
use firewall_tests::world::dialler::Dialler;
use firewall_tests::world::fraud::{DENIED, campaign, is_premium};
use firewall_tests::world::kamailio::{self, Options};
use firewall_tests::world::{Place, World, carrier, wait};

use crate::show::{said, step};

const CONFIG: &str = "[[peer]]\nname = \"carrier\"\nprefixes = [\"192.0.2.10\"]\n[numbers]\nreceived = \"open\"\n\
                      sent = \"open\"\ncountry = \"49\"\ninternational = [\"00\", \"011\"]\nnational = \"0\"\n\
                      [calls]\nlog = true\n";
/// How many numbers are dialled, and in how short a time each must be answered.
const CALLS: usize = 40;
const PATIENCE: Duration = Duration::from_millis(500);
/// How long what happened may take to be in the report.
const SOON: Duration = Duration::from_secs(8);
/// A number of the same city, which an honest phone calls meanwhile.
const LEGAL: &str = "sip:030901820@192.0.2.1";

/// What came of the fraud.
pub(crate) struct Fraud {
    /// Premium calls that reached the carrier.
    pub(crate) placed: usize,
    /// Whether an honest phone's call did.
    pub(crate) honest: bool,
}

/// Who knows a password calls, without the shield.
pub(crate) fn without_shield(world: &World) -> Result<Fraud> {
    let _server = kamailio::start_with(world, &Options { pstn: true, ..Options::logging() })?;
    attack(world)
}

/// The same with the shield, and what the owner is told.
pub(crate) fn with_shield(world: &World) -> Result<Fraud> {
    world.configure("", CONFIG)?;
    let daemon = world.shield()?;
    for prefix in DENIED {
        world.told(&["number", "deny", prefix, "--comment", "costs money"])?;
    }
    step("sipfw is loaded; premium and satellite numbers are denied");
    let _server = kamailio::start_with(world, &Options { pstn: true, ..Options::logging() })?;
    let came = attack(world)?;
    ensure!(came.placed == 0 && came.honest, "{} premium calls were placed", came.placed);
    // What is refused is written down within a second or two.
    let report = wait::until("the report to tell of it", SOON, || {
        let report = world.told(&["report", "--since", "1h", "--text"]).ok()?;
        (!report.contains("\n0 calls were refused")).then_some(report)
    });
    step("sipfw report --since 1h");
    said(&report.or_else(|_| world.told(&["report", "--since", "1h", "--text"]))?);
    daemon.stop()?;
    Ok(came)
}

fn attack(world: &World) -> Result<Fraud> {
    let server = SocketAddr::from((EDGE, SIP));
    let carrier = carrier::busy(world, Place::Itsp, (ITSP, SIP))?;
    let mut thief = Dialler::udp(world, Place::Attacker, (ATTACKER, 0), server)?.patient_for(PATIENCE);
    ensure!(thief.register()? == Some(200), "the thief does not register");
    step("an attacker has alice's password: he registers, and is let in");
    for uri in campaign().iter().take(CALLS) {
        thief.dial(uri)?;
    }
    let placed = carrier.called().iter().filter(|uri| is_premium(uri)).collect::<std::collections::BTreeSet<_>>().len();
    step(&format!("he dials {CALLS} premium numbers in disguises: {placed} reach the carrier"));
    let mut phone = Dialler::udp(world, Place::Phones, (PHONES, 0), server)?.named("bob", "secret-bob-2");
    ensure!(phone.register()? == Some(200), "the honest phone does not register");
    let honest = phone.dial(LEGAL).context("the honest call")? == Some(486);
    step(if honest {
        "bob calls a number in town: the carrier has the call"
    } else {
        "bob cannot call a number in town"
    });
    Ok(Fraud { placed, honest })
}
