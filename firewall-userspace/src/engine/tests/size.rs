//! Memory.
use super::world::{Phone, World};

const MIB: usize = 1 << 20;

#[test]
fn all_tables_together_are_bounded() {
    let world = World::new();
    for (name, bytes) in world.engine.memory() {
        println!("{name:14} {:6.2} MiB", bytes as f64 / MIB as f64);
    }
    let all: usize = world.engine.memory().iter().map(|(_, bytes)| bytes).sum();
    println!("{:14} {:6.2} MiB", "all", all as f64 / MIB as f64);
    assert!(all <= 48 * MIB, "{all}");
}

#[test]
fn a_hundred_thousand_sources_are_tracked() {
    let mut world = World::new();
    for n in 0..100_000u32 {
        let mut phone = Phone::new("203.0.113.7", "100");
        phone.source = firewall_common::addr::Addr::from_v4((0x0a00_0000 + n).to_be_bytes());
        phone.user = format!("u{n}");
        let lines = phone.fail();
        lines.iter().for_each(|line| world.see(&phone, line));
    }
    assert_eq!((world.engine.sources.len(), world.engine.sources.losses()), (100_000, (0, 0)));
}
