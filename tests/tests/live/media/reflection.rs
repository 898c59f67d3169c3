//! Answers in the server's name are no weapon: whoever is named by spoofed requests gets little.
use std::net::Ipv4Addr;

use anyhow::{Result, ensure};
use firewall_tests::world::address::{EDGE, SPOOFED, SPOOFED_BITS};
use firewall_tests::world::counter::{Counters, Way};
use firewall_tests::world::flood::{Flood, Plan, Sources};
use firewall_tests::world::frame::Frame;
use firewall_tests::world::media::{Keys, Sdp};
use firewall_tests::world::{Place, World, wait};

use super::srtp_only;
use crate::SOON;

const VICTIM: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);

fn invite(source: Ipv4Addr) -> (Frame, u64) {
    let sdp = Sdp::new((source, 30_000).into(), Keys::None).to_string();
    let text = format!(
        "INVITE sip:a@{EDGE} SIP/2.0\r\nVia: SIP/2.0/UDP {source};branch=z9hG4bK________;rport\r\nMax-Forwards: 70\r\n\
         From: <sip:a@{source}>;tag=________\r\nTo: <sip:a@{EDGE}>\r\nCall-ID: ________\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:a@{source}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    );
    let size = text.len() as u64 + 28;
    (Frame::new(source, &text), size)
}

/// Sends so many; the answers that the named ones got, and their bytes.
fn answered(world: &World, source: Ipv4Addr, sources: Sources, most: u64) -> Result<(u64, u64)> {
    let what = format!("ip saddr {EDGE} ip daddr {SPOOFED}/{SPOOFED_BITS} udp sport 5060");
    let counters = Counters::matching(world.netns(Place::Attacker), Way::In, &[("answers", what)])?;
    let (frame, _) = invite(source);
    let flood = Flood::start(world.netns(Place::Attacker), Plan { frame, sources, rate: 2_000, most })?;
    wait::until("requests to be sent", 3 * SOON, || (!flood.is_on()).then_some(()))?;
    ensure!(flood.stop()? == most, "not all were sent");
    // Answers that are still to come would make the count grow.
    let mut last = counters.packets("answers")?;
    wait::until("answers to end", SOON, || {
        std::thread::sleep(std::time::Duration::from_millis(200));
        let now = counters.packets("answers").ok()?;
        (std::mem::replace(&mut last, now) == now).then_some(())
    })?;
    Ok((counters.packets("answers")?, counters.bytes("answers")?))
}

#[test]
fn one_victim_gets_no_more_than_a_strangers_limit() -> Result<()> {
    let (world, _daemon) = srtp_only("", "[strangers.limits]\ninvite = \"30/min burst 20\"\n")?;
    let (packets, bytes) = answered(&world, VICTIM, Sources::One(VICTIM), 4_000)?;
    // Twenty at once, and one every other second.
    ensure!((1..=25).contains(&packets), "{packets} answers to one victim");
    ensure!(bytes <= packets * invite(VICTIM).1, "{bytes} bytes in {packets} answers");
    Ok(())
}

#[test]
fn many_victims_get_no_more_than_was_sent() -> Result<()> {
    let (world, _daemon) = srtp_only("", "[strangers]\ntotal = \"500/s burst 500\"\n")?;
    let (packets, bytes) = answered(&world, SPOOFED, Sources::Random(SPOOFED, SPOOFED_BITS), 6_000)?;
    // Three seconds of all strangers' limit, and its burst.
    ensure!((1..=2_600).contains(&packets), "{packets} answers");
    ensure!(bytes <= packets * invite(SPOOFED).1, "{bytes} bytes in {packets} answers");
    Ok(())
}
