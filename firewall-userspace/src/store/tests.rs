//! What the store keeps, and for how long.
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use firewall_common::event::{Event, SNAPSHOT};
use firewall_common::reason::Reason;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::clock::Clock;
use crate::entries::{Kind, NewEntry, Origin, Scope, StoredEntry, parse_prefix, prefix_text};

const NOW: i64 = 1_800_000_000_000;
const DAY: i64 = 24 * 3600 * 1000;

pub(super) fn store() -> (TempDir, Store) {
    let dir = TempDir::new().unwrap();
    let store = Store::open(&dir.path().join("state")).unwrap();
    (dir, store)
}

pub(super) fn new(kind: Kind, prefix: &str) -> NewEntry {
    let prefix = parse_prefix(prefix).unwrap();
    NewEntry { kind, prefix, scope: Scope::Sip, expires: None, comment: None, author: Some("ann".into()) }
}

fn ban(source: &str, expires: i64, step: u32) -> NewBan {
    let evidence = json!({"failed_authentications": 7}).to_string();
    NewBan { source: parse_prefix(source).unwrap(), scope: Scope::Sip, expires, evidence, step }
}

fn texts(entries: &[StoredEntry]) -> Vec<(Kind, String)> {
    entries.iter().map(|e| (e.kind, prefix_text(e.prefix))).collect()
}

#[test]
fn entries_survive_a_reopening_with_all_their_fields() {
    let (dir, mut store) = store();
    let entry = NewEntry {
        scope: Scope::All,
        expires: Some(NOW + 9),
        comment: Some("# 'quoted' ☎".into()),
        ..new(Kind::Deny, "2001:db8::/32")
    };
    let report = store.add(&[entry.clone(), new(Kind::Allow, "198.51.100.7")], NOW).unwrap();
    assert_eq!((report.added.len(), report.renewed.len(), report.replaced.len()), (2, 0, 0));
    drop(store);
    let store = Store::open(&dir.path().join("state")).unwrap();
    let kept = store.active(NOW).unwrap();
    assert_eq!(kept, report.added);
    let deny = &kept[0];
    assert_eq!(
        (deny.kind, deny.scope, deny.expires, deny.origin),
        (Kind::Deny, Scope::All, Some(NOW + 9), Origin::Operator)
    );
    assert_eq!((&deny.comment, &deny.author, deny.created), (&entry.comment, &entry.author, NOW));
    assert_eq!(store.entry(deny.id).unwrap().as_ref(), Some(deny));
    assert_eq!(store.entry(99).unwrap(), None);
}

#[test]
fn only_the_owner_may_look() {
    let (dir, mut store) = store();
    store.add(&[new(Kind::Deny, "10.0.0.1")], NOW).unwrap();
    let mode = |name: &str| dir.path().join("state").join(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!([mode("."), mode("state.db"), mode("state.db-wal"), mode("state.db-shm")], [0o700, 0o600, 0o600, 0o600]);
    std::fs::set_permissions(store.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
    Store::open(&dir.path().join("state")).unwrap();
    assert_eq!(mode("state.db"), 0o600);
}

#[test]
fn settings_are_what_they_should_be() {
    let (_dir, store) = store();
    let text = |name: &str| {
        store.db.query_row(&format!("PRAGMA {name}"), [], |r| r.get::<_, rusqlite::types::Value>(0)).unwrap()
    };
    assert_eq!(text("journal_mode"), rusqlite::types::Value::Text("wal".into()));
    assert_eq!(text("synchronous"), rusqlite::types::Value::Integer(2));
    assert_eq!(text("busy_timeout"), rusqlite::types::Value::Integer(5000));
    assert_eq!(text("user_version"), rusqlite::types::Value::Integer(schema::NEWEST));
}

#[test]
fn the_same_prefix_again_is_renewed_or_replaced() {
    let (_dir, mut store) = store();
    let noted = NewEntry { comment: Some("kept".into()), ..new(Kind::Deny, "10.0.0.0/8") };
    let first = store.add(&[noted], NOW).unwrap().added.remove(0);
    let longer = NewEntry { expires: Some(NOW + DAY), ..new(Kind::Deny, "10.0.0.0/8") };
    let renewed = store.add(&[longer], NOW + 5).unwrap().renewed.remove(0);
    assert_eq!((renewed.id, renewed.created, renewed.expires), (first.id, NOW, Some(NOW + DAY)));
    assert_eq!(renewed.comment.as_deref(), Some("kept"));
    let (old, allow) = store.add(&[new(Kind::Allow, "10.0.0.0/8")], NOW + 6).unwrap().replaced.remove(0);
    assert_eq!(old, renewed);
    assert!(allow.id > first.id, "a verdict that names the old id never means the new entry");
    assert_eq!(store.active(NOW + 7).unwrap(), [allow]);
}

#[test]
fn an_ended_entry_is_as_good_as_none() {
    let (_dir, mut store) = store();
    store.add(&[NewEntry { expires: Some(NOW), ..new(Kind::Deny, "10.0.0.1") }], NOW - 5).unwrap();
    assert_eq!(store.active(NOW - 1).unwrap().len(), 1);
    assert_eq!(store.active(NOW).unwrap(), []);
    assert_eq!(store.add(&[new(Kind::Allow, "10.0.0.1")], NOW).unwrap().added.len(), 1);
}

#[test]
fn a_ban_and_a_deny_stand_side_by_side() {
    let (_dir, mut store) = store();
    store.ban(&ban("10.0.0.1", NOW + 60, 1), NOW).unwrap();
    assert_eq!(store.add(&[new(Kind::Deny, "10.0.0.1")], NOW).unwrap().added.len(), 1);
    store.delete(Kind::Deny, &[parse_prefix("10.0.0.1").unwrap()], true).unwrap();
    assert_eq!(texts(&store.active(NOW).unwrap()), [(Kind::Ban, "10.0.0.1".into())]);
}

#[test]
fn delete_takes_only_its_kind_and_reports_the_rest() {
    let (_dir, mut store) = store();
    store.add(&[new(Kind::Deny, "10.0.0.1"), new(Kind::Allow, "10.0.0.2")], NOW).unwrap();
    let both = ["10.0.0.1", "10.0.0.2"].map(|t| parse_prefix(t).unwrap());
    let strict = store.delete(Kind::Deny, &both, true).unwrap();
    assert_eq!((strict.deleted.len(), strict.missing), (0, vec![both[1]]));
    assert_eq!(store.active(NOW).unwrap().len(), 2);
    let report = store.delete(Kind::Deny, &both, false).unwrap();
    assert_eq!((texts(&report.deleted), report.missing), (vec![(Kind::Deny, "10.0.0.1".into())], vec![both[1]]));
    assert_eq!(texts(&store.active(NOW).unwrap()), [(Kind::Allow, "10.0.0.2".into())]);
}

#[test]
fn flush_takes_one_kind() {
    let (_dir, mut store) = store();
    store.add(&[new(Kind::Deny, "10.0.0.1"), new(Kind::Deny, "10.0.0.2"), new(Kind::Allow, "10.0.0.3")], NOW).unwrap();
    assert_eq!(store.flush(Kind::Deny, NOW).unwrap(), 2);
    assert_eq!(texts(&store.active(NOW).unwrap()), [(Kind::Allow, "10.0.0.3".into())]);
}

#[test]
fn lists_are_filtered() {
    let (_dir, mut store) = store();
    let noted = NewEntry { comment: Some("fraud wave".into()), ..new(Kind::Deny, "203.0.113.0/24") };
    let ended = NewEntry { expires: Some(NOW - 1), ..new(Kind::Deny, "192.0.2.1") };
    store.add(&[noted, new(Kind::Deny, "10.0.0.0/8"), ended], NOW - 9).unwrap();
    let list = |filter: Filter| {
        texts(&store.list(Kind::Deny, &filter, NOW).unwrap()).into_iter().map(|t| t.1).collect::<Vec<_>>()
    };
    assert_eq!(list(Filter::default()), ["203.0.113.0/24", "10.0.0.0/8"]);
    assert_eq!(list(Filter { ended: true, ..Filter::default() }).len(), 3);
    assert_eq!(list(Filter { text: Some("wave".into()), ..Filter::default() }), ["203.0.113.0/24"]);
    let touching = |t| list(Filter { touching: parse_prefix(t).ok(), ..Filter::default() });
    assert_eq!(touching("203.0.113.9"), ["203.0.113.0/24"]);
    assert_eq!(touching("0.0.0.0/0").len(), 2);
}

#[test]
fn ten_thousand_entries_in_one_go() {
    let (_dir, mut store) = store();
    let batch: Vec<_> = (0..10_000).map(|i| new(Kind::Deny, &format!("10.1.{}.{}", i / 256, i % 256))).collect();
    let (begin, mut told) = (Instant::now(), 0);
    store.add_with(&batch, NOW, |done| told = done).unwrap();
    assert_eq!((told, store.active(NOW).unwrap().len()), (10_000, 10_000));
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
}

#[test]
fn a_lifted_ban_leaves_a_mark() {
    let (_dir, mut store) = store();
    let first = store.ban(&ban("2001:db8::/64", NOW + 60, 1), NOW).unwrap();
    assert_eq!(first.before, None);
    let second = store.ban(&ban("2001:db8::/64", NOW + 600, 2), NOW + 61).unwrap();
    assert_eq!(second.before, Some(first.ban), "the ended ban is remembered for the next one's step");
    let inside = parse_prefix("2001:db8::7").unwrap();
    let why = store.why(inside, NOW + 62).unwrap();
    assert_eq!((why.bans.len(), why.marks.len()), (1, 0));
    assert_eq!(why.bans[0].evidence, Some(json!({"failed_authentications": 7})));
    assert_eq!(store.lift(inside, &[], Some("ann"), NOW + 63).unwrap().bans, [second.ban]);
    assert_eq!(store.lift(inside, &[], Some("ann"), NOW + 64).unwrap().count(), 0);
    let why = store.why(inside, NOW + 65).unwrap();
    assert_eq!((why.bans.len(), why.marks.len()), (0, 1));
    let mark = &why.marks[0];
    assert_eq!((mark.lifted, mark.author.as_deref(), mark.banned, mark.step), (NOW + 63, Some("ann"), NOW + 61, 2));
    assert!(serde_json::to_string(&why).unwrap().contains("\"source\":\"2001:db8::/64\""));
}

#[test]
fn why_names_the_entries_around_a_source() {
    let (_dir, mut store) = store();
    store.add(&[new(Kind::Deny, "10.0.0.0/8"), new(Kind::Allow, "10.1.0.0/16"), new(Kind::Deny, "::/0")], NOW).unwrap();
    let why = store.why(parse_prefix("10.1.2.3").unwrap(), NOW).unwrap();
    assert_eq!(texts(&why.entries), [(Kind::Allow, "10.1.0.0/16".into()), (Kind::Deny, "10.0.0.0/8".into())]);
}

#[test]
fn the_sweep_keeps_what_is_remembered() {
    let (_dir, mut store) = store();
    store
        .add(&[NewEntry { expires: Some(NOW + 10), ..new(Kind::Deny, "10.0.0.1") }, new(Kind::Deny, "10.0.0.2")], NOW)
        .unwrap();
    store.ban(&ban("10.0.0.3", NOW + 10, 1), NOW).unwrap();
    store.ban(&ban("10.0.0.4", NOW + 10, 1), NOW).unwrap();
    store.lift(parse_prefix("10.0.0.4").unwrap(), &[], None, NOW).unwrap();
    assert_eq!(store.prune_expired(NOW + 10).unwrap(), 1);
    assert_eq!(store.why(parse_prefix("10.0.0.3").unwrap(), NOW + 11).unwrap().bans.len(), 1);
    assert_eq!(store.prune_expired(NOW + 31 * DAY).unwrap(), 2);
    assert_eq!(texts(&store.active(NOW).unwrap()), [(Kind::Deny, "10.0.0.2".into())]);
}

#[test]
fn the_ring_of_events_is_bounded() {
    let (_dir, mut store) = store();
    let mut kernel = Event {
        time: 5_000_000_000,
        src: firewall_common::addr::Addr::from_v4([198, 51, 100, 7]),
        dst: firewall_common::addr::Addr::from_v4([203, 0, 113, 1]),
        frame_len: 400,
        detail: 3,
        src_port: 5060,
        dst_port: 5061,
        reason: Reason::Signature as u8,
        monitored: 1,
        protocol: 17,
        snapshot_len: 4,
        snapshot: [b'x'; SNAPSHOT],
    };
    let clock = Clock { wall_ms: NOW, mono_ns: 6_000_000_000 };
    let event = NewEvent::from_kernel(&kernel, clock).unwrap();
    assert_eq!(
        (event.time, event.snapshot.as_slice(), event.src.to_string()),
        (NOW - 1000, &b"xxxx"[..], "198.51.100.7".into())
    );
    store.insert_events(&vec![event.clone(); 25], 10).unwrap();
    store.insert_events(&vec![event.clone(); 3], 10).unwrap();
    let kept = store.events(0, 100).unwrap();
    assert_eq!((kept.len(), kept[0].id, kept[9].id), (10, 19, 28));
    assert_eq!(kept[0].event, event);
    assert_eq!(store.events(27, 100).unwrap().len(), 1);
    assert_eq!((store.events(0, 4).unwrap().len(), store.last_event().unwrap()), (4, 28));
    kernel.reason = u8::MAX;
    assert_eq!(NewEvent::from_kernel(&kernel, clock), None);
    store.db.execute("UPDATE event SET reason = 'of_tomorrow' WHERE id = 28", []).unwrap();
    assert_eq!(store.events(0, 100).unwrap().len(), 9);
    let full: i64 = store.db.query_row("PRAGMA synchronous", [], |r| r.get(0)).unwrap();
    assert_eq!(full, 2, "entries wait for the disk again");
}

#[test]
fn meta_and_the_changes_of_others() {
    let (dir, mut store) = store();
    assert_eq!(store.meta("boot").unwrap(), None);
    let mut other = Store::open(&dir.path().join("state")).unwrap();
    let before = store.data_version().unwrap();
    store.set_meta("boot", "a").unwrap();
    store.set_meta("boot", "b").unwrap();
    assert_eq!(store.data_version().unwrap(), before);
    assert_eq!(other.meta("boot").unwrap().as_deref(), Some("b"));
    other.set_meta("boot", "c").unwrap();
    assert_ne!(store.data_version().unwrap(), before);
}

/// Whether this process holds a lock on the database's index of its log.
fn is_locked(store: &Store) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let inode = store.path().metadata().unwrap().ino();
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    locks.lines().any(|line| line.split_whitespace().any(|word| word.ends_with(&format!(":{inode}"))))
}

#[test]
fn opening_again_in_this_process_ends_no_lock() {
    let (dir, store) = store();
    assert!(is_locked(&store), "a connection to a database in WAL mode keeps a lock");
    let again = Store::open(&dir.path().join("state")).unwrap();
    assert!(is_locked(&store));
    drop(again);
    assert!(is_locked(&store));
}

#[test]
fn many_open_and_write_at_once() {
    let dir = TempDir::new().unwrap();
    let state = dir.path().join("state");
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let state = &state;
            scope.spawn(move || {
                let mut store = Store::open_with(state, Options { wait: Duration::from_secs(60) }).unwrap();
                for i in 0..5 {
                    store.add(&[new(Kind::Deny, &format!("10.0.{thread}.{i}"))], NOW).unwrap();
                }
            });
        }
    });
    assert_eq!(Store::open(&state).unwrap().active(NOW).unwrap().len(), 40);
}
