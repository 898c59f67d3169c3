//! Phones that mean well.
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use firewall_tests::world::address::{EDGE, EDGE6, ITSP, PHONES, PHONES6, SIP, SIPS, member};
use firewall_tests::world::baresip::{self, Account, Transport};
use firewall_tests::world::crowd::{self, Homes, Plan};
use firewall_tests::world::kamailio::{self, Algorithm, Nonces, Options, Quality};
use firewall_tests::world::phone::Phone;
use firewall_tests::world::sipp::{self, Scenario, Users, all_succeed};
use firewall_tests::world::{Place, tunnel, wait};

use crate::{server, world};

const SOON: Duration = Duration::from_secs(15);

fn account<'a>(user: &'a str, password: &'a str, transport: Transport) -> Account<'a> {
    let port = if transport == Transport::Tls { SIPS } else { SIP };
    Account::new(user, password, SocketAddr::from((EDGE, port))).over(transport)
}

#[test]
fn baresip_registers_over_every_transport() -> Result<()> {
    let world = world()?;
    let _kamailio = kamailio::start_with(&world, &Options { tls: true, quality: Quality::Auth, ..Options::logging() })?;
    let accounts = [
        account("alice", "secret-alice-1", Transport::Udp),
        account("bob", "secret-bob-2", Transport::Tcp),
        account("carol", "secret-carol-3", Transport::Tls),
    ];
    let phone = baresip::start(&world, Place::Phones, (PHONES, 5070), &accounts)?;
    phone.registered(3, SOON)?;
    ensure!(world.failures_logged(None) == 0, "a right password was refused");
    let mistyped = [account("dave", "secret-dave-5", Transport::Udp)];
    let other = baresip::start(&world, Place::Phones, (PHONES, 5080), &mistyped)?;
    other.refused(1, SOON)?;
    ensure!(world.failures_logged(Some(&PHONES.to_string())) >= 1, "a wrong password was not logged");
    Ok(())
}

#[test]
fn sipp_registers_over_tls_through_a_tunnel() -> Result<()> {
    let world = world()?;
    let _kamailio = kamailio::start_with(&world, &Options { tls: true, ..Options::logging() })?;
    let near = SocketAddr::from((PHONES, 5090));
    let _tunnel = tunnel::open(&world, Place::Phones, near, SocketAddr::from((EDGE, SIPS)))?;
    all_succeed(&world, &Users::new(Place::Phones, (PHONES, 5071), near, Scenario::Register).over_tcp().times(3, 10))?;
    let wrong = Users::new(Place::Phones, (PHONES, 5072), near, Scenario::RegisterWrong).over_tcp().times(3, 10);
    all_succeed(&world, &wrong)?;
    ensure!(world.failures_logged(Some(&PHONES.to_string())) == 3, "Kamailio logged other failures");
    Ok(())
}

#[test]
fn digests_of_every_kind_are_taken() -> Result<()> {
    let kinds = [
        (Algorithm::Md5, Quality::None),
        (Algorithm::Md5, Quality::AuthInt),
        (Algorithm::Sha256, Quality::Auth),
        (Algorithm::Both, Quality::None),
    ];
    let world = world()?;
    for (algorithm, quality) in kinds {
        let kamailio = kamailio::start_with(&world, &Options { algorithm, quality, ..Options::logging() })?;
        let mut phone = Phone::new(&world, Place::Phones, (PHONES, 0), server(), "alice")?;
        ensure!(phone.register("secret-alice-1", 60)? == Some(200), "{algorithm:?} {quality:?} was refused");
        ensure!(phone.register("wrong", 60)? == Some(401), "{algorithm:?} {quality:?}: a wrong password was taken");
        ensure!(world.failures_logged(None) == 1, "{algorithm:?} {quality:?}: not one failure logged");
        kamailio.stop()?;
    }
    // An older phone takes the second challenge.
    let both = Options { algorithm: Algorithm::Both, ..Options::logging() };
    let _kamailio = kamailio::start_with(&world, &both)?;
    let mut phone = Phone::new(&world, Place::Phones, (PHONES, 0), server(), "alice")?;
    let challenge = phone.challenge("REGISTER", "")?.context("no challenge")?;
    let old = firewall_tests::world::digest::Challenge { hash: firewall_tests::world::digest::Hash::Md5, ..challenge };
    for (password, status) in [("secret-alice-1", 200), ("wrong", 401)] {
        let reply = phone.answer("REGISTER", "Expires: 60\r\n", "", password, &old, 1)?.context("no answer")?;
        ensure!(reply.status == status, "MD5 of two, {password}: {}", reply.text);
    }
    Ok(())
}

#[test]
fn a_nonce_expires_and_a_count_is_taken_once() -> Result<()> {
    let world = world()?;
    for stale in [true, false] {
        let expiry = Duration::from_secs(2);
        let options = Options { quality: Quality::Auth, nonces: Nonces::Counted, expiry, stale, ..Options::logging() };
        let kamailio = kamailio::start_with(&world, &options)?;
        let mut phone = Phone::new(&world, Place::Phones, (PHONES, 0), server(), "alice")?;
        let contact = format!("Contact: <sip:alice@{PHONES}>\r\nExpires: 60\r\n");
        let challenge = phone.challenge("REGISTER", &contact)?.context("no challenge")?;
        let mut again = |count| phone.answer("REGISTER", &contact, "", "secret-alice-1", &challenge, count);
        for count in [1, 2, 3] {
            ensure!(again(count)?.is_some_and(|reply| reply.status == 200), "count {count} was refused");
        }
        let reused = again(3)?.context("no answer")?;
        ensure!(reused.status == 401 && reused.text.contains("stale=true") == stale, "{}", reused.text);
        let mut counts = 4..;
        let old = wait::until("the nonce to expire", SOON, || {
            let reply = again(counts.next()?).ok()??;
            (reply.status == 401).then_some(reply)
        })?;
        ensure!(old.text.contains("stale=true") == stale, "{}", old.text);
        ensure!(world.failures_logged(None) == 0, "an old nonce was logged as a failure");
        kamailio.stop()?;
    }
    Ok(())
}

#[test]
fn a_call_forks_to_two_phones() -> Result<()> {
    let world = world()?;
    let _kamailio = kamailio::start_with(&world, &Options { contacts: 2, ..Options::default() })?;
    let mut phone = Phone::new(&world, Place::Phones, (PHONES, 0), server(), "alice")?;
    let both = format!("<sip:alice@{PHONES}:5070>, <sip:alice@{PHONES}:5072>");
    ensure!(phone.register_as("secret-alice-1", 60, &both)? == Some(200), "two contacts were refused");
    let _answering = sipp::answer(&world, Place::Phones, (PHONES, 5070))?;
    let ringing = sipp::ring(&world, Place::Phones, (PHONES, 5072))?;
    let calls = Users::new(Place::Itsp, (ITSP, 5080), server(), Scenario::TrunkCall).to("alice").times(3, 5);
    all_succeed(&world, &calls)?;
    wait::until("the other phone to be told to stop", SOON, || (ringing.so_far().succeeded == 3).then_some(()))
}

#[test]
fn a_large_register_travels_in_fragments() -> Result<()> {
    let world = world()?;
    let _kamailio = kamailio::start_with(&world, &Options::logging())?;
    for (local, server) in [((PHONES, 0).into(), server()), (SocketAddr::from((PHONES6, 0)), (EDGE6, SIP).into())] {
        let mut phone = Phone::new(&world, Place::Phones, local, server, "alice")?.padded(3000);
        ensure!(phone.register("secret-alice-1", 60)? == Some(200), "refused");
    }
    Ok(())
}

/// The crowd's pace is its own only if nobody else holds it up: here the server does what it can.
#[test]
fn a_crowd_registers() -> Result<()> {
    let world = world()?;
    let _kamailio = kamailio::start(&world)?;
    for (homes, phones) in [(Homes::One(PHONES), 2_000), (Homes::Each(member(1)), 10_000)] {
        let outcome = crowd::run(&world, Plan::new(homes, phones, 2_000))?;
        ensure!(outcome.succeeded == phones, "{homes:?}: of {phones} {} registered", outcome.succeeded);
        // Ten times as long as the plan has it is another lab than the one the live tests lean on.
        ensure!(outcome.spent < 10 * Duration::from_secs(u64::from(phones) / 2_000), "it took {:?}", outcome.spent);
    }
    Ok(())
}
