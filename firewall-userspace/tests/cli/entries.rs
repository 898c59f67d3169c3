//! `allow`, `deny` and `ban`, on a database and nothing else.
use serde_json::json;

use crate::sipfw::{Sipfw, keys};

const ENTRY: [&str; 12] =
    ["author", "comment", "created", "evidence", "expires", "hits", "id", "kind", "origin", "prefix", "scope", "step"];

fn prefixes(sipfw: &Sipfw, verb: &str) -> Vec<String> {
    let list = sipfw.run(&[verb, "list", "--sort", "prefix", "--json"]).exits(0).json();
    list.as_array().unwrap().iter().map(|e| e["prefix"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn entries_are_added_listed_and_deleted() {
    let sipfw = Sipfw::new();
    let added = sipfw.run(&["deny", "add", "203.0.113.0/24", "2001:db8::7", "--for", "2h", "--comment", "x", "--json"]);
    let added = added.exits(0).json();
    assert_eq!(keys(&added), ["added", "applied", "renewed", "replaced", "warnings"]);
    assert_eq!((added["added"].as_array().unwrap().len(), &added["applied"]), (2, &json!([])));
    let list = sipfw.run(&["deny", "list", "--json"]).exits(0).json();
    assert_eq!(keys(&list[0]), ENTRY);
    assert_eq!((&list[0]["hits"], &list[0]["comment"]), (&json!(null), &json!("x")));
    let text = sipfw.run(&["deny", "list"]).exits(0).out;
    assert!(text.contains("203.0.113.0/24") && text.contains("in 1h 59m"), "{text}");
    sipfw.run(&["deny", "del", "203.0.113.0/24"]).exits(0);
    assert_eq!(prefixes(&sipfw, "deny"), ["2001:db8::7"]);
}

#[test]
fn without_anything_loaded_it_says_so() {
    let ran = Sipfw::new().run(&["allow", "add", "198.51.100.7"]).exits(0);
    assert!(ran.out.contains("1 allow entry added") && ran.out.contains("no sipfw is loaded"), "{}", ran.out);
}

#[test]
fn the_other_kind_is_replaced_and_the_same_renewed() {
    let sipfw = Sipfw::new();
    sipfw.run(&["deny", "add", "203.0.113.7"]).exits(0);
    assert!(sipfw.run(&["deny", "add", "203.0.113.7", "--for", "1h"]).exits(0).out.contains("1 renewed"));
    let replaced = sipfw.run(&["allow", "add", "203.0.113.7", "--json"]).exits(0).json();
    assert_eq!(replaced["replaced"][0]["old"]["kind"], "deny");
    assert!(prefixes(&sipfw, "deny").is_empty());
}

#[test]
fn one_bad_line_keeps_the_whole_list_out_and_every_bad_line_is_told() {
    let sipfw = Sipfw::new();
    let list = sipfw.file("list", "10.0.0.1\nfoo\n# fine\n10.0.0.1/8\n10.0.0.2 # phone\n1.2.3.4/40\n");
    let ran = sipfw.run(&["deny", "add", "10.9.9.9", &format!("@{list}")]).exits(2);
    for text in ["list:2:", "list:4:", "list:6:", "nothing was added"] {
        assert!(ran.err.contains(text), "{text}\n{}", ran.err);
    }
    assert!(prefixes(&sipfw, "deny").is_empty());
}

#[test]
fn ten_thousand_lines_go_in_at_once() {
    let sipfw = Sipfw::new();
    let lines: String = (0..10_000).map(|i| format!("10.{}.{}.7 # no {i}\n", i / 256, i % 256)).collect();
    let list = format!("@{}", sipfw.file("list", &lines));
    assert!(sipfw.run(&["deny", "add", &list]).exits(0).out.contains("10,000 deny entries added"));
    assert_eq!(prefixes(&sipfw, "deny").len(), 10_000);
    assert!(sipfw.run(&["deny", "del", &list]).exits(0).out.contains("10,000 deny entries deleted"));
}

#[test]
fn more_than_fits_is_refused_before_anything_is_written() {
    let sipfw = Sipfw::with("[capacity]\nbans = 2\n");
    let ran = sipfw.run(&["deny", "add", "10.0.0.1", "10.0.0.2", "10.0.0.3"]).exits(1);
    assert!(ran.err.contains("capacity.bans"), "{}", ran.err);
    assert!(prefixes(&sipfw, "deny").is_empty());
}

#[test]
fn what_is_too_wide_or_cuts_off_a_peer_needs_force() {
    let sipfw = Sipfw::with("[[peer]]\nname = \"itsp\"\nprefixes = [\"198.51.100.0/24\"]\n");
    for wide in ["0.0.0.0/0", "::/0", "198.51.100.0/24", "198.51.0.0/16"] {
        let ran = sipfw.run(&["deny", "add", wide]).exits(1);
        assert!(ran.err.contains("--force") && ran.err.contains("nothing was added"), "{wide}: {}", ran.err);
        assert!(prefixes(&sipfw, "deny").is_empty());
    }
    let part = sipfw.run(&["deny", "add", "198.51.100.7"]).exits(0);
    assert!(part.err.contains("would cut off peer itsp"), "{}", part.err);
    sipfw.run(&["deny", "add", "0.0.0.0/0", "--force"]).exits(0);
    assert_eq!(prefixes(&sipfw, "deny").len(), 2);
}

#[test]
fn what_is_not_there_is_told() {
    let sipfw = Sipfw::new();
    sipfw.run(&["deny", "add", "10.0.0.0/8"]).exits(0);
    let ran = sipfw.run(&["deny", "del", "10.0.0.1"]).exits(1);
    assert!(ran.err.contains("no deny entry of 10.0.0.1"), "{}", ran.err);
    assert_eq!(prefixes(&sipfw, "deny").len(), 1);
}

#[test]
fn flush_asks_where_it_can_and_refuses_where_it_cannot() {
    let sipfw = Sipfw::new();
    sipfw.run(&["deny", "add", "10.0.0.1", "10.0.0.2"]).exits(0);
    assert!(sipfw.run(&["deny", "flush"]).exits(2).err.contains("--yes"));
    assert_eq!(sipfw.run(&["deny", "flush", "--yes", "--json"]).exits(0).json()["deleted"], 2);
    sipfw.run(&["deny", "flush"]).exits(0);
}

#[test]
fn bans_are_looked_at_and_lifted() {
    let sipfw = Sipfw::new();
    assert_eq!(sipfw.run(&["ban", "list", "--json"]).exits(0).json(), json!([]));
    sipfw.run(&["ban", "lift", "203.0.113.7"]).exits(1);
    ban(&sipfw, "203.0.113.7");
    let why = sipfw.run(&["ban", "why", "203.0.113.7", "--json"]).exits(0).json();
    assert_eq!(keys(&why), ["banned", "known", "source"]);
    assert_eq!(why["known"]["bans"][0]["evidence"]["failures"], 7);
    assert!(sipfw.run(&["ban", "list"]).exits(0).out.contains("203.0.113.7"));
    assert!(sipfw.run(&["ban", "lift", "203.0.113.7"]).exits(0).out.contains("1 ban lifted"));
    assert!(sipfw.run(&["ban", "why", "203.0.113.7"]).exits(1).out.contains("was lifted"));
}

fn ban(sipfw: &Sipfw, source: &str) {
    use firewall_userspace::entries::{Scope, parse_prefix};
    use firewall_userspace::store::{NewBan, Store};
    let mut store = Store::open(&sipfw.state()).unwrap();
    let now = firewall_userspace::dataplane::clock::now().wall_ms;
    let new = NewBan {
        source: parse_prefix(source).unwrap(),
        scope: Scope::Sip,
        expires: now + 3_600_000,
        evidence: json!({ "failures": 7 }).to_string(),
        step: 1,
    };
    store.ban(&new, now).unwrap();
}
