//! What PBXs tell counts by the same rules.
use firewall_common::copy::Kind;

use super::world::{Phone, World, addr};
use crate::engine::evidence::{Proof, Rule};
use crate::engine::input::{FeedEvent, FeedWhat, Standing};

fn event(what: FeedWhat, source: &str, account: &str, connected: bool) -> FeedEvent {
    FeedEvent {
        what,
        source: source.parse().unwrap(),
        account: Some(account.to_owned()),
        nonce: None,
        connected,
        method: Some("REGISTER".to_owned()),
        user_agent: None,
        feed: "asterisk".to_owned(),
    }
}

fn tell(world: &mut World, event: &FeedEvent, standing: Standing, times: usize) {
    for _ in 0..times {
        let clock = world.clock();
        world.engine.feed(event, standing, clock, &mut world.commands);
        world.now += 100;
    }
}

#[test]
fn failures_over_connections_ban() {
    let mut world = World::new();
    let failure = event(FeedWhat::AuthFailure, "203.0.113.7", "100", true);
    tell(&mut world, &failure, Standing::STRANGER, 4);
    assert_eq!(world.commands, []);
    tell(&mut world, &failure, Standing::STRANGER, 1);
    assert_eq!((world.banned(), world.bans()[0].source), (vec![Rule::Failures], addr("203.0.113.7")));
    let incident = &world.bans()[0].evidence.incidents[0];
    assert_eq!((&*incident.via, incident.proof, incident.status), ("asterisk", Proof::Connection, 0));
}

#[test]
fn failures_that_nothing_proves_hold() {
    let mut world = World::new();
    tell(&mut world, &event(FeedWhat::AuthFailure, "203.0.113.7", "100", false), Standing::STRANGER, 500);
    assert_eq!((world.bans().len(), world.holds().len()), (0, 1));
}

#[test]
fn a_nonce_in_the_ledger_proves_a_feeds_failure_too() {
    let (mut world, mut phone) = (World::new(), Phone::new("203.0.113.7", "100"));
    let (lines, nonce) = phone.challenged();
    world.play(&phone, &lines);
    let told = FeedEvent { nonce: Some(nonce), ..event(FeedWhat::AuthFailure, "203.0.113.7", "100", false) };
    tell(&mut world, &told, Standing::STRANGER, 5);
    assert_eq!(world.banned(), [Rule::Failures]);
}

#[test]
fn what_the_wire_tells_too_counts_once() {
    let (mut world, mut guesser) = (World::new(), Phone::new("203.0.113.7", "100"));
    let told = event(FeedWhat::AuthFailure, "203.0.113.7", "100", false);
    tell(&mut world, &event(FeedWhat::AuthFailure, "192.0.2.99", "1", false), Standing::STRANGER, 1);
    for _ in 0..4 {
        world.fail(&mut guesser, 1);
        tell(&mut world, &told, Standing::STRANGER, 1);
    }
    assert_eq!(world.commands, []);
    tell(&mut world, &told, Standing::STRANGER, 1);
    world.fail(&mut guesser, 1);
    assert_eq!(world.banned(), [Rule::Failures], "told first by the feed, and without proof");
}

#[test]
fn unknown_accounts_are_a_scan() {
    let mut world = World::new();
    for n in 0..10 {
        assert_eq!(world.commands, []);
        let told = event(FeedWhat::UnknownAccount, "203.0.113.7", &format!("{n}"), true);
        tell(&mut world, &told, Standing::STRANGER, 3);
    }
    assert_eq!(world.banned(), [Rule::Scanning]);
}

#[test]
fn a_success_clears_and_trusts() {
    let mut world = World::new();
    let (failure, success) = (FeedWhat::AuthFailure, FeedWhat::AuthSuccess);
    tell(&mut world, &event(failure, "203.0.113.7", "100", true), Standing::STRANGER, 4);
    tell(&mut world, &event(success, "203.0.113.7", "100", true), Standing::STRANGER, 1);
    tell(&mut world, &event(failure, "203.0.113.7", "100", true), Standing::STRANGER, 4);
    assert_eq!((world.bans().len(), world.promotions().len()), (0, 1));
    tell(&mut world, &event(success, "203.0.113.8", "100", false), Standing::STRANGER, 1);
    assert_eq!(world.promotions().len(), 1, "nothing proves the address");
}

#[test]
fn peers_are_peers() {
    let mut world = World::new();
    let peer = Standing { kind: Kind::Peer, peer: 2 };
    tell(&mut world, &event(FeedWhat::AuthFailure, "203.0.113.7", "100", true), peer, 50);
    tell(&mut world, &event(FeedWhat::AuthSuccess, "203.0.113.7", "100", true), peer, 1);
    assert_eq!((world.commands.len(), world.alarms()[0].peer), (1, 2));
}

#[test]
fn ten_thousand_names_of_feeds_are_no_trouble() {
    let mut world = World::new();
    for n in 0..10_000 {
        let told = FeedEvent { feed: format!("f{n}"), ..event(FeedWhat::Malformed, "203.0.113.7", "", false) };
        tell(&mut world, &told, Standing::STRANGER, 1);
    }
    assert!(world.engine.ways.len() <= 256);
}
