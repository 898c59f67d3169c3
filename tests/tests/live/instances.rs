//! Two interfaces, two daemons; one interface, one daemon.
use anyhow::{Result, ensure};
use firewall_tests::world::Driver;

use crate::{CARRIER, SOON, world};

#[test]
fn two_daemons_protect_two_interfaces_and_a_third_is_refused() -> Result<()> {
    let world = world(Driver::Native)?;
    let second = world.add_interface()?;
    world.configure("", CARRIER)?;
    let one = world.shield()?;
    let two = world.shield_on(&second)?;

    let refused = world.asked(&["run", "--iface", &second])?;
    let said = String::from_utf8_lossy(&refused.stderr);
    ensure!(!refused.status.success(), "a second daemon on one interface ran");
    ensure!(said.contains("already runs") && said.contains(&two.process.id().to_string()), "it said: {said}");

    let said = world.told(&["deny", "add", "203.0.113.0/24"])?;
    ensure!(said.contains(world.iface()) && said.contains(&second), "in effect on: {said}");
    let refused = world.asked(&["unload", "--iface", &second])?;
    ensure!(!refused.status.success(), "a daemon's interface was unloaded");

    two.stop()?;
    world.told(&["unload", "--iface", &second])?;
    let status = world.told(&["status", "--json"])?;
    ensure!(status.contains(world.iface()) && !status.contains(&second), "{status}");
    firewall_tests::world::wait::until("counters of the first", SOON, || world.stats().ok()).map(drop)?;
    one.stop()
}
