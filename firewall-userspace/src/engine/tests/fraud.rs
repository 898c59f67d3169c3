//! Calls that look like fraud, and those that do not.
use firewall_common::copy::Kind;
use firewall_common::number::Digits;
use firewall_common::reason::Reason;
use proptest::prelude::*;

use super::world::{HOUR, Line, MINUTE, Phone, World};
use crate::engine::command::{Block, Command};
use crate::engine::evidence::{Proof, Rule};
use crate::engine::input::{Direction, Flow, Seen};

const FOLLOW: &str = "[calls]\nlog = true\n[signalling]\nplain_keys = \"off\"\nforeign_contact = \"off\"\n[fraud]\n";

fn world(fraud: &str) -> World {
    World::with(&format!("{FOLLOW}{fraud}"))
}

/// A call that is challenged, let in and answered; with a nonce that our server sent, or without credentials.
fn call(world: &mut World, phone: &mut Phone, to: &str, signs: bool) {
    let mut headers = String::new();
    if signs {
        let (lines, nonce) = phone.call(to);
        world.play(phone, &lines);
        headers = phone.credentials(&nonce);
    }
    let lines = [
        phone.request("INVITE", to, &headers),
        phone.answer(180, "INVITE", to, ""),
        phone.answer(200, "INVITE", to, ""),
    ];
    world.play(phone, &lines);
}

/// The last call ends.
fn hang_up(world: &mut World, phone: &Phone, to: &str) {
    let answer = phone.answer(200, "BYE", to, "");
    let fields = answer.text.split_once("\r\n").unwrap().1.to_owned();
    let bye =
        Line { direction: Direction::In, text: format!("BYE sip:{to}@example.com SIP/2.0\r\n{fields}"), ..answer };
    world.play(phone, &[bye, phone.answer(200, "BYE", to, "")]);
}

fn rules(world: &World) -> Vec<Rule> {
    world.alarms().iter().map(|alarm| alarm.evidence.rule).collect()
}

fn blocks(world: &World) -> Vec<&Block> {
    world.commands.iter().filter_map(|it| if let Command::BlockPrefix(it) = it { Some(it) } else { None }).collect()
}

fn thief() -> Phone {
    Phone::new("203.0.113.7", "100").kind(Kind::Registrant)
}

/// So many calls abroad, each to another place, so many seconds apart.
fn campaign(world: &mut World, phone: &mut Phone, calls: u32, seconds: u64, signs: bool) {
    for n in 0..calls {
        call(world, phone, &format!("+3906{n}12345"), signs);
        world.wait(seconds * 1_000);
    }
}

#[test]
fn a_stolen_account_raises_one_alarm_for_each_limit() {
    let mut world = world("");
    campaign(&mut world, &mut thief(), 30, 1, true);
    assert_eq!(rules(&world), [Rule::FraudConcurrent, Rule::FraudCalls]);
    let evidence = &world.alarms()[0].evidence;
    assert_eq!((evidence.count, evidence.allowed, evidence.incidents[0].proof), (6, 5, Proof::Nonce));
    assert_eq!((evidence.incidents[0].account.as_str(), world.bans().len()), ("100", 0));
    let told =
        world.commands.iter().filter_map(|it| if let Command::Call(call) = it { call.decided.clone() } else { None });
    let told: Vec<String> = told.map(|decided| decided.by).collect();
    assert!(told.contains(&"fraud_concurrent".to_owned()) && told.contains(&"fraud_calls".to_owned()), "{told:?}");
}

#[test]
fn what_is_proven_can_be_banned_or_blocked_and_nothing_else_can() {
    for (policy, signs, kind, bans, blocked) in [
        ("ban", true, Kind::Registrant, 1, 0),
        ("ban", true, Kind::Stranger, 1, 0),
        ("ban", false, Kind::Registrant, 0, 0),
        ("block", true, Kind::Registrant, 0, 25),
        ("block", false, Kind::Registrant, 0, 0),
        ("ban", true, Kind::Peer, 0, 0),
        ("block", true, Kind::Peer, 0, 0),
        ("ban", true, Kind::Allowed, 0, 0),
        ("off", true, Kind::Registrant, 0, 0),
    ] {
        let mut world = world(&format!("concurrent_then = \"{policy}\"\ncalls = \"none\"\n"));
        let mut phone = thief().kind(kind);
        // Without credentials only the source counts, which has more.
        campaign(&mut world, &mut phone, if signs { 30 } else { 80 }, 1, signs);
        let banned = world.banned();
        assert!(banned.iter().all(|rule| *rule == Rule::FraudConcurrent));
        assert!(banned.len() >= bans && (bans > 0 || banned.is_empty()), "{policy} {kind:?}: {banned:?}");
        assert_eq!(blocks(&world).len(), blocked, "{policy} {kind:?}");
        assert_eq!(world.alarms().is_empty(), bans > 0 || policy == "off", "{policy} {kind:?}");
    }
}

#[test]
fn a_block_is_of_the_called_prefix_for_a_time() {
    let mut world = world("concurrent = 1\nconcurrent_then = \"block\"\nblock_for = \"10min\"\n");
    campaign(&mut world, &mut thief(), 2, 1, true);
    let block = blocks(&world)[0];
    assert_eq!(block.prefix.digits, Digits::parse("3906").unwrap());
    assert!(block.until > world.clock().wall_ms && block.until <= world.clock().wall_ms + 10 * MINUTE as i64);
}

#[test]
fn numbers_in_a_row_and_a_long_day() {
    let mut world = world("concurrent = 0\ncalls = \"none\"\n");
    let mut phone = thief();
    for n in 0..5 {
        call(&mut world, &mut phone, &format!("+252812300{n}"), true);
    }
    assert_eq!(rules(&world), [Rule::FraudSequence]);
    world.wait(4 * HOUR);
    call(&mut world, &mut phone, "+4420123", true);
    assert_eq!(rules(&world), [Rule::FraudSequence, Rule::FraudMinutes]);
}

#[test]
fn a_night_shift_calls_where_no_night_is_configured() {
    let quiet = "concurrent = 0\ncalls = \"none\"\n";
    for (night, expected) in [("none", vec![]), ("00:00-23:59", vec![Rule::FraudNight])] {
        let mut world = world(&format!("{quiet}night = \"{night}\"\n"));
        campaign(&mut world, &mut thief(), 3, 60, true);
        assert_eq!(rules(&world), expected);
    }
}

#[test]
fn a_call_centre_that_calls_its_own_country_is_none() {
    let mut world = world("");
    let mut phone = thief();
    for n in 0..200 {
        let to = format!("0301234{n:03}");
        call(&mut world, &mut phone, &to, true);
        world.now += 100;
    }
    assert_eq!(rules(&world), []);
    let mut world = self::world("counts = \"all\"\n");
    campaign(&mut world, &mut phone, 7, 1, true);
    assert_eq!(rules(&world), [Rule::FraudConcurrent]);
}

#[test]
fn an_office_that_calls_abroad_is_none() {
    let mut world = world("");
    for n in 0..45 {
        let mut phone = Phone::new("203.0.113.7", &format!("{}", 100 + n)).kind(Kind::Registrant);
        phone.sequence = 1_000 * n;
        call(&mut world, &mut phone, &format!("+33{}{n:02}55{n:03}", n % 9), true);
        world.wait(2_000);
    }
    assert_eq!(rules(&world), []);
}

#[test]
fn calls_one_after_the_other_are_not_at_once() {
    let mut world = world("");
    let mut phone = thief();
    for n in 0..30 {
        let to = format!("+3906{n}12345");
        call(&mut world, &mut phone, &to, true);
        world.wait(20_000);
        hang_up(&mut world, &phone, &to);
    }
    assert_eq!(rules(&world), []);
}

#[test]
fn an_answer_that_comes_twice_is_one_call() {
    let mut world = world("concurrent = 1\n");
    let mut phone = thief();
    call(&mut world, &mut phone, "+390612345", true);
    for _ in 0..5 {
        let again = phone.answer(200, "INVITE", "+390612345", "");
        world.play(&phone, &[again]);
    }
    assert_eq!(rules(&world), []);
}

#[test]
fn counters_have_a_bound() {
    let mut world = World::with(&format!("{FOLLOW}[tracking]\nmeters = 1024\ncalls = 1024\n"));
    for n in 0..3_000u32 {
        let source = format!("10.{}.{}.7", n >> 8, n & 255);
        let mut phone = Phone::new(&source, &format!("u{n}")).kind(Kind::Registrant);
        call(&mut world, &mut phone, "+390612345", true);
    }
    let memory = world.engine.memory();
    let fraud = memory.iter().find(|(name, _)| *name == "fraud").unwrap().1;
    assert!(fraud < 512 << 10, "{fraud}");
}

/// The kernel drops a call for its code.
fn coded(world: &mut World, phone: &mut Phone, to: &str, headers: &str) {
    let line = phone.request("INVITE", to, headers);
    refused(world, phone, &line);
}

fn refused(world: &mut World, phone: &Phone, line: &Line) {
    let clock = world.clock();
    let flow = Flow {
        direction: Direction::In,
        remote: line.remote,
        remote_port: 5_060,
        local: super::world::addr("192.0.2.1"),
        local_port: 5_060,
        via: phone.via,
        kind: phone.kind,
        peer: phone.peer,
    };
    let refused = Some(Reason::CallCode);
    let seen = Seen { time: clock.mono_ns, flow, bytes: line.text.as_bytes(), truncated: false, refused };
    world.engine.handle(seen, clock, &mut world.commands);
    world.now += 1_000;
}

#[test]
fn wrong_codes_are_failures_and_only_proof_bans() {
    let mut world = world("");
    let mut stranger = Phone::new("203.0.113.7", "100");
    for _ in 0..6 {
        let (lines, nonce) = stranger.challenged();
        world.play(&stranger, &lines);
        let headers = stranger.credentials(&nonce);
        coded(&mut world, &mut stranger, "*123456*+390612345", &headers);
    }
    assert_eq!(world.banned(), [Rule::Failures]);
    let mut world = self::world("");
    (0..6).for_each(|_| coded(&mut world, &mut stranger, "*123456*+390612345", ""));
    assert_eq!((world.bans().len(), world.holds().len()), (0, 1), "what may be forged holds at most");
    let mut world = self::world("");
    let mut registrant = thief();
    (0..20).for_each(|_| coded(&mut world, &mut registrant, "*123456*+390612345", ""));
    assert_eq!((world.bans().len(), world.holds().len(), rules(&world)), (0, 0, vec![Rule::CallCodes]));
}

#[test]
fn a_call_without_a_code_guesses_none_and_a_retransmission_guesses_once() {
    let mut world = world("");
    let mut phone = Phone::new("203.0.113.7", "100");
    (0..20).for_each(|_| coded(&mut world, &mut phone, "+390612345", ""));
    (0..20).for_each(|_| coded(&mut world, &mut phone, "*12*+390612345", ""));
    let once = phone.request("INVITE", "*123456*+390612345", "");
    (0..20).for_each(|_| refused(&mut world, &phone, &once));
    assert!(world.holds().is_empty() && world.bans().is_empty() && world.alarms().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_peer_is_never_banned_nor_blocked(
        steps in proptest::collection::vec((0u8..4, 0u32..40, any::<bool>(), 0u64..5_000), 1..120),
    ) {
        let all = ["concurrent", "calls", "minutes", "sequence", "new_country", "night", "transfers"];
        let policies: String = all.iter().map(|rule| format!("{rule}_then = \"ban\"\n")).collect();
        let mut world = world(&format!("{policies}concurrent = 1\ncalls = \"2/1min\"\nsequence = \"2/1min\"\nsource_multiple = 1\n"));
        let mut peers = [thief().kind(Kind::Peer), thief().kind(Kind::Allowed).tcp()];
        peers[0].peer = 1;
        for (what, n, signs, wait) in steps {
            let phone = &mut peers[usize::from(n % 2 == 1)];
            let to = format!("+39061234{n:02}");
            match what {
                0 | 1 => call(&mut world, phone, &to, signs),
                2 => hang_up(&mut world, phone, &to),
                _ => coded(&mut world, phone, "*123456*+39", ""),
            }
            world.wait(wait);
        }
        prop_assert!(world.bans().is_empty() && world.holds().is_empty() && blocks(&world).is_empty());
    }
}
