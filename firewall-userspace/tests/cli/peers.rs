//! `peer`, on files and nothing else.
use std::fs;

use crate::sipfw::{Sipfw, keys};

#[test]
fn a_peer_comes_and_goes_as_a_file_of_its_own() {
    let sipfw = Sipfw::new();
    let add = ["peer", "add", "itsp", "198.51.100.0/24", "--transports", "udp,tls", "--comment", "a \"b\""];
    assert!(sipfw.run(&add).exits(0).out.contains("sipfw reload"));
    let list = sipfw.run(&["peer", "list", "--json"]).exits(0).json();
    assert_eq!(
        keys(&list[0]),
        ["comment", "dropped", "iface", "media", "methods", "name", "names", "passed", "prefixes", "transports"]
    );
    assert_eq!(list[0]["comment"], "a \"b\"");
    assert!(sipfw.run(&["peer", "show", "itsp"]).exits(0).out.contains("udp and tls"));
    sipfw.run(&add).exits(1);
    sipfw.run(&["peer", "del", "itsp"]).exits(0);
    assert_eq!(fs::read_dir(sipfw.path("conf.d")).unwrap().count(), 0);
    sipfw.run(&["peer", "show", "itsp"]).exits(1);
}

#[test]
fn a_peer_may_be_a_name_and_shows_what_is_known_of_it() {
    let sipfw = Sipfw::new();
    sipfw.run(&["peer", "add", "itsp", "sip.itsp.example", "198.51.100.0/24"]).exits(0);
    let written = fs::read_to_string(sipfw.path("conf.d/peer-itsp.toml")).unwrap();
    assert!(written.contains("names = [\"sip.itsp.example\"]") && written.contains("prefixes = [\"198.51.100.0/24\"]"));
    assert!(sipfw.run(&["peer", "show", "itsp"]).exits(0).out.contains("sip.itsp.example: not resolved yet"));
    sipfw.run(&["check"]).exits(0);
    let state = r#"{"addresses": {"203.0.113.7": null, "203.0.113.8": 1700000000000}, "answered": 1700000000000,
        "next": 1700000060000, "failures": 1, "trouble": "sip.itsp.example: request timed out", "told": false}"#;
    sipfw.file("state/names.json", &format!("{{\"names\": {{\"sip.itsp.example\": {state}}}}}"));
    let shown = sipfw.run(&["peer", "show", "itsp"]).exits(0).out;
    for part in ["203.0.113.7 and 203.0.113.8 (missing for ", "next look in 0s", "request timed out"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let list = sipfw.run(&["peer", "list", "--json"]).exits(0).json();
    assert_eq!(list[0]["prefixes"], serde_json::json!(["198.51.100.0/24", "203.0.113.7", "203.0.113.8"]));
    assert_eq!(list[0]["names"][0]["known"]["failures"], 1);
    assert!(sipfw.run(&["peer", "list"]).exits(0).out.contains("request timed out"));
    let refused = sipfw.run(&["deny", "add", "203.0.113.7"]).exits(1);
    assert!(refused.err.contains("would cut off peer itsp"), "{}", refused.err);
}

#[test]
fn a_peer_that_would_break_the_config_leaves_no_file() {
    let sipfw = Sipfw::with("[[peer]]\nname = \"a\"\nprefixes = [\"198.51.100.0/24\"]\n");
    for args in [
        &["peer", "add", "b", "198.51.100.0/24", "--transports", "tls"][..],
        &["peer", "add", "b", "198.51.100.7/24"],
        &["peer", "add", "../b", "10.0.0.1"],
        &["peer", "add", "", "10.0.0.1"],
    ] {
        let ran = sipfw.run(args).exits(2);
        assert!(!ran.err.is_empty());
        let left = fs::read_dir(sipfw.path("conf.d")).map_or(0, Iterator::count);
        assert_eq!(left, 0, "{args:?}");
    }
}

#[test]
fn what_was_written_by_hand_is_left_alone() {
    let sipfw = Sipfw::with("[[peer]]\nname = \"a\"\nprefixes = [\"198.51.100.0/24\"]\n");
    let ran = sipfw.run(&["peer", "del", "a"]).exits(1);
    assert!(ran.err.contains("sipfw.toml"), "{}", ran.err);
    let own = sipfw.file("conf.d/peer-b.toml", "[[peer]]\nname = \"b\"\nprefixes = [\"10.0.0.1\"]\n");
    sipfw.run(&["peer", "del", "b"]).exits(1);
    assert!(fs::exists(own).unwrap());
}

#[test]
fn printing_writes_nothing() {
    let sipfw = Sipfw::new();
    let ran = sipfw.run(&["peer", "add", "itsp", "198.51.100.0/24", "--print"]).exits(0);
    assert!(ran.out.contains("[[peer]]") && !sipfw.path("conf.d").exists());
}
