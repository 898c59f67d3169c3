//! Calls with SRTP.
use firewall_common::media::{Codec, username_hash};

use super::super::world::addr;
use super::scene::{In, Out, PHONE, SERVER, Scene, dtls, sdes, sdp};
use crate::engine::call::{Demand, Keys, State};
use crate::engine::command::Command;
use crate::engine::input::Via;

const OPEN: [&str; 2] = ["192.0.2.1:10000<-203.0.113.7:4000 rtp srtp", "192.0.2.1:10001<-203.0.113.7:4001 rtcp"];

#[test]
fn a_call_with_sdes_opens_its_ports_and_closes_them() {
    let mut scene = Scene::strict();
    scene.inbound(&sdes(PHONE, 4_000), &sdes(SERVER, 10_000));
    assert_eq!((scene.holes(), scene.times()), (OPEN.map(String::from).to_vec(), 1));
    let record = scene.record();
    assert_eq!((record.state, &*record.from, &*record.to), (State::Up, "100@example.com", "200@example.com"));
    assert_eq!((&*record.agent, record.answered.is_some()), ("Phone/1.0", true));
    let leg = &record.legs[0];
    assert_eq!(
        (leg.inbound, leg.remote.to_string().as_str(), leg.policy),
        (true, "203.0.113.7:5060", Demand::SrtpOnly)
    );
    let stream = &leg.streams[0];
    assert_eq!(stream.keys, Some(Keys::Sdes("AES_CM_128_HMAC_SHA1_80".to_owned())));
    assert_eq!((&*stream.codec, &*stream.direction, stream.open), ("PCMU/8000", "sendrecv", true));
    scene.ask(In, "BYE", 2, ("r", "o"), "");
    assert_eq!(scene.holes(), OPEN, "not before the BYE is answered");
    scene.reply(Out, 200, ("BYE", 2), ("r", "o"), "");
    assert_eq!((scene.holes().len(), scene.state(), scene.times()), (0, State::Ended, 2));
    assert!(scene.record().ended.is_some());
}

#[test]
fn a_call_of_our_side_opens_the_same() {
    let mut scene = Scene::strict();
    scene.outbound(&sdes(SERVER, 10_000), &sdes(PHONE, 4_000));
    assert_eq!(scene.holes(), OPEN);
    assert!(!scene.record().legs[0].inbound);
    scene.ask(Out, "BYE", 2, ("o", "r"), "").reply(In, 200, ("BYE", 2), ("o", "r"), "");
    assert_eq!((scene.holes().len(), scene.state()), (0, State::Ended));
}

#[test]
fn pinholes_come_before_the_record_and_know_the_codec() {
    let mut scene = Scene::strict();
    scene.inbound(&sdes(PHONE, 4_000), &sdes(SERVER, 10_000));
    let at = scene.world.commands.iter().position(|command| matches!(command, Command::Pinholes(_))).unwrap();
    assert!(matches!(&scene.world.commands[at + 1], Command::Call(call) if call.state == State::Up));
    let [rtp, rtcp] = scene.flows()[..] else { panic!() };
    assert_eq!(rtp.codecs[0], Codec { payload_type: 0, bytes: 1, units: 1, reserved: 0 });
    assert_eq!((rtp.signalling, rtp.silence, rtcp.silence), (addr(PHONE), 60_000_000_000, 60_000_000_000));
    assert_eq!((rtp.limit.interval, rtcp.limit.interval), (5_000_000, 10_000_000), "four times 50 and 25 a second");
    assert_eq!((rtp.call, rtp.call == scene.record().id), (rtcp.call, true));
}

#[test]
fn dtls_with_mux_and_ice_is_one_flow() {
    let mut scene = Scene::strict();
    let offer = dtls(PHONE, 4_000, "|a=ice-ufrag:them|a=ice-pwd:x|a=candidate:1 1 UDP 1 10.0.0.5 4000 typ host");
    scene.inbound(&offer, &dtls(SERVER, 10_000, "|a=ice-ufrag:us|a=ice-pwd:y"));
    assert_eq!(scene.holes(), ["*:10000<-203.0.113.7:4000 rtp rtcp srtp dtls ice"]);
    assert_eq!(scene.flows()[0].ice, username_hash(b"us:them"));
    assert_eq!(scene.record().legs[0].streams[0].keys, Some(Keys::Dtls));
}

#[test]
fn mux_that_only_one_side_wants_is_none() {
    let mut scene = Scene::strict();
    let answer = sdp(SERVER, "m=audio 10000 UDP/TLS/RTP/SAVPF 0|a=fingerprint:sha-256 AA|a=rtcp:10009");
    scene.inbound(&dtls(PHONE, 4_000, ""), &answer);
    let expected = ["192.0.2.1:10000<-203.0.113.7:4000 rtp srtp dtls", "192.0.2.1:10009<-203.0.113.7:4001 rtcp dtls"];
    assert_eq!(scene.holes(), expected);
}

#[test]
fn an_opportunistic_offer_is_what_its_answer_makes_of_it() {
    let offer = sdp(PHONE, "m=audio 4000 RTP/AVP 0|a=crypto:1 AES_CM_128_HMAC_SHA1_80 KEY");
    let mut scene = Scene::strict();
    let answer = sdp(SERVER, "m=audio 10000 RTP/AVP 0|a=crypto:1 AES_CM_128_HMAC_SHA1_80 KEY");
    scene.inbound(&offer, &answer);
    assert_eq!((scene.holes(), scene.refusal()), (OPEN.map(String::from).to_vec(), None));
}

#[test]
fn a_delayed_offer_is_answered_by_the_ack() {
    let mut scene = Scene::strict();
    scene.ask(In, "INVITE", 1, ("r", ""), "").reply(Out, 200, ("INVITE", 1), ("r", "o"), &sdes(SERVER, 10_000));
    assert_eq!(scene.times(), 0);
    scene.ask(In, "ACK", 1, ("r", "o"), &sdes(PHONE, 4_000));
    assert_eq!(scene.holes(), OPEN);
}

#[test]
fn a_delayed_offer_may_stand_in_a_reliable_response() {
    let mut scene = Scene::strict();
    scene.ask(Out, "INVITE", 1, ("o", ""), "").reply(In, 183, ("INVITE", 1), ("o", "r"), &sdes(PHONE, 4_000));
    scene.ask(Out, "PRACK", 2, ("o", "r"), &sdes(SERVER, 10_000)).reply(In, 200, ("PRACK", 2), ("o", "r"), "");
    assert_eq!(scene.holes(), OPEN);
    scene.reply(In, 200, ("INVITE", 1), ("o", "r"), "").ask(Out, "ACK", 1, ("o", "r"), "");
    assert_eq!((scene.holes(), scene.state()), (OPEN.map(String::from).to_vec(), State::Up));
}

#[test]
fn early_media_opens_at_once_and_the_answer_may_differ() {
    let mut scene = Scene::strict();
    scene.ask(In, "INVITE", 1, ("r", ""), &sdes(PHONE, 4_000));
    scene.reply(Out, 183, ("INVITE", 1), ("r", "o"), &sdes(SERVER, 10_000));
    assert_eq!((scene.holes(), scene.state()), (OPEN.map(String::from).to_vec(), State::Calling));
    scene.reply(Out, 200, ("INVITE", 1), ("r", "o"), &sdes(SERVER, 10_010));
    assert_eq!(scene.holes()[0], "192.0.2.1:10010<-203.0.113.7:4000 rtp srtp");
}

#[test]
fn a_phone_behind_nat_is_known_by_its_signalling() {
    let mut scene = Scene::strict();
    scene.inbound(&sdes("10.0.0.5", 4_000), &sdes(SERVER, 10_000));
    assert_eq!(scene.holes()[0], "192.0.2.1:10000<-10.0.0.5:4000 rtp srtp");
    assert_eq!(scene.flows()[0].signalling, addr(PHONE));
}

#[test]
fn what_the_network_translates_is_any_address_of_ours() {
    let mut scene = Scene::new(&super::scene::config("srtp-only", "advertised = [\"198.51.100.99\"]"));
    scene.inbound(&sdes(PHONE, 4_000), &sdes("198.51.100.99", 10_000));
    assert_eq!(scene.holes()[0], "*:10000<-203.0.113.7:4000 rtp srtp");
    assert_eq!(scene.record().legs[0].streams[0].local.unwrap().to_string(), "198.51.100.99:10000");
}

#[test]
fn ports_outside_of_the_ranges_need_no_pinhole() {
    let mut scene = Scene::strict();
    scene.inbound(&sdes(PHONE, 4_000), &sdes(SERVER, 30_000));
    assert_eq!((scene.times(), scene.record().legs[0].streams[0].open), (0, true));
}

#[test]
fn ipv6_and_tcp_are_no_different() {
    let mut scene = Scene::strict();
    (scene.remote, scene.local, scene.via) = (addr("2001:db8::7"), addr("2001:db8::1"), Via::Tcp);
    scene.inbound(&sdes("2001:db8::7", 4_000), &sdes("2001:db8::1", 10_000));
    assert_eq!(scene.holes()[0], "2001:db8::1:10000<-2001:db8::7:4000 rtp srtp");
}

#[test]
fn a_call_that_needed_credentials_is_one_call() {
    let mut scene = Scene::strict();
    scene.ask(In, "INVITE", 1, ("r", ""), &sdes(PHONE, 4_000)).reply(Out, 407, ("INVITE", 1), ("r", "x"), "");
    scene.ask(In, "ACK", 1, ("r", "x"), "").ask(In, "INVITE", 2, ("r", ""), &sdes(PHONE, 4_000));
    scene.reply(Out, 200, ("INVITE", 2), ("r", "o"), &sdes(SERVER, 10_000));
    assert_eq!(
        (scene.holes(), scene.state(), scene.record().legs.len()),
        (OPEN.map(String::from).to_vec(), State::Up, 1)
    );
}
