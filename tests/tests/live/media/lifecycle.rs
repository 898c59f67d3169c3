//! When a pinhole opens, moves and closes.
use anyhow::{Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::Place;
use firewall_tests::world::address::{EDGE, PHONES, member};
use firewall_tests::world::call::Call;
use firewall_tests::world::media::{Keys, Sdp};

use super::{Line, parties, srtp_only};
use crate::SOON;

const NEAR: (std::net::Ipv4Addr, u16) = (EDGE, 20_000);
const FAR: (std::net::Ipv4Addr, u16) = (PHONES, 30_000);

#[test]
fn media_pass_from_the_answer_to_the_end_of_a_call() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let [caller, callee] = parties(&world)?;
    let mut line = Line::new(&world, Place::Phones, FAR, NEAR)?;
    for (name, keys) in [("sdes", Keys::Sdes), ("dtls", Keys::Dtls)] {
        let [offer, answer] = line.sdp(keys)?;
        let mut call = Call::new(&caller, &callee, name);
        call.say("INVITE", &offer)?;
        line.is_dropped(&world, Reason::NoPinhole)?;
        call.respond("200 OK", "INVITE", &answer)?;
        line.opens(SOON)?;
        call.say("ACK", "")?;
        (0..20).try_for_each(|_| line.passes())?;
        call.end()?;
        line.closes(&world, Reason::NoPinhole)?;
    }
    Ok(())
}

#[test]
fn rtcp_passes_on_its_own_port_and_on_the_shared_one() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let [caller, callee] = parties(&world)?;
    // A receiver report (RFC 3550 §6.4.2) with the index and the tag that SRTCP adds.
    let report = [&[0x80, 201, 0, 1, 0, 0, 16, 1][..], &[0x80, 0, 0, 1], &[0x5a; 10]].concat();
    for (name, muxed) in [("apart", false), ("together", true)] {
        let (near, far) = if muxed { (20_100, 30_100) } else { (20_200, 30_200) };
        let mut line = Line::new(&world, Place::Phones, (PHONES, far), (EDGE, near))?;
        let rtcp = Line::new(&world, Place::Phones, (PHONES, far + 1), (EDGE, near + 1))?;
        let sdp = |port: (std::net::Ipv4Addr, u16)| {
            let sdp = Sdp::new(port.into(), Keys::Sdes);
            if muxed { sdp.muxed().to_string() } else { sdp.to_string() }
        };
        Call::new(&caller, &callee, name).agree(&sdp((PHONES, far)), &sdp((EDGE, near)))?;
        line.opens(SOON)?;
        let at = if muxed { &line } else { &rtcp };
        at.far.send_to(&report, at.to)?;
        ensure!(at.comes(super::WAY)? == Some(report.clone()), "{name}: no report came");
        if muxed {
            super::drops(&world, &rtcp.far, rtcp.to, &report, Reason::NoPinhole)?;
        }
    }
    Ok(())
}

#[test]
fn early_media_pass_before_the_answer() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let [caller, callee] = parties(&world)?;
    let mut line = Line::new(&world, Place::Phones, FAR, NEAR)?;
    let [offer, answer] = line.sdp(Keys::Sdes)?;
    let mut call = Call::new(&caller, &callee, "early");
    call.say("INVITE", &offer)?;
    call.respond("183 Session Progress", "INVITE", &answer)?;
    line.opens(SOON)?;
    call.respond("200 OK", "INVITE", &answer)?;
    call.say("ACK", "")?;
    (0..20).try_for_each(|_| line.passes())
}

#[test]
fn a_call_that_comes_to_nothing_leaves_no_pinhole() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let [caller, callee] = parties(&world)?;
    let mut line = Line::new(&world, Place::Phones, FAR, NEAR)?;
    let [offer, answer] = line.sdp(Keys::Sdes)?;
    for cancelled in [true, false] {
        let mut call = Call::new(&caller, &callee, if cancelled { "cancelled" } else { "busy" });
        call.say("INVITE", &offer)?;
        call.respond("183 Session Progress", "INVITE", &answer)?;
        line.opens(SOON)?;
        if cancelled {
            call.say("CANCEL", "")?;
            call.respond("487 Request Terminated", "INVITE", "")?;
        } else {
            call.respond("486 Busy Here", "INVITE", "")?;
        }
        line.closes(&world, Reason::NoPinhole)?;
    }
    Ok(())
}

#[test]
fn a_reinvite_moves_the_pinhole() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let [caller, callee] = parties(&world)?;
    let mut old = Line::new(&world, Place::Phones, FAR, NEAR)?;
    let mut new = Line::new(&world, Place::Phones, (PHONES, 30_500), (EDGE, 20_500))?;
    let mut call = Call::new(&caller, &callee, "moving");
    let [offer, answer] = old.sdp(Keys::Sdes)?;
    call.agree(&offer, &answer)?;
    old.opens(SOON)?;
    let [offer, answer] = new.sdp(Keys::Sdes)?;
    call.agree(&offer, &answer)?;
    new.opens(SOON)?;
    old.closes(&world, Reason::NoPinhole)?;
    new.passes()
}

/// On hold one side is silent; then both speak again, through the same pinhole.
#[test]
fn a_call_on_hold_stays_open() -> Result<()> {
    let (world, _daemon) = srtp_only("silence = \"5s\"", "")?;
    let [caller, callee] = parties(&world)?;
    let mut line = Line::new(&world, Place::Phones, FAR, NEAR)?;
    let mut call = Call::new(&caller, &callee, "held");
    let (offer, answer) = (Sdp::new(FAR.into(), Keys::Sdes), Sdp::new(NEAR.into(), Keys::Sdes));
    call.agree(&offer.to_string(), &answer.to_string())?;
    line.opens(SOON)?;
    let (offer, answer) = (offer.next("sendonly"), answer.next("recvonly"));
    call.agree(&offer.to_string(), &answer.to_string())?;
    line.passes()?;
    let (offer, answer) = (offer.next("inactive"), answer.next("inactive"));
    call.agree(&offer.to_string(), &answer.to_string())?;
    // Longer than a call that is not on hold may be silent.
    std::thread::sleep(std::time::Duration::from_secs(7));
    call.agree(&offer.next("sendrecv").to_string(), &answer.next("sendrecv").to_string())?;
    line.opens(SOON)?;
    (0..20).try_for_each(|_| line.passes())
}

#[test]
fn a_call_that_falls_silent_closes() -> Result<()> {
    let (world, _daemon) = srtp_only("silence = \"5s\"", "")?;
    let [caller, callee] = parties(&world)?;
    let mut line = Line::new(&world, Place::Phones, FAR, NEAR)?;
    let [offer, answer] = line.sdp(Keys::Sdes)?;
    Call::new(&caller, &callee, "silent").agree(&offer, &answer)?;
    line.opens(SOON)?;
    std::thread::sleep(std::time::Duration::from_secs(6));
    line.is_dropped(&world, Reason::NoPinhole)
}

/// Two phones behind the server ring at once; both have early media, and one of them takes the call.
#[test]
fn every_branch_of_a_forked_call_has_its_pinhole() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let [caller, callee] = parties(&world)?;
    let mut line = Line::new(&world, Place::Phones, FAR, NEAR)?;
    let mut other = Line::new(&world, Place::Phones, (PHONES, 30_002), (EDGE, 20_600))?;
    // Both branches answer the one offer: they take media from the same port.
    other.far = line.far.try_clone()?;
    let [offer, answer] = line.sdp(Keys::Sdes)?;
    let mut call = Call::new(&caller, &callee, "forked");
    call.say("INVITE", &offer)?;
    call.respond("183 Session Progress", "INVITE", &answer)?;
    let second = call.response("183 Session Progress", "INVITE", &Sdp::new(other.to, Keys::Sdes).to_string());
    callee.send(caller.local(), &second.replace("tag=callee", "tag=second"))?;
    caller.await_of(&call.id(), "SIP/2.0 183")?;
    line.opens(SOON)?;
    other.opens(SOON)?;
    call.respond("200 OK", "INVITE", &answer)?;
    call.say("ACK", "")?;
    (0..10).try_for_each(|_| line.passes())
}

/// Media of a phone whose description names another address come from where its signalling comes from, or not at all.
#[test]
fn media_may_come_from_the_signallings_address() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let [caller, callee] = parties(&world)?;
    let mut line = Line::new(&world, Place::Phones, (PHONES, 41_234), NEAR)?;
    let mut stranger = Line::new(&world, Place::Phones, (member(7), 41_234), (EDGE, 20_002))?;
    stranger.to = line.to;
    let private = Sdp::new(([192, 168, 1, 7], 4_000).into(), Keys::Sdes).to_string();
    let [_, answer] = line.sdp(Keys::Sdes)?;
    Call::new(&caller, &callee, "translated").agree(&private, &answer)?;
    line.opens(SOON)?;
    stranger.is_dropped(&world, Reason::MediaSourceMismatch)?;
    (0..10).try_for_each(|_| line.passes())
}
