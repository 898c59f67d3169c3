//! Calls with media, with nobody between: that phones and relay do what they are asked to.
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use firewall_tests::world::address::{EDGE, HOME, INSIDE, ITSP, PHONES};
use firewall_tests::world::baresip::{self, Account, Baresip, Control, Encryption};
use firewall_tests::world::call::{Call, Party};
use firewall_tests::world::counter::{Counters, Way};
use firewall_tests::world::kamailio::{self, Options, Relay};
use firewall_tests::world::media::{Keys, Line, Sdp, Shape, Talk};
use firewall_tests::world::sipp::{self, Scenario, Users, all_succeed};
use firewall_tests::world::{Place, World, annex, rtpengine, wait};

use crate::{server, world};

const SOON: Duration = Duration::from_secs(15);

fn phone(world: &World, port: u16, account: Account<'_>) -> Result<(Baresip, Control)> {
    let mut phone = baresip::start(world, Place::Phones, (PHONES, port), &[account])?;
    phone.registered(1, SOON)?;
    let control = phone.control()?;
    Ok((phone, control))
}

/// Counts RTP of each leg as it comes to the server, and as it comes to the phones.
fn flows(counters: &Counters<'_>, names: [&str; 2], least: u64) -> Result<()> {
    wait::until(&format!("{least} packets of {names:?}"), SOON, || {
        names.iter().all(|name| counters.packets(name).is_ok_and(|seen| seen >= least)).then_some(())
    })
}

#[test]
fn baresip_calls_baresip_with_every_encryption() -> Result<()> {
    let world = world()?;
    let _relay = rtpengine::start(&world)?;
    let _kamailio = kamailio::start_with(&world, &Options { relay: Relay::Same, ..Options::default() })?;
    let ports = format!("udp sport {} udp dport {}-{}", baresip::MEDIA, rtpengine::MEDIA.0, rtpengine::MEDIA.1);
    for encryption in [Encryption::Plain, Encryption::Sdes, Encryption::MaybeSdes, Encryption::Dtls] {
        let account = |user, password| Account::new(user, password, server()).with(encryption);
        let (alice, mut calling) = phone(&world, 5070, account("alice", "secret-alice-1"))?;
        let (bob, mut called) = phone(&world, 5080, account("bob", "secret-bob-2"))?;
        let counters = Counters::matching(world.netns(Place::Edge), Way::In, &[("media", ports.clone())])?;
        calling.dial(&format!("sip:bob@{EDGE}")).with_context(|| format!("{encryption:?}"))?;
        calling.established(SOON)?;
        called.established(SOON)?;
        // Some of them are lost with DTLS, whose second side is ready a second later.
        flows(&counters, ["media"; 2], 280).with_context(|| format!("{encryption:?}\n{}", alice.said()))?;
        calling.act("hangup")?;
        called.closed(SOON)?;
        for (who, phone) in [("alice", &alice), ("bob", &bob)] {
            let ended = wait::until("counts", SOON, || phone.ended_calls().pop())?;
            ensure!(ended.sent >= 50 && ended.received >= 50, "{encryption:?}: {who} ended with {ended:?}");
        }
    }
    Ok(())
}

#[test]
fn the_relay_speaks_otherwise_to_the_trunk() -> Result<()> {
    let world = world()?;
    let _relay = rtpengine::start(&world)?;
    let cases = [
        (Relay::PlainTrunk, Encryption::Sdes, Encryption::Plain),
        (Relay::DtlsPhones, Encryption::Dtls, Encryption::Sdes),
    ];
    for (relay, near, far) in cases {
        let kamailio = kamailio::start_with(&world, &Options { relay, ..Options::default() })?;
        let (alice, mut calling) = phone(&world, 5070, Account::new("alice", "secret-alice-1", server()).with(near))?;
        let carrier = Account::of_nobody("900", SocketAddr::from((EDGE, 5060))).with(far);
        let mut trunk = baresip::start(&world, Place::Itsp, (ITSP, 5060), &[carrier])?;
        let mut called = trunk.control()?;
        let media = |from| format!("ip saddr {from} udp dport {}-{}", rtpengine::MEDIA.0, rtpengine::MEDIA.1);
        let matches = [("phone", media(PHONES)), ("trunk", media(ITSP))];
        let counters = Counters::matching(world.netns(Place::Edge), Way::In, &matches)?;
        calling.dial(&format!("sip:900@{EDGE}"))?;
        calling.established(SOON)?;
        flows(&counters, ["phone", "trunk"], 60)?;
        calling.act("hangup")?;
        called.closed(SOON)?;
        called.dial(&format!("sip:alice@{EDGE}"))?;
        called.established(SOON)?;
        flows(&counters, ["phone", "trunk"], 160)?;
        called.act("hangup")?;
        calling.closed(SOON)?;
        for phone in [&alice, &trunk] {
            let ended = wait::until("counts", SOON, || Some(phone.ended_calls()).filter(|ended| ended.len() == 2))?;
            ensure!(ended.iter().all(|one| one.sent > 40 && one.received > 40), "{relay:?}: {ended:?}");
        }
        kamailio.stop()?;
    }
    Ok(())
}

/// A recording of SRTP one way and the other, through the relay, and plain RTP likewise.
#[test]
fn sipp_plays_recordings_and_streams() -> Result<()> {
    let world = world()?;
    let _relay = rtpengine::start(&world)?;
    let _kamailio = kamailio::start_with(&world, &Options { relay: Relay::Same, ..Options::default() })?;
    let register = Users::new(Place::Phones, (PHONES, 5070), server(), Scenario::Register).times(4, 10);
    for (call, answer, length) in
        [(Scenario::SrtpCall, Scenario::SrtpAnswer, 182), (Scenario::PlainCall, Scenario::PlainAnswer, 172)]
    {
        let _answering = sipp::talk(&world, Place::Phones, (PHONES, 5060), answer)?;
        all_succeed(&world, &register)?;
        let of = |address| format!("ip saddr {address} udp length {}", length + 8);
        let matches = [("phone", of(PHONES)), ("carrier", of(ITSP))];
        let counters = Counters::matching(world.netns(Place::Edge), Way::In, &matches)?;
        let calls = Users::new(Place::Itsp, (ITSP, 5080), server(), call).to("alice");
        all_succeed(&world, &calls)?;
        for side in ["phone", "carrier"] {
            let seen = counters.packets(side)?;
            ensure!(seen == u64::from(sipp::SPOKEN), "{call:?}: {seen} packets of the {side}");
        }
    }
    Ok(())
}

/// A phone at home is heard and hears, although nobody can reach the address that it names.
#[test]
fn a_phone_behind_nat_talks_through_the_relay() -> Result<()> {
    let world = world()?.with_home()?;
    let _relay = rtpengine::start(&world)?;
    let _kamailio = kamailio::start_with(&world, &Options { relay: Relay::Same, ..Options::default() })?;
    let account = |user, password| Account::new(user, password, server()).with(Encryption::Sdes);
    let mut home = baresip::start(&world, Place::Home, (HOME, 5070), &[account("alice", "secret-alice-1")])?;
    home.registered(1, SOON)?;
    let mut at_home = home.control()?;
    let (office, mut at_work) = phone(&world, 5080, account("bob", "secret-bob-2"))?;
    let translated = format!("ip saddr {PHONES} udp sport {}-{}", annex::NAT.0, annex::NAT.1);
    let media = format!("{translated} udp dport {}-{}", rtpengine::MEDIA.0, rtpengine::MEDIA.1);
    let counters = Counters::matching(world.netns(Place::Edge), Way::In, &[("home", media)])?;
    for outwards in [true, false] {
        let before = counters.packets("home")?;
        let (caller, callee, user) =
            if outwards { (&mut at_home, &mut at_work, "bob") } else { (&mut at_work, &mut at_home, "alice") };
        caller.dial(&format!("sip:{user}@{EDGE}"))?;
        caller.established(SOON)?;
        flows(&counters, ["home"; 2], before + 150)?;
        caller.act("hangup")?;
        callee.closed(SOON)?;
    }
    for (who, phone) in [("home", &home), ("work", &office)] {
        let ended = wait::until("counts", SOON, || Some(phone.ended_calls()).filter(|ended| ended.len() == 2))?;
        ensure!(ended.iter().all(|one| one.received >= 120), "at {who}: {ended:?}");
    }
    Ok(())
}

/// A host behind the server, which then is a router, talks to a phone without any relay.
#[test]
fn a_host_behind_the_server_is_called_directly() -> Result<()> {
    let world = world()?.with_inside()?;
    let account = |user, host: std::net::Ipv4Addr| Account::of_nobody(user, (host, 5070).into()).with(Encryption::Dtls);
    let mut outside = baresip::start(&world, Place::Phones, (PHONES, 5070), &[account("out", PHONES)])?;
    let mut inside = baresip::start(&world, Place::Inside, (INSIDE, 5070), &[account("in", INSIDE)])?;
    let (mut calling, mut called) = (outside.control()?, inside.control()?);
    let media = format!("ip saddr {PHONES} ip daddr {INSIDE} udp dport {}", baresip::MEDIA);
    let counters = Counters::matching(world.netns(Place::Edge), Way::In, &[("media", media)])?;
    calling.dial(&format!("sip:in@{INSIDE}:5070"))?;
    called.established(SOON)?;
    flows(&counters, ["media"; 2], 100)?;
    called.act("hangup")?;
    calling.closed(SOON)?;
    let ended = wait::until("counts", SOON, || inside.ended_calls().pop())?;
    ensure!(ended.received >= 90, "inside: {ended:?}");
    Ok(())
}

#[test]
fn lines_of_our_own_lose_nothing() -> Result<()> {
    let world = world()?;
    let server = Party::new(&world, Place::Edge, (EDGE, 5060))?;
    let phones = Party::new(&world, Place::Phones, (PHONES, 5060))?;
    let talk = Talk::start();
    for number in 0..20 {
        let (near, far) = (SocketAddr::from((EDGE, 20_000 + 2 * number)), (PHONES, 30_000 + 2 * number).into());
        let (offer, answer) = (Sdp::new(far, Keys::Sdes), Sdp::new(near, Keys::Sdes));
        let name = number.to_string();
        Call::new(&phones, &server, &name).agree(&offer.to_string(), &answer.to_string())?;
        let (near, far) = (world.udp(Place::Edge, near)?, world.udp(Place::Phones, far)?);
        talk.add(Line { near, far, number: number.into() }, Shape::Srtp80)?;
    }
    std::thread::sleep(Duration::from_secs(1));
    let [out, home] = talk.finish()?;
    ensure!(out.sent > 800 && home.sent > 800, "{out:?} {home:?}");
    ensure!((out.sent, home.sent) == (home.heard, out.heard) && out.strange + home.strange == 0, "{out:?} {home:?}");
    Ok(())
}
