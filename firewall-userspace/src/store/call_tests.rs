//! Calls: written, found, lost, forgotten.
use std::collections::HashSet;

use super::learned_tests::learned;
use super::tests::store;
use super::*;
use crate::engine::call::{Call, Demand, How, Leg, Refusal, State, Transport, Why};
use crate::engine::command::Command;

const NOW: i64 = 1_800_000_000_000;
const HOUR: i64 = 3_600_000;

fn call(id: u64, started: i64, state: State, enforced: Option<bool>) -> Call {
    let refusal =
        |enforced| Refusal { time: started, enforced, how: How::Answered, line: String::new(), why: Why::Plain };
    let leg = |peer, refusal| Leg {
        inbound: true,
        remote: "198.51.100.7:5060".parse().unwrap(),
        peer,
        transport: Transport::Udp,
        policy: Demand::SrtpOnly,
        refusal,
        streams: vec![],
    };
    let (from, to, agent) = ("100@a".to_owned(), "200@a".to_owned(), "☎".to_owned());
    let legs = vec![leg(1, enforced.map(refusal)), leg(0, None)];
    Call { started, from, to, agent, legs, state, ..Call::blank(id) }
}

fn save(store: &mut Store, calls: Vec<Call>, time: i64) {
    let commands = calls.into_iter().map(|call| Command::Call(Box::new(call))).collect();
    store.record(&learned(commands, time)).unwrap();
}

fn ids(store: &Store, filter: CallFilter) -> Vec<u64> {
    store.calls(&filter, 100).unwrap().iter().map(|stored| stored.call.id).collect()
}

const ALL: CallFilter = CallFilter { live: false, refused: false, since: None };

#[test]
fn a_call_is_one_row_as_it_was_told_last() {
    let (dir, mut store) = store();
    save(&mut store, vec![call(7, NOW, State::Calling, None)], NOW);
    let up = Call { answered: Some(NOW + 5), ..call(7, NOW, State::Up, Some(false)) };
    save(&mut store, vec![up.clone()], NOW + 6);
    save(&mut store, vec![call(7, NOW, State::Failed(500), None)], NOW + 5);
    drop(store);
    let store = Store::open(&dir.path().join("state")).unwrap();
    let want = StoredCall { call: up, peers: vec![Some("peer 1".to_owned()), None], updated: NOW + 6 };
    assert_eq!(store.calls(&ALL, 100).unwrap(), [want], "what is told late takes nobody's place");
}

#[test]
fn a_leg_keeps_the_name_that_its_peer_had() {
    let (_dir, mut store) = store();
    let told = |name: &'static str, legs: usize, time| {
        let mut call = call(7, NOW, State::Up, None);
        let more = call.legs[0].clone();
        call.legs.resize(legs, more);
        Learned::of(Command::Call(Box::new(call)), time, 64, |id| (id > 0).then(|| name.to_owned())).unwrap()
    };
    store.record(&[told("before", 2, NOW), told("after", 3, NOW + 1)]).unwrap();
    let peers = store.calls(&ALL, 1).unwrap().remove(0).peers;
    assert_eq!(peers, [Some("before".to_owned()), None, Some("after".to_owned())]);
    store.record(&[told("after", 1, NOW + 2)]).unwrap();
    assert_eq!(store.calls(&ALL, 1).unwrap().remove(0).peers, [Some("before".to_owned())]);
}

#[test]
fn calls_are_found_by_what_they_came_to() {
    let (_dir, mut store) = store();
    let all = vec![
        call(1, NOW, State::Ended, None),
        call(2, NOW + 1, State::Refused, Some(true)),
        call(3, NOW + 2, State::Up, Some(false)),
        call(4, NOW + 3, State::Calling, None),
    ];
    save(&mut store, all, NOW + 9);
    assert_eq!(ids(&store, ALL), [4, 3, 2, 1]);
    assert_eq!(ids(&store, CallFilter { live: true, ..ALL }), [4, 3]);
    assert_eq!(ids(&store, CallFilter { refused: true, ..ALL }), [3, 2]);
    assert_eq!(ids(&store, CallFilter { live: true, refused: true, since: Some(NOW + 2) }), [3]);
    assert_eq!(store.calls(&ALL, 1).unwrap()[0].call.id, 4);
    let counts = store.call_counts(NOW + 1).unwrap();
    assert_eq!(counts, CallCounts { live: 2, begun: 3, refused: 1, objected: 1 });
    assert_eq!(store.call_counts(NOW + 99).unwrap(), CallCounts { live: 2, ..CallCounts::default() });
}

#[test]
fn the_beginning_of_an_id_will_do() {
    let (_dir, mut store) = store();
    let all = [0x3f9a_0000_0000_0001, 0x3f9b_0000_0000_0002, u64::MAX, 0x0000_0000_0000_003f];
    save(&mut store, all.map(|id| call(id, NOW, State::Ended, None)).to_vec(), NOW);
    let named =
        |prefix| -> Vec<u64> { store.calls_named(prefix, 3).unwrap().iter().map(|stored| stored.call.id).collect() };
    assert_eq!((named("3f9a"), named("3f9")), (vec![all[0]], vec![all[0], all[1]]));
    assert_eq!((named("ffffffffffffffff"), named("003f")), (vec![all[2]], vec![]));
    assert_eq!(named("000000000000003f"), [all[3]]);
    assert_eq!(call_name(all[3]), "000000000000003f");
}

#[test]
fn calls_that_nobody_follows_any_more_are_lost() {
    let (_dir, mut store) = store();
    let all = [(1, State::Up), (2, State::Up), (3, State::Ended), (4, State::Calling)];
    save(&mut store, all.map(|(id, state)| call(id, NOW, state, None)).to_vec(), NOW);
    save(&mut store, vec![call(5, NOW, State::Up, None)], NOW + 10);
    assert_eq!(store.lose_calls(&HashSet::from([2]), NOW + 10).unwrap(), 2);
    let mut states: Vec<_> =
        store.calls(&ALL, 9).unwrap().into_iter().map(|one| (one.call.id, one.call.state, one.updated)).collect();
    states.sort_by_key(|one| one.0);
    let (lost, then) = (State::Lost, NOW);
    assert_eq!(
        states,
        [(1, lost, then), (2, State::Up, then), (3, State::Ended, then), (4, lost, then), (5, State::Up, NOW + 10)]
    );
    assert_eq!(store.lose_calls(&HashSet::from([2]), NOW + 10).unwrap(), 0);
    // Somebody follows it after all.
    save(&mut store, vec![call(1, NOW, State::Ended, None)], NOW + 20);
    assert_eq!(ids(&store, CallFilter { live: true, ..ALL }), [2, 5]);
}

#[test]
fn old_calls_are_forgotten_and_those_that_are_too_many() {
    let (_dir, mut store) = store();
    let all = (1..=6).map(|id| call(id, NOW + id as i64, if id == 1 { State::Up } else { State::Ended }, None));
    save(&mut store, all.collect(), NOW);
    save(&mut store, vec![call(7, NOW, State::Ended, None)], NOW - 2 * HOUR);
    let keep = |calls| Keep { calls, age: HOUR };
    assert_eq!(store.prune_calls(keep(100), NOW).unwrap(), 1);
    assert_eq!(store.prune_calls(keep(3), NOW).unwrap(), 2);
    assert_eq!(ids(&store, ALL), [6, 5, 4, 1], "one that goes on stays");
    assert_eq!(store.prune_calls(keep(3), NOW + HOUR + 1).unwrap(), 3);
    assert_eq!(store.prune_calls(keep(3), NOW + 9 * HOUR).unwrap(), 0);
}
