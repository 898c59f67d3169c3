//! Devices, and what is audited of registrations.
use firewall_common::copy::Kind;
use md5::{Digest as _, Md5};

use super::world::{HOUR, MINUTE, Phone, START, World};
use crate::engine::evidence::Rule;

const AUDIT: &str = "[passwords]\naudit = true\nweak = \"tighten\"\n";

fn phone(source: &str, agent: &str) -> Phone {
    Phone { agent: agent.to_owned(), ..Phone::new(source, "100") }
}

#[test]
fn an_accepted_register_tells_of_its_device() {
    let (mut world, mut phone) = (World::new(), phone("198.51.100.9", "snom821/8.9.3.60"));
    world.register(&mut phone, 3_600);
    let [device] = &world.devices[..] else { panic!("{:?}", world.devices) };
    assert_eq!((&*device.account, &*device.agent, &*device.user), ("100", "snom821/8.9.3.60", &b"100"[..]));
    assert_eq!((device.address, device.port, device.instance.is_empty()), (phone.source, 5_060, true));
    let until = START + 3_600_000;
    assert!((until..until + 10).contains(&device.until), "as long as it was granted, without grace");
    // It renews, and then it leaves.
    world.wait(HOUR / 2);
    world.register(&mut phone, 3_600);
    world.wait(MINUTE);
    let (lines, nonce) = phone.challenged();
    world.play(&phone, &lines);
    let lines = phone.renew(&nonce, 0);
    world.play(&phone, &lines);
    let known = &world.devices;
    assert_eq!(known.len(), 3);
    assert!(known[1].until > known[0].until && known[2].until <= START + world.now as i64);
    assert!(known.iter().all(|it| it.key() == known[0].key()), "one device");
}

#[test]
fn two_phones_on_one_account_are_two_devices() {
    let mut world = World::new();
    let (mut desk, mut soft) = (phone("198.51.100.9", "snom821/8.9.3.60"), phone("198.51.100.9", "MicroSIP/3.20.6"));
    let mut away = phone("203.0.113.4", "MicroSIP/3.20.6");
    (soft.sequence, away.sequence) = (500, 1_000);
    for it in [&mut desk, &mut soft, &mut away] {
        world.register(it, 3_600);
    }
    let keys: std::collections::HashSet<String> = world.devices.iter().map(|it| it.key()).collect();
    assert_eq!(keys.len(), 3);
}

#[test]
fn an_instance_is_a_device_wherever_it_is() {
    let mut world = World::new();
    for (n, source) in ["198.51.100.9", "203.0.113.4"].into_iter().enumerate() {
        let mut phone = phone(source, "Linphone/5.0");
        phone.sequence = 100 * n as u32;
        let mut lines = phone.register(3_600);
        for line in &mut lines {
            let contact = "Contact: <sip:100@10.0.0.9:5060>;+sip.instance=\"<urn:uuid:0a1b>\"";
            line.text = line.text.replace("Contact: <sip:100@10.0.0.9:5060>", contact);
        }
        world.play(&phone, &lines);
    }
    let [first, second] = &world.devices[..] else { panic!("{:?}", world.devices) };
    assert_eq!((&*first.instance, first.key()), ("urn:uuid:0a1b", second.key()));
    assert_ne!(first.address, second.address);
}

#[test]
fn what_the_server_did_not_accept_is_no_device() {
    let mut world = World::with(AUDIT);
    world.fail(&mut phone("198.51.100.9", "a"), 3);
    let mut stranger = phone("198.51.100.10", "b");
    let lines = stranger.renew("made-up", 3_600);
    world.play(&stranger, &lines);
    assert_eq!((world.devices.len(), world.engine.take_samples().len()), (0, 0));
    world.register(&mut phone("198.51.100.11", "c").kind(Kind::Allowed), 3_600);
    assert_eq!(world.devices.len(), 1, "also where trust is the operator's");
}

#[test]
fn nobody_is_inventoried_or_audited_who_need_not_be() {
    let mut world = World::with("[devices]\ninventory = false");
    world.register(&mut phone("198.51.100.9", "a"), 3_600);
    assert_eq!((world.devices.len(), world.engine.take_samples().len()), (0, 0));
    assert_eq!(world.engine.counts().entries["registers"], 0);
    let mut world = World::new();
    world.register(&mut phone("198.51.100.9", "a"), 3_600);
    assert_eq!(world.engine.take_samples().len(), 0, "the audit is off");
}

fn hex(text: String) -> String {
    Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A registration with a digest that is right.
fn register_with(world: &mut World, phone: &mut Phone, password: &str) {
    let (lines, nonce) = phone.challenged();
    world.play(phone, &lines);
    let (secret, request) = (hex(format!("100:example.com:{password}")), hex("REGISTER:sip:example.com".to_owned()));
    let nc = phone.sequence;
    let mut lines = phone.renew(&nonce, 3_600);
    let response = hex(format!("{secret}:{nonce}:{nc:08x}:c:auth:{request}"));
    lines[0].text = lines[0].text.replace(&format!("response=\"{nc:032x}\""), &format!("response=\"{response}\""));
    world.play(phone, &lines);
}

#[test]
fn an_accepted_digest_is_handed_over_once() {
    let mut world = World::with(AUDIT);
    register_with(&mut world, &mut phone("198.51.100.9", "a"), "1234");
    let samples = world.engine.take_samples();
    let [sample] = &samples[..] else { panic!("{samples:?}") };
    assert_eq!((&*sample.account, sample.md5_only), ("100", Some(true)));
    assert_eq!(sample.is_any_of(["x", "1234"].iter()), (true, 2));
    assert!(!sample.is_any_of(["x", "4321"].iter()).0);
    assert_eq!(world.engine.take_samples().len(), 0);
    assert_eq!(world.engine.counts().entries["registers"], 0, "nothing is left of it");
}

#[test]
fn a_digest_that_is_not_answered_is_forgotten() {
    let (mut world, mut phone) = (World::with(AUDIT), phone("198.51.100.9", "a"));
    let (lines, nonce) = phone.challenged();
    world.play(&phone, &lines);
    let lines = phone.renew(&nonce, 3_600);
    world.play(&phone, &lines[..1]);
    assert_eq!(world.engine.counts().entries["registers"], 1);
    world.wait(MINUTE);
    assert_eq!(world.engine.counts().entries["registers"], 0);
}

#[test]
fn a_flood_of_registers_takes_no_more_room_than_there_is() {
    let mut world = World::with(AUDIT);
    let mut phone = phone("198.51.100.9", "a");
    for _ in 0..3_000 {
        let lines = phone.renew("n", 3_600);
        world.see(&phone, &lines[0]);
    }
    assert_eq!(world.engine.counts().entries["registers"], 512);
    let mut connected = Phone::new("198.51.100.10", "100").tcp();
    for _ in 0..1_000 {
        let lines = connected.renew("n", 3_600);
        world.play(&connected, &lines);
    }
    assert_eq!(world.engine.take_samples().len(), 256);
}

#[test]
fn strangers_have_fewer_tries_at_a_weak_account() {
    let (mut world, mut guesser) = (World::with(AUDIT), Phone::new("203.0.113.7", "100"));
    world.engine.set_weak("100", true);
    let mut other = Phone::new("203.0.113.8", "200");
    world.fail(&mut other, 2);
    assert_eq!(world.bans().len(), 0, "another account");
    world.fail(&mut guesser, 1);
    assert_eq!(world.bans().len(), 0);
    world.fail(&mut guesser, 1);
    assert_eq!(world.banned(), [Rule::WeakAccount]);
    // Whoever owns it mistypes as often as ever.
    let mut owner = Phone::new("198.51.100.9", "100");
    world.register(&mut owner, 3_600);
    world.fail(&mut owner, 4);
    assert_eq!((world.bans().len(), world.holds().len()), (1, 0));
    world.engine.set_weak("100", false);
    let mut later = Phone::new("203.0.113.9", "100");
    world.fail(&mut later, 4);
    assert_eq!(world.bans().len(), 1);
}

#[test]
fn without_that_policy_a_weak_account_is_like_any_other() {
    let (mut world, mut guesser) = (World::with("[passwords]\naudit = true"), Phone::new("203.0.113.7", "100"));
    world.engine.set_weak("100", true);
    world.fail(&mut guesser, 4);
    assert_eq!(world.bans().len(), 0);
}
