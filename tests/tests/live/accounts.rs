//! Accounts and what registers with them: weak passwords are found, lost phones are kept out, old TLS is refused, and who calls
//! as fraud does is stopped.
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::address::{EDGE, ITSP, PHONES, SIP, SIPS, member};
use firewall_tests::world::dialler::Dialler;
use firewall_tests::world::kamailio::{self, Nonces, Options};
use firewall_tests::world::phone::Phone;
use firewall_tests::world::{Driver, Place, World, carrier, wait};

use crate::{CARRIER, SOON, world};

/// The audit takes its time, beside whatever else this machine does.
const AUDITED: Duration = Duration::from_secs(60);

fn server() -> SocketAddr {
    (EDGE, SIP).into()
}

fn registers(world: &World, local: Ipv4Addr, user: &str, password: &str) -> Result<Option<u16>> {
    Phone::new(world, Place::Phones, (local, 0), server(), user)?.register(password, 600)
}

#[test]
fn weak_passwords_are_found_and_strong_ones_are_not() -> Result<()> {
    let world = world(Driver::Native)?;
    let words = world.dir().join("words");
    std::fs::write(&words, "correct-horse\nblue-tractor\n")?;
    world.configure("", &format!("{CARRIER}[passwords]\naudit = true\nwords = \"{}\"\n", words.display()))?;
    let daemon = world.shield()?;
    let _kamailio = kamailio::start(&world)?;
    for (user, password) in [("120", "120"), ("103", "1234"), ("121", "blue-tractor"), ("alice", "secret-alice-1")] {
        ensure!(registers(&world, PHONES, user, password)? == Some(200), "{user} does not register");
    }
    let list = || world.told(&["passwords", "list", "--all"]).ok();
    let all = wait::until("four accounts to be audited", AUDITED, || {
        list().filter(|text| ["120", "103", "121", "alice"].iter().all(|user| text.contains(user)))
    })?;
    let weak = world.told(&["passwords", "list", "--json"])?;
    let weak: serde_json::Value = serde_json::from_str(&weak)?;
    let rows = weak.as_array().with_context(|| format!("no list: {weak}"))?;
    let mut found: Vec<&str> =
        rows.iter().filter(|row| !row["weak"].is_null()).filter_map(|row| row["account"].as_str()).collect();
    found.sort_unstable();
    ensure!(found == ["103", "120", "121"], "found {found:?} of\n{all}");
    daemon.stop()?;
    for entry in std::fs::read_dir(world.dir().join("state"))? {
        let bytes = std::fs::read(entry?.path())?;
        let holds = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
        ensure!(!holds(b"blue-tractor") && !holds(b"secret-alice-1"), "a password is on the disk");
    }
    Ok(())
}

/// A phone is lost: neither its address nor its account gets in, wherever whoever found it connects from.
#[test]
fn a_lost_phone_is_kept_out_until_it_is_found() -> Result<()> {
    let world = world(Driver::Native)?;
    world.configure("", CARRIER)?;
    let _daemon = world.shield()?;
    let _kamailio = kamailio::start(&world)?;
    ensure!(registers(&world, PHONES, "alice", "secret-alice-1")? == Some(200), "alice does not register");
    let id = wait::until("the phone to be known", SOON, || {
        let list: serde_json::Value = serde_json::from_str(&world.told(&["devices", "list", "--json"]).ok()?).ok()?;
        let is_alices = |row: &&serde_json::Value| row["account"] == "alice";
        list.as_array()?.iter().find(is_alices)?["id"].as_i64()
    })?;
    world.told(&["devices", "block", &id.to_string(), "--reason", "lost on the train"])?;
    ensure!(registers(&world, PHONES, "alice", "secret-alice-1")?.is_none(), "its address is let in");
    ensure!(registers(&world, member(7), "alice", "secret-alice-1")?.is_none(), "its account is let in");
    ensure!(world.counted(Reason::DeviceBlocked)? > 0, "nothing was dropped as a blocked device's");
    ensure!(registers(&world, member(7), "bob", "secret-bob-2")? == Some(200), "bob is kept out, too");
    world.told(&["devices", "unblock", &id.to_string()])?;
    ensure!(registers(&world, member(7), "alice", "secret-alice-1")? == Some(200), "it is found, and kept out");
    ensure!(registers(&world, PHONES, "alice", "secret-alice-1")? == Some(200), "its address is kept out");
    Ok(())
}

#[test]
fn a_connection_that_begins_with_old_tls_goes_no_further() -> Result<()> {
    let world = world(Driver::Native)?;
    world.configure("", &format!("{CARRIER}[signalling]\ntls_min = \"1.2\"\n"))?;
    let _daemon = world.shield()?;
    let _kamailio = kamailio::start_with(&world, &Options { tls: true, ..Options::default() })?;
    let handshake = |version: &str| -> Result<bool> {
        let mut command = world.netns(Place::Phones).command("timeout");
        command.args(["4", "openssl", "s_client", "-connect", &format!("{EDGE}:{SIPS}"), version]);
        command.args(["-cipher", "ALL:@SECLEVEL=0"]).stdin(std::process::Stdio::null());
        let output = command.output().context("openssl s_client")?;
        Ok(String::from_utf8_lossy(&output.stdout).contains("BEGIN CERTIFICATE"))
    };
    ensure!(handshake("-tls1_2")?, "TLS 1.2 does not get through");
    ensure!(world.counted(Reason::TlsVersion)? == 0, "TLS 1.2 was dropped");
    ensure!(!handshake("-tls1_1")?, "TLS 1.1 gets through");
    ensure!(world.counted(Reason::TlsVersion)? > 0, "TLS 1.1 was not dropped for its version");
    Ok(())
}

/// Numbers that nobody listed, one after the other: the prefix is blocked for whoever dials them, and for nobody else.
#[test]
fn who_dials_a_range_through_loses_its_prefix() -> Result<()> {
    let world = world(Driver::Native)?;
    let numbers = "[numbers]\nreceived = \"open\"\ncountry = \"49\"\n[fraud]\ncounts = \"all\"\nsequence_then = \"block\"\n\
                   calls_then = \"off\"\nnew_country_then = \"off\"\n[registrants.limits]\ninvite = \"none\"\n";
    world.configure("", &format!("{CARRIER}{numbers}"))?;
    let _daemon = world.shield()?;
    // A nonce that others get, too, proves nobody.
    let options = Options { pstn: true, nonces: Nonces::Counted, ..Options::logging() };
    let _kamailio = kamailio::start_with(&world, &options)?;
    let _carrier = carrier::busy(&world, Place::Itsp, (ITSP, SIP))?;
    let caller = |local: Ipv4Addr, user: &str, password: &str| -> Result<Dialler> {
        let mut dialler = Dialler::udp(&world, Place::Phones, (local, 0), server())?.named(user, password);
        ensure!(dialler.register()? == Some(200), "{user} does not register");
        world.trusted(&local.to_string(), SOON)?;
        Ok(dialler)
    };
    let mut thief = caller(member(7), "alice", "secret-alice-1")?;
    let mut stopped = None;
    for n in 0..40 {
        if thief.dial(&format!("sip:002522000{n:03}@{EDGE}"))? == Some(403) {
            stopped = Some(n);
            break;
        }
    }
    let stopped = stopped.context("forty numbers in a row were let through")?;
    ensure!(stopped >= 4, "stopped after {stopped}");
    ensure!(thief.dial(&format!("sip:0044207946000@{EDGE}"))? == Some(486), "another prefix is blocked, too");
    let mut honest = caller(PHONES, "bob", "secret-bob-2")?;
    ensure!(honest.dial(&format!("sip:002522000777@{EDGE}"))? == Some(486), "it is blocked for others");
    wait::until("an alarm", SOON, || {
        world.told(&["alarm", "list", "--json"]).ok()?.contains("fraud_sequence").then_some(())
    })
}
