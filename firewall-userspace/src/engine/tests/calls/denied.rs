//! Requests that the kernel dropped for whom they call, or who calls.
use firewall_common::copy::Kind;
use firewall_common::limiter::HashKey;
use firewall_common::reason::Reason;

use super::scene::{In, Out, PHONE, Scene, config, plain};
use crate::engine::call::{Decided, State};
use crate::engine::input::Via;

/// A scene in which calls are followed, and nothing is asked of media.
fn scene() -> Scene {
    let mut scene = Scene::new("[calls]\nlog = true\n");
    scene.world.engine.set_refusal_key(HashKey([3, 4]));
    scene
}

/// The kernel drops an INVITE for this reason.
fn denied(scene: &mut Scene, reason: Reason, cseq: u32) -> Option<String> {
    let before = scene.answers().len();
    (scene.refused, scene.reason) = (true, reason);
    scene.ask(In, "INVITE", cseq, ("r", ""), &plain(PHONE, 4_000));
    scene.answers().get(before).map(|answer| String::from_utf8(answer.bytes.clone()).unwrap())
}

fn decided(by: &str, status: Option<u16>) -> Option<Decided> {
    Some(Decided { by: by.to_owned(), status, enforced: true })
}

#[test]
fn each_reason_has_its_status_and_its_words() {
    for (reason, first, words) in [
        (Reason::NumberDenied, "SIP/2.0 403 Forbidden", "number denied by policy"),
        (Reason::NumberUnlisted, "SIP/2.0 403 Forbidden", "number not among those that may be called"),
        (Reason::CallCode, "SIP/2.0 403 Forbidden", "number needs a valid call code"),
        (Reason::CallerDenied, "SIP/2.0 603 Decline", "caller denied by policy"),
        (Reason::CallerSpoofed, "SIP/2.0 603 Decline", "caller is one of ours and calls from outside"),
        (Reason::CallerAnonymous, "SIP/2.0 433 Anonymity Disallowed", "caller must say who he is"),
    ] {
        let mut scene = scene();
        let text = denied(&mut scene, reason, 1).unwrap();
        assert_eq!(text.lines().next(), Some(first));
        assert!(text.contains(&format!("\r\nWarning: 399 192.0.2.1:5060 \"{words}\"\r\n")), "{text}");
        assert!(text.contains(";tag=sipfw"), "the kernel knows the ACK by it");
        assert_eq!(scene.state(), State::Refused);
        let status = first[8..11].parse().ok();
        assert_eq!((scene.record().decided.clone(), scene.refusal()), (decided(reason.word(), status), None));
    }
}

#[test]
fn what_nobody_answers_is_told_or_nothing() {
    for reason in [Reason::DialogIntruder, Reason::RateInvite, Reason::DeviceBlocked] {
        let mut scene = scene();
        assert_eq!(denied(&mut scene, reason, 1), None);
        assert!(scene.records().is_empty(), "{reason:?}");
    }
    let mut scene = scene();
    (scene.refused, scene.reason) = (true, Reason::OwnNumber);
    scene.ask(Out, "INVITE", 1, ("o", ""), "");
    assert_eq!((scene.state(), scene.answers().len()), (State::Refused, 0));
    assert_eq!(scene.record().decided, decided("own_number", None));
    assert_eq!(scene.world.engine.counts().calls.own_offers, 1);
}

#[test]
fn over_a_connection_there_is_a_record_and_no_datagram() {
    let mut scene = scene();
    scene.via = Via::Tcp;
    assert_eq!(denied(&mut scene, Reason::NumberDenied, 1), None);
    assert_eq!(scene.record().decided, decided("number_denied", None));
}

#[test]
fn a_refer_is_answered_and_begins_no_call() {
    let mut scene = scene();
    scene.inbound("", "");
    let before = scene.records().len();
    (scene.refused, scene.reason) = (true, Reason::NumberDenied);
    scene.ask(In, "REFER", 2, ("r", "o"), "");
    let text = String::from_utf8(scene.answers()[0].bytes.clone()).unwrap();
    assert!(
        text.starts_with("SIP/2.0 403 ") && text.contains(";tag=o\r\n") && text.contains("CSeq: 2 REFER"),
        "{text}"
    );
    assert_eq!((scene.records().len(), scene.state()), (before, State::Up));
    scene.ask(In, "REFER", 3, ("r", "o"), "").reply(Out, 202, ("REFER", 3), ("r", "o"), "");
    assert_eq!(scene.state(), State::Up, "one that passed changes nothing either");
}

#[test]
fn an_answer_is_never_larger_than_its_request() {
    for reason in [Reason::NumberUnlisted, Reason::CallerAnonymous, Reason::CallerSpoofed] {
        let mut scene = scene();
        for len in 0..80 {
            let subject = "z".repeat(2 * len);
            let text = format!(
                "INVITE sip:1@b SIP/2.0\r\nv: SIP/2.0/UDP 203.0.113.7;branch=z9hG4bK{len}\r\nf: <sip:a>;tag=1\r\nt: <sip:b>\r\ni: 1\r\n\
                 CSeq: 1 INVITE\r\ns: {subject}\r\nl: 0\r\n\r\n"
            );
            (scene.refused, scene.reason) = (true, reason);
            let before = scene.answers().len();
            scene.see(In, text.as_bytes());
            let sizes: Vec<usize> = scene.answers()[before..].iter().map(|answer| answer.bytes.len()).collect();
            assert!(sizes.iter().all(|size| *size <= text.len()), "{sizes:?} of {}", text.len());
        }
        assert!(scene.answers().len() > 10, "most get one, without the words at least");
    }
}

#[test]
fn a_call_that_passes_at_the_second_try_was_not_refused() {
    let mut scene = scene();
    assert!(denied(&mut scene, Reason::CallCode, 1).is_some());
    assert!(denied(&mut scene, Reason::CallCode, 1).is_some(), "a retransmission");
    assert_eq!(scene.world.engine.counts().calls.refused, 1);
    scene.ask(In, "INVITE", 2, ("r", ""), "").reply(Out, 200, ("INVITE", 2), ("r", "o"), "");
    assert_eq!((scene.state(), scene.record().decided.clone()), (State::Up, None));
}

#[test]
fn a_forged_invite_to_a_denied_number_ends_no_call_that_is_up() {
    let mut scene = scene();
    scene.inbound("", "");
    denied(&mut scene, Reason::NumberDenied, 9);
    assert_eq!((scene.state(), scene.record().decided.clone()), (State::Up, None));
}

#[test]
fn floods_of_denied_calls_are_counted_and_not_all_told() {
    let mut scene = scene();
    scene.kind = Kind::Stranger;
    for n in 0..200 {
        scene.call = format!("call{n}");
        denied(&mut scene, Reason::NumberDenied, 1);
    }
    assert_eq!(scene.world.engine.counts().calls.refused, 200);
    assert!((1..=20).contains(&scene.records().len()), "{}", scene.records().len());
}

#[test]
fn what_was_decided_about_media_is_told_in_the_same_way() {
    let mut scene = Scene::new(&config("srtp-only", ""));
    scene.world.engine.set_refusal_key(HashKey([3, 4]));
    denied(&mut scene, Reason::PlainRtp, 1);
    assert_eq!(scene.record().decided, decided("plain_rtp", Some(488)));
    let mut scene = Scene::new(&config("prefer", ""));
    scene.inbound(&plain(PHONE, 4_000), &plain("192.0.2.1", 10_000));
    let expected = Decided { by: "refused_media".to_owned(), status: None, enforced: false };
    assert_eq!(scene.record().decided, Some(expected));
    assert!(
        Scene::new("[calls]\nlog = true\n[media]\nports = [\"10000-20000\"]\n")
            .inbound(&plain(PHONE, 4_000), &plain("192.0.2.1", 10_000))
            .holes()
            .is_empty(),
        "nobody judges media"
    );
}
