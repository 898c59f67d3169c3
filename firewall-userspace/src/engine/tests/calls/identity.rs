//! Signatures of callers: which are verified, and what follows from what came of it.
use firewall_common::copy::Kind;

use super::scene::{In, Out, PHONE, SERVER, Scene, config, sdes};
use crate::engine::call::{Attestation, Identity, Verdict};
use crate::engine::command::{Command, Verify};
use crate::engine::evidence::Rule;
use crate::engine::input::{Verified, Via};

fn scene(stir: &str) -> Scene {
    let peer = "[[peer]]\nname = \"carrier\"\nprefixes = [\"198.51.100.0/24\"]\nstir = \"off\"\n";
    let mut scene = Scene::new(&config("srtp-only", &format!("[stir]\npolicy = \"{stir}\"\n{peer}")));
    scene.headers = "Identity: x\r\n".to_owned();
    scene
}

fn asked(scene: &Scene) -> Vec<Verify> {
    let all = scene.world.commands.iter();
    all.filter_map(|it| if let Command::Verify(verify) = it { Some((**verify).clone()) } else { None }).collect()
}

/// The last claim comes to this.
fn comes_to(scene: &mut Scene, verdict: Verdict) {
    let signed = asked(scene).last().unwrap().signed;
    let identity = Identity { attestation: Some(Attestation::A), verdict, signer: "CN=Carrier".to_owned() };
    let clock = scene.world.clock();
    scene.world.engine.verified(&Verified { signed, identity }, clock, &mut scene.world.commands);
}

#[test]
fn a_claim_is_verified_once_and_its_result_stands_in_the_record() {
    let mut scene = scene("log");
    scene.inbound(&sdes(PHONE, 4_000), &sdes(SERVER, 10_000)).ask(In, "INVITE", 1, ("r", ""), &sdes(PHONE, 4_000));
    assert_eq!(asked(&scene).len(), 1);
    assert_eq!(scene.record().identity.as_ref().unwrap().verdict, Verdict::Pending);
    comes_to(&mut scene, Verdict::Signature);
    let record = scene.record();
    let identity = record.identity.clone().unwrap();
    assert_eq!((identity.verdict, &*identity.signer, record.decided.clone()), (Verdict::Signature, "CN=Carrier", None));
    assert_eq!(scene.holes().len(), 2, "only told");
    assert_eq!(scene.world.engine.counts().identities["signature"], 1);
}

#[test]
fn another_claim_of_the_same_call_is_verified_and_an_older_result_does_not_count() {
    let mut scene = scene("log");
    scene.ask(In, "INVITE", 1, ("r", ""), &sdes(PHONE, 4_000));
    let first = asked(&scene).remove(0).signed;
    scene.headers = "y: z\r\n".to_owned();
    scene.ask(In, "INVITE", 2, ("r", ""), &sdes(PHONE, 4_000));
    assert_eq!(asked(&scene).len(), 2);
    comes_to(&mut scene, Verdict::Valid);
    let old = Identity { attestation: None, verdict: Verdict::Stale, signer: String::new() };
    let clock = scene.world.clock();
    scene.world.engine.verified(&Verified { signed: first, identity: old }, clock, &mut scene.world.commands);
    assert_eq!(scene.record().identity.as_ref().unwrap().verdict, Verdict::Valid);
    for n in 3..9 {
        scene.headers = format!("y: {n}\r\n");
        scene.ask(In, "INVITE", n, ("r", ""), &sdes(PHONE, 4_000));
    }
    assert_eq!(asked(&scene).len(), 4, "no call makes us work without end");
}

#[test]
fn nothing_is_verified_of_our_own_calls_of_dialogs_and_of_whom_the_policy_leaves_out() {
    let mut scene = scene("refuse");
    scene.outbound(&sdes(SERVER, 10_000), &sdes(PHONE, 4_000));
    scene.headers.clear();
    scene.call = "plain".to_owned();
    scene.inbound(&sdes(PHONE, 4_000), &sdes(SERVER, 10_000));
    scene.headers = "Identity: x\r\n".to_owned();
    scene.ask(In, "INVITE", 2, ("r", "o"), &sdes(PHONE, 4_000));
    (scene.kind, scene.peer, scene.call) = (Kind::Peer, 1, "peer".to_owned());
    scene.inbound(&sdes(PHONE, 4_000), &sdes(SERVER, 10_002));
    assert_eq!(asked(&scene), []);
    assert_eq!(scene.record().identity, None);
}

#[test]
fn a_refused_call_gets_no_media_whenever_its_result_comes() {
    for early in [true, false] {
        let mut scene = scene("refuse");
        scene.ask(In, "INVITE", 1, ("r", ""), &sdes(PHONE, 4_000));
        if early {
            comes_to(&mut scene, Verdict::Mismatch);
        }
        scene.reply(Out, 200, ("INVITE", 1), ("r", "o"), &sdes(SERVER, 10_000));
        if !early {
            assert!(!scene.holes().iter().any(|hole| hole.contains("refused")));
            comes_to(&mut scene, Verdict::Mismatch);
        }
        let holes = scene.holes();
        assert!(!holes.is_empty() && holes.iter().all(|hole| hole.contains("refused")), "{holes:?}");
        let decided = scene.record().decided.clone().unwrap();
        assert_eq!((&*decided.by, decided.status, decided.enforced), ("identity", None, true));
    }
}

#[test]
fn a_peers_bad_signature_raises_one_alarm() {
    let mut scene = scene("flag");
    // The second peer there is not in the config: the default holds for it.
    (scene.kind, scene.peer) = (Kind::Peer, 2);
    for n in 0..3 {
        scene.call = format!("call{n}");
        scene.ask(In, "INVITE", 1, ("r", ""), &sdes(PHONE, 4_000));
        comes_to(&mut scene, if n == 0 { Verdict::Valid } else { Verdict::Stale });
    }
    let rules = scene.world.commands.iter().filter_map(Command::rule);
    assert_eq!(rules.filter(|rule| *rule == Rule::Identity).count(), 1);
}

#[test]
fn who_sends_many_bad_ones_is_held_and_banned_if_that_is_proven() {
    for (via, is_ban) in [(Via::Udp, false), (Via::Tcp, true)] {
        let mut scene = scene("refuse");
        (scene.kind, scene.via) = (Kind::Stranger, via);
        for n in 0..40 {
            scene.call = format!("call{n}");
            scene.ask(In, "INVITE", 1, ("r", ""), &sdes(PHONE, 4_000));
            comes_to(&mut scene, Verdict::Signature);
        }
        let is =
            |command: &Command| command.rule() == Some(Rule::Identity) && matches!(command, Command::Ban(_)) == is_ban;
        assert!(scene.world.commands.iter().any(is), "{via:?}");
    }
}
