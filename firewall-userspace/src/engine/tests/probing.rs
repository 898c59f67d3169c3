//! Scanning, malformed requests, and sprays.
use firewall_common::copy::Kind;

use super::world::{Line, MINUTE, Phone, World};
use crate::engine::evidence::{Proof, Rule};

fn ask(caller: &mut Phone, method: &str, to: &str, status: u16) -> Vec<Line> {
    vec![caller.request(method, to, ""), caller.answer(status, method, to, "")]
}

#[test]
fn a_scan_over_a_connection_is_banned_at_ten_users() {
    for method in ["REGISTER", "OPTIONS", "SUBSCRIBE", "INVITE", "MESSAGE"] {
        let (mut world, mut scanner) = (World::new(), Phone::new("203.0.113.7", "900").tcp());
        for n in 0..10 {
            assert_eq!(world.commands, [], "{method}");
            let lines = ask(&mut scanner, method, &format!("{}", 100 + n), 404);
            world.play(&scanner, &lines);
        }
        assert_eq!(world.banned(), [Rule::Scanning], "{method}");
        assert_eq!(world.bans()[0].evidence.incidents[0].proof, Proof::Connection);
    }
}

#[test]
fn a_scan_by_datagrams_is_held() {
    let (mut world, mut scanner) = (World::new(), Phone::new("203.0.113.7", "900"));
    for n in 0..500 {
        let lines = ask(&mut scanner, "OPTIONS", &format!("{}", 100 + n), 404);
        world.play(&scanner, &lines);
    }
    assert_eq!((world.bans().len(), world.holds().len()), (0, 1));
    assert_eq!((world.holds()[0].evidence.rule, world.holds()[0].evidence.count), (Rule::Scanning, 10));
}

#[test]
fn one_wrong_number_asked_for_again_and_again_is_no_scan() {
    let (mut world, mut caller) = (World::new(), Phone::new("203.0.113.7", "900").tcp());
    for _ in 0..200 {
        let lines = ask(&mut caller, "OPTIONS", "ping", 404);
        world.play(&caller, &lines);
    }
    assert_eq!(world.commands, []);
}

#[test]
fn a_customer_may_dial_wrong_numbers() {
    let (mut world, mut caller) = (World::new(), Phone::new("203.0.113.7", "100").tcp());
    world.register(&mut caller, 3_600);
    caller.kind = Kind::Registrant;
    for n in 0..50 {
        let to = format!("{}", 300 + n);
        // Asked for without credentials, and with them.
        let lines = ask(&mut caller, "SUBSCRIBE", &to, 404);
        world.play(&caller, &lines);
        let credentials = caller.credentials("n1");
        let lines =
            [caller.request("INVITE", &to, &credentials), caller.answer(404, "INVITE", &to, ""), caller.ack(&to)];
        world.play(&caller, &lines);
    }
    assert_eq!((world.bans().len(), world.holds().len()), (0, 0));
}

#[test]
fn what_the_server_cannot_read_counts_in_numbers() {
    for (status, tcp) in [(400, true), (416, true), (420, true), (505, true), (400, false)] {
        let (mut world, phone) = (World::new(), Phone::new("203.0.113.7", "900"));
        let mut sender = if tcp { phone.tcp() } else { phone };
        for _ in 0..20 {
            assert_eq!(world.commands, []);
            let lines = ask(&mut sender, "OPTIONS", "100", status);
            world.play(&sender, &lines);
        }
        assert_eq!((world.bans().len(), world.holds().len()), if tcp { (1, 0) } else { (0, 1) }, "{status}");
    }
}

#[test]
fn what_even_the_strict_reader_cannot_read_counts_by_the_servers_answer() {
    let (mut world, mut sender) = (World::new(), Phone::new("203.0.113.7", "900").tcp());
    for _ in 0..20 {
        assert_eq!(world.commands, []);
        let mut lines = ask(&mut sender, "OPTIONS", "100", 400);
        lines[0].text = lines[0].text.replace("CSeq: ", "CSeq: x");
        world.play(&sender, &lines);
        world.wait(4_000);
    }
    assert_eq!(world.banned(), [Rule::Malformed]);
    assert_eq!(world.engine.counts().refused["cseq"], 20);
}

/// The same lines, of whose requests the strict reader makes nothing.
fn unread(mut lines: Vec<Line>) -> Vec<Line> {
    let is_request = |line: &&mut Line| !line.text.starts_with("SIP/");
    lines.iter_mut().filter(is_request).for_each(|line| line.text = line.text.replace("CSeq: ", "CSeq: x"));
    lines
}

/// Guesses that cannot be read, one each four seconds, until something follows.
fn guess_unread(world: &mut World, guesser: &mut Phone, times: usize) {
    for _ in 0..times {
        let lines = unread(guesser.guess("made-up").0);
        world.play(guesser, &lines);
        world.wait(4_000);
    }
}

#[test]
fn guesses_that_cannot_be_read_count_by_the_servers_answer() {
    for tcp in [true, false] {
        let (mut world, phone) = (World::new(), Phone::new("203.0.113.7", "900"));
        let mut guesser = if tcp { phone.tcp() } else { phone };
        guess_unread(&mut world, &mut guesser, 19);
        assert_eq!(world.commands, []);
        guess_unread(&mut world, &mut guesser, 20);
        let rules = (world.banned(), world.holds().iter().map(|hold| hold.evidence.rule).collect());
        let expected = if tcp { (vec![Rule::Unread], vec![]) } else { (vec![], vec![Rule::Unread]) };
        assert_eq!(rules, expected, "over a connection: {tcp}");
    }
}

#[test]
fn a_head_longer_than_the_copy_hides_no_guess() {
    let (mut world, mut guesser) = (World::new(), Phone::new("203.0.113.7", "900"));
    for _ in 0..30 {
        let mut lines = guesser.guess("made-up").0;
        let padding = format!("X-Padding: {}\r\nCSeq: ", "x".repeat(4_096));
        lines[0].text = lines[0].text.replace("CSeq: ", &padding);
        lines[0].text.truncate(4_096);
        world.play(&guesser, &lines);
        world.wait(4_000);
    }
    assert_eq!((world.bans().len(), world.holds()[0].evidence.rule), (0, Rule::Unread));
}

#[test]
fn losses_excuse_what_was_not_read() {
    let (mut world, mut guesser) = (World::new(), Phone::new("203.0.113.7", "900").tcp());
    for _ in 0..10 {
        let clock = world.clock();
        world.engine.note_loss(clock);
        guess_unread(&mut world, &mut guesser, 10);
    }
    assert_eq!(world.commands, []);
}

#[test]
fn where_somebody_is_registered_it_is_no_evidence_that_another_is_not_read() {
    let (mut world, mut phone) = (World::new(), Phone::new("203.0.113.7", "100").tcp());
    world.register(&mut phone, 3_600);
    let mut other = Phone { sequence: 1_000, ..Phone::new("203.0.113.7", "101").tcp() };
    guess_unread(&mut world, &mut other, 100);
    assert_eq!((world.promotions().len(), world.commands.len()), (1, 1));
    let mut peer = Phone { peer: 7, ..Phone::new("198.51.100.9", "900").tcp().kind(Kind::Peer) };
    guess_unread(&mut world, &mut peer, 100);
    assert_eq!(world.commands.len(), 1, "nor of peers, whose requests are not all copied");
}

#[test]
fn an_office_that_registers_in_its_own_way_is_no_guesser() {
    let mut world = World::new();
    let mut phones: Vec<Phone> =
        (0..300).map(|n| Phone { sequence: 1_000 * n, ..Phone::new("203.0.113.7", &format!("u{n}")).tcp() }).collect();
    for _ in 0..20 {
        let mut nonces = Vec::new();
        for phone in &mut phones {
            let (lines, nonce) = phone.challenged();
            world.play(phone, &unread(lines));
            nonces.push(nonce);
        }
        world.wait(1_000);
        for (phone, nonce) in phones.iter_mut().zip(nonces) {
            let lines = unread(phone.renew(&nonce, 3_600));
            world.play(phone, &lines);
        }
        world.wait(MINUTE);
    }
    assert_eq!(world.commands, []);
}

#[test]
fn calls_that_are_left_when_challenged_are_a_spray() {
    let (mut world, mut caller) = (World::new(), Phone::new("203.0.113.7", "900"));
    for n in 0..20 {
        assert_eq!(world.commands, []);
        let to = format!("00{n}");
        let challenge = caller.challenge(&caller.nonce());
        let lines = [caller.request("INVITE", &to, ""), caller.answer(407, "INVITE", &to, &challenge), caller.ack(&to)];
        world.play(&caller, &lines);
        world.wait(1_000);
    }
    assert_eq!(world.banned(), [Rule::InviteSpray]);
}

#[test]
fn losses_on_the_way_excuse_it() {
    let (mut world, mut caller) = (World::new(), Phone::new("203.0.113.7", "900"));
    for n in 0..100 {
        let to = format!("00{n}");
        let lines = [caller.request("INVITE", &to, ""), caller.answer(407, "INVITE", &to, ""), caller.ack(&to)];
        world.play(&caller, &lines);
        let clock = world.clock();
        world.engine.note_loss(clock);
        world.wait(1_000);
    }
    assert_eq!(world.commands, []);
}

#[test]
fn a_spray_that_nobody_acknowledges_is_held() {
    let (mut world, mut caller) = (World::new(), Phone::new("203.0.113.7", "900"));
    for n in 0..60 {
        let lines = ask(&mut caller, "INVITE", &format!("00{n}"), 407);
        world.play(&caller, &lines);
        world.wait(1_000);
    }
    world.wait(MINUTE);
    assert_eq!((world.bans().len(), world.holds()[0].evidence.rule), (0, Rule::InviteSpray));
}

#[test]
fn calls_that_nobody_answers_are_a_spray_only_while_others_are_answered() {
    let spray = |answered: bool| {
        let (mut world, mut caller) = (World::new(), Phone::new("203.0.113.7", "900"));
        let mut phone = Phone::new("198.51.100.9", "100");
        for n in 0..60 {
            let invite = caller.request("INVITE", &format!("00{n}"), "");
            world.play(&caller, &[invite]);
            if answered {
                world.register(&mut phone, 3_600);
            }
            world.wait(1_000);
        }
        world.wait(MINUTE);
        (world.bans().len(), world.holds().len())
    };
    assert_eq!((spray(true), spray(false)), ((0, 1), (0, 0)));
}

#[test]
fn an_office_that_starts_leaves_no_challenge() {
    let mut world = World::new();
    let mut phones: Vec<Phone> = (0..2_000).map(|n| Phone::new("203.0.113.7", &format!("u{n}"))).collect();
    // All first requests at the same instant, before the first of them is answered with credentials.
    let nonces: Vec<String> = phones
        .iter_mut()
        .enumerate()
        .map(|(n, phone)| {
            phone.sequence = 10 * n as u32;
            let (lines, nonce) = phone.challenged();
            lines.iter().for_each(|line| world.see(phone, line));
            nonce
        })
        .collect();
    world.now += 100;
    for (phone, nonce) in phones.iter_mut().zip(nonces) {
        let lines = phone.renew(&nonce, 3_600);
        lines.iter().for_each(|line| world.see(phone, line));
    }
    assert_eq!((world.promotions().len(), world.commands.len()), (2_000, 2_000));
}
