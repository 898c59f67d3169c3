//! A flood of REGISTERs from many spoofed sources: it must not stop anybody who has proved who he is.
use std::time::Duration;

use anyhow::{Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::address::{ATTACKER, EDGE, ITSP, PHONES, SIP, SPOOFED, SPOOFED_BITS};
use firewall_tests::world::counter::Counters;
use firewall_tests::world::flood::{Flood, Plan, Sources};
use firewall_tests::world::frame::Frame;
use firewall_tests::world::sipp::{self, Scenario, Users};
use firewall_tests::world::{Driver, Place, World, kamailio, wait};

use crate::{CARRIER, SOON, world};

/// What all strangers together may send, and so all that a flood gets through.
const TOTAL: u64 = 500;
const RATE: u32 = 60_000;

#[test]
fn a_spoofed_flood_stops_neither_a_peer_nor_a_registrant() -> Result<()> {
    let world = world(Driver::Native)?;
    world.configure("", &format!("[strangers]\ntotal = \"{TOTAL}/s burst {TOTAL}\"\n{CARRIER}"))?;
    let _daemon = world.shield()?;
    let _kamailio = kamailio::start(&world)?;
    let _answering = sipp::answer(&world, Place::Phones, (PHONES, SIP))?;
    register(&world).and_then(|users| sipp::all_succeed(&world, &users))?;
    world.trusted(&PHONES.to_string(), SOON)?;

    let counters = Counters::new(world.netns(Place::Edge), &[("spoofed", "198.18.0.0/15")])?;
    let began = std::time::Instant::now();
    let flood = Flood::start(world.netns(Place::Attacker), plan())?;
    wait::until("the flood to be limited", SOON, || (world.counted(Reason::RateTotal).ok()? > 10_000).then_some(()))?;
    let calls = sipp::start(&world, &calls())?;
    let registrations = sipp::start(&world, &register(&world)?)?;
    let (calls, registrations) = (calls.finish()?, registrations.finish()?);
    ensure!(flood.is_on(), "the flood was over before the calls were");
    let sent = flood.stop()?;
    let spent = began.elapsed().as_secs_f64();

    ensure!((calls.succeeded, calls.failed) == (20, 0), "the carrier's calls: {calls:?}");
    ensure!((registrations.succeeded, registrations.failed) == (20, 0), "the phones' registrations: {registrations:?}");
    let reached = counters.packets("spoofed")?;
    let most = (TOTAL as f64 * (1.0 + spent) * 1.05) as u64;
    ensure!(reached > 0 && reached <= most, "of {sent} spoofed packets {reached} passed; {most} may in {spent:.1} s");
    let carrier = world.stats()?.peers.into_iter().find(|peer| peer.name.as_deref() == Some("carrier"));
    ensure!(
        carrier.is_some_and(|peer| peer.counter.dropped == 0 && peer.counter.passed > 0),
        "the carrier lost packets"
    );
    Ok(())
}

fn register(_world: &World) -> Result<Users> {
    Ok(Users::new(Place::Phones, (PHONES, 5070), (EDGE, SIP), Scenario::Register).times(20, 10))
}

fn calls() -> Users {
    Users::new(Place::Itsp, (ITSP, 5080), (EDGE, SIP), Scenario::TrunkCall).to("alice").times(20, 10)
}

fn plan() -> Plan {
    let frame = Frame::request("REGISTER", "phone", ATTACKER);
    Plan { frame, sources: Sources::Random(SPOOFED, SPOOFED_BITS), rate: RATE, most: u64::from(RATE) * 30 }
}

#[test]
fn one_source_gets_its_limit_and_no_more() -> Result<()> {
    let world = world(Driver::Native)?;
    world.configure("", "[strangers.limits]\nregister = \"50/s burst 50\"\n")?;
    let _daemon = world.shield()?;
    let counters = Counters::new(world.netns(Place::Edge), &[("one", &ATTACKER.to_string())])?;
    let plan = Plan { sources: Sources::One(ATTACKER), rate: 5_000, most: 20_000, ..plan() };
    let began = std::time::Instant::now();
    let flood = Flood::start(world.netns(Place::Attacker), plan)?;
    wait::until("the flood to end", Duration::from_secs(20), || (!flood.is_on()).then_some(()))?;
    let (sent, spent) = (flood.stop()?, began.elapsed().as_secs_f64());
    let (passed, dropped) = (counters.packets("one")?, world.counted(Reason::RateRegister)?);
    let due = 50.0 + 50.0 * spent;
    ensure!((passed as f64) <= due * 1.05, "{passed} passed, where {due:.0} may in {spent:.2} s");
    ensure!((passed as f64) >= 50.0 + 50.0 * 3.5 * 0.95, "only {passed} passed in {spent:.2} s");
    ensure!(dropped > sent / 2 && passed + dropped <= sent, "{sent} sent, {passed} passed, {dropped} dropped");
    Ok(())
}
