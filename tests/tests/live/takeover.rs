//! Killing, restarting and reloading the daemon under load lets not one banned packet by.
use std::time::Duration;

use anyhow::{Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::address::ATTACKER;
use firewall_tests::world::counter::Counters;
use firewall_tests::world::flood::{Flood, Plan, Sources};
use firewall_tests::world::frame::Frame;
use firewall_tests::world::{Driver, Place, World, wait};
use rustix::process::Signal;

use crate::{CARRIER, SOON, UNLIMITED, world};

const RATE: u32 = 20_000;

#[test]
fn no_banned_packet_passes_while_daemons_die_start_and_reload() -> Result<()> {
    let world = world(Driver::Native)?;
    world.configure("", &[UNLIMITED, CARRIER].concat())?;
    let counters = Counters::new(world.netns(Place::Edge), &[("attacker", &ATTACKER.to_string())])?;
    let daemon = world.shield()?;

    // The counter sees what passes: this is what makes the zero below mean something.
    let before = Flood::start(world.netns(Place::Attacker), plan(200, 1000))?;
    wait::until("packets to pass before the ban", SOON, || (counters.packets("attacker").ok()? == 200).then_some(()))?;
    before.stop()?;

    world.told(&["deny", "add", &ATTACKER.to_string()])?;
    let flood = Flood::start(world.netns(Place::Attacker), plan(u64::from(RATE) * 50, RATE))?;
    let mut dropped = growing(&world, 0)?;
    daemon.kill()?;
    dropped = growing(&world, dropped)?;
    let daemon = world.shield()?;
    dropped = growing(&world, dropped)?;
    for mode in ["trunk", "open", "trunk", "open"] {
        world.configure(&format!("mode = \"{mode}\""), &[UNLIMITED, CARRIER].concat())?;
        world.told(&["reload"])?;
        dropped = growing(&world, dropped)?;
    }
    reload_by_signal(&world, &daemon.process)?;
    dropped = growing(&world, dropped)?;
    daemon.kill()?;
    let daemon = world.shield()?;
    daemon.stop()?;
    dropped = growing(&world, dropped)?;
    ensure!(flood.is_on(), "the flood ended too early");
    let sent = flood.stop()?;
    let leaked = counters.packets("attacker")? - 200;
    ensure!(leaked == 0, "{leaked} of {sent} banned packets passed");
    ensure!(dropped > 10_000, "of {sent} banned packets only {dropped} reached the shield");
    Ok(())
}

/// Waits until thousands more have been dropped: so each step is under load.
fn growing(world: &World, from: u64) -> Result<u64> {
    wait::until("banned packets to be dropped", SOON, || {
        let now = world.counted(Reason::Denied).ok()?;
        (now > from + 2000).then_some(now)
    })
}

fn reload_by_signal(world: &World, daemon: &firewall_tests::world::process::Process) -> Result<()> {
    let generation = || world.instance(|instance| Ok(instance.policy()?.generation));
    let before = generation()?;
    daemon.signal(Signal::HUP)?;
    wait::until("SIGHUP to reload", Duration::from_secs(20), || (generation().ok()? > before).then_some(()))
}

fn plan(most: u64, rate: u32) -> Plan {
    Plan { frame: Frame::request("OPTIONS", "probe", ATTACKER), sources: Sources::One(ATTACKER), rate, most }
}
