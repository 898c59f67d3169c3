//! Many against one account.
use super::world::{HOUR, Phone, World};
use crate::engine::evidence::Rule;

fn bot(n: usize) -> Phone {
    Phone::new(&format!("203.0.{}.{}", n / 250, 1 + n % 250), "100")
}

#[test]
fn every_further_source_gets_one_try() {
    let mut world = World::new();
    for n in 0..200 {
        world.fail(&mut bot(n), 1);
    }
    assert_eq!(world.bans().len(), 190);
    assert!(world.banned().iter().all(|rule| *rule == Rule::AccountUnderAttack));
    assert_eq!((world.bans()[0].evidence.count, world.bans()[0].evidence.incidents.len()), (10, 1));
}

#[test]
fn few_sources_are_no_attack() {
    let mut world = World::with("[bans]\nfailures = \"10/10min\"");
    let mut bots: Vec<Phone> = (0..9).map(bot).collect();
    bots[..3].iter_mut().for_each(|bot| world.fail(bot, 4));
    world.fail(&mut bots[7], 1);
    assert_eq!(world.bans().len(), 0, "the fourth source comes last");
    world.fail(&mut bots[8], 1);
    assert_eq!(world.banned(), [Rule::AccountUnderAttack]);
}

#[test]
fn the_accounts_own_phone_keeps_its_tries() {
    let (mut world, mut owner) = (World::new(), Phone::new("198.51.100.9", "100"));
    world.register(&mut owner, 3_600);
    (0..50).for_each(|n| world.fail(&mut bot(n), 1));
    let before = world.bans().len();
    world.fail(&mut owner, 4);
    assert_eq!((world.bans().len(), world.holds().len()), (before, 0));
}

#[test]
fn other_accounts_at_a_registrants_source_are_held() {
    let (mut world, mut colleague) = (World::new(), Phone::new("198.51.100.9", "200"));
    world.register(&mut colleague, 3_600);
    (0..20).for_each(|n| world.fail(&mut bot(n), 1));
    let before = world.bans().len();
    let mut other = Phone::new("198.51.100.9", "100");
    other.sequence = 500;
    world.fail(&mut other, 1);
    assert_eq!(world.bans().len(), before);
    assert_eq!(world.holds()[0].evidence.rule, Rule::AccountUnderAttack);
}

#[test]
fn an_attack_is_over_after_an_hour_and_other_accounts_are_not_concerned() {
    let mut world = World::new();
    (0..20).for_each(|n| world.fail(&mut bot(n), 1));
    let before = world.bans().len();
    let mut other = Phone::new("198.51.100.77", "101");
    world.fail(&mut other, 1);
    world.wait(HOUR);
    world.fail(&mut bot(100), 1);
    assert_eq!(world.bans().len(), before);
}
