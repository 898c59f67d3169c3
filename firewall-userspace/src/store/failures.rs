//! Each error of the store, brought about by its real cause. Those that mount a tmpfs need root.
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tempfile::TempDir;

use super::tests::{new, store};
use super::*;
use crate::entries::{Kind, NewEntry};

const NOW: i64 = 1_800_000_000_000;
const SHORT: Options = Options { wait: Duration::from_millis(50) };

/// An entry that takes some space.
fn large(i: u32) -> NewEntry {
    NewEntry { comment: Some("x".repeat(2000)), ..new(Kind::Deny, &format!("10.0.{}.{}", i / 256, i % 256)) }
}

#[test]
fn a_writer_that_keeps_the_lock() {
    let (dir, store) = store();
    drop(store);
    let other = Connection::open(dir.path().join("state/state.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let mut store = Store::open_with(&dir.path().join("state"), SHORT).unwrap();
    let begin = Instant::now();
    let error = store.add(&[new(Kind::Deny, "10.0.0.1")], NOW).unwrap_err();
    assert!(begin.elapsed() >= SHORT.wait);
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
    assert!(error.to_string().contains("fuser -v") && error.to_string().contains("state/state.db"));
    assert_eq!(store.active(NOW).unwrap(), [], "reading goes on");
    other.execute_batch("COMMIT").unwrap();
    store.add(&[new(Kind::Deny, "10.0.0.1")], NOW).unwrap();
}

#[test]
fn a_process_that_keeps_the_file() {
    let (dir, store) = store();
    drop(store);
    let other = Connection::open(dir.path().join("state/state.db")).unwrap();
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT").unwrap();
    let error = Store::open_with(&dir.path().join("state"), SHORT).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
}

#[test]
fn a_file_that_is_no_database() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("state.db");
    let garbage = b"this never was a database, or something else wrote over it".repeat(100);
    fs::write(&path, &garbage).unwrap();
    let error = Store::open(dir.path()).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains(&format!("mv {0} {0}.damaged", path.display())), "{error}");
    assert_eq!(fs::read(&path).unwrap(), garbage, "left as it was");
    let aside = Store::set_aside(dir.path(), NOW).unwrap();
    assert_eq!(fs::read(aside).unwrap(), garbage);
    Store::open(dir.path()).unwrap();
}

#[test]
fn pages_overwritten_in_the_middle() {
    let (dir, mut store) = store();
    store.add(&(0..100).map(large).collect::<Vec<_>>(), NOW).unwrap();
    store.db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(store);
    let path = dir.path().join("state/state.db");
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[8192..end / 2].fill(0xa5);
    fs::write(&path, &bytes).unwrap();
    let error = Store::open(&dir.path().join("state")).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_file_cut_short() {
    let (dir, mut store) = store();
    store.add(&(0..100).map(large).collect::<Vec<_>>(), NOW).unwrap();
    store.db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(store);
    let path = dir.path().join("state/state.db");
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    assert!(matches!(Store::open(&dir.path().join("state")), Err(StoreError::Corrupt { .. })));
}

#[test]
fn a_value_that_only_a_foreign_hand_can_have_written() {
    let (_dir, mut store) = store();
    store.add(&[new(Kind::Deny, "10.0.0.1")], NOW).unwrap();
    store.db.execute("UPDATE entry SET prefix = '10.0.0.1/99'", []).unwrap();
    let error = store.active(NOW).unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { detail, .. } if detail.contains("10.0.0.1/99")), "{error:?}");
}

#[test]
fn a_full_database_takes_all_or_nothing() {
    let (_dir, mut store) = store();
    store.add(&[large(0)], NOW).unwrap();
    // The database's own limit of pages raises the error that a full file system raises.
    let pages: i64 = store.db.query_row("PRAGMA page_count", [], |r| r.get(0)).unwrap();
    store.db.pragma_update(None, "max_page_count", pages + 5).unwrap();
    let error = store.add(&(1..100).map(large).collect::<Vec<_>>(), NOW).unwrap_err();
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error:?}");
    assert!(error.to_string().contains("df -h"));
    assert_eq!(store.active(NOW).unwrap().len(), 1);
    store.add(&[large(1)], NOW).unwrap();
}

#[test]
fn a_schema_of_a_newer_version() {
    let (dir, store) = store();
    store.db.pragma_update(None, "user_version", 99).unwrap();
    drop(store);
    let error = Store::open(&dir.path().join("state")).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, known: schema::NEWEST, .. }), "{error:?}");
    assert!(error.to_string().contains("newer sipfw"));
}

#[test]
fn a_state_directory_that_is_a_file() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("state"), "").unwrap();
    let error = Store::open(&dir.path().join("state")).unwrap_err();
    assert!(matches!(error, StoreError::File { .. }), "{error:?}");
}

#[test]
fn someone_else_is_not_let_in() {
    let (dir, store) = store();
    let path = store.path().to_owned();
    drop(store);
    let state = dir.path().join("state");
    if !rustix::process::geteuid().is_root() {
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    }
    let error = std::thread::spawn(move || {
        // SAFETY: no memory is involved; the call changes whose eyes this one thread, which ends below, sees files with.
        unsafe { libc::setfsuid(65_534) };
        Store::open(&state).unwrap_err()
    })
    .join()
    .unwrap();
    assert!(matches!(error, StoreError::Permission { .. }), "{error:?}");
    assert!(error.to_string().contains("as root"));
}

/// A small file system in memory, unmounted when dropped.
struct Tmpfs(TempDir);

impl Tmpfs {
    fn mount(options: &str) -> Self {
        let dir = TempDir::new().unwrap();
        mount(&["-t", "tmpfs", "-o", options, "tmpfs"], dir.path());
        Self(dir)
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn mount(args: &[&str], at: &Path) {
    assert!(Command::new("mount").args(args).arg(at).status().unwrap().success());
}

#[test]
fn a_file_system_without_space() {
    let tmpfs = Tmpfs::mount("size=256k");
    let mut store = Store::open(tmpfs.0.path()).unwrap();
    store.add(&[large(0)], NOW).unwrap();
    let error = store.add(&(1..1000).map(large).collect::<Vec<_>>(), NOW).unwrap_err();
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error:?}");
    assert_eq!(store.active(NOW).unwrap().len(), 1);
    drop(store);
    assert_eq!(Store::open(tmpfs.0.path()).unwrap().active(NOW).unwrap().len(), 1);
}

#[test]
fn no_space_from_the_beginning() {
    for pages in 2..14 {
        let tmpfs = Tmpfs::mount(&format!("size={}k", pages * 4));
        match Store::open(tmpfs.0.path()) {
            Ok(_) => assert!(pages > 4, "{pages} pages are not enough"),
            Err(error) => assert!(matches!(error, StoreError::DiskFull { .. }), "{pages} pages: {error:?}"),
        }
    }
}

#[test]
fn a_file_system_that_may_only_be_read() {
    let tmpfs = Tmpfs::mount("size=1m");
    drop(Store::open(tmpfs.0.path()).unwrap());
    mount(&["-o", "remount,ro"], tmpfs.0.path());
    let error = Store::open(tmpfs.0.path()).unwrap_err();
    assert!(matches!(error, StoreError::Permission { .. }), "{error:?}");
}
