//! Attackers, before anybody stops them.
use std::time::Duration;

use anyhow::{Result, ensure};
use firewall_tests::world::address::{ATTACKER, ATTACKER6, EDGE6, ITSP, PHONES, SIP, bot};
use firewall_tests::world::forger::{self, Nonce};
use firewall_tests::world::kamailio::{self, Options};
use firewall_tests::world::phone::Phone;
use firewall_tests::world::{Place, attack, fail2ban, guesser, wait};

use crate::{server, world};

const TOOL: Duration = Duration::from_secs(15);
const SOON: Duration = Duration::from_secs(10);

#[test]
fn svcrack_and_svwar_find_what_there_is() -> Result<()> {
    let world = world()?;
    let _kamailio = kamailio::start_with(&world, &Options::logging())?;
    let extensions = attack::extensions(&world, "100-110", TOOL)?;
    ensure!(extensions == ["101", "103", "107"], "{extensions:?}");
    ensure!(!attack::crack(&world, "103", "1225-1240", TOOL)?.is_empty(), "svcrack found nothing");
    let one_by_one = world.failures_logged(Some(&ATTACKER.to_string()));
    ensure!((9..=16).contains(&one_by_one), "{one_by_one} guesses");
    ensure!(!attack::crack_fast(&world, "103", "1000-1250", TOOL)?.is_empty(), "fast svcrack found nothing");
    ensure!(world.failures_logged(Some(&ATTACKER.to_string())) > one_by_one + 100, "fast guesses did not reach it");
    ensure!(!attack::crack_v6(&world, "103", "1225-1240", TOOL)?.is_empty(), "svcrack found nothing over IPv6");
    ensure!(world.failures_logged(Some(&ATTACKER6.to_string())) > 5, "{ATTACKER6} and {EDGE6}");
    Ok(())
}

#[test]
fn nmap_finds_users() -> Result<()> {
    let world = world()?;
    let _kamailio = kamailio::start_with(&world, &Options::logging())?;
    let users = attack::nmap_users(&world, 100, 108, TOOL)?;
    ensure!(users == ["101", "103", "107"], "nmap found {users:?}");
    Ok(())
}

#[test]
fn our_own_guessers_reach_the_server() -> Result<()> {
    let world = world()?;
    let _kamailio = kamailio::start_with(&world, &Options::logging())?;
    let outcome = guesser::burst(&world, ATTACKER, "103", 2_000, 4_000)?;
    ensure!(outcome.sent == 2_000 && outcome.answered > 1_000, "{outcome:?}");
    let outcomes = guesser::together(&world, (1..=200).map(bot), "101", 1, Duration::from_secs(1))?;
    ensure!(outcomes.iter().all(|outcome| outcome.answered == 1), "{outcomes:?}");
    ensure!(world.failures_logged(Some(&bot(200).to_string())) == 1, "the last of them was not logged");
    let near = (bot_v6(7), SIP);
    let mut phone = Phone::new(&world, Place::Attacker, near, (EDGE6, SIP).into(), "101")?;
    ensure!(phone.register("wrong", 60)? == Some(401), "no answer for {near:?}");
    Ok(())
}

/// An address of the botnet in one of its /64.
fn bot_v6(net: u16) -> std::net::Ipv6Addr {
    std::net::Ipv6Addr::new(0x2001, 0xdb8, 0xbad, net, 0, 0, 0, 1)
}

#[test]
fn forged_failures_name_somebody_else() -> Result<()> {
    let world = world()?;
    let _kamailio = kamailio::start_with(&world, &Options::logging())?;
    forger::failures(&world, PHONES, "alice", Nonce::Replayed, 20)?;
    wait::until("failures in the phones' name", SOON, || {
        (world.failures_logged(Some(&PHONES.to_string())) == 20).then_some(())
    })?;
    // The carrier is not challenged at all, and a nonce that nobody sent is stale, not wrong.
    forger::failures(&world, ITSP, "alice", Nonce::MadeUp, 5)?;
    forger::scan(&world, PHONES, 5)
}

/// Addresses are the server's word, and the rest cannot be mistaken for it.
#[test]
fn what_feeds_read_is_what_the_server_wrote() -> Result<()> {
    let world = world()?;
    let _kamailio = kamailio::start_with(&world, &Options::logging())?;
    let syslog = kamailio::Syslog::start(&world)?;
    let mut phone =
        Phone::new(&world, Place::Attacker, (ATTACKER, SIP), server(), "103")?.named("a source=192.0.2.10 .");
    ensure!(phone.register("wrong", 60)? == Some(401), "no answer");
    let line =
        wait::until("a line", SOON, || std::fs::read_to_string(syslog.file()).ok().filter(|text| !text.is_empty()))?;
    let agent = "6120736f757263653d3139322e302e322e3130202e";
    ensure!(
        line.contains("sipfw auth_failure source=203.0.113.66 proto=udp method=5245474953544552 account=313033 nonce=")
    );
    ensure!(
        line.ends_with(&format!(" agent={agent} .\n")) && line.lines().count() == 1 && !line.contains("null"),
        "{line}"
    );
    Ok(())
}

#[test]
fn fail2ban_bans_late() -> Result<()> {
    let world = world()?;
    let _kamailio = kamailio::start_with(&world, &Options::logging())?;
    let jail = fail2ban::start(&world, 5)?;
    let outcome = guesser::burst(&world, ATTACKER, "103", 4_000, 2_000)?;
    wait::until("fail2ban to ban", SOON, || jail.has_banned(&ATTACKER.to_string()).ok()?.then_some(()))?;
    ensure!(outcome.answered > 5, "{outcome:?}");
    jail.stop()
}
