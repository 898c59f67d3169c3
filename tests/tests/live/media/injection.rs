//! Nobody but its parties gets a packet into a call.
use std::net::Ipv4Addr;

use anyhow::{Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::address::{ATTACKER, EDGE, PHONES};
use firewall_tests::world::call::Call;
use firewall_tests::world::media::{Keys, Shape, Stream};
use firewall_tests::world::{Place, World, wait};

use super::{Line, drops, parties, srtp_only};
use crate::SOON;

const NEAR: (Ipv4Addr, u16) = (EDGE, 20_000);
const FAR: (Ipv4Addr, u16) = (PHONES, 30_000);

/// A call that is up, whose line has locked its pinhole.
fn speaking(world: &World, keys: Keys) -> Result<Line> {
    let [caller, callee] = parties(world)?;
    let mut line = Line::new(world, Place::Phones, FAR, NEAR)?;
    let [offer, answer] = line.sdp(keys)?;
    Call::new(&caller, &callee, "victim").agree(&offer, &answer)?;
    line.opens(SOON)?;
    Ok(line)
}

#[test]
fn packets_of_another_source_are_dropped() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let mut line = speaking(&world, Keys::Sdes)?;
    let mut forged = Stream::new(Shape::Srtp80, 0x1001);
    // Who listens somewhere knows everything but the keys: the SSRC, and the ports.
    for (place, from) in [(Place::Attacker, (ATTACKER, FAR.1)), (Place::Phones, (PHONES, 40_000))] {
        let socket = world.udp(place, from)?;
        for _ in 0..10 {
            drops(&world, &socket, line.to, forged.next_packet(), Reason::MediaSourceMismatch)?;
        }
        line.passes()?;
    }
    ensure!(world.counted(Reason::Pinhole)? > 0, "nothing passed as pinhole");
    Ok(())
}

#[test]
fn another_stream_from_the_same_source_is_dropped_if_the_operator_wants_it() -> Result<()> {
    let (world, _daemon) = srtp_only("stream_change = \"drop\"", "")?;
    let mut line = speaking(&world, Keys::Sdes)?;
    (0..5).try_for_each(|_| line.passes())?;
    let mut other = Stream::new(Shape::Srtp80, 0xbad);
    for _ in 0..5 {
        drops(&world, &line.far.try_clone()?, line.to, other.next_packet(), Reason::MediaStream)?;
        line.passes()?;
    }
    Ok(())
}

#[test]
fn a_change_of_the_stream_is_counted_otherwise() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let mut line = speaking(&world, Keys::Sdes)?;
    (0..5).try_for_each(|_| line.passes())?;
    line.stream = Stream::new(Shape::Srtp80, 0x2002);
    (0..5).try_for_each(|_| line.passes())?;
    ensure!(world.monitored(Reason::MediaStream)? == 1, "{:?}", world.stats()?.reasons);
    Ok(())
}

#[test]
fn plain_rtp_in_an_encrypted_call_is_found_out() -> Result<()> {
    let (world, _daemon) = srtp_only("plain_packets = 10", "")?;
    let mut line = speaking(&world, Keys::Sdes)?;
    for shape in [Shape::Srtp80, Shape::Gcm] {
        line.stream = Stream::new(shape, 0x1001);
        (0..60).try_for_each(|_| line.passes())?;
    }
    line.stream = Stream::new(Shape::Plain, 0x1001);
    line.closes(&world, Reason::PlainMedia)?;
    line.is_dropped(&world, Reason::PlainMedia)
}

#[test]
fn what_is_no_media_does_not_pass() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let mut line = speaking(&world, Keys::Sdes)?;
    let socket = line.far.try_clone()?;
    let sip = b"INVITE sip:a SIP/2.0\r\n\r\n".to_vec();
    let zrtp = [&[0x10, 0, 0, 1][..], b"ZRTP", &[0; 20]].concat();
    let channel = [&[0x40, 1, 0, 20][..], &[0; 20]].concat();
    let dtls = [&[22, 254, 253][..], &[0; 40]].concat();
    for packet in [sip, zrtp, channel, dtls, vec![0x80, 8], Vec::new()] {
        drops(&world, &socket, line.to, &packet, Reason::NotMedia)?;
    }
    line.passes()?;
    Ok(())
}

#[test]
fn dtls_passes_where_keys_are_agreed_on_by_it() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let line = speaking(&world, Keys::Dtls)?;
    let hello = [&[22, 254, 253][..], &[0; 40]].concat();
    line.far.send_to(&hello, line.to)?;
    ensure!(line.comes(super::WAY)? == Some(hello), "no DTLS came: {:?}", world.stats()?.reasons);
    Ok(())
}

#[test]
fn a_flood_through_a_pinhole_is_limited() -> Result<()> {
    let (world, _daemon) = srtp_only("rate_multiple = 2", "")?;
    let mut line = speaking(&world, Keys::Sdes)?;
    for _ in 0..1_000 {
        line.send()?;
    }
    let limited = || (world.counted(Reason::MediaRate).ok()? > 500).then_some(());
    wait::until("a flood to be limited", SOON, limited)
}
