//! `events`, on a database and nothing else.
use firewall_common::reason::Reason;
use firewall_userspace::dataplane::clock;
use firewall_userspace::store::{NewEvent, Store};

use crate::sipfw::{Sipfw, keys};

fn event(age_ms: i64, reason: Reason, snapshot: &[u8]) -> NewEvent {
    NewEvent {
        time: clock::now().wall_ms - age_ms,
        reason,
        monitored: false,
        src: "203.0.113.7".parse().unwrap(),
        src_port: 5060,
        dst: "192.0.2.1".parse().unwrap(),
        dst_port: 5060,
        protocol: 17,
        frame_len: 300,
        detail: 0,
        snapshot: snapshot.to_vec(),
    }
}

fn filled() -> Sipfw {
    let sipfw = Sipfw::new();
    let events = [
        event(3_600_000, Reason::NotSip, b"GET / HTTP/1.1\r\n"),
        event(60_000, Reason::NotSip, b"\x1b[31mred"),
        event(1_000, Reason::Signature, b"OPTIONS sip:a SIP/2.0\r\n"),
    ];
    Store::open(&sipfw.state()).unwrap().insert_events(&events, 1_000).unwrap();
    sipfw
}

#[test]
fn events_are_filtered_by_age_reason_and_number() {
    let sipfw = filled();
    let count = |args: &[&str]| sipfw.run(&[&["events", "--json"], args].concat()).exits(0).out.lines().count();
    assert_eq!(count(&[]), 3);
    assert_eq!(count(&["--since", "10m"]), 2);
    assert_eq!(count(&["--reason", "not_sip"]), 2);
    assert_eq!(count(&["--reason", "not_sip", "--reason", "signature", "--limit", "1"]), 1);
    let ran = sipfw.run(&["events", "--reason", "stranger"]).exits(2);
    assert!(ran.err.contains("not_sip"), "{}", ran.err);
}

#[test]
fn each_event_is_one_object_on_a_line() {
    let out = filled().run(&["events", "--json"]).exits(0).out;
    let first: serde_json::Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!(
        keys(&first),
        [
            "detail",
            "dst",
            "dst_port",
            "frame_len",
            "id",
            "monitored",
            "protocol",
            "reason",
            "snapshot",
            "src",
            "src_port",
            "time"
        ]
    );
}

#[test]
fn what_attackers_send_does_not_reach_the_terminal() {
    let out = filled().run(&["events"]).exits(0).out;
    assert!(!out.contains('\x1b') && out.contains("\\u{1b}[31mred"), "{out}");
}

#[test]
fn no_events_are_no_error() {
    let sipfw = Sipfw::new();
    assert!(sipfw.run(&["events"]).exits(0).out.contains("no events"));
    assert!(sipfw.run(&["events", "--json"]).exits(0).out.is_empty());
}
