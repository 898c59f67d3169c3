//! Who proves itself is trusted: it is not banned for being human, it works on during an attack, and nothing is forgotten.
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::address::{ATTACKER, EDGE, ITSP, PHONES, SIP, SPOOFED, SPOOFED_BITS, bot, member};
use firewall_tests::world::baresip::{self, Account};
use firewall_tests::world::crowd::{self, Homes, Plan};
use firewall_tests::world::flood::{self, Flood, Sources};
use firewall_tests::world::frame::Frame;
use firewall_tests::world::kamailio::{self, Algorithm, Nonces, Options, Quality};
use firewall_tests::world::phone::Phone;
use firewall_tests::world::shield::Daemon;
use firewall_tests::world::sipp::{self, Scenario, Users, all_succeed};
use firewall_tests::world::{Driver, Place, World, guesser, wait};

use crate::{CARRIER, SOON, world};

/// A held account may send a request every fifteen seconds, and each is sent again until then.
const SLOWLY: Duration = Duration::from_secs(90);

fn protected() -> Result<(World, Daemon)> {
    let world = world(Driver::Native)?;
    world.configure("", CARRIER)?;
    let daemon = world.shield()?;
    Ok((world, daemon))
}

fn server() -> SocketAddr {
    (EDGE, SIP).into()
}

fn phone(world: &World, local: impl Into<IpAddr>, user: &str) -> Result<Phone> {
    Phone::new(world, Place::Phones, (local.into(), 0), server(), user)
}

fn nobody_is_banned(world: &World) -> Result<()> {
    let banned = world.all_banned()?;
    ensure!(banned.is_empty(), "banned: {banned:?}");
    ensure!(world.counted(Reason::Banned)? == 0, "packets were dropped as banned");
    Ok(())
}

#[test]
fn a_registration_makes_a_registrant_until_it_ends() -> Result<()> {
    let (world, _daemon) = protected()?;
    let _kamailio = kamailio::start(&world)?;
    let mut phone = phone(&world, PHONES, "alice")?;
    ensure!(phone.register("secret-alice-1", 600)? == Some(200), "refused");
    world.trusted(&PHONES.to_string(), SOON)?;
    phone.ask("OPTIONS", "", "")?.context("no answer")?;
    ensure!(world.counted(Reason::Registrant)? > 0, "nothing passed as a registrant's");
    ensure!(phone.register("secret-alice-1", 0)? == Some(200), "the end of a registration was refused");
    wait::until("the trust to end", SOON, || {
        world.registrants().ok()?.iter().all(|source| *source != PHONES.to_string()).then_some(())
    })
}

/// The account was given a new password, and somebody types it: wrong, wrong, right. Baresip sends a wrong one fifteen times,
/// so that the account is slowed down before the second one is given up.
#[test]
fn a_password_mistyped_twice_bans_nobody() -> Result<()> {
    let (world, _daemon) = protected()?;
    let _kamailio = kamailio::start_with(&world, &Options::logging())?;
    let account = |password| [Account::new("alice", password, server())];
    let phone = baresip::start(&world, Place::Phones, (PHONES, 5060), &account("secret-alice-1"))?;
    phone.registered(1, SOON)?;
    world.trusted(&PHONES.to_string(), SOON)?;
    phone.stop()?;
    for (port, password) in [(5070, "secret-alice"), (5080, "secret-alcie-1")] {
        let phone = baresip::start(&world, Place::Phones, (PHONES, port), &account(password))?;
        let failures = || world.failures_logged(Some(&PHONES.to_string()));
        let before = failures();
        wait::until("a wrong password to be refused", SLOWLY, || (failures() > before).then_some(()))?;
        phone.stop()?;
    }
    let phone = baresip::start(&world, Place::Phones, (PHONES, 5090), &account("secret-alice-1"))?;
    phone.registered(1, SLOWLY)?;
    nobody_is_banned(&world)
}

/// Nonces expire and are asked for anew, whether or not the server calls them stale, more often than there may be failures.
#[test]
fn old_nonces_ban_nobody() -> Result<()> {
    let (world, _daemon) = protected()?;
    for stale in [true, false] {
        let expiry = Duration::from_secs(1);
        let options = Options { nonces: Nonces::Counted, expiry, stale, ..Options::logging() };
        let kamailio = kamailio::start_with(&world, &options)?;
        let mut phone = phone(&world, PHONES, "alice")?;
        ensure!(phone.register("secret-alice-1", 600)? == Some(200), "refused");
        world.trusted(&PHONES.to_string(), SOON)?;
        let fields = format!("Contact: <sip:alice@{PHONES}>\r\nExpires: 600\r\n");
        let (mut refused, mut count) = (0, 0);
        let mut challenge = phone.challenge("REGISTER", &fields)?.context("no challenge")?;
        wait::until("seven old nonces", Duration::from_secs(15), || {
            count += 1;
            let reply = phone.answer("REGISTER", &fields, "", "secret-alice-1", &challenge, count).ok()??;
            if reply.status == 401 {
                refused += 1;
                count = 0;
                challenge = firewall_tests::world::digest::Challenge::of(&reply.text)?;
            } else {
                // A hundred uses of a nonce are plenty.
                std::thread::sleep(Duration::from_millis(40));
            }
            (refused == 7).then_some(())
        })?;
        ensure!(world.failures_logged(None) == 0, "a right password was taken for wrong");
        nobody_is_banned(&world)?;
        kamailio.stop()?;
    }
    Ok(())
}

#[test]
fn digests_of_every_kind_make_registrants() -> Result<()> {
    let kinds = [
        (Algorithm::Md5, Quality::None, Nonces::Free),
        (Algorithm::Md5, Quality::AuthInt, Nonces::Free),
        (Algorithm::Md5, Quality::Auth, Nonces::Once),
        (Algorithm::Sha256, Quality::Auth, Nonces::Counted),
        (Algorithm::Both, Quality::None, Nonces::Free),
    ];
    let (world, _daemon) = protected()?;
    for (number, (algorithm, quality, nonces)) in (1..).zip(kinds) {
        let options = Options { algorithm, quality, nonces, ..Options::logging() };
        let kamailio = kamailio::start_with(&world, &options)?;
        let mut phone = phone(&world, member(number), "alice")?;
        for _ in 0..3 {
            ensure!(phone.register("secret-alice-1", 600)? == Some(200), "{options:?}: refused");
        }
        world.trusted(&member(number).to_string(), SOON).with_context(|| format!("{options:?}"))?;
        kamailio.stop()?;
    }
    nobody_is_banned(&world)
}

/// What phones do all day: register elsewhere, be called on two phones at once, call, and all that by SIPp.
#[test]
fn a_day_at_the_office_bans_nobody() -> Result<()> {
    let (world, _daemon) = protected()?;
    let _kamailio = kamailio::start_with(&world, &Options { contacts: 4, ..Options::logging() })?;
    let mut phone = phone(&world, PHONES, "alice")?;
    for contacts in ["<sip:alice@{}:5070>", "<sip:alice@{}:5072>", "<sip:alice@{}:5070>, <sip:alice@{}:5072>"] {
        let contacts = contacts.replace("{}", &PHONES.to_string());
        ensure!(phone.register_as("secret-alice-1", 600, &contacts)? == Some(200), "{contacts} was refused");
    }
    let _answering = sipp::answer(&world, Place::Phones, (PHONES, 5070))?;
    let _ringing = sipp::ring(&world, Place::Phones, (PHONES, 5072))?;
    let _carrier = sipp::answer(&world, Place::Itsp, (ITSP, SIP))?;
    all_succeed(
        &world,
        &Users::new(Place::Itsp, (ITSP, 5080), server(), Scenario::TrunkCall).to("alice").times(6, 10),
    )?;
    all_succeed(&world, &Users::new(Place::Phones, (PHONES, 5074), server(), Scenario::Call).times(6, 10))?;
    all_succeed(&world, &Users::new(Place::Phones, (PHONES, 5075), server(), Scenario::Register).times(12, 10))?;
    ensure!(world.registrants()?.contains(&PHONES.to_string()), "the office is not trusted");
    nobody_is_banned(&world)
}

/// One phone of an office has an old password and tries for ever; the others must not notice.
#[test]
fn a_broken_phone_does_not_cost_the_office() -> Result<()> {
    let (world, _daemon) = protected()?;
    let _kamailio = kamailio::start_with(&world, &Options::logging())?;
    ensure!(phone(&world, PHONES, "alice")?.register("secret-alice-1", 600)? == Some(200), "refused");
    world.trusted(&PHONES.to_string(), SOON)?;
    let office = Plan::new(Homes::One(PHONES), 30, 30).patient_for(Duration::from_secs(4));
    ensure!(crowd::run(&world, office)?.succeeded == 30, "the office could not register");
    let mut broken = phone(&world, PHONES, "bob")?.patient_for(Duration::from_millis(150));
    for _ in 0..40 {
        broken.register("old-password", 600)?;
    }
    let tries = world.failures_logged(Some(&PHONES.to_string()));
    ensure!((5..30).contains(&tries), "{tries} of 40 tries reached Kamailio");
    nobody_is_banned(&world)?;
    ensure!(crowd::run(&world, office)?.succeeded == 30, "the office pays for its broken phone");
    Ok(())
}

/// How many spoofed REGISTERs a second.
const FLOOD: u32 = 60_000;

fn flood(world: &World) -> Result<Flood> {
    let frame = Frame::request("REGISTER", "phone", ATTACKER);
    let sources = Sources::Random(SPOOFED, SPOOFED_BITS);
    let plan = flood::Plan { frame, sources, rate: FLOOD, most: u64::from(FLOOD) * 50 };
    let flood = Flood::start(world.netns(Place::Attacker), plan)?;
    wait::until("the flood to be limited", SOON, || (world.counted(Reason::RateTotal).ok()? > 10_000).then_some(()))?;
    Ok(flood)
}

fn all_register(world: &World, plan: Plan) -> Result<()> {
    let outcome = crowd::run(world, plan)?;
    let times = [0.5, 0.99].map(|share| outcome.quantile(share));
    ensure!(
        outcome.succeeded == plan.phones,
        "of {} phones {} registered, in {times:?}",
        plan.phones,
        outcome.succeeded
    );
    Ok(())
}

/// The server restarts while it is flooded, and everybody behind one address registers anew within a minute.
#[test]
fn an_office_of_two_thousand_comes_back_during_a_flood() -> Result<()> {
    let (world, _daemon) = protected()?;
    let kamailio = kamailio::start(&world)?;
    ensure!(phone(&world, PHONES, "alice")?.register("secret-alice-1", 600)? == Some(200), "refused");
    world.trusted(&PHONES.to_string(), SOON)?;
    kamailio.stop()?;
    let flood = flood(&world)?;
    let _kamailio = kamailio::start(&world)?;
    all_register(&world, Plan::new(Homes::One(PHONES), 2_000, 150))?;
    ensure!(flood.is_on(), "the flood was over before the phones were back");
    flood.stop().map(drop)
}

/// The same for phones that each have an address of their own.
#[test]
fn ten_thousand_homes_come_back_during_a_flood() -> Result<()> {
    let phones = if std::env::var_os("SIPFW_TEST_QUICK").is_some() { 2_000 } else { 10_000 };
    let (world, _daemon) = protected()?;
    let kamailio = kamailio::start(&world)?;
    // Two requests each, and strangers together may send 2,000 a second.
    all_register(&world, Plan::new(Homes::Each(member(1)), phones, 900))?;
    let last = member(phones as u16).to_string();
    world.trusted(&last, SOON)?;
    kamailio.stop()?;
    let flood = flood(&world)?;
    let _kamailio = kamailio::start(&world)?;
    all_register(&world, Plan::new(Homes::Each(member(1)), phones, 500))?;
    ensure!(flood.is_on(), "the flood was over before the phones were back");
    flood.stop()?;
    nobody_is_banned(&world)
}

/// A restart of the daemon, and a reboot, after which the kernel knows nothing and the database everything.
#[test]
fn neither_a_restart_nor_a_reboot_forgets() -> Result<()> {
    let (world, daemon) = protected()?;
    let _kamailio = kamailio::start_with(&world, &Options { nonces: Nonces::Counted, ..Options::logging() })?;
    ensure!(phone(&world, PHONES, "alice")?.register("secret-alice-1", 600)? == Some(200), "refused");
    world.trusted(&PHONES.to_string(), SOON)?;
    guesser::together(&world, std::iter::once(bot(1)), "bob", 6, Duration::from_millis(300))?;
    world.banned(&bot(1).to_string(), SOON)?;

    daemon.stop()?;
    let daemon = world.shield()?;
    remembers(&world).context("after a restart")?;
    daemon.stop()?;
    world.told(&["unload", "--iface", world.iface()])?;
    let daemon = world.shield()?;
    remembers(&world).context("after a reboot")?;
    daemon.stop()
}

fn remembers(world: &World) -> Result<()> {
    ensure!(world.is_banned(&bot(1).to_string())?, "the ban is gone");
    let before = world.counted(Reason::Banned)?;
    let patience = Duration::from_millis(200);
    let mut banned = Phone::new(world, Place::Attacker, (bot(1), 0), server(), "bob")?.patient_for(patience);
    ensure!(banned.ask("OPTIONS", "", "")?.is_none(), "a banned source is answered");
    ensure!(world.counted(Reason::Banned)? > before, "its packet was not dropped as banned");
    ensure!(world.registrants()?.contains(&PHONES.to_string()), "the registrant is gone");
    let before = world.counted(Reason::Registrant)?;
    phone(world, PHONES, "alice")?.ask("OPTIONS", "", "")?.context("a registrant is not answered")?;
    ensure!(world.counted(Reason::Registrant)? > before, "its packet did not pass as a registrant's");
    Ok(())
}
