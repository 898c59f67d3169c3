//! How calls end.
use super::super::world::{HOUR, MINUTE};
use super::scene::{In, Out, PHONE, SERVER, Scene, plain, sdes};
use crate::engine::call::State;

const OTHER: &str = "198.51.100.66";

fn ringing() -> Scene {
    let mut scene = Scene::strict();
    scene.ask(In, "INVITE", 1, ("r", ""), &sdes(PHONE, 4_000));
    scene.reply(Out, 183, ("INVITE", 1), ("r", "o"), &sdes(SERVER, 10_000));
    assert_eq!(scene.holes().len(), 2);
    scene
}

fn up() -> Scene {
    let mut scene = Scene::strict();
    scene.inbound(&sdes(PHONE, 4_000), &sdes(SERVER, 10_000));
    assert_eq!(scene.holes().len(), 2);
    scene
}

/// Waits in steps of a second, and tells after how many the pinholes were gone.
fn gone_after(scene: &mut Scene, most: u64) -> Option<u64> {
    (1..=most).find(|_| {
        scene.world.wait(1_000);
        scene.holes().is_empty()
    })
}

#[test]
fn a_cancelled_call_ends_with_its_final_answer() {
    let mut scene = ringing();
    scene.ask(In, "CANCEL", 1, ("r", ""), "").reply(Out, 200, ("CANCEL", 1), ("r", "o"), "");
    assert_eq!(scene.holes().len(), 2, "it may have been answered at the same time");
    scene.reply(Out, 487, ("INVITE", 1), ("r", "o"), "");
    assert_eq!((scene.holes().len(), scene.state()), (0, State::Cancelled));
}

#[test]
fn a_cancel_that_came_too_late_changes_nothing() {
    let mut scene = ringing();
    scene.ask(In, "CANCEL", 1, ("r", ""), "").reply(Out, 200, ("INVITE", 1), ("r", "o"), &sdes(SERVER, 10_000));
    scene.world.wait(MINUTE);
    assert_eq!((scene.holes().len(), scene.state()), (2, State::Up));
}

#[test]
fn a_cancelled_call_without_a_final_answer_ends_all_the_same() {
    let mut scene = ringing();
    scene.ask(In, "CANCEL", 1, ("r", ""), "").reply(Out, 200, ("CANCEL", 1), ("r", "o"), "");
    assert!(gone_after(&mut scene, 60).is_some_and(|seconds| (32..45).contains(&seconds)));
    assert_eq!(scene.state(), State::Cancelled);
}

#[test]
fn a_cancel_that_our_side_does_not_accept_changes_nothing() {
    let mut scene = ringing();
    scene.ask(In, "CANCEL", 1, ("r", ""), "").reply(Out, 481, ("CANCEL", 1), ("r", "o"), "");
    scene.world.wait(2 * MINUTE);
    scene.reply(Out, 200, ("INVITE", 1), ("r", "o"), &sdes(SERVER, 10_000));
    assert_eq!((scene.holes().len(), scene.state()), (2, State::Up));
}

#[test]
fn a_bye_of_the_other_side_that_ours_does_not_accept_reopens_nothing() {
    for status in [408, 481, 0] {
        let mut scene = Scene::strict();
        scene.via = crate::engine::input::Via::Tcp;
        scene.inbound(&plain(PHONE, 4_000), &plain(SERVER, 10_000)).ask(In, "BYE", 2, ("r", "o"), "");
        match status {
            0 => scene.world.wait(MINUTE),
            _ => drop(scene.reply(Out, status, ("BYE", 2), ("r", "o"), "")),
        }
        scene.world.wait(MINUTE);
        assert_eq!((scene.holes().len(), scene.state()), (2, State::Up), "{status}");
        assert!(scene.holes().iter().all(|hole| hole.ends_with("refused")));
        if status == 408 {
            scene.ask(In, "BYE", 3, ("r", "o"), "").reply(Out, 200, ("BYE", 3), ("r", "o"), "");
            assert_eq!((scene.holes().len(), scene.state()), (0, State::Ended));
        } else if status == 481 {
            scene.ask(Out, "BYE", 2, ("o", "r"), "").world.wait(MINUTE);
            assert_eq!((scene.holes().len(), scene.state()), (0, State::Ended));
        } else {
            scene.world.wait(3 * HOUR);
            assert_eq!((scene.holes().len(), scene.state()), (0, State::Lost));
        }
    }
}

#[test]
fn a_refused_call_closes_its_early_media() {
    let mut scene = ringing();
    scene.reply(Out, 486, ("INVITE", 1), ("r", "o"), "");
    assert_eq!((scene.holes().len(), scene.state()), (0, State::Failed(486)));
}

#[test]
fn an_invite_that_nobody_answers_is_given_up() {
    let mut scene = Scene::strict();
    scene.ask(Out, "INVITE", 1, ("o", ""), &sdes(SERVER, 10_000));
    assert_eq!(scene.state(), State::Calling);
    scene.world.wait(MINUTE);
    assert_eq!(scene.state(), State::Failed(408));
    scene.world.wait(MINUTE);
    assert_eq!(scene.world.engine.counts().calls.now, 0);
}

#[test]
fn a_call_that_somebody_has_taken_over_waits_for_three_minutes() {
    let mut scene = Scene::strict();
    scene.ask(In, "INVITE", 1, ("r", ""), &sdes(PHONE, 4_000)).reply(Out, 100, ("INVITE", 1), ("r", ""), "");
    scene.world.wait(3 * MINUTE);
    scene.reply(Out, 200, ("INVITE", 1), ("r", "o"), &sdes(SERVER, 10_000));
    assert_eq!((scene.holes().len(), scene.state()), (2, State::Up));
    let mut scene = Scene::strict();
    scene.ask(Out, "INVITE", 1, ("o", ""), &sdes(SERVER, 10_000)).reply(In, 100, ("INVITE", 1), ("o", ""), "");
    scene.world.wait(5 * MINUTE);
    assert_eq!(scene.state(), State::Failed(408));
    // A CANCEL without an answer ends it sooner.
    let mut scene = Scene::strict();
    scene.ask(Out, "INVITE", 1, ("o", ""), &sdes(SERVER, 10_000)).reply(In, 100, ("INVITE", 1), ("o", ""), "");
    scene.ask(Out, "CANCEL", 1, ("o", ""), "").world.wait(MINUTE);
    assert_eq!(scene.state(), State::Cancelled);
}

#[test]
fn a_call_rings_for_ten_minutes_at_most() {
    let mut scene = ringing();
    scene.world.wait(9 * MINUTE);
    assert_eq!(scene.holes().len(), 2);
    assert!(gone_after(&mut scene, 120).is_some());
    assert_eq!(scene.state(), State::Failed(408));
}

#[test]
fn either_side_hangs_up() {
    for inbound in [true, false] {
        for by_remote in [true, false] {
            let mut scene = Scene::strict();
            if inbound {
                scene.inbound(&sdes(PHONE, 4_000), &sdes(SERVER, 10_000));
            } else {
                scene.outbound(&sdes(SERVER, 10_000), &sdes(PHONE, 4_000));
            }
            let (asks, answers, tags) = if by_remote { (In, Out, ("r", "o")) } else { (Out, In, ("o", "r")) };
            scene.ask(asks, "BYE", 7, tags, "").reply(answers, 200, ("BYE", 7), tags, "");
            assert_eq!((scene.holes().len(), scene.state()), (0, State::Ended), "{inbound} {by_remote}");
        }
    }
}

#[test]
fn a_bye_that_needs_credentials_ends_nothing_yet() {
    let mut scene = up();
    scene.ask(In, "BYE", 2, ("r", "o"), "").reply(Out, 407, ("BYE", 2), ("r", "o"), "");
    scene.world.wait(MINUTE);
    assert_eq!(scene.holes().len(), 2);
    scene.ask(In, "BYE", 3, ("r", "o"), "").reply(Out, 481, ("BYE", 3), ("r", "o"), "");
    assert_eq!((scene.holes().len(), scene.state()), (0, State::Ended));
}

#[test]
fn a_bye_that_nobody_answers_ends_the_call() {
    let mut scene = up();
    scene.ask(Out, "BYE", 2, ("o", "r"), "");
    assert!(gone_after(&mut scene, 60).is_some_and(|seconds| (32..45).contains(&seconds)));
}

#[test]
fn a_forged_bye_from_elsewhere_is_nothing() {
    let mut scene = up();
    scene.with(OTHER).ask(In, "BYE", 2, ("r", "o"), "").with(PHONE).reply(Out, 200, ("BYE", 2), ("r", "o"), "");
    scene.ask(In, "BYE", 3, ("x", "o"), "").reply(Out, 481, ("BYE", 3), ("x", "o"), "");
    scene.ask(In, "BYE", 4, ("r", "x"), "").reply(Out, 481, ("BYE", 4), ("r", "x"), "");
    scene.world.wait(MINUTE);
    assert_eq!((scene.holes().len(), scene.state()), (2, State::Up));
}

#[test]
fn a_forged_answer_or_invite_from_elsewhere_opens_nothing() {
    let mut scene = Scene::strict();
    scene.ask(Out, "INVITE", 1, ("o", ""), &sdes(SERVER, 10_000));
    scene.with(OTHER).reply(In, 200, ("INVITE", 1), ("o", "r"), &sdes(OTHER, 4_000));
    assert_eq!((scene.holes().len(), scene.state()), (0, State::Calling));
    let mut scene = up();
    let before = scene.holes();
    scene.with(OTHER).ask(In, "INVITE", 2, ("r", "o"), &sdes(OTHER, 4_000));
    scene.reply(Out, 401, ("INVITE", 2), ("r", "o"), "");
    scene.ask(In, "BYE", 3, ("r", "o"), "").reply(Out, 481, ("BYE", 3), ("r", "o"), "");
    assert_eq!((scene.holes(), scene.state()), (before, State::Up));
}

#[test]
fn a_phone_that_moves_is_followed_when_our_side_accepts_it() {
    let mut scene = up();
    scene.with(OTHER).ask(In, "INVITE", 2, ("r", "o"), &sdes(OTHER, 4_000));
    assert_eq!(scene.flows()[0].signalling, super::super::world::addr(PHONE));
    scene.reply(Out, 200, ("INVITE", 2), ("r", "o"), &sdes(SERVER, 10_000)).ask(In, "ACK", 2, ("r", "o"), "");
    assert_eq!(scene.flows()[0].signalling, super::super::world::addr(OTHER));
    assert_eq!(scene.holes()[0], "192.0.2.1:10000<-198.51.100.66:4000 rtp srtp");
    scene.with(PHONE).ask(In, "BYE", 3, ("r", "o"), "").reply(Out, 200, ("BYE", 3), ("r", "o"), "");
    assert_eq!(scene.state(), State::Up, "whoever is there now");
    scene.with(OTHER).ask(In, "BYE", 4, ("r", "o"), "").reply(Out, 200, ("BYE", 4), ("r", "o"), "");
    assert_eq!((scene.holes().len(), scene.state()), (0, State::Ended));
}

#[test]
fn a_peer_may_answer_from_any_of_its_addresses_and_others_may_not() {
    let config = super::scene::config("srtp-only", "[[peer]]\nname = \"carrier\"\nprefixes = [\"198.51.100.0/24\"]");
    let mut scene = Scene::new(&config);
    (scene.peer, scene.kind) = (1, firewall_common::copy::Kind::Peer);
    scene.with("198.51.100.1").ask(Out, "INVITE", 1, ("o", ""), &sdes(SERVER, 10_000));
    scene.with("198.51.100.2").reply(In, 200, ("INVITE", 1), ("o", "r"), &sdes("198.51.100.9", 4_000));
    assert_eq!((scene.holes().len(), scene.state()), (2, State::Up));
}

#[test]
fn where_our_side_sends_inside_the_dialog_its_answers_come_from() {
    let mut scene = Scene::strict();
    scene.ask(Out, "INVITE", 1, ("o", ""), &sdes(SERVER, 10_000));
    scene.reply(In, 200, ("INVITE", 1), ("o", "r"), &sdes(OTHER, 4_000));
    scene.with(OTHER).ask(In, "BYE", 1, ("r", "o"), "").reply(Out, 200, ("BYE", 1), ("r", "o"), "");
    assert_eq!(scene.state(), State::Up, "not yet");
    scene.ask(Out, "ACK", 1, ("o", "r"), "").ask(In, "BYE", 2, ("r", "o"), "").reply(
        Out,
        200,
        ("BYE", 2),
        ("r", "o"),
        "",
    );
    assert_eq!(scene.state(), State::Ended);
}

#[test]
fn silence_in_messages_and_media_is_the_end() {
    let mut scene = up();
    let call = scene.record().id;
    for _ in 0..10 {
        scene.world.wait(30_000);
        scene.world.engine.media_seen(call, scene.world.clock().mono_ns);
    }
    assert_eq!(scene.holes().len(), 2, "five minutes of media");
    let seconds = gone_after(&mut scene, 200).unwrap();
    assert!((60..=100).contains(&seconds), "{seconds}");
    assert_eq!((scene.state(), scene.world.engine.counts().calls.lost), (State::Lost, 1));
    assert!(scene.record().ended.is_some());
}

#[test]
fn while_nobody_tells_of_media_only_hours_of_silence_are_the_end() {
    let mut scene = up();
    scene.world.wait(HOUR);
    assert_eq!(scene.holes().len(), 2);
    scene.world.wait(2 * HOUR);
    assert_eq!((scene.holes().len(), scene.state()), (0, State::Lost));
}

#[test]
fn a_call_whose_media_is_refused_goes_on() {
    let mut scene = Scene::strict();
    scene.via = crate::engine::input::Via::Tcp;
    scene.inbound(&plain(PHONE, 4_000), &plain(SERVER, 10_000));
    let (call, clock) = (scene.record().id, scene.world.clock());
    scene.world.engine.media_seen(call, clock.mono_ns);
    scene.world.wait(10 * MINUTE);
    assert_eq!((scene.holes().len(), scene.state()), (2, State::Up));
}

#[test]
fn what_has_ended_is_forgotten() {
    let mut scene = up();
    scene.ask(In, "BYE", 2, ("r", "o"), "").reply(Out, 200, ("BYE", 2), ("r", "o"), "");
    assert_eq!(scene.world.engine.counts().calls.now, 1, "for what is still sent of it");
    let told = scene.records().len();
    scene.reply(Out, 200, ("INVITE", 1), ("r", "o"), &sdes(SERVER, 10_000)).ask(In, "BYE", 2, ("r", "o"), "");
    scene.world.wait(MINUTE);
    assert_eq!((scene.holes().len(), scene.records().len()), (0, told));
    assert_eq!(scene.world.engine.counts().calls.now, 0);
}

#[test]
fn nothing_is_followed_where_nothing_is_demanded() {
    let mut scene = Scene::new(&super::scene::config("off", ""));
    scene.inbound(&plain(PHONE, 4_000), &plain(SERVER, 10_000));
    assert_eq!((scene.world.commands.len(), scene.world.engine.counts().calls.followed), (0, 0));
}
