//! `stir`, with what the fuzzer's seeds are signed with.
use std::fs;
use std::path::{Path, PathBuf};

use crate::sipfw::{Sipfw, keys};

const URL: &str = "https://certificates.carrier.example/1.pem";
/// When the seeds were signed.
const AT: &str = "2023-11-14T22:13:25Z";

fn seed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(name)
}

/// One with a trusted root, and a directory of certificates.
fn sipfw() -> Sipfw {
    let sipfw = Sipfw::new();
    let (roots, cache) = (sipfw.path("roots"), sipfw.path("cache"));
    let more = format!("[stir]\nroots = {roots:?}\ncache = {cache:?}\nfetch = false\n");
    let text = fs::read_to_string(sipfw.path("sipfw.toml")).unwrap();
    sipfw.file("sipfw.toml", &(text + &more));
    sipfw.file("roots/root.pem", &fs::read_to_string(seed("src/identity/root.pem")).unwrap());
    sipfw
}

#[test]
fn a_message_is_checked_and_the_reason_is_told() {
    let sipfw = sipfw();
    let signer = seed("src/identity/signer.pem").display().to_string();
    let shaken = seed("corpus/identity/shaken").display().to_string();
    let good = sipfw.run(&["stir", "check", &shaken, "--at", AT, "--cert", &signer]).exits(0).out;
    for part in ["valid", "CN=Fuzz 1234", "A: the signer knows the caller", "123e4567-e89b-12d3-a456-426655440000"] {
        assert!(good.contains(part), "{part}: {good}");
    }
    let stale = sipfw.run(&["stir", "check", &shaken, "--cert", &signer]).exits(1).out;
    assert!(stale.contains("stale") && stale.contains("403 Stale Date"), "{stale}");
    let missing = sipfw.run(&["stir", "check", &shaken, "--at", AT, "--json"]).exits(1).json();
    assert_eq!(keys(&missing), ["answer", "attestation", "origin", "signer", "verdict", "why"]);
    assert_eq!((missing["verdict"].as_str(), missing["answer"].as_u64()), (Some("no_certificate"), Some(436)));
    let value = seed("corpus/identity/value").display().to_string();
    sipfw.run(&["stir", "check", &value, "--at", AT, "--cert", &signer]).exits(0);
}

#[test]
fn what_has_nothing_to_check_is_a_usage_error() {
    let sipfw = sipfw();
    for (name, content) in [("no.txt", "hello"), ("empty.txt", ""), ("half.txt", "OPTIONS sip:a@b SIP/2.0\n\n")] {
        let file = sipfw.file(name, content);
        assert!(!sipfw.run(&["stir", "check", &file]).exits(2).err.is_empty());
    }
    let shaken = seed("corpus/identity/shaken").display().to_string();
    assert!(sipfw.run(&["stir", "check", &shaken, "--roots", "/nonexistent"]).exits(2).err.contains("/nonexistent"));
    sipfw.run(&["stir", "check", "/nonexistent"]).exits(1);
}

#[test]
fn certificates_are_listed_with_their_trust() {
    let sipfw = sipfw();
    assert!(sipfw.run(&["stir", "certs"]).exits(0).out.contains("no certificates"));
    let pem = fs::read_to_string(seed("src/identity/signer.pem")).unwrap();
    sipfw.file("cache/carrier.pem", &format!("# {URL}\n{pem}"));
    sipfw.file("cache/other.pem", "# https://other.example/1\nnothing");
    sipfw.file("cache/nameless.pem", &pem);
    let list = sipfw.run(&["stir", "certs", "--json"]).exits(0).json();
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!((list[0]["url"].as_str(), list[0]["subject"].as_str()), (Some(URL), Some("CN=Fuzz 1234")));
    assert_eq!((&list[0]["providers"][0], &list[0]["trouble"]), (&"1234".into(), &serde_json::Value::Null));
    assert!(list[1]["trouble"].is_string());
    let table = sipfw.run(&["stir", "certs"]).exits(0).out;
    assert!(table.contains("yes") && table.contains("no: "), "{table}");
    let shaken = seed("corpus/identity/shaken").display().to_string();
    sipfw.run(&["stir", "check", &shaken, "--at", AT]).exits(0);
}
