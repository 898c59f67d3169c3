//! Phones that nobody here wrote, through Kamailio and rtpengine: what agrees on SRTP talks, and loses nothing.
use std::time::Duration;

use anyhow::{Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::address::{INSIDE, ITSP, PHONES};
use firewall_tests::world::baresip::{self, Account, Baresip, Encryption};
use firewall_tests::world::counter::{Counters, Way};
use firewall_tests::world::kamailio::{Options, Relay};
use firewall_tests::world::sipp::{self, Scenario, Users, all_succeed};
use firewall_tests::world::{Driver, Place, World, wait};

use super::{Ears, SRTP_ONLY, alice, bob, connect, disconnect, office, phone, same, server, srtp_only};
use crate::{CARRIER, SOON, world};

/// No packet of media was dropped, for whatever reason, in calls of so many legs that have ended or still go on.
fn nothing_dropped(world: &World, legs: u64) -> Result<()> {
    let stats = world.stats()?;
    for one in stats.reasons.iter().filter(|one| one.reason.drops()) {
        // A leg's first packets may come before the answer that opens its pinhole has been read, and its last, which says
        // goodbye by RTCP, after the BYE.
        let most = if one.reason == Reason::NoPinhole { 4 * legs } else { 0 };
        ensure!(one.enforced.packets <= most, "{}: {:?}", one.reason.word(), one.enforced);
    }
    Ok(())
}

/// Both sides heard the other, by their own count.
fn both_heard(phones: [&Baresip; 2], calls: usize, least: u64) -> Result<()> {
    for phone in phones {
        let ended = wait::until("counts", SOON, || Some(phone.ended_calls()).filter(|ended| ended.len() == calls))?;
        ensure!(ended.iter().all(|one| one.sent >= least && one.received >= least), "{ended:?}");
    }
    Ok(())
}

fn talk(encryption: Encryption) -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let _office = office(&world, &same())?;
    let (one, mut calling) = phone(&world, Place::Phones, (PHONES, 5070), alice().with(encryption))?;
    let (two, mut called) = phone(&world, Place::Phones, (PHONES, 5080), bob().with(encryption))?;
    let ears = Ears::new(&world, Place::Phones, PHONES)?;
    connect(&mut calling, &mut called, "bob")?;
    ears.flow(300)?;
    let known = world.call_that("alice", SOON, |call| call["state"] == "up")?;
    ensure!(known["legs"].as_array().is_some_and(|legs| legs.len() == 2), "{known}");
    ensure!(world.counted(Reason::Pinhole)? >= 200, "{:?}", world.stats()?.reasons);
    disconnect(&mut calling, &mut called)?;
    connect(&mut called, &mut calling, "alice")?;
    ears.flow(300)?;
    disconnect(&mut called, &mut calling)?;
    both_heard([&one, &two], 2, 50)?;
    nothing_dropped(&world, 4)
}

#[test]
fn phones_with_sdes_talk_in_both_directions() -> Result<()> {
    talk(Encryption::Sdes)
}

#[test]
fn phones_with_dtls_talk_in_both_directions() -> Result<()> {
    talk(Encryption::Dtls)
}

/// RFC 8643: the offer is plain by its profile, and has keys; the answer takes them.
#[test]
fn phones_that_offer_keys_over_avp_talk() -> Result<()> {
    talk(Encryption::MaybeSdes)
}

#[test]
fn dtls_within_and_sdes_at_the_carrier_talk() -> Result<()> {
    let (world, _daemon) = srtp_only("", CARRIER)?;
    let _office = office(&world, &Options { relay: Relay::DtlsPhones, ..same() })?;
    let (one, mut within) = phone(&world, Place::Phones, (PHONES, 5070), alice().with(Encryption::Dtls))?;
    let carrier = Account::of_nobody("900", server()).with(Encryption::Sdes);
    let (two, mut without) = phone(&world, Place::Itsp, (ITSP, 5060), carrier)?;
    let ears = Ears::new(&world, Place::Phones, PHONES)?;
    connect(&mut within, &mut without, "900")?;
    ears.flow(100)?;
    disconnect(&mut within, &mut without)?;
    connect(&mut without, &mut within, "alice")?;
    ears.flow(100)?;
    disconnect(&mut without, &mut within)?;
    both_heard([&one, &two], 2, 50)?;
    nothing_dropped(&world, 4)
}

/// How long a long call is.
fn long() -> u64 {
    if std::env::var_os("SIPFW_TEST_QUICK").is_some() { 5 } else { 30 }
}

/// One call to the carrier and one of the carrier's, half a minute each, then hold and resume; every packet that was sent
/// has come.
#[test]
fn long_calls_are_held_and_resumed() -> Result<()> {
    let (world, _daemon) = srtp_only("silence = \"5s\"", CARRIER)?;
    let _office = office(&world, &same())?;
    let sdes = |account: Account<'static>| account.with(Encryption::Sdes);
    let (_one, mut alice) = phone(&world, Place::Phones, (PHONES, 5070), sdes(alice()))?;
    let (_two, mut bob) = phone(&world, Place::Phones, (PHONES, 5080), sdes(bob()))?;
    let of_carrier = |user| sdes(Account::of_nobody(user, server()));
    let (_three, mut outer) = phone(&world, Place::Itsp, (ITSP, 5060), of_carrier("900"))?;
    let (_four, mut caller) = phone(&world, Place::Itsp, (ITSP, 5070), of_carrier("901"))?;
    let ears = [Ears::new(&world, Place::Phones, PHONES)?, Ears::new(&world, Place::Itsp, ITSP)?];
    connect(&mut alice, &mut outer, "900")?;
    connect(&mut caller, &mut bob, "bob")?;
    let least = 2 * 50 * long();
    let talked = || ears.iter().all(|ears| ears.come().is_ok_and(|come| come >= least)).then_some(());
    wait::until("half a minute of media", Duration::from_secs(2 * long()), talked)?;
    alice.act("hold")?;
    bob.act("hold")?;
    // Longer than a call that is not on hold may be silent.
    std::thread::sleep(Duration::from_secs(7));
    alice.act("resume")?;
    bob.act("resume")?;
    ears.iter().try_for_each(|ears| ears.flow(100))?;
    disconnect(&mut alice, &mut outer)?;
    disconnect(&mut caller, &mut bob)?;
    for ears in &ears {
        let lost = ears.lost()?;
        ensure!(lost <= 8, "{lost} packets were lost: {:?}", world.stats()?.reasons);
    }
    nothing_dropped(&world, 4)
}

#[test]
fn sipp_plays_recorded_srtp_both_ways() -> Result<()> {
    let (world, _daemon) = srtp_only("", CARRIER)?;
    let _office = office(&world, &same())?;
    let _answering = sipp::talk(&world, Place::Phones, (PHONES, 5060), Scenario::SrtpAnswer)?;
    all_succeed(&world, &Users::new(Place::Phones, (PHONES, 5070), server(), Scenario::Register).times(4, 10))?;
    let of = |address| format!("ip saddr {address} udp length 190");
    let matches = [("phone", of(PHONES)), ("carrier", of(ITSP))];
    let counters = Counters::matching(world.netns(Place::Edge), Way::In, &matches)?;
    all_succeed(&world, &Users::new(Place::Itsp, (ITSP, 5080), server(), Scenario::SrtpCall).to("alice"))?;
    for side in ["phone", "carrier"] {
        let come = counters.packets(side)?;
        ensure!(come + 3 >= u64::from(sipp::SPOKEN), "{come} packets of the {side}: {:?}", world.stats()?.reasons);
    }
    Ok(())
}

/// The protected host is a router here, and media end behind it.
#[test]
fn a_host_behind_the_server_talks_to_a_phone() -> Result<()> {
    let world = world(Driver::Native)?.with_inside()?;
    world.configure("", &SRTP_ONLY.replace("20000-29999", baresip::MEDIA))?;
    let _daemon = world.shield()?;
    let of_inside = Account::of_nobody("in", (INSIDE, 5060).into());
    let of_phone = Account::of_nobody("out", (PHONES, 5060).into());
    for encryption in [Encryption::Sdes, Encryption::Dtls] {
        let (one, mut inside) = phone(&world, Place::Inside, (INSIDE, 5060), of_inside.with(encryption))?;
        let (two, mut outside) = phone(&world, Place::Phones, (PHONES, 5060), of_phone.with(encryption))?;
        outside.dial(&format!("sip:in@{INSIDE}"))?;
        inside.established(SOON)?;
        let passed = world.counted(Reason::Pinhole)?;
        wait::until("media", SOON, || (world.counted(Reason::Pinhole).ok()? > passed + 100).then_some(()))?;
        disconnect(&mut outside, &mut inside)?;
        both_heard([&one, &two], 1, 50)?;
    }
    // The very first answers to what our side sends may come before the answer has been read.
    ensure!(world.counted(Reason::Learned)? < 20, "{:?}", world.stats()?.reasons);
    Ok(())
}
