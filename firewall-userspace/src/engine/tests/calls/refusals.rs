//! INVITEs that the kernel dropped, and what is answered to them.
use firewall_common::copy::Kind;
use firewall_common::limiter::HashKey;

use super::super::world::addr;
use super::scene::{In, Out, PHONE, SERVER, Scene, config, plain, sdes, sdp};
use crate::engine::call::{How, State, Why};
use crate::engine::command::Answer;

const KERNEL: HashKey = HashKey([3, 4]);

/// A scene in which the kernel drops a plain INVITE, and has its key.
fn strict() -> Scene {
    let mut scene = Scene::strict();
    scene.world.engine.set_refusal_key(KERNEL);
    scene
}

/// The kernel drops an INVITE that is this text.
fn dropped(scene: &mut Scene, text: &str) -> Option<Answer> {
    let before = scene.answers().len();
    scene.refused = true;
    scene.see(In, text.as_bytes());
    scene.answers().get(before).map(|answer| (*answer).clone())
}

fn invite(head: &str, body: &str) -> String {
    let head = head.replace('|', "\r\n");
    format!(
        "INVITE sip:200@example.com SIP/2.0\r\n{head}\r\nMax-Forwards: 70\r\nContact: <sip:100@10.0.0.5:5062>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

const HEAD: &str = "Via: SIP/2.0/UDP 203.0.113.7:5062;branch=z9hG4bKnashds7|From: Alice <sip:100@example.com>;tag=a73|\
    To: <sip:200@example.com>|Call-ID: 1j9F@phone|CSeq: 5 INVITE";

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.bytes.clone()).unwrap()
}

#[test]
fn the_answer_byte_for_byte() {
    let mut scene = strict();
    let answer = dropped(&mut scene, &invite(HEAD, &plain(PHONE, 4_000))).unwrap();
    let text = text(&answer);
    let tag = text.split(";tag=sipfw").nth(1).and_then(|rest| rest.get(..25)).unwrap();
    assert!(tag.chars().enumerate().all(|(at, c)| if at == 16 { c == '-' } else { c.is_ascii_hexdigit() }), "{tag}");
    let expected = format!(
        "SIP/2.0 488 Not Acceptable Here\r\nVia: SIP/2.0/UDP 203.0.113.7:5062;branch=z9hG4bKnashds7\r\n\
         From: Alice <sip:100@example.com>;tag=a73\r\nTo: <sip:200@example.com>;tag=sipfw{tag}\r\nCall-ID: 1j9F@phone\r\n\
         CSeq: 5 INVITE\r\nWarning: 302 192.0.2.1:5060 \"RTP without keys: offer SRTP with a=crypto or \
         a=fingerprint\"\r\nContent-Length: 0\r\n\r\n"
    );
    assert_eq!(text, expected);
    assert_eq!((answer.from, answer.to), ((addr(SERVER), 5_060), (addr(PHONE), 5_062)), "the Via's port");
}

#[test]
fn a_retransmission_gets_the_same_bytes_and_another_transaction_others() {
    let mut scene = strict();
    let first = dropped(&mut scene, &invite(HEAD, &plain(PHONE, 4_000)));
    assert_eq!(dropped(&mut scene, &invite(HEAD, &plain(PHONE, 4_000))), first);
    let next = HEAD.replace("5 INVITE", "6 INVITE").replace("nashds7", "nashds8");
    let other = dropped(&mut scene, &invite(&next, &plain(PHONE, 4_000)));
    let tag = |answer: &Option<Answer>| {
        let text = text(answer.as_ref().unwrap());
        text.split(";tag=sipfw").nth(1).unwrap().get(..25).unwrap().to_owned()
    };
    assert_eq!(tag(&first)[..16], tag(&other)[..16], "the source's part is what the kernel knows");
    assert_ne!(tag(&first), tag(&other));
    scene.remote = addr("203.0.113.8");
    let elsewhere = dropped(&mut scene, &invite(HEAD, &plain(PHONE, 4_000)));
    assert_ne!(tag(&first)[..16], tag(&elsewhere)[..16]);
}

#[test]
fn where_it_goes_and_what_the_via_says_of_it() {
    let mut scene = strict();
    scene.remote_port = 6_000;
    for (via, expected, port) in [
        ("SIP/2.0/UDP 203.0.113.7;branch=z9hG4bKa", "SIP/2.0/UDP 203.0.113.7;branch=z9hG4bKa", 5_060),
        (
            "SIP/2.0/UDP 10.0.0.5:5070;branch=z9hG4bKa",
            "SIP/2.0/UDP 10.0.0.5:5070;branch=z9hG4bKa;received=203.0.113.7",
            5_070,
        ),
        ("SIP/2.0/UDP a.example;branch=z9hG4bKa", "SIP/2.0/UDP a.example;branch=z9hG4bKa;received=203.0.113.7", 5_060),
        (
            "SIP/2.0/UDP 203.0.113.7:5070;rport;branch=z9hG4bKa",
            "SIP/2.0/UDP 203.0.113.7:5070;rport=6000;branch=z9hG4bKa;received=203.0.113.7",
            6_000,
        ),
        (
            "SIP/2.0/UDP 10.0.0.5;branch=z9hG4bKa;x=\"a;rport,b\\\"\"; rport = ;received=1.1.1.1;y",
            "SIP/2.0/UDP 10.0.0.5;branch=z9hG4bKa;x=\"a;rport,b\\\"\";rport=6000;y;received=203.0.113.7",
            6_000,
        ),
        (
            "SIP/2.0/UDP 10.0.0.5;branch=z9hG4bKa;maddr=198.51.100.9, SIP/2.0/UDP b.example;rport;branch=z9hG4bKb",
            "SIP/2.0/UDP 10.0.0.5;branch=z9hG4bKa;maddr=198.51.100.9;received=203.0.113.7, SIP/2.0/UDP b.example;rport;branch=z9hG4bKb",
            5_060,
        ),
    ] {
        let head = HEAD.replace("SIP/2.0/UDP 203.0.113.7:5062;branch=z9hG4bKnashds7", via);
        let answer = dropped(&mut scene, &invite(&head, &plain(PHONE, 4_000))).expect(via);
        assert!(text(&answer).contains(&format!("\r\nVia: {expected}\r\n")), "{via}: {}", text(&answer));
        assert_eq!(answer.to, (addr(PHONE), port), "{via}");
    }
}

#[test]
fn several_vias_stay_in_order_and_odd_bytes_as_they_are() {
    let mut scene = strict();
    let head = "v: SIP/2.0/UDP 203.0.113.7;branch=z9hG4bK1|Via: SIP/2.0/TCP b.example;branch=z9hG4bK2|f: \"J\u{fc}rg\"|  \
        <sip:100@example.com>;tag=a73|t: sip:200@example.com|i: 1|v: SIP/2.0/UDP c.example;branch=z9hG4bK3|CSeq: 1 INVITE";
    let latin1 = |text: &str| text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect::<Vec<u8>>();
    scene.refused = true;
    scene.see(In, &latin1(&invite(head, &plain(PHONE, 4_000))));
    let answer = scene.answers()[0].clone();
    let text: String = answer.bytes.iter().copied().map(char::from).collect();
    let places: Vec<usize> =
        ["z9hG4bK1", "z9hG4bK2", "z9hG4bK3"].iter().map(|branch| text.find(branch).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
    assert!(text.contains("\r\nFrom: \"J\u{fc}rg\" <sip:100@example.com>;tag=a73\r\n"), "{text}");
    assert!(text.contains("\r\nTo: sip:200@example.com;tag=sipfw"), "{text}");
}

#[test]
fn over_ipv6_too() {
    let mut scene = strict();
    (scene.remote, scene.local, scene.remote_port) = (addr("2001:db8::7"), addr("2001:db8::1"), 5_070);
    let head = HEAD.replace("203.0.113.7:5062", "[2001:db8:0::7]").replace(";branch", ";rport;branch");
    let answer = dropped(&mut scene, &invite(&head, &plain("2001:db8::7", 4_000))).unwrap();
    let text = text(&answer);
    assert!(
        text.contains("Via: SIP/2.0/UDP [2001:db8:0::7];rport=5070;branch=z9hG4bKnashds7;received=2001:db8::7\r\n"),
        "{text}"
    );
    assert!(text.contains("Warning: 302 [2001:db8::1]:5060 \""), "{text}");
    assert_eq!((answer.from, answer.to), ((addr("2001:db8::1"), 5_060), (addr("2001:db8::7"), 5_070)));
}

#[test]
fn an_answer_is_never_larger_than_its_request() {
    let mut scene = strict();
    let whole = dropped(&mut scene, &invite(HEAD, &plain(PHONE, 4_000))).unwrap().bytes.len();
    let short = "v=0\r\nm=audio 4000 RTP/AVP 0\r\n";
    let request = invite(HEAD, short).replace("Max-Forwards: 70\r\n", "");
    assert!(request.len() < whole);
    let bare = dropped(&mut scene, &request).unwrap();
    assert!(
        bare.bytes.len() <= request.len()
            && !text(&bare).contains("Warning")
            && text(&bare).ends_with("Content-Length: 0\r\n\r\n")
    );
    let head = "v:SIP/2.0/UDP h;rport|f:<sip:a@h>;tag=1|t:<sip:b@h>|i:1|CSeq:1 INVITE";
    let tiny = format!("INVITE sip:b@h SIP/2.0\r\n{}\r\nc:application/sdp\r\n\r\n{short}", head.replace('|', "\r\n"));
    assert_eq!(dropped(&mut scene, &tiny), None);
    assert_eq!(scene.world.engine.counts().calls.unanswerable, 1);
}

#[test]
fn a_refused_call_is_told_with_its_reason_once() {
    let mut scene = strict();
    for _ in 0..3 {
        scene.refused = true;
        scene.ask(In, "INVITE", 1, ("r", ""), &plain(PHONE, 4_000));
    }
    assert_eq!((scene.answers().len(), scene.records().len()), (3, 1));
    assert_eq!((scene.state(), scene.refusal()), (State::Refused, Some((How::Answered, Why::Plain, true))));
    assert_eq!(scene.record().legs[0].refusal.as_ref().unwrap().line, "m=audio 4000 RTP/AVP 0");
    assert_eq!((scene.world.engine.counts().calls.refused, scene.times()), (1, 0));
}

#[test]
fn each_reason_has_its_words() {
    for (lines, why, word) in [
        ("m=audio 4000 RTP/AVP 0", Why::Plain, "RTP without keys:"),
        ("m=audio 4000 RTP/SAVP 0", Why::NoKeys, "SRTP without keys:"),
        ("m=audio 4000 RTP/SAVP 0|a=crypto:1 AES_CM_128_HMAC_SHA1_32 KEY", Why::Suite, "no accepted crypto suite:"),
        (
            "m=audio 4000 RTP/SAVP 0|a=crypto:1 AES_CM_128_HMAC_SHA1_80 KEY UNENCRYPTED_SRTP",
            Why::Unprotected,
            "turned off:",
        ),
        ("m=image 4000 udptl t38", Why::Kind, "media of a kind"),
        ("m=audio 4000 RTP/SAVP 0|a=key-mgmt:mikey AA", Why::KeyManagement, "keys agreed on in a way"),
    ] {
        let mut scene = strict();
        scene.refused = true;
        scene.ask(In, "INVITE", 1, ("r", ""), &sdp(PHONE, lines));
        assert_eq!(scene.refusal(), Some((How::Answered, why, true)), "{lines}");
        assert!(text(scene.answers()[0]).contains(word), "{lines}");
    }
}

#[test]
fn a_phone_that_then_offers_srtp_has_its_call() {
    let mut scene = strict();
    scene.refused = true;
    scene.ask(In, "INVITE", 1, ("r", ""), &plain(PHONE, 4_000)).ask(In, "INVITE", 2, ("r", ""), &sdes(PHONE, 4_000));
    scene.reply(Out, 200, ("INVITE", 2), ("r", "o"), &sdes(SERVER, 10_000));
    assert_eq!((scene.holes().len(), scene.state(), scene.refusal()), (2, State::Up, None));
}

#[test]
fn a_refused_reinvite_leaves_the_call_as_it_was() {
    let mut scene = strict();
    scene.inbound(&sdes(PHONE, 4_000), &sdes(SERVER, 10_000));
    let before = scene.holes();
    scene.refused = true;
    scene.ask(In, "INVITE", 2, ("r", "o"), &plain(PHONE, 4_000));
    assert!(text(scene.answers()[0]).contains("To: <sip:200@example.com>;tag=o\r\n"), "its own tag");
    assert_eq!((scene.holes(), scene.state()), (before, State::Up));
    assert_eq!(scene.refusal(), Some((How::Answered, Why::Plain, true)));
}

#[test]
fn our_own_plain_offer_is_told_and_not_answered() {
    let mut scene = strict();
    for _ in 0..2 {
        scene.refused = true;
        scene.ask(Out, "INVITE", 1, ("o", ""), &plain(SERVER, 10_000));
    }
    assert_eq!((scene.answers().len(), scene.records().len()), (0, 1));
    assert_eq!((scene.state(), scene.refusal()), (State::Refused, Some((How::OwnOffer, Why::Plain, true))));
    assert_eq!(scene.world.engine.counts().calls.own_offers, 1);
}

#[test]
fn where_the_engine_disagrees_with_the_kernel_it_answers_and_counts() {
    let mut scene = strict();
    scene.refused = true;
    scene.ask(In, "INVITE", 1, ("r", ""), &sdes(PHONE, 4_000));
    assert_eq!((scene.answers().len(), scene.world.engine.counts().calls.disagreements), (1, 1));
    assert_eq!(scene.state(), State::Refused);
}

#[test]
fn nobody_is_judged_by_an_invite_that_was_dropped() {
    let mut scene = Scene::new(&config("srtp-only", "[bans]\nunproven = \"2/10min\"\ninvite_spray = \"2/10min\""));
    scene.kind = Kind::Stranger;
    for cseq in 1..50 {
        scene.refused = true;
        scene.ask(In, "INVITE", cseq, ("r", ""), &plain(PHONE, 4_000));
    }
    scene.world.wait(120_000);
    assert!(scene.world.bans().is_empty() && scene.world.holds().is_empty());
    assert_eq!(scene.world.engine.counts().requests, 0);
}

#[test]
fn refusals_of_strangers_do_not_fill_the_disk() {
    let mut scene = strict();
    scene.kind = Kind::Stranger;
    let sources = 500u32;
    for n in 0..sources {
        (scene.remote, scene.call) =
            (firewall_common::addr::Addr::from_v4((0xc633_6400 + n).to_be_bytes()), format!("c{n}"));
        scene.refused = true;
        scene.ask(In, "INVITE", 1, ("r", ""), &plain(PHONE, 4_000));
    }
    assert_eq!(scene.answers().len(), 500);
    assert_eq!(scene.records().len(), 20, "in half a second");
    assert_eq!(scene.world.engine.counts().calls.refused, 500);
}

#[test]
fn whoever_writes_a_peers_address_fills_neither_table_nor_disk_nor_peer() {
    let mut scene = Scene::new(&config(
        "srtp-only",
        "[tracking]\ncalls = 1024\n[[peer]]\nname = \"carrier\"\nprefixes = [\"203.0.113.0/24\"]",
    ));
    (scene.kind, scene.peer) = (Kind::Peer, 1);
    scene.call = "real".to_owned();
    scene.inbound(&sdes(PHONE, 4_000), &sdes(SERVER, 10_000));
    let told = scene.records().len();
    scene.world.wait(1_000 - scene.world.clock().mono_ns / 1_000_000 % 1_000);
    for n in 0..5_000u32 {
        scene.call = format!("c{n}");
        scene.refused = true;
        scene.ask(In, "INVITE", 1, ("r", ""), &plain(PHONE, 4_000));
    }
    let counts = scene.world.engine.counts().calls;
    assert_eq!((counts.now, counts.left_out), (513, 0), "half of the room, and the real one");
    assert!((500..=600).contains(&scene.answers().len()), "100 in each of five seconds: {}", scene.answers().len());
    assert_eq!(counts.answers + counts.answers_spared, 5_000);
    assert!(scene.records().len() - told <= 120);
    // Whoever then offers SRTP is somebody.
    scene.call = "c4999".to_owned();
    scene.ask(In, "INVITE", 2, ("r", ""), &sdes(PHONE, 4_000));
    assert_eq!(scene.state(), State::Calling);
}
