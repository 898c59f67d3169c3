//! Phones behind network address translation: neither address nor port are what their descriptions say.
use anyhow::{Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::address::{ATTACKER, EDGE, HOME, PHONES, member};
use firewall_tests::world::baresip::{Account, Encryption};
use firewall_tests::world::call::Call;
use firewall_tests::world::kamailio::Options;
use firewall_tests::world::media::{Keys, Sdp, Shape, Stream};
use firewall_tests::world::{Driver, Place, World, wait};

use super::{
    Ears, Line, WAY, alice, bob, connect, disconnect, drops, office, parties, phone, protected, same, srtp_only,
};
use crate::{SOON, world};

fn at_home(ice: bool, encryption: Encryption) -> Result<()> {
    let world = world(Driver::Native)?.with_home()?;
    let _daemon = protected(&world, "", "")?;
    let _office = office(&world, &Options { ice, ..same() })?;
    let account =
        |account: Account<'static>| if ice { account.with(encryption).with_ice() } else { account.with(encryption) };
    let (home, mut at_home) = phone(&world, Place::Home, (HOME, 5070), account(alice()))?;
    let (_work, mut at_work) = phone(&world, Place::Phones, (PHONES, 5080), account(bob()))?;
    let ears = Ears::new(&world, Place::Phones, PHONES)?;
    connect(&mut at_home, &mut at_work, "bob")?;
    ears.flow(200)?;
    forged(&world)?;
    disconnect(&mut at_home, &mut at_work)?;
    connect(&mut at_work, &mut at_home, "alice")?;
    ears.flow(200)?;
    disconnect(&mut at_work, &mut at_home)?;
    let ended = wait::until("counts", SOON, || Some(home.ended_calls()).filter(|ended| ended.len() == 2))?;
    ensure!(ended.iter().all(|one| one.received >= 30), "{ended:?}");
    Ok(())
}

/// Nobody else gets a packet into the call that is up, at neither of its ports.
fn forged(world: &World) -> Result<()> {
    let call = world.call_that("alice", SOON, |call| call["state"] == "up")?;
    let streams = call["legs"].as_array().into_iter().flatten().filter_map(|leg| leg["streams"].as_array()).flatten();
    let ports: Vec<_> = streams.filter_map(|stream| stream["local"].as_str()?.parse().ok()).collect();
    ensure!(ports.len() == 2, "{call}");
    let socket = world.udp(Place::Attacker, (ATTACKER, 40_000))?;
    let mut forged = Stream::new(Shape::Srtp80, 7);
    ports
        .into_iter()
        .try_for_each(|port| drops(world, &socket, port, forged.next_packet(), Reason::MediaSourceMismatch))
}

/// Without ICE, DTLS could not begin: nobody reaches the phone before it has sent something.
#[test]
fn a_phone_at_home_talks_and_nobody_else_gets_in() -> Result<()> {
    at_home(false, Encryption::Sdes)
}

#[test]
fn phones_find_their_way_by_ice() -> Result<()> {
    at_home(true, Encryption::Sdes)?;
    at_home(true, Encryption::Dtls)
}

/// A binding request (RFC 8489) of this USERNAME.
fn binding_request(username: &str) -> Vec<u8> {
    let padded = username.len().next_multiple_of(4);
    let mut request = vec![0, 1, 0, (padded + 4) as u8, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    request.extend_from_slice(&[0, 6, 0, username.len() as u8]);
    request.extend_from_slice(username.as_bytes());
    request.resize(24 + padded, 0);
    request
}

/// The phone's media come from an address that neither its description nor its signalling named. It asks with the
/// credentials that were agreed on, which nobody else knows.
#[test]
fn media_may_come_from_a_source_that_passed_an_ice_check() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let [caller, callee] = parties(&world)?;
    let mut line = Line::new(&world, Place::Phones, (member(3), 30_000), (EDGE, 20_000))?;
    let mut stranger = Line::new(&world, Place::Attacker, (ATTACKER, 30_000), (EDGE, 20_002))?;
    stranger.to = line.to;
    let ice = |ufrag: &str| format!("a=ice-ufrag:{ufrag}\r\na=ice-pwd:0123456789abcdef012345\r\n");
    let offer = Sdp::new(([192, 168, 1, 7], 4_000).into(), Keys::Sdes).muxed().to_string() + &ice("farfar");
    let answer = Sdp::new(line.to, Keys::Sdes).muxed().to_string() + &ice("nearnear");
    Call::new(&caller, &callee, "checked").agree(&offer, &answer)?;
    world.call_that("checked", SOON, |call| call["state"] == "up")?;
    line.is_dropped(&world, Reason::MediaSourceMismatch)?;
    for wrong in ["farfar:nearnear", "nearnear:", "nearnear:farfax", ""] {
        drops(&world, &stranger.far, line.to, &binding_request(wrong), Reason::MediaSourceMismatch)?;
    }
    stranger.is_dropped(&world, Reason::MediaSourceMismatch)?;
    let request = binding_request("nearnear:farfar");
    line.far.send_to(&request, line.to)?;
    ensure!(line.comes(WAY)? == Some(request), "the check did not come");
    (0..20).try_for_each(|_| line.passes())?;
    stranger.is_dropped(&world, Reason::MediaSourceMismatch)
}
