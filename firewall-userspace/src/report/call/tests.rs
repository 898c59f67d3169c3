//! What is told of calls.
use std::net::SocketAddr;

use firewall_common::addr::Addr;
use firewall_common::limiter::Limit;
use firewall_common::media::{CODECS, Codec};

use super::*;
use crate::config::{Config, parse_str};
use crate::engine::call::{Call, Demand, How, Refusal, Transport, Why};

pub(crate) const NOW: i64 = 1_800_000_000_000;

pub(crate) fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub(crate) fn stream(profile: &str, keys: Option<Keys>) -> Stream {
    Stream {
        medium: "audio".to_owned(),
        profile: profile.to_owned(),
        open: keys.is_some(),
        keys,
        local: Some(at("192.0.2.10:10000")),
        remote: Some(at("198.51.100.7:4000")),
        codec: "PCMU/8000".to_owned(),
        direction: "sendrecv".to_owned(),
    }
}

pub(crate) fn sdes() -> Option<Keys> {
    Some(Keys::Sdes("AES_CM_128_HMAC_SHA1_80".to_owned()))
}

pub(crate) fn refusal(why: Why, enforced: bool) -> Refusal {
    Refusal { time: NOW, enforced, how: How::Answered, line: "m=audio 4000 RTP/AVP 0".to_owned(), why }
}

pub(crate) fn leg(streams: Vec<Stream>, refusal: Option<Refusal>) -> Leg {
    let (inbound, remote, peer) = (true, at("198.51.100.7:5060"), 1);
    Leg { inbound, remote, peer, transport: Transport::Udp, policy: Demand::SrtpOnly, refusal, streams }
}

pub(crate) fn call(id: u64, state: State, legs: Vec<Leg>) -> StoredCall {
    let peers = legs.iter().map(|leg| (leg.peer > 0).then(|| "itsp".to_owned())).collect();
    let call = Call {
        started: NOW - 60_000,
        answered: (state == State::Up).then_some(NOW - 50_000),
        from: "100@example.com".to_owned(),
        to: "200\u{1b}[31m@example.com".to_owned(),
        agent: "baresip".to_owned(),
        legs,
        state,
        ..Call::blank(id)
    };
    StoredCall { call, peers, country: None, is_international: false, updated: NOW }
}

const SECOND: u64 = 1_000_000_000;

fn noted(call: u64) -> Noted {
    let remote = Addr::from_v4([198, 51, 100, 7]);
    let flow = |local_port, packets, lock| Flow {
        local: Addr::from_v4([192, 0, 2, 10]),
        remote,
        signalling: remote,
        call,
        ice: 0,
        silence: 60 * SECOND,
        limit: Limit::NONE,
        codecs: [Codec::default(); CODECS],
        remote_port: 4_000,
        local_port,
        flags: FLOW_RTP | FLOW_RTCP | FLOW_SRTP,
        seen: 97 * SECOND,
        lock,
        locked: remote,
        checked: [0; 2],
        stream: [0; 2],
        cell: 0,
        packets,
        bytes: 1_234,
        mismatches: 7,
        changes: 1,
        plain: 0,
    };
    Noted {
        flows: vec![flow(10_001, 0, 0), flow(10_000, 2_500, 9)],
        clock: Clock { wall_ms: NOW, mono_ns: 100 * SECOND },
    }
}

fn says(text: &str, all: &[&str]) {
    for words in all {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

#[test]
fn a_call_is_a_row_with_its_streams_packets_and_a_lock() {
    let up = call(0x3f9a_5c0d_81e2_b746, State::Up, vec![leg(vec![stream("RTP/SAVP", sdes())], None)]);
    let text = |signs, noted: Option<&Noted>| table(std::slice::from_ref(&up), noted, signs, NOW).to_string();
    let shown = text(Signs::Locks, Some(&noted(0x3f9a_5c0d_81e2_b746)));
    says(&shown, &["3f9a5c0d81e2 ", " up ", "50s", "in itsp/udp", "🔒 audio RTP/SAVP SDES AES_CM_128_HMAC_SHA1_80"]);
    says(&shown, &["2,500", "3s ago"]);
    assert!(!shown.contains('\u{1b}'), "{shown}");
    says(&text(Signs::Words, None), &["secure audio RTP/SAVP", " - "]);
    assert!(!text(Signs::Words, None).contains("2,500"));
}

#[test]
fn a_call_says_whether_it_was_or_would_be_refused() {
    let row = |state, refusal| {
        let calls = [call(1, state, vec![leg(vec![stream("RTP/AVP", None)], Some(refusal))])];
        table(&calls, None, Signs::Words, NOW).to_string()
    };
    says(&row(State::Refused, refusal(Why::Plain, true)), &[" refused ", "PLAIN audio RTP/AVP (closed)"]);
    says(&row(State::Up, refusal(Why::Plain, false)), &["up, objected"]);
    says(&row(State::Up, refusal(Why::Downgrade, true)), &["up, no media"]);
    says(&table(&[call(1, State::Failed(486), vec![])], None, Signs::Words, NOW).to_string(), &["failed 486", " - "]);
}

#[test]
fn a_refusal_names_the_line_the_reason_and_the_remedy() {
    let loaded = parse_str("t", "[media]\nkeys = [\"sdes\"]").unwrap();
    let told = |why, inbound| {
        let refused = Leg { inbound, ..leg(vec![], Some(refusal(why, true))) };
        story(&call(1, State::Refused, vec![refused]), None, loaded.config.media(), Signs::Words, NOW)
    };
    let plain = told(Why::Plain, true);
    says(
        &plain,
        &["call 0000000000000001 from 100@example.com to 200\\u{1b}[31m@example.com: refused; it was refused"],
    );
    says(&plain, &["inbound, from peer itsp (198.51.100.7:5060) over udp", "answered 488 Not Acceptable Here"]);
    says(&plain, &["m=audio 4000 RTP/AVP 0", "RTP without keys", "srtp-only: encrypted media or none"]);
    says(&plain, &["the caller has to turn on SRTP (sdes): m=… RTP/SAVP with a=crypto", "no pinhole is open for it"]);
    says(&told(Why::Plain, false), &["our server, for this trunk has to turn on SRTP"]);
    says(&told(Why::Suite, true), &["AES_CM_128_HMAC_SHA1_80, ", "media.suites"]);
    says(&told(Why::KeyManagement, true), &["agree on keys by sdes"]);
    for why in [Why::NoKeys, Why::Unprotected, Why::Kind, Why::Downgrade, Why::Unreadable] {
        says(&told(why, true), &["what to do"]);
        assert_eq!(serde_json::to_value(why).unwrap(), why_word(why), "the same word everywhere");
    }
}

#[test]
fn a_story_shows_what_came_through_each_pinhole() {
    let up = call(5, State::Up, vec![leg(vec![stream("RTP/SAVP", sdes())], None)]);
    let told = story(&up, Some(&noted(5)), Config::builtin().media(), Signs::Words, NOW);
    says(&told, &["it was not refused", "srtp-only; nothing was objected to", "PCMU/8000, sendrecv"]);
    says(&told, &["198.51.100.7:4000 → 192.0.2.10:10000", "srtp srtcp", "2,500", "LOCKED TO", "OTHER SOURCE"]);
    let of_another = story(&up, Some(&noted(6)), Config::builtin().media(), Signs::Words, NOW);
    says(&of_another, &["no pinhole is open for it"]);
}

#[test]
fn programs_get_the_same() {
    let up = call(5, State::Up, vec![leg(vec![stream("RTP/SAVP", sdes())], None)]);
    let told = json(&up, Some(&noted(5)));
    assert_eq!((&told["id"], &told["state"]), (&"0000000000000005".into(), &"up".into()));
    let stream = &told["legs"][0]["streams"][0];
    assert_eq!((&stream["encrypted"], &stream["keys"]["sdes"]), (&true.into(), &"AES_CM_128_HMAC_SHA1_80".into()));
    let hole = &told["pinholes"][0];
    assert_eq!(
        (&hole["local"], &hole["packets"], &hole["locked"]),
        (&"192.0.2.10:10000".into(), &2_500.into(), &"198.51.100.7".into())
    );
    assert_eq!((&hole["last"], &hole["allows"]), (&(NOW - 3_000).into(), &value!(["srtp", "srtcp"])));
    assert_eq!((&told["pinholes"][1]["locked"], &told["pinholes"][1]["last"]), (&Value::Null, &Value::Null));
    assert_eq!(json(&up, None)["pinholes"], Value::Null);
}
