//! Monitoring: everything is judged and counted, nothing is dropped.
use anyhow::{Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::address::ATTACKER;
use firewall_tests::world::counter::Counters;
use firewall_tests::world::flood::{Flood, Plan, Sources};
use firewall_tests::world::frame::Frame;
use firewall_tests::world::{Driver, Place, World, wait};

use crate::{CARRIER, SOON, world};

const PACKETS: u64 = 300;

#[test]
fn a_monitor_drops_nothing_and_counts_everything() -> Result<()> {
    let world = world(Driver::Native)?;
    world.configure("mode = \"trunk\"\nmonitor = true", CARRIER)?;
    let _daemon = world.shield()?;
    let counters = Counters::new(world.netns(Place::Edge), &[("attacker", &ATTACKER.to_string())])?;
    all_pass(&world, &counters, PACKETS)?;
    ensure!(world.monitored(Reason::NotPeer)? == PACKETS, "{:?}", world.stats()?.reasons);
    world.told(&["deny", "add", "203.0.113.0/24"])?;
    all_pass(&world, &counters, 2 * PACKETS)?;
    let stats = world.stats()?;
    let denied = stats.reasons.iter().find(|one| one.reason == Reason::Denied);
    ensure!(denied.is_some_and(|one| one.monitored.packets == PACKETS), "{:?}", stats.reasons);
    let enforced = stats.reasons.iter().filter(|one| one.reason.drops() && one.enforced.packets > 0);
    ensure!(enforced.count() == 0, "{:?}", stats.reasons);

    // The same config without monitoring drops them all, at once.
    world.configure("mode = \"trunk\"", CARRIER)?;
    world.told(&["reload"])?;
    send(&world)?;
    wait::until("drops", SOON, || (world.counted(Reason::Denied).ok()? == PACKETS).then_some(()))?;
    ensure!(counters.packets("attacker")? == 2 * PACKETS, "packets passed that were to be dropped");
    Ok(())
}

fn all_pass(world: &World, counters: &Counters<'_>, sum: u64) -> Result<()> {
    send(world)?;
    wait::until("all packets to pass", SOON, || (counters.packets("attacker").ok()? == sum).then_some(()))
}

fn send(world: &World) -> Result<()> {
    let frame = Frame::request("OPTIONS", "probe", ATTACKER);
    let plan = Plan { frame, sources: Sources::One(ATTACKER), rate: 1000, most: PACKETS };
    let flood = Flood::start(world.netns(Place::Attacker), plan)?;
    wait::until("packets to be sent", SOON, || (!flood.is_on()).then_some(()))?;
    ensure!(flood.stop()? == PACKETS, "not all packets were sent");
    Ok(())
}
