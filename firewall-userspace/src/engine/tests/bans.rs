//! Failures and the ladder.
use super::world::{DAY, HOUR, MINUTE, Phone, START, World, addr};
use crate::engine::evidence::{Proof, Rule};
use crate::engine::saved::State;

#[test]
fn five_failures_in_ten_minutes_ban_and_four_do_not() {
    let (mut world, mut guesser) = (World::new(), Phone::new("203.0.113.7", "100"));
    world.fail(&mut guesser, 4);
    assert_eq!(world.commands, []);
    world.fail(&mut guesser, 1);
    let [ban] = world.bans()[..] else { panic!("{:?}", world.commands) };
    assert_eq!((ban.source, ban.step, ban.evidence.rule), (addr("203.0.113.7"), 1, Rule::Failures));
    assert_eq!((ban.evidence.count, ban.evidence.allowed, ban.evidence.within), (5, 4, 600));
    let decided = START + world.now as i64 - 1_001;
    assert_eq!((ban.until, ban.evidence.next_seconds), (decided + 600_000, 3_600));
    let last = ban.evidence.incidents.last().unwrap();
    assert_eq!((ban.evidence.incidents.len(), last.status, last.proof, last.time), (5, 401, Proof::Nonce, decided));
    assert_eq!((&*last.account, &*last.method, &*last.user_agent, &*last.via), ("100", "REGISTER", "Phone/1.0", "udp"));
    assert_eq!(world.commands.len(), 1, "nobody was registered there, so nobody is demoted");
}

#[test]
fn guesses_on_one_nonce_count_each() {
    let (mut world, mut guesser) = (World::new(), Phone::new("203.0.113.7", "100"));
    let (lines, nonce) = guesser.challenged();
    world.play(&guesser, &lines);
    for _ in 0..5 {
        assert_eq!(world.commands, []);
        let lines = guesser.guess(&nonce).0;
        world.play(&guesser, &lines);
    }
    assert_eq!(world.banned(), [Rule::Failures]);
}

#[test]
fn guesses_in_one_transaction_count_each() {
    let (mut world, mut guesser) = (World::new(), Phone::new("203.0.113.7", "100"));
    let (lines, nonce) = guesser.challenged();
    world.play(&guesser, &lines);
    let [request, answer] = &guesser.guess(&nonce).0[..] else { unreachable!() };
    for n in 0..5 {
        let mut other = request.clone();
        other.text = other.text.replace("response=\"000", &format!("response=\"a{n}0"));
        world.play(&guesser, &[other]);
    }
    world.play(&guesser, &vec![answer.clone(); 4]);
    assert_eq!(world.commands, []);
    world.play(&guesser, std::slice::from_ref(answer));
    assert_eq!(world.banned(), [Rule::Failures]);
}

#[test]
fn failures_spread_over_more_than_ten_minutes_are_not_five() {
    let (mut world, mut guesser) = (World::new(), Phone::new("203.0.113.7", "100"));
    for _ in 0..12 {
        world.fail(&mut guesser, 1);
        world.wait(3 * MINUTE);
    }
    assert_eq!(world.bans().len(), 0);
}

#[test]
fn slow_guessing_is_noticed_after_twenty_in_a_day() {
    let (mut world, mut guesser) = (World::new(), Phone::new("203.0.113.7", "100"));
    for _ in 0..19 {
        world.fail(&mut guesser, 1);
        world.wait(HOUR);
    }
    assert_eq!(world.commands, []);
    world.fail(&mut guesser, 1);
    assert_eq!(world.banned(), [Rule::SlowFailures]);
    assert_eq!((world.bans()[0].evidence.count, world.bans()[0].evidence.within), (20, 86_400));
}

#[test]
fn slower_than_that_is_not() {
    let (mut world, mut guesser) = (World::new(), Phone::new("203.0.113.7", "100"));
    for _ in 0..100 {
        world.fail(&mut guesser, 1);
        world.wait(80 * MINUTE);
    }
    assert_eq!(world.commands, []);
}

#[test]
fn retransmissions_count_once() {
    let (mut world, mut guesser) = (World::new(), Phone::new("203.0.113.7", "100"));
    for _ in 0..4 {
        for line in guesser.fail() {
            world.play(&guesser, &vec![line; 7]);
        }
    }
    assert_eq!(world.commands, []);
}

#[test]
fn stale_nonces_and_first_challenges_are_no_failures() {
    let (mut world, mut phone) = (World::new(), Phone::new("203.0.113.7", "100"));
    let (lines, mut nonce) = phone.challenged();
    world.play(&phone, &lines);
    for _ in 0..50 {
        let (mut lines, next) = phone.guess(&nonce);
        lines[1].text = lines[1].text.replace("qop=", "stale=true, qop=");
        world.play(&phone, &lines);
        nonce = next;
    }
    assert_eq!(world.commands, []);
    assert_eq!(world.engine.counts().proven, 0);
}

#[test]
fn credentials_for_another_realm_or_a_proxy_are_no_failures() {
    let (mut world, mut phone) = (World::new(), Phone::new("203.0.113.7", "100"));
    for _ in 0..20 {
        let (lines, nonce) = phone.challenged();
        world.play(&phone, &lines);
        let mut lines = phone.guess(&nonce).0;
        let other = if phone.sequence % 4 == 0 { "realm=\"elsewhere\"" } else { "realm=\"example.com\"" };
        lines[1].text = lines[1].text.replace("realm=\"example.com\"", other);
        if !other.contains("elsewhere") {
            lines[1].text = lines[1].text.replace("401 X", "407 X").replace("WWW-", "Proxy-");
        }
        world.play(&phone, &lines);
    }
    assert_eq!(world.commands, []);
}

#[test]
fn forbidden_and_not_found_after_credentials_are_failures() {
    for status in ["403", "404"] {
        let (mut world, mut guesser) = (World::new(), Phone::new("203.0.113.7", "100"));
        for _ in 0..5 {
            assert_eq!(world.commands, []);
            let mut lines = guesser.fail();
            lines[3].text = lines[3].text.replace("SIP/2.0 401", &format!("SIP/2.0 {status}"));
            world.play(&guesser, &lines);
        }
        assert_eq!(world.banned(), [Rule::Failures], "{status}");
    }
}

#[test]
fn two_algorithms_are_one_challenge() {
    // RFC 8760 §2.3: a challenge for each algorithm, each with its own nonce.
    let (mut world, mut guesser) = (World::new(), Phone::new("203.0.113.7", "100"));
    for n in 0..5 {
        assert_eq!(world.commands, []);
        let (mut lines, nonce) = guesser.challenged();
        let sha = format!("{nonce}-sha");
        let second = guesser.challenge(&sha).replace("MD5", "SHA-256");
        lines[1].text = lines[1].text.replace("WWW-Auth", &format!("{second}WWW-Auth"));
        world.play(&guesser, &lines);
        let mut lines = guesser.guess(if n % 2 == 0 { &sha } else { &nonce }).0;
        lines[0].text = lines[0].text.replace("MD5", "SHA-256").replace("qop=auth", "qop=auth-int");
        world.play(&guesser, &lines);
    }
    assert_eq!(world.banned(), [Rule::Failures]);
}

#[test]
fn bans_escalate_and_decay() {
    let (mut world, mut guesser) = (World::new(), Phone::new("203.0.113.7", "100"));
    let mut offend = |world: &mut World| {
        let before = world.bans().len();
        while world.bans().len() == before {
            world.fail(&mut guesser, 1);
        }
        let ban = world.bans().pop().unwrap();
        (ban.step, (ban.until - START - world.now as i64 + 1_001) / 60_000)
    };
    for (step, minutes) in [(1, 10), (2, 60), (3, 1_440), (4, 10_080), (4, 10_080)] {
        assert_eq!(offend(&mut world), (step, minutes));
        world.wait(minutes as u64 * MINUTE + 2_000);
    }
    world.wait(8 * DAY);
    assert_eq!(offend(&mut world).0, 4, "down to three, and up again");
    world.wait(7 * DAY + 29 * DAY);
    assert_eq!(offend(&mut world).0, 1);
}

#[test]
fn while_it_is_banned_nothing_more_is_held_against_it() {
    let (mut world, mut guesser) = (World::new(), Phone::new("203.0.113.7", "100"));
    world.fail(&mut guesser, 100);
    assert_eq!(world.bans().len(), 1, "what was under way");
}

#[test]
fn a_lifted_ban_begins_anew_and_counts_no_step() {
    let (mut world, mut guesser) = (World::new(), Phone::new("203.0.113.7", "100"));
    world.fail(&mut guesser, 5);
    let clock = world.clock();
    world.engine.lifted(&[addr("203.0.113.7")], clock);
    world.fail(&mut guesser, 4);
    assert_eq!(world.bans().len(), 1);
    world.fail(&mut guesser, 1);
    assert_eq!(world.bans().last().unwrap().step, 1);
}

#[test]
fn what_accounts_failed_at_a_lifted_source_is_forgotten_there_and_nowhere_else() {
    let mut world = World::new();
    let mut phones = ["203.0.113.7", "203.0.113.8"].map(|source| Phone::new(source, "100"));
    phones.iter_mut().for_each(|phone| world.fail(phone, 3));
    let failures = |world: &mut World| {
        let (mut kept, clock) = (Vec::new(), world.clock());
        world.engine.export(clock, |record| {
            if let State::Pair(pair) = &record.state {
                kept.push((pair.failures[0].count, record.ends > clock.wall_ms));
            }
        });
        kept
    };
    assert_eq!(failures(&mut world), [(3, true), (3, true)]);
    let clock = world.clock();
    world.engine.lifted(&[addr("203.0.113.7")], clock);
    assert_eq!(failures(&mut world), [(0, false)], "the other is as it was");
}

#[test]
fn a_success_clears_the_score() {
    let (mut world, mut phone) = (World::new(), Phone::new("203.0.113.7", "100"));
    for _ in 0..10 {
        world.fail(&mut phone, 4);
        world.register(&mut phone, 60);
        world.wait(2 * MINUTE);
    }
    assert_eq!((world.bans().len(), world.holds().len()), (0, 0));
}

#[test]
fn an_ipv6_network_is_one_source() {
    let mut world = World::new();
    for host in 1..=5 {
        assert_eq!(world.commands, []);
        world.fail(&mut Phone::new(&format!("2001:db8:1:2::{host}"), &format!("10{host}")), 1);
    }
    assert_eq!(world.bans()[0].source, addr("2001:db8:1:2::"));
    let mut narrow = World::with("strangers.v6_prefix = 128");
    (1..=5).for_each(|host| narrow.fail(&mut Phone::new(&format!("2001:db8:1:2::{host}"), "100"), 1));
    assert_eq!(narrow.bans().len(), 0);
}

#[test]
fn rules_can_be_changed_and_turned_off() {
    let mut world = World::with("[bans]\nfailures = \"2/1min\"\nladder = [\"30s\"]");
    let mut guesser = Phone::new("203.0.113.7", "100");
    world.fail(&mut guesser, 2);
    assert_eq!((world.bans()[0].step, world.bans()[0].evidence.next_seconds), (1, 30));
    let mut off = World::with("[bans]\nfailures = \"none\"\nslow_failures = \"none\"");
    off.fail(&mut guesser, 500);
    assert_eq!(off.commands, []);
}
