//! The order of the backlog, its bound, and its patience.
use proptest::prelude::*;

use super::*;
use crate::engine::call::Call;
use crate::engine::command::Command;
use crate::store::learned_tests::{ban, learned, promote, score};

const NOW: i64 = 1_800_000_000_000;

fn one(kind: u8, tag: u8) -> Learned {
    match kind {
        0 => learned(vec![ban(tag, NOW)], NOW).remove(0),
        1 => learned(vec![promote(tag, "100", NOW)], NOW).remove(0),
        3 => learned(vec![called(tag)], NOW).remove(0),
        _ => score(tag, 1, NOW),
    }
}

fn called(id: u8) -> Command {
    Command::Call(Box::new(Call { started: NOW, ..Call::blank(id.into()) }))
}

fn kinds(batch: &[Learned]) -> Vec<(u8, u8)> {
    let kind = |one: &Learned| match &one.what {
        What::Ban(ban) => (0, ban.source.addr[15]),
        What::Registered(new) => (1, new.source.addr[15]),
        What::Call(new) => (3, new.call.id as u8),
        What::Score(score) => (2, score.source.unwrap().addr[15]),
        other => panic!("{other:?}"),
    };
    batch.iter().map(kind).collect()
}

/// More than the tests below put in.
const PLENTY: usize = 1 << 20;

fn filled(max: usize, what: &[(u8, u8)]) -> Backlog {
    let mut backlog = Backlog::new(max);
    what.iter().for_each(|(kind, tag)| backlog.push(one(*kind, *tag)));
    backlog
}

#[test]
fn bans_go_first_and_scores_last_each_in_their_order() {
    let mut backlog = filled(PLENTY, &[(2, 1), (1, 1), (0, 1), (2, 2), (0, 2), (1, 2)]);
    let batch = backlog.next_batch(NOW).unwrap();
    assert_eq!(kinds(&batch), [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2)]);
    backlog.written();
    assert_eq!((backlog.next_batch(NOW), backlog.len()), (None, 0));
}

#[test]
fn what_failed_waits_in_its_place_and_is_tried_again_after_a_while() {
    let mut backlog = filled(PLENTY, &[(0, 1), (1, 1), (2, 1)]);
    let batch = backlog.next_batch(NOW).unwrap();
    backlog.failed(batch, NOW);
    backlog.push(one(0, 2));
    backlog.push(one(2, 2));
    assert_eq!(backlog.next_batch(NOW + RETRY_MS - 1), None);
    let batch = backlog.next_batch(NOW + RETRY_MS).unwrap();
    assert_eq!(kinds(&batch), [(0, 1), (0, 2), (1, 1), (2, 1), (2, 2)]);
    backlog.failed(batch, NOW);
    backlog.retry_now();
    assert!(backlog.next_batch(NOW).is_some());
}

#[test]
fn the_newest_record_of_a_key_is_enough() {
    let mut backlog = filled(PLENTY, &[(2, 1)]);
    let batch = backlog.next_batch(NOW).unwrap();
    backlog.push(score(1, 99, NOW + 1));
    backlog.failed(batch, NOW);
    backlog.push(one(2, 2));
    let batch = backlog.next_batch(NOW + RETRY_MS).unwrap();
    assert_eq!(kinds(&batch), [(2, 1), (2, 2)]);
    assert_eq!(batch[0], score(1, 99, NOW + 1));
}

#[test]
fn the_oldest_of_the_least_important_is_given_up_and_counted() {
    let room = 3 * one(0, 1).size();
    let mut backlog = filled(room, &[(2, 1), (1, 1), (0, 1), (0, 2), (0, 3), (0, 4)]);
    assert_eq!(kinds(&backlog.next_batch(NOW).unwrap()), [(0, 2), (0, 3), (0, 4)]);
    let dropped = backlog.take_dropped();
    assert_eq!(dropped, Dropped { bans: 1, registrations: 1, others: 0, calls: 0, devices: 0, scores: 1 });
    assert_eq!((dropped.total(), backlog.take_dropped().total()), (3, 0));
}

#[test]
fn what_the_database_refuses_is_found_and_keeps_nothing_else() {
    let tags: Vec<(u8, u8)> = (0..100).map(|tag| (0, tag)).collect();
    let mut backlog = filled(PLENTY, &tags);
    let (mut written, mut tries) = (Vec::new(), 0);
    while let Some(batch) = backlog.next_batch(NOW) {
        tries += 1;
        if kinds(&batch).contains(&(0, 42)) {
            backlog.refused(batch);
        } else {
            written.extend(kinds(&batch));
            backlog.written();
        }
    }
    let want: Vec<_> = tags.into_iter().filter(|tag| *tag != (0, 42)).collect();
    assert_eq!((written, backlog.take_dropped().bans), (want, 1));
    assert!(tries < 60, "{tries}");
}

proptest! {
    #[test]
    fn nothing_is_lost_but_what_is_counted(
        steps in prop::collection::vec((0u8..3, any::<u8>(), 0u8..4), 0..300),
        max in 0usize..20_000,
    ) {
        let (mut backlog, mut pushed, mut written) = (Backlog::new(max), 0, 0);
        for (kind, tag, then) in steps {
            backlog.push(one(if kind == 2 { 1 } else { kind }, tag));
            pushed += 1;
            prop_assert!(backlog.size <= max && (backlog.size == 0) == backlog.is_empty());
            match (then, backlog.next_batch(NOW)) {
                (0, Some(batch)) => {
                    written += batch.len();
                    backlog.written();
                }
                (1, Some(batch)) if batch.len() > 1 => backlog.refused(batch),
                (_, Some(batch)) => {
                    backlog.failed(batch, NOW);
                    backlog.retry_now();
                }
                (_, None) => {}
            }
        }
        let dropped = backlog.take_dropped();
        prop_assert_eq!(written + backlog.len() + usize::try_from(dropped.total()).unwrap(), pushed);
    }
}

#[test]
fn of_a_call_the_newest_record_waits_before_scores() {
    let mut backlog = filled(PLENTY, &[(2, 1), (3, 1), (3, 2), (1, 1), (3, 1)]);
    let batch = backlog.next_batch(NOW).unwrap();
    assert_eq!(kinds(&batch), [(1, 1), (3, 1), (3, 2), (2, 1)]);
    backlog.failed(batch, NOW);
    backlog.push(one(3, 2));
    backlog.retry_now();
    assert_eq!(kinds(&backlog.next_batch(NOW).unwrap()), [(1, 1), (3, 1), (3, 2), (2, 1)]);
    assert!(backlog.is_empty());
    let mut little = filled(2 * one(3, 1).size() - 1, &[(3, 1), (3, 2)]);
    assert_eq!((little.len(), little.take_dropped()), (1, Dropped { calls: 1, ..Dropped::default() }));
}
