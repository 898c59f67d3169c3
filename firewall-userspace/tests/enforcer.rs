//! What the daemon's loop changes at once, and what it is told, on a loaded firewall. Needs root.
use std::net::IpAddr;

use firewall_common::addr::{Addr, Prefix};
use firewall_common::copy::{CopyHead, Kind};
use firewall_common::policy::HoldKey;
use firewall_common::reason::Reason;
use firewall_common::sip::account;
use firewall_userspace::dataplane::{Banned, CopyRing, Enforcer, Error, Instance, StartOptions, clock, probe};
use firewall_userspace::engine::command::{Command, Device};
use firewall_userspace::engine::input::Via;
use firewall_userspace::entries::{Kind as EntryKind, NewEntry, Scope, parse_prefix, source_prefix};
use firewall_userspace::store::{Block, Learned, NewBan, NewRegistrant};

#[allow(dead_code, reason = "shared with other tests, which use the rest")]
#[path = "lifecycle/world.rs"]
mod world;
use world::{World, deny, frame};

const STRANGER: &str = "198.51.100.7";
const SECOND: u64 = 1_000_000_000;
const PEER: &str = "[[peer]]\nname = \"itsp\"\nprefixes = [\"203.0.113.0/24\"]\n";

fn source(text: &str) -> Addr {
    text.parse::<IpAddr>().unwrap().into()
}

fn in_a_minute() -> u64 {
    clock::now().mono_ns + 60 * SECOND
}

fn allow(prefix: &str) -> NewEntry {
    let prefix = parse_prefix(prefix).unwrap();
    NewEntry { kind: EntryKind::Allow, prefix, scope: Scope::Sip, expires: None, comment: None, author: None }
}

fn judge(instance: &Instance, source: &str, now: u64) -> (Reason, u32) {
    let judged = probe::judge(&instance.probe().unwrap(), &frame(source), now, true).unwrap();
    (judged.reason, judged.detail)
}

#[test]
fn a_ban_holds_at_once_and_outlives_comparisons_reloads_and_a_restart() {
    let world = World::new();
    let iface = world.veth();
    let (mut instance, _) = world.start(&iface, "");
    let mut enforcer = instance.enforcer().unwrap();
    assert_eq!(world.judge(&instance, STRANGER), Reason::Stranger);
    assert_eq!(enforcer.ban(source(STRANGER), in_a_minute()).unwrap(), Banned::Placed);
    assert_eq!(judge(&instance, STRANGER, world.now()), (Reason::Banned, 0));
    assert_eq!(enforcer.ban(source(STRANGER), in_a_minute() - SECOND).unwrap(), Banned::Blocked);

    // Comparisons leave it alone, whatever else they change.
    world.add(&[deny("192.0.2.1")]);
    instance.sync_entries(&world.store()).unwrap();
    assert_eq!(world.judge(&instance, STRANGER), Reason::Banned);
    assert_eq!(instance.sync_entries(&world.store()).unwrap().removed, 0);

    // So do reloads, with maps that are made anew too, and the next daemon.
    for config in ["mode = \"trunk\"", "[capacity]\nbans = 1000", "[strangers]\nv6_prefix = 56"] {
        instance.reload(&world.config(config)).unwrap();
        assert_eq!(world.judge(&instance, STRANGER), Reason::Banned, "{config}");
    }
    drop((instance, enforcer));
    let (instance, _) = world.start(&iface, "");
    assert_eq!(world.judge(&instance, STRANGER), Reason::Banned);
    let after = world.now() + 61 * SECOND;
    assert_eq!(judge(&instance, STRANGER, after).0, Reason::Stranger);
}

#[test]
fn a_lifted_ban_is_gone_and_a_reset_one_too() {
    let world = World::new();
    let iface = world.veth();
    let (mut instance, _) = world.start(&iface, "");
    let mut enforcer = instance.enforcer().unwrap();
    let prefix = Prefix::host(source(STRANGER));
    assert!(instance.drop_pending(prefix).unwrap().is_none() && !enforcer.unban(source(STRANGER)).unwrap());
    enforcer.ban(source(STRANGER), in_a_minute()).unwrap();
    assert_eq!(instance.drop_pending(prefix).unwrap(), Some(prefix));
    assert_eq!(world.judge(&instance, STRANGER), Reason::Stranger);
    enforcer.ban(source(STRANGER), in_a_minute()).unwrap();
    assert!(enforcer.unban(source(STRANGER)).unwrap());
    assert_eq!(world.judge(&instance, STRANGER), Reason::Stranger);
}

#[test]
fn the_operators_word_goes_before_a_ban() {
    let world = World::new();
    let iface = world.veth();
    world.add(&[deny("192.0.2.1"), allow("192.0.2.0/28"), allow("2001:db8:0:1::7/128")]);
    let (mut instance, _) = world.start(&iface, PEER);
    let mut enforcer = instance.enforcer().unwrap();
    let mut ban = |text: &str| enforcer.ban(source(text), in_a_minute()).unwrap();
    assert_eq!(ban("203.0.113.9"), Banned::LeftOut, "a peer");
    assert_eq!(ban("192.0.2.2"), Banned::LeftOut, "allowed");
    assert_eq!(ban("192.0.2.1"), Banned::Blocked, "denied for ever");
    assert_eq!(ban("2001:db8:0:1::"), Banned::Placed, "beside an address that is allowed");
    instance.sync_entries(&world.store()).unwrap();
    let entries = instance.usage().unwrap();
    let used = |key| entries.iter().find(|usage| usage.key == key).unwrap().elements;
    assert_eq!((used("bans"), used("entries")), (1, 3));
    // Lifting names the source, or an address of it; nothing wider.
    let mut lift = |text| instance.drop_pending(parse_prefix(text).unwrap()).unwrap();
    assert_eq!(lift("2001:db8::/32"), None);
    assert_eq!(lift("2001:db8:0:1::9"), parse_prefix("2001:db8:0:1::/64").ok());
    assert_eq!(lift("2001:db8:0:1::/64"), None);
}

#[test]
fn a_ban_is_counted_on_when_the_database_has_it() {
    let world = World::new();
    let iface = world.veth();
    let (mut instance, _) = world.start(&iface, "");
    let until = in_a_minute();
    instance.enforcer().unwrap().ban(source(STRANGER), until).unwrap();
    (0..3).for_each(|_| assert_eq!(judge(&instance, STRANGER, world.now()).0, Reason::Banned));
    let clock = clock::now();
    let (source, scope, evidence) = (Prefix::host(source(STRANGER)), Scope::Sip, serde_json::Value::Null);
    let new = NewBan { source, scope, expires: clock.wall_at(until), evidence: evidence.to_string(), step: 1 };
    let id = world.store().ban(&new, clock.wall_ms).unwrap().ban.id;
    instance.sync_entries(&world.store()).unwrap();
    assert_eq!(judge(&instance, STRANGER, world.now()), (Reason::Banned, id));
    assert_eq!(instance.hits().unwrap().get(&id), Some(&4));
    assert!(instance.drop_pending(source).unwrap().is_none(), "it is no longer pending");
}

#[test]
fn holds_come_and_go() {
    let world = World::new();
    let iface = world.veth();
    let (mut instance, _) = world.start(&iface, "[slow_path]\nhold = \"1/h burst 1\"");
    let mut enforcer = instance.enforcer().unwrap();
    enforcer.hold(source(STRANGER), None, in_a_minute()).unwrap();
    enforcer.hold(source("192.0.2.1"), Some(account::hash(b"100")), in_a_minute()).unwrap();
    assert_eq!(judge(&instance, STRANGER, world.now()).0, Reason::Stranger);
    assert_eq!(judge(&instance, STRANGER, world.now()).0, Reason::RateOffender);
    // It keeps its rate when it is made longer, and when its map is made anew.
    enforcer.hold(source(STRANGER), None, in_a_minute() + SECOND).unwrap();
    assert_eq!(world.judge(&instance, STRANGER), Reason::RateOffender);
    instance
        .reload(&world.config("[capacity]\nholds = 100\nbans = 1000\n[slow_path]\nhold = \"1/h burst 1\""))
        .unwrap();
    assert_eq!(world.judge(&instance, STRANGER), Reason::RateOffender);
    let mut enforcer = instance.enforcer().unwrap();
    assert!(enforcer.unhold(source(STRANGER), None).unwrap() && !enforcer.unhold(source(STRANGER), None).unwrap());
    assert_eq!(world.judge(&instance, STRANGER), Reason::Stranger);
    assert_eq!(enforcer.sweep_holds().unwrap(), 0);
    enforcer.hold(source(STRANGER), None, 1).unwrap();
    assert_eq!(enforcer.sweep_holds().unwrap(), 1);
    let used = instance.usage().unwrap().into_iter().find(|usage| usage.key == "holds").unwrap();
    assert_eq!((used.elements, used.capacity), (1, 100));
}

#[test]
fn a_full_map_of_holds_takes_the_place_of_those_that_ended() {
    let world = World::new();
    let iface = world.veth();
    let (instance, _) = world.start(&iface, "[capacity]\nholds = 2");
    let mut enforcer = instance.enforcer().unwrap();
    let mut hold = |text, until| enforcer.hold(source(text), None, until);
    hold("192.0.2.1", 1).unwrap();
    hold("192.0.2.2", in_a_minute()).unwrap();
    hold("192.0.2.3", in_a_minute()).unwrap();
    let refused = hold("192.0.2.4", in_a_minute()).unwrap_err();
    assert!(matches!(refused, Error::Full { key: "capacity.holds", .. }), "{refused}");
}

#[test]
fn a_full_map_is_not_looked_through_for_each_newcomer() {
    let world = World::new();
    let iface = world.veth();
    let (instance, _) = world.start(&iface, "[capacity]\nholds = 20000\nregistrants = 20000");
    let mut enforcer = instance.enforcer().unwrap();
    let address = |n: u32| Addr::from_v4((0x0a00_0000 + n).to_be_bytes());
    for n in 0..20_000 {
        enforcer.hold(address(n), None, in_a_minute()).unwrap();
        enforcer.promote(address(n), in_a_minute(), in_a_minute()).unwrap();
    }
    let begun = std::time::Instant::now();
    for n in 20_000..21_000 {
        assert!(enforcer.hold(address(n), None, in_a_minute()).is_err());
        assert!(enforcer.promote(address(n), in_a_minute(), in_a_minute()).is_err());
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[test]
fn trust_ends_and_is_remembered() {
    let world = World::new();
    let iface = world.veth();
    let (instance, _) = world.start(&iface, "[capacity]\nregistrants = 2");
    let mut enforcer = instance.enforcer().unwrap();
    enforcer.promote(source(STRANGER), in_a_minute(), in_a_minute() + SECOND).unwrap();
    assert_eq!(world.judge(&instance, STRANGER), Reason::Registrant);
    assert_eq!(instance.registrants().unwrap().len(), 1);
    assert!(enforcer.demote(source(STRANGER), world.now()).unwrap());
    assert_eq!(world.judge(&instance, STRANGER), Reason::Known);
    assert!(!enforcer.demote(source("192.0.2.1"), world.now()).unwrap());
    // Registrants take the place of the known when there is no other.
    enforcer.promote(source("192.0.2.1"), in_a_minute(), in_a_minute()).unwrap();
    enforcer.promote(source("192.0.2.2"), in_a_minute(), in_a_minute()).unwrap();
    assert_eq!(world.judge(&instance, STRANGER), Reason::Stranger);
    assert_eq!(world.judge(&instance, "192.0.2.1"), Reason::Registrant);
    let refused = enforcer.promote(source("192.0.2.3"), in_a_minute(), in_a_minute()).unwrap_err();
    assert!(matches!(refused, Error::Full { key: "capacity.registrants", .. }), "{refused}");
}

#[test]
fn whom_the_database_trusts_is_let_in_from_the_first_packet_on() {
    let world = World::new();
    let iface = world.veth();
    let wall = world.wall();
    let registrant = |text, until, known_until| NewRegistrant {
        source: source_prefix(source(text), 64),
        account: "100".to_owned(),
        until,
        known_until,
    };
    let registrants = [
        registrant(STRANGER, wall + 60_000, wall + 90_000),
        registrant("192.0.2.1", wall - 1, wall + 90_000),
        registrant("192.0.2.2", wall - 1, wall - 1),
    ];
    world.store().save_registrants(&registrants, wall).unwrap();
    let options = StartOptions { iface: Some(iface.clone()), ephemeral: false };
    let (mut instance, _) = Instance::start(&world.config(""), &options).unwrap();
    let of = |instance: &Instance, text| world.judge(instance, text);
    assert_eq!(of(&instance, STRANGER), Reason::Registrant);
    assert_eq!(of(&instance, "192.0.2.1"), Reason::Known);
    assert_eq!(of(&instance, "192.0.2.2"), Reason::Stranger);
    instance.reload(&world.config("[capacity]\nregistrants = 1")).unwrap();
    assert_eq!((of(&instance, STRANGER), of(&instance, "192.0.2.1")), (Reason::Registrant, Reason::Stranger));
}

fn drained(ring: &mut CopyRing) -> Vec<CopyHead> {
    let mut heads = Vec::new();
    while let Some(record) = ring.next_copy() {
        let (head, payload) = CopyHead::split(&record).unwrap();
        assert!(payload.starts_with(b"OPTIONS") && head.len == head.total && head.local_port == 5060);
        heads.push(head);
    }
    heads
}

#[test]
fn copies_are_read_by_ring_and_losses_counted() {
    let world = World::new();
    let iface = world.veth();
    let (mut instance, _) = world.start(&iface, "[slow_path]\nstrangers_ring = 65536");
    let mut copies = instance.copies().unwrap();
    let mut enforcer = instance.enforcer().unwrap();
    enforcer.promote(source("192.0.2.1"), in_a_minute(), in_a_minute()).unwrap();
    judge(&instance, STRANGER, 7);
    judge(&instance, "192.0.2.1", 8);
    let [stranger] = drained(&mut copies.strangers)[..] else { panic!("one copy") };
    assert_eq!((stranger.time, stranger.remote, stranger.kind), (7, source(STRANGER), Kind::Stranger as u8));
    let [trusted] = drained(&mut copies.trusted)[..] else { panic!("one copy") };
    assert_eq!((trusted.time, trusted.remote, trusted.kind), (8, source("192.0.2.1"), Kind::Registrant as u8));
    // A ring that nobody reads fills up, and the other one goes on.
    let program = instance.probe().unwrap();
    for n in 0..2_000u32 {
        let source = format!("10.0.{}.{}", n / 250, n % 250);
        assert!(!probe::judge(&program, &frame(&source), u64::from(n) * SECOND, true).unwrap().drops());
    }
    judge(&instance, "192.0.2.1", 9);
    let [strangers, trusted] = instance.stats().unwrap().copies;
    assert!(strangers.lost > 0 && strangers.made + strangers.lost == 2_001, "{strangers:?}");
    assert_eq!((trusted.made, trusted.lost), (2, 0));
    assert_eq!(drained(&mut copies.strangers).len() as u64, strangers.made - 1);
    // A reload may make a ring anew.
    let reloaded = instance.reload(&world.config("[slow_path]\nstrangers_ring = 131072")).unwrap();
    assert_eq!(reloaded.resized, ["COPIES_STRANGERS"]);
    let mut copies = instance.copies().unwrap();
    judge(&instance, STRANGER, 3_000 * SECOND);
    assert_eq!((drained(&mut copies.strangers).len(), drained(&mut copies.trusted).len()), (1, 1));
}

#[test]
fn an_enforcer_serves_another_thread() {
    fn is_send<T: Send>(_: &T) {}
    let world = World::new();
    let iface = world.veth();
    let (instance, _) = world.start(&iface, "");
    let mut enforcer: Enforcer = instance.enforcer().unwrap();
    is_send(&enforcer);
    let banned = std::thread::spawn(move || enforcer.ban(source(STRANGER), in_a_minute())).join().unwrap();
    assert_eq!(banned.unwrap(), Banned::Placed);
    assert_eq!(world.judge(&instance, STRANGER), Reason::Banned);
}

#[test]
fn blocked_devices_are_refused_from_anywhere_and_after_a_restart() {
    let world = World::new();
    let iface = world.veth();
    let (mut instance, _) = world.start(&iface, "");
    let device = Device {
        account: "100".to_owned(),
        user: b"100".to_vec(),
        instance: String::new(),
        agent: "a/1.0".to_owned(),
        address: source(STRANGER),
        port: 5_060,
        via: Via::Udp,
        until: i64::MAX,
    };
    let learned = Learned::of(Command::Device(Box::new(device)), 1, 64, |_| None).unwrap();
    world.store().record(&[learned]).unwrap();
    let block = Block { reason: None, author: None, deny: true };
    world.store().block_device(1, &block, 1).unwrap().unwrap();
    // Whether it is there is found out by taking it away; a comparison brings it back.
    let is_blocked = |instance: &Instance| {
        instance.enforcer().unwrap().unhold(HoldKey::ANYWHERE, Some(account::hash(b"100"))).unwrap()
    };
    assert!(!is_blocked(&instance));
    instance.sync_entries(&world.store()).unwrap();
    assert_eq!(world.judge(&instance, STRANGER), Reason::Denied);
    assert!(is_blocked(&instance));
    instance.sync_entries(&world.store()).unwrap();
    for config in ["mode = \"trunk\"", "[capacity]\nholds = 2048", "[strangers]\nv6_prefix = 56"] {
        instance.reload(&world.config(config)).unwrap();
        instance.sweep_holds().unwrap();
        assert!(is_blocked(&instance), "{config}");
        instance.sync_entries(&world.store()).unwrap();
    }
    drop(instance);
    world.unload(&iface).unwrap();
    let (mut instance, _) = world.start(&iface, "");
    assert!(is_blocked(&instance), "after a reboot");
    instance.sync_entries(&world.store()).unwrap();
    world.store().unblock_device(1).unwrap().unwrap();
    instance.sync_entries(&world.store()).unwrap();
    assert!(!is_blocked(&instance));
    assert_eq!(world.judge(&instance, STRANGER), Reason::Stranger);
}
