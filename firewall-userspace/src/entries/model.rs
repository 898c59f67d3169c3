//! A plain model of precedence, and tests that hold the compiled maps against it.
use std::net::IpAddr;

use firewall_common::addr::{Addr, Prefix};
use firewall_common::policy::{Action, Entry, Term};
use proptest::prelude::*;

use super::KernelEntries;
use super::prefix::{covers, is_v4, parse_prefix};
use super::record::{Kind, ListEntry, Origin, Scope, StoredEntry, list_id};
use crate::clock::Clock;

pub(super) const NOW: Clock = Clock { wall_ms: 1_000_000, mono_ns: 50_000_000_000 };
pub(super) const V6: u8 = 64;

pub(super) fn p(text: &str) -> Prefix {
    parse_prefix(text).unwrap()
}

pub(super) fn entry(id: u32, kind: Kind, prefix: &str, expires: Option<i64>) -> StoredEntry {
    StoredEntry {
        id,
        kind,
        prefix: p(prefix),
        scope: Scope::Sip,
        created: 0,
        expires,
        comment: None,
        author: None,
        origin: if kind == Kind::Ban { Origin::Firewall } else { Origin::Operator },
        evidence: None,
        step: 0,
    }
}

/// A prefix of the list in row `row`.
pub(super) fn listed(row: u32, prefix: &str) -> ListEntry {
    ListEntry { id: list_id(row).unwrap(), prefix: p(prefix) }
}

/// Without block lists.
pub(super) fn compile(entries: &[StoredEntry], peers: &[Prefix], v6_prefix: u8, clock: Clock) -> KernelEntries {
    super::compile(entries, &[], peers, v6_prefix, clock)
}

pub(super) fn host(text: &str) -> Addr {
    text.parse::<IpAddr>().unwrap().into()
}

/// What the kernel does: the hash, then the longest prefix of the trie.
pub(super) fn evaluate(maps: &KernelEntries, addr: Addr, wall_ms: i64) -> Option<Term> {
    let now = NOW.deadline(wall_ms);
    let source = maps.sources.get(&addr.source(Addr::mask(V6))).and_then(|e| e.at(|| now));
    source.or_else(|| {
        let longest = maps.prefixes.iter().filter(|(k, _)| k.contains(Prefix::host(addr))).max_by_key(|(k, _)| k.bits);
        assert!(longest.is_none_or(|(k, _)| *k == p("0.0.0.0/0") || maps.filter.may_contain(addr)));
        longest.and_then(|(_, e)| e.at(|| now))
    })
}

/// The id of the entry that decides, by looking at every entry.
fn decide(entries: &[StoredEntry], peers: &[Prefix], addr: Addr, now: i64) -> Option<u32> {
    let alive: Vec<_> = entries.iter().filter(|e| e.in_force(now)).collect();
    let holds = |ban: &StoredEntry| {
        let narrow = ban.prefix.bits >= if is_v4(ban.prefix) { 128 } else { V6.into() };
        let peer = peers.iter().any(|peer| covers(*peer, ban.prefix) || covers(ban.prefix, *peer));
        let allowed = alive.iter().any(|e| e.kind == Kind::Allow && covers(e.prefix, ban.prefix));
        narrow && !peer && !allowed
    };
    let covering = || alive.iter().filter(|e| covers(e.prefix, Prefix::host(addr)));
    let operator = covering().filter(|e| e.kind != Kind::Ban).max_by_key(|e| e.prefix.bits);
    let ban = covering().filter(|e| e.kind == Kind::Ban && holds(e)).max_by_key(|e| e.prefix.bits);
    let (Some(o), Some(b)) = (operator, ban) else {
        return operator.or(ban).map(|e| e.id);
    };
    // More specific first; at the same prefix the one that covers more, then the operator's. A ban narrows nothing.
    let rank = |e: &StoredEntry| (e.prefix.bits, e.scope, e.kind != Kind::Ban);
    let narrows = o.kind == Kind::Deny && o.scope == Scope::All && b.prefix.bits > o.prefix.bits;
    Some(if narrows || rank(o) > rank(b) { o.id } else { b.id })
}

/// The list that decides where no entry does.
fn decide_listed(listed: &[ListEntry], peers: &[Prefix], addr: Addr) -> Option<u32> {
    let touches = |l: &ListEntry| peers.iter().any(|p| covers(*p, l.prefix) || covers(l.prefix, *p));
    let covering = listed.iter().filter(|l| covers(l.prefix, Prefix::host(addr)) && !touches(l));
    covering.max_by_key(|l| l.prefix.bits).map(|l| l.id)
}

const PREFIXES: &[&str] = &[
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.1.0.0/16",
    "10.1.2.0/24",
    "10.1.2.3",
    "10.1.2.4",
    "::/0",
    "2001:db8::/32",
    "2001:db8:0:1::/64",
    "2001:db8:0:1::/96",
    "2001:db8:0:1::7",
    "2001:db8:0:2::/64",
];
pub(super) const SOURCES: &[&str] =
    &["10.1.2.3", "10.1.2.4", "2001:db8:0:1::/64", "2001:db8:0:2::/64", "2001:db8:0:1::7", "2001:db8::/32"];
pub(super) const HOSTS: &[&str] = &[
    "10.1.2.3",
    "10.1.2.4",
    "10.1.2.9",
    "10.1.9.9",
    "10.9.9.9",
    "192.0.2.1",
    "2001:db8:0:1::7",
    "2001:db8:0:1::8",
    "2001:db8:0:1:1::1",
    "2001:db8:0:2::1",
    "2001:db8:9::1",
    "2a00::1",
];
pub(super) const PEERS: &[&str] = &["10.1.2.3", "10.1.2.0/24", "2001:db8:0:1::7", "2001:db8:0:2::/64"];

fn scope() -> impl Strategy<Value = Scope> {
    prop_oneof![Just(Scope::Sip), Just(Scope::All)]
}

/// Expiries are distinct: each entry's is a multiple of its own place.
pub(super) fn entries() -> impl Strategy<Value = Vec<StoredEntry>> {
    let kind = prop_oneof![2 => Just(Kind::Allow), 3 => Just(Kind::Deny), 2 => Just(Kind::Ban)];
    let one = (kind, 0usize..PREFIXES.len(), scope(), proptest::option::of(0i64..40));
    proptest::collection::vec(one, 0..9).prop_map(|list| {
        let mut out: Vec<StoredEntry> = Vec::new();
        for (place, (kind, which, scope, end)) in list.into_iter().enumerate() {
            let texts = if kind == Kind::Ban { SOURCES } else { PREFIXES };
            let end = end.map(|e| NOW.wall_ms - 1000 + e * 100 + place as i64);
            let new = StoredEntry { scope, ..entry(place as u32 + 1, kind, texts[which % texts.len()], end) };
            let same = |e: &StoredEntry| e.prefix == new.prefix && (e.kind == Kind::Ban) == (new.kind == Kind::Ban);
            if !out.iter().any(same) {
                out.push(new);
            }
        }
        out
    })
}

fn peers() -> impl Strategy<Value = Vec<Prefix>> {
    proptest::sample::subsequence(PEERS, 0..=2).prop_map(|texts| texts.into_iter().map(p).collect())
}

/// Each prefix at most once, so that it is clear which list is named.
fn lists() -> impl Strategy<Value = Vec<ListEntry>> {
    let some = proptest::sample::subsequence(PREFIXES, 0..=PREFIXES.len());
    some.prop_map(|texts| (1..).zip(texts).map(|(n, text)| listed(n % 3 + 1, text)).collect())
}

/// Times at which something may change, and just before.
pub(super) fn times(entries: &[StoredEntry]) -> Vec<i64> {
    let ends = entries.iter().filter_map(|e| e.expires).filter(|end| *end > NOW.wall_ms);
    let mut times: Vec<i64> =
        ends.flat_map(|end| [end - 1, end, end + 1]).chain([NOW.wall_ms, NOW.wall_ms + 99_999]).collect();
    times.retain(|t| *t >= NOW.wall_ms);
    times
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_maps_do_what_the_model_says(entries in entries(), peers in peers()) {
        let maps = compile(&entries, &peers, V6, NOW);
        let first_end = maps.next_expiry.unwrap_or(i64::MAX);
        for addr in HOSTS.iter().map(|h| host(h)) {
            let depth = entries.iter().filter(|e| e.in_force(NOW.wall_ms) && covers(e.prefix, Prefix::host(addr))).count();
            for time in times(&entries).into_iter().filter(|t| depth <= 2 || *t < first_end) {
                let (real, model) = (evaluate(&maps, addr, time), decide(&entries, &peers, addr, time));
                prop_assert_eq!(real.map(|t| t.id), model, "{:?} at {}", IpAddr::from(addr), time);
                let action = model.map(|id| entries.iter().find(|e| e.id == id).unwrap().action() as u32);
                prop_assert_eq!(real.map(|t| t.action), action);
            }
        }
    }

    #[test]
    fn a_list_decides_only_where_no_entry_does(entries in entries(), lists in lists(), peers in peers()) {
        let maps = super::compile(&entries, &lists, &peers, V6, NOW);
        let first_end = maps.next_expiry.unwrap_or(i64::MAX);
        for addr in HOSTS.iter().map(|h| host(h)) {
            let depth = entries.iter().filter(|e| e.in_force(NOW.wall_ms) && covers(e.prefix, Prefix::host(addr))).count();
            for time in times(&entries).into_iter().filter(|t| depth <= 1 || *t < first_end) {
                let model = decide(&entries, &peers, addr, time);
                let model = model.or_else(|| decide_listed(&lists, &peers, addr));
                prop_assert_eq!(evaluate(&maps, addr, time).map(|t| t.id), model, "{:?} at {}", IpAddr::from(addr), time);
            }
        }
    }

    #[test]
    fn at_any_depth_a_permanent_block_holds_and_no_peer_is_banned(entries in entries(), peers in peers()) {
        let maps = compile(&entries, &peers, V6, NOW);
        for (addr, time) in HOSTS.iter().flat_map(|h| times(&entries).into_iter().map(|t| (host(h), t))) {
            let term = evaluate(&maps, addr, time);
            let action = Action::from_number(term.map_or(0, |t| t.action));
            let forbidden = entries.iter().any(|deny| {
                deny.kind == Kind::Deny && deny.expires.is_none() && covers(deny.prefix, Prefix::host(addr))
                    && !entries.iter().any(|e| e.kind == Kind::Allow && covers(deny.prefix, e.prefix))
            });
            prop_assert!(!forbidden || !matches!(action, Action::None | Action::Allow), "{:?} at {}", IpAddr::from(addr), time);
            let peer = peers.iter().any(|peer| covers(*peer, Prefix::host(addr)));
            prop_assert!(!peer || !matches!(action, Action::Ban | Action::BanAll));
            let blockable = entries.iter().any(|e| e.kind != Kind::Allow && covers(e.prefix, Prefix::host(addr)));
            prop_assert!(blockable || matches!(action, Action::None | Action::Allow));
        }
    }

    #[test]
    fn the_hash_holds_only_blocks_and_the_switch_tells_the_scope(entries in entries(), peers in peers()) {
        let maps = compile(&entries, &peers, V6, NOW);
        let terms = |e: &Entry| [e.first, e.then].map(|t| Action::from_number(t.action));
        prop_assert!(maps.sources.values().flat_map(terms).all(|a| a != Action::Allow));
        let all = maps.sources.values().chain(maps.prefixes.values()).flat_map(terms).any(Action::covers_all);
        prop_assert_eq!(maps.scope_all, all);
    }
}
