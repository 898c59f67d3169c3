//! Legal traffic passes, in both modes of XDP.
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::{Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::address::{EDGE, EDGE6, ITSP, ITSP6, PHONES, PHONES6, SIP};
use firewall_tests::world::sipp::{self, Scenario, Users, all_succeed};
use firewall_tests::world::{Driver, Place, World, kamailio};

use crate::{CARRIER, world};

const V4: [IpAddr; 3] = [IpAddr::V4(PHONES), IpAddr::V4(ITSP), IpAddr::V4(EDGE)];
const V6: [IpAddr; 3] = [IpAddr::V6(PHONES6), IpAddr::V6(ITSP6), IpAddr::V6(EDGE6)];

/// Phones register with digest and call out through the trunk; the carrier calls a phone that has registered.
fn conversation(world: &World, [phones, itsp, edge]: [IpAddr; 3]) -> Result<()> {
    let server = SocketAddr::new(edge, SIP);
    let phone = |port, scenario| Users::new(Place::Phones, (phones, port), server, scenario);
    let _carrier = sipp::answer(world, Place::Itsp, (itsp, SIP))?;
    let _answering = sipp::answer(world, Place::Phones, (phones, SIP))?;
    all_succeed(world, &phone(5070, Scenario::Register).times(4, 10))?;
    all_succeed(world, &phone(5071, Scenario::Call).times(4, 10))?;
    all_succeed(world, &phone(5072, Scenario::LargeCall).times(3, 10))?;
    all_succeed(world, &Users::new(Place::Itsp, (itsp, 5080), server, Scenario::TrunkCall).to("alice").times(4, 10))
}

fn everything_passes(driver: Driver, mode: &str) -> Result<()> {
    let world = world(driver)?;
    world.configure("", CARRIER)?;
    let daemon = world.shield()?;
    ensure!(daemon.mode == mode, "{} instead of {mode}", daemon.mode);
    let _kamailio = kamailio::start(&world)?;
    conversation(&world, V4)?;
    conversation(&world, V6)?;
    let stats = world.stats()?;
    for one in &stats.reasons {
        ensure!(!one.reason.drops() || one.enforced.packets == 0, "{}: {:?}", one.reason.word(), one.enforced);
    }
    for passed in [Reason::Peer, Reason::Stranger, Reason::Fragment] {
        ensure!(world.counted(passed)? > 0, "nothing passed as {}", passed.word());
    }
    daemon.stop()
}

#[test]
fn legal_calls_pass_in_native_mode() -> Result<()> {
    everything_passes(Driver::Native, "native")
}

/// What forces it is the driver's refusal: see [`Driver::GenericOnly`].
#[test]
fn legal_calls_pass_in_generic_mode() -> Result<()> {
    everything_passes(Driver::GenericOnly, "generic")
}

#[test]
fn phones_register_over_tcp() -> Result<()> {
    let world = world(Driver::Native)?;
    world.configure("", CARRIER)?;
    let _daemon = world.shield()?;
    let _kamailio = kamailio::start(&world)?;
    let users = Users::new(Place::Phones, (PHONES, 5070), (EDGE, SIP), Scenario::Register).over_tcp();
    all_succeed(&world, &users.times(4, 10).within(Duration::from_secs(15)))?;
    // The first registration makes them registrants.
    let seen = world.counted(Reason::Stranger)? + world.counted(Reason::Registrant)?;
    ensure!(seen > 8, "SIP over TCP was not seen");
    Ok(())
}
