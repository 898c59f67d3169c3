//! The life of addresses, with injected time.
use super::*;
use proptest::prelude::*;

const RULES: Rules =
    Rules { ttl_min: 30_000, ttl_max: 3_600_000, grace: 86_400_000, max_addresses: 4, allow_private: false };
const NAME: &str = "sip.itsp.example";

fn book() -> Book {
    let mut book = Book::default();
    book.want(&BTreeSet::from([NAME.to_owned()]));
    book
}

fn found(addresses: &[&str], ttl: u32) -> Finding {
    Finding { addresses: addresses.iter().map(|a| a.parse().unwrap()).collect(), ttl: Some(ttl), failure: None }
}

fn silence() -> Finding {
    Finding { failure: Some("request timed out".into()), ..Finding::default() }
}

fn known(book: &Book) -> Vec<String> {
    book.resolved().addresses(NAME).map(|ip| ip.to_string()).collect()
}

fn take(book: &mut Book, finding: &Finding, now: i64) -> Vec<What> {
    book.take(NAME, finding, &RULES, now).into_iter().map(|notice| notice.what).collect()
}

#[test]
fn the_next_look_follows_the_ttl_inside_its_bounds() {
    let mut book = book();
    assert_eq!((book.due(0), book.next_look()), (vec![NAME.to_owned()], Some(0)));
    for (ttl, wait) in [(300, 300_000), (0, 30_000), (u32::MAX, 3_600_000)] {
        take(&mut book, &found(&["192.0.2.1"], ttl), 1_000);
        assert_eq!(book.next_look(), Some(1_000 + wait));
        assert!(book.due(999 + wait).is_empty() && book.due(1_000 + wait).len() == 1);
    }
}

#[test]
fn an_address_goes_a_grace_after_answers_began_to_lack_it() {
    let mut book = book();
    take(&mut book, &found(&["192.0.2.1", "192.0.2.2"], 60), 0);
    assert_eq!(take(&mut book, &found(&["192.0.2.2"], 60), 1_000), []);
    take(&mut book, &silence(), 1_000 + RULES.grace);
    assert_eq!(known(&book), ["192.0.2.1", "192.0.2.2"], "no answer lets nothing go");
    take(&mut book, &found(&["192.0.2.1", "192.0.2.2"], 60), 2_000);
    take(&mut book, &found(&["192.0.2.2"], 60), 3_000);
    assert_eq!(take(&mut book, &found(&["192.0.2.2"], 60), 2_999 + RULES.grace), [], "it was back meanwhile");
    let gone = vec!["192.0.2.1".parse().unwrap()];
    let told = take(&mut book, &found(&["192.0.2.2"], 60), 3_000 + RULES.grace);
    assert_eq!(told, [What::Changed { added: vec![], gone }]);
    assert_eq!(known(&book), ["192.0.2.2"]);
}

#[test]
fn half_an_answer_adds_and_lets_nothing_go() {
    let mut book = book();
    take(&mut book, &found(&["192.0.2.1"], 60), 0);
    let half = Finding { failure: Some("SERVFAIL".into()), ..found(&["2001:db8::1"], 60) };
    for turn in 0..3 {
        take(&mut book, &half, turn * RULES.grace);
    }
    assert_eq!(known(&book), ["192.0.2.1", "2001:db8::1"]);
    assert_eq!(book.get(NAME).unwrap().trouble.as_deref(), Some("SERVFAIL"));
}

#[test]
fn what_stops_resolving_is_told_once_and_once_when_it_is_back() {
    let mut book = book();
    take(&mut book, &found(&["192.0.2.1"], 60), 0);
    let told: Vec<usize> = (1..6).map(|n| take(&mut book, &silence(), n * 1_000).len()).collect();
    assert_eq!(told, [0, 0, 1, 0, 0]);
    assert_eq!(known(&book), ["192.0.2.1"]);
    assert_eq!(take(&mut book, &found(&["192.0.2.1"], 60), 9_000), [What::Resumed]);
    let empty = Finding::default();
    assert!(matches!(take(&mut book, &empty, 10_000)[..], [What::Stopped(_)]), "no such name: at once");
    assert_eq!(take(&mut book, &empty, 11_000), []);
    let told = take(&mut book, &empty, 10_000 + RULES.grace);
    assert!(matches!(&told[..], [What::Changed { gone, .. }] if gone.len() == 1) && known(&book).is_empty());
}

#[test]
fn failures_are_tried_again_ever_later() {
    let mut book = book();
    let waits = (0..9).map(|_| {
        take(&mut book, &silence(), 0);
        book.next_look().unwrap()
    });
    let waits: Vec<i64> = waits.collect();
    assert_eq!(waits[..4], [30_000, 60_000, 120_000, 240_000]);
    assert_eq!(waits[8], RULES.ttl_max);
}

#[test]
fn poisoned_answers_are_refused_as_a_whole_and_told_once() {
    let mut book = book();
    take(&mut book, &found(&["192.0.2.1"], 60), 0);
    let crowd = found(&["192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6"], 60);
    let notices = book.take(NAME, &crowd, &RULES, 1_000);
    assert!(notices[0].is_alarm() && matches!(&notices[0].what, What::Refused(why) if why.contains("5 addresses")));
    assert_eq!(take(&mut book, &crowd, 2_000), []);
    for bad in ["10.0.0.1", "127.0.0.1", "169.254.1.1", "224.0.0.1", "fe80::1", "::1", "fd00::1", "0.0.0.0"] {
        let told = take(&mut book, &found(&["192.0.2.2", bad], 60), 3_000);
        assert!(matches!(&told[..], [What::Refused(why)] if why.contains(bad)), "{bad}: {told:?}");
    }
    assert_eq!(known(&book), ["192.0.2.1"]);
    let lenient = Rules { allow_private: true, ..RULES };
    book.take(NAME, &found(&["10.0.0.1"], 60), &lenient, 4_000);
    assert_eq!(known(&book), ["10.0.0.1", "192.0.2.1"]);
}

#[test]
fn names_that_nobody_wants_are_forgotten() {
    let mut book = book();
    take(&mut book, &found(&["192.0.2.1"], 60), 0);
    book.want(&BTreeSet::from(["other.example".to_owned()]));
    assert!(book.get(NAME).is_none() && book.due(0) == ["other.example"]);
    assert_eq!(book.take(NAME, &found(&["192.0.2.1"], 60), &RULES, 0), []);
}

fn finding() -> impl Strategy<Value = Finding> {
    let addresses = proptest::collection::btree_set((0u8..12).prop_map(|n| IpAddr::from([192, 0, 2, n])), 0..6);
    (addresses, proptest::option::of(0u32..9_000), proptest::option::weighted(0.3, Just("SERVFAIL".to_owned())))
        .prop_map(|(addresses, ttl, failure)| Finding { addresses, ttl, failure })
}

proptest! {
    #[test]
    fn whatever_comes_the_set_is_bounded_and_young_addresses_stay(
        steps in proptest::collection::vec((finding(), 0i64..40_000_000), 1..60)
    ) {
        let (mut book, mut now) = (book(), 0);
        // When each address was last part of an answer that was believed.
        let mut seen: BTreeMap<IpAddr, i64> = BTreeMap::new();
        for (finding, pause) in steps {
            now += pause;
            let before: BTreeSet<IpAddr> = book.resolved().addresses(NAME).collect();
            let notices = book.take(NAME, &finding, &RULES, now);
            let after: BTreeSet<IpAddr> = book.resolved().addresses(NAME).collect();
            prop_assert!(after.len() <= 2 * RULES.max_addresses);
            prop_assert_eq!(before != after, notices.iter().any(|n| matches!(n.what, What::Changed { .. })));
            if finding.addresses.len() <= RULES.max_addresses {
                seen.extend(finding.addresses.iter().map(|ip| (*ip, now)));
                prop_assert!(finding.addresses.is_subset(&after));
            } else {
                prop_assert_eq!(&before, &after);
            }
            let crowded = after.len() == 2 * RULES.max_addresses;
            let young = seen.iter().filter(|(_, at)| now - **at < RULES.grace).map(|(ip, _)| ip);
            prop_assert!(crowded || young.into_iter().all(|ip| after.contains(ip) || before.len() >= RULES.max_addresses));
            let wait = book.next_look().unwrap() - now;
            prop_assert!((RULES.ttl_min..=RULES.ttl_max).contains(&wait));
        }
    }
}
