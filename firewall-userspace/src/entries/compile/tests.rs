//! Which map an entry goes to, case by case.
use firewall_common::policy::NEVER_ENDS;

use super::super::model::{NOW, V6, compile, entry, evaluate, host, listed, p};
use super::*;

fn ids(entry: &Entry) -> (u32, u32) {
    (entry.first.id, entry.then.id)
}

#[test]
fn a_single_source_goes_to_the_hash() {
    let maps = compile(
        &[entry(1, Kind::Deny, "10.1.2.3", None), entry(2, Kind::Ban, "2001:db8::/64", Some(NOW.wall_ms + 5))],
        &[],
        V6,
        NOW,
    );
    assert!(maps.prefixes.is_empty());
    assert_eq!(maps.sources[&host("10.1.2.3")].first, Term { until: NEVER_ENDS, action: Action::Deny as u32, id: 1 });
    let ban = Term { until: NOW.mono_ns + 5_000_000, action: Action::Ban as u32, id: 2 };
    assert_eq!(maps.sources[&host("2001:db8::")].first, ban);
    assert_eq!(maps.next_expiry, Some(NOW.wall_ms + 5));
}

#[test]
fn an_entry_inside_keeps_a_v6_source_out_of_the_hash() {
    let maps = compile(
        &[entry(1, Kind::Deny, "2001:db8::/64", None), entry(2, Kind::Allow, "2001:db8::7", None)],
        &[],
        V6,
        NOW,
    );
    assert!(maps.sources.is_empty());
    assert_eq!(ids(&maps.prefixes[&p("2001:db8::7")]), (2, 0));
    assert_eq!(ids(&maps.prefixes[&p("2001:db8::/64")]), (1, 0));
}

#[test]
fn an_ended_entry_gives_way_to_the_wider_one() {
    let soon = Some(NOW.wall_ms + 1000);
    let maps =
        compile(&[entry(1, Kind::Deny, "10.0.0.0/8", None), entry(2, Kind::Allow, "10.1.0.0/16", soon)], &[], V6, NOW);
    assert_eq!(ids(&maps.prefixes[&p("10.1.0.0/16")]), (2, 1));
    assert_eq!(ids(&maps.prefixes[&p("10.0.0.0/8")]), (1, 0));
}

#[test]
fn of_three_turns_the_longest_block_is_the_second_term() {
    let at = |s: i64| Some(NOW.wall_ms + s * 1000);
    let list = [
        entry(1, Kind::Deny, "10.0.0.0/8", None),
        entry(2, Kind::Allow, "10.1.0.0/16", at(20)),
        entry(3, Kind::Deny, "10.1.2.0/24", at(10)),
    ];
    assert_eq!(ids(&compile(&list, &[], V6, NOW).prefixes[&p("10.1.2.0/24")]), (3, 1));
    let later = Clock { wall_ms: NOW.wall_ms + 10_000, mono_ns: NOW.mono_ns + 10_000_000_000 };
    assert!(
        !compile(&list, &[], V6, later).prefixes.contains_key(&p("10.1.2.0/24")),
        "ended, so the /16 decides again"
    );
}

#[test]
fn a_ban_waits_for_the_end_of_an_allow_entry() {
    let at = |s: i64| Some(NOW.wall_ms + s * 1000);
    let maps =
        compile(&[entry(1, Kind::Allow, "10.0.0.0/8", at(10)), entry(2, Kind::Ban, "10.1.2.3", at(20))], &[], V6, NOW);
    assert!(maps.sources.is_empty());
    assert_eq!(ids(&maps.prefixes[&p("10.1.2.3")]), (1, 2));
    let forever =
        compile(&[entry(1, Kind::Allow, "10.0.0.0/8", None), entry(2, Kind::Ban, "10.1.2.3", at(20))], &[], V6, NOW);
    assert!(!forever.prefixes.contains_key(&p("10.1.2.3")));
}

#[test]
fn no_ban_touches_a_peer_but_a_deny_may() {
    for (ban, peer) in [("10.1.2.3", "10.1.2.3"), ("10.1.2.3", "10.0.0.0/8"), ("2001:db8::/64", "2001:db8::7")] {
        let maps = compile(&[entry(1, Kind::Ban, ban, None)], &[p(peer)], V6, NOW);
        assert!(maps.sources.is_empty() && maps.prefixes.is_empty(), "{ban} {peer}");
        assert_eq!(compile(&[entry(1, Kind::Deny, ban, None)], &[p(peer)], V6, NOW).sources.len(), 1);
    }
    assert!(compile(&[entry(1, Kind::Ban, "10.0.0.0/8", None)], &[], V6, NOW).prefixes.is_empty(), "no source");
}

#[test]
fn all_of_ipv6_is_not_ipv4() {
    let maps = compile(&[entry(1, Kind::Deny, "::/0", None)], &[], V6, NOW);
    assert_eq!(evaluate(&maps, host("2001:db8::1"), NOW.wall_ms).map(|t| t.id), Some(1));
    assert_eq!(evaluate(&maps, host("192.0.2.1"), NOW.wall_ms), None);
}

#[test]
fn a_hundred_thousand_entries_compile_in_a_moment() {
    let list: Vec<_> = (0..100_000u32)
        .map(|i| {
            let prefix = Prefix::new(Addr::from_v4((i * 977).to_be_bytes()), 96 + [24, 28, 32][i as usize % 3]);
            StoredEntry { prefix, ..entry(i + 1, Kind::Deny, "10.0.0.0/8", (i % 2 == 0).then_some(NOW.wall_ms + 9)) }
        })
        .collect();
    let begin = std::time::Instant::now();
    let maps = compile(&list, &[], V6, NOW);
    assert!(maps.sources.len() > 30_000 && maps.prefixes.len() > 30_000);
    assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
    eprintln!("compiled in {:?}", begin.elapsed());
}

#[test]
fn a_hundred_thousand_prefixes_of_a_list_compile_in_a_moment() {
    let list: Vec<_> = (0..100_000u32)
        .map(|i| ListEntry {
            id: u32::MAX - 1,
            prefix: Prefix::new(Addr::from_v4((i * 40_009).to_be_bytes()), 96 + [32, 32, 24][i as usize % 3]),
        })
        .collect();
    let begin = std::time::Instant::now();
    let maps = super::compile(&[], &list, &[p("203.0.113.0/24")], V6, NOW);
    assert!(maps.sources.len() > 60_000 && maps.prefixes.len() > 30_000);
    eprintln!("compiled in {:?}", begin.elapsed());
}

#[test]
fn an_allow_entry_wins_over_a_list_however_wide_and_only_while_it_holds() {
    let soon = Some(NOW.wall_ms + 1000);
    let list = [listed(1, "10.1.2.3"), listed(1, "10.9.0.0/16"), listed(2, "11.0.0.7")];
    let entries = [
        entry(1, Kind::Allow, "10.1.0.0/16", None),
        entry(2, Kind::Allow, "10.9.9.9", None),
        entry(3, Kind::Allow, "11.0.0.0/8", soon),
    ];
    let maps = super::compile(&entries, &list, &[], V6, NOW);
    let at = |addr: &str, wall_ms| evaluate(&maps, host(addr), wall_ms).map(|t| t.id);
    assert_eq!(at("10.1.2.3", NOW.wall_ms), Some(1));
    assert_eq!((at("10.9.9.9", NOW.wall_ms), at("10.9.9.8", NOW.wall_ms)), (Some(2), Some(u32::MAX - 1)));
    assert_eq!((at("11.0.0.7", NOW.wall_ms), at("11.0.0.7", NOW.wall_ms + 1000)), (Some(3), Some(u32::MAX - 2)));
}

#[test]
fn what_touches_a_peer_is_left_out_of_lists() {
    for (prefix, peer) in [("10.1.2.3", "10.1.0.0/16"), ("10.0.0.0/8", "10.1.2.3"), ("2001:db8::/32", "2001:db8::7")] {
        let maps = super::compile(&[], &[listed(1, prefix), listed(1, "192.0.2.1")], &[p(peer)], V6, NOW);
        assert!(maps.prefixes.is_empty() && maps.sources.len() == 1, "{prefix} {peer}");
    }
}

#[test]
fn numbers_of_lists_are_no_numbers_of_entries() {
    use crate::entries::{list_id, list_row};
    assert_eq!((list_id(0), list_id(1 << 16)), (None, None));
    assert_eq!((list_row(1), list_row(u32::MAX), list_row(u32::MAX - (1 << 16))), (None, None, None));
    assert_eq!(list_id(7).and_then(list_row), Some(7));
}
