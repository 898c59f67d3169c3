//! `number`, `caller` and `code`, on a database and nothing else.
use serde_json::{Value, json};

use crate::sipfw::{Sipfw, keys};

const CONFIG: &str = "[numbers]\nreceived = \"open\"\nsent = \"validated\"\ncountry = \"49\"\n[callers]\npolicy = \"listed\"\n\
                      own_numbers = [\"+4930123\"]\n[[peer]]\nname = \"itsp\"\nprefixes = [\"198.51.100.0/24\"]\n";

fn sipfw() -> Sipfw {
    Sipfw::with(CONFIG)
}

fn list(sipfw: &Sipfw, verb: &str) -> Vec<String> {
    let listed = sipfw.run(&[verb, "list", "--json"]).exits(0).json();
    let text = |entry: &Value| format!("{} {}", entry["action"].as_str().unwrap(), entry["prefix"].as_str().unwrap());
    listed.as_array().unwrap().iter().map(text).collect()
}

#[test]
fn entries_are_added_changed_listed_and_deleted() {
    let sipfw = sipfw();
    let added = sipfw.run(&["number", "deny", "0900", "+882", "--class", "premium", "--comment", "x", "--json"]);
    let added = added.exits(0).json();
    assert_eq!(keys(&added), ["added", "applied", "changed", "warning"]);
    assert_eq!((&added["added"][0]["prefix"], &added["warning"]), (&json!("+49900"), &json!(null)));
    let changed = sipfw.run(&["number", "code", "+49 900", "--class", "premium", "--for", "2h"]).exits(0).out;
    assert!(
        changed.contains("0 number entries added, 1 changed") && changed.contains("no sipfw is loaded"),
        "{changed}"
    );
    assert_eq!(list(&sipfw, "number"), ["code +49900", "deny +882"]);
    let text = sipfw.run(&["number", "list", "+4990012"]).exits(0).out;
    assert!(text.contains("+49900") && text.contains("premium") && text.contains("in 1h 59m"), "{text}");
    assert!(!text.contains("+882"), "{text}");
    let left = sipfw.run(&["number", "del", "+49900", "+1"]).exits(1);
    assert!(left.out.contains("1 number entry deleted") && left.err.contains("no such entry of +1"), "{}", left.err);
    assert_eq!(list(&sipfw, "number"), ["deny +882"]);
}

#[test]
fn peers_and_directions_have_entries_of_their_own() {
    let sipfw = sipfw();
    sipfw.run(&["number", "allow", "+49", "--peer", "itsp", "--direction", "sent"]).exits(0);
    sipfw.run(&["number", "deny", "+49"]).exits(0);
    assert_eq!(list(&sipfw, "number"), ["allow +49", "deny +49"]);
    sipfw.run(&["number", "test", "+4989", "--to-peer", "itsp"]).exits(0);
    sipfw.run(&["number", "test", "+4389", "--to-peer", "itsp"]).exits(1);
    let refused = sipfw.run(&["number", "test", "+4989"]).exits(1).out;
    assert!(refused.contains("number_denied") && refused.contains("number deny entry 2 of +49"), "{refused}");
    sipfw.run(&["number", "test", "+4989", "--from-peer", "itsp"]).exits(0);
    sipfw.run(&["number", "del", "+49", "--peer", "itsp", "--direction", "received"]).exits(1);
    sipfw.run(&["number", "del", "+49", "--peer", "itsp"]).exits(0);
    let unknown = sipfw.run(&["number", "deny", "+1", "--peer", "nobody"]).exits(2);
    assert!(unknown.err.contains("no peer \"nobody\""), "{}", unknown.err);
}

#[test]
fn a_test_says_what_would_happen_and_why() {
    let sipfw = sipfw();
    sipfw.run(&["number", "deny", "+49900", "--class", "premium", "--comment", "dear"]).exits(0);
    for number in [
        "0900123",
        "+49 900-123",
        "sip:00%34%39900123@h;user=phone",
        "tel:900123;phone-context=+49",
        "SIPS:+49900123:pw@h",
    ] {
        let judged = sipfw.run(&["number", "test", number, "--json"]).exits(1).json();
        assert_eq!((&judged["number"], &judged["reason"]), (&json!("+49900123"), &json!("number_denied")), "{number}");
        assert_eq!((&judged["prefix"], &judged["class"]), (&json!("+49900"), &json!("premium")), "{number}");
    }
    let sent = sipfw.run(&["number", "test", "+4989123", "--to-peer", "itsp"]).exits(1).out;
    assert!(sent.contains("own_number") && sent.contains("no entry says anything of it"), "{sent}");
    let house = sipfw.run(&["number", "test", "200", "--to-peer", "itsp"]).exits(0).out;
    assert!(house.contains("of the house"), "{house}");
    assert!(sipfw.run(&["number", "test", "sip:alice@h"]).exits(2).err.contains("no digits"));
}

#[test]
fn codes_open_a_class_and_are_never_shown() {
    let sipfw = sipfw();
    assert!(sipfw.run(&["number", "code", "+1"]).exits(2).err.contains("--class"));
    sipfw.run(&["number", "code", "+1", "--class", "overseas"]).exits(0);
    assert_eq!(sipfw.run(&["number", "test", "+1212", "--json"]).exits(1).json()["reason"], "call_code");
    let made = sipfw.run(&["code", "add", "overseas", "--label", "desk", "--generate", "--json"]).exits(0).json();
    let code = made["code"].as_str().unwrap();
    assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()), "{code}");
    let with = |code: &str| format!("*{code}*001212555");
    sipfw.run(&["number", "test", &with(code)]).exits(0);
    let wrong: String = code.bytes().map(|b| char::from(b'0' + (b - b'0' + 1) % 10)).collect();
    assert_eq!(sipfw.run(&["number", "test", &with(&wrong), "--json"]).exits(1).json()["code"], "wrong");
    for shown in [&["code", "list"][..], &["code", "list", "--json"]] {
        let shown = sipfw.run(shown).exits(0).out;
        assert!(shown.contains("overseas") && !shown.contains(code), "{shown}");
    }
    let database = std::fs::read(sipfw.state().join("state.db")).unwrap();
    let log = std::fs::read(sipfw.state().join("state.db-wal")).unwrap_or_default();
    let has = |bytes: &[u8]| bytes.windows(code.len()).any(|window| window == code.as_bytes());
    assert!(!has(&database) && !has(&log));
    sipfw.run(&["code", "del", "1"]).exits(0);
    sipfw.run(&["number", "test", &with(code)]).exits(1);
    assert!(sipfw.run(&["code", "del", "1"]).exits(1).err.contains("no code 1"));
}

#[test]
fn a_code_from_standard_input_must_be_one() {
    let none = sipfw().run(&["code", "add", "overseas"]).exits(2);
    assert!(none.err.contains("no code on standard input"), "{}", none.err);
    let odd = sipfw().run(&["code", "add", "a b", "--generate"]).exits(2);
    assert!(odd.err.contains("no name of a class"), "{}", odd.err);
}

#[test]
fn callers_are_judged_by_lists_and_by_our_own_numbers() {
    let sipfw = sipfw();
    sipfw.run(&["caller", "deny", "+4930555", "--comment", "every night"]).exits(0);
    assert_eq!(list(&sipfw, "caller"), ["deny +4930555"]);
    assert!(list(&sipfw, "number").is_empty());
    for (number, reason) in [
        ("+49305551", json!("caller_denied")),
        ("+49301234", json!("caller_spoofed")),
        ("030 123 4", json!("caller_spoofed")),
        ("+4989", json!(null)),
        ("anonymous", json!(null)),
    ] {
        let code = i32::from(!reason.is_null());
        let judged = sipfw.run(&["caller", "test", number, "--from-peer", "itsp", "--json"]).exits(code).json();
        assert_eq!(judged["reason"], reason, "{number}");
    }
    assert!(sipfw.run(&["caller", "test", "+49305551"]).exits(1).out.contains("every night"));
    sipfw.run(&["caller", "del", "+4930555"]).exits(0);
    assert!(list(&sipfw, "caller").is_empty());
}

#[test]
fn an_import_is_whole_or_nothing() {
    let sipfw = sipfw();
    let good = sipfw
        .file("good.csv", "prefix,action,class,comment\n+49900,deny,premium,\"a, b\"\n0137,code,premium,\n110,allow\n");
    assert!(sipfw.run(&["number", "import", &good]).exits(0).out.contains("3 number entries added"));
    assert_eq!(list(&sipfw, "number"), ["deny +49900", "code +49137", "allow 110"]);
    let bad = sipfw.file("bad.csv", "+1,deny\n+2,dny\n+3\nx,deny\n");
    let ran = sipfw.run(&["number", "import", &bad]).exits(2);
    for text in ["bad.csv:2: ", "bad.csv:3: ", "bad.csv:4: ", "nothing was imported"] {
        assert!(ran.err.contains(text), "{text}\n{}", ran.err);
    }
    assert_eq!(list(&sipfw, "number").len(), 3);
    let callers = sipfw.file("callers.csv", "+4930,deny,,again\n");
    assert!(sipfw.run(&["caller", "import", &callers, "--peer", "itsp"]).exits(0).out.contains("1 caller entry added"));
}

#[test]
fn ten_thousand_lines_are_imported_and_more_than_fits_is_refused() {
    let lines: String = (0..10_000).map(|i| format!("+{},deny,premium,no {i}\n", 100_000 + i)).collect();
    let sipfw = sipfw();
    let file = sipfw.file("many.csv", &lines);
    assert!(sipfw.run(&["number", "import", &file]).exits(0).out.contains("10,000 number entries added"));
    let small = Sipfw::with("[capacity]\nnumbers = 9999\n");
    let ran = small.run(&["number", "import", &file]).exits(1);
    assert!(ran.err.contains("capacity.numbers") && list(&small, "number").is_empty(), "{}", ran.err);
}

#[test]
fn who_edits_a_list_that_decides_nothing_is_told() {
    let sipfw = Sipfw::new();
    for verb in ["number", "caller"] {
        let ran = sipfw.run(&[verb, "deny", "+1"]).exits(0);
        assert!(ran.err.contains("the list decides nothing"), "{}", ran.err);
    }
}
