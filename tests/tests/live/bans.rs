//! Who fails to prove itself is banned, by what reached the wire; who did not do it is not.
//!
//! What reached the server is counted by the server itself: Kamailio logs each failed authentication.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::address::{ATTACKER, ATTACKER6, EDGE, EDGE6, ITSP, PHONES, SIP, bot, member};
use firewall_tests::world::forger::{self, Nonce};
use firewall_tests::world::kamailio::{self, Nonces, Options};
use firewall_tests::world::phone::Phone;
use firewall_tests::world::process::Process;
use firewall_tests::world::shield::Daemon;
use firewall_tests::world::sipp::{self, Scenario, Users};
use firewall_tests::world::{Driver, Place, World, attack, guesser, wait};

use crate::{CARRIER, SOON, world};

/// SIPVicious names itself, and then nothing is left to ban for; these tests are about what it does.
const NAMELESS: &str = "signature_defaults = false";
/// Five failures, and what was under way when the ban was made.
const FEW: usize = 6;
const TOOL: Duration = Duration::from_secs(8);
/// An extension whose password nobody guesses.
const EXTENSION: &str = "101";

/// A world with a server behind the shield, and the carrier as a peer. Without counted nonces Kamailio sends the same nonce
/// to everybody within a second, and then it proves nobody.
fn protected(keys: &str, tables: &str) -> Result<(World, Daemon, Process)> {
    protected_with(Options { nonces: Nonces::Counted, ..Options::logging() }, keys, tables)
}

fn protected_with(options: Options, keys: &str, tables: &str) -> Result<(World, Daemon, Process)> {
    let world = world(Driver::Native)?;
    world.configure(keys, &format!("{CARRIER}{tables}"))?;
    let daemon = world.shield()?;
    let kamailio = kamailio::start_with(&world, &options)?;
    Ok((world, daemon, kamailio))
}

fn server() -> SocketAddr {
    (EDGE, SIP).into()
}

/// Whether somebody there still gets an answer to anything.
fn is_answered(world: &World, place: Place, local: impl Into<IpAddr>) -> Result<bool> {
    let local = local.into();
    let server = if local.is_ipv4() { server() } else { (EDGE6, SIP).into() };
    let mut phone = Phone::new(world, place, (local, 0), server, "alice")?.patient_for(Duration::from_millis(400));
    Ok(phone.ask("OPTIONS", "", "")?.is_some())
}

fn reached(world: &World, source: impl Into<IpAddr>) -> usize {
    world.failures_logged(Some(&source.into().to_string()))
}

#[test]
fn svcrack_is_banned_after_five_guesses() -> Result<()> {
    let (world, _daemon, _kamailio) = protected(NAMELESS, "")?;
    let found = attack::crack_fast(&world, "103", "1000-9999", TOOL)?;
    ensure!(found.is_empty(), "svcrack found {found:?}");
    ensure!(world.banned(&ATTACKER.to_string(), SOON)? == "failures", "banned by another rule");
    // Five, and what was under way meanwhile: of 2,500 a second some milliseconds' worth.
    let guesses = reached(&world, ATTACKER);
    ensure!((5..=25).contains(&guesses), "{guesses} guesses reached Kamailio");
    ensure!(world.counted(Reason::Banned)? > 0, "nothing was dropped");
    ensure!(!is_answered(&world, Place::Attacker, ATTACKER)?, "a banned source is answered");
    ensure!(is_answered(&world, Place::Attacker, bot(1))?, "its neighbour is not answered");

    // Lifting takes effect on the next packet and leaves a mark.
    world.told(&["ban", "lift", &ATTACKER.to_string()])?;
    ensure!(is_answered(&world, Place::Attacker, ATTACKER)?, "a lifted ban goes on");
    let why = world.asked(&["ban", "why", &ATTACKER.to_string()])?;
    let said = String::from_utf8_lossy(&why.stdout);
    ensure!(why.status.code() == Some(1) && said.contains("lifted"), "{said}");
    Ok(())
}

#[test]
fn a_burst_with_one_nonce_is_banned_too() -> Result<()> {
    let tables = "[strangers.limits]\nregister = \"none\"\n";
    let (world, _daemon, _kamailio) = protected_with(Options::logging(), "", tables)?;
    guesser::burst(&world, ATTACKER, EXTENSION, 5_000, 5_000)?;
    ensure!(world.banned(&ATTACKER.to_string(), SOON)? == "failures", "banned by another rule");
    // Without a limit, what is sent in the moment of the ban gets through: some milliseconds of it.
    let guesses = reached(&world, ATTACKER);
    ensure!((5..100).contains(&guesses), "{guesses} guesses reached Kamailio");
    Ok(())
}

/// Nothing proves who sent a REGISTER by UDP that was answered 404. So a scanner is not banned but held to a trickle.
#[test]
fn scanners_of_extensions_are_held() -> Result<()> {
    for tool in ["svwar", "nmap"] {
        let (world, _daemon, _kamailio) = protected(NAMELESS, "[strangers.limits]\nregister = \"none\"\n")?;
        let found = match tool {
            "svwar" => attack::extensions(&world, "1000-9999", TOOL)?,
            _ => attack::nmap_users(&world, 1000, 1999, TOOL)?,
        };
        ensure!(found.is_empty(), "{tool} found {found:?}");
        ensure!(world.held(&ATTACKER.to_string(), SOON)? == "scanning", "{tool} was held by another rule");
        ensure!(world.counted(Reason::RateOffender)? > 0, "{tool} was not held back");
        ensure!(world.all_banned()?.is_empty(), "somebody was banned whose address may be forged");
    }
    Ok(())
}

/// Wrong passwords of a program that registers and calls, over both transports that are read on the wire.
#[test]
fn wrong_passwords_are_banned_over_udp_and_tcp() -> Result<()> {
    let (world, _daemon, _kamailio) = protected("", "")?;
    let runs =
        [(1, Scenario::RegisterWrong, false), (2, Scenario::RegisterWrong, true), (3, Scenario::CallWrong, false)];
    for (number, scenario, tcp) in runs {
        let source = bot(number);
        let users = Users { tcp, ..Users::new(Place::Attacker, (source, 5070), server(), scenario) };
        sipp::run(&world, &users.times(12, 10).within(Duration::from_secs(4)).patient_for(Duration::from_secs(1)))?;
        ensure!(world.banned(&source.to_string(), SOON)? == "failures", "{scenario:?}, tcp {tcp}: another rule");
        let guesses = reached(&world, source);
        ensure!((5..=FEW).contains(&guesses), "{scenario:?}, tcp {tcp}: {guesses} guesses reached Kamailio");
    }
    Ok(())
}

#[test]
fn ipv6_is_banned_by_its_64() -> Result<()> {
    let (world, _daemon, _kamailio) = protected(NAMELESS, "")?;
    attack::crack_v6(&world, EXTENSION, "1000-1099", TOOL)?;
    ensure!(world.banned("2001:db8:bad::/64", SOON)? == "failures", "banned by another rule");
    let guesses = reached(&world, ATTACKER6);
    ensure!((5..=FEW).contains(&guesses), "{guesses} guesses reached Kamailio");
    let address = |net, host| Ipv6Addr::new(0x2001, 0xdb8, 0xbad, net, host, 0, 0, 1);
    ensure!(!is_answered(&world, Place::Attacker, address(0, 7))?, "another address of its /64 is answered");
    ensure!(is_answered(&world, Place::Attacker, address(1, 0))?, "another /64 is not answered");
    Ok(())
}

#[test]
fn guesses_in_fragments_are_read() -> Result<()> {
    let (world, _daemon, _kamailio) = protected("", "")?;
    let patience = Duration::from_millis(700);
    for local in [IpAddr::from(ATTACKER), IpAddr::from(ATTACKER6)] {
        let server = if local.is_ipv4() { server() } else { (EDGE6, SIP).into() };
        let mut phone = Phone::new(&world, Place::Attacker, (local, 0), server, EXTENSION)?.patient_for(patience);
        phone = phone.padded(3000);
        for number in 0..8 {
            if phone.register(&format!("guess-{number}"), 60)?.is_none() {
                break;
            }
            std::thread::sleep(guesser::WAY);
        }
        ensure!(world.banned(&local.to_string(), SOON)? == "failures", "{local}: banned by another rule");
        ensure!(reached(&world, local) == 5, "{local}: {} guesses reached Kamailio", reached(&world, local));
    }
    Ok(())
}

/// Two hundred sources guess at one extension, each trying twice. Once the account is known to be under attack, one
/// failure is one too many.
#[test]
fn a_distributed_guess_gets_one_try_a_source() -> Result<()> {
    let (world, _daemon, _kamailio) = protected("", "")?;
    let outcomes = guesser::together(&world, (1..=200).map(bot), EXTENSION, 2, Duration::from_millis(60))?;
    // Ten failures within an hour make it an attack; until then each source has two tries.
    let late = &outcomes[20..];
    let twice = late.iter().filter(|outcome| outcome.answered > 1).count();
    ensure!(twice == 0, "{twice} of {} later sources got a second answer", late.len());
    let guesses = world.failures_logged(None);
    ensure!(guesses <= 10 + 200, "{guesses} guesses reached Kamailio");
    ensure!(world.banned(&bot(200).to_string(), SOON)? == "account_under_attack", "banned by another rule");
    // The one whose extension it is is not one of them.
    let mut phone = Phone::new(&world, Place::Phones, (PHONES, 0), server(), EXTENSION)?;
    ensure!(phone.register("Xk7-101-strong", 60)? == Some(200), "the extension's own phone was refused");
    Ok(())
}

/// Failures in the name of a registrant, of a stranger who did nothing, and of a peer.
#[test]
fn nobody_can_be_framed() -> Result<()> {
    let (world, _daemon, _kamailio) = protected("", "")?;
    let mut registrant = Phone::new(&world, Place::Phones, (PHONES, 0), server(), "alice")?;
    ensure!(registrant.register("secret-alice-1", 600)? == Some(200), "the phone was refused");
    world.trusted(&PHONES.to_string(), SOON)?;
    let innocents: [Ipv4Addr; 3] = [PHONES, member(7), ITSP];
    for victim in innocents {
        for nonce in [Nonce::Replayed, Nonce::MadeUp] {
            forger::failures(&world, victim, EXTENSION, nonce, 20)?;
        }
        forger::scan(&world, victim, 20)?;
    }
    // The attacker's own failures, read after all of the forged ones, show that those have been read.
    guesser::together(&world, std::iter::once(bot(9)), "bob", 5, SOON)?;
    world.banned(&bot(9).to_string(), SOON)?;
    let banned = world.all_banned()?;
    ensure!(banned == [bot(9).to_string()], "banned: {banned:?}");
    ensure!(world.alarms()? == 0, "forged failures raised an alarm about a peer");
    ensure!(registrant.register("secret-alice-1", 600)? == Some(200), "the registrant is no longer let in");
    let calls = Users::new(Place::Itsp, (ITSP, 5080), server(), Scenario::TrunkCall).to("alice");
    let _answering = sipp::answer(&world, Place::Phones, (PHONES, SIP))?;
    let contact = format!("<sip:alice@{PHONES}:{SIP}>");
    ensure!(registrant.register_as("secret-alice-1", 600, &contact)? == Some(200), "refused");
    sipp::all_succeed(&world, &calls.times(3, 10))
}

/// A peer that really does fail, with proof, is not banned either: somebody is told.
#[test]
fn a_peer_raises_an_alarm() -> Result<()> {
    let branch = member(9);
    let peer = format!("[[peer]]\nname = \"branch\"\nprefixes = [\"{branch}\"]\n");
    let (world, _daemon, _kamailio) = protected("", &peer)?;
    let mut phone = Phone::new(&world, Place::Phones, (branch, 0), server(), EXTENSION)?;
    for number in 0..8 {
        ensure!(phone.register(&format!("wrong-{number}"), 60)? == Some(401), "attempt {number} was not answered");
    }
    wait::until("an alarm", SOON, || (world.alarms().ok()? > 0).then_some(()))?;
    ensure!(world.all_banned()?.is_empty(), "a peer was banned");
    ensure!(phone.register("Xk7-101-strong", 60)? == Some(200), "a peer was stopped");
    Ok(())
}

/// The moment after a ban: it is in the kernel, and perhaps nowhere else.
#[test]
fn a_ban_outlives_the_daemon_that_made_it() -> Result<()> {
    let (world, daemon, _kamailio) = protected("", "")?;
    guesser::burst(&world, ATTACKER, EXTENSION, 40, 2_000)?;
    wait::until("the ban", SOON, || (world.counted(Reason::Banned).ok()? > 0).then_some(()))?;
    daemon.kill()?;
    ensure!(!is_answered(&world, Place::Attacker, ATTACKER)?, "the ban died with the daemon");
    let daemon = world.shield()?;
    ensure!(!is_answered(&world, Place::Attacker, ATTACKER)?, "a new daemon forgot the ban");
    daemon.stop()
}
