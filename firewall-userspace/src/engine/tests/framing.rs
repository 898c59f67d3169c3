//! Nobody can be framed: what a forged address can bring about, and what it can't.
use firewall_common::copy::Kind;

use super::world::{MINUTE, Phone, World, addr};
use crate::engine::evidence::Rule;

/// Somebody who writes the victim's address into packets never sees what our server sends there.
fn forge(world: &mut World, victim: &mut Phone, nonce: &str, times: usize) {
    for _ in 0..times {
        let lines = victim.guess(nonce).0;
        world.play(victim, &lines);
    }
}

#[test]
fn forged_failures_hold_a_stranger_and_ban_nobody() {
    let (mut world, mut victim) = (World::new(), Phone::new("198.51.100.9", "100"));
    forge(&mut world, &mut victim, "made-up", 4);
    assert_eq!(world.commands, []);
    forge(&mut world, &mut victim, "made-up", 10_000);
    let [hold] = world.holds()[..] else { panic!("{:?}", world.commands) };
    assert_eq!((hold.source, &hold.account, hold.evidence.rule), (addr("198.51.100.9"), &None, Rule::Failures));
    assert_eq!(world.commands.len(), 1);
}

#[test]
fn forged_failures_do_nothing_to_registrants_peers_and_allowed_sources() {
    for kind in [Kind::Registrant, Kind::Peer, Kind::Allowed] {
        let (mut world, mut victim) = (World::new(), Phone::new("198.51.100.9", "100").kind(kind));
        forge(&mut world, &mut victim, "made-up", 10_000);
        assert_eq!(world.commands, [], "{kind:?}");
    }
    let (mut world, mut victim) = (World::new(), Phone::new("198.51.100.9", "100"));
    world.register(&mut victim, 3_600);
    forge(&mut world, &mut victim, "made-up", 10_000);
    assert_eq!(world.commands.len(), 1, "only its promotion");
}

#[test]
fn a_nonce_that_the_attacker_received_himself_proves_nothing() {
    let (mut world, mut attacker) = (World::new(), Phone::new("203.0.113.7", "100"));
    let mut victim = Phone::new("198.51.100.9", "100");
    let (lines, nonce) = attacker.challenged();
    world.play(&attacker, &lines);
    forge(&mut world, &mut victim, &nonce, 1_000);
    assert_eq!(world.bans().len(), 0);
}

#[test]
fn a_nonce_that_the_server_gives_to_everybody_in_a_second_proves_nothing() {
    // Kamailio's default: the nonce is made of the second and a secret. The attacker asks for one in his own name, and
    // makes the server send the same one to the victim.
    let (mut world, mut attacker) = (World::new(), Phone::new("203.0.113.7", "100"));
    let mut victim = Phone::new("198.51.100.9", "100");
    for second in 0..50 {
        let shared = format!("second-{second}");
        for phone in [&mut attacker, &mut victim] {
            let (mut lines, own) = phone.challenged();
            lines[1].text = lines[1].text.replace(&own, &shared);
            world.play(phone, &lines);
        }
        let (mut lines, own) = victim.guess(&shared);
        lines[1].text = lines[1].text.replace(&own, &shared);
        world.play(&victim, &lines);
        world.now += 1_000;
    }
    assert_eq!(world.bans().len(), 0);
    assert_eq!(world.engine.counts().shared_nonces, 50);
}

#[test]
fn such_a_nonce_proves_its_only_receiver() {
    let (mut world, mut guesser) = (World::new(), Phone::new("203.0.113.7", "100"));
    let nonce = "second-1";
    let (mut lines, own) = guesser.challenged();
    lines[1].text = lines[1].text.replace(&own, nonce);
    world.play(&guesser, &lines);
    forge(&mut world, &mut guesser, nonce, 5);
    assert_eq!(world.banned(), [Rule::Failures]);
}

#[test]
fn an_answer_that_comes_too_late_proves_nothing() {
    let (mut world, mut phone) = (World::new(), Phone::new("203.0.113.7", "100"));
    let (lines, nonce) = phone.challenged();
    world.play(&phone, &lines);
    world.wait(61 * MINUTE);
    forge(&mut world, &mut phone, &nonce, 50);
    assert_eq!(world.bans().len(), 0);
}

#[test]
fn an_ack_proves_only_with_the_tag_that_was_sent() {
    let scan = |forged: bool, chosen: bool| {
        let (mut world, mut caller) = (World::new(), Phone::new("198.51.100.9", "900"));
        for n in 0..30 {
            let to = format!("{}", 200 + n);
            let mut invite = caller.request("INVITE", &to, "");
            let refusal = caller.answer(404, "INVITE", &to, "");
            let mut ack = caller.ack(&to);
            if forged {
                ack.text = ack.text.replace(";tag=", ";tag=x");
            }
            if chosen {
                // The attacker puts the tag into his request, and our server gives it back.
                let tag = ack.text.split(";tag=").nth(2).unwrap().split("\r\n").next().unwrap().to_owned();
                let to_field = format!("To: <sip:{to}@example.com>");
                invite.text = invite.text.replace(&to_field, &format!("{to_field};tag={tag}"));
            }
            world.play(&caller, &[invite, refusal, ack]);
        }
        world.banned()
    };
    assert_eq!(scan(false, false), [Rule::Scanning]);
    assert_eq!(scan(true, false), []);
    assert_eq!(scan(false, true), []);
}

#[test]
fn tags_that_can_be_worked_out_prove_nothing() {
    // Kamailio's: 32 digits that never change, and a checksum of the request's Via.
    let (mut world, mut caller) = (World::new(), Phone::new("198.51.100.9", "900"));
    for n in 0..30 {
        let to = format!("{}", 200 + n);
        let mut lines = vec![caller.request("INVITE", &to, ""), caller.answer(404, "INVITE", &to, ""), caller.ack(&to)];
        for line in &mut lines[1..] {
            let tag = line.text.split("To: ").nth(1).unwrap().split(";tag=").nth(1).unwrap();
            let tag = tag.split("\r\n").next().unwrap().to_owned();
            line.text = line.text.replace(&tag, &format!("b27e1a1d33761e85846fc98f5f3a7e58.{n:04x}"));
        }
        world.play(&caller, &lines);
    }
    // The first one cannot be told from a random tag.
    assert_eq!(world.bans().len(), 0);
    assert_eq!(world.engine.counts().proven, 1);
}

#[test]
fn tags_that_can_be_worked_out_stay_so_however_many_others_follow() {
    let (mut world, mut caller) = (World::new(), Phone::new("198.51.100.9", "900"));
    let mut other = Phone::new("203.0.113.7", "100");
    for n in 0..30 {
        let to = format!("{}", 200 + n);
        let mut lines = vec![caller.request("INVITE", &to, ""), caller.answer(404, "INVITE", &to, ""), caller.ack(&to)];
        for line in &mut lines[1..] {
            let tag = line.text.split("To: ").nth(1).unwrap().split(";tag=").nth(1).unwrap();
            let tag = tag.split("\r\n").next().unwrap().to_owned();
            line.text = line.text.replace(&tag, &format!("b27e1a1d33761e85846fc98f5f3a7e58.{n:04x}"));
        }
        world.play(&caller, &lines);
        // Tags that the attacker chooses and the server repeats, and such as the server makes up.
        for m in 0..if n == 0 { 0 } else { 2_000 } {
            let mut lines = [other.request("OPTIONS", "1", ""), other.answer(200, "OPTIONS", "1", "")];
            if m % 2 == 0 {
                let to_field = "To: <sip:1@example.com>";
                lines[0].text = lines[0].text.replace(to_field, &format!("{to_field};tag=x{n}-{m}"));
            }
            world.play(&other, &lines);
        }
    }
    assert_eq!(world.bans().len(), 0);
    assert_eq!(world.engine.counts().proven, 1);
}
