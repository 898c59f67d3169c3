//! Calls without SRTP, under each policy.
use super::super::world::addr;
use super::scene::{In, Out, PHONE, SERVER, Scene, config, dtls, plain, sdes, sdp};
use crate::engine::call::{Demand, How, State, Why};
use crate::engine::input::Via;

const PLAIN: [&str; 2] = ["192.0.2.1:10000<-203.0.113.7:4000 rtp", "192.0.2.1:10001<-203.0.113.7:4001 rtcp"];
const CLOSED: [&str; 2] = ["192.0.2.1:10000<-203.0.113.7:4000 refused", "192.0.2.1:10001<-203.0.113.7:4001 refused"];

/// Closed for whoever comes.
const SHUT: [&str; 2] = ["192.0.2.1:10000<-*:0 refused", "192.0.2.1:10001<-*:0 refused"];

#[test]
fn prefer_lets_a_plain_call_pass_and_tells_it() {
    let mut scene = Scene::new(&config("prefer", ""));
    scene.inbound(&plain(PHONE, 4_000), &plain(SERVER, 10_000));
    assert_eq!((scene.holes(), scene.record().legs[0].policy), (PLAIN.map(String::from).to_vec(), Demand::Prefer));
    assert_eq!(
        scene.records()[0].legs[0].refusal.as_ref().map(|it| (it.how, it.enforced)),
        Some((How::Answered, false))
    );
    assert_eq!(scene.world.engine.counts().calls.would_be, 1);
    let mut scene = Scene::new(&config("prefer", ""));
    scene.outbound(&plain(SERVER, 10_000), &plain(PHONE, 4_000));
    assert_eq!(
        scene.records()[0].legs[0].refusal.as_ref().map(|it| (it.how, it.enforced)),
        Some((How::OwnOffer, false))
    );
}

#[test]
fn prefer_knows_srtp_when_it_sees_it() {
    let mut scene = Scene::new(&config("prefer", ""));
    scene.inbound(&sdes(PHONE, 4_000), &sdes(SERVER, 10_000));
    assert_eq!((&*scene.holes()[0], scene.refusal()), ("192.0.2.1:10000<-203.0.113.7:4000 rtp srtp", None));
}

#[test]
fn a_plain_call_by_tcp_goes_on_without_media() {
    let mut scene = Scene::strict();
    scene.via = Via::Tcp;
    scene.inbound(&plain(PHONE, 4_000), &plain(SERVER, 10_000));
    assert_eq!((scene.holes(), scene.state()), (CLOSED.map(String::from).to_vec(), State::Up));
    assert_eq!(scene.refusal(), Some((How::NoMedia, Why::Plain, true)));
    assert!(!scene.record().legs[0].streams[0].open);
    assert_eq!((scene.answers().len(), scene.world.engine.counts().calls.no_media), (0, 1));
}

#[test]
fn what_is_only_monitored_is_not_enforced() {
    let mut scene = Scene::new(&format!("monitor = true\n{}", config("srtp-only", "")));
    scene.inbound(&plain(PHONE, 4_000), &plain(SERVER, 10_000));
    assert_eq!(scene.refusal(), Some((How::NoMedia, Why::Plain, false)));
    assert_eq!(scene.world.engine.counts().calls.would_be, 1);
}

#[test]
fn an_answer_that_downgrades_stays_closed() {
    let offers = [
        sdes(PHONE, 4_000),
        dtls(PHONE, 4_000, ""),
        sdp(PHONE, "m=audio 4000 RTP/AVP 0|a=crypto:1 AES_CM_128_HMAC_SHA1_80 KEY"),
    ];
    for offer in offers {
        let mut scene = Scene::strict();
        scene.inbound(&offer, &plain(SERVER, 10_000));
        assert_eq!(
            (scene.holes(), scene.refusal()),
            (CLOSED.map(String::from).to_vec(), Some((How::NoMedia, Why::Downgrade, true)))
        );
    }
    let mut scene = Scene::strict();
    scene.outbound(&sdes(SERVER, 10_000), &plain(PHONE, 4_000));
    assert_eq!(
        (scene.holes(), scene.refusal()),
        (CLOSED.map(String::from).to_vec(), Some((How::NoMedia, Why::Downgrade, true)))
    );
}

#[test]
fn an_answer_must_take_what_was_offered() {
    let crypto = |suite: &str| sdp(SERVER, &format!("m=audio 10000 RTP/SAVP 0|a=crypto:1 {suite}"));
    for (answer, why) in [
        (crypto("AEAD_AES_256_GCM KEY"), Why::Suite),
        (crypto("AES_CM_128_HMAC_SHA1_32 KEY"), Why::Suite),
        (crypto("AES_CM_128_HMAC_SHA1_80 KEY UNENCRYPTED_SRTP"), Why::Unprotected),
        (dtls(SERVER, 10_000, ""), Why::KeyManagement),
        (sdp(SERVER, "m=audio 10000 RTP/SAVP 0"), Why::Downgrade),
    ] {
        let mut scene = Scene::strict();
        scene.inbound(&sdes(PHONE, 4_000), &answer);
        assert_eq!(scene.refusal(), Some((How::NoMedia, why, true)), "{answer}");
        assert!(scene.holes()[0].ends_with("refused"));
    }
}

#[test]
fn a_peer_may_have_a_policy_of_its_own() {
    let peer =
        |media: &str| format!("[[peer]]\nname = \"carrier\"\nprefixes = [\"198.51.100.0/24\"]\nmedia = \"{media}\"");
    let of = |global: &str, media: &str| {
        let mut scene = Scene::new(&config(global, &peer(media)));
        (scene.peer, scene.kind, scene.remote) = (1, firewall_common::copy::Kind::Peer, addr("198.51.100.1"));
        scene.outbound(&plain(SERVER, 10_000), &plain("198.51.100.1", 4_000));
        let leg = &scene.record().legs[0];
        (scene.holes()[0].rsplit(' ').next().unwrap().to_owned(), leg.policy, leg.refusal.is_some())
    };
    assert_eq!(of("srtp-only", "off"), ("rtp".to_owned(), Demand::Off, false));
    assert_eq!(of("srtp-only", "prefer"), ("rtp".to_owned(), Demand::Prefer, true));
    assert_eq!(of("srtp-only", "default"), ("refused".to_owned(), Demand::SrtpOnly, true));
    assert_eq!(of("off", "srtp-only"), ("refused".to_owned(), Demand::SrtpOnly, true));
}

#[test]
fn what_cannot_be_read_gets_no_media() {
    let unreadable = Some((How::NoMedia, Why::Unreadable, true));
    let many = |address: &str, first: u16| {
        sdp(address, &format!("{}m=audio {first} RTP/AVP 0", "m=audio 0 RTP/AVP 0|".repeat(16)))
    };
    for (offer, answer) in [
        (sdes(PHONE, 4_000), sdes(SERVER, 10_000).replace("v=0", "v=7")),
        ("v=1\r\n".to_owned(), sdes(SERVER, 10_000)),
        (many(PHONE, 4_000), many(SERVER, 10_000)),
    ] {
        let mut scene = Scene::strict();
        scene.inbound(&offer, &answer);
        assert_eq!((scene.holes(), scene.refusal()), (SHUT.map(String::from).to_vec(), unreadable), "{offer}");
        assert_eq!(scene.flows()[0].signalling, addr(PHONE));
        let mut scene = Scene::strict();
        scene.outbound(&answer.replace("v=7", "v=0"), "v=1\r\n");
        assert_eq!((scene.holes(), scene.refusal()), (SHUT.map(String::from).to_vec(), unreadable));
        scene.ask(Out, "BYE", 2, ("o", "r"), "").reply(In, 200, ("BYE", 2), ("o", "r"), "");
        assert_eq!(scene.holes().len(), 0);
    }
    let mut scene = Scene::strict();
    scene.headers = "Content-Encoding: gzip\r\n".to_owned();
    scene.ask(In, "INVITE", 1, ("r", ""), &sdes(PHONE, 4_000));
    scene.headers.clear();
    scene.reply(Out, 200, ("INVITE", 1), ("r", "o"), &sdes(SERVER, 10_000));
    assert_eq!((scene.holes(), scene.refusal()), (SHUT.map(String::from).to_vec(), unreadable));
}

#[test]
fn what_matches_no_offer_or_has_no_answer_stays_closed() {
    let shut = SHUT.map(String::from).to_vec();
    // Our side offers in its 2xx, and the ACK says nothing.
    let mut scene = Scene::strict();
    scene.inbound("", &sdes(SERVER, 10_000));
    assert_eq!((scene.holes(), scene.state()), (shut.clone(), State::Up));
    scene.ask(In, "ACK", 1, ("r", "o"), &sdes(PHONE, 4_000));
    assert!(scene.holes()[0].ends_with("rtp srtp"), "the answer came after all");
    // Our side's offer is accepted without an answer.
    let mut scene = Scene::strict();
    scene.outbound(&sdes(SERVER, 10_000), "");
    assert_eq!((scene.holes(), scene.state()), (shut.clone(), State::Up));
    // A description in a response to an INVITE that was not heard, of ports that are not agreed on.
    let mut scene = Scene::strict();
    scene.inbound(&sdes(PHONE, 4_000), &sdes(SERVER, 10_010));
    scene.reply(Out, 200, ("INVITE", 7), ("r", "o"), &sdes(SERVER, 10_000));
    assert_eq!(scene.holes()[2..], shut);
    assert!(scene.holes()[0].ends_with("rtp srtp"));
    // Under another policy, nothing is closed.
    let mut scene = Scene::new(&config("prefer", ""));
    scene.inbound("v=1\r\n", &sdes(SERVER, 10_000));
    assert_eq!(scene.times(), 0);
}

#[test]
fn a_line_that_only_our_side_uses_stays_closed() {
    let crypto = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 KEY";
    let ours = sdp(SERVER, &format!("m=audio 10002 RTP/SAVP 0|{crypto}|m=audio 10000 RTP/AVP 0"));
    for more in ["", "|m=audio 0 RTP/AVP 0"] {
        let mut scene = Scene::strict();
        scene.inbound(&sdp(PHONE, &format!("m=audio 4002 RTP/SAVP 0|{crypto}{more}")), &ours);
        assert_eq!(scene.holes()[2..], SHUT);
        assert_eq!((scene.holes().len(), scene.refusal()), (4, None));
    }
}
