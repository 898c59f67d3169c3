//! The socket: who may write to it, and what becomes of what is written.
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use tokio::sync::mpsc::{Receiver, channel};

use super::super::desk::{Shared, counts};
use super::*;
use crate::engine::input::FeedEvent;

struct Running {
    events: Receiver<FeedEvent>,
    shared: Shared,
    stop: Stop,
    thread: thread::JoinHandle<()>,
}

fn start(socket: Socket, rate: u32) -> Running {
    let (sender, events) = channel(4_096);
    let (shared, stop) = (Shared::default(), Stop::default());
    let mut desk = Desk::new("socket", rate, sender, Arc::clone(&shared));
    let told = stop.clone();
    let thread = thread::spawn(move || socket.run(&mut desk, &told));
    Running { events, shared, stop, thread }
}

impl Running {
    fn end(self) {
        self.stop.set();
        self.thread.join().unwrap();
    }
}

/// Waits until something holds.
#[track_caller]
fn until(mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never came");
        thread::sleep(Duration::from_millis(5));
    }
}

fn socket(dir: &tempfile::TempDir) -> Socket {
    Socket { path: dir.path().join("feed.sock"), mode: 0o620, group: Some("daemon".to_owned()) }
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

#[test]
fn objects_are_read_and_the_file_has_its_mode() {
    let dir = tempfile::tempdir().unwrap();
    let place = socket(&dir);
    let mut running = start(place.clone(), 1_000);
    until(|| is_there(&place.path));
    let metadata = fs::symlink_metadata(&place.path).unwrap();
    assert_eq!((metadata.mode() & 0o777, metadata.gid()), (0o620, group_number("daemon").unwrap()));
    let writer = UnixDatagram::unbound().unwrap();
    let line = r#"{"event":"auth_failure","source":"203.0.113.7","account":"100"}"#;
    writer.send_to(format!("{line}\n\n{line}").as_bytes(), &place.path).unwrap();
    writer.send_to(b"nonsense", &place.path).unwrap();
    until(|| counts(&running.shared).lines == 3);
    assert_eq!(running.events.try_recv().unwrap().account.as_deref(), Some("100"));
    assert!(running.events.try_recv().is_ok() && running.events.try_recv().is_err());
    assert_eq!(counts(&running.shared).refused.get("json"), Some(&1));
    running.end();
    assert!(!is_there(&place.path), "a socket that nobody reads is no socket");
}

#[test]
fn a_flood_is_cut_to_the_rate() {
    let dir = tempfile::tempdir().unwrap();
    let place = socket(&dir);
    let running = start(place.clone(), 10);
    until(|| is_there(&place.path));
    let writer = UnixDatagram::unbound().unwrap();
    let line = "{\"event\":\"malformed\",\"source\":\"203.0.113.7\"}\n".repeat(1_000);
    writer.send_to(line.as_bytes(), &place.path).unwrap();
    until(|| counts(&running.shared).lines == 1_000);
    let counted = counts(&running.shared).clone();
    assert!(counted.events <= 20 && counted.events + counted.dropped == 1_000, "{counted:?}");
    running.end();
}

#[test]
fn a_dead_processs_socket_is_replaced_and_a_living_ones_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let place = socket(&dir);
    drop(UnixDatagram::bind(&place.path).unwrap());
    let running = start(place.clone(), 10);
    let writer = UnixDatagram::unbound().unwrap();
    until(|| writer.send_to(b"x", &place.path).is_ok());
    let second = start(place.clone(), 10);
    until(|| counts(&second.shared).trouble.as_deref().is_some_and(|t| t.contains("another process listens")));
    second.end();
    assert!(is_there(&place.path));
    running.end();
    fs::write(&place.path, "a file").unwrap();
    let third = start(place.clone(), 10);
    until(|| counts(&third.shared).trouble.as_deref().is_some_and(|t| t.contains("no socket")));
    third.end();
    assert_eq!(fs::read_to_string(&place.path).unwrap(), "a file");
}

#[test]
fn groups_are_names_or_numbers() {
    assert_eq!(group_number("root").unwrap(), 0);
    assert_eq!(group_number("4711").unwrap(), 4711);
    assert!(group_number("no such group").is_err());
}
