//! A spray of RTP over ten thousand ports while five hundred calls go on.
//!
//! Owns: the attacker's packets and the counts on both sides. Refuses: blaming the firewall for what an interface lost
//! before it could be judged.
use std::time::Duration;

use anyhow::{Result, ensure};
use firewall_common::reason::Reason;

use super::super::figure::{Figure, Goal};
use crate::world::address::{SPOOFED, SPOOFED_BITS};
use crate::world::counter::{Counters, Way};
use crate::world::flood::{Flood, Plan, Sources};
use crate::world::frame::Frame;
use crate::world::media::live::Live;
use crate::world::media::{Shape, Stream};
use crate::world::{Place, World, wait};

/// Packets a second: the whole is over in half a minute.
const PACE: u32 = 40_000;
const PORTS: (u16, u16) = (20_000, 29_999);
const LONGEST: Duration = Duration::from_secs(59);

/// Sprays, and ends the calls.
pub(super) fn measure(world: &World, live: Live<'_>, packets: u64) -> Result<Vec<Figure>> {
    let (first, last) = PORTS;
    let matches = [("spray", format!("ip saddr {SPOOFED}/{SPOOFED_BITS} udp dport {first}-{last}"))];
    let arrived = Counters::matching(world.netns(Place::Edge), Way::In, &matches)?;
    let before = judged(world)?;
    let spoken = live.sent();
    let frame = Frame::media(SPOOFED, PORTS, Stream::new(Shape::Plain, 0xbad).next_packet());
    let plan = Plan { frame, sources: Sources::Random(SPOOFED, SPOOFED_BITS), rate: PACE, most: packets };
    let flood = Flood::start(world.netns(Place::Attacker), plan)?;
    wait::until("the spray to end", LONGEST, || (!flood.is_on()).then_some(()))?;
    let sprayed = flood.stop()?;
    ensure!(sprayed == packets, "only {sprayed} packets were sent");
    let [out, home] = live.silence()?;
    let (injected, judged) = (arrived.packets("spray")? + out.strange + home.strange, judged(world)? - before);
    // What the interface itself lost is no loss of the firewall's.
    let unjudged = (sprayed + out.sent - spoken).saturating_sub(judged);
    let lost = (out.sent - home.heard).saturating_sub(unjudged);
    let drops = [Reason::NoPinhole, Reason::MediaSourceMismatch, Reason::NotMedia];
    let dropped = drops.into_iter().map(|reason| world.counted(reason)).sum::<Result<u64>>()?;
    Ok(vec![
        Figure::new("spray_injected", injected as f64, "", Goal::AtMost(0.0), "packets of a spray that got into calls"),
        Figure::new(
            "spray_legal_lost",
            lost as f64,
            "",
            Goal::AtMost(0.0),
            "packets of 500 calls that we lost meanwhile",
        ),
        Figure::info("spray_dropped", dropped as f64, "", "packets of the spray that were dropped"),
        Figure::info("spray_legal", out.sent as f64, "", "packets that the phones sent to the server"),
        Figure::info("spray_not_judged", unjudged as f64, "", "packets that the interface lost before XDP"),
        Figure::info(
            "spray_homewards_lost",
            (home.sent - out.heard) as f64,
            "",
            "packets to the phones that did not come",
        ),
    ])
}

/// All packets that have come to the interface, whatever became of them.
fn judged(world: &World) -> Result<u64> {
    let stats = world.stats()?;
    Ok(stats.reasons.iter().map(|one| one.enforced.packets + one.monitored.packets).sum())
}
