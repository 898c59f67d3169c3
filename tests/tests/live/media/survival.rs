//! Calls outlive the daemon: no packet is lost while it dies, starts anew, reloads; and what new calls get meanwhile.
use std::time::Duration;

use anyhow::{Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::address::{EDGE, PHONES};
use firewall_tests::world::baresip::Encryption;
use firewall_tests::world::call::Call;
use firewall_tests::world::media::live::{Agents, Live};
use firewall_tests::world::media::{Keys, Shape, Stream};
use firewall_tests::world::{Place, World, wait};

use super::{Ears, Line, OFFICE, SRTP_ONLY, alice, bob, connect, disconnect, office, parties, phone, same, srtp_only};
use crate::SOON;

const CALLS: u16 = 20;

/// Waits until each side has passed thousands of packets more: so each step is under load.
fn growing(world: &World) -> Result<()> {
    let before = world.counted(Reason::Pinhole)?;
    wait::until("media to pass", SOON, || (world.counted(Reason::Pinhole).ok()? > before + 1_000).then_some(()))
}

#[test]
fn no_packet_of_a_call_is_lost_while_daemons_die_start_and_reload() -> Result<()> {
    let (world, daemon) = srtp_only("", OFFICE)?;
    let agents = Agents::new(&world)?;
    let live = Live::start(&world, &agents, CALLS, 50)?;
    growing(&world)?;
    daemon.kill()?;
    growing(&world)?;
    let daemon = world.shield()?;
    growing(&world)?;
    for more in ["rate_multiple = 5", "stream_change = \"drop\"", ""] {
        world.configure("", &format!("{SRTP_ONLY}{more}\n{OFFICE}"))?;
        world.told(&["reload"])?;
        growing(&world)?;
    }
    daemon.stop()?;
    growing(&world)?;
    let _daemon = world.shield()?;
    growing(&world)?;
    let [out, home] = live.end(50)?;
    ensure!(out.sent == home.heard && home.sent == out.heard, "{out:?} {home:?} {:?}", world.stats()?.reasons);
    ensure!(out.strange == 0 && home.strange == 0 && out.sent > 5_000, "{out:?} {home:?}");
    Ok(())
}

#[test]
fn a_call_that_ends_after_a_restart_closes() -> Result<()> {
    let (world, daemon) = srtp_only("", "")?;
    let [caller, callee] = parties(&world)?;
    let mut line = Line::new(&world, Place::Phones, (PHONES, 30_000), (EDGE, 20_000))?;
    let [offer, answer] = line.sdp(Keys::Sdes)?;
    let mut call = Call::new(&caller, &callee, "inherited");
    call.agree(&offer, &answer)?;
    line.opens(SOON)?;
    daemon.kill()?;
    line.passes()?;
    let _daemon = world.shield()?;
    line.passes()?;
    call.end()?;
    line.closes(&world, Reason::NoPinhole)
}

#[test]
fn a_phones_call_outlives_the_daemon() -> Result<()> {
    let (world, daemon) = srtp_only("", "")?;
    let _office = office(&world, &same())?;
    let (_one, mut calling) = phone(&world, Place::Phones, (PHONES, 5070), alice().with(Encryption::Sdes))?;
    let (_two, mut called) = phone(&world, Place::Phones, (PHONES, 5080), bob().with(Encryption::Sdes))?;
    let ears = Ears::new(&world, Place::Phones, PHONES)?;
    connect(&mut calling, &mut called, "bob")?;
    ears.flow(100)?;
    let before = ears.lost()?;
    daemon.kill()?;
    ears.flow(200)?;
    let _daemon = world.shield()?;
    ears.flow(200)?;
    disconnect(&mut calling, &mut called)?;
    let lost = ears.lost()?;
    ensure!(lost <= before, "{lost} packets were lost, {before} of them before");
    Ok(())
}

/// Whether a call that is made while nobody follows calls has media, if our side sends first.
fn new_call(on_loss: &str) -> Result<bool> {
    let (world, daemon) = srtp_only(&format!("on_daemon_loss = \"{on_loss}\""), "")?;
    let [caller, callee] = parties(&world)?;
    daemon.kill()?;
    // For some seconds the kernel programs wait for it to come back.
    let mut port = 20_000;
    let learns = |port: u16| -> Result<bool> {
        let mut line = Line::new(&world, Place::Phones, (PHONES, port + 10_000), (EDGE, port))?;
        let [offer, answer] = line.sdp(Keys::Sdes)?;
        Call::new(&caller, &callee, &format!("orphan{port}")).agree(&offer, &answer)?;
        line.near.send_to(Stream::new(Shape::Srtp80, 9).next_packet(), line.far.local_addr()?)?;
        line.send()?;
        Ok(line.comes(Duration::from_millis(100))?.is_some())
    };
    if on_loss == "learned" {
        return learns(port);
    }
    wait::until("media to be closed", Duration::from_secs(30), || {
        port += 2;
        learns(port).is_ok_and(|learned| !learned).then_some(())
    })?;
    learns(port + 2)
}

#[test]
fn without_the_daemon_new_calls_get_media_as_the_operator_wants() -> Result<()> {
    ensure!(new_call("learned")?, "our side sent first, and the answer did not pass");
    ensure!(!new_call("closed")?, "media passed although nobody follows calls");
    Ok(())
}
