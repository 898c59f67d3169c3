//! Stories that nobody made up.
use proptest::prelude::*;

use super::super::world::addr;
use super::scene::{In, Out, Scene, config, dtls, plain, sdes, sdp};
use crate::engine::command::Command;
use crate::engine::input::Direction;

/// One message, or some time.
#[derive(Clone, Debug)]
struct Step {
    call: u8,
    remote: u8,
    from_remote: bool,
    refused: bool,
    method: u8,
    /// 0: a request.
    status: u16,
    cseq: u32,
    tags: (u8, u8),
    body: u8,
    wait: u64,
}

const METHODS: [&str; 6] = ["INVITE", "ACK", "BYE", "CANCEL", "PRACK", "UPDATE"];
const TAGS: [&str; 4] = ["r", "o", "x", ""];

fn step() -> impl Strategy<Value = Step> {
    let status = prop_oneof![6 => Just(0), 1 => Just(100), 2 => Just(183), 4 => Just(200), 1 => Just(401), 1 => Just(487), 1 => Just(491)];
    let method =
        prop_oneof![6 => Just(0u8), 2 => Just(1u8), 1 => Just(2u8), 1 => Just(3u8), 1 => Just(4u8), 1 => Just(5u8)];
    let wait = prop_oneof![20 => Just(0u64), 1 => 1_000u64..40_000, 1 => Just(700_000)];
    (0u8..3, 0u8..3, any::<bool>(), prop::bool::weighted(0.1), method, status, 1u32..4, (0u8..3, 0u8..4), 0u8..9, wait)
        .prop_map(|(call, remote, from_remote, refused, method, status, cseq, tags, body, wait)| Step {
            call,
            remote,
            from_remote,
            refused,
            method,
            status,
            cseq,
            tags,
            body,
            wait,
        })
}

fn body(number: u8, address: &str) -> String {
    let port = if address.starts_with("192.0.2.") { 10_000 } else { 4_000 };
    match number {
        0 | 1 => sdes(address, port),
        2 => sdes(address, port + 10),
        3 => plain(address, port),
        4 => dtls(address, port, "|a=ice-ufrag:u"),
        5 => sdp(
            "0.0.0.0",
            &format!("m=audio {port} RTP/SAVP 0|a=crypto:1 AES_CM_128_HMAC_SHA1_80 KEY|m=image {port} udptl t38"),
        ),
        6 => "v=0\r\nm=audio".to_owned(),
        _ => String::new(),
    }
}

fn play(scene: &mut Scene, step: &Step) {
    let remotes = ["203.0.113.7", "203.0.113.8", "2001:db8::7"];
    scene.world.wait(step.wait);
    (scene.remote, scene.call) = (addr(remotes[usize::from(step.remote)]), format!("c{}", step.call));
    let method = METHODS[usize::from(step.method)];
    scene.refused = step.refused && method == "INVITE" && step.status == 0;
    let from: Direction = if step.from_remote { In } else { Out };
    let body = body(step.body, if step.from_remote { remotes[usize::from(step.remote)] } else { "192.0.2.1" });
    let tags = (TAGS[usize::from(step.tags.0)], TAGS[usize::from(step.tags.1)]);
    match step.status {
        0 => scene.ask(from, method, step.cseq, tags, &body),
        status => scene.reply(from, status, (method, step.cseq), tags, &body),
    };
}

/// Small tables are soon swept.
const MORE: &str = "per_source = 6\nhold_silence = \"2min\"\n[tracking]\nsources = 1024\nprobes = 1024\naccounts = 1024\n\
    pairs = 1024\ntransactions = 1024\nnonces = 1024\nregistrations = 1024\nincidents = 1024\ncalls = 1024";

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_pinhole_outlives_its_call(steps in prop::collection::vec(step(), 1..60), strict in any::<bool>()) {
        let mut scene = Scene::new(&config(if strict { "srtp-only" } else { "prefer" }, MORE));
        for step in &steps {
            play(&mut scene, step);
            let open = scene.flows().iter().filter(|flow| flow.flags & 1 == 0).count();
            prop_assert!(open <= 3 * 6, "{:?}", scene.holes());
            if strict {
                prop_assert!(scene.flows().iter().all(|flow| flow.flags & (1 | 8 | 32 | 4) != 0), "{:?}", scene.holes());
            }
        }
        // All calls end, since nobody says anything any more: those that ring after ten minutes, the others by silence.
        for _ in 0..3 {
            scene.world.wait(20 * 60_000);
        }
        prop_assert_eq!(scene.holes(), Vec::<String>::new());
        let counts = scene.world.engine.counts().calls;
        prop_assert_eq!((counts.now, scene.world.engine.calls.weight()), (0, 0));
        prop_assert_eq!(scene.world.engine.calls.sources(), 0);
        let mut last = std::collections::HashMap::new();
        for command in &scene.world.commands {
            if let Command::Call(call) = command {
                last.insert(call.id, call.ended.is_some());
            }
        }
        prop_assert!(last.values().all(|ended| *ended));
    }
}
