//! Five hundred calls at once, set up fifty a second, with media both ways, every packet counted at both ends.
use anyhow::{Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::address::PHONES;
use firewall_tests::world::media::live::{Agents, Live, ends};
use firewall_tests::world::{Place, World, wait};

use super::{OFFICE, srtp_only};
use crate::SOON;

/// Calls set up, and ended, in a second.
const RATE: u32 = 50;

/// Fewer, where time is short.
fn calls() -> u16 {
    if std::env::var_os("SIPFW_TEST_QUICK").is_some() { 100 } else { 500 }
}

#[test]
fn hundreds_of_calls_lose_no_packet() -> Result<()> {
    let (world, _daemon) = srtp_only("", OFFICE)?;
    let agents = Agents::new(&world)?;
    let live = Live::start(&world, &agents, calls(), RATE)?;
    // All of them talk for some seconds more.
    let (passed, more) = (world.counted(Reason::Pinhole)?, u64::from(calls()) * 50 * 4);
    let talked = || (world.counted(Reason::Pinhole).ok()? > passed + more).then_some(());
    wait::until("media of all calls", 6 * SOON, talked)?;
    let [out, home] = live.end(RATE)?;
    // A packet that came before its pinhole was open is counted, and none of the talk's.
    let stats = world.stats()?;
    let dropped = stats.reasons.iter().filter(|one| one.reason.drops() && one.reason != Reason::NoPinhole);
    ensure!(dropped.map(|one| one.enforced.packets).sum::<u64>() == 0, "{:?}", stats.reasons);
    ensure!(out.sent == home.heard, "of the phones' {} packets {} came", out.sent, home.heard);
    ensure!(home.sent == out.heard, "of the server's {} packets {} came", home.sent, out.heard);
    ensure!(out.strange + home.strange == 0 && out.sent > more, "{out:?} {home:?}");
    wait::until("all pinholes to close", SOON, || closed(&world).ok()?.then_some(()))
}

/// No port takes anything any more.
fn closed(world: &World) -> Result<bool> {
    let before = world.counted(Reason::NoPinhole)?;
    let socket = world.udp(Place::Phones, (PHONES, 0))?;
    for number in 0..calls() {
        let [near, _] = ends(number);
        socket.send_to(&[0x80; 182], near)?;
    }
    Ok(world.counted(Reason::NoPinhole)? >= before + u64::from(calls()))
}
