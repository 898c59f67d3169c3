//! Whatever comes, memory and pinholes stay within what was set.
use firewall_common::addr::Addr;
use firewall_common::copy::Kind;
use firewall_common::media::FLOW_REFUSED;

use super::scene::{In, Out, PHONE, SERVER, Scene, config, sdes, sdp};
use crate::engine::call::State;

/// The smallest table there is.
const FEW: &str = "[tracking]\ncalls = 1024";

/// Pinholes by which something can come.
fn opened(scene: &Scene) -> usize {
    scene.flows().iter().filter(|flow| flow.flags & FLOW_REFUSED == 0).count()
}

fn strangers(scene: &mut Scene, from: u32, count: u32) {
    scene.kind = Kind::Stranger;
    for n in from..from + count {
        (scene.remote, scene.call) = (Addr::from_v4((0x0a00_0000 + n).to_be_bytes()), format!("s{n}"));
        scene.ask(In, "INVITE", 1, ("r", ""), &sdes("10.0.0.1", 4_000));
    }
}

#[test]
fn attempts_of_strangers_make_way_for_others() {
    let mut scene = Scene::new(&config("srtp-only", FEW));
    strangers(&mut scene, 0, 5_000);
    assert_eq!(
        (scene.world.engine.counts().calls.now, scene.records().len()),
        (512, 0),
        "half of the room, and no word"
    );
    scene.kind = Kind::Registrant;
    for n in 0..1_024u32 {
        (scene.remote, scene.call) = (Addr::from_v4((0x0b00_0000 + n).to_be_bytes()), format!("r{n}"));
        scene.inbound(&sdes(PHONE, 4_000), &sdes(SERVER, 10_000 + 2 * n as u16));
    }
    let counts = scene.world.engine.counts().calls;
    assert_eq!((counts.now, counts.left_out, scene.flows().len()), (1_024, 0, 2_048));
    strangers(&mut scene, 10_000, 100);
    let counts = scene.world.engine.counts().calls;
    assert_eq!((counts.now, counts.left_out, scene.flows().len()), (1_024, 100, 2_048));
}

#[test]
fn a_strangers_call_that_is_answered_stays() {
    let mut scene = Scene::new(&config("srtp-only", FEW));
    (scene.kind, scene.call) = (Kind::Stranger, "first".to_owned());
    scene.inbound(&sdes(PHONE, 4_000), &sdes(SERVER, 10_000));
    strangers(&mut scene, 0, 3_000);
    (scene.remote, scene.call) = (super::super::world::addr(PHONE), "first".to_owned());
    scene.ask(In, "BYE", 2, ("r", "o"), "").reply(Out, 200, ("BYE", 2), ("r", "o"), "");
    assert_eq!((scene.holes().len(), scene.state()), (0, State::Ended));
}

#[test]
fn a_source_has_so_many_pinholes_and_a_peer_any_number() {
    let config = config("srtp-only", "per_source = 5\n[[peer]]\nname = \"carrier\"\nprefixes = [\"203.0.113.0/24\"]");
    for (kind, peer, open) in [(Kind::Registrant, 0, 4), (Kind::Peer, 1, 8), (Kind::Allowed, 0, 8)] {
        let mut scene = Scene::new(&config);
        (scene.kind, scene.peer) = (kind, peer);
        for n in 0..4 {
            scene.call = format!("c{n}");
            scene.inbound(&sdes(PHONE, 4_000), &sdes(SERVER, 10_000 + 2 * n));
        }
        assert_eq!((opened(&scene), scene.flows().len()), (open, 8), "{kind:?}");
        assert_eq!(scene.record().legs[0].streams[0].open, open == 8);
        if kind == Kind::Registrant {
            assert_eq!(scene.world.engine.counts().calls.pinholes_left_out, 2);
            scene.call = "c0".to_owned();
            scene.ask(In, "BYE", 2, ("r", "o"), "").reply(Out, 200, ("BYE", 2), ("r", "o"), "");
            scene.call = "c9".to_owned();
            scene.inbound(&sdes(PHONE, 4_000), &sdes(SERVER, 10_020));
            assert_eq!(opened(&scene), 4, "there is room again");
        }
    }
}

#[test]
fn branches_and_legs_have_an_end() {
    let mut scene = Scene::strict();
    scene.ask(Out, "INVITE", 1, ("o", ""), &sdes(SERVER, 10_000));
    for n in 0..100 {
        scene.reply(In, 183, ("INVITE", 1), ("o", &format!("b{n}")), &sdes(PHONE, 4_000));
    }
    assert_eq!(scene.flows().len(), 16, "eight branches");
    for n in 0..100u8 {
        (scene.remote, scene.fork) = (Addr::from_v4([198, 51, 100, n]), u32::from(n));
        scene.ask(Out, "INVITE", 1, ("o", ""), &sdes(SERVER, 10_000));
    }
    assert_eq!(scene.record().legs.len(), 8);
    assert!(scene.world.engine.counts().calls.left_out >= 93);
}

#[test]
fn descriptions_without_end_take_no_more_room_than_there_is() {
    let mut scene = Scene::new(&config("srtp-only", FEW));
    let crypto = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 KEY|".repeat(16);
    let lines =
        |address: &str, port: u16| sdp(address, &format!("m=audio {port} RTP/SAVP 0 8 9 18|{crypto}").repeat(16));
    let (offer, answer) = (lines(PHONE, 4_000), lines(SERVER, 10_000));
    scene.kind = Kind::Registrant;
    for n in 0..400u32 {
        (scene.remote, scene.call) = (Addr::from_v4((0x0b00_0000 + n).to_be_bytes()), format!("r{n}"));
        scene.ask(In, "INVITE", 1, ("r", ""), &offer);
        for branch in 0..8 {
            scene.reply(Out, 183, ("INVITE", 1), ("r", &format!("o{branch}")), &answer);
        }
    }
    let weight = scene.world.engine.calls.weight();
    assert!(weight <= 1_024 * 4_096, "{weight}");
    assert!(weight >= 1_024 * (4_096 - 2_560), "{weight}: what is set aside for no single call is used");
}

#[test]
fn strangers_have_half_of_all_pinholes_and_some_closed_ones() {
    let mut scene = Scene::new(&config("srtp-only", "[capacity]\npinholes = 1024"));
    let all = |scene: &mut Scene, from: u32, count: u32| {
        for n in from..from + count {
            (scene.remote, scene.call) = (Addr::from_v4((0x0a00_0000 + n).to_be_bytes()), format!("s{n}"));
            scene.inbound(&sdes("10.0.0.1", 4_000), &sdes(SERVER, 10_000 + 2 * n as u16));
        }
    };
    scene.kind = Kind::Stranger;
    all(&mut scene, 0, 600);
    assert_eq!((opened(&scene), scene.flows().len()), (512, 768));
    scene.kind = Kind::Registrant;
    all(&mut scene, 1_000, 100);
    assert_eq!(opened(&scene), 712);
    // A stranger's call that is open stays so, and one that has ended makes room.
    (scene.kind, scene.call, scene.remote) = (Kind::Stranger, "s0".to_owned(), Addr::from_v4([10, 0, 0, 0]));
    scene.ask(In, "INVITE", 2, ("r", "o"), &sdes("10.0.0.1", 4_000));
    scene.reply(Out, 200, ("INVITE", 2), ("r", "o"), &sdes(SERVER, 10_000));
    assert_eq!(opened(&scene), 712);
    scene.ask(In, "BYE", 3, ("r", "o"), "").reply(Out, 200, ("BYE", 3), ("r", "o"), "");
    assert_eq!(opened(&scene), 710);
    scene.world.wait(10_000);
    assert_eq!(opened(&scene), 712);
}

#[test]
fn what_the_kernel_did_not_take_is_set_again() {
    let mut scene = Scene::strict();
    scene.inbound(&sdes(PHONE, 4_000), &sdes(SERVER, 10_000));
    let (call, holes) = (scene.record().id, scene.holes());
    scene.world.wait(10_000);
    assert_eq!(scene.times(), 1);
    scene.world.engine.pinholes_failed(call);
    scene.world.engine.pinholes_failed(!call);
    scene.world.wait(10_000);
    assert_eq!((scene.times(), scene.holes()), (2, holes));
}

#[test]
fn a_call_for_which_there_is_no_room_is_closed_within_the_bound() {
    let mut scene = Scene::new(&config("srtp-only", FEW));
    let crypto = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 KEY|".repeat(16);
    let offer = sdp(PHONE, &format!("m=audio 4000 RTP/SAVP 0 8 9 18|{crypto}").repeat(16));
    for n in 0..1_024u32 {
        (scene.remote, scene.call) = (Addr::from_v4((0x0b00_0000 + n).to_be_bytes()), format!("r{n}"));
        scene.ask(In, "INVITE", 1, ("r", ""), &offer);
        scene.reply(Out, 200, ("INVITE", 1), ("r", "o"), &sdes(SERVER, 10_000 + 2 * n as u16));
    }
    let weight = scene.world.engine.calls.weight();
    assert!(weight <= 1_024 * 4_096, "{weight}");
    assert_eq!((scene.world.engine.counts().calls.now, scene.flows().len()), (1_024, 2_048));
    assert!(opened(&scene) < 2_048, "some had no room");
}
