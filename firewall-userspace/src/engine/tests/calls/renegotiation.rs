//! What changes while a call is up.
use super::scene::{In, Out, PHONE, SERVER, Scene, plain, sdes, sdp};
use crate::engine::call::{How, State, Why};

const KEYS: &str = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 KEY";

fn up() -> Scene {
    let mut scene = Scene::strict();
    scene.inbound(&sdes(PHONE, 4_000), &sdes(SERVER, 10_000));
    scene
}

fn first(scene: &Scene) -> String {
    scene.holes().first().cloned().unwrap_or_default()
}

#[test]
fn a_reinvite_moves_to_new_ports() {
    let mut scene = up();
    scene.ask(In, "INVITE", 2, ("r", "o"), &sdes(PHONE, 4_010));
    assert_eq!(first(&scene), "192.0.2.1:10000<-203.0.113.7:4000 rtp srtp", "not before the answer");
    scene.reply(Out, 200, ("INVITE", 2), ("r", "o"), &sdes(SERVER, 10_010)).ask(In, "ACK", 2, ("r", "o"), "");
    assert_eq!((first(&scene), scene.holes().len()), ("192.0.2.1:10010<-203.0.113.7:4010 rtp srtp".to_owned(), 2));
}

#[test]
fn our_side_moves_too_and_without_an_offer() {
    let mut scene = up();
    scene.ask(Out, "INVITE", 9, ("o", "r"), "").reply(In, 200, ("INVITE", 9), ("o", "r"), &sdes(PHONE, 4_020));
    scene.ask(Out, "ACK", 9, ("o", "r"), &sdes(SERVER, 10_020));
    assert_eq!(first(&scene), "192.0.2.1:10020<-203.0.113.7:4020 rtp srtp");
}

#[test]
fn a_refused_reinvite_leaves_the_former_state() {
    for status in [488, 491, 500] {
        let mut scene = up();
        let before = scene.times();
        scene.ask(In, "INVITE", 2, ("r", "o"), &sdes(PHONE, 4_010)).reply(Out, status, ("INVITE", 2), ("r", "o"), "");
        scene.ask(In, "ACK", 2, ("r", "o"), "").world.wait(120_000);
        assert_eq!(
            (first(&scene), scene.times()),
            ("192.0.2.1:10000<-203.0.113.7:4000 rtp srtp".to_owned(), before),
            "{status}"
        );
        scene.reply(Out, 200, ("INVITE", 2), ("r", "o"), &sdes(SERVER, 10_010));
        let more = ["192.0.2.1:10010<-*:0 refused", "192.0.2.1:10011<-*:0 refused"];
        assert_eq!(scene.holes()[2..], more, "what was refused is not answered any more");
        assert_eq!(first(&scene), "192.0.2.1:10000<-203.0.113.7:4000 rtp srtp");
    }
}

#[test]
fn when_both_sides_offer_at_once_both_try_again() {
    let mut scene = up();
    scene.ask(In, "INVITE", 2, ("r", "o"), &sdes(PHONE, 4_010)).ask(
        Out,
        "INVITE",
        2,
        ("o", "r"),
        &sdes(SERVER, 10_010),
    );
    scene.reply(Out, 491, ("INVITE", 2), ("r", "o"), "").reply(In, 491, ("INVITE", 2), ("o", "r"), "");
    assert_eq!(first(&scene), "192.0.2.1:10000<-203.0.113.7:4000 rtp srtp");
    scene.ask(Out, "INVITE", 3, ("o", "r"), &sdes(SERVER, 10_010)).reply(
        In,
        200,
        ("INVITE", 3),
        ("o", "r"),
        &sdes(PHONE, 4_000),
    );
    assert_eq!(first(&scene), "192.0.2.1:10010<-203.0.113.7:4000 rtp srtp");
}

#[test]
fn hold_keeps_the_pinholes_for_hours() {
    let held = |address: &str, direction: &str| sdp(address, &format!("m=audio 4000 RTP/SAVP 0|{KEYS}{direction}"));
    for (offer, told) in [
        (held(PHONE, "|a=sendonly"), "recvonly"),
        (held(PHONE, "|a=inactive"), "inactive"),
        (held("0.0.0.0", ""), "recvonly"),
    ] {
        let mut scene = up();
        let reply = match told {
            "recvonly" if offer.contains("sendonly") => "|a=recvonly",
            "inactive" => "|a=inactive",
            _ => "",
        };
        let answer = sdp(SERVER, &format!("m=audio 10000 RTP/SAVP 0|{KEYS}{reply}"));
        scene.ask(In, "INVITE", 2, ("r", "o"), &offer).reply(Out, 200, ("INVITE", 2), ("r", "o"), &answer);
        assert_eq!(first(&scene), "192.0.2.1:10000<-203.0.113.7:4000 rtp srtp", "{offer}");
        assert_eq!(scene.flows()[0].silence, 7_200_000_000_000, "{offer}");
        assert_eq!(scene.record().legs[0].streams[0].direction, told, "{offer}");
        scene.ask(In, "INVITE", 3, ("r", "o"), &sdes(PHONE, 4_000)).reply(
            Out,
            200,
            ("INVITE", 3),
            ("r", "o"),
            &sdes(SERVER, 10_000),
        );
        assert_eq!(
            (scene.flows()[0].silence, &*scene.record().legs[0].streams[0].direction),
            (60_000_000_000, "sendrecv")
        );
    }
}

#[test]
fn who_holds_us_need_not_send() {
    let mut scene = up();
    let offer = sdp(SERVER, &format!("m=audio 10000 RTP/SAVP 0|{KEYS}|a=sendonly"));
    let answer = sdp(PHONE, &format!("m=audio 4000 RTP/SAVP 0|{KEYS}|a=recvonly"));
    scene.ask(Out, "INVITE", 2, ("o", "r"), &offer).reply(In, 200, ("INVITE", 2), ("o", "r"), &answer);
    assert_eq!(
        (scene.flows()[0].silence, &*scene.record().legs[0].streams[0].direction),
        (7_200_000_000_000, "sendonly")
    );
}

#[test]
fn an_update_changes_early_and_later_media() {
    let mut scene = Scene::strict();
    scene.ask(In, "INVITE", 1, ("r", ""), &sdes(PHONE, 4_000)).reply(
        Out,
        183,
        ("INVITE", 1),
        ("r", "o"),
        &sdes(SERVER, 10_000),
    );
    scene.ask(In, "PRACK", 2, ("r", "o"), "").reply(Out, 200, ("PRACK", 2), ("r", "o"), "");
    scene.ask(In, "UPDATE", 3, ("r", "o"), &sdes(PHONE, 4_010)).reply(
        Out,
        200,
        ("UPDATE", 3),
        ("r", "o"),
        &sdes(SERVER, 10_010),
    );
    assert_eq!(first(&scene), "192.0.2.1:10010<-203.0.113.7:4010 rtp srtp");
    scene.reply(Out, 200, ("INVITE", 1), ("r", "o"), &sdes(SERVER, 10_000));
    assert_eq!(first(&scene), "192.0.2.1:10010<-203.0.113.7:4010 rtp srtp", "the INVITE's answer was overtaken");
    scene.ask(Out, "UPDATE", 4, ("o", "r"), &sdes(SERVER, 10_020)).reply(
        In,
        200,
        ("UPDATE", 4),
        ("o", "r"),
        &sdes(PHONE, 4_010),
    );
    assert_eq!(first(&scene), "192.0.2.1:10020<-203.0.113.7:4010 rtp srtp");
    scene.ask(In, "UPDATE", 5, ("r", "o"), &sdes(PHONE, 4_030)).reply(Out, 491, ("UPDATE", 5), ("r", "o"), "");
    assert_eq!(first(&scene), "192.0.2.1:10020<-203.0.113.7:4010 rtp srtp");
}

#[test]
fn a_prack_may_offer() {
    let mut scene = Scene::strict();
    scene.ask(In, "INVITE", 1, ("r", ""), &sdes(PHONE, 4_000)).reply(
        Out,
        183,
        ("INVITE", 1),
        ("r", "o"),
        &sdes(SERVER, 10_000),
    );
    scene.ask(In, "PRACK", 2, ("r", "o"), &sdes(PHONE, 4_010)).reply(
        Out,
        200,
        ("PRACK", 2),
        ("r", "o"),
        &sdes(SERVER, 10_010),
    );
    assert_eq!(first(&scene), "192.0.2.1:10010<-203.0.113.7:4010 rtp srtp");
}

#[test]
fn a_session_refresh_without_a_description_changes_nothing() {
    let mut scene = up();
    let before = scene.times();
    scene.ask(Out, "UPDATE", 2, ("o", "r"), "").reply(In, 200, ("UPDATE", 2), ("o", "r"), "");
    scene.ask(In, "INVITE", 2, ("r", "o"), &sdes(PHONE, 4_000)).reply(
        Out,
        200,
        ("INVITE", 2),
        ("r", "o"),
        &sdes(SERVER, 10_000),
    );
    assert_eq!((scene.times(), scene.state()), (before, State::Up));
}

#[test]
fn a_reinvite_that_downgrades_closes_the_media() {
    let mut scene = up();
    scene.ask(Out, "INVITE", 2, ("o", "r"), &sdes(SERVER, 10_000)).reply(
        In,
        200,
        ("INVITE", 2),
        ("o", "r"),
        &plain(PHONE, 4_000),
    );
    assert_eq!(first(&scene), "192.0.2.1:10000<-203.0.113.7:4000 refused");
    assert_eq!(scene.refusal(), Some((How::NoMedia, Why::Downgrade, true)));
}
