//! Errors: each a sentence, an exit code, and nothing half done.
use std::fs;

use crate::sipfw::Sipfw;

#[test]
fn nothing_loaded_is_no() {
    let sipfw = Sipfw::new();
    for args in [&["status"][..], &["reload"], &["unload"], &["top", "--json"], &["status", "--iface", "nope0"]] {
        let ran = sipfw.run(args).exits(1);
        assert!(format!("{}{}", ran.out, ran.err).contains("sipfw run") || args == ["unload"], "{args:?}: {}", ran.err);
    }
    assert_eq!(sipfw.run(&["status", "--json"]).exits(1).json(), serde_json::json!([]));
}

#[test]
fn an_interface_without_sipfw_changes_nothing() {
    let sipfw = Sipfw::new();
    let ran = sipfw.run(&["deny", "add", "10.0.0.1", "--iface", "nope0"]).exits(1);
    assert!(ran.err.contains("nope0"), "{}", ran.err);
    assert_eq!(sipfw.run(&["deny", "list", "--json"]).exits(0).json(), serde_json::json!([]));
}

#[test]
fn a_damaged_database_is_named_and_left() {
    let sipfw = Sipfw::new();
    sipfw.run(&["deny", "add", "10.0.0.1"]).exits(0);
    let path = sipfw.state().join("state.db");
    fs::write(&path, "no database at all, but longer than a header would be; ".repeat(50)).unwrap();
    let before = fs::read(&path).unwrap();
    let ran = sipfw.run(&["deny", "list"]).exits(1);
    assert!(ran.err.contains("damaged") && ran.err.contains("state.db"), "{}", ran.err);
    let findings = sipfw.run(&["doctor", "--iface", "lo", "--json"]).json();
    let of_database = findings.as_array().unwrap().iter().find(|finding| finding["name"] == "database").unwrap();
    assert_eq!(of_database["level"], "fail");
    let fix = of_database["fix"].as_str().unwrap();
    assert!(fix.contains("backup") && fix.contains("state.db*; do mv"), "{fix}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn wrong_arguments_say_what_would_be_right() {
    let sipfw = Sipfw::new();
    for (args, says) in [
        (&["deny", "add", "10.0.0.1/8"][..], "10.0.0.0/8"),
        (&["deny", "add", "10.0.0.1", "--for", "soon"], "2h"),
        (&["deny", "add", "10.0.0.1", "--for", "0s"], "at once"),
        (&["ban", "why", "nobody"], "no IPv4 or IPv6 address"),
        (&["explain", "--from", "10.0.0.1", "--to", "::1"], "IP versions"),
        (&["explain", "--from", "10.0.0.1", "--frame", "x"], "cannot be used with"),
    ] {
        let ran = sipfw.run(args).exits(2);
        assert!(ran.err.contains(says), "{args:?}: {}", ran.err);
    }
}

#[test]
fn missing_files_are_named() {
    let sipfw = Sipfw::new();
    for args in [
        &["deny", "add", "@/nowhere/list"][..],
        &["explain", "--frame", "/nowhere/frame"],
        &["replay", "/nowhere/capture.pcap"],
    ] {
        let ran = sipfw.run(args).exits(1);
        assert!(ran.err.contains("/nowhere/") && ran.err.contains("No such file"), "{args:?}: {}", ran.err);
    }
}

#[test]
fn the_doctor_has_a_fix_for_all_that_is_not_well() {
    let findings = Sipfw::new().run(&["doctor", "--iface", "lo", "--json"]).json();
    for finding in findings.as_array().unwrap() {
        assert_eq!(crate::sipfw::keys(finding), ["fix", "found", "level", "name"]);
        assert_eq!(finding["level"] == "ok", finding["fix"].is_null(), "{finding}");
    }
}
