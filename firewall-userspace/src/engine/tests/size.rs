//! Memory.
use firewall_common::addr::Addr;

use super::world::{Facts, Phone, World};

const MIB: usize = 1 << 20;

#[test]
fn all_tables_together_are_bounded() {
    let world = World::new();
    for (name, bytes) in world.engine.memory() {
        println!("{name:14} {:6.2} MiB", bytes as f64 / MIB as f64);
    }
    let memory = world.engine.memory();
    let (calls, rest): (Vec<_>, Vec<_>) = memory.into_iter().partition(|(name, _)| *name == "calls");
    let sum = |parts: Vec<(&str, usize)>| parts.iter().map(|(_, bytes)| bytes).sum::<usize>();
    let (calls, rest) = (sum(calls), sum(rest));
    println!("{:14} {:6.2} MiB", "all but calls", rest as f64 / MIB as f64);
    assert!(rest <= 52 * MIB && calls <= 64 * MIB, "{rest} {calls}");
}

#[test]
fn a_hundred_thousand_sources_are_tracked() {
    let mut world = World::new();
    let mut facts = Facts::of(&mut Phone::new("203.0.113.7", "100"));
    for n in 0..100_000 {
        facts.fail(&mut world, Addr::from_v4((0x0a00_0000u32 + n).to_be_bytes()), n.into());
    }
    let (tracked, (evicted, _)) = (world.engine.sources.len(), world.engine.sources.losses());
    assert!(tracked >= 99_990 && evicted <= 10, "{tracked}");
    assert!(world.engine.counts().proven >= 99_990);
}
