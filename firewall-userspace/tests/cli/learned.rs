//! What the slow path has learned, as the command shows and edits it: on a database and nothing else.
use firewall_common::addr::Addr;
use firewall_userspace::dataplane::clock;
use firewall_userspace::engine::command::{Alarm, Ban, Command, Hold, Promote};
use firewall_userspace::engine::evidence::{Evidence, Incident, Proof, Rule};
use firewall_userspace::engine::saved::{Key, Record, Source, State};
use firewall_userspace::store::{Learned, Store};
use serde_json::{Value, json};

use crate::sipfw::{Sipfw, keys};

const MINUTE: i64 = 60_000;

fn now() -> i64 {
    clock::now().wall_ms
}

fn source(last: u8) -> Addr {
    Addr::from_v4([198, 51, 100, last])
}

fn evidence(rule: Rule) -> Evidence {
    let incident = |age: i64| Incident {
        time: now() - age,
        method: "REGISTER".to_owned(),
        account: "100".to_owned(),
        status: 401,
        user_agent: "friendly-scanner\u{1b}[31m".to_owned(),
        proof: Proof::Nonce,
        via: "udp".to_owned(),
    };
    let incidents = vec![incident(2_000), incident(1_000)];
    Evidence { rule, count: 5, allowed: 5, within: 600, incidents, next_seconds: 3_600 }
}

fn filled(commands: Vec<Command>) -> Sipfw {
    let sipfw = Sipfw::new();
    let learned: Vec<Learned> = commands
        .into_iter()
        .filter_map(|command| Learned::of(command, now(), 64, |_| Some("itsp".to_owned())))
        .collect();
    Store::open(&sipfw.state()).unwrap().record(&learned).unwrap();
    sipfw
}

fn ban(last: u8) -> Command {
    let until = now() + 10 * MINUTE;
    Command::Ban(Ban { source: source(last), until, step: 1, evidence: evidence(Rule::Failures) })
}

fn hold(last: u8, account: Option<&str>) -> Command {
    let account = account.map(|account| account.as_bytes().to_vec());
    let until = now() + 10 * MINUTE;
    Command::Hold(Hold { source: source(last), account, until, evidence: evidence(Rule::AccountFailures) })
}

fn promote(last: u8, account: &str, minutes: i64) -> Command {
    let until = now() + minutes * MINUTE;
    let (account, known_until) = (account.to_owned(), now() + 1_000 * MINUTE);
    Command::Promote(Promote { source: source(last), account, until, trusted_until: until, known_until })
}

fn alarm(last: u8) -> Command {
    Command::Alarm(Alarm { peer: 1, source: source(last), time: now(), evidence: evidence(Rule::Scanning) })
}

fn says(text: &str, all: &[&str]) {
    for says in all {
        assert!(text.contains(says), "{says}\n{text}");
    }
}

#[test]
fn a_ban_tells_its_story() {
    let sipfw = filled(vec![ban(7)]);
    let text = sipfw.run(&["ban", "why", "198.51.100.7"]).exits(0).out;
    let story = [
        "198.51.100.7 is banned",
        "step 1, made ",
        "ends in 9m",
        "why: 5 failed authentications within 10m, 5 allowed",
        "TIME",
        "REGISTER",
        "401",
        "nonce",
        "friendly-scanner\\u{1b}[31m",
        "these are the last 2",
        "if it goes on after that, it is banned for 1h",
    ];
    says(&text, &story);
    assert!(!text.contains('\u{1b}'), "{text}");
    let json = sipfw.run(&["ban", "why", "198.51.100.7", "--json"]).exits(0).json();
    assert_eq!(keys(&json["known"]), ["alarms", "bans", "entries", "holds", "lists", "marks", "registrants", "scores"]);
    let incident = &json["known"]["bans"][0]["evidence"]["incidents"][0];
    assert_eq!(keys(incident), ["account", "method", "proof", "status", "time", "user_agent", "via"]);
}

#[test]
fn a_source_that_is_not_banned_yet_has_a_story_too() {
    let sipfw = filled(vec![hold(8, Some("100")), promote(8, "200", 5), alarm(8)]);
    let state = State::Source(Source {
        source: Some("198.51.100.8".parse().unwrap()),
        failures: vec![now() - 3_000, now() - 2_000, now() - 1_000],
        ..Source::default()
    });
    let record = Record { key: "source 198.51.100.8".to_owned(), ends: now() + MINUTE, state };
    let score = Learned::score(record, now(), 64, Key([1, 2]));
    Store::open(&sipfw.state()).unwrap().record(&[score]).unwrap();
    let text = sipfw.run(&["ban", "why", "198.51.100.8"]).exits(1).out;
    let story = [
        "198.51.100.8 is not banned",
        "attempts at account 100 from 198.51.100.8 are held to a trickle (ends in 9m",
        "5 failed authentications of one account within 10m",
        "3 of 5 failed authentications within 10m",
        "its next ban would last 10m",
        "198.51.100.8 is registered as 200",
        "alarm about peer itsp",
    ];
    says(&text, &story);
    let json = sipfw.run(&["ban", "why", "198.51.100.8", "--json"]).exits(1).json();
    assert_eq!(json["banned"], false);
    assert_eq!(json["known"]["scores"][0]["state"]["source"]["failures"].as_array().unwrap().len(), 3);
}

#[test]
fn a_lifted_ban_takes_the_score_with_it() {
    let sipfw = filled(vec![ban(7)]);
    let lifted = sipfw.run(&["ban", "lift", "198.51.100.7", "--json"]).exits(0).json();
    assert_eq!(keys(&lifted), ["applied", "lifted", "pending"]);
    assert_eq!((lifted["lifted"].as_array().unwrap().len(), &lifted["pending"]), (1, &json!([])));
    let text = sipfw.run(&["ban", "why", "198.51.100.7"]).exits(1).out;
    says(&text, &["was lifted", "why: 5 failed authentications within 10m, 5 allowed"]);
    sipfw.run(&["ban", "lift", "198.51.100.7"]).exits(1);
}

#[test]
fn registrants_are_listed_by_source_and_removed() {
    let sipfw = filled(vec![promote(7, "100", 5), promote(7, "101", 9), promote(8, "200", -1)]);
    let list = sipfw.run(&["registrant", "list", "--json"]).exits(0).json();
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(keys(&list[0]), ["accounts", "known_until", "since", "source", "trusted", "until"]);
    assert_eq!(keys(&list[0]["accounts"][0]), ["account", "created", "known_until", "source", "until"]);
    says(&sipfw.run(&["registrant", "list"]).exits(0).out, &["198.51.100.7", "100 and 101", "in 8m"]);
    let known = sipfw.run(&["registrant", "list", "--known", "--json"]).exits(0).json();
    let trusted: Vec<&Value> = known.as_array().unwrap().iter().map(|of| &of["trusted"]).collect();
    assert_eq!(trusted, [true, false]);
    let removed = sipfw.run(&["registrant", "remove", "198.51.100.7", "--json"]).exits(0).json();
    assert_eq!(keys(&removed), ["applied", "removed", "trusted"]);
    assert_eq!(removed["removed"].as_array().unwrap().len(), 2);
    says(&sipfw.run(&["registrant", "remove", "198.51.100.7"]).exits(1).out, &["is no registrant"]);
    says(&sipfw.run(&["registrant", "list"]).exits(0).out, &["no registrants"]);
}

#[test]
fn holds_are_listed_and_lifted() {
    let sipfw = filled(vec![hold(7, None), hold(7, Some("100")), hold(8, Some("\u{1b}x"))]);
    let list = sipfw.run(&["hold", "list", "--json"]).exits(0).json();
    assert_eq!(keys(&list[0]), ["account", "created", "evidence", "source", "until"]);
    assert_eq!((list.as_array().unwrap().len(), &list[1]["account"]), (3, &json!("100")));
    let text = sipfw.run(&["hold", "list"]).exits(0).out;
    says(&text, &["(all)", "in 9m", "5 failed authentications of one account"]);
    assert!(!text.contains('\u{1b}'));
    let other = sipfw.run(&["hold", "lift", "198.51.100.7", "--account", "101"]).exits(1).out;
    says(&other, &["account 101 of 198.51.100.7 is not held; held there: the whole source, and account 100"]);
    says(&sipfw.run(&["hold", "lift", "198.51.100.7", "--account", "100"]).exits(0).out, &["1 hold lifted"]);
    assert_eq!(
        sipfw.run(&["hold", "lift", "198.51.100.7", "--json"]).exits(0).json()["lifted"][0]["account"],
        json!(null)
    );
    says(&sipfw.run(&["hold", "lift", "198.51.100.7"]).exits(1).out, &["is not held"]);
}

#[test]
fn alarms_are_listed_newest_first() {
    let sipfw = filled(vec![alarm(7), alarm(8), alarm(7)]);
    let list = sipfw.run(&["alarm", "list", "--json"]).exits(0).json();
    assert_eq!(keys(&list[0]), ["count", "evidence", "first", "id", "name", "peer", "rule", "source", "time"]);
    assert_eq!(
        (&list[0]["source"], &list[0]["count"], &list[0]["name"]),
        (&json!("198.51.100.7"), &json!(2), &json!("itsp"))
    );
    assert_eq!(sipfw.run(&["alarm", "list", "--limit", "1", "--json"]).exits(0).json().as_array().unwrap().len(), 1);
    let text = sipfw.run(&["alarm", "list"]).exits(0).out;
    says(&text, &["itsp", "198.51.100.8", "5 different accounts tried that the server refused within 10m"]);
    says(&Sipfw::new().run(&["alarm", "list"]).exits(0).out, &["no alarms"]);
}

#[test]
fn what_is_no_source_is_told() {
    let sipfw = Sipfw::new();
    for args in [&["hold", "lift", "x"][..], &["registrant", "remove", "10.0.0.1/8"]] {
        assert!(sipfw.run(args).exits(2).err.starts_with("sipfw: `"), "{args:?}");
    }
    says(&sipfw.run(&["hold", "list"]).exits(0).out, &["no source is held"]);
    assert_eq!(sipfw.run(&["registrant", "list", "--json"]).exits(0).json(), json!([]));
}
