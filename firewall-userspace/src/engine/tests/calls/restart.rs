//! Calls that were up before the daemon was.
use super::super::world::{HOUR, addr};
use super::scene::{In, Out, PHONE, SERVER, Scene, sdes};
use crate::engine::call::State;

/// A scene, and another engine that finds its calls in the kernel, and in the database if that is `known`.
fn restarted(known: bool) -> Scene {
    let mut before = Scene::strict();
    before.inbound(&sdes(PHONE, 4_000), &sdes(SERVER, 10_000));
    let (flows, record) = (before.flows(), before.record().clone());
    let mut after = Scene::strict();
    let clock = after.world.clock();
    after.world.engine.adopt(&flows, if known { std::slice::from_ref(&record) } else { &[] }, clock);
    assert!(after.world.commands.is_empty());
    after
}

#[test]
fn a_bye_ends_what_was_there_before() {
    for (asks, answers, tags) in [(In, Out, ("r", "o")), (Out, In, ("o", "r"))] {
        let mut scene = restarted(true);
        scene.ask(asks, "BYE", 2, tags, "").reply(answers, 200, ("BYE", 2), tags, "");
        assert_eq!((scene.times(), scene.holes().len(), scene.state()), (1, 0, State::Ended));
        let record = scene.record();
        assert_eq!((&*record.from, record.answered.is_some(), record.legs.len()), ("100@example.com", true, 1));
        assert!(record.ended.is_some());
    }
}

#[test]
fn nobody_else_ends_it() {
    let mut scene = restarted(true);
    scene.with("198.51.100.66").ask(In, "BYE", 2, ("r", "o"), "").reply(Out, 200, ("BYE", 2), ("r", "o"), "");
    scene.with(PHONE).ask(In, "BYE", 3, ("r", "o"), "").reply(Out, 401, ("BYE", 3), ("r", "o"), "");
    assert_eq!(scene.times(), 0);
}

#[test]
fn a_bye_that_our_side_does_not_accept_reopens_nothing() {
    let mut before = Scene::strict();
    before.inbound(&sdes(PHONE, 4_000), &super::scene::plain(SERVER, 10_000));
    let mut scene = Scene::strict();
    let clock = scene.world.clock();
    scene.world.engine.adopt(&before.flows(), &[], clock);
    scene.ask(In, "BYE", 2, ("r", "o"), "").reply(Out, 481, ("BYE", 2), ("r", "o"), "");
    assert_eq!(scene.times(), 0);
    scene.ask(Out, "BYE", 2, ("o", "r"), "").reply(In, 481, ("BYE", 2), ("o", "r"), "");
    assert_eq!((scene.times(), scene.holes().len(), scene.state()), (1, 0, State::Ended));
}

#[test]
fn without_a_record_it_ends_as_well() {
    let mut scene = restarted(false);
    scene.ask(In, "BYE", 2, ("r", "o"), "").reply(Out, 481, ("BYE", 2), ("r", "o"), "");
    assert_eq!((scene.times(), scene.holes().len(), scene.state()), (1, 0, State::Ended));
}

#[test]
fn a_reinvite_takes_the_place_of_what_was_there() {
    let mut scene = restarted(true);
    scene.ask(In, "INVITE", 2, ("r", "o"), &sdes(PHONE, 4_010));
    scene.reply(Out, 200, ("INVITE", 2), ("r", "o"), &sdes(SERVER, 10_010)).ask(In, "ACK", 2, ("r", "o"), "");
    assert_eq!((scene.holes().len(), &*scene.holes()[0]), (2, "192.0.2.1:10010<-203.0.113.7:4010 rtp srtp"));
    assert_eq!((scene.state(), scene.record().legs.len()), (State::Up, 1));
    scene.ask(Out, "BYE", 3, ("o", "r"), "").reply(In, 200, ("BYE", 3), ("o", "r"), "");
    assert_eq!((scene.holes().len(), scene.state()), (0, State::Ended));
}

#[test]
fn a_refused_reinvite_leaves_it() {
    let mut scene = restarted(true);
    scene.ask(In, "INVITE", 2, ("r", "o"), &sdes(PHONE, 4_010)).reply(Out, 488, ("INVITE", 2), ("r", "o"), "");
    scene.world.wait(50_000);
    assert_eq!((scene.times(), scene.state()), (0, State::Up));
}

#[test]
fn silence_is_the_end() {
    let mut scene = restarted(true);
    let call = scene.world.engine.counts().calls.now;
    assert_eq!(call, 1);
    scene.world.wait(HOUR);
    assert_eq!((scene.holes().len(), scene.state()), (0, State::Lost));
}

#[test]
fn adopting_twice_is_adopting_once() {
    let mut scene = restarted(true);
    let mut flows = {
        let mut before = Scene::strict();
        before.inbound(&sdes(PHONE, 4_000), &sdes(SERVER, 10_000)).flows()
    };
    flows.iter_mut().for_each(|flow| (flow.seen, flow.lock, flow.locked) = (9, 9, addr(PHONE)));
    let clock = scene.world.clock();
    scene.world.engine.adopt(&flows, &[], clock);
    assert_eq!((scene.world.engine.counts().calls.now, scene.times()), (1, 0));
}
