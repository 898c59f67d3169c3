//! Calls: written, found, lost, forgotten.
use std::collections::HashSet;

use super::learned_tests::learned;
use super::tests::store;
use super::*;
use crate::engine::call::{Call, Decided, Demand, How, Leg, Refusal, State, Transport, Why};
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

fn any() -> CallFilter {
    CallFilter::default()
}

#[test]
fn a_call_is_one_row_as_it_was_told_last() {
    let (dir, mut store) = store();
    save(&mut store, vec![call(7, NOW, State::Calling, None)], NOW);
    let up = Call { answered: Some(NOW + 5), ..call(7, NOW, State::Up, Some(false)) };
    save(&mut store, vec![up.clone()], NOW + 6);
    save(&mut store, vec![call(7, NOW, State::Failed(500), None)], NOW + 5);
    drop(store);
    let store = Store::open(&dir.path().join("state")).unwrap();
    let want = StoredCall {
        call: up,
        peers: vec![Some("peer 1".to_owned()), None],
        country: None,
        is_international: false,
        updated: NOW + 6,
    };
    assert_eq!(store.calls(&any(), 100).unwrap(), [want], "what is told late takes nobody's place");
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
    let peers = store.calls(&any(), 1).unwrap().remove(0).peers;
    assert_eq!(peers, [Some("before".to_owned()), None, Some("after".to_owned())]);
    store.record(&[told("after", 1, NOW + 2)]).unwrap();
    assert_eq!(store.calls(&any(), 1).unwrap().remove(0).peers, [Some("before".to_owned())]);
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
    assert_eq!(ids(&store, any()), [4, 3, 2, 1]);
    assert_eq!(ids(&store, CallFilter { live: true, ..any() }), [4, 3]);
    assert_eq!(ids(&store, CallFilter { refused: true, ..any() }), [3, 2]);
    assert_eq!(ids(&store, CallFilter { live: true, refused: true, since: Some(NOW + 2), ..any() }), [3]);
    assert_eq!(store.calls(&any(), 1).unwrap()[0].call.id, 4);
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
        store.calls(&any(), 9).unwrap().into_iter().map(|one| (one.call.id, one.call.state, one.updated)).collect();
    states.sort_by_key(|one| one.0);
    let (lost, then) = (State::Lost, NOW);
    assert_eq!(
        states,
        [(1, lost, then), (2, State::Up, then), (3, State::Ended, then), (4, lost, then), (5, State::Up, NOW + 10)]
    );
    assert_eq!(store.lose_calls(&HashSet::from([2]), NOW + 10).unwrap(), 0);
    // Somebody follows it after all.
    save(&mut store, vec![call(1, NOW, State::Ended, None)], NOW + 20);
    assert_eq!(ids(&store, CallFilter { live: true, ..any() }), [2, 5]);
}

#[test]
fn old_calls_are_forgotten_and_those_that_are_too_many() {
    let (_dir, mut store) = store();
    let all = (1..=6).map(|id| call(id, NOW + id as i64, if id == 1 { State::Up } else { State::Ended }, None));
    save(&mut store, all.collect(), NOW);
    save(&mut store, vec![call(7, NOW, State::Ended, None)], NOW - 2 * HOUR);
    let keep = |calls| Keep { calls, age: HOUR, bytes: i64::MAX };
    assert_eq!(store.prune_calls(keep(100), NOW).unwrap(), 1);
    assert_eq!(store.prune_calls(keep(3), NOW).unwrap(), 2);
    assert_eq!(ids(&store, any()), [6, 5, 4, 1], "one that goes on stays");
    assert_eq!(store.prune_calls(keep(3), NOW + HOUR + 1).unwrap(), 3);
    assert_eq!(store.prune_calls(keep(3), NOW + 9 * HOUR).unwrap(), 0);
}

fn to(id: u64, to: &str, answered: bool) -> Call {
    let state = if answered { State::Ended } else { State::Failed(486) };
    let (from, started) = (format!("{id}@a"), NOW + id as i64);
    let (begin, end) = (answered.then_some(started + 1_000), Some(started + 61_000));
    Call { from, to: to.to_owned(), answered: begin, ended: end, ..call(id, started, state, None) }
}

#[test]
fn calls_are_found_by_whom_they_were_between() {
    let (_dir, mut store) = store();
    let all = ["+4930123@b", "%2B49-30-99@b", "200@a", "Alice@b", "*…*+371200@b"];
    save(&mut store, (100..).zip(all).map(|(id, to_whom)| to(id, to_whom, true)).collect(), NOW);
    let to_whom = |text: &str| ids(&store, CallFilter { to: Some(text.to_owned()), ..any() });
    assert_eq!((to_whom("+4930"), to_whom("+49309"), to_whom("alice")), (vec![101, 100], vec![101], vec![103]));
    assert_eq!((to_whom("+371"), to_whom("20"), to_whom("+1")), (vec![104], vec![102], vec![]));
    assert_eq!(ids(&store, CallFilter { from: Some("10".to_owned()), ..any() }), [104, 103, 102, 101, 100]);
    assert_eq!(ids(&store, CallFilter { from: Some("101".to_owned()), ..any() }), [101]);
    assert_eq!(ids(&store, CallFilter { international: true, ..any() }), [104, 101, 100]);
    assert_eq!(ids(&store, CallFilter { peer: Some("peer 1".to_owned()), ..any() }).len(), 5);
    assert_eq!(ids(&store, CallFilter { peer: Some("peer 2".to_owned()), ..any() }).len(), 0);
    let (since, until) = (Some(NOW + 101), Some(NOW + 103));
    assert_eq!(ids(&store, CallFilter { since, until, ..any() }), [102, 101]);
}

#[test]
fn a_call_id_that_comes_again_is_another_call() {
    let (_dir, mut store) = store();
    save(&mut store, vec![call(7, NOW, State::Ended, None), call(7, NOW + HOUR, State::Up, None)], NOW);
    assert_eq!(ids(&store, any()), [7, 7]);
    let named = store.calls_named("0000000000000007", 9).unwrap();
    assert_eq!((named.len(), named[0].call.state), (1, State::Up), "the newest is meant");
}

#[test]
fn calls_are_added_up() {
    let (_dir, mut store) = store();
    let decided = |by: &str| Some(Decided { by: by.to_owned(), status: Some(403), enforced: true });
    let denied = Call { state: State::Refused, decided: decided("number_denied"), ..to(4, "+44@b", false) };
    let all = vec![to(1, "+4930123@b", true), to(2, "+4930123@b", true), to(3, "200@a", false), denied];
    save(&mut store, all, NOW);
    let sums = store.call_sums(NOW, 2).unwrap();
    let all = (sums.all.calls, sums.all.answered, sums.all.refused, sums.all.duration);
    assert_eq!(all, (4, 2, 1, 120_000));
    let first = &sums.destinations[0];
    assert_eq!((first.of.as_deref(), first.calls, first.duration), (Some("+4930123"), 2, 120_000));
    assert_eq!(sums.destinations.len(), 2);
    assert_eq!((sums.hours.len(), sums.hours[0].calls), (1, 4));
    assert_eq!((sums.decided[0].of.as_deref(), sums.decided[0].calls), (Some("number_denied"), 1));
    let mut called = Vec::new();
    store.called_for(NOW, |key, ms| called.push((key.to_owned(), ms))).unwrap();
    assert_eq!(called, [("+4930123".to_owned(), 120_000)]);
    assert_eq!(store.call_sums(NOW + HOUR, 2).unwrap(), CallSums::default());
}

#[test]
fn a_log_that_is_too_large_loses_the_oldest() {
    let (_dir, mut store) = store();
    save(&mut store, (1..=100).map(|id| call(id, NOW + id as i64, State::Ended, None)).collect(), NOW);
    let keep = |bytes| Keep { calls: 1_000, age: HOUR, bytes };
    assert_eq!(store.prune_calls(keep(1 << 20), NOW).unwrap(), 0);
    let gone = store.prune_calls(keep(20_000), NOW).unwrap();
    let left = ids(&store, any());
    assert_eq!((gone + left.len(), left[0]), (100, 100));
    assert!((10..40).contains(&left.len()), "{}", left.len());
}

#[test]
fn an_older_database_becomes_a_log() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.db");
    let db = Connection::open(&path).unwrap();
    let steps = schema::STEPS;
    let before = steps.iter().position(|step| step.contains("CREATE UNIQUE INDEX call_place")).unwrap();
    steps[..before].iter().for_each(|step| db.execute_batch(step).unwrap());
    db.pragma_update(None, "user_version", before as i64).unwrap();
    let answered = Call { answered: Some(NOW + 5), ended: Some(NOW + 65), ..to(1, "+4930@b", true) };
    for (call, refused) in [(answered.clone(), 0), (call(2, NOW, State::Failed(488), Some(true)), 2)] {
        let row = rusqlite::params![
            call_name(call.id),
            call.started,
            NOW + 9,
            refused,
            r#"[null,"itsp"]"#,
            serde_json::to_string(&call).unwrap()
        ];
        db.execute("INSERT INTO call VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6)", row).unwrap();
    }
    drop(db);
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.calls(&any(), 9).unwrap()[0].call, answered);
    let found = |filter| ids(&store, filter);
    assert_eq!(found(CallFilter { to: Some("+4930".to_owned()), ..any() }), [1]);
    assert_eq!(found(CallFilter { peer: Some("itsp".to_owned()), refused: true, ..any() }), [2]);
    let row: (String, Option<i64>, Option<i64>, String) = store
        .read(|db| {
            db.query_row("SELECT state, status, duration, source FROM call WHERE refused = 2", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
        })
        .unwrap();
    assert_eq!(row, ("failed".to_owned(), Some(488), None, "198.51.100.7".to_owned()));
    assert_eq!(store.call_sums(NOW, 9).unwrap().all.duration, 60);
}

#[test]
fn lists_are_found_by_an_index() {
    let (_dir, store) = store();
    let plan = |condition: &str, by: &str| -> String {
        let sql = format!("EXPLAIN QUERY PLAN SELECT seq FROM call WHERE {condition} ORDER BY {by} DESC LIMIT 50");
        store
            .read(|db| db.prepare(&sql)?.query_map([], |row| row.get::<_, String>(3))?.collect::<rusqlite::Result<_>>())
            .map(|lines: Vec<String>| lines.join("; "))
            .unwrap()
    };
    for (condition, by, index) in [
        ("1 AND started >= 5", "started", "call_started"),
        ("1 AND live", "+started", "call_live"),
        ("1 AND refused > 0 AND started >= 5", "started", "call_refused"),
        ("1 AND international", "started", "call_international"),
        ("1 AND peer = 'itsp'", "started", "call_peer"),
        ("1 AND to_key >= '+4930' AND to_key < '+4930z'", "+started", "call_to"),
        ("1 AND started >= 5 AND from_key >= '10' AND from_key < '10z'", "+started", "call_from"),
    ] {
        let plan = plan(condition, by);
        assert!(plan.contains(index), "{condition}: {plan}");
    }
}
