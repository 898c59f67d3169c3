//! Lists from a server and from files into the database, and every way in which that can go wrong.
mod server;

use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::*;
use crate::entries::prefix_text;
use crate::store::{ListOrigin, Store, StoredList};
use server::{Answer, Server};

const NOW: i64 = 1_800_000_000_000;
const HOUR: i64 = 3_600_000;

/// A database and who fetches into it.
struct Desk {
    store: Store,
    fetcher: Fetcher,
    dir: TempDir,
}

impl Desk {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let store = Store::open(&dir.path().join("state")).unwrap();
        let fetcher = Fetcher::new(Pace { request: Duration::from_millis(800), pause: Duration::ZERO });
        Self { store, fetcher, dir }
    }

    fn look(&mut self, spec: &ListSpec, now: i64) -> Outcome {
        let around = Surroundings { room: Room::of(1_000, 1_000, 64), ..Surroundings::default() };
        let list = self.store.put_blocklist(spec, ListOrigin::Config).unwrap();
        refresh(&mut self.store, &list, &around, &self.fetcher, false, (now, Jitter(0))).unwrap().outcome
    }

    fn list(&self) -> StoredList {
        self.store.blocklists().unwrap().remove(0)
    }

    fn named(&self) -> Vec<String> {
        self.store.in_force(NOW).unwrap().listed.iter().map(|l| prefix_text(l.prefix)).collect()
    }
}

fn spec(url: String) -> ListSpec {
    ListSpec { every: Some(HOUR), ..ListSpec::new("x", Location::url(&url).unwrap()) }
}

fn good(body: &str) -> Answer {
    ("200 OK", String::new(), body.into())
}

#[track_caller]
fn trouble(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Kept { trouble, .. } => trouble,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_list_is_read_once_and_asked_for_by_its_version() {
    let server = Server::new(|asked, turn| match (turn, asked.field("if-none-match")) {
        (0, None) => (
            "200 OK",
            "ETag: \"v1\"\r\nLast-Modified: Tue, 01 Jan 2030 00:00:00 GMT\r\n".into(),
            "192.0.2.1\n10.0.0.1".into(),
        ),
        (1, Some("\"v1\"")) => ("304 Not Modified", String::new(), Vec::new()),
        (2, Some("\"v1\"")) => ("200 OK", "ETag: \"v2\"\r\n".into(), "192.0.2.2\n192.0.2.3".into()),
        _ => ("500 Unexpected", String::new(), Vec::new()),
    });
    let (mut desk, spec) = (Desk::new(), spec(server.url("/list")));
    let left_out = LeftOut { special: 1, ..LeftOut::default() };
    assert_eq!(desk.look(&spec, NOW), Outcome::Taken { entries: 1, added: 1, removed: 0, left_out });
    assert_eq!(desk.look(&spec, NOW + HOUR), Outcome::Same { entries: 1 });
    assert_eq!(server.asked()[1].field("if-modified-since"), Some("tue, 01 jan 2030 00:00:00 gmt"));
    assert!(matches!(desk.look(&spec, NOW + 2 * HOUR), Outcome::Taken { entries: 2, added: 2, removed: 1, .. }));
    assert_eq!(desk.named(), ["192.0.2.2", "192.0.2.3"]);
    let next = desk.list().next.unwrap() - NOW;
    assert!((2 * HOUR + HOUR * 9 / 10..=3 * HOUR + HOUR / 10).contains(&next), "{next}");
}

#[test]
fn whatever_goes_wrong_leaves_what_there_was_and_is_told() {
    let server = Server::new(|_, turn| match turn {
        0 => good(&(0..200).map(|i| format!("192.0.2.{i}\n")).collect::<String>()),
        1 => ("503 Busy", String::new(), b"come back later".into()),
        2 => good("<html><body>\nsorry\n</body></html>"),
        3 => good(""),
        4 => good("192.0.2.1\n0.0.0.0/0"),
        5 => good("192.0.2.1"),
        6 => good(&"192.0.2.1-192.0.2.254\n".repeat(200)),
        _ => good(&(0..150).map(|i| format!("192.0.2.{i}\n")).collect::<String>()),
    });
    let (mut desk, spec) = (Desk::new(), ListSpec { max_entries: 500, ..spec(server.url("/list")) });
    assert!(matches!(desk.look(&spec, NOW), Outcome::Taken { entries: 200, .. }));
    let whys =
        ["answered 503", "no list of prefixes", "it is empty", "0.0.0.0/0", "from 200 prefixes to 1", "more than 500"];
    for (turn, why) in (1..).zip(whys) {
        let outcome = desk.look(&spec, NOW + turn * HOUR);
        assert!(trouble(&outcome).contains(why), "{why}: {outcome:?}");
        assert_eq!((desk.named().len(), i64::from(desk.list().failures)), (200, turn));
    }
    assert!(matches!(desk.look(&spec, NOW + 9 * HOUR), Outcome::Taken { entries: 150, removed: 50, .. }));
    assert_eq!((desk.list().failures, desk.list().trouble), (0, None));
}

#[test]
fn what_does_not_fit_beside_other_lists_is_refused() {
    let server = Server::new(|_, _| good("192.0.2.0-192.0.3.255"));
    let mut desk = Desk::new();
    let path = desk.dir.path().join("list");
    std::fs::write(&path, (0..874).map(|i| format!("198.51.{}.{}\n", i / 250, i % 250)).collect::<String>()).unwrap();
    let file = ListSpec::new("a", Location::File(path));
    assert!(matches!(desk.look(&file, NOW), Outcome::Taken { entries: 874, .. }));
    assert!(matches!(desk.look(&spec(server.url("/")), NOW), Outcome::Taken { entries: 1, .. }), "one prefix");
    let more = Server::new(|_, _| good("192.0.2.1\n192.0.2.3\n"));
    let outcome = desk.look(&ListSpec { name: "z".into(), ..spec(more.url("/")) }, NOW);
    assert!(trouble(&outcome).contains("876 addresses") && trouble(&outcome).contains("capacity.bans"), "{outcome:?}");
}

#[test]
fn redirects_are_followed_and_have_an_end() {
    let server = Server::new(|asked, _| match asked.path.as_str() {
        "/old" => ("301 Moved", "Location: /new\r\n".into(), Vec::new()),
        "/new" => good("192.0.2.1"),
        _ => ("302 Found", "Location: /loop\r\n".into(), Vec::new()),
    });
    let mut desk = Desk::new();
    assert!(matches!(desk.look(&spec(server.url("/old")), NOW), Outcome::Taken { entries: 1, .. }));
    let outcome = desk.look(&spec(server.url("/loop")), NOW);
    assert!(trouble(&outcome).contains("redirects"), "{outcome:?}");
    assert!(server.asked().len() < 12, "{}", server.asked().len());
}

#[test]
fn too_much_and_too_slow_are_left() {
    let large = Server::new(|_, _| ("200 OK", String::new(), vec![b'\n'; (16 << 20) + 1]));
    let slow = Server::new(|_, _| {
        std::thread::sleep(Duration::from_secs(3));
        good("192.0.2.1")
    });
    let mut desk = Desk::new();
    let patient = Fetcher::new(Pace { request: Duration::from_secs(20), pause: Duration::ZERO });
    let hasty = std::mem::replace(&mut desk.fetcher, patient);
    let outcome = desk.look(&spec(large.url("/")), NOW);
    assert!(trouble(&outcome).contains("larger than the 16 MiB"), "{outcome:?}");
    desk.fetcher = hasty;
    let begin = Instant::now();
    let outcome = desk.look(&spec(slow.url("/")), NOW);
    assert!(trouble(&outcome).contains("timeout") && begin.elapsed() < Duration::from_secs(3), "{outcome:?}");
    let outcome = desk.look(&spec("http://127.0.0.1:1/".into()), NOW);
    assert!(trouble(&outcome).starts_with("127.0.0.1:1 does not answer"), "{outcome:?}");
}

#[test]
fn apiban_is_walked_through_and_its_key_is_never_shown() {
    let server = Server::new(|asked, _| match asked.path.as_str() {
        "/api/SECRET/banned/100" => good(r#"{"ipaddress":["192.0.2.1","192.0.2.2"],"ID":"1700000000"}"#),
        "/api/SECRET/banned/1700000000" => good(r#"{"ipaddress":["192.0.2.3"],"ID":"1700000001"}"#),
        "/api/SECRET/banned/1700000001" => {
            ("400 Bad Request", String::new(), br#"{"ipaddress":["no new bans"],"ID":"none"}"#.into())
        }
        "/api/WRONG/banned/100" => {
            ("403 Forbidden", String::new(), br#"{"ipaddress":["unauthorized"],"ID":"unauthorized"}"#.into())
        }
        _ => ("301 Moved", "Location: gopher://x/\r\n".into(), Vec::new()),
    });
    let mut desk = Desk::new();
    let path = desk.dir.path().join("key");
    let spec = ListSpec { format: Format::Apiban, key_file: Some(path.clone()), ..spec(server.url("/api/")) };
    for (key, why) in [
        ("SECRET", ""),
        ("WRONG", "does not know the key"),
        ("SECRET2", ""),
        ("a/b", "holds no key"),
        ("", "holds no key"),
    ] {
        std::fs::write(&path, format!("{key}\n")).unwrap();
        match desk.look(&spec, NOW) {
            Outcome::Taken { entries, .. } => assert_eq!((key, entries), ("SECRET", 3)),
            outcome => {
                assert!(trouble(&outcome).contains(why), "{key}: {outcome:?}");
                assert!(key.is_empty() || !trouble(&outcome).contains(key), "{outcome:?}");
            }
        }
    }
    assert_eq!(desk.named().len(), 3);
    assert!(!format!("{:?}", desk.list()).contains("SECRET"));
}

#[test]
fn a_file_is_read_again_when_it_was_written() {
    let mut desk = Desk::new();
    let path = desk.dir.path().join("list");
    std::fs::write(&path, "192.0.2.1\n").unwrap();
    let spec = ListSpec::new("x", Location::File(path.clone()));
    assert!(matches!(desk.look(&spec, NOW), Outcome::Taken { entries: 1, .. }));
    assert_eq!(desk.look(&spec, NOW), Outcome::Same { entries: 1 });
    std::fs::write(&path, "192.0.2.1\n192.0.2.2\n").unwrap();
    assert!(matches!(desk.look(&spec, NOW), Outcome::Taken { entries: 2, added: 1, removed: 0, .. }));
    std::fs::remove_file(&path).unwrap();
    assert!(trouble(&desk.look(&spec, NOW)).contains("cannot read"));
    std::fs::create_dir(&path).unwrap();
    assert!(trouble(&desk.look(&spec, NOW)).contains("no regular file"));
    assert_eq!(desk.named().len(), 2);
}
