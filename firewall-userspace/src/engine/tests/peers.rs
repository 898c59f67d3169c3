//! Whom the operator vouches for.
use firewall_common::copy::Kind;

use super::world::{MINUTE, Phone, World, addr};
use crate::engine::evidence::Rule;

#[test]
fn a_peer_raises_an_alarm_and_no_more() {
    for (kind, id) in [(Kind::Peer, 3), (Kind::Allowed, 0)] {
        let mut world = World::new();
        let mut peer = Phone::new("198.51.100.9", "100").kind(kind);
        peer.peer = id;
        world.fail(&mut peer, 5);
        let [alarm] = world.alarms()[..] else { panic!("{:?}", world.commands) };
        assert_eq!((alarm.peer, alarm.source, alarm.evidence.rule), (id, addr("198.51.100.9"), Rule::Failures));
        assert_eq!((alarm.evidence.incidents.len(), alarm.evidence.next_seconds), (5, 0));
        world.fail(&mut peer, 500);
        world.register(&mut peer, 3_600);
        assert_eq!(world.commands.len(), world.alarms().len(), "neither banned, held nor promoted");
    }
}

#[test]
fn alarms_are_rare() {
    let mut world = World::new();
    let mut peer = Phone::new("198.51.100.9", "100").kind(Kind::Peer);
    for _ in 0..60 {
        world.fail(&mut peer, 10);
        world.wait(MINUTE);
    }
    assert!((5..=7).contains(&world.alarms().len()), "{} in more than an hour", world.alarms().len());
    let mut world = World::new();
    for n in 0..500 {
        let mut peer = Phone::new(&format!("198.51.{}.{}", n / 250, n % 250), "100").kind(Kind::Peer).tcp();
        for _ in 0..5 {
            let (lines, nonce) = peer.challenged();
            world.play(&peer, &lines);
            let lines = peer.guess(&nonce).0;
            world.play(&peer, &lines);
        }
    }
    assert_eq!((world.alarms().len() as u64, world.engine.counts().alarms_left_out), (60, 440));
}
