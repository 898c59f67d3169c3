//! Calls whose signalling nobody can read: media may come from where our side sends media to.
use anyhow::{Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::Place;
use firewall_tests::world::address::{ATTACKER, EDGE, PHONES, SIPS};
use firewall_tests::world::baresip::{Account, Encryption, Transport};
use firewall_tests::world::kamailio::Options;
use firewall_tests::world::media::{Shape, Stream};

use super::{Ears, Line, bob, connect, disconnect, drops, office, phone, same, srtp_only};

/// One phone over TLS, one over UDP: the relay has something to pass on to the first from the second's pinhole.
#[test]
fn a_phone_over_tls_is_learned() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let _office = office(&world, &Options { tls: true, ..same() })?;
    let over_tls = Account::new("alice", "secret-alice-1", (EDGE, SIPS).into()).over(Transport::Tls);
    let (_one, mut calling) = phone(&world, Place::Phones, (PHONES, 5070), over_tls.with(Encryption::Sdes))?;
    let (_two, mut called) = phone(&world, Place::Phones, (PHONES, 5080), bob().with(Encryption::Sdes))?;
    let ears = Ears::new(&world, Place::Phones, PHONES)?;
    connect(&mut calling, &mut called, "bob")?;
    ears.flow(200)?;
    ensure!(world.counted(Reason::Learned)? >= 50, "{:?}", world.stats()?.reasons);
    ensure!(world.counted(Reason::Pinhole)? >= 50, "{:?}", world.stats()?.reasons);
    disconnect(&mut calling, &mut called)
}

/// Both over TLS: somebody has to begin, and that is the relay, if it is told to.
#[test]
fn phones_over_tls_talk_if_the_relay_speaks_first() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let _office = office(&world, &Options { tls: true, pierce: true, ..same() })?;
    let over_tls = |user, password| Account::new(user, password, (EDGE, SIPS).into()).over(Transport::Tls);
    let alice = over_tls("alice", "secret-alice-1").with(Encryption::Sdes);
    let bob = over_tls("bob", "secret-bob-2").with(Encryption::Sdes);
    let (_one, mut calling) = phone(&world, Place::Phones, (PHONES, 5070), alice)?;
    let (_two, mut called) = phone(&world, Place::Phones, (PHONES, 5080), bob)?;
    let ears = Ears::new(&world, Place::Phones, PHONES)?;
    connect(&mut calling, &mut called, "bob")?;
    ears.flow(300)?;
    ensure!(world.counted(Reason::Learned)? >= 200, "{:?}", world.stats()?.reasons);
    ensure!(world.counted(Reason::Pinhole)? == 0, "{:?}", world.stats()?.reasons);
    disconnect(&mut calling, &mut called)
}

#[test]
fn only_where_our_side_sends_to_may_answer() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let mut line = Line::new(&world, Place::Phones, (PHONES, 30_000), (EDGE, 20_000))?;
    line.is_dropped(&world, Reason::NoPinhole)?;
    line.near.send_to(Stream::new(Shape::Srtp80, 9).next_packet(), line.far.local_addr()?)?;
    (0..5).try_for_each(|_| line.passes())?;
    ensure!(world.counted(Reason::Learned)? == 5, "{:?}", world.stats()?.reasons);
    let mut forged = Stream::new(Shape::Srtp80, 0x1001);
    for (place, from) in [(Place::Attacker, (ATTACKER, 30_000)), (Place::Phones, (PHONES, 30_001))] {
        let socket = world.udp(place, from)?;
        drops(&world, &socket, line.to, forged.next_packet(), Reason::NoPinhole)?;
    }
    line.passes()
}
