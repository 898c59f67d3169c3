//! Calls with several branches, and with several legs.
use firewall_common::copy::Kind;

use super::super::world::addr;
use super::scene::{In, Out, PHONE, SERVER, Scene, sdes};
use crate::engine::call::State;
use crate::engine::input::Direction;

const CARRIER: &str = "198.51.100.1";

#[test]
fn branches_ring_each_with_its_media_until_one_answers() {
    let mut scene = Scene::strict();
    scene.ask(Out, "INVITE", 1, ("o", ""), &sdes(SERVER, 10_000));
    for (tag, port) in [("a", 4_000), ("b", 4_100), ("c", 4_200)] {
        scene.reply(In, 183, ("INVITE", 1), ("o", tag), &sdes(PHONE, port));
    }
    let rtp = |scene: &Scene| {
        let ports = scene.flows().into_iter().map(|flow| flow.remote_port).filter(|port| port % 2 == 0);
        ports.collect::<Vec<_>>()
    };
    assert_eq!(rtp(&scene), [4_000, 4_100, 4_200]);
    scene.reply(In, 200, ("INVITE", 1), ("o", "b"), &sdes(PHONE, 4_100));
    assert_eq!((rtp(&scene), scene.state()), (vec![4_100], State::Up));
    // Another one that answered at the same time is up as well, until our side ends it.
    scene.reply(In, 200, ("INVITE", 1), ("o", "c"), &sdes(PHONE, 4_200));
    assert_eq!(rtp(&scene), [4_100, 4_200]);
    scene.ask(Out, "BYE", 2, ("o", "c"), "").reply(In, 200, ("BYE", 2), ("o", "c"), "");
    assert_eq!((rtp(&scene), scene.state()), (vec![4_100], State::Up));
}

#[test]
fn each_invite_of_a_fork_has_its_own_offer() {
    let mut scene = Scene::strict();
    for (fork, port) in [(1, 10_000), (2, 10_100)] {
        scene.fork = fork;
        scene.ask(Out, "INVITE", 1, ("o", ""), &sdes(SERVER, port));
    }
    scene.reply(In, 200, ("INVITE", 1), ("o", "b"), &sdes(PHONE, 4_000));
    assert_eq!(scene.holes()[0], "192.0.2.1:10100<-203.0.113.7:4000 rtp srtp");
    scene.fork = 1;
    scene.reply(In, 487, ("INVITE", 1), ("o", "a"), "");
    assert_eq!(scene.state(), State::Up);
}

#[test]
fn one_after_the_other_is_tried() {
    let mut scene = Scene::strict();
    scene.ask(Out, "INVITE", 1, ("o", ""), &sdes(SERVER, 10_000)).reply(In, 486, ("INVITE", 1), ("o", "a"), "");
    assert_eq!(scene.state(), State::Failed(486));
    scene.fork = 2;
    scene.ask(Out, "INVITE", 1, ("o", ""), &sdes(SERVER, 10_100)).reply(
        In,
        200,
        ("INVITE", 1),
        ("o", "b"),
        &sdes(PHONE, 4_000),
    );
    assert_eq!((scene.state(), scene.holes().len(), scene.record().ended), (State::Up, 2, None));
}

#[test]
fn eight_are_tried_at_once_and_another_after_a_cancel() {
    let mut scene = Scene::strict();
    for fork in 1..=8 {
        scene.fork = fork;
        scene.ask(Out, "INVITE", 1, ("o", ""), &sdes(SERVER, 10_000 + 10 * fork as u16));
    }
    scene.reply(In, 200, ("INVITE", 1), ("o", "b"), &sdes(PHONE, 4_000));
    assert_eq!(scene.holes()[0], "192.0.2.1:10080<-203.0.113.7:4000 rtp srtp");
    let mut scene = Scene::strict();
    scene.ask(Out, "INVITE", 1, ("o", ""), &sdes(SERVER, 10_000)).reply(In, 180, ("INVITE", 1), ("o", "a"), "");
    scene.ask(Out, "CANCEL", 1, ("o", ""), "");
    scene.fork = 2;
    scene.ask(Out, "INVITE", 1, ("o", ""), &sdes(SERVER, 10_100)).reply(In, 180, ("INVITE", 1), ("o", "b"), "");
    scene.world.wait(60_000);
    scene.reply(In, 200, ("INVITE", 1), ("o", "b"), &sdes(PHONE, 4_000));
    assert_eq!((scene.state(), scene.holes().len()), (State::Up, 2));
}

/// Where each leg of a proxy's call leads.
type Ends = [&'static str; 2];

/// A call through a proxy: from the first to the second, with one Call-ID and the same tags. The relay has ports of its own.
fn proxied(ends: Ends) -> Scene {
    let mut scene = Scene::strict();
    scene.kind = Kind::Registrant;
    let [caller, callee] = ends;
    scene.with(caller).ask(In, "INVITE", 1, ("a", ""), &sdes("10.0.0.1", 4_000));
    scene.fork = 1;
    scene.with(callee).ask(Out, "INVITE", 1, ("a", ""), &sdes(SERVER, 10_100));
    scene.reply(In, 200, ("INVITE", 1), ("a", "b"), &sdes("10.0.0.2", 5_000));
    scene.fork = 0;
    scene.with(caller).reply(Out, 200, ("INVITE", 1), ("a", "b"), &sdes(SERVER, 10_000));
    scene.ask(In, "ACK", 1, ("a", "b"), "").with(callee).ask(Out, "ACK", 1, ("a", "b"), "");
    scene
}

#[test]
fn a_proxys_legs_are_told_apart_even_behind_one_address() {
    for ends in [[PHONE, CARRIER], [PHONE, PHONE]] {
        let mut scene = proxied(ends);
        let rtp: Vec<String> = scene.holes().into_iter().filter(|hole| hole.ends_with("srtp")).collect();
        let expected = ["192.0.2.1:10000<-10.0.0.1:4000 rtp srtp", "192.0.2.1:10100<-10.0.0.2:5000 rtp srtp"];
        assert_eq!(rtp, expected, "{ends:?}");
        assert_eq!(scene.flows().iter().map(|flow| flow.signalling).collect::<Vec<_>>()[0], addr(ends[0]));
        let record = scene.record();
        assert_eq!(record.legs.iter().map(|leg| leg.inbound).collect::<Vec<_>>(), [true, false]);
        // The callee hangs up.
        let [caller, callee] = ends;
        scene.with(callee).ask(In, "BYE", 2, ("b", "a"), "").with(caller).ask(Out, "BYE", 2, ("b", "a"), "");
        scene.reply(In, 200, ("BYE", 2), ("b", "a"), "");
        assert_eq!(scene.holes().iter().filter(|hole| hole.ends_with("srtp")).count(), 1, "one leg is left");
        scene.with(callee).reply(Out, 200, ("BYE", 2), ("b", "a"), "");
        assert_eq!((scene.holes().len(), scene.state()), (0, State::Ended));
    }
}

#[test]
fn a_reinvite_through_a_proxy_changes_both_legs() {
    let mut scene = proxied([PHONE, CARRIER]);
    scene.with(PHONE).ask(In, "INVITE", 2, ("a", "b"), &sdes("10.0.0.1", 4_010));
    scene.with(CARRIER).ask(Out, "INVITE", 2, ("a", "b"), &sdes(SERVER, 10_110));
    scene.reply(In, 200, ("INVITE", 2), ("a", "b"), &sdes("10.0.0.2", 5_010));
    scene.with(PHONE).reply(Out, 200, ("INVITE", 2), ("a", "b"), &sdes(SERVER, 10_010));
    let rtp: Vec<String> = scene.holes().into_iter().filter(|hole| hole.ends_with("srtp")).collect();
    assert_eq!(rtp, ["192.0.2.1:10010<-10.0.0.1:4010 rtp srtp", "192.0.2.1:10110<-10.0.0.2:5010 rtp srtp"]);
}

#[test]
fn media_that_passes_by_needs_no_pinhole() {
    let mut scene = Scene::strict();
    let say = |scene: &mut Scene, whom: &str, from: Direction, status: u16, body: &str| {
        scene.with(whom);
        match status {
            0 => scene.ask(from, "INVITE", 1, ("a", ""), body),
            _ => scene.reply(from, status, ("INVITE", 1), ("a", "b"), body),
        };
    };
    let (offer, answer) = (sdes(PHONE, 14_000), sdes(CARRIER, 15_000));
    say(&mut scene, PHONE, In, 0, &offer);
    say(&mut scene, CARRIER, Out, 0, &offer);
    say(&mut scene, CARRIER, In, 200, &answer);
    say(&mut scene, PHONE, Out, 200, &answer);
    assert_eq!((scene.holes(), scene.state()), (Vec::<String>::new(), State::Up));
}

#[test]
fn a_proxy_rings_several_at_once() {
    let mut scene = Scene::strict();
    scene.ask(In, "INVITE", 1, ("a", ""), &sdes(PHONE, 4_000));
    for (n, to) in [(1, CARRIER), (2, "198.51.100.2"), (3, "198.51.100.3")] {
        scene.fork = n;
        scene.with(to).ask(Out, "INVITE", 1, ("a", ""), &sdes(SERVER, 10_000 + 100 * n as u16));
    }
    scene.fork = 2;
    scene.with("198.51.100.2").reply(In, 200, ("INVITE", 1), ("a", "b"), &sdes("198.51.100.2", 4_000));
    for (n, to) in [(1, CARRIER), (3, "198.51.100.3")] {
        scene.fork = n;
        scene.with(to).ask(Out, "CANCEL", 1, ("a", ""), "").reply(In, 487, ("INVITE", 1), ("a", "x"), "");
    }
    assert_eq!(scene.record().legs.len(), 4);
    assert_eq!(scene.holes()[0], "192.0.2.1:10200<-198.51.100.2:4000 rtp srtp");
    scene.fork = 0;
    scene.with(PHONE).reply(Out, 200, ("INVITE", 1), ("a", "b"), &sdes(SERVER, 10_000));
    assert_eq!((scene.holes().len(), scene.state()), (4, State::Up));
}
