//! Calls as the command shows them: from a database and nothing else.
use firewall_userspace::dataplane::clock;
use firewall_userspace::engine::call::{
    Call, Decided, Demand, How, Keys, Leg, Party, Refusal, Rung, State, Stream, Transport, Why,
};
use firewall_userspace::engine::command::Command;
use firewall_userspace::store::{Learned, Store};
use serde_json::{Value, json};

use crate::sipfw::{Sipfw, keys};

const MINUTE: i64 = 60_000;

fn now() -> i64 {
    clock::now().wall_ms
}

fn stream(keys: Option<Keys>) -> Stream {
    Stream {
        medium: "audio".to_owned(),
        profile: if keys.is_some() { "RTP/SAVP" } else { "RTP/AVP" }.to_owned(),
        open: keys.is_some(),
        keys,
        local: "192.0.2.10:10000".parse().ok(),
        remote: "198.51.100.7:4000".parse().ok(),
        codec: "PCMU/8000".to_owned(),
        direction: "sendrecv".to_owned(),
    }
}

fn call(id: u64, age: i64, state: State, refused: Option<bool>) -> Call {
    let refusal = |enforced| Refusal {
        time: now() - age,
        enforced,
        how: How::Answered,
        line: "m=audio 4000 RTP/AVP 0 8\u{1b}[31m".to_owned(),
        why: Why::Plain,
    };
    let suite = || Keys::Sdes("AES_CM_128_HMAC_SHA1_80".to_owned());
    let leg = Leg {
        inbound: true,
        remote: "198.51.100.7:5060".parse().unwrap(),
        peer: u32::from(id % 2 == 1),
        transport: Transport::Udp,
        policy: Demand::SrtpOnly,
        refusal: refused.map(refusal),
        streams: vec![stream(refused.is_none().then(suite))],
    };
    Call {
        started: now() - age,
        answered: (state == State::Up).then(|| now() - age + 1_000),
        from: "100@example.com".to_owned(),
        to: "200\u{1b}x@example.com".to_owned(),
        agent: "baresip".to_owned(),
        legs: vec![leg],
        state,
        ..Call::blank(id)
    }
}

/// A live call of the peer's that is encrypted, a refused one of a stranger's, and an old one that would have been.
fn filled() -> Sipfw {
    let calls = vec![
        call(0x3f9a_0000_0000_0001, 2 * MINUTE, State::Up, None),
        call(0x3f9b_0000_0000_0002, MINUTE, State::Refused, Some(true)),
        call(0xabcd_0000_0000_0003, 5 * 24 * 60 * MINUTE, State::Ended, Some(false)),
    ];
    let sipfw = Sipfw::new();
    let peer = |id| (id > 0).then(|| "itsp".to_owned());
    let learned = calls.into_iter().filter_map(|call| Learned::of(Command::Call(Box::new(call)), now(), 64, peer));
    Store::open(&sipfw.state()).unwrap().record(&learned.collect::<Vec<_>>()).unwrap();
    sipfw
}

fn says(text: &str, all: &[&str]) {
    for says in all {
        assert!(text.contains(says), "{says}\n{text}");
    }
}

fn ids(json: &Value) -> Vec<&str> {
    json.as_array().unwrap().iter().map(|call| call["id"].as_str().unwrap()).collect()
}

#[test]
fn calls_are_listed_newest_first() {
    let sipfw = filled();
    let text = sipfw.run(&["calls"]).exits(0).out;
    says(
        &text,
        &["3f9a00000000 ", "up", "1m 59s", "in itsp/udp", "secure audio RTP/SAVP SDES AES_CM_128_HMAC_SHA1_80"],
    );
    says(&text, &["3f9b00000000 ", "refused", "in 198.51.100.7:5060/udp", "PLAIN audio RTP/AVP (closed)", "objected"]);
    assert!(!text.contains('\u{1b}') && !text.contains('🔒'), "{text}");
    let json = sipfw.run(&["calls", "--json"]).exits(0).json();
    assert_eq!(ids(&json), ["3f9b000000000002", "3f9a000000000001", "abcd000000000003"]);
    let fields = [
        "agent",
        "answered",
        "callee_agent",
        "class",
        "country",
        "decided",
        "duration",
        "ended",
        "ended_by",
        "from",
        "id",
        "identity",
        "international",
        "ladder",
        "legs",
        "pinholes",
        "started",
        "state",
        "to",
        "updated",
    ];
    assert_eq!(keys(&json[0]), fields);
    assert_eq!(keys(&json[0]["legs"][0]), ["inbound", "peer", "policy", "refusal", "remote", "streams", "transport"]);
    assert_eq!(keys(&json[0]["legs"][0]["refusal"]), ["enforced", "how", "line", "time", "why"]);
    let fields = ["codec", "direction", "encrypted", "keys", "local", "medium", "open", "profile", "remote"];
    assert_eq!(keys(&json[0]["legs"][0]["streams"][0]), fields);
    assert_eq!(json[0]["pinholes"], Value::Null, "nothing is loaded");
}

#[test]
fn calls_are_chosen_by_what_they_came_to_and_when() {
    let sipfw = filled();
    let chosen = |args: &[&str]| -> Vec<String> {
        let json = sipfw.run(&[&["calls", "--json"], args].concat()).exits(0).json();
        ids(&json).into_iter().map(|id| id[..4].to_owned()).collect()
    };
    assert_eq!(chosen(&["--live"]), ["3f9a"]);
    assert_eq!(chosen(&["--refused"]), ["3f9b", "abcd"]);
    assert_eq!(chosen(&["--refused", "--since", "1h"]), ["3f9b"]);
    assert_eq!(chosen(&["--limit", "1"]), ["3f9b"]);
    says(&sipfw.run(&["calls", "--live", "--refused"]).exits(0).out, &["no call goes on"]);
    says(&Sipfw::new().run(&["calls"]).exits(0).out, &["no calls; they are followed while"]);
    assert_eq!(Sipfw::new().run(&["calls", "--json"]).exits(0).json(), json!([]));
    sipfw.run(&["calls", "--since", "soon"]).exits(2);
    sipfw.run(&["calls", "--live", "why", "3f9a"]).exits(2);
}

#[test]
fn a_call_tells_its_story() {
    let sipfw = filled();
    let text = sipfw.run(&["calls", "why", "3F9B"]).exits(0).out;
    let story = [
        "call 3f9b000000000002 from 100@example.com to 200\\u{1b}x@example.com: refused; it was refused",
        "its INVITE was dropped and answered 488 Not Acceptable Here",
        "m=audio 4000 RTP/AVP 0 8\\u{1b}[31m",
        "it offers RTP without keys",
        "the caller has to turn on SRTP (sdes and dtls)",
        "no pinhole is open for it",
    ];
    says(&text, &story);
    assert!(!text.contains('\u{1b}'), "{text}");
    says(&sipfw.run(&["calls", "why", "abcd"]).exits(0).out, &["ended; it would be refused, if the policy said so"]);
    let json = sipfw.run(&["calls", "why", "3f9b000000000002", "--json"]).exits(0).json();
    assert_eq!((&json["state"], &json["legs"][0]["refusal"]["why"]), (&json!("refused"), &json!("plain")));
}

/// A call abroad that was ended, with its messages, and one that a rule refused.
fn logged(more: &str) -> Sipfw {
    let mut ended = call(0x1111_0000_0000_0001, 2 * MINUTE, State::Ended, None);
    (ended.to, ended.answered) = ("+371200300@example.com".to_owned(), Some(ended.started + 1_000));
    (ended.ended, ended.ended_by) = (Some(ended.started + 91_000), Some(Party::Callee));
    ended.callee_agent = "carrier 9".to_owned();
    for (after, inbound, method, status) in
        [(0, true, 1, 0), (20, false, 1, 183), (1_000, false, 1, 200), (91_000, false, 3, 0)]
    {
        ended.ladder.push(Rung { after, leg: 0, inbound, method, status });
    }
    let mut denied = call(0x2222_0000_0000_0002, MINUTE, State::Refused, None);
    denied.to = "*…*+88213@example.com".to_owned();
    denied.ended_by = Some(Party::Firewall);
    denied.decided = Some(Decided { by: "number_denied".to_owned(), status: Some(403), enforced: true });
    let sipfw = Sipfw::with(more);
    let peer = |id| (id > 0).then(|| "itsp".to_owned());
    let commands = [ended, denied].map(|call| Command::Call(Box::new(call)));
    let learned = commands.into_iter().filter_map(|call| Learned::of(call, now(), 64, peer)).collect::<Vec<_>>();
    Store::open(&sipfw.state()).unwrap().record(&learned).unwrap();
    sipfw
}

#[test]
fn the_log_is_a_line_a_call() {
    let sipfw = logged("");
    let text = sipfw.run(&["calls", "list"]).exits(0).out;
    says(
        &text,
        &["111100000000 ", "1m 30s", "+371200300@example.com", "in itsp", "ended", "callee", "RTP/SAVP AES_CM"],
    );
    says(&text, &["222200000000 ", "*…*+88213@example.com", "refused", "firewall", "number_denied"]);
    let chosen = |args: &[&str]| -> Vec<String> {
        let json = sipfw.run(&[&["calls", "list", "--json"], args].concat()).exits(0).json();
        ids(&json).into_iter().map(|id| id[..4].to_owned()).collect()
    };
    assert_eq!(chosen(&[]), ["2222", "1111"]);
    assert_eq!(chosen(&["--to", "+371 200"]), ["1111"]);
    assert_eq!(chosen(&["--from", "100", "--refused"]), ["2222"]);
    assert_eq!(chosen(&["--international", "--limit", "1"]), ["2222"]);
    assert_eq!(chosen(&["--until", "90s"]), ["1111"]);
    assert_eq!((chosen(&["--since", "1s"]).len(), chosen(&["--peer", "other"]).len()), (0, 0));
    says(&sipfw.run(&["calls", "list", "--to", "999"]).exits(0).out, &["no call is like that"]);
    let csv = sipfw.run(&["calls", "list", "--csv"]).exits(0).out;
    says(
        &csv,
        &["id,started,answered,ended,seconds,from,to,", "1111000000000001,", ",90.000,100@example.com,+371200300@"],
    );
    assert_eq!(csv.lines().count(), 3);
    sipfw.run(&["calls", "list", "--csv", "--json"]).exits(2);
}

#[test]
fn a_call_shows_its_messages() {
    let sipfw = logged("");
    let text = sipfw.run(&["calls", "show", "1111"]).exits(0).out;
    says(&text, &["lasted", "1m 30s", "ended by", "the callee", "answered by", "carrier 9"]);
    says(&text, &["+0.000 s   |------------ INVITE ------------->|  itsp", "+91.000 s   |<-------------- BYE "]);
    says(&sipfw.run(&["calls", "show", "2222"]).exits(0).out, &["it was refused", "number_denied, answered 403"]);
    let json = sipfw.run(&["calls", "show", "1111", "--json"]).exits(0).json();
    let second = json!({ "after": 20, "leg": 0, "inbound": false, "method": "INVITE", "status": 183 });
    assert_eq!(
        (&json["ladder"]["messages"][1], &json["duration"], &json["ended_by"]),
        (&second, &json!(90_000), &json!("callee"))
    );
}

#[test]
fn calls_are_added_up_and_priced() {
    let sipfw = logged("");
    let text = sipfw.run(&["calls", "stats"]).exits(0).out;
    says(
        &text,
        &["2 calls since ", "1 answered, 1 refused, 2 minutes\n", "+371200300", "number_denied", "calls in an hour"],
    );
    let json = sipfw.run(&["calls", "stats", "--json"]).exits(0).json();
    let fields = [
        "answered",
        "calls",
        "cost",
        "countries",
        "destinations",
        "duration",
        "hours",
        "refused",
        "refused_by",
        "since",
    ];
    assert_eq!((keys(&json), &json["cost"]), (fields.to_vec(), &Value::Null));
    let rates = sipfw.path("rates.csv");
    std::fs::write(&rates, "prefix,price,currency\n371,0.20,EUR\n").unwrap();
    let priced = logged(&format!("calls.rates = {rates:?}"));
    says(&priced.run(&["calls", "stats"]).exits(0).out, &["about 0.30 EUR"]);
    assert_eq!(
        priced.run(&["calls", "stats", "--json"]).exits(0).json()["cost"],
        json!([{ "currency": "EUR", "sum": 0.3 }])
    );
    std::fs::write(&rates, "371,cheap,EUR\n").unwrap();
    says(&priced.run(&["calls", "stats"]).exits(2).err, &["rates.csv:1: `cheap` is no price"]);
    says(&Sipfw::new().run(&["calls", "stats"]).exits(0).out, &["no call began since"]);
}

#[test]
fn the_owner_gets_a_page() {
    let sipfw = logged("calls.log = true");
    let text = sipfw.run(&["report"]).exits(0).out;
    says(
        &text,
        &[
            "REFUSED CALLS AND TOLL FRAUD [Something to do]",
            "1 looks like an attempt at toll fraud",
            "CALLS BY COUNTRY",
        ],
    );
    says(&text, &["ATTACKS", "BANS", "WEAK PASSWORDS", "OUTDATED DEVICES", "  → "]);
    let file = sipfw.path("report.html");
    let path = file.to_str().unwrap();
    says(&sipfw.run(&["report", "--since", "30d", "--html", path]).exits(0).out, &["written to "]);
    let html = std::fs::read_to_string(&file).unwrap();
    says(&html, &["<!DOCTYPE html>", "number_denied", "</html>"]);
    assert!(!html.contains("<script"));
    let json = sipfw.run(&["report", "--json"]).exits(0).json();
    assert_eq!(keys(&json), ["sections", "since", "until"]);
    assert_eq!(keys(&json["sections"][0]), ["advice", "level", "said", "table", "title"]);
    sipfw.run(&["report", "--html", path, "--text"]).exits(2);
}

#[test]
fn an_id_is_of_one_call() {
    let sipfw = filled();
    let several = sipfw.run(&["calls", "why", "3f9"]).exits(2).err;
    says(&several, &["several calls' ids begin with 3f9: 3f9a000000000001 and 3f9b000000000002"]);
    says(&sipfw.run(&["calls", "why", "0"]).exits(1).out, &["no call's id begins with 0"]);
    assert_eq!(sipfw.run(&["calls", "why", "0", "--json"]).exits(1).json(), Value::Null);
    for id in ["", "xyz", "3f9a0000000000011"] {
        says(&sipfw.run(&["calls", "why", id]).exits(2).err, &["is no call's id"]);
    }
}

#[test]
fn the_report_adds_up_by_whose_calls_they_are() {
    let sipfw = filled();
    let text = sipfw.run(&["media", "report"]).exits(0).out;
    says(&text, &["itsp", "(strangers)", "RTP/SAVP", "SDES AES_CM_128_HMAC_SHA1_80", "plain 1", "3 calls since "]);
    says(&text, &["1 refused, 1 would be under \"srtp-only\""]);
    let json = sipfw.run(&["media", "report", "--since", "1h", "--json"]).exits(0).json();
    assert_eq!(keys(&json), ["calls", "refused", "rows", "since", "would_be_refused"]);
    assert_eq!((&json["calls"], &json["refused"], &json["would_be_refused"]), (&json!(2), &json!(1), &json!(0)));
    assert_eq!(
        keys(&json["rows"][0]),
        ["calls", "keys", "peer", "profile", "refused", "whose", "why", "would_be_refused"]
    );
    says(&Sipfw::new().run(&["media", "report"]).exits(0).out, &["no call began since", "calls are followed while"]);
}

#[test]
fn the_doctor_recommends_encryption_until_it_is_on() {
    let told = |lines: &str| {
        let all = Sipfw::with(lines).run(&["doctor", "--json"]).json();
        let of = |name: &str| all.as_array().unwrap().iter().find(|one| one["name"] == name).cloned();
        (
            of("media policy").unwrap()["level"].clone(),
            of("media ports").map(|one| one["level"].clone()),
            of("refusals").is_some(),
        )
    };
    assert_eq!(told(""), (json!("info"), None, false));
    assert_eq!(told("media.policy = \"prefer\""), (json!("info"), Some(json!("warn")), true));
    assert_eq!(told("media.policy = \"srtp-only\"\nmedia.ports = [10000]"), (json!("ok"), None, true));
}
