//! The last act: a guesser who does not say who he is, and what the firewall learns of him.
//!
//! Owns: what is done and what came of it. Refuses: the flood (`round` has it).
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use firewall_tests::world::address::{ATTACKER, EDGE, PHONES, SIP};
use firewall_tests::world::kamailio::{Nonces, Options};
use firewall_tests::world::phone::Phone;
use firewall_tests::world::sipp::{self, Scenario, Users};
use firewall_tests::world::{Place, World, attack, kamailio};

use crate::round::found;
use crate::show::{said, step};

/// svcrack names itself, which would end it before its first guess: here no signature is looked for.
const CONFIG: &str = "[[peer]]\nname = \"carrier\"\nprefixes = [\"192.0.2.10\"]\n";
const KEYS: &str = "signature_defaults = false";
/// How long the guesser may try, and how long a ban may take to be in the database.
const TOOL: Duration = Duration::from_secs(5);
const SOON: Duration = Duration::from_secs(5);
/// Registrations of the office while it goes on, and how many a second.
const REGISTRATIONS: (u32, u32) = (50, 10);

/// The guesser is banned, the office works on, and neither is forgotten.
pub(crate) fn act_ban(world: &World) -> Result<()> {
    world.configure(KEYS, CONFIG)?;
    let daemon = world.shield()?;
    let _server = kamailio::start_with(world, &Options { nonces: Nonces::Counted, ..Options::logging() })?;
    step("sipfw is loaded without signatures, Kamailio is up");
    let office = Users::new(Place::Phones, (PHONES, 5070), (EDGE, SIP), Scenario::Register);
    let office = sipp::start(world, &office.times(REGISTRATIONS.0, REGISTRATIONS.1))?;
    let passwords = attack::crack_fast(world, "103", "1000-9999", TOOL)?;
    let (attacker, phones) = (ATTACKER.to_string(), PHONES.to_string());
    let guesses = world.failures_logged(Some(&attacker));
    step(&format!("svcrack guesses PINs at full speed: {guesses} reached Kamailio, found {}", found(&passwords)));
    world.banned(&attacker, SOON).context("the guesser was not banned")?;
    let office = office.finish()?;
    step(&format!("the office registered meanwhile: {} of {}", office.succeeded, REGISTRATIONS.0));
    world.trusted(&phones, SOON).context("the office is not trusted")?;
    step(&format!("sipfw ban why {attacker}"));
    said(&world.told(&["ban", "why", &attacker])?);

    daemon.stop()?;
    let daemon = world.shield()?;
    remembers(world).context("after a restart")?;
    step("the daemon was restarted: the guesser is banned, the office trusted");
    daemon.stop()?;
    world.told(&["unload", "--iface", world.iface()])?;
    let daemon = world.shield()?;
    remembers(world).context("after a reboot")?;
    step("all kernel state was thrown away, as by a reboot: the guesser is banned, the office trusted");
    daemon.stop()
}

fn remembers(world: &World) -> Result<()> {
    let server = (EDGE, SIP).into();
    let mut guesser = Phone::new(world, Place::Attacker, (ATTACKER, 0), server, "103")?;
    ensure!(guesser.ask("OPTIONS", "", "")?.is_none(), "the guesser is answered");
    ensure!(world.registrants()?.contains(&PHONES.to_string()), "the office is forgotten");
    Ok(())
}
