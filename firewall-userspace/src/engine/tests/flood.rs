//! Floods of forged addresses.
use firewall_common::addr::Addr;

use super::world::{Facts, Phone, World};
use crate::engine::evidence::Rule;

#[test]
fn a_million_forged_sources_take_nothing_from_what_is_proven() {
    let mut world = World::with(
        "[tracking]\nsources = 4096\nprobes = 1024\naccounts = 1024\npairs = 1024\ntransactions = 1024\nnonces = 4096\n\
         registrations = 1024\nincidents = 1024",
    );
    let mut phones: Vec<(Phone, String)> = (1..=100)
        .map(|n| {
            let mut phone = Phone::new(&format!("198.51.100.{n}"), &format!("u{n}"));
            let (lines, nonce) = phone.challenged();
            world.play(&phone, &lines);
            let lines = phone.renew(&nonce, 36_000);
            world.play(&phone, &lines);
            (phone, nonce)
        })
        .collect();
    let mut guesser = Phone::new("203.0.113.7", "100");
    world.fail(&mut guesser, 4);
    let full: usize = world.engine.memory().iter().map(|(_, bytes)| bytes).sum();
    let mut forged = Facts::of(&mut Phone::new("10.0.0.0", "1"));
    for n in 0..1_000_000u32 {
        let source = Addr::from_v4((0x0a00_0000 + n).to_be_bytes());
        // A first request, a made-up guess, and a scan by turns; each of them is answered.
        match n % 3 {
            0 => forged.challenged(&mut world, source, n.into()),
            1 => forged.guess(&mut world, source, n.into(), u64::MAX),
            _ => forged.scan(&mut world, source, n.into()),
        }
        world.now += u64::from(n % 16 == 0);
    }
    assert_eq!(world.engine.memory().iter().map(|(_, bytes)| bytes).sum::<usize>(), full);
    assert!(world.engine.sources.len() <= 4_096 && world.engine.transactions.len() <= 1_024);
    assert!(world.bans().is_empty());
    let before = world.promotions().len();
    for (phone, nonce) in &mut phones {
        let lines = phone.renew(nonce, 36_000);
        world.play(phone, &lines);
    }
    assert_eq!(world.promotions().len(), before + 100);
    world.fail(&mut guesser, 1);
    assert_eq!(world.banned(), [Rule::Failures], "its four failures are known still");
}
