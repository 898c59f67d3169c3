//! A peer can have a policy of its own, and a policy can be tried before it holds.
use anyhow::{Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::address::{EDGE, ITSP, PHONES, SIP};
use firewall_tests::world::baresip::{Account, Encryption};
use firewall_tests::world::call::{Call, Party};
use firewall_tests::world::kamailio::{Options, Relay};
use firewall_tests::world::media::{Keys, Sdp, Shape, Stream};
use firewall_tests::world::{Driver, Place, World, wait};
use serde_json::Value;

use super::{Ears, Line, alice, connect, disconnect, office, parties, phone, same, server, srtp_only};
use crate::{CARRIER, SOON, world};

const PLAIN_CARRIER: &str = "[[peer]]\nname = \"carrier\"\nprefixes = [\"192.0.2.10\"]\nmedia = \"off\"\n";

/// The relay translates: SRTP within, plain RTP at the carrier, whom the operator excepted.
#[test]
fn a_peer_may_be_allowed_to_be_plain() -> Result<()> {
    let (world, _daemon) = srtp_only("", PLAIN_CARRIER)?;
    let _office = office(&world, &Options { relay: Relay::PlainTrunk, ..same() })?;
    let (one, mut within) = phone(&world, Place::Phones, (PHONES, 5070), alice().with(Encryption::Sdes))?;
    let (two, mut without) = phone(&world, Place::Itsp, (ITSP, 5060), Account::of_nobody("900", server()))?;
    let ears = Ears::new(&world, Place::Itsp, ITSP)?;
    connect(&mut within, &mut without, "900")?;
    ears.flow(100)?;
    disconnect(&mut within, &mut without)?;
    connect(&mut without, &mut within, "alice")?;
    ears.flow(100)?;
    disconnect(&mut without, &mut within)?;
    for phone in [&one, &two] {
        let ended = wait::until("counts", SOON, || Some(phone.ended_calls()).filter(|ended| ended.len() == 2))?;
        ensure!(ended.iter().all(|one| one.sent >= 50 && one.received >= 50), "{ended:?}");
    }
    ensure!(world.counted(Reason::PlainRtp)? == 0, "{:?}", world.stats()?.reasons);
    Ok(())
}

/// Our side's own plain offer to a peer that must have SRTP does not leave.
#[test]
fn our_own_plain_offer_is_stopped() -> Result<()> {
    let (world, _daemon) = srtp_only("", CARRIER)?;
    let ours = Party::new(&world, Place::Edge, (EDGE, SIP))?;
    let carrier = Party::new(&world, Place::Itsp, (ITSP, SIP))?;
    let mut call = Call::new(&ours, &carrier, "outward");
    let invite = call.request("INVITE", &Sdp::new((EDGE, 20_000).into(), Keys::None).to_string());
    ours.send(carrier.local(), &invite)?;
    wait::until("the offer to be counted", SOON, || (world.counted(Reason::OwnPlainRtp).ok()? == 1).then_some(()))?;
    ensure!(carrier.receive(std::time::Duration::from_millis(50))?.is_none(), "the carrier saw it");
    let refusal = world.refusal_of("outward", SOON)?;
    ensure!(refusal == ["own_offer", "plain"], "{refusal:?}");
    // To whom nothing is demanded of, and with keys, it may go.
    let mut encrypted = Call::new(&ours, &carrier, "encrypted");
    encrypted.say("INVITE", &Sdp::new((EDGE, 20_002).into(), Keys::Sdes).to_string())
}

/// SRTP was offered, and the answer is without: the call is up, and silent.
#[test]
fn an_answer_that_downgrades_gets_no_media() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let [caller, callee] = parties(&world)?;
    let mut line = Line::new(&world, Place::Phones, (PHONES, 30_000), (EDGE, 20_000))?;
    let ([offer, _], [_, answer]) = (line.sdp(Keys::Sdes)?, line.sdp(Keys::None)?);
    let offer = offer.replace("RTP/SAVP", "RTP/AVP");
    Call::new(&caller, &callee, "downgraded").agree(&offer, &answer)?;
    let refusal = world.refusal_of("downgraded", SOON)?;
    ensure!(refusal == ["no_media", "downgrade"], "{refusal:?}");
    line.is_dropped(&world, Reason::RefusedMedia)?;
    // Also if our side talks first.
    line.near.send_to(Stream::new(Shape::Plain, 9).next_packet(), line.far.local_addr()?)?;
    line.is_dropped(&world, Reason::RefusedMedia)
}

/// A plain call passes, media and all; what is told of it says what "srtp-only" would have done.
fn passes_and_is_told(world: &World) -> Result<()> {
    let [caller, callee] = parties(world)?;
    let mut line = Line::new(world, Place::Phones, (PHONES, 30_000), (EDGE, 20_000))?;
    line.stream = Stream::new(Shape::Plain, 0x1001);
    let [offer, answer] = line.sdp(Keys::None)?;
    let mut call = Call::new(&caller, &callee, "watched");
    call.agree(&offer, &answer)?;
    (0..50).try_for_each(|_| line.passes())?;
    let call = world.call_that("watched", SOON, |call| call["legs"][0]["refusal"].is_object())?;
    ensure!(call["legs"][0]["refusal"]["enforced"] == false, "{call}");
    let drops = world.stats()?.reasons.into_iter().filter(|one| one.reason.drops() && one.enforced.packets > 0);
    ensure!(drops.count() == 0, "{:?}", world.stats()?.reasons);
    let report: Value = serde_json::from_str(&world.told(&["media", "report", "--json"])?)?;
    ensure!(report.to_string().contains("\"would_be_refused\":1"), "{report}");
    Ok(())
}

#[test]
fn prefer_lets_all_pass_and_reports_what_would_be_refused() -> Result<()> {
    let world = world(Driver::Native)?;
    world.configure("", "[media]\nports = [\"20000-29999\"]\npolicy = \"prefer\"\n")?;
    let _daemon = world.shield()?;
    passes_and_is_told(&world)
}

#[test]
fn a_monitor_lets_all_pass_and_reports_what_would_be_refused() -> Result<()> {
    let world = world(Driver::Native)?;
    world.configure("monitor = true", "[media]\nports = [\"20000-29999\"]\npolicy = \"srtp-only\"\n")?;
    let _daemon = world.shield()?;
    passes_and_is_told(&world)?;
    ensure!(world.monitored(Reason::PlainRtp)? == 1, "{:?}", world.stats()?.reasons);
    // What no call opened is counted, and passes.
    let before = world.monitored(Reason::NoPinhole)?;
    let mut line = Line::new(&world, Place::Phones, (PHONES, 33_000), (EDGE, 23_000))?;
    line.passes()?;
    ensure!(world.monitored(Reason::NoPinhole)? == before + 1, "{:?}", world.stats()?.reasons);
    Ok(())
}
