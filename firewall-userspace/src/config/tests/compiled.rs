//! The kernel's records of a config.
use firewall_common::addr::{Addr, Prefix};
use firewall_common::limiter::{HashKey, Limit};
use firewall_common::policy::{ALL_TRANSPORTS, FLAG_TRUNK, PeerRule, Policy, port};
use firewall_common::reason::{Reason, Stage};
use firewall_common::sip::Window;
use firewall_common::sip::method::{Class, Method};

use super::config;
use crate::config::{Compiled, Config, Limits, compile};
use crate::names::Resolved;

const KEY: HashKey = HashKey([1, 2]);

fn compiled(text: &str) -> Compiled {
    compile(&config(text), &Resolved::default(), KEY, 7)
}

#[test]
fn the_builtin_policy_is_open_and_limited() {
    let policy = compile(&Config::builtin(), &Resolved::default(), KEY, 7).policy;
    let want = Policy {
        hash_key: KEY,
        stranger: Limits::STRANGER.compiled(),
        registrant: Limits::REGISTRANT.compiled(),
        total: Limit::per_second(2_000, 2_000),
        known_total: Limit::per_second(1_000, 10_000),
        hold: Limit::new(4, 60_000_000_000, 4),
        cells_mask: (1 << 18) - 1,
        scan_max: 1_536,
        ..Policy::OPEN
    };
    assert_eq!(policy, want);
    assert!(
        Class::ALL
            .iter()
            .all(|class| !policy.stranger[class.slot()].is_none() && !policy.registrant[class.slot()].is_none())
    );
}

#[test]
fn every_key_reaches_the_policy() {
    let policy = compiled(
        "mode = \"trunk\"\nmonitor = [\"limit\", \"sip\"]\nsignature_defaults = false\n\
         [strangers]\ntransports = [\"tls\"]\nv6_prefix = 48\ntotal = \"none\"\nlimits.register = \"7/s burst 9\"\n\
         [trust]\nknown_total = \"3/s burst 4\"\n\
         [slow_path]\ncopy_max = 500\nhold = \"5/s burst 6\"\ncalled_for = 7\n\
         [sip]\nstart_line_max = 512\n[capacity]\ncells = 1024\n\
         [[peer]]\nname = \"a\"\nprefixes = [\"192.0.2.1\"]\n",
    )
    .policy;
    assert_eq!(policy.monitor, Stage::Limit.drop_bits() | Reason::NotSip.bit());
    assert_eq!((policy.flags, policy.peers, policy.cells_mask), (FLAG_TRUNK, 1, 1_023));
    assert_eq!((policy.start_line_max, policy.scan_max), (512, 0), "without signatures nothing is searched");
    assert_eq!((policy.stranger_transports, policy.v6_mask, policy.total), (4, Addr::mask(48), Limit::NONE));
    assert_eq!((policy.known_total, policy.hold), (Limit::per_second(3, 4), Limit::per_second(5, 6)));
    assert_eq!((policy.copy_max, policy.called_for), (500, 7_000_000_000));
    assert_eq!(policy.stranger[Class::Register as usize], Limit::per_second(7, 9));
    assert_eq!(policy.stranger[Class::Invite as usize], Limits::STRANGER.invite.limit(), "other limits stay");
}

#[test]
fn monitoring_all_is_every_drop() {
    let drops = Reason::ALL.iter().filter(|r| r.drops()).fold(0, |bits, r| bits | r.bit());
    assert_eq!(compiled("monitor = true").policy.monitor, drops);
    assert_eq!(compiled("monitor = false").policy.monitor, 0);
}

#[test]
fn ports_have_their_classes() {
    let table =
        compiled("[ports]\nudp = [\"5060-5062\"]\ntls = [5061]\n[media]\nports = [5059, \"65535-65535\"]").ports;
    let classes = |port: usize| table.0[port];
    assert_eq!(classes(5059), port::MEDIA);
    assert_eq!(classes(5060), port::SIP_UDP | port::SIP_TCP);
    assert_eq!(classes(5061), port::SIP_UDP | port::SIP_TLS);
    assert_eq!((classes(5062), classes(5063), classes(65_535)), (port::SIP_UDP, 0, port::MEDIA));
    assert_eq!(table.0.iter().filter(|classes| **classes != 0).count(), 5);
}

#[test]
fn peers_are_numbered_from_one() {
    let compiled = compiled(
        "[[peer]]\nname = \"a\"\nprefixes = [\"198.51.100.0/24\", \"198.51.100.0/24\"]\n\
         [[peer]]\nname = \"b\"\nprefixes = [\"2001:db8::/32\"]\ntransports = [\"udp\", \"tls\"]\n\
         methods = [\"INVITE\", \"*\"]\nmedia = \"srtp-only\"\nlimits.invite = \"5/s\"\n",
    );
    let v4 = Prefix::new(Addr::from_v4([198, 51, 100, 0]), 120);
    let v6 = Prefix::new("2001:db8::".parse::<std::net::Ipv6Addr>().unwrap().into(), 32);
    assert_eq!(compiled.peers.len(), 2, "what a peer says twice is one entry");
    assert!(compiled.peers.contains(&(v4, 1)) && compiled.peers.contains(&(v6, 2)));
    assert_eq!(compiled.rules[..2], [PeerRule::ANY, PeerRule::ANY]);
    let rule = compiled.rules[2];
    assert_eq!((rule.transports, rule.media), (ALL_TRANSPORTS & !2, 2));
    assert_eq!(rule.methods, Method::Invite.bit() | Method::Extension.bit());
    assert_eq!(rule.limits[Class::Invite as usize], Limit::per_second(5, 5));
    assert!(rule.limits[Class::Register as usize].is_none());
}

#[test]
fn the_filter_covers_the_peers() {
    let filter = compiled("[[peer]]\nname = \"a\"\nprefixes = [\"198.51.100.0/24\", \"2001:db8::/32\"]").peer_filter;
    assert!(filter.may_contain(Addr::from_v4([198, 51, 0, 1])) && !filter.may_contain(Addr::from_v4([198, 52, 0, 1])));
    assert!(filter.may_contain("2001:db8::1".parse::<std::net::Ipv6Addr>().unwrap().into()));
}

#[test]
fn signatures_are_found_by_their_place() {
    let config = config("[[signature]]\nfield = \"from-user\"\ntoken = \"nmap\"");
    let table = compile(&config, &Resolved::default(), KEY, 0).signatures;
    let window = |text: &str| {
        let mut w = Window::new();
        w.fill(text.as_bytes());
        w
    };
    let found = |id: Option<u32>| id.map(|id| config.signatures()[id as usize].token.to_string());
    assert_eq!(found(table.user_agent(&window(": iwar\r\n"), 0)).as_deref(), Some("iWar"));
    assert_eq!(found(table.from(&window(": <sip:nmap@192.0.2.1>\r\n"), 0)).as_deref(), Some("nmap"));
    assert_eq!(found(table.from(&window(": <sip:100@1.1.1.1>\r\n"), 0)).as_deref(), Some("1.1.1.1"));
    for legal in
        [": 3CXPhoneSystem 18.0\r\n", ": Asterisk PBX 18.9\r\n", ": Zoiper rv2.10\r\n", ": Cisco-CP8861/12.8\r\n"]
    {
        assert_eq!(table.user_agent(&window(legal), 0), None, "{legal}");
    }
}

#[test]
fn a_full_table_is_found_for_any_seed() {
    let text: String =
        (0..256).map(|i| format!("[[signature]]\nfield = \"user-agent\"\ntoken = \"s-{i}\"\n")).collect();
    let config = config(&format!("signature_defaults = false\n{text}"));
    for seed in 0..100u64 {
        let table = compile(&config, &Resolved::default(), KEY, seed.wrapping_mul(u64::MAX / 100)).signatures;
        let mut w = Window::new();
        w.fill(b": s-255\r\n");
        assert_eq!(table.user_agent(&w, 0), Some(255));
    }
}

#[test]
fn the_addresses_of_names_are_prefixes_of_their_peer() {
    let config = config(
        "[[peer]]\nname = \"a\"\nnames = [\"sip.a.example\", \"b.a.example\"]\n\
         [[peer]]\nname = \"b\"\nprefixes = [\"192.0.2.2\"]\nnames = [\"sip.b.example\"]\n",
    );
    let known = [("sip.a.example", vec!["192.0.2.1", "192.0.2.2", "192.0.2.3"]), ("sip.b.example", vec!["192.0.2.3"])];
    let addresses = |list: Vec<&str>| list.into_iter().map(|ip| ip.parse().unwrap()).collect();
    let resolved: Resolved = known.into_iter().map(|(name, list)| (name.to_owned(), addresses(list))).collect();
    let compiled = compile(&config, &resolved, KEY, 7);
    let host = |n| Prefix::host(Addr::from_v4([192, 0, 2, n]));
    // What is written down goes before what a name leads to, and of two names the first peer's.
    assert_eq!(compiled.peers, [(host(1), 1), (host(2), 2), (host(3), 1)]);
    assert!(compiled.peer_filter.may_contain(Addr::from_v4([192, 0, 2, 1])));
    assert!(compile(&config, &Resolved::default(), KEY, 7).peers == [(host(2), 2)]);
}
