//! Phones behind network address translation: neither address nor port are what their descriptions say.
use anyhow::{Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::address::{ATTACKER, HOME, PHONES};
use firewall_tests::world::baresip::Encryption;
use firewall_tests::world::media::{Shape, Stream};
use firewall_tests::world::{Driver, Place, wait};

use super::{Ears, alice, bob, connect, disconnect, drops, office, phone, protected, same};
use crate::{SOON, world};

#[test]
fn a_phone_at_home_talks_and_nobody_else_gets_in() -> Result<()> {
    let world = world(Driver::Native)?.with_home()?;
    let _daemon = protected(&world, "", "")?;
    let _office = office(&world, &same())?;
    for encryption in [Encryption::Sdes, Encryption::Dtls] {
        let (home, mut at_home) = phone(&world, Place::Home, (HOME, 5070), alice().with(encryption))?;
        let (_work, mut at_work) = phone(&world, Place::Phones, (PHONES, 5080), bob().with(encryption))?;
        let ears = Ears::new(&world, Place::Phones, PHONES)?;
        connect(&mut at_home, &mut at_work, "bob")?;
        ears.flow(200)?;
        let call = world.call_that("alice", SOON, |call| call["state"] == "up")?;
        let ports = call["legs"].as_array().into_iter().flatten().flat_map(|leg| leg["streams"].as_array());
        let ports: Vec<_> = ports.flatten().filter_map(|stream| stream["local"].as_str()?.parse().ok()).collect();
        ensure!(ports.len() == 2, "{call}");
        let socket = world.udp(Place::Attacker, (ATTACKER, 40_000))?;
        let mut forged = Stream::new(Shape::Srtp80, 7);
        for port in ports {
            drops(&world, &socket, port, forged.next_packet(), Reason::MediaSourceMismatch)?;
        }
        disconnect(&mut at_home, &mut at_work)?;
        connect(&mut at_work, &mut at_home, "alice")?;
        ears.flow(200)?;
        disconnect(&mut at_work, &mut at_home)?;
        let ended = wait::until("counts", SOON, || Some(home.ended_calls()).filter(|ended| ended.len() == 2))?;
        ensure!(ended.iter().all(|one| one.received >= 30), "{encryption:?}: {ended:?}");
    }
    Ok(())
}
