//! Signs that somebody takes over calls or accounts, and what is none.
use firewall_common::copy::Kind;
use firewall_common::reason::Reason;

use super::calls::scene::{In, Out, Scene, plain, sdes};
use super::world::{HOUR, Phone, World, addr};
use crate::engine::evidence::Rule;

const THIEF: &str = "198.51.100.66";

fn scene(more: &str) -> Scene {
    Scene::new(&format!("[calls]\nlog = true\n[signalling]\n{more}"))
}

fn rules(world: &World) -> Vec<Rule> {
    world.alarms().iter().map(|alarm| alarm.evidence.rule).collect()
}

#[test]
fn a_request_of_whoever_is_no_party_raises_an_alarm() {
    for method in ["BYE", "INVITE", "UPDATE", "REFER"] {
        let mut scene = scene("");
        scene.inbound("", "").with(THIEF).ask(In, method, 7, ("r", "o"), "");
        assert_eq!(rules(&scene.world), [Rule::ForeignRequest], "{method}");
        assert_eq!((scene.world.alarms()[0].source, scene.world.alarms()[0].peer), (addr(THIEF), 0));
    }
    let mut scene = scene("");
    scene.inbound("", "").with(THIEF).ask(In, "BYE", 7, ("x", "y"), "");
    assert_eq!(rules(&scene.world), [Rule::ForeignRequest], "whatever tags it makes up");
}

#[test]
fn a_party_and_a_stranger_whom_the_kernel_drops_raise_none() {
    let mut scene = scene("");
    scene.inbound("", "").ask(In, "INVITE", 2, ("r", "o"), "").ask(In, "BYE", 3, ("r", "o"), "");
    scene.kind = Kind::Stranger;
    scene.with(THIEF).ask(In, "BYE", 7, ("r", "o"), "");
    assert_eq!(rules(&scene.world), []);
    let mut scene = self::scene("foreign_requests = \"off\"\n");
    scene.inbound("", "").with(THIEF).ask(In, "BYE", 7, ("r", "o"), "");
    assert_eq!(rules(&scene.world), []);
}

#[test]
fn a_proxys_other_leg_is_a_party() {
    let mut scene = scene("");
    scene.ask(In, "INVITE", 1, ("r", ""), "").with("198.51.100.1").ask(Out, "INVITE", 1, ("r", ""), "");
    scene.reply(In, 200, ("INVITE", 1), ("r", "t"), "").with("203.0.113.7").reply(
        Out,
        200,
        ("INVITE", 1),
        ("r", "t"),
        "",
    );
    scene.with("198.51.100.1").ask(In, "BYE", 1, ("t", "r"), "");
    assert_eq!(rules(&scene.world), []);
}

#[test]
fn keys_in_the_clear_are_told_once_an_hour() {
    let mut scene = scene("");
    for n in 0..5 {
        scene.call = format!("call{n}");
        scene.inbound(&sdes("203.0.113.7", 4_000), &sdes("192.0.2.1", 10_000));
    }
    assert_eq!(rules(&scene.world), [Rule::PlainKeys]);
    scene.world.wait(HOUR);
    scene.call = "later".to_owned();
    scene.inbound(&sdes("203.0.113.7", 4_000), "");
    assert_eq!(rules(&scene.world).len(), 2);
    let mut scene = self::scene("");
    scene.inbound(&plain("203.0.113.7", 4_000), &plain("192.0.2.1", 10_000));
    assert_eq!(rules(&scene.world), []);
}

#[test]
fn a_contact_that_leads_elsewhere() {
    for (contact, expected) in [
        ("203.0.113.7", 0),
        ("10.0.0.9", 0),
        ("100.64.0.9", 0),
        ("phone.example.com", 0),
        ("198.51.100.66", 1),
        ("[2001:db8::9]", 1),
    ] {
        let mut scene = scene("");
        scene.headers = format!("Contact: <sip:100@{contact}:5060>\r\n");
        scene.ask(In, "INVITE", 1, ("r", ""), "");
        assert_eq!(rules(&scene.world), vec![Rule::ForeignContact; expected], "{contact}");
    }
    let mut scene = scene("");
    (scene.headers, scene.kind, scene.peer) = ("Contact: <sip:198.51.100.66>\r\n".to_owned(), Kind::Peer, 1);
    scene.ask(In, "INVITE", 1, ("r", ""), "");
    assert_eq!(rules(&scene.world), [], "a carrier's gateways are its own affair");
}

#[test]
fn an_account_that_registers_from_another_network_while_it_is_registered() {
    let run = |more: &str, second: &str, wait: u64| {
        let mut world = World::with(&format!("[calls]\nlog = true\n[signalling]\n{more}"));
        world.register(&mut Phone::new("203.0.113.7", "100"), 600);
        world.wait(wait);
        world.register(&mut Phone::new(second, "100"), 600);
        rules(&world)
    };
    let on = "moved_registrations = \"alarm\"\n";
    assert_eq!(run(on, "198.51.100.66", 0), [Rule::MovedRegistration]);
    assert_eq!(run(on, "203.0.113.9", 0), [], "the same network");
    assert_eq!(run(on, "198.51.100.66", 2 * HOUR), [], "the old one is over");
    assert_eq!(run("", "198.51.100.66", 0), [], "phones move");
}

#[test]
fn a_transfer_to_a_denied_number_is_told_and_banned_where_the_policy_says_so() {
    for (policy, bans, alarms) in [("alarm", 0, 1), ("ban", 1, 0), ("off", 0, 0)] {
        let mut scene = scene(&format!("[fraud]\ntransfers_then = \"{policy}\"\n"));
        scene.inbound("", "");
        (scene.refused, scene.reason) = (true, Reason::NumberDenied);
        scene.ask(In, "REFER", 2, ("r", "o"), "");
        assert_eq!((scene.world.bans().len(), scene.world.alarms().len()), (bans, alarms), "{policy}");
    }
    let mut scene = scene("[fraud]\ntransfers_then = \"ban\"\n");
    scene.inbound("", "");
    (scene.refused, scene.reason) = (true, Reason::NumberDenied);
    scene.with(THIEF).ask(In, "REFER", 2, ("r", "o"), "");
    assert_eq!(scene.world.bans().len(), 0, "whoever has no part in the call may be forged");
}

#[test]
fn signs_cannot_fill_the_list() {
    let mut scene = scene("");
    for n in 0..300 {
        scene.call = format!("call{n}");
        scene.with(&format!("10.1.{}.{}", n / 250, n % 250));
        scene.ask(In, "INVITE", 1, ("r", ""), &sdes("203.0.113.7", 4_000));
    }
    assert_eq!(scene.world.alarms().len(), 60);
}
