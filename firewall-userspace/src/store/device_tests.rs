//! Devices and audited accounts in the database.
use std::net::Ipv4Addr;

use firewall_common::addr::Addr;

use super::tests::store;
use super::{Block, Learned, Store, What};
use crate::audit::Finding;
use crate::engine::command::{Command, Device};
use crate::engine::input::Via;
use crate::entries::{Kind, NewEntry, Scope, parse_prefix, prefix_text};

const NOW: i64 = 1_800_000_000_000;
const HOUR: i64 = 3_600_000;

fn device(account: &str, last: u8, agent: &str) -> Device {
    Device {
        account: account.to_owned(),
        user: account.as_bytes().to_vec(),
        instance: String::new(),
        agent: agent.to_owned(),
        address: Addr::from(Ipv4Addr::new(198, 51, 100, last)),
        port: 5_060,
        via: Via::Udp,
        until: NOW + HOUR,
    }
}

fn see(store: &mut Store, devices: &[Device], time: i64) -> Vec<i64> {
    let learned = devices.iter().cloned().map(|it| Command::Device(Box::new(it)));
    let learned: Vec<Learned> = learned.filter_map(|it| Learned::of(it, time, 64, |_| None)).collect();
    store.record(&learned).unwrap().devices
}

fn block(deny: bool) -> Block {
    Block { reason: Some("lost".to_owned()), author: Some("ann".to_owned()), deny }
}

fn denied(store: &Store) -> Vec<String> {
    let entries = store.active(NOW).unwrap();
    entries.iter().filter(|it| it.kind == Kind::Deny).map(|it| prefix_text(it.prefix)).collect()
}

#[test]
fn a_device_keeps_its_row() {
    let (_dir, mut store) = store();
    let snom = device("100", 7, "snom821/8.9.3.60");
    let yealink = device("100", 7, "Yealink SIP-T46S 66.85.0.5");
    assert_eq!(see(&mut store, &[snom.clone(), yealink], NOW), [1, 2]);
    assert_eq!(see(&mut store, &[Device { port: 5_062, until: NOW + 2 * HOUR, ..snom.clone() }], NOW + 5), [0; 0]);
    let known = store.device(1).unwrap().unwrap();
    assert_eq!((known.first, known.seen, known.until, known.port), (NOW, NOW + 5, NOW + 2 * HOUR, 5_062));
    assert_eq!(
        (known.announced.vendor.as_deref(), known.announced.firmware.as_deref()),
        (Some("Snom"), Some("8.9.3.60"))
    );
    assert_eq!(store.devices().unwrap().iter().map(|it| it.id).collect::<Vec<_>>(), [1, 2], "seen last first");
    // It leaves; one that nobody knows leaves no trace.
    see(&mut store, &[Device { until: NOW + 9, ..snom }, Device { until: NOW + 9, ..device("9", 9, "x") }], NOW + 9);
    assert_eq!((store.device(1).unwrap().unwrap().until, store.devices().unwrap().len()), (NOW + 9, 2));
}

#[test]
fn an_instance_is_known_wherever_it_goes() {
    let (_dir, mut store) = store();
    let of = |last, agent| Device { instance: "urn:uuid:1".to_owned(), ..device("100", last, agent) };
    assert_eq!(see(&mut store, &[of(7, "A/1.0"), of(8, "A/1.0")], NOW), [1]);
    assert_eq!(see(&mut store, &[of(8, "A/1.1")], NOW), [1], "another firmware is news");
    assert_eq!(store.devices().unwrap()[0].address.to_string(), "198.51.100.8");
}

#[test]
fn a_block_and_its_deny_entry_come_and_go_together() {
    let (_dir, mut store) = store();
    see(&mut store, &[device("100", 7, "a"), device("101", 7, "b"), device("102", 8, "c")], NOW);
    assert_eq!(store.block_device(9, &block(true), NOW).unwrap(), None);
    for id in [1, 2] {
        let blocked = store.block_device(id, &block(true), NOW).unwrap().unwrap().blocked.unwrap();
        assert_eq!((blocked.reason.as_deref(), blocked.author.as_deref()), (Some("lost"), Some("ann")));
    }
    assert_eq!(denied(&store), ["198.51.100.7"]);
    assert_eq!(store.blocked_users().unwrap(), [b"100".to_vec(), b"101".to_vec()]);
    let entry = store.active(NOW).unwrap().remove(0);
    assert!(entry.comment.unwrap().starts_with("blocked device 1 of account 100"));
    store.unblock_device(1).unwrap().unwrap();
    assert_eq!(store.unblock_device(1).unwrap(), None, "is let in already");
    assert_eq!((denied(&store), store.blocked_users().unwrap()), (vec![], vec![b"101".to_vec()]), "1 had made it");
    store.block_device(3, &block(false), NOW).unwrap();
    assert_eq!(denied(&store), [""; 0]);
}

#[test]
fn an_operators_own_entry_stays() {
    let (_dir, mut store) = store();
    see(&mut store, &[device("100", 7, "a")], NOW);
    let prefix = parse_prefix("198.51.100.7").unwrap();
    let comment = Some("mine".to_owned());
    let new = NewEntry { kind: Kind::Deny, prefix, scope: Scope::Sip, expires: None, comment, author: None };
    store.add(&[new], NOW).unwrap();
    let blocked = store.block_device(1, &block(true), NOW).unwrap().unwrap();
    assert_eq!(blocked.blocked.unwrap().denied, None);
    store.unblock_device(1).unwrap();
    assert_eq!(denied(&store), ["198.51.100.7"]);
}

#[test]
fn the_inventory_is_bounded_and_forgets_no_block() {
    let (_dir, mut store) = store();
    let many: Vec<Device> = (0..100).map(|n| device("100", 1, &format!("x/{n}"))).collect();
    see(&mut store, &many, NOW);
    see(&mut store, &[device("101", 1, "y"), device("102", 1, "z")], NOW - HOUR);
    store.block_device(1, &block(false), NOW).unwrap();
    assert_eq!(store.prune_devices(1_000, 24 * HOUR, NOW).unwrap(), 36, "of one account");
    assert_eq!(store.prune_devices(10, 24 * HOUR, NOW).unwrap(), 56);
    assert!(store.devices().unwrap().len() <= 11 && store.device(1).unwrap().is_some());
    assert!(store.prune_devices(10, 24 * HOUR, NOW + 26 * HOUR).unwrap() > 0);
    assert_eq!(store.devices().unwrap().iter().map(|it| it.id).collect::<Vec<_>>(), [1], "it is blocked");
}

#[test]
fn what_an_audit_found_says_no_password() {
    let (_dir, mut store) = store();
    let finding = |account: &str, weak| Finding {
        account: account.to_owned(),
        audited: NOW,
        weak,
        md5_only: true,
        nonce_reused: false,
        clear: false,
    };
    let learned = [
        Learned::of_audit(&finding("100", Some(NOW)), true, NOW),
        Learned::of_audit(&finding("101", None), false, NOW),
    ];
    let learned: Vec<Learned> = learned.concat();
    assert!(matches!(learned[..], [Learned { what: What::Audit(_), .. }, Learned { what: What::Alarm(_), .. }, _]));
    store.record(&learned).unwrap();
    let weak = store.weak_accounts().unwrap();
    assert_eq!((weak.len(), &*weak[0].account, weak[0].weak), (1, "100", Some(NOW)));
    assert_eq!(store.audited_accounts().unwrap().len(), 2);
    let alarm = store.alarms(9).unwrap().remove(0);
    assert_eq!((&*alarm.rule, alarm.source), ("weak_password", None));
    assert_eq!(store.prune_audits(HOUR, NOW + 2 * HOUR).unwrap(), 2);
}
