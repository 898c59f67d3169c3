//! Who is party to a call, as the kernel is told.
use std::net::IpAddr;

use firewall_common::addr::Addr;
use firewall_common::copy::Kind;
use firewall_common::dialog;
use firewall_common::limiter::HashKey;

use super::super::world::{HOUR, MINUTE, START, addr};
use super::scene::{In, Out, PHONE, Scene};
use crate::engine::command::{Command, Dialog};

const KERNEL: HashKey = HashKey([3, 4]);
const TRUNK: &str = "198.51.100.1";
const THIEF: &str = "198.51.100.66";

fn scene() -> Scene {
    let mut scene = Scene::new("[calls]\nlog = true\n");
    scene.world.engine.set_refusal_key(KERNEL);
    scene
}

fn told(scene: &Scene) -> Vec<&Dialog> {
    scene.world.commands.iter().filter_map(|it| if let Command::Dialog(it) = it { Some(it) } else { None }).collect()
}

/// The parties that were told last.
fn parties(scene: &Scene) -> Vec<IpAddr> {
    told(scene).last().map(|dialog| dialog.parties.iter().copied().map(IpAddr::from).collect()).unwrap_or_default()
}

fn ips(all: &[&str]) -> Vec<IpAddr> {
    all.iter().map(|ip| ip.parse().unwrap()).collect()
}

#[test]
fn a_call_has_its_two_parties_until_it_ends() {
    let mut scene = scene();
    scene.ask(In, "INVITE", 1, ("r", ""), "");
    assert_eq!(parties(&scene), ips(&[PHONE]));
    assert_eq!(told(&scene)[0].call, dialog::hash(b"a84b4c76e66710", KERNEL));
    scene.with(TRUNK).ask(Out, "INVITE", 1, ("r", ""), "").reply(In, 200, ("INVITE", 1), ("r", "t"), "");
    assert_eq!(parties(&scene), ips(&[PHONE, TRUNK]));
    scene.with(PHONE).reply(Out, 200, ("INVITE", 1), ("r", "t"), "");
    let before = told(&scene).len();
    scene.ask(In, "BYE", 2, ("r", "t"), "").with(TRUNK).ask(Out, "BYE", 2, ("r", "t"), "");
    assert_eq!(told(&scene).len(), before, "only what changes is told");
    scene.reply(In, 200, ("BYE", 2), ("r", "t"), "").with(PHONE).reply(Out, 200, ("BYE", 2), ("r", "t"), "");
    assert_eq!(parties(&scene), ips(&[]));
}

#[test]
fn an_attempt_of_a_strangers_is_nobodys_dialog() {
    let mut scene = scene();
    scene.kind = Kind::Stranger;
    scene.ask(In, "INVITE", 1, ("r", ""), "").reply(Out, 401, ("INVITE", 1), ("r", "o"), "");
    assert!(told(&scene).is_empty());
    scene.ask(In, "INVITE", 2, ("r", ""), "").reply(Out, 180, ("INVITE", 2), ("r", "o"), "");
    assert_eq!(parties(&scene), ips(&[PHONE]));
}

#[test]
fn nobody_becomes_a_party_by_an_invite_with_the_same_call_id() {
    let mut scene = scene();
    scene.inbound("", "");
    scene.kind = Kind::Stranger;
    scene.with(THIEF).ask(In, "INVITE", 1, ("x", ""), "").reply(Out, 401, ("INVITE", 1), ("x", "y"), "");
    scene.ask(In, "BYE", 2, ("r", "o"), "").ask(In, "INVITE", 3, ("r", "o"), "");
    assert_eq!(parties(&scene), ips(&[PHONE]));
}

#[test]
fn a_phone_that_moved_is_a_party_where_our_side_follows_it() {
    let mut scene = scene();
    scene.inbound("", "");
    scene.with("203.0.113.99").ask(In, "INVITE", 2, ("r", "o"), "").reply(Out, 200, ("INVITE", 2), ("r", "o"), "");
    assert_eq!(parties(&scene), ips(&["203.0.113.99"]));
}

#[test]
fn a_fork_to_more_than_there_is_room_for_holds_nobody() {
    let mut scene = scene();
    scene.ask(In, "INVITE", 1, ("r", ""), "");
    for n in 1..=4 {
        scene.fork = n;
        scene.with(&format!("198.51.100.{n}")).ask(Out, "INVITE", 1, ("r", ""), "");
    }
    assert_eq!(parties(&scene), ips(&[]), "five parties");
    scene.reply(In, 486, ("INVITE", 1), ("r", "busy"), "");
    assert_eq!(parties(&scene).len(), 4);
}

#[test]
fn what_holds_is_said_again_while_the_call_lives() {
    let mut scene = scene();
    scene.inbound("", "");
    let first = told(&scene).len();
    scene.world.wait(HOUR);
    let dialogs = told(&scene);
    let end = START + scene.world.now as i64;
    assert!(dialogs.last().unwrap().until > end, "it still holds");
    assert!((1..=13).contains(&(dialogs.len() - first)), "{}", dialogs.len());
    assert!(dialogs.windows(2).skip(first).all(|two| two[0].until >= two[1].until - 10 * MINUTE as i64));
}

#[test]
fn nobody_is_held_to_anything_where_the_config_says_so() {
    let mut scene = Scene::new("[calls]\nlog = true\n[signalling]\ndialog_intruders = \"off\"\n");
    scene.inbound("", "");
    assert!(told(&scene).is_empty());
    assert_ne!(dialog::hash(b"a", KERNEL), dialog::hash(b"a", HashKey([3, 5])), "the key counts");
    assert_ne!(addr(PHONE), Addr::NONE);
}
