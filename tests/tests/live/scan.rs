//! Scanners.
use std::time::Duration;

use anyhow::{Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::{Driver, attack, kamailio};

use crate::{CARRIER, world};

/// Enough for a scan of four addresses; one that finds nothing ends when this is over.
const SCAN: Duration = Duration::from_secs(8);

#[test]
fn a_scanner_finds_the_server_only_without_the_shield() -> Result<()> {
    let world = world(Driver::Native)?;
    let _kamailio = kamailio::start(&world)?;
    let found = attack::map(&world, SCAN)?;
    ensure!(found == ["192.0.2.1:5060"], "without the shield svmap found {found:?}");

    world.configure("mode = \"trunk\"", CARRIER)?;
    let _daemon = world.shield()?;
    let found = attack::map(&world, SCAN)?;
    ensure!(found.is_empty(), "through the shield svmap found {found:?}");
    ensure!(world.counted(Reason::NotPeer)? > 0, "the scan did not reach the shield");
    Ok(())
}

#[test]
fn a_scanner_that_says_who_it_is_finds_nothing_in_open_mode_either() -> Result<()> {
    let world = world(Driver::Native)?;
    let _kamailio = kamailio::start(&world)?;
    world.configure("", CARRIER)?;
    let _daemon = world.shield()?;
    let found = attack::map(&world, SCAN)?;
    ensure!(found.is_empty(), "through the shield svmap found {found:?}");
    ensure!(world.counted(Reason::Signature)? > 0, "the scan was not known by its signature");
    Ok(())
}
