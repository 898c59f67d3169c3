//! Bans before the database has them, case by case and against the plain model.
use proptest::prelude::*;

use super::super::model::{HOSTS, NOW, PEERS, SOURCES, V6, entries, entry, evaluate, host, p, times};
use super::super::{KernelEntries, compile, covers};
use super::*;

const MIN: i64 = 60_000;

/// What the maps hold of a source, found as the data plane finds it.
fn held(maps: &KernelEntries, source: Prefix) -> Held {
    let addr = Addr::from_bytes(source.addr);
    let longest =
        maps.prefixes.iter().filter(|(prefix, _)| prefix.contains(source)).max_by_key(|(prefix, _)| prefix.bits);
    Held {
        source: maps.sources.get(&addr).copied(),
        prefix: longest.map(|(prefix, value)| (*value, *prefix == source)),
        crowded: !addr.is_v4() && maps.filter.may_contain(addr),
    }
}

/// Bans a source as the data plane does.
fn ban(maps: &mut KernelEntries, source: Prefix, until: i64) -> Placement {
    let placement = place(&held(maps, source), NOW.deadline(until), NOW.mono_ns);
    let addr = Addr::from_bytes(source.addr);
    match placement {
        Placement::Source(value) => {
            maps.filter.insert_source(addr);
            maps.sources.insert(addr, value);
        }
        Placement::Prefix(value) => {
            maps.filter.insert(source);
            maps.prefixes.insert(source, value);
        }
        Placement::Blocked | Placement::Allowed => {}
    }
    placement
}

fn waiting(maps: &KernelEntries, active: &[StoredEntry]) -> Vec<(Prefix, Option<i64>)> {
    pending(&maps.sources, &maps.prefixes, active, V6, NOW).into_iter().map(|e| (e.prefix, e.expires)).collect()
}

fn strength(term: Option<Term>) -> u8 {
    match Action::from_number(term.map_or(0, |t| t.action)) {
        Action::None | Action::Allow => 0,
        Action::Deny | Action::Ban => 1,
        Action::DenyAll | Action::BanAll => 2,
    }
}

#[test]
fn a_ban_stands_alone_where_nothing_else_does() {
    let mut maps = KernelEntries::default();
    let end = NOW.wall_ms + MIN;
    assert!(matches!(ban(&mut maps, p("10.1.2.3"), end), Placement::Source(_)));
    assert_eq!(strength(evaluate(&maps, host("10.1.2.3"), end - 1)), 1);
    assert_eq!(strength(evaluate(&maps, host("10.1.2.3"), end)), 0);
    assert_eq!(waiting(&maps, &[]), [(p("10.1.2.3"), Some(end))]);
    assert_eq!(ban(&mut maps, p("10.1.2.3"), end), Placement::Blocked);
    assert!(matches!(ban(&mut maps, p("10.1.2.3"), end + MIN), Placement::Source(_)));
    assert_eq!(waiting(&maps, &[]), [(p("10.1.2.3"), Some(end + MIN))]);
}

#[test]
fn a_longer_deny_entry_stays_and_a_shorter_one_is_followed() {
    let (soon, late) = (NOW.wall_ms + MIN, NOW.wall_ms + 2 * MIN);
    for (end, want) in [(None, Placement::Blocked), (Some(late), Placement::Blocked)] {
        let mut maps = compile(&[entry(1, Kind::Deny, "10.1.2.3", end)], &[], &[], V6, NOW);
        assert_eq!(ban(&mut maps, p("10.1.2.3"), soon), want);
    }
    let mut maps = compile(&[entry(1, Kind::Deny, "10.1.2.3", Some(soon))], &[], &[], V6, NOW);
    assert!(matches!(ban(&mut maps, p("10.1.2.3"), late), Placement::Source(_)));
    let at = |time| evaluate(&maps, host("10.1.2.3"), time).map(|t| (t.action, t.id));
    assert_eq!(at(soon - 1), Some((Action::Deny as u32, 1)));
    assert_eq!(at(soon), Some((Action::Ban as u32, PENDING)));
    assert_eq!(at(late), None);
}

#[test]
fn who_is_allowed_is_not_banned() {
    for allowed in ["10.1.2.3", "10.0.0.0/8"] {
        let mut maps = compile(&[entry(1, Kind::Allow, allowed, None)], &[], &[], V6, NOW);
        assert_eq!(ban(&mut maps, p("10.1.2.3"), NOW.wall_ms + MIN), Placement::Allowed);
        assert!(maps.sources.is_empty());
    }
}

#[test]
fn an_address_that_is_allowed_stays_so_when_its_64_is_banned() {
    let mut maps = compile(&[entry(1, Kind::Allow, "2001:db8:0:1::7", None)], &[], &[], V6, NOW);
    assert!(matches!(ban(&mut maps, p("2001:db8:0:1::/64"), NOW.wall_ms + MIN), Placement::Prefix(_)));
    assert_eq!(evaluate(&maps, host("2001:db8:0:1::7"), NOW.wall_ms).map(|t| t.id), Some(1));
    assert_eq!(strength(evaluate(&maps, host("2001:db8:0:1::8"), NOW.wall_ms)), 1);
    assert_eq!(waiting(&maps, &[]).len(), 1);
}

#[test]
fn the_database_has_the_last_word_on_a_ban() {
    let mut maps = KernelEntries::default();
    let end = NOW.wall_ms + MIN;
    ban(&mut maps, p("10.1.2.3"), end);
    let stored = |expires| [entry(7, Kind::Ban, "10.1.2.3", expires)];
    assert_eq!(waiting(&maps, &stored(Some(end + 3))), []);
    assert_eq!(waiting(&maps, &stored(Some(end - 3))), [], "the clocks are never read at once");
    assert_eq!(waiting(&maps, &stored(None)), []);
    assert_eq!(waiting(&maps, &stored(Some(end - MIN))).len(), 1);
    assert_eq!(waiting(&maps, &[entry(7, Kind::Ban, "10.1.2.4", None)]).len(), 1);
    assert_eq!(waiting(&maps, &[entry(7, Kind::Deny, "10.1.2.3", None)]).len(), 1);
}

#[test]
fn what_is_taken_out_leaves_the_rest() {
    let term = |id, action: Action, until| Term { until, action: action as u32, id };
    let value = |first, then| Entry { first, then, hits: 5 };
    let (deny, ban, stored) = (term(1, Action::Deny, 9), term(0, Action::Ban, 10), term(3, Action::Ban, 8));
    assert_eq!(without_bans(&value(ban, Term::NONE), Which::Pending), Rest::Nothing);
    assert_eq!(without_bans(&value(deny, ban), Which::Pending), Rest::Value(value(deny, Term::NONE)));
    assert_eq!(without_bans(&value(ban, deny), Which::Pending), Rest::Value(value(deny, Term::NONE)));
    assert_eq!(without_bans(&value(stored, ban), Which::Pending), Rest::Value(value(stored, Term::NONE)));
    assert_eq!(without_bans(&value(stored, ban), Which::Every), Rest::Nothing);
    assert_eq!(without_bans(&value(deny, Term::NONE), Which::Every), Rest::Unchanged);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_ban_blocks_and_weakens_nothing(entries in entries(), which in 0usize..4, end in 1i64..60) {
        let before = compile(&entries, &[], &[], V6, NOW);
        let mut maps = compile(&entries, &[], &[], V6, NOW);
        let (source, until) = (p(SOURCES[which]), NOW.wall_ms + end * 100);
        let placement = ban(&mut maps, source, until);
        for addr in HOSTS.iter().map(|h| host(h)) {
            for time in times(&entries) {
                let (old, new) = (evaluate(&before, addr, time), evaluate(&maps, addr, time));
                prop_assert!(strength(new) >= strength(old), "{placement:?} {source:?}: at {time} {old:?} became {new:?}");
                if !covers(source, Prefix::host(addr)) {
                    prop_assert_eq!(old, new);
                }
            }
            let was = Action::from_number(evaluate(&before, addr, NOW.wall_ms).map_or(0, |t| t.action));
            let now = evaluate(&maps, addr, NOW.wall_ms);
            if was == Action::Allow {
                prop_assert_eq!(Action::from_number(now.map_or(0, |t| t.action)), Action::Allow);
            } else if covers(source, Prefix::host(addr)) && placement != Placement::Allowed {
                prop_assert!(strength(now) > 0, "{placement:?}");
            }
        }
    }

    #[test]
    fn a_comparison_leaves_pending_bans_as_they_are(entries in entries(), which in 0usize..4, peers in proptest::sample::subsequence(PEERS, 0..=1)) {
        let peers: Vec<Prefix> = peers.into_iter().map(p).collect();
        let (source, until) = (p(SOURCES[which]), NOW.wall_ms + 7_777);
        let mut maps = compile(&entries, &[], &peers, V6, NOW);
        ban(&mut maps, source, until);
        let waiting = pending(&maps.sources, &maps.prefixes, &entries, V6, NOW);
        let all: Vec<StoredEntry> = entries.iter().cloned().chain(waiting.iter().cloned()).collect();
        let again = compile(&all, &[], &peers, V6, NOW);
        let allowed = |addr| {
            let allows = |e: &&StoredEntry| e.kind == Kind::Allow && e.in_force(NOW.wall_ms);
            entries.iter().filter(allows).any(|e| covers(e.prefix, Prefix::host(addr)))
        };
        let peer = peers.iter().any(|peer| covers(*peer, source) || covers(source, *peer));
        for wait in &waiting {
            let addr = Addr::from_bytes(wait.prefix.addr);
            let term = evaluate(&again, addr, NOW.wall_ms);
            prop_assert!(allowed(addr) || peer || strength(term) > 0, "{wait:?} {term:?}");
        }
        let still = pending(&again.sources, &again.prefixes, &entries, V6, NOW);
        prop_assert!(still.iter().all(|e| waiting.iter().any(|w| w.prefix == e.prefix)), "{still:?} {waiting:?}");
    }
}
