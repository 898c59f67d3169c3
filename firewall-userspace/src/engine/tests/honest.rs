//! Honest transcripts with messages lost, doubled and out of order: nobody is banned or held.
use proptest::prelude::*;

use super::world::{Line, MINUTE, Phone, World};

/// What an honest phone does within some minutes: it registers, mistypes twice, renews on one nonce, has a nonce expire,
/// calls through a challenge, dials a wrong number, subscribes, and signs off.
fn day(phone: &mut Phone) -> Vec<Line> {
    let mut lines = phone.fail();
    lines.extend(phone.fail());
    let (challenged, nonce) = phone.challenged();
    lines.extend(challenged);
    for _ in 0..5 {
        lines.extend(phone.renew(&nonce, 60));
    }
    let (mut stale, next) = phone.guess(&nonce);
    stale[1].text = stale[1].text.replace("qop=", "stale=true, qop=");
    lines.extend(stale);
    lines.extend(phone.renew(&next, 60));
    for (to, status) in [("200", 200), ("299", 404), ("201", 200), ("202", 486), ("203", 200)] {
        lines.extend(call(phone, to, status));
    }
    for method in ["SUBSCRIBE", "PUBLISH", "MESSAGE"] {
        let challenge = phone.challenge(&phone.nonce());
        lines.extend([phone.request(method, "200", ""), phone.answer(401, method, "200", &challenge)]);
        let nonce = format!("n{}-{:x}-{:x}", phone.sequence - 1, phone.source.lo, phone.source.hi);
        let credentials = phone.credentials(&nonce);
        lines.extend([phone.request(method, "200", &credentials), phone.answer(200, method, "200", "")]);
    }
    lines.extend(phone.renew(&next, 0));
    lines
}

fn call(phone: &mut Phone, to: &str, status: u16) -> Vec<Line> {
    let invite = phone.request("INVITE", to, "");
    let nonce = phone.nonce();
    let challenge = phone.challenge(&nonce).replace("WWW-", "Proxy-");
    let mut lines = vec![invite, phone.answer(407, "INVITE", to, &challenge), phone.ack(to)];
    let credentials = format!("Proxy-Authorization: {}", phone.digest(&nonce));
    lines.extend([phone.request("INVITE", to, &credentials), phone.answer(100, "INVITE", to, "")]);
    lines.push(phone.answer(180, "INVITE", to, ""));
    lines.extend([phone.answer(status, "INVITE", to, ""), phone.ack(to)]);
    lines
}

/// What may happen to a message between the wire and the engine.
#[derive(Clone, Debug)]
struct Fate {
    lost: bool,
    copies: usize,
    /// How many places it may come late.
    late: usize,
}

fn fate() -> impl Strategy<Value = Fate> {
    (prop::bool::weighted(0.1), 1usize..3, 0usize..4).prop_map(|(lost, copies, late)| Fate { lost, copies, late })
}

fn judge(phone: &Phone, lines: Vec<Line>) -> World {
    let mut world = World::new();
    for line in lines {
        world.play(phone, &[line]);
        world.now += 200;
    }
    world.wait(MINUTE);
    world
}

fn innocent(world: &World) -> bool {
    world.bans().is_empty() && world.holds().is_empty() && world.alarms().is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn whatever_becomes_of_their_messages(fates in prop::collection::vec(fate(), 120), tcp in any::<bool>()) {
        let phone = Phone::new("198.51.100.9", "100");
        let mut phone = if tcp { phone.tcp() } else { phone };
        let lines = day(&mut phone);
        let mut order: Vec<(usize, Line)> = Vec::new();
        for (index, (line, fate)) in lines.into_iter().zip(fates.iter().cycle()).enumerate() {
            let copies = if fate.lost { 0 } else { fate.copies };
            order.extend((0..copies).map(|copy| (2 * index + fate.late * copy.max(1), line.clone())));
        }
        order.sort_by_key(|(place, _)| *place);
        let world = judge(&phone, order.into_iter().map(|(_, line)| line).collect());
        prop_assert!(innocent(&world), "{:#?}", world.commands);
    }
}

#[test]
fn whichever_single_message_is_lost() {
    for tcp in [false, true] {
        let phone = Phone::new("198.51.100.9", "100");
        let mut phone = if tcp { phone.tcp() } else { phone };
        let lines = day(&mut phone);
        for lost in 0..lines.len() {
            let mut lines = lines.clone();
            lines.remove(lost);
            let world = judge(&phone, lines);
            assert!(innocent(&world), "{lost}: {:#?}", world.commands);
        }
    }
}

#[test]
fn an_answer_may_overtake_its_request() {
    let mut phone = Phone::new("198.51.100.9", "100");
    let mut lines = phone.register(3_600);
    lines.swap(2, 3);
    assert_eq!(judge(&phone, lines).promotions().len(), 1);
    let mut guesser = Phone::new("203.0.113.7", "100");
    let mut lines: Vec<Line> = (0..5).flat_map(|_| guesser.fail()).collect();
    lines.chunks_mut(2).for_each(|pair| pair.swap(0, 1));
    assert_eq!(judge(&guesser, lines).bans().len(), 1, "a guess is one in either order");
}
