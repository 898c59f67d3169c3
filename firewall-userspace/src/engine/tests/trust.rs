//! Registrations.
use super::world::{DAY, HOUR, Line, MINUTE, Phone, START, World, addr};
use crate::engine::input::Direction;

const GRACE: i64 = 60_000;

fn ended(world: &World) -> Vec<(Option<String>, i64)> {
    world.demotions().iter().map(|it| (it.account.clone(), it.until - START)).collect()
}

#[test]
fn an_accepted_register_makes_a_registrant_until_its_end() {
    let (mut world, mut phone) = (World::new(), Phone::new("198.51.100.9", "100"));
    world.register(&mut phone, 3_600);
    let [promote] = world.promotions()[..] else { panic!("{:?}", world.commands) };
    let until = START + 3_600_000 + GRACE;
    assert_eq!((promote.source, &*promote.account), (addr("198.51.100.9"), "100"));
    assert!((until..until + 10).contains(&promote.until), "{}", promote.until - until);
    assert_eq!((promote.trusted_until, promote.known_until), (promote.until, promote.until + 7 * DAY as i64));
}

#[test]
fn without_a_nonce_of_ours_nobody_is_promoted() {
    let (mut world, mut phone) = (World::new(), Phone::new("198.51.100.9", "100"));
    let lines = phone.renew("made-up", 3_600);
    world.play(&phone, &lines);
    let user = phone.user.clone();
    let lines =
        [phone.request("REGISTER", &user, &phone.contact()), phone.answer(200, "REGISTER", &user, &phone.contact())];
    world.play(&phone, &lines);
    assert_eq!(world.commands, [], "neither with a foreign nonce nor without credentials");
    let mut connected = Phone::new("198.51.100.10", "100").tcp();
    let lines = connected.renew("made-up", 3_600);
    world.play(&connected, &lines);
    assert_eq!(world.promotions().len(), 1, "a connection is its source's own");
}

#[test]
fn a_nonce_serves_for_hours_and_its_successor_too() {
    let (mut world, mut phone) = (World::new(), Phone::new("198.51.100.9", "100"));
    let (lines, nonce) = phone.challenged();
    world.play(&phone, &lines);
    for _ in 0..20 {
        let lines = phone.renew(&nonce, 1_200);
        world.play(&phone, &lines);
        world.wait(HOUR);
    }
    assert_eq!(world.promotions().len(), 20, "also long after each registration had ended");
    let mut lines = phone.renew(&nonce, 60);
    lines[1].text = lines[1].text.replace("Contact:", "Authentication-Info: nextnonce=\"next\"\r\nContact:");
    world.play(&phone, &lines);
    world.wait(10 * MINUTE);
    let lines = phone.renew("next", 60);
    world.play(&phone, &lines);
    assert_eq!(world.promotions().len(), 22);
}

#[test]
fn a_registrant_renews_even_when_the_ledger_is_lost() {
    let (mut world, mut phone) = (World::new(), Phone::new("198.51.100.9", "100"));
    world.register(&mut phone, 3_600);
    let lines = phone.renew("before-the-restart", 3_600);
    world.play(&phone, &lines);
    assert_eq!(world.promotions().len(), 2);
}

#[test]
fn what_is_granted_counts_and_not_what_is_asked_for() {
    let granted = |asked: u32, headers: &str| {
        let (mut world, mut phone) = (World::new(), Phone::new("198.51.100.9", "100"));
        let (lines, nonce) = phone.challenged();
        world.play(&phone, &lines);
        let mut lines = phone.renew(&nonce, asked);
        let own = format!("Contact: <sip:100@10.0.0.9:5060>;expires={asked}\r\n");
        lines[1].text = lines[1].text.replace(&own, headers);
        world.play(&phone, &lines);
        let promote = world.promotions()[0].until - START - GRACE;
        promote / 1_000
    };
    assert_eq!(granted(3_600, "Contact: <sip:100@10.0.0.7>;expires=5, <sip:100@10.0.0.9:5060>;expires=90\r\n"), 90);
    assert_eq!(granted(3_600, "Contact: <sip:100@10.0.0.9:5060>\r\nExpires: 80\r\n"), 80);
    assert_eq!(granted(3_600, "Contact: <sip:a@x>;expires=70, <sip:b@x>;expires=50\r\n"), 50);
    assert_eq!(granted(3_600, ""), 3_600);
    assert_eq!(granted(600_000, "Contact: <sip:100@10.0.0.9:5060>;expires=600000\r\n"), 86_400, "trust.longest");
}

#[test]
fn trust_ends_with_the_last_registration_of_a_source() {
    let mut world = World::new();
    let (mut first, mut second) = (Phone::new("198.51.100.9", "100"), Phone::new("198.51.100.9", "200"));
    second.sequence = 500;
    world.register(&mut first, 3_600);
    world.register(&mut second, 600);
    let [_, promote] = world.promotions()[..] else { panic!() };
    assert!(promote.until < promote.trusted_until, "the first one's is longer");
    for phone in [&mut first, &mut second] {
        let (lines, nonce) = phone.challenged();
        world.play(phone, &lines);
        let lines = phone.renew(&nonce, 0);
        world.play(phone, &lines);
    }
    let ended = ended(&world);
    assert_eq!((ended[0].0.as_deref(), ended[1].0.as_deref()), (Some("100"), Some("200")));
    assert!((600_000 + GRACE..610_000 + GRACE).contains(&ended[0].1), "{}", ended[0].1);
    assert!(ended[1].1 < 1_000, "now");
}

#[test]
fn all_contacts_of_an_account_go_with_a_star() {
    let (mut world, mut phone) = (World::new(), Phone::new("198.51.100.9", "100"));
    let (lines, nonce) = phone.challenged();
    world.play(&phone, &lines);
    for port in [5_060, 5_062] {
        let lines: Vec<Line> = phone.renew(&nonce, 3_600).into_iter().map(|line| moved(line, port)).collect();
        world.play(&phone, &lines);
    }
    let user = phone.user.clone();
    let mut lines = phone.renew(&nonce, 0);
    lines[0] = moved(lines[0].clone(), 5_062);
    world.play(&phone, &lines);
    assert_eq!(ended(&world), [], "the other contact stays");
    let credentials = phone.credentials(&nonce);
    let star = phone.request("REGISTER", &user, &format!("Contact: *\r\nExpires: 0\r\n{credentials}"));
    world.play(&phone, &[star, phone.answer(200, "REGISTER", &user, "")]);
    assert_eq!(ended(&world).len(), 1);
}

fn moved(line: Line, port: u16) -> Line {
    Line { text: line.text.replace("10.0.0.9:5060", &format!("10.0.0.9:{port}")), ..line }
}

#[test]
fn a_ban_ends_trust_and_no_answer_under_way_brings_it_back() {
    let (mut world, mut phone) = (World::new(), Phone::new("198.51.100.9", "100"));
    world.register(&mut phone, 3_600);
    for n in 0..10 {
        let mut victim = Phone::new("198.51.100.9", &format!("v{n}"));
        victim.sequence = 1_000 * (n + 1);
        world.fail(&mut victim, 1);
    }
    assert_eq!(ended(&world).len(), 1);
    let before = world.promotions().len();
    world.register(&mut phone, 3_600);
    assert_eq!(world.promotions().len(), before);
}

#[test]
fn an_account_has_a_bounded_number_of_sources() {
    let mut world = World::with("[trust]\nsources_per_account = 3");
    for n in 1..=4 {
        world.register(&mut Phone::new(&format!("198.51.100.{n}"), "100"), 3_600);
        world.wait(1_000);
    }
    let [demote] = world.demotions()[..] else { panic!("{:?}", world.commands) };
    assert_eq!((demote.source, &demote.account), (addr("198.51.100.1"), &None));
}

#[test]
fn our_own_requests_and_their_answers_are_nobodys() {
    let (mut world, mut carrier) = (World::new(), Phone::new("198.51.100.9", "100"));
    for _ in 0..50 {
        let mut lines = carrier.fail();
        for line in &mut lines {
            line.direction = if line.direction == Direction::In { Direction::Out } else { Direction::In };
        }
        world.play(&carrier, &lines);
    }
    assert_eq!((world.commands.len(), world.engine.counts().requests), (0, 0));
}

#[test]
fn a_forked_call_and_its_retransmissions_are_one_success() {
    let (mut world, mut phone) = (World::new(), Phone::new("198.51.100.9", "100"));
    let (lines, nonce) = phone.call("200");
    world.play(&phone, &lines);
    world.fail(&mut phone, 3);
    let credentials = phone.credentials(&nonce);
    let invite = phone.request("INVITE", "200", &credentials);
    world.play(&phone, &[invite.clone(), phone.answer(100, "INVITE", "200", ""), invite]);
    for (branch, status) in [(1, 180), (2, 183), (3, 180), (3, 200), (2, 200), (3, 200), (1, 487)] {
        let mut answer = phone.answer(status, "INVITE", "200", "");
        answer.text = answer.text.replacen(
            "To: <sip:200@example.com>;tag=",
            &format!("To: <sip:200@example.com>;tag={branch}"),
            1,
        );
        world.play(&phone, &[answer]);
    }
    world.fail(&mut phone, 4);
    assert_eq!(world.commands, []);
}
