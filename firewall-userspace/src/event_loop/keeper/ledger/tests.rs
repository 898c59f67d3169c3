//! A database that is locked, full or damaged: what was written stays, what is new waits.
use std::fs;
use std::path::Path;
use std::time::Duration;

use firewall_common::addr::Addr;
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::engine::command::{Ban, Promote};
use crate::engine::evidence::{Evidence, Incident, Proof, Rule};
use crate::entries::{parse_prefix, prefix_text};
use crate::store::{FILE_NAME, Options};

const NOW: i64 = 1_800_000_000_000;
const LATER: i64 = NOW + 3_600_000;

fn open(dir: &Path) -> Result<Store, StoreError> {
    Store::open_with(dir, Options { wait: Duration::from_millis(20) })
}

fn source(i: u8) -> Addr {
    Addr::from_v4([198, 51, 100, i])
}

/// A ban whose evidence takes some space.
fn ban(i: u8) -> Command {
    let incident = Incident {
        time: NOW,
        method: "REGISTER".to_owned(),
        account: "100".to_owned(),
        status: 401,
        user_agent: "x".repeat(2_000),
        proof: Proof::Nonce,
        via: "udp".to_owned(),
    };
    let evidence = Evidence {
        rule: Rule::Failures,
        count: 5,
        allowed: 5,
        within: 600,
        incidents: vec![incident],
        next_seconds: 0,
    };
    Command::Ban(Ban { source: source(i), until: LATER, step: 1, evidence })
}

fn promote(i: u8) -> Command {
    Command::Promote(Promote {
        source: source(i),
        account: "100".to_owned(),
        until: LATER,
        trusted_until: LATER,
        known_until: LATER,
    })
}

fn banned(store: &Store) -> Vec<String> {
    store.active(NOW).unwrap().iter().map(|ban| prefix_text(ban.prefix)).collect()
}

fn sources(range: std::ops::Range<u8>) -> Vec<String> {
    range.map(|i| format!("198.51.100.{i}")).collect()
}

#[test]
fn a_locked_database_is_waited_for_and_written_in_order() {
    let dir = TempDir::new().unwrap();
    let (mut store, mut ledger) = (open(dir.path()).unwrap(), Ledger::default());
    ledger.take(vec![ban(0)], NOW, None);
    assert_eq!(ledger.flush(&mut store, NOW).recorded.bans, 1);
    let other = Connection::open(dir.path().join(FILE_NAME)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    ledger.take(vec![promote(1), ban(1)], NOW + 1, None);
    let flushed = ledger.flush(&mut store, NOW + 1);
    assert!(matches!(flushed.error, Some(StoreError::Locked { .. })), "{flushed:?}");
    ledger.take(vec![ban(2)], NOW + 2, None);
    assert_eq!((ledger.waiting(), banned(&store)), (3, sources(0..1)));
    other.execute_batch("COMMIT").unwrap();
    let flushed = ledger.flush(&mut store, NOW + 10_000);
    assert_eq!((flushed.error.is_none(), flushed.recorded.bans, ledger.waiting()), (true, 2, 0));
    assert_eq!(banned(&store), sources(0..3));
    assert_eq!(store.active(NOW).unwrap()[2].created, NOW + 2, "it was made when it was made");
    assert_eq!(store.registrants(NOW).unwrap().len(), 1);
}

#[test]
fn a_full_disk_keeps_what_is_written_and_what_waits() {
    let dir = TempDir::new().unwrap();
    assert!(mount(dir.path(), "size=400k"));
    let (mut store, mut ledger) = (open(dir.path()).unwrap(), Ledger::default());
    ledger.take(vec![ban(0)], NOW, None);
    assert!(ledger.flush(&mut store, NOW).error.is_none());
    ledger.take((1..101).map(ban).collect(), NOW, None);
    let flushed = ledger.flush(&mut store, NOW);
    assert!(matches!(flushed.error, Some(StoreError::DiskFull { .. })), "{flushed:?}");
    assert_eq!((ledger.waiting(), banned(&store)), (100, sources(0..1)));
    // Somebody makes room, and the daemon, which still has it open, writes all of it.
    assert!(mount(dir.path(), "remount,size=8m"));
    let flushed = ledger.flush(&mut store, NOW + 10_000);
    assert_eq!((flushed.recorded.bans, ledger.waiting()), (100, 0));
    assert_eq!(banned(&store), sources(0..101));
    drop(store);
    assert_eq!(banned(&open(dir.path()).unwrap()), sources(0..101));
    unmount(dir.path());
}

#[test]
fn a_damaged_database_is_left_alone_and_a_new_one_gets_what_waits() {
    let dir = TempDir::new().unwrap();
    let (mut store, mut ledger) = (open(dir.path()).unwrap(), Ledger::default());
    ledger.opened(&store).unwrap();
    ledger.take((0..40).map(ban).collect(), NOW, None);
    assert!(ledger.flush(&mut store, NOW).error.is_none());
    drop(store);
    let path = dir.path().join(FILE_NAME);
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[4096..end].fill(0xa5);
    fs::write(&path, &bytes).unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(error.calls_for_reopening(), "{error:?}");
    ledger.take(vec![ban(77)], NOW, None);
    assert_eq!(fs::read(&path).unwrap(), bytes, "the damaged file is evidence");
    fs::rename(&path, dir.path().join("aside")).unwrap();
    let mut store = open(dir.path()).unwrap();
    ledger.opened(&store).unwrap();
    assert_eq!(ledger.flush(&mut store, NOW + 1).recorded.bans, 1);
    assert_eq!(banned(&store), sources(77..78));
}

#[test]
fn damage_that_is_met_while_writing_asks_for_opening_anew() {
    let dir = TempDir::new().unwrap();
    let (mut store, mut ledger) = (open(dir.path()).unwrap(), Ledger::default());
    ledger.take((0..40).map(ban).collect(), NOW, None);
    assert!(ledger.flush(&mut store, NOW).error.is_none());
    drop(store);
    let mut store = open(dir.path()).unwrap();
    let path = dir.path().join(FILE_NAME);
    // Another process's change has it forget the pages that it has read, which would hide the damage from it.
    let other = Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE other (x); PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(other);
    let bytes = fs::read(&path).unwrap();
    let mut damaged = bytes.clone();
    damaged[4096..].fill(0xa5);
    fs::write(&path, &damaged).unwrap();
    ledger.take(vec![ban(41)], NOW, None);
    let flushed = ledger.flush(&mut store, NOW);
    assert!(flushed.error.as_ref().is_some_and(StoreError::calls_for_reopening), "{flushed:?}");
    assert_eq!(ledger.waiting(), 1);
    drop(store);
    // A backup in its place.
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(dir.path().join(format!("{FILE_NAME}{suffix}")));
    }
    fs::write(&path, &bytes).unwrap();
    let mut store = open(dir.path()).unwrap();
    ledger.opened(&store).unwrap();
    assert_eq!(ledger.flush(&mut store, NOW).recorded.bans, 1);
    assert_eq!(banned(&store).len(), 41);
}

#[test]
fn a_file_moved_aside_is_noticed() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path()).unwrap();
    assert!(!store.is_replaced());
    fs::rename(dir.path().join(FILE_NAME), dir.path().join("aside")).unwrap();
    assert!(!store.is_replaced(), "while there is no other, it goes on");
    let new = open(dir.path()).unwrap();
    assert!(store.is_replaced() && !new.is_replaced());
}

#[test]
fn what_another_process_lifts_is_told_once() {
    let dir = TempDir::new().unwrap();
    let (mut store, mut ledger) = (open(dir.path()).unwrap(), Ledger::default());
    ledger.take(vec![ban(1), ban(2)], NOW, None);
    ledger.flush(&mut store, NOW);
    assert_eq!(ledger.lifted(&store).unwrap(), []);
    let two = parse_prefix("198.51.100.2").unwrap();
    open(dir.path()).unwrap().lift(two, &[], None, NOW).unwrap();
    assert_eq!(ledger.lifted(&store).unwrap(), [two]);
    assert_eq!(ledger.lifted(&store).unwrap(), []);
}

fn mount(at: &Path, options: &str) -> bool {
    let status = std::process::Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at).status();
    status.unwrap().success()
}

fn unmount(at: &Path) {
    assert!(std::process::Command::new("umount").arg("-l").arg(at).status().unwrap().success());
}
