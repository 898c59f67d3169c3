//! What the log has of calls besides their media.
use firewall_common::copy::Kind;

use super::scene::{In, Out, PHONE, Scene, sdes};
use crate::engine::call::{Party, State};

/// Calls are logged, and nothing is demanded of them.
fn logged() -> Scene {
    Scene::new("[calls]\nlog = true\n[tracking]\ncalls = 1024")
}

#[test]
fn a_call_without_a_policy_of_media_is_told_with_who_ended_it() {
    for (by, party) in [(In, Party::Caller), (Out, Party::Callee)] {
        let mut scene = logged();
        scene.headers = "Server: PBX 2\r\n".to_owned();
        scene.inbound("", "");
        let (other, tags) = if by == In { (Out, ("r", "o")) } else { (In, ("o", "r")) };
        scene.ask(by, "BYE", 2, tags, "").reply(other, 200, ("BYE", 2), tags, "");
        let record = scene.record();
        assert_eq!((record.state, record.ended_by, record.legs.len()), (State::Ended, Some(party), 1));
        assert!(record.answered.is_some() && record.ended > record.answered);
        assert_eq!((record.agent.as_str(), record.callee_agent.as_str()), ("Phone/1.0", "Phone/1.0"));
        let (rungs, skipped, _) = record.ladder.parts();
        let short: Vec<(bool, &str, u16)> =
            rungs.iter().map(|rung| (rung.inbound, rung.method().name(), rung.status)).collect();
        let end = by == In;
        let want = [
            (true, "INVITE", 0),
            (false, "INVITE", 180),
            (false, "INVITE", 200),
            (true, "ACK", 0),
            (end, "BYE", 0),
            (!end, "BYE", 200),
        ];
        assert_eq!((short.as_slice(), skipped), (want.as_slice(), 0));
        assert_eq!((scene.holes().len(), scene.records().len()), (0, 3), "begun, answered, ended");
    }
}

#[test]
fn who_ended_what_was_never_answered_is_told() {
    let mut scene = logged();
    scene.ask(In, "INVITE", 1, ("r", ""), "").reply(Out, 486, ("INVITE", 1), ("r", "o"), "");
    assert_eq!((scene.state(), scene.record().ended_by), (State::Failed(486), Some(Party::Callee)));
    let mut scene = logged();
    scene.ask(In, "INVITE", 1, ("r", ""), "").ask(In, "CANCEL", 1, ("r", ""), "");
    scene.reply(Out, 200, ("CANCEL", 1), ("r", "o"), "").reply(Out, 487, ("INVITE", 1), ("r", "o"), "");
    assert_eq!((scene.state(), scene.record().ended_by), (State::Cancelled, Some(Party::Caller)));
    let mut scene = Scene::strict();
    scene.refused = true;
    scene.ask(In, "INVITE", 1, ("r", ""), &super::scene::plain(PHONE, 4_000));
    assert_eq!((scene.state(), scene.record().ended_by), (State::Refused, Some(Party::Firewall)));
}

#[test]
fn a_strangers_attempt_is_told_once_it_is_over_and_not_without_bound() {
    let mut scene = logged();
    scene.kind = Kind::Stranger;
    scene.ask(In, "INVITE", 1, ("r", ""), "");
    assert_eq!(scene.records().len(), 0);
    scene.reply(Out, 404, ("INVITE", 1), ("r", "o"), "");
    assert_eq!((scene.records().len(), scene.state()), (1, State::Failed(404)));
    for n in 0..500 {
        scene.call = format!("flood{n}");
        scene.ask(In, "INVITE", 1, ("r", ""), "").reply(Out, 404, ("INVITE", 1), ("r", "o"), "");
    }
    let told = scene.records().len();
    assert!((20..=60).contains(&told), "{told} in a second or two");
    let mut silent = Scene::strict();
    silent.kind = Kind::Stranger;
    silent.ask(In, "INVITE", 1, ("r", ""), &sdes(PHONE, 4_000)).reply(Out, 404, ("INVITE", 1), ("r", "o"), "");
    assert_eq!(silent.records().len(), 0, "nothing is logged");
}

#[test]
fn calls_that_are_over_make_way_for_new_ones() {
    let mut scene = logged();
    for n in 0..5_000 {
        scene.call = format!("c{n}");
        scene.inbound("", "").ask(In, "BYE", 2, ("r", "o"), "").reply(Out, 200, ("BYE", 2), ("r", "o"), "");
    }
    let ended = scene.records().iter().filter(|record| record.state == State::Ended).count();
    let counts = scene.world.engine.counts().calls;
    assert_eq!((ended, counts.left_out, counts.now), (5_000, 0, 1_024));
}
