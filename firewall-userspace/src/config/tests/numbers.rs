//! Numbers and callers: every key, what is wrong with one, and what contradicts itself.
use firewall_common::limiter::HashKey;
use firewall_common::number::Plan;
use firewall_common::policy::{
    CALLERS_ASSERTED, CALLERS_LISTED, CALLERS_NAMED, CALLERS_NOT_OURS, CALLERS_VALIDATED, FLAG_CALLERS, FLAG_NUMBERS,
    NUMBERS_OFF, NUMBERS_OPEN, NUMBERS_VALIDATED, PeerRule,
};

use super::{config, each_is_told, told};
use crate::config::{Compiled, compile};
use crate::names::Resolved;
use crate::numbers::own_list;

const PEER: &str = "[[peer]]\nname = \"itsp\"\nprefixes = [\"198.51.100.0/24\"]\n";

fn compiled(text: &str) -> Compiled {
    compile(&config(text), &Resolved::default(), HashKey([1, 2]), 7)
}

#[test]
fn nobody_looks_at_numbers_until_somebody_asks_for_it() {
    let made = compiled(PEER);
    assert_eq!((made.policy.flags, made.policy.numbers, made.policy.callers), (0, 0, 0));
    assert!(made.rules.iter().all(|rule| *rule == PeerRule::ANY));
    assert_eq!(made.plan.extension_max, Plan::NONE.extension_max);
}

#[test]
fn policies_are_those_of_the_kernels_records() {
    let text = format!("[numbers]\nreceived = \"validated\"\nsent = \"open\"\ncountry = \"49\"\n{PEER}");
    let made = compiled(&text);
    assert_eq!((made.policy.flags, made.policy.numbers), (FLAG_NUMBERS, NUMBERS_VALIDATED.into()));
    let of = |rule: &PeerRule| (rule.received, rule.sent, rule.list);
    assert_eq!(of(&made.rules[0]), (NUMBERS_VALIDATED, NUMBERS_OPEN, 0));
    assert_eq!(of(&made.rules[1]), (NUMBERS_OFF, NUMBERS_OPEN, own_list("itsp")));
    let own = format!("{PEER}numbers_received = \"open\"\nnumbers_sent = \"validated\"\n[numbers]\ncountry = \"49\"");
    let made = compiled(&own);
    assert_eq!((made.policy.flags, made.policy.numbers), (FLAG_NUMBERS, 0));
    assert_eq!(of(&made.rules[1]), (NUMBERS_OPEN, NUMBERS_VALIDATED, own_list("itsp")));
    let off = compiled(&format!("{text}numbers_sent = \"off\""));
    assert_eq!(of(&off.rules[1]), (NUMBERS_OFF, NUMBERS_OFF, 0));
}

#[test]
fn callers_are_bits() {
    let bits = |text: &str| {
        let made = compiled(&format!("[callers]\n{text}\n{PEER}"));
        (made.policy.callers as u8, made.rules[1].callers, made.policy.flags)
    };
    assert_eq!(bits(""), (0, 0, 0));
    assert_eq!(bits("policy = \"listed\""), (CALLERS_LISTED, CALLERS_LISTED | CALLERS_ASSERTED, FLAG_CALLERS));
    let validated = CALLERS_LISTED | CALLERS_VALIDATED;
    assert_eq!(bits("policy = \"validated\"\nasserted = false"), (validated, validated, FLAG_CALLERS));
    let both = CALLERS_NAMED | CALLERS_NOT_OURS;
    let text = "anonymous = \"refuse\"\nown_domains = [\"example.com\"]";
    assert_eq!(bits(text), (both, both | CALLERS_ASSERTED, FLAG_CALLERS));
    let own =
        |word: &str| compiled(&format!("callers.anonymous = \"refuse\"\n{PEER}callers = \"{word}\"")).rules[1].callers;
    assert_eq!((own("off"), own("listed")), (0, CALLERS_NAMED | CALLERS_LISTED | CALLERS_ASSERTED));
}

#[test]
fn wrong_values_are_told_what_would_be_right() {
    each_is_told(&[
        ("numbers.received = \"on\"", "t.toml:1:20: numbers.received: \"on\": ", "off, open, validated"),
        ("numbers.country = \"049\"", "t.toml:1:19: numbers.country: \"049\": is no country's code", "\"49\""),
        ("numbers.country = 49", "t.toml:1:19: numbers.country: 49: is an integer", "\"49\""),
        ("numbers.international = [\"0a\"]", "t.toml:1:26: numbers.international[1]: \"0a\": is no dial", "\"00\""),
        ("numbers.outside = [\"\"]", "t.toml:1:20: numbers.outside[1]: \"\": is empty", "digits"),
        ("numbers.code_digits = 3", "t.toml:1:23: numbers.code_digits: 3: is out of range", "4 to 12"),
        ("numbers.ready_made = [\"prem\"]", "t.toml:1:23: numbers.ready_made[1]: ", "premium"),
        (
            "callers.countries_deny = [\"XX\"]",
            "t.toml:1:27: callers.countries_deny[1]: \"XX\": is no country",
            "ISO 3166",
        ),
        ("callers.own_numbers = [\"+49x\"]", "t.toml:1:24: callers.own_numbers[1]: \"+49x\": is no number", "+4930"),
        ("callers.policy = \"open\"", "t.toml:1:18: callers.policy: ", "listed"),
    ]);
}

#[test]
fn contradictions_are_told() {
    let many = (1..=11).map(|n| format!("\"{}\"", 90 + n)).collect::<Vec<_>>().join(", ");
    each_is_told(&[
        (&format!("numbers.outside = [{many}]"), "t.toml:1:19: numbers.outside: ", "the plan has 13 prefixes"),
        (
            "numbers.received = \"open\"",
            "t.toml:1:20: warning: numbers.received: \"open\": there is no country",
            "\"49\"",
        ),
        (
            "[callers]\npolicy = \"listed\"\ncountries_deny = [\"DE\"]\ncountries_allow = [\"DE\"]",
            "t.toml:3:18: callers.countries_deny: ",
            "DE is in callers.countries_allow, too (t.toml:4)",
        ),
        ("callers.countries_deny = [\"DE\"]", "t.toml:1:26: warning: callers.countries_deny: ", "says nothing"),
    ]);
    assert_eq!(
        told("numbers.received = \"open\"\nnumbers.country = \"49\"\nnumbers.ready_made = [\"premium\"]"),
        [""; 0]
    );
}
