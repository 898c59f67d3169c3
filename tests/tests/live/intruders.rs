//! Whoever is no party to a call can neither end it nor change it, and whoever is can.
use std::time::Duration;

use anyhow::{Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::address::{ATTACKER, EDGE, ITSP, PHONES, SIP};
use firewall_tests::world::call::{Call, Party};
use firewall_tests::world::{Driver, Place, World, wait};

use crate::{CARRIER, SOON, world};

const LOG: &str = "[calls]\nlog = true\n";
const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 30000 RTP/AVP 8\r\n";
/// Long enough for a packet to arrive that is not stopped.
const MOMENT: Duration = Duration::from_millis(500);

/// What an intruder sends who knows everything about a call but has not its parties' address.
fn forged(call: &Call<'_>, method: &str, name: &str, from: &Party, to: &Party) -> String {
    let tag = if method == "CANCEL" { "" } else { ";tag=callee" };
    let number = if method == "CANCEL" { 1 } else { 77 };
    format!(
        "{method} sip:callee@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bKintruder-{method};rport\r\nMax-Forwards: 70\r\n\
         From: <sip:{name}@{ITSP}>;tag=caller\r\nTo: <sip:callee@{to}>{tag}\r\nCall-ID: {id}\r\nCSeq: {number} {method}\r\n\
         Content-Length: 0\r\n\r\n",
        from = from.local(),
        to = to.local(),
        id = call.id(),
    )
}

fn intruded(world: &World) -> Result<u64> {
    world.counted(Reason::DialogIntruder)
}

#[test]
fn a_stranger_can_neither_end_nor_change_a_call() -> Result<()> {
    let world = world(Driver::Native)?;
    world.configure("", &format!("{CARRIER}{LOG}"))?;
    let _daemon = world.shield()?;
    let caller = Party::new(&world, Place::Itsp, (ITSP, SIP))?;
    let callee = Party::new(&world, Place::Edge, (EDGE, SIP))?;
    let intruder = Party::new(&world, Place::Attacker, (ATTACKER, 5_060))?;
    let mut call = Call::new(&caller, &callee, "victim");
    call.agree(SDP, SDP)?;
    world.call_that("victim", SOON, |call| call["state"] == "up")?;
    for method in ["BYE", "CANCEL", "INVITE", "UPDATE", "REFER", "INFO"] {
        let before = intruded(&world)?;
        intruder.send(callee.local(), &forged(&call, method, "victim", &intruder, &callee))?;
        wait::until(&format!("the {method} to be stopped"), SOON, || (intruded(&world).ok()? > before).then_some(()))?;
    }
    ensure!(callee.receive(MOMENT)?.is_none(), "something of the intruder's arrived");
    call.end()?;
    world.call_that("victim", SOON, |call| call["state"] == "ended")?;
    Ok(())
}

/// Who asks about a call that nobody knows is no intruder: it may be one of before the daemon.
#[test]
fn a_call_that_is_not_known_is_nobodys_secret() -> Result<()> {
    let world = world(Driver::Native)?;
    world.configure("", &format!("{CARRIER}{LOG}"))?;
    let _daemon = world.shield()?;
    let callee = Party::new(&world, Place::Edge, (EDGE, SIP))?;
    let phone = Party::new(&world, Place::Phones, (PHONES, 5_060))?;
    let call = Call::new(&phone, &callee, "nobody");
    phone.send(callee.local(), &forged(&call, "BYE", "nobody", &phone, &callee))?;
    callee.await_of(&call.id(), "BYE")?;
    ensure!(intruded(&world)? == 0, "it was stopped");
    Ok(())
}
