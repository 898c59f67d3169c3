//! `check` and the config in general.
use crate::sipfw::{Sipfw, keys};

#[test]
fn a_good_config_is_summed_up() {
    let sipfw = Sipfw::with("mode = \"trunk\"\n[[peer]]\nname = \"itsp\"\nprefixes = [\"198.51.100.0/24\"]\n");
    let ran = sipfw.run(&["check"]).exits(0);
    for text in ["ok: ", "only peers may speak SIP", "udp 5060", "itsp (1 prefix)", "MiB"] {
        assert!(ran.out.contains(text), "{text}\n{}", ran.out);
    }
    let json = sipfw.run(&["check", "--json"]).exits(0).json();
    assert_eq!(keys(&json), ["config", "files", "ok", "problems"]);
    assert_eq!(
        keys(&json["config"]),
        ["interface", "media", "memory", "mode", "monitor", "peers", "ports", "registrants", "signatures", "strangers"]
    );
    assert_eq!(json["config"]["strangers"]["limits"]["register"], "20/min burst 40");
}

#[test]
fn the_media_policy_is_summed_up() {
    let sipfw = Sipfw::with(
        "media = { policy = \"srtp-only\", ports = [10000], keys = [\"dtls\"] }\n\
         [[peer]]\nname = \"itsp\"\nprefixes = [\"198.51.100.0/24\"]\nmedia = \"off\"\n",
    );
    let out = sipfw.run(&["check"]).exits(0).out;
    let says = "srtp-only: calls without SRTP are refused; keys by dtls; other policies for itsp (off)";
    assert!(out.contains(says), "{out}");
    let json = sipfw.run(&["check", "--json"]).exits(0).json();
    assert_eq!(keys(&json["config"]["media"]), ["keys", "policy", "suites"]);
    assert!(Sipfw::new().run(&["check"]).exits(0).out.contains("off: nobody looks\n"));
}

#[test]
fn every_problem_is_told_at_once() {
    let sipfw = Sipfw::new();
    let bad = sipfw.file("bad.toml", "mode = \"opne\"\nfoo = 1\n[ports]\nudp = [0]\n");
    let ran = sipfw.run(&["check", &bad]).exits(2);
    for text in ["bad.toml:1:", "bad.toml:2:", "bad.toml:4:", "open", "3 errors"] {
        assert!(ran.out.contains(text), "{text}\n{}", ran.out);
    }
    let json = sipfw.run(&["check", &bad, "--json"]).exits(2).json();
    assert_eq!(json["ok"], false);
    assert_eq!(keys(&json["problems"][0]), ["column", "file", "hint", "key", "line", "message", "severity", "value"]);
}

#[test]
fn a_bad_config_stops_every_verb_with_the_same_code() {
    let sipfw = Sipfw::with("mode = \"opne\"");
    for args in [
        &["status"][..],
        &["reload"],
        &["run"],
        &["deny", "list"],
        &["deny", "add", "203.0.113.7"],
        &["peer", "list"],
        &["events"],
        &["explain", "--from", "203.0.113.7"],
        &["doctor"],
    ] {
        let ran = sipfw.run(args).exits(2);
        assert!(ran.err.contains("opne") && ran.err.contains("nothing was changed"), "{args:?}: {}", ran.err);
    }
    assert!(!sipfw.state().exists());
}

#[test]
fn a_config_that_is_not_there_is_named() {
    let ran = Sipfw::new().run(&["check", "/nowhere/sipfw.toml"]).exits(2);
    assert!(ran.out.contains("/nowhere/sipfw.toml"));
}
