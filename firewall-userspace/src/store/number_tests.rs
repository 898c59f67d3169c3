//! Lists of numbers, classes and codes in the database.
use firewall_common::limiter::HashKey;
use firewall_common::number::{Directions, NumberAction, Plan};

use super::*;
use crate::numbers::{ListKind, NewNumber, StoredNumber, number_text, parse_number};

const NOW: i64 = 1_700_000_000_000;

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    (dir, store)
}

fn entry(prefix: &str, action: NumberAction) -> NewNumber {
    NewNumber {
        list: ListKind::Dialled,
        peer: None,
        directions: Directions::BOTH,
        prefix: parse_number(prefix, &Plan::NONE).unwrap(),
        action,
        class: None,
        comment: None,
        author: None,
        expires: None,
    }
}

fn texts(entries: &[StoredNumber]) -> Vec<String> {
    entries.iter().map(|entry| number_text(entry.prefix)).collect()
}

#[test]
fn an_entry_is_added_changed_and_deleted() {
    let (_dir, mut store) = store();
    let class = Some("premium".to_owned());
    let first =
        NewNumber { class: class.clone(), comment: Some("c".to_owned()), ..entry("+49900", NumberAction::Deny) };
    let report = store.add_numbers(&[first, entry("110", NumberAction::Allow)], NOW, |_| {}).unwrap();
    assert_eq!((texts(&report.added), report.changed.len()), (vec!["+49900".to_owned(), "110".to_owned()], 0));
    assert_eq!((report.added[0].class_number, &report.added[0].class), (1, &class));
    let again = store.add_numbers(&[entry("+49900", NumberAction::Allow)], NOW + 1, |_| {}).unwrap();
    assert_eq!((again.added.len(), again.changed[0].id), (0, report.added[0].id));
    assert_eq!((again.changed[0].comment.as_deref(), &again.changed[0].class), (Some("c"), &None));
    assert_eq!(store.numbers_version().unwrap(), 2);
    let place = |prefix: &str| NumberPlace {
        list: ListKind::Dialled,
        peer: None,
        directions: None,
        prefix: parse_number(prefix, &Plan::NONE).unwrap(),
    };
    let gone = store.delete_numbers(&[place("+49900"), place("+1")]).unwrap();
    assert_eq!(gone.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(texts(&store.numbers_in_force(NOW).unwrap()), ["110"]);
}

#[test]
fn both_directions_take_the_place_of_one() {
    let (_dir, mut store) = store();
    let one = |directions| NewNumber { directions, ..entry("+1", NumberAction::Deny) };
    store.add_numbers(&[one(Directions::RECEIVED), one(Directions::SENT)], NOW, |_| {}).unwrap();
    assert_eq!(store.numbers_in_force(NOW).unwrap().len(), 2);
    let report = store.add_numbers(&[one(Directions::BOTH)], NOW, |_| {}).unwrap();
    assert_eq!((report.changed.len(), store.numbers_in_force(NOW).unwrap().len()), (1, 1));
}

#[test]
fn lists_and_peers_are_apart_and_entries_end() {
    let (_dir, mut store) = store();
    let peer = NewNumber { peer: Some("itsp".to_owned()), ..entry("+1", NumberAction::Allow) };
    let caller =
        NewNumber { list: ListKind::Caller, directions: Directions::RECEIVED, ..entry("+1", NumberAction::Deny) };
    let timed = NewNumber { expires: Some(NOW + 10), ..entry("+2", NumberAction::Deny) };
    store.add_numbers(&[entry("+1", NumberAction::Deny), peer, caller, timed], NOW, |_| {}).unwrap();
    let list = |kind, filter: NumberFilter, at| texts(&store.numbers(kind, &filter, at).unwrap());
    assert_eq!(list(ListKind::Dialled, NumberFilter::default(), NOW), ["+1", "+1", "+2"]);
    assert_eq!(list(ListKind::Dialled, NumberFilter::default(), NOW + 10), ["+1", "+1"]);
    assert_eq!(list(ListKind::Caller, NumberFilter::default(), NOW), ["+1"]);
    let of = NumberFilter { peer: Some("itsp".to_owned()), ..NumberFilter::default() };
    assert_eq!(list(ListKind::Dialled, of, NOW), ["+1"]);
    let touching = NumberFilter { touching: parse_number("+123", &Plan::NONE).ok(), ..NumberFilter::default() };
    assert_eq!(list(ListKind::Dialled, touching, NOW), ["+1", "+1"]);
    assert_eq!(store.prune_expired(NOW + 10).unwrap(), 1);
}

#[test]
fn classes_keep_their_numbers_and_run_out() {
    let (_dir, mut store) = store();
    assert_eq!(store.number_class("satellite").unwrap(), Some(2));
    let own = store.number_class("own").unwrap();
    assert_eq!((own, store.number_class("own").unwrap()), (Some(4), own));
    for more in 5..=63 {
        assert_eq!(store.number_class(&format!("c{more}")).unwrap(), Some(more));
    }
    assert_eq!(store.number_class("one too many").unwrap(), None);
    assert_eq!(store.add_code(1, "another", None, NOW).unwrap(), CodeAdded::NoClass);
}

#[test]
fn codes_are_hashes_and_the_key_stays() {
    let (dir, mut store) = store();
    assert_eq!(store.hash_key().unwrap(), None);
    let key = HashKey([u64::MAX, 7]);
    assert_eq!(store.keep_hash_key(key).unwrap(), key);
    assert_eq!(store.keep_hash_key(HashKey([1, 2])).unwrap(), key);
    let CodeAdded::Added(code) = store.add_code(u64::MAX - 1, "premium", Some("desk"), NOW).unwrap() else {
        panic!("not added")
    };
    assert_eq!((code.hash, code.class.as_str(), code.class_number), (u64::MAX - 1, "premium", 1));
    assert_eq!(store.add_code(u64::MAX - 1, "premium", None, NOW).unwrap(), CodeAdded::Known);
    let again = Store::open(dir.path()).unwrap();
    assert_eq!((again.codes().unwrap(), again.hash_key().unwrap()), (vec![code.clone()], Some(key)));
    assert_eq!(store.delete_code(code.id).unwrap(), Some(code));
    assert_eq!(store.codes().unwrap(), []);
}
