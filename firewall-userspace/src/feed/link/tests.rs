//! The connection, against a manager interface that follows a script: Asterisk is no package of the systems these tests run on.
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, mpsc};
use std::thread;

use tokio::sync::mpsc::{Receiver, channel};

use super::super::desk::{Shared, counts};
use super::*;
use crate::engine::input::FeedEvent;

const EVENT: &str = "Event: InvalidPassword\r\nPrivilege: security,all\r\nEventTV: 2026-08-06T15:45:49.123+0000\r\nSeverity: Error\r\n\
     Service: PJSIP\r\nEventVersion: 1\r\nAccountID: 100\r\nSessionID: 3c26@192.0.2.4\r\n\
     LocalAddress: IPV4/TLS/192.0.2.1/5061\r\nRemoteAddress: IPV4/TLS/203.0.113.7/40123\r\n\r\n";

/// A running link, and what it does.
struct Running {
    events: Receiver<FeedEvent>,
    shared: Shared,
    stop: Stop,
    thread: thread::JoinHandle<()>,
    _dir: tempfile::TempDir,
}

fn start(address: SocketAddr, secret: &str, mode: u32) -> Running {
    let dir = tempfile::tempdir().unwrap();
    let secret_file = dir.path().join("secret");
    std::fs::write(&secret_file, secret).unwrap();
    std::fs::set_permissions(&secret_file, std::fs::Permissions::from_mode(mode)).unwrap();
    let (sender, events) = channel(16);
    let (shared, stop) = (Shared::default(), Stop::default());
    let mut desk = Desk::new("manager", 100, sender, Arc::clone(&shared));
    let link = Link { address, user: "sipfw".to_owned(), secret_file };
    let told = stop.clone();
    let thread = thread::spawn(move || link.run(&mut desk, &told));
    Running { events, shared, stop, thread, _dir: dir }
}

impl Running {
    fn trouble(&self) -> Option<String> {
        counts(&self.shared).trouble.clone()
    }

    fn end(self) {
        self.stop.set();
        self.thread.join().unwrap();
    }
}

/// Waits until `found` finds something.
#[track_caller]
fn until<T>(mut found: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = found() {
            return value;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "it never came");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Greets, and gives back the login's lines.
fn greet(listener: &TcpListener) -> (TcpStream, Vec<String>) {
    let (mut stream, _) = listener.accept().unwrap();
    stream.write_all(b"Asterisk Call Manager/9.0.0\r\n").unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => return (stream, lines),
            line => lines.push(line.to_owned()),
        }
    }
}

#[test]
fn a_link_logs_in_reads_and_comes_back_after_a_loss() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut running = start(listener.local_addr().unwrap(), "s3cret\n", 0o600);
    let (again, may_go) = mpsc::channel::<()>();
    let manager = thread::spawn(move || {
        let (mut stream, login) = greet(&listener);
        assert_eq!(login, ["Action: Login", "Username: sipfw", "Secret: s3cret", "Events: security"]);
        stream.write_all(b"Response: Success\r\nMessage: Authentication accepted\r\n\r\n").unwrap();
        stream.write_all(EVENT.as_bytes()).unwrap();
        may_go.recv().unwrap();
        drop(stream);
        let (mut stream, _) = greet(&listener);
        stream.write_all(b"Response: Success\r\n\r\n").unwrap();
        stream.write_all(EVENT.as_bytes()).unwrap();
        let _ = may_go.recv();
    });
    let event = until(|| running.events.try_recv().ok());
    assert_eq!((event.source.to_string().as_str(), event.feed.as_str()), ("203.0.113.7", "manager"));
    assert_eq!(running.trouble(), None);
    again.send(()).unwrap();
    assert!(until(|| running.trouble()).contains("the connection was closed"));
    until(|| running.events.try_recv().ok());
    assert_eq!(running.trouble(), None);
    running.end();
    drop(again);
    manager.join().unwrap();
}

#[test]
fn a_link_says_what_is_wrong() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let running = start(address, "wrong", 0o600);
    let (mut stream, _) = greet(&listener);
    stream.write_all(b"Response: Error\r\nMessage: Authentication failed\r\n\r\n").unwrap();
    assert!(until(|| running.trouble()).contains("refuses this user and secret"));
    running.end();
    drop((stream, listener));
    let running = start(address, "any", 0o600);
    assert!(until(|| running.trouble()).contains("refused"), "nobody listens");
    running.end();
}

#[test]
fn a_secret_that_others_can_read_is_not_used() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    for (secret, mode, want) in [
        ("s3cret", 0o640, "others can read the secret"),
        ("s3cret", 0o604, "others can read the secret"),
        ("", 0o600, "is not one line"),
        ("a\r\nAction: x", 0o600, "is not one line"),
        (&"x".repeat(1_000), 0o600, "is not one line"),
    ] {
        let running = start(listener.local_addr().unwrap(), secret, mode);
        assert!(until(|| running.trouble()).contains(want), "{mode:o}");
        running.end();
    }
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "nobody was told the secret");
}
