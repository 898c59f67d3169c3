//! Random configs, entries and registrants, as plain values that both the config file and the model are made of.
//!
//! Owns: what is varied, and the config's text. Refuses: what the config refuses.
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use firewall_tests::harness::{SECOND, allow, ban, deny};
use firewall_userspace::entries::{Scope, StoredEntry};
use ipnet::IpNet;

use crate::numbers::Numbers;
use crate::random::Random;

/// When time begins, in nanoseconds.
pub(crate) const START: u64 = 1_000 * SECOND;
/// Cells in each of the strangers' rows; few, so that sources share some.
pub(crate) const CELLS: u32 = 1_024;

pub(crate) const CLASSES: [&str; 9] =
    ["register", "invite", "options", "subscribe", "message", "other", "response", "keepalive", "connect"];
pub(crate) const METHODS: [&str; 15] = [
    "REGISTER",
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "SUBSCRIBE",
    "NOTIFY",
    "MESSAGE",
    "REFER",
    "PUBLISH",
    "UPDATE",
    "PRACK",
    "INFO",
    "*",
];
const STAGES: [&str; 11] =
    ["parse", "fragment", "deny", "peer", "transport", "sip", "response", "signature", "limit", "number", "sdp"];
/// Accounts that may be held; two of them are in many messages.
pub(crate) const USERS: [&str; 4] = ["100", "c", "200", "sip"];
/// How long who was called may answer, in nanoseconds.
pub(crate) const CALLED_FOR: u64 = 40 * SECOND;

/// The sources of all traffic that is not mutated.
pub(crate) const HOSTS: [&str; 22] = [
    "198.51.100.1",
    "198.51.100.2",
    "198.51.100.3",
    "198.51.100.130",
    "198.51.100.131",
    "203.0.113.1",
    "203.0.113.2",
    "203.0.113.65",
    "203.0.113.129",
    "203.0.113.200",
    "192.0.2.1",
    "192.0.2.77",
    "10.1.2.3",
    "10.200.1.1",
    "2001:db8:1:1::1",
    "2001:db8:1:1::2",
    "2001:db8:1:2::1",
    "2001:db8:2:1::1",
    "2001:db8:2:1:8000::1",
    "2001:db8:5:7::1",
    "2001:db8:5:8::1",
    "2a00:1::1",
];
const NETWORKS: [&str; 20] = [
    "198.51.100.0/24",
    "198.51.100.128/25",
    "198.51.100.1/32",
    "198.51.100.2/32",
    "198.51.100.130/32",
    "203.0.113.0/24",
    "203.0.113.64/26",
    "203.0.113.129/32",
    "192.0.2.77/32",
    "10.0.0.0/8",
    "10.1.0.0/16",
    "0.0.0.0/0",
    "2001:db8:1::/48",
    "2001:db8:1:1::/64",
    "2001:db8:1:1::1/128",
    "2001:db8:2:1::/64",
    "2001:db8:2:1:8000::/65",
    "2001:db8:5::/48",
    "2001:db8:5:7::/64",
    "2a00::/12",
];
const BUILTIN: [(&str, &str); 17] = [
    ("user-agent", "friendly-scanner"),
    ("user-agent", "sipvicious"),
    ("user-agent", "sipcli"),
    ("user-agent", "pplsip"),
    ("user-agent", "VaxSIPUserAgent"),
    ("user-agent", "VaxIPUserAgent"),
    ("user-agent", "sundayddr"),
    ("user-agent", "sip-scan"),
    ("user-agent", "iWar"),
    ("user-agent", "SIVuS"),
    ("user-agent", "Gulp"),
    ("user-agent", "sipv"),
    ("user-agent", "smap"),
    ("user-agent", "friendly-request"),
    ("user-agent", "siparmyknife"),
    ("from-display", "sipvicious"),
    ("from-host", "1.1.1.1"),
];
const OWN: [(&str, &str); 5] = [
    ("user-agent", "x"),
    ("from-user", "100"),
    ("from-user", "sip"),
    ("from-display", "Alice"),
    ("from-host", "pbx.example.com"),
];

/// `count` in `seconds`, `burst` at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) count: u64,
    pub(crate) seconds: u64,
    pub(crate) burst: u64,
}

pub(crate) type Rates = BTreeMap<&'static str, Rate>;

#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) networks: Vec<IpNet>,
    pub(crate) transports: Vec<&'static str>,
    pub(crate) methods: Vec<&'static str>,
    pub(crate) limits: Rates,
    /// Its calls must be able to lead to SRTP.
    pub(crate) strict: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Allow,
    Deny,
    Ban,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) id: u32,
    pub(crate) kind: Kind,
    pub(crate) network: IpNet,
    pub(crate) all: bool,
    pub(crate) until: Option<u64>,
}

#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) trunk: bool,
    pub(crate) monitor: Vec<&'static str>,
    pub(crate) udp: Vec<u16>,
    pub(crate) tcp: Vec<u16>,
    pub(crate) tls: Vec<u16>,
    pub(crate) media: Vec<u16>,
    /// Whether media is judged, which is only told.
    pub(crate) guarded: bool,
    pub(crate) transports: Vec<&'static str>,
    pub(crate) v6_prefix: u8,
    pub(crate) total: Option<Rate>,
    pub(crate) known_total: Option<Rate>,
    pub(crate) hold: Rate,
    pub(crate) stranger: Rates,
    pub(crate) registrant: Rates,
    pub(crate) peers: Vec<Peer>,
    /// Field and token; the place is the id.
    pub(crate) signatures: Vec<(&'static str, &'static str)>,
    builtin: bool,
    pub(crate) start_line_max: usize,
    pub(crate) scan_max: usize,
    pub(crate) entries: Vec<Entry>,
    /// Each a source: an IPv6 one is its prefix. Until when it is a registrant, and until when it is known.
    pub(crate) registrants: Vec<(IpAddr, u64, u64)>,
    /// Each a source, the whole of it or one account, and until when.
    pub(crate) holds: Vec<(IpAddr, Option<&'static str>, u64)>,
    /// Each a source, and when our side called it.
    pub(crate) called: Vec<(IpAddr, u64)>,
    /// From when on responses are judged, if they are.
    pub(crate) responses_since: Option<u64>,
    pub(crate) numbers: Numbers,
}

impl Setup {
    pub(crate) fn random(random: &mut Random) -> Self {
        let builtin = !random.chance(4);
        let own = if random.chance(2) { random.some(&OWN) } else { Vec::new() };
        let signatures: Vec<_> = BUILTIN.iter().filter(|_| builtin).chain(&own).copied().collect();
        let peers = peers(random);
        Self {
            trunk: random.chance(5),
            monitor: monitor(random),
            udp: random.some(&[5060, 5062, 5080]),
            tcp: random.some(&[5060, 5062]),
            tls: random.some(&[5061, 5063]),
            media: if random.chance(2) { vec![10_000, 10_001] } else { Vec::new() },
            guarded: random.chance(2),
            transports: if random.chance(4) { random.some(&["udp", "tcp", "tls"]) } else { vec!["udp", "tcp", "tls"] },
            v6_prefix: *random.pick(&[32, 48, 56, 64, 64, 64, 96, 128]),
            total: random.chance(3).then(|| rate(random, 400)),
            known_total: random.chance(3).then(|| rate(random, 400)),
            hold: rate(random, 4),
            stranger: rates(random, 2),
            registrant: rates(random, 2),
            signatures,
            builtin,
            start_line_max: *random.pick(&[64, 65, 100, 512, 1_023, 1_024, 1_024, 1_024]),
            scan_max: *random.pick(&[0, 100, 333, 1_000, 1_536, 1_536, 1_536]),
            entries: entries(random),
            registrants: registrants(random),
            holds: holds(random),
            called: some_hosts(random)
                .into_iter()
                .map(|host| (host, START + random.below(100) as u64 * SECOND))
                .collect(),
            responses_since: random.chance(2).then(|| START + random.below(20) as u64 * SECOND),
            numbers: Numbers::random(random, peers.len()),
            peers,
        }
    }

    /// The config file.
    pub(crate) fn toml(&self) -> String {
        let mut text = String::new();
        let mode = if self.trunk { "trunk" } else { "open" };
        let _ =
            writeln!(text, "mode = \"{mode}\"\nmonitor = {:?}\nsignature_defaults = {}", self.monitor, self.builtin);
        let _ = writeln!(text, "[ports]\nudp = {:?}\ntcp = {:?}\ntls = {:?}", self.udp, self.tcp, self.tls);
        let policy = if self.guarded { "prefer" } else { "off" };
        let _ = writeln!(text, "[media]\nports = {:?}\npolicy = \"{policy}\"", self.media);
        let _ = writeln!(text, "[capacity]\ncells = {CELLS}");
        let _ = writeln!(text, "[sip]\nstart_line_max = {}\nscan_max = {}", self.start_line_max, self.scan_max);
        let total = self.total.map_or("none".to_owned(), Rate::text);
        let _ = writeln!(text, "[strangers]\ntransports = {:?}\nv6_prefix = {}", self.transports, self.v6_prefix);
        let _ = writeln!(text, "total = \"{total}\"\n[strangers.limits]\n{}", lines(&self.stranger));
        let known_total = self.known_total.map_or("none".to_owned(), Rate::text);
        let _ = writeln!(text, "[trust]\nknown_total = \"{known_total}\"");
        let _ = writeln!(text, "[registrants.limits]\n{}", lines(&self.registrant));
        let called_for = CALLED_FOR / SECOND;
        // Dialogs' parties are the daemon's to know, and there is none.
        let _ = writeln!(text, "[signalling]\ndialog_intruders = \"off\"");
        let _ = writeln!(text, "[slow_path]\nhold = \"{}\"\ncalled_for = {called_for}", self.hold.text());
        for (n, peer) in self.peers.iter().enumerate() {
            let networks: Vec<String> = peer.networks.iter().map(IpNet::to_string).collect();
            let _ = writeln!(text, "[[peer]]\nname = \"peer{n}\"\nprefixes = {networks:?}");
            let _ = writeln!(text, "transports = {:?}\nmethods = {:?}", peer.transports, peer.methods);
            let _ = writeln!(text, "media = {:?}", if peer.strict { "srtp-only" } else { "off" });
            let _ = writeln!(text, "[peer.limits]\n{}", lines(&peer.limits));
        }
        for (field, token) in self.signatures.iter().skip(if self.builtin { BUILTIN.len() } else { 0 }) {
            let _ = writeln!(text, "[[signature]]\nfield = \"{field}\"\ntoken = \"{token}\"");
        }
        text
    }

    /// Whether the calls of anybody are followed.
    pub(crate) fn follows_calls(&self) -> bool {
        self.guarded || self.peers.iter().any(|peer| peer.strict)
    }

    /// The entries as the database would hold them.
    pub(crate) fn stored_entries(&self) -> Vec<StoredEntry> {
        let stored = |entry: &Entry| {
            let make = match entry.kind {
                Kind::Allow => allow,
                Kind::Deny => deny,
                Kind::Ban => ban,
            };
            let scope = if entry.all { Scope::All } else { Scope::Sip };
            StoredEntry { scope, ..make(entry.id, &entry.network.to_string(), entry.until) }
        };
        self.entries.iter().map(stored).collect()
    }
}

impl Rate {
    fn text(self) -> String {
        format!("{}/{}s burst {}", self.count, self.seconds, self.burst)
    }
}

fn lines(rates: &Rates) -> String {
    let line =
        |class: &&'static str| format!("{class} = \"{}\"\n", rates.get(class).map_or("none".to_owned(), |r| r.text()));
    CLASSES.iter().map(line).collect()
}

fn rate(random: &mut Random, most: usize) -> Rate {
    let burst = 1 + random.below(8) as u64;
    Rate { count: 1 + random.below(most) as u64, seconds: *random.pick(&[1, 1, 7, 60]), burst }
}

fn rates(random: &mut Random, one_in: usize) -> Rates {
    let limited: Vec<&'static str> = CLASSES.into_iter().filter(|_| random.chance(one_in)).collect();
    limited.into_iter().map(|class| (class, rate(random, 10))).collect()
}

fn monitor(random: &mut Random) -> Vec<&'static str> {
    match random.below(6) {
        0 => STAGES.to_vec(),
        1 => random.some(&STAGES),
        2 => vec![*random.pick(&STAGES)],
        _ => Vec::new(),
    }
}

fn network(random: &mut Random) -> IpNet {
    random.pick(&NETWORKS).parse().expect("the list is right")
}

fn peers(random: &mut Random) -> Vec<Peer> {
    let mut taken: Vec<IpNet> = vec!["0.0.0.0/0".parse().expect("the list is right")];
    let mut peers = Vec::new();
    for _ in 0..random.below(5) {
        let networks: Vec<IpNet> =
            (0..=random.below(3)).map(|_| network(random)).filter(|n| !taken.contains(n)).collect();
        taken.extend(&networks);
        let all = random.chance(2);
        let transports = if all { vec!["udp", "tcp", "tls"] } else { random.some(&["udp", "tcp", "tls"]) };
        let methods = if all { METHODS.to_vec() } else { random.some(&METHODS) };
        peers.push(Peer { networks, transports, methods, limits: rates(random, 4), strict: random.chance(2) });
    }
    peers.retain(|peer| !peer.networks.is_empty());
    peers
}

/// Entries of which at most two cover any address: the kernel's records are exact about two.
fn entries(random: &mut Random) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for id in 1..=random.below(12) as u32 {
        let kind = *random.pick(&[Kind::Allow, Kind::Deny, Kind::Deny, Kind::Ban]);
        let network = network(random);
        let all = kind != Kind::Allow && random.chance(3);
        let until = random.chance(2).then(|| START + (1 + random.below(120) as u64) * SECOND);
        let twice = entries.iter().any(|e| e.network == network && (e.kind == Kind::Ban) == (kind == Kind::Ban));
        entries.push(Entry { id, kind, network, all, until });
        let depth = |e: &Entry| entries.iter().filter(|outer| outer.network.contains(&e.network)).count();
        if twice || entries.iter().any(|e| depth(e) > 2) {
            entries.pop();
        }
    }
    entries
}

fn some_hosts(random: &mut Random) -> Vec<IpAddr> {
    random.some(&HOSTS).iter().map(|host| host.parse().expect("the list is right")).collect()
}

fn later(random: &mut Random) -> u64 {
    START + random.below(200) as u64 * SECOND
}

fn registrants(random: &mut Random) -> Vec<(IpAddr, u64, u64)> {
    let some = some_hosts(random);
    some.into_iter().map(|host| (host, later(random), later(random))).collect()
}

fn holds(random: &mut Random) -> Vec<(IpAddr, Option<&'static str>, u64)> {
    if random.chance(2) {
        return Vec::new();
    }
    let user = |random: &mut Random| random.chance(2).then(|| *random.pick(&USERS));
    let some = some_hosts(random);
    some.into_iter().map(|host| (host, user(random), later(random))).collect()
}
