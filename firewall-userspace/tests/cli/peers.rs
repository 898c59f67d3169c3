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
        ["comment", "dropped", "iface", "media", "methods", "name", "passed", "prefixes", "transports"]
    );
    assert_eq!(list[0]["comment"], "a \"b\"");
    assert!(sipfw.run(&["peer", "show", "itsp"]).exits(0).out.contains("udp and tls"));
    sipfw.run(&add).exits(1);
    sipfw.run(&["peer", "del", "itsp"]).exits(0);
    assert_eq!(fs::read_dir(sipfw.path("conf.d")).unwrap().count(), 0);
    sipfw.run(&["peer", "show", "itsp"]).exits(1);
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
