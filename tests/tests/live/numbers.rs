//! Toll fraud: who has stolen an account calls premium numbers in every disguise, over every transport. None of these calls
//! leaves for the carrier, and every legal one does.
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::address::{EDGE, ITSP, PHONES, SIP, SIPS};
use firewall_tests::world::carrier::{self, Carrier};
use firewall_tests::world::dialler::Dialler;
use firewall_tests::world::fraud::{CAMPAIGN, DENIED, campaign, disguises, is_premium};
use firewall_tests::world::kamailio::{self, Options};
use firewall_tests::world::process::Process;
use firewall_tests::world::shield::Daemon;
use firewall_tests::world::{Driver, Place, World, tunnel, wait};

use crate::{CARRIER, SOON, world};

const NUMBERS: &str = "[numbers]\nreceived = \"open\"\nsent = \"open\"\ncountry = \"49\"\ninternational = [\"00\", \"011\"]\n\
                       national = \"0\"\n[strangers.limits]\ninvite = \"none\"\n[registrants.limits]\ninvite = \"none\"\n";

struct Scene {
    world: World,
    _daemon: Daemon,
    _kamailio: Process,
    carrier: Carrier,
}

fn scene(tables: &str, sent_only: bool) -> Result<Scene> {
    let world = world(Driver::Native)?;
    let received =
        if sent_only { NUMBERS.replace("received = \"open\"", "received = \"off\"") } else { NUMBERS.to_owned() };
    world.configure("", &format!("{CARRIER}{received}{tables}"))?;
    let daemon = world.shield()?;
    for prefix in DENIED {
        world.told(&["number", "deny", prefix, "--comment", "premium"])?;
    }
    let options = Options { pstn: true, tls: true, ..Options::logging() };
    let kamailio = kamailio::start_with(&world, &options)?;
    let carrier = carrier::busy(&world, Place::Itsp, (ITSP, SIP))?;
    Ok(Scene { world, _daemon: daemon, _kamailio: kamailio, carrier })
}

fn server() -> SocketAddr {
    (EDGE, SIP).into()
}

fn by_udp(world: &World) -> Result<Dialler> {
    let mut dialler = Dialler::udp(world, Place::Phones, (PHONES, 0), server())?;
    ensure!(dialler.register()? == Some(200), "the account does not register");
    world.trusted(&PHONES.to_string(), SOON)?;
    Ok(dialler)
}

/// Legal calls that look like these: what the carrier must see.
const LEGAL: [&str; 8] = [
    "sip:0030901820@192.0.2.1",
    "sip:+4930901820@192.0.2.1",
    "sip:00442079460000@192.0.2.1",
    "sip:+39-02-1234@192.0.2.1",
    "sip:0190@192.0.2.1;user=phone",
    "sip:881@192.0.2.1",
    "sip:900123@192.0.2.1",
    "sip:+18005550199@192.0.2.1",
];

#[test]
fn no_disguise_leaves_over_udp_and_every_legal_call_does() -> Result<()> {
    let scene = scene("", false)?;
    let mut dialler = by_udp(&scene.world)?;
    for (country, rest) in [("881", "612345678"), ("49", "90012345")] {
        for uri in disguises(country, rest) {
            let status = dialler.dial(&uri)?;
            ensure!(status == Some(403), "{uri} was answered {status:?}");
        }
    }
    ensure!(scene.carrier.called().is_empty(), "left: {:?}", scene.carrier.called());
    for uri in LEGAL {
        let before = scene.carrier.called().len();
        let status = dialler.dial(uri)?;
        ensure!(status == Some(486), "{uri} was answered {status:?}");
        ensure!(scene.carrier.called().len() > before, "{uri} did not reach the carrier");
    }
    Ok(())
}

#[test]
fn a_campaign_of_five_hundred_premium_numbers_ends_at_the_firewall() -> Result<()> {
    let scene = scene("", false)?;
    let mut dialler = by_udp(&scene.world)?;
    for uri in campaign() {
        let status = dialler.dial(&uri)?;
        ensure!(status == Some(403), "{uri} was answered {status:?}");
    }
    ensure!(scene.carrier.called().is_empty(), "left: {:?}", scene.carrier.called());
    let denied = scene.world.counted(Reason::NumberDenied)?;
    ensure!(denied >= CAMPAIGN as u64, "only {denied} were denied");
    Ok(())
}

/// What comes in over TLS nobody can read. It leaves for the carrier in the clear, and there it ends.
#[test]
fn over_tls_the_call_ends_on_its_way_out() -> Result<()> {
    let scene = scene("", false)?;
    let _phone = by_udp(&scene.world)?;
    let through: SocketAddr = (PHONES, 7_061).into();
    let _tunnel = tunnel::open(&scene.world, Place::Phones, through, (EDGE, SIPS).into())?;
    let mut dialler =
        Dialler::tcp(&scene.world, Place::Phones, through, server())?.patient_for(Duration::from_millis(700));
    for uri in disguises("881", "612345678") {
        // Our server waits for the carrier's answer, which never comes.
        let status = dialler.dial(&uri)?;
        ensure!(status.is_none_or(|status| status >= 400), "{uri} was answered {status:?}");
    }
    wait::until("our own calls to be stopped", SOON, || {
        (scene.world.counted(Reason::OwnNumber).ok()? > 10).then_some(())
    })?;
    let left: Vec<String> = scene.carrier.called().into_iter().filter(|uri| is_premium(uri)).collect();
    ensure!(left.is_empty(), "left: {left:?}");
    let mut dialler = Dialler::tcp(&scene.world, Place::Phones, through, server())?;
    for uri in LEGAL {
        ensure!(dialler.dial(uri)? == Some(486), "{uri} did not reach the carrier");
    }
    Ok(())
}

/// Over TCP the request is stopped in the segment that it begins in, and its connection is the caller's alone.
#[test]
fn over_tcp_the_first_segment_decides() -> Result<()> {
    let scene = scene("", false)?;
    let _phone = by_udp(&scene.world)?;
    for uri in disguises("979", "12345678") {
        let mut dialler =
            Dialler::tcp(&scene.world, Place::Phones, server(), server())?.patient_for(Duration::from_millis(400));
        let status = dialler.dial(&uri)?;
        ensure!(status.is_none(), "{uri} was answered {status:?}");
    }
    ensure!(scene.carrier.called().is_empty(), "left: {:?}", scene.carrier.called());
    let mut dialler = Dialler::tcp(&scene.world, Place::Phones, server(), server())?;
    for uri in LEGAL {
        ensure!(dialler.dial(uri)? == Some(486), "{uri} did not reach the carrier");
    }
    Ok(())
}

/// Only listed numbers can be called; extensions of the house are not asked about.
#[test]
fn what_is_not_listed_is_refused_where_lists_decide() -> Result<()> {
    let scene = scene("", false)?;
    let config =
        std::fs::read_to_string(scene.world.config_file())?.replace("received = \"open\"", "received = \"validated\"");
    std::fs::write(scene.world.config_file(), config)?;
    scene.world.told(&["reload"])?;
    scene.world.told(&["number", "allow", "+4930", "--class", "berlin"])?;
    let mut dialler = by_udp(&scene.world)?;
    for (uri, want) in [
        ("sip:030901820@192.0.2.1", 486),
        ("sip:+4930901820@192.0.2.1", 486),
        ("sip:+4989901820@192.0.2.1", 403),
        ("sip:00442079460000@192.0.2.1", 403),
        ("sip:900123@192.0.2.1", 486),
    ] {
        let status = dialler.dial(uri)?;
        ensure!(status == Some(want), "{uri} was answered {status:?} instead of {want}");
    }
    ensure!(scene.world.counted(Reason::NumberUnlisted)? >= 2, "nothing was unlisted");
    Ok(())
}

/// A destination opens with its code, to whoever knows it, and our own call to the bare number leaves.
#[test]
fn a_code_opens_its_class_and_nothing_else() -> Result<()> {
    let scene = scene("", false)?;
    scene.world.told(&["number", "code", "+44", "--class", "uk"])?;
    scene.world.told(&["number", "code", "+33", "--class", "france"])?;
    let mut add = scene.world.sipfw(&["code", "add", "uk", "--generate"]);
    let made = firewall_tests::world::process::output(add.arg("--json"))?;
    let made: serde_json::Value = serde_json::from_str(&made)?;
    let code = made["code"].as_str().with_context(|| format!("no code in {made}"))?.to_owned();
    let mut dialler = by_udp(&scene.world)?;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for (uri, want) in [
        ("sip:00442079460000@192.0.2.1".to_owned(), 403),
        (format!("sip:*{wrong}*00442079460000@192.0.2.1"), 403),
        (format!("sip:*{code}*0033123456789@192.0.2.1"), 403),
        (format!("sip:*{code}*00442079460000@192.0.2.1"), 486),
    ] {
        let status = dialler.dial(&uri)?;
        ensure!(status == Some(want), "{uri} was answered {status:?} instead of {want}");
    }
    ensure!(scene.carrier.called().len() == 1, "left: {:?}", scene.carrier.called());
    let listed = scene.world.told(&["code", "list", "--json"])?;
    ensure!(!listed.contains(&code), "the code is told: {listed}");
    Ok(())
}

/// The kernel can be told to look at what leaves only.
#[test]
fn a_call_that_came_in_unseen_is_stopped_on_its_way_out() -> Result<()> {
    let scene = scene("", true)?;
    let mut dialler = by_udp(&scene.world)?.patient_for(Duration::from_millis(700));
    for uri in disguises("881", "612345678") {
        let status = dialler.dial(&uri)?;
        ensure!(status.is_none_or(|status| status >= 400 && status != 486), "{uri} was answered {status:?}");
    }
    let left: Vec<String> = scene.carrier.called().into_iter().filter(|uri| is_premium(uri)).collect();
    ensure!(left.is_empty(), "left: {left:?}");
    Ok(())
}

/// Servers take a method in any case, and some by its first letters.
#[test]
fn a_method_in_another_case_calls_nobody() -> Result<()> {
    let scene = scene("", false)?;
    let mut dialler = by_udp(&scene.world)?.patient_for(Duration::from_secs(1));
    for (method, want) in [("invite", Some(403)), ("Invite", Some(403)), ("INV", None)] {
        let status = dialler.ask(method, "sip:00881612345678@192.0.2.1", "")?;
        ensure!(status == want, "{method} was answered {status:?}");
    }
    ensure!(dialler.dial("tels:+881612345678")? == Some(403), "tels: is no disguise");
    ensure!(scene.carrier.called().is_empty(), "left: {:?}", scene.carrier.called());
    Ok(())
}

/// Who is called sends the caller on to a number that may not be called: our server is told so, and so are you.
#[test]
fn a_redirection_to_a_denied_number_raises_an_alarm() -> Result<()> {
    let Scene { world, _daemon, _kamailio, carrier } = scene("", false)?;
    drop(carrier);
    let _carrier = carrier::redirecting(&world, Place::Itsp, (ITSP, SIP), "sip:+881612345678@192.0.2.10")?;
    let mut dialler = by_udp(&world)?;
    // The daemon hears within a second that lists have changed.
    wait::until("an alarm", SOON, || {
        let status = dialler.dial("sip:0030901820@192.0.2.1").ok()?;
        let alarms = world.told(&["alarm", "list", "--json"]).ok()?;
        (status == Some(302) && alarms.contains("fraud_transfer")).then_some(())
    })
}
