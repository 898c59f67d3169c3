//! A restart forgets nothing.
use super::world::{DAY, HOUR, KEY, Phone, World};
use crate::config::Config;
use crate::engine::Engine;
use crate::engine::evidence::Rule;
use crate::engine::saved::{Record, Registrant};

/// What a store would hold: the last record of each key, through its text.
#[derive(Default)]
struct Store(std::collections::BTreeMap<String, String>);

impl Store {
    fn save(&mut self, world: &mut World) {
        let clock = world.clock();
        world.engine.export(clock, |record| {
            self.0.insert(record.key.clone(), serde_json::to_string(&record).unwrap());
        });
    }

    /// A new engine, which begins with what was kept; the host has started anew too.
    fn restart(&mut self, world: &mut World) {
        self.save(world);
        let registrants: Vec<Registrant> = world
            .promotions()
            .iter()
            .map(|it| Registrant {
                source: it.source.into(),
                account: it.account.clone(),
                until: it.until,
                known_until: it.known_until,
            })
            .collect();
        let clock = world.clock();
        world.engine = Engine::new(&Config::builtin(), KEY);
        for text in self.0.values() {
            world.engine.restore(&serde_json::from_str::<Record>(text).unwrap(), clock);
        }
        registrants.iter().for_each(|registrant| world.engine.restore_registrant(registrant, clock));
    }
}

#[test]
fn scores_survive() {
    let (mut world, mut store, mut guesser) = (World::new(), Store::default(), Phone::new("203.0.113.7", "100"));
    world.fail(&mut guesser, 4);
    store.restart(&mut world);
    world.fail(&mut guesser, 1);
    assert_eq!(world.banned(), [Rule::Failures]);
}

#[test]
fn slow_scores_survive_many_restarts() {
    let (mut world, mut store, mut guesser) = (World::new(), Store::default(), Phone::new("203.0.113.7", "100"));
    for _ in 0..20 {
        assert_eq!(world.commands, []);
        store.restart(&mut world);
        world.wait(HOUR);
        world.fail(&mut guesser, 1);
    }
    assert_eq!(world.banned(), [Rule::SlowFailures]);
}

#[test]
fn the_ladder_survives() {
    let (mut world, mut store, mut guesser) = (World::new(), Store::default(), Phone::new("203.0.113.7", "100"));
    for step in 1..=3 {
        world.fail(&mut guesser, 5);
        assert_eq!(world.bans().last().unwrap().step, step);
        store.restart(&mut world);
        world.fail(&mut guesser, 10);
        assert_eq!(world.bans().len() as u32, step, "it is banned still");
        world.wait(2 * DAY);
    }
}

#[test]
fn an_attack_on_an_account_and_a_scan_survive() {
    let (mut world, mut store) = (World::new(), Store::default());
    (0..10).for_each(|n| world.fail(&mut Phone::new(&format!("203.0.113.{n}"), "100"), 1));
    let mut scanner = Phone::new("198.51.100.9", "900").tcp();
    let scan = |world: &mut World, scanner: &mut Phone, users: std::ops::Range<u32>| {
        for user in users.map(|n| n.to_string()) {
            let lines = [scanner.request("OPTIONS", &user, ""), scanner.answer(404, "OPTIONS", &user, "")];
            world.play(scanner, &lines);
        }
    };
    scan(&mut world, &mut scanner, 0..9);
    store.restart(&mut world);
    scan(&mut world, &mut scanner, 0..9);
    assert_eq!(world.commands, [], "the same users count once");
    scan(&mut world, &mut scanner, 9..10);
    world.fail(&mut Phone::new("203.0.113.99", "100"), 1);
    assert_eq!(world.banned(), [Rule::Scanning, Rule::AccountUnderAttack]);
}

#[test]
fn registrants_and_their_office_survive() {
    let (mut world, mut store, mut phone) = (World::new(), Store::default(), Phone::new("198.51.100.9", "100"));
    world.register(&mut phone, 3_600);
    store.restart(&mut world);
    world.commands.clear();
    let lines = phone.renew("of-before", 3_600);
    world.play(&phone, &lines);
    assert_eq!(world.promotions().len(), 1);
    let mut broken = Phone::new("198.51.100.9", "broken");
    broken.sequence = 500;
    world.fail(&mut broken, 3);
    store.restart(&mut world);
    world.fail(&mut broken, 2);
    assert_eq!((world.bans().len(), world.holds()[0].account.as_deref()), (0, Some(&b"broken"[..])));
}

#[test]
fn only_what_changed_is_written_and_what_is_worth_nothing_says_so() {
    let (mut world, mut phone) = (World::new(), Phone::new("203.0.113.7", "100"));
    let export = |world: &mut World| {
        let (mut records, clock) = (Vec::new(), world.clock());
        world.engine.export(clock, |record| records.push(record));
        records
    };
    world.fail(&mut phone, 2);
    let keys: Vec<String> = export(&mut world).into_iter().map(|record| record.key).collect();
    assert_eq!(keys.len(), 3, "{keys:?}");
    assert!(keys.contains(&"source 203.0.113.7".to_owned()));
    assert_eq!(export(&mut world), []);
    world.register(&mut phone, 60);
    let wall = world.clock().wall_ms;
    let records = export(&mut world);
    assert!(!records.is_empty() && records.iter().all(|record| record.ends <= wall), "{records:?}");
    // Nothing but a flood of forged failures: nothing to keep.
    let lines = Phone::new("203.0.113.8", "100").guess("made-up").0;
    world.play(&phone, &lines);
    assert_eq!(export(&mut world), []);
}
