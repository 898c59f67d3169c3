//! A spray over all media ports finds nothing, while calls go on.
use std::net::Ipv4Addr;

use anyhow::{Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::address::{ATTACKER, PHONES, SPOOFED, SPOOFED_BITS};
use firewall_tests::world::baresip::Encryption;
use firewall_tests::world::counter::{Counters, Way};
use firewall_tests::world::flood::{Flood, Plan, Sources};
use firewall_tests::world::frame::Frame;
use firewall_tests::world::media::{Shape, Stream};
use firewall_tests::world::{Place, World, rtpengine, wait};

use super::{Ears, alice, bob, connect, disconnect, office, phone, same, srtp_only};
use crate::SOON;

const PACKETS: u64 = 60_000;

/// 172 bytes to one port after another, six times round.
fn spray(world: &World, source: Ipv4Addr, sources: Sources) -> Result<()> {
    let mut stream = Stream::new(Shape::Plain, 0xbad);
    let frame = Frame::media(source, rtpengine::MEDIA, stream.next_packet());
    let flood = Flood::start(world.netns(Place::Attacker), Plan { frame, sources, rate: 20_000, most: PACKETS })?;
    wait::until("the spray to end", 3 * SOON, || (!flood.is_on()).then_some(()))?;
    let sent = flood.stop()?;
    ensure!(sent == PACKETS, "only {sent} packets were sent");
    Ok(())
}

/// From the attacker's own address, from anywhere, and in the name of the phone itself, whose other ports are no party.
#[test]
fn a_spray_over_all_ports_finds_no_call() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let _office = office(&world, &same())?;
    let (one, mut calling) = phone(&world, Place::Phones, (PHONES, 5070), alice().with(Encryption::Sdes))?;
    let (_two, mut called) = phone(&world, Place::Phones, (PHONES, 5080), bob().with(Encryption::Sdes))?;
    let ears = Ears::new(&world, Place::Phones, PHONES)?;
    connect(&mut calling, &mut called, "bob")?;
    ears.flow(200)?;
    let (first, last) = rtpengine::MEDIA;
    // The phones' own media come from their ports of media; the spray in their name does not.
    let outside = format!("udp sport 5060 udp dport {first}-{last}");
    let elsewhere = format!("ip saddr != {PHONES} udp dport {first}-{last}");
    let matches = [("named", outside), ("others", elsewhere)];
    let arrived = Counters::matching(world.netns(Place::Edge), Way::In, &matches)?;
    let before = world.stats()?;
    spray(&world, ATTACKER, Sources::One(ATTACKER))?;
    spray(&world, SPOOFED, Sources::Random(SPOOFED, SPOOFED_BITS))?;
    spray(&world, PHONES, Sources::One(PHONES))?;
    for name in ["named", "others"] {
        let arrived = arrived.packets(name)?;
        ensure!(arrived == 0, "{name}: {arrived} packets of the spray reached the server");
    }
    let dropped = |reason: Reason| -> Result<u64> {
        let of = |stats: &firewall_userspace::dataplane::Stats| {
            stats.reasons.iter().find(|one| one.reason == reason).map_or(0, |one| one.enforced.packets)
        };
        Ok(of(&world.stats()?) - of(&before))
    };
    let sum = dropped(Reason::NoPinhole)? + dropped(Reason::MediaSourceMismatch)? + dropped(Reason::NotMedia)?;
    ensure!(sum >= 3 * PACKETS * 99 / 100, "only {sum} packets were judged: {:?}", world.stats()?.reasons);
    ears.flow(100)?;
    disconnect(&mut calling, &mut called)?;
    let ended = wait::until("counts", SOON, || one.ended_calls().pop())?;
    ensure!(ended.received + 10 >= ended.sent, "the call suffered: {ended:?}");
    Ok(())
}
