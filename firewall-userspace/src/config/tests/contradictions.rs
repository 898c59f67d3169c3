//! Keys that are right by themselves and wrong together; and what is only doubtful.
use super::{each_is_told, told};
use crate::config::parse_str;

const OFFICE: &str = "[[peer]]\nname = \"office\"\nprefixes = [\"198.51.100.0/24\"]\n";

#[test]
fn a_port_has_one_class() {
    each_is_told(&[
        (
            "[ports]\ntcp = [5060]\ntls = [5061, 5060]",
            "t.toml:3:7: ports.tls: [5061, 5060]: TCP port 5060",
            "(t.toml:2)",
        ),
        (
            "[ports]\ntls = [5060]",
            "t.toml:2:7: ports.tls: [5060]: TCP port 5060 is also in ports.tcp (built in)",
            "one class",
        ),
        ("[ports]\ntcp = [\"5000-5100\"]", "t.toml:2:7: ports.tcp: ", "TCP port 5061 is also in ports.tls (built in)"),
        (
            "[media]\nports = [\"5000-6000\"]",
            "t.toml:2:9: media.ports: ",
            "UDP port 5060 is also in ports.udp (built in)",
        ),
    ]);
    assert_eq!(told("media.ports = [5061]\nports.udp = [5070]"), [""; 0], "transports do not share ports");
    assert_eq!(told("media.ports = [5060]\nports.udp = [\"x\"]").len(), 1, "what a wrong list means is unknown");
}

#[test]
fn peers_do_not_share_names_or_prefixes() {
    let with = |other: &str| format!("{OFFICE}[[peer]]\n{other}");
    each_is_told(&[
        (
            &with("name = \"Office\"\nprefixes = [\"192.0.2.1\"]"),
            "t.toml:5:8: peer[2].name: \"Office\": another",
            "(t.toml:2)",
        ),
        (
            &with("name = \"vpn\"\nprefixes = [\"192.0.2.1\", \"198.51.100.0/24\"]"),
            "t.toml:6:26: peer[2].prefixes[2]: \"198.51.100.0/24\": is also a prefix of peer \"office\" (t.toml:3)",
            "a prefix belongs to one peer",
        ),
        (
            &with(
                "name = \"vpn\"\nprefixes = [\"198.51.100.0/25\", \"198.51.100.128/25\"]\nmedia = \"prefer\"\n[media]\nports = [10000]",
            ),
            "t.toml:6:13: warning: peer[2].prefixes[1]: \"198.51.100.0/25\": lies inside 198.51.100.0/24 of peer \"office\"",
            "the rules of \"vpn\" hold here",
        ),
        (
            &with("name = \"vpn\"\nprefixes = [\"192.0.2.1\", \"192.0.2.1/32\"]"),
            "t.toml:6:26: warning: peer[2].prefixes[2]: \"192.0.2.1/32\": is in the list twice (t.toml:6)",
            "leave one out",
        ),
    ]);
}

#[test]
fn nested_prefixes_with_the_same_rules_are_nobodys_trouble() {
    let nested = format!("{OFFICE}[[peer]]\nname = \"vpn\"\nprefixes = [\"198.51.100.0/25\"]\n");
    assert_eq!(told(&nested), [""; 0]);
}

#[test]
fn nesting_is_found_across_other_prefixes() {
    let text = "[[peer]]\nname = \"a\"\nprefixes = [\"10.0.0.0/8\", \"2001:db8::/32\"]\n\
        [[peer]]\nname = \"b\"\nprefixes = [\"10.1.0.0/16\", \"10.1.2.0/24\", \"10.3.0.0/16\"]\n\
        [[peer]]\nname = \"c\"\nprefixes = [\"10.2.0.0/16\", \"2001:db8:1::/48\"]\ntransports = [\"tls\"]\n";
    let told = told(text);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].starts_with("t.toml:9:13: warning: peer[3].prefixes[1]: \"10.2.0.0/16\": lies inside 10.0.0.0/8"));
}

#[test]
fn capacities_hold_what_is_configured() {
    let text = "[[peer]]\nname = \"a\"\nprefixes = [\"192.0.2.1\", \"192.0.2.2\", \"192.0.2.3\"]\n[capacity]\npeer_prefixes = 2";
    each_is_told(&[(text, "t.toml:3:39: peer[1].prefixes[3]: \"192.0.2.3\": is one prefix too many", "at least that")]);
}

#[test]
fn signatures_are_limited_and_differ() {
    let own = |n: usize| -> String {
        (0..n).map(|i| format!("[[signature]]\nfield = \"user-agent\"\ntoken = \"x{i}\"\n")).collect()
    };
    assert_eq!(told(&own(239)), [""; 0]);
    each_is_told(&[
        (&own(240), "t.toml:718:1: signature[240]: [[signature]]: is one signature too many", "keep 256"),
        (
            "[[signature]]\nfield = \"user-agent\"\ntoken = \"SIPVicious\"",
            "t.toml:3:9: warning: signature[1].token: \"SIPVicious\": is a signature of user-agent already",
            "leave it out",
        ),
    ]);
    let without = format!("signature_defaults = false\n{}", own(256));
    assert_eq!(told(&without), [""; 0]);
}

#[test]
fn doubtful_values_are_warned_of() {
    each_is_told(&[
        ("mode = \"trunk\"", "t.toml:1:8: warning: mode: \"trunk\": there is no peer", "name peers"),
        ("strangers.v6_prefix = 128", "t.toml:1:23: warning: strangers.v6_prefix: 128: ", "write 64 or less"),
        ("strangers.total = \"9/s burst 1\"", "t.toml:1:19: warning: strangers.total: ", "perfect spacing"),
        ("ports = { udp = [], tcp = [], tls = [] }", "t.toml:1:17: warning: ports.udp: []: no port is protected", ""),
        ("sip.scan_max = 512", "t.toml:1:16: warning: sip.scan_max: 512: a start line of 1024", "or 0"),
        (
            "[[peer]]\nname = \"a\"\nprefixes = [\"0.0.0.0/0\"]",
            "t.toml:3:13: warning: peer[1].prefixes[1]: \"0.0.0.0/0\": every host",
            "own networks",
        ),
        (
            &format!("{OFFICE}limits.invite = \"1/s burst 1\""),
            "t.toml:4:17: warning: peer[1].limits.invite: ",
            "perfect spacing",
        ),
    ]);
}

#[test]
fn problems_are_objects_for_programs() {
    let problems = parse_str("t.toml", "mode = \"x\"").unwrap_err();
    let json = serde_json::to_value(&problems).unwrap();
    assert_eq!(json[0]["severity"], "error");
    assert_eq!((&json[0]["line"], &json[0]["column"]), (&1.into(), &8.into()));
    assert_eq!((&json[0]["key"], &json[0]["value"]), (&"mode".into(), &"\"x\"".into()));
}

#[test]
fn a_peer_sends_from_somewhere() {
    each_is_told(&[
        ("[[peer]]\nname = \"a\"", "t.toml:1:", "neither prefixes nor names"),
        ("[[peer]]\nname = \"a\"\nnames = [\"192.0.2.1\"]", "t.toml:3:10: peer[1].names[1]", "belong into prefixes"),
        ("[[peer]]\nname = \"a\"\nnames = [\"pbx\"]", "t.toml:3:10: peer[1].names[1]", "only a part"),
        (
            "[[peer]]\nname = \"a\"\nnames = [\"sip.itsp.example\"]\n[dns]\nmax_addresses = 4000\n[capacity]\npeer_prefixes = 100",
            "t.toml:7:17: capacity.peer_prefixes",
            "may lead to 8000 addresses",
        ),
        ("[dns]\nttl_max = \"10s\"", "t.toml:2:11: dns.ttl_max", "shorter than dns.ttl_min (30s)"),
        ("[dns]\nservers = [\"dns.example\"]", "t.toml:2:12: dns.servers[1]", "is no address"),
    ]);
    assert_eq!(told("[[peer]]\nname = \"a\"\nnames = [\"sip.itsp.example\"]"), [""; 0]);
}

#[test]
fn a_list_is_in_one_place_and_only_apiban_has_a_key() {
    const LIST: &str = "[[blocklist]]\nname = \"a\"\n";
    let with = |keys: &str| format!("{LIST}{keys}");
    for (keys, begins, holds) in [
        ("", "t.toml:2:8: blocklist[1].name", "neither url nor file"),
        ("url = \"http://a/\"\nfile = \"/a\"", "t.toml:4:8: blocklist[1].file", "has a url too"),
        ("url = \"http://me:x@a/\"", "t.toml:3:7: blocklist[1].url", "carries a password"),
        ("url = \"gopher://a/\"", "t.toml:3:7: blocklist[1].url", "is no URL"),
        ("file = \"a\"", "t.toml:3:8: blocklist[1].file", "no absolute path"),
        ("format = \"apiban\"", "t.toml:3:10: blocklist[1].format", "wants a key"),
        ("file = \"/a\"\nkey_file = \"/k\"", "t.toml:4:12: blocklist[1].key_file", "only lists of the format"),
        ("file = \"/a\"\nevery = \"5s\"", "t.toml:4:9: blocklist[1].every", "from 1m to 30days"),
        ("file = \"/a\"\nevery = \"often\"", "t.toml:4:9: blocklist[1].every", "is no time"),
    ] {
        each_is_told(&[(&with(keys), begins, holds)]);
    }
    let twice = with("file = \"/a\"\n") + &with("file = \"/b\"");
    each_is_told(&[(&twice, "t.toml:5:8: blocklist[2].name", "another list has this name (t.toml:2)")]);
    assert_eq!(told(&with("format = \"apiban\"\nkey_file = \"/k\"")), [""; 0]);
}
