//! All feeds of a config together.
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use super::*;
use crate::config::parse_str;

fn config(text: &str) -> Config {
    parse_str("t.toml", text).unwrap().config
}

fn feed(name: &str, kind: &str, path: &Path) -> String {
    format!("[[feed]]\nname = \"{name}\"\nkind = \"{kind}\"\npath = \"{}\"\n", path.display())
}

fn line(source: u8) -> String {
    let prefix = "2026-08-21 17:10:14.123456 99.87% [WARNING] sofia_reg.c:1842 ";
    format!("{prefix}SIP auth failure (REGISTER) on sofia profile 'x' for [100@x] from ip 203.0.113.{source}\n")
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
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
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until a feed has read a file to its end.
fn until_read(feeds: &Feeds, path: &Path) {
    let len = std::fs::metadata(path).unwrap().len();
    until(|| feeds.positions().files.get(&path.display().to_string()).filter(|place| place.offset == len).copied());
}

#[test]
fn feeds_tell_what_they_read_and_how_they_stand() {
    let dir = tempfile::tempdir().unwrap();
    let (log, socket, missing) = (dir.path().join("auth.log"), dir.path().join("s"), dir.path().join("no/log"));
    append(&log, "");
    let text = feed("fs", "freeswitch-log", &log)
        + &feed("json", "json-socket", &socket)
        + &feed("none", "kamailio-log", &missing);
    let (feeds, mut events) = Feeds::start(&config(&text), &Positions::default()).unwrap();
    until_read(&feeds, &log);
    append(&log, &line(7));
    let event = until(|| events.try_recv().ok());
    assert_eq!((event.feed.as_str(), event.source.to_string().as_str()), ("fs", "203.0.113.7"));
    let writer = UnixDatagram::unbound().unwrap();
    until(|| writer.send_to(br#"{"event":"auth_success","source":"203.0.113.8"}"#, &socket).ok());
    assert_eq!(until(|| events.try_recv().ok()).feed, "json");
    let trouble = until(|| feeds.status()[2].counts.trouble.clone());
    assert!(trouble.contains("no/log: No such file"), "{trouble}");
    let status = feeds.status();
    assert_eq!((status[0].name.as_str(), status[0].kind.as_str()), ("fs", "freeswitch-log"));
    assert_eq!((status[0].place.as_str(), &status[0].counts.trouble), (log.to_str().unwrap(), &None));
    assert_eq!((status[0].counts.lines, status[0].counts.events), (1, 1));
    assert!(status[0].counts.last_event.is_some());
    let text = serde_json::to_string(&status).unwrap();
    assert_eq!(serde_json::from_str::<Vec<FeedStatus>>(&text).unwrap(), status);
    feeds.stop();
}

#[test]
fn a_restart_goes_on_where_reading_ended() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("auth.log");
    append(&log, &line(1));
    let config = config(&feed("fs", "freeswitch-log", &log));
    let (feeds, _events) = Feeds::start(&config, &Positions::default()).unwrap();
    until_read(&feeds, &log);
    let positions = feeds.stop();
    append(&log, &line(2));
    let (feeds, mut events) = Feeds::start(&config, &positions).unwrap();
    assert_eq!(until(|| events.try_recv().ok()).source.to_string(), "203.0.113.2");
    assert!(events.try_recv().is_err());
    feeds.stop();
}

#[test]
fn a_reload_leaves_alone_what_did_not_change() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (dir.path().join("1.log"), dir.path().join("2.log"));
    append(&first, "");
    append(&second, "");
    let one = feed("one", "freeswitch-log", &first);
    let (mut feeds, mut events) = Feeds::start(&config(&one), &Positions::default()).unwrap();
    until_read(&feeds, &first);
    append(&first, &line(1));
    until(|| events.try_recv().ok());
    feeds.reload(&config(&(one.clone() + &feed("two", "freeswitch-log", &second)))).unwrap();
    let status = feeds.status();
    assert_eq!((status.len(), status[0].counts.events), (2, 1), "the numbers go on");
    until_read(&feeds, &second);
    append(&second, &line(2));
    assert_eq!(until(|| events.try_recv().ok()).feed, "two");
    // Another rate: the feed starts anew where it was.
    append(&first, &line(3));
    feeds.reload(&config(&format!("{one}rate = 5"))).unwrap();
    assert_eq!(feeds.status().len(), 1);
    assert_eq!(until(|| events.try_recv().ok()).source.to_string(), "203.0.113.3");
    feeds.stop();
    assert!(until(|| events.try_recv().err()) == tokio::sync::mpsc::error::TryRecvError::Disconnected);
}
