//! Many behind one address.
use firewall_common::copy::Kind;

use super::world::{HOUR, MINUTE, Phone, World, addr};
use crate::engine::evidence::Rule;

const OFFICE: &str = "198.51.100.40";

fn office(world: &mut World, phones: usize) {
    for n in 0..phones {
        let mut phone = Phone::new(OFFICE, &format!("staff{n}"));
        phone.sequence = 1_000 * n as u32;
        world.register(&mut phone, 36_000);
    }
    world.commands.clear();
}

fn stray(user: &str, sequence: u32) -> Phone {
    let mut phone = Phone::new(OFFICE, user).kind(Kind::Registrant);
    phone.sequence = 1_000_000 + sequence;
    phone
}

#[test]
fn a_broken_phone_loses_its_own_attempts() {
    let mut world = World::new();
    office(&mut world, 20);
    let mut broken = stray("broken", 0);
    for _ in 0..24 * 60 {
        world.fail(&mut broken, 1);
        world.wait(MINUTE - 1_000);
    }
    assert_eq!(world.bans().len(), 0);
    let holds = world.holds();
    assert!(holds.iter().all(|hold| hold.account.as_deref() == Some(b"broken") && hold.source == addr(OFFICE)));
    assert_eq!(holds[0].evidence.rule, Rule::AccountFailures);
    assert!((100..300).contains(&holds.len()), "{} in a day", holds.len());
}

#[test]
fn who_mistypes_twice_is_neither_banned_nor_held() {
    let mut world = World::new();
    office(&mut world, 1);
    let mut phone = stray("staff0", 0);
    world.fail(&mut phone, 2);
    world.register(&mut phone, 3_600);
    // Phones repeat what was typed.
    world.fail(&mut phone, 19);
    assert_eq!((world.bans().len(), world.holds().len()), (0, 0));
    world.fail(&mut phone, 1);
    assert_eq!((world.bans().len(), world.holds().len()), (0, 1));
}

/// A phone that is turned off ends its registration, and the one that is turned on next has the wrong password.
#[test]
fn who_has_ended_his_registration_may_mistype_too() {
    let (mut world, mut phone) = (World::new(), stray("staff0", 0));
    let (lines, nonce) = phone.challenged();
    world.play(&phone, &lines);
    for seconds in [3_600, 0] {
        let lines = phone.renew(&nonce, seconds);
        world.play(&phone, &lines);
    }
    let mut phone = phone.kind(Kind::Known);
    world.fail(&mut phone, 19);
    assert_eq!((world.bans().len(), world.holds().len()), (0, 0));
    world.fail(&mut phone, 1);
    assert_eq!((world.bans().len(), world.holds().len()), (0, 1));
}

#[test]
fn a_source_that_was_registered_lately_is_an_office_still() {
    let mut world = World::new();
    office(&mut world, 20);
    world.wait(30 * HOUR);
    let mut broken = stray("broken", 0).kind(Kind::Known);
    world.fail(&mut broken, 50);
    assert_eq!(world.bans().len(), 0);
    assert_eq!(world.holds()[0].account.as_deref(), Some(&b"broken"[..]));
}

#[test]
fn many_failing_accounts_ban_even_a_registrants_source() {
    let mut world = World::new();
    office(&mut world, 1);
    for n in 0..9 {
        world.fail(&mut stray(&format!("victim{n}"), 10 * n), 1);
    }
    assert_eq!(world.commands, []);
    world.fail(&mut stray("victim9", 90), 1);
    assert_eq!((world.banned(), world.bans()[0].evidence.count), (vec![Rule::Scanning], 10));
    let [demote] = world.demotions()[..] else { panic!("{:?}", world.commands) };
    assert_eq!((demote.source, &demote.account), (addr(OFFICE), &None));
}

#[test]
fn slowly_too() {
    let mut world = World::new();
    office(&mut world, 1);
    for n in 0..19 {
        world.fail(&mut stray(&format!("victim{n}"), 10 * n), 1);
        world.wait(HOUR / 2);
    }
    assert_eq!(world.commands, []);
    world.fail(&mut stray("victim19", 190), 1);
    assert_eq!(world.banned(), [Rule::Scanning]);
}

#[test]
fn a_large_office_may_have_as_many_broken_phones_as_a_tenth() {
    let mut world = World::new();
    office(&mut world, 300);
    for n in 0..29 {
        world.fail(&mut stray(&format!("broken{n}"), 10 * n), 1);
    }
    assert_eq!(world.bans().len(), 0);
    world.fail(&mut stray("broken29", 290), 1);
    assert_eq!(world.banned(), [Rule::Scanning]);
}

#[test]
fn who_fails_first_and_succeeds_then_does_not_count() {
    let mut world = World::new();
    office(&mut world, 5);
    for n in 0..100 {
        let mut phone = stray(&format!("late{n}"), 100 * n);
        world.fail(&mut phone, 1);
        world.register(&mut phone, 3_600);
    }
    assert_eq!(world.bans().len(), 0);
}

#[test]
fn a_server_restart_that_forgets_its_nonces_bans_nobody() {
    let mut world = World::new();
    let mut phones: Vec<(Phone, String)> = (0..500)
        .map(|n| {
            let mut phone = Phone::new(OFFICE, &format!("staff{n}"));
            phone.sequence = 1_000 * n;
            let (lines, nonce) = phone.challenged();
            world.play(&phone, &lines);
            let lines = phone.renew(&nonce, 3_600);
            world.play(&phone, &lines);
            (phone.kind(Kind::Registrant), nonce)
        })
        .collect();
    world.commands.clear();
    for (phone, nonce) in &mut phones {
        // The nonce was good before; now it is refused, without a word about its age.
        let (lines, fresh) = phone.guess(nonce);
        world.play(phone, &lines);
        let lines = phone.renew(&fresh, 3_600);
        world.play(phone, &lines);
    }
    assert_eq!((world.promotions().len(), world.commands.len()), (500, 500));
}

#[test]
fn an_insider_who_changes_his_from_is_banned() {
    let mut world = World::new();
    office(&mut world, 1);
    let mut insider = stray("boss", 0);
    for n in 0..100 {
        insider.from = format!("x{n}");
        world.fail(&mut insider, 1);
    }
    assert_eq!(world.banned(), [Rule::Scanning]);
}

#[test]
fn an_insider_whose_from_cannot_be_held_is_banned() {
    let mut world = World::new();
    office(&mut world, 1);
    let mut insider = stray("boss", 0);
    insider.from = "x".repeat(100);
    world.fail(&mut insider, 12);
    assert_eq!(world.commands, []);
    world.fail(&mut insider, 1);
    assert_eq!(world.banned(), [Rule::Scanning]);
}

#[test]
fn an_account_that_authenticates_without_registering_makes_an_office_too() {
    let mut world = World::new();
    let mut gateway = Phone::new(OFFICE, "trunk");
    let (lines, nonce) = gateway.call("200");
    world.play(&gateway, &lines);
    let credentials = gateway.credentials(&nonce);
    let lines = [gateway.request("INVITE", "200", &credentials), gateway.answer(180, "INVITE", "200", "")];
    world.play(&gateway, &lines);
    world.fail(&mut stray("broken", 0).kind(Kind::Stranger), 10);
    assert_eq!((world.bans().len(), world.holds().len()), (0, 1));
}

#[test]
fn an_insider_whom_the_hold_does_not_stop_is_banned() {
    let mut world = World::new();
    office(&mut world, 1);
    let mut insider = stray("boss", 0).tcp();
    // 44 requests in ten minutes pass a hold; four times that, and four times what it takes to be held, can be an accident.
    world.fail(&mut insider, 4 * (5 + 44) + 8);
    assert_eq!(world.bans().len(), 0);
    assert!(world.holds().iter().all(|hold| hold.account.as_deref() == Some(b"boss")));
    world.fail(&mut insider, 1);
    assert_eq!(world.banned(), [Rule::Scanning]);
}
