//! Pinholes in the kernel's maps: opened, changed, closed, and there after a restart. Needs root.
use std::path::PathBuf;

use aya::maps::{Array, Map, MapData};
use firewall_common::addr::Addr;
use firewall_common::limiter::Limit;
use firewall_common::maps;
use firewall_common::media::{CODECS, Codec, FLOW_REFUSED, FLOW_RTCP, FLOW_RTP, FLOW_SRTP, FLOWS_OF_PORT, Flow};
use firewall_common::policy::SWITCH_DAEMON;
use firewall_userspace::dataplane::{Error, Instance, Pinholes, Result};
use firewall_userspace::engine::command;

#[allow(dead_code, reason = "shared with other tests, which use the rest")]
#[path = "lifecycle/world.rs"]
mod world;
use world::World;

const SECOND: u64 = 1_000_000_000;

fn flow(local_port: u16, remote_port: u16) -> Flow {
    Flow {
        local: Addr::from_v4([192, 0, 2, 10]),
        remote: Addr::from_v4([198, 51, 100, 7]),
        signalling: Addr::from_v4([198, 51, 100, 8]),
        call: 0,
        ice: 0,
        silence: 60 * SECOND,
        limit: Limit::per_second(200, 50),
        codecs: [Codec::default(); CODECS],
        remote_port,
        local_port,
        flags: FLOW_RTP | FLOW_SRTP,
        seen: 0,
        lock: 0,
        locked: Addr::NONE,
        checked: [0; 2],
        stream: [0; 2],
        cell: 0,
        packets: 0,
        bytes: 0,
        mismatches: 0,
        changes: 0,
        plain: 0,
    }
}

fn set(pinholes: &mut Pinholes, call: u64, flows: &[Flow], now: u64) -> Result<()> {
    pinholes.set(&command::Pinholes { call, flows: flows.to_vec() }, now)
}

/// The maps as the kernel has them, whatever the books say.
struct Raw {
    ports: Array<MapData, [u32; FLOWS_OF_PORT]>,
    flows: Array<MapData, Flow>,
    switches: Array<MapData, u64>,
}

impl Raw {
    fn open(world: &World, instance: &Instance) -> Self {
        let dir: PathBuf = world.pins(instance.iface()).join(format!("gen-{}", instance.generation()));
        let map = |name: &str| Map::from_map_data(MapData::from_pin(dir.join(name)).unwrap()).unwrap();
        Self {
            ports: map(maps::PINHOLES).try_into().unwrap(),
            flows: map(maps::FLOWS).try_into().unwrap(),
            switches: map(maps::SWITCHES).try_into().unwrap(),
        }
    }

    /// The places of a port's flows, without the empty ones.
    fn places(&self, port: u16) -> Vec<u32> {
        self.ports.get(&port.into(), 0).unwrap().into_iter().filter(|place| *place != 0).collect()
    }

    fn at(&self, port: u16) -> Vec<Flow> {
        self.places(port).iter().map(|place| self.flows.get(&(place - 1), 0).unwrap()).collect()
    }

    /// The kernel notes a packet.
    fn note(&mut self, port: u16, seen: u64) {
        for place in self.places(port) {
            let flow = self.flows.get(&(place - 1), 0).unwrap();
            let noted = Flow { seen, packets: flow.packets + 1, lock: 77, cell: 5, ..flow };
            self.flows.set(place - 1, noted, 0).unwrap();
        }
    }
}

#[test]
fn a_call_opens_changes_and_closes_what_it_negotiates() {
    let world = World::new();
    let (instance, _) = world.start(&world.veth(), "");
    let mut raw = Raw::open(&world, &instance);
    let (mut pinholes, now) = (instance.pinholes().unwrap(), world.now());
    assert!(pinholes.is_empty() && raw.places(10_000).is_empty());
    set(&mut pinholes, 1, &[flow(10_000, 4_000), flow(10_001, 4_001)], now).unwrap();
    assert_eq!(raw.at(10_000), [Flow { call: 1, seen: now, ..flow(10_000, 4_000) }]);
    assert_eq!((pinholes.len(), raw.at(10_001).len()), (2, 1));

    // On other terms it stays where it is, with what the kernel has noted.
    let place = raw.places(10_000);
    raw.note(10_000, now + 1);
    let held = Flow { silence: 7_200 * SECOND, flags: FLOW_RTP | FLOW_RTCP, ..flow(10_000, 4_000) };
    set(&mut pinholes, 1, &[held, flow(10_001, 4_001)], now + 2).unwrap();
    assert_eq!(raw.places(10_000), place);
    assert_eq!(raw.at(10_000), [Flow { call: 1, seen: now + 2, packets: 1, lock: 77, cell: 5, ..held }]);
    // And what is told once more is not touched.
    raw.note(10_000, now + 3);
    set(&mut pinholes, 1, &[held, flow(10_001, 4_001)], now + 4).unwrap();
    assert_eq!((raw.at(10_000)[0].seen, raw.at(10_001)[0].seen), (now + 3, now));

    // Another remote port is another flow; the port that is not wanted any more has none.
    set(&mut pinholes, 1, &[flow(10_000, 5_000)], now + 5).unwrap();
    assert_eq!(raw.at(10_000), [Flow { call: 1, seen: now + 5, ..flow(10_000, 5_000) }]);
    assert!(raw.places(10_000) != place && raw.places(10_001).is_empty());
    set(&mut pinholes, 1, &[], now + 6).unwrap();
    assert!(raw.places(10_000).is_empty() && pinholes.is_empty() && pinholes.all().unwrap().is_empty());
}

#[test]
fn a_place_rests_for_a_second_before_another_call_has_it() {
    let world = World::new();
    let (instance, _) = world.start(&world.veth(), "[capacity]\npinholes = 2");
    let (mut pinholes, now) = (instance.pinholes().unwrap(), world.now());
    set(&mut pinholes, 1, &[flow(10_000, 1), flow(10_002, 1)], now).unwrap();
    set(&mut pinholes, 1, &[flow(10_002, 1)], now).unwrap();
    let full = set(&mut pinholes, 2, &[flow(10_004, 1)], now + SECOND - 1).unwrap_err();
    assert!(matches!(full, Error::Full { key: "capacity.pinholes", capacity: 2, .. }), "{full}");
    assert_eq!(pinholes.len(), 1);
    set(&mut pinholes, 2, &[flow(10_004, 1)], now + SECOND).unwrap();
    // What there is room for is open all the same.
    set(&mut pinholes, 2, &[], now + SECOND).unwrap();
    assert!(set(&mut pinholes, 3, &[flow(10_006, 1), flow(10_008, 1)], now + 2 * SECOND).is_err());
    assert_eq!((pinholes.len(), Raw::open(&world, &instance).at(10_006).len()), (2, 1));
}

#[test]
fn at_a_full_port_what_is_of_no_use_gives_way() {
    let world = World::new();
    let (instance, _) = world.start(&world.veth(), "");
    let mut raw = Raw::open(&world, &instance);
    // Of hosts whose addresses are not known, each may have the port.
    let at = |port, remote| Flow { local: Addr::NONE, ..flow(port, remote) };
    let (mut pinholes, now) = (instance.pinholes().unwrap(), world.now());
    for call in 1..=4 {
        set(&mut pinholes, call, &[at(10_000, call as u16)], now + call).unwrap();
        raw.note(10_000, now + call);
    }
    let full = set(&mut pinholes, 5, &[at(10_000, 5), at(10_002, 5)], now + 5).unwrap_err();
    assert!(matches!(full, Error::PortFull { port: 10_000 }), "{full}");
    assert_eq!((raw.at(10_000).len(), raw.at(10_002).len(), pinholes.len()), (4, 1, 5));

    // A branch that nothing has come through yet goes before one that is in use, and one that is refused before that.
    set(&mut pinholes, 1, &[at(10_000, 11)], now + 6).unwrap();
    set(&mut pinholes, 2, &[Flow { flags: FLOW_REFUSED, ..at(10_000, 2) }], now + 7).unwrap();
    set(&mut pinholes, 6, &[at(10_000, 6)], now + 8).unwrap();
    let remotes = |raw: &Raw| -> Vec<u16> { raw.at(10_000).iter().map(|flow| flow.remote_port).collect() };
    assert_eq!(remotes(&raw), [3, 4, 11, 6]);
    set(&mut pinholes, 7, &[at(10_000, 7)], now + 9).unwrap();
    assert_eq!(remotes(&raw), [3, 4, 6, 7]);
    // So does what has been silent for too long.
    raw.note(10_000, now + 10);
    set(&mut pinholes, 8, &[at(10_000, 8)], now + 71 * SECOND).unwrap();
    assert_eq!(remotes(&raw), [4, 6, 7, 8]);
    set(&mut pinholes, 2, &[], now + 72 * SECOND).unwrap();
    assert_eq!(remotes(&raw), [4, 6, 7, 8], "what gave way is not closed once more in another's place");
}

#[test]
fn a_port_serves_one_call_at_a_time() {
    let world = World::new();
    let (instance, _) = world.start(&world.veth(), "");
    let raw = Raw::open(&world, &instance);
    let (mut pinholes, now) = (instance.pinholes().unwrap(), world.now());
    let calls = |raw: &Raw| -> Vec<(u64, u16)> { raw.at(10_000).iter().map(|it| (it.call, it.remote_port)).collect() };
    set(&mut pinholes, 1, &[flow(10_000, 1), flow(10_000, 2), flow(10_002, 3)], now).unwrap();
    assert_eq!(calls(&raw), [(1, 1), (1, 2)], "branches of one call");
    let elsewhere = Flow { local: Addr::from_v4([192, 0, 2, 11]), ..flow(10_000, 9) };
    set(&mut pinholes, 2, &[elsewhere], now + 1).unwrap();
    assert_eq!(calls(&raw), [(1, 1), (1, 2), (2, 9)], "another host of ours");
    set(&mut pinholes, 3, &[flow(10_000, 7)], now + 2).unwrap();
    assert_eq!((calls(&raw), raw.at(10_002).len()), (vec![(2, 9), (3, 7)], 1), "the call before has lost the port");
    set(&mut pinholes, 1, &[], now + 3).unwrap();
    assert_eq!(calls(&raw), [(2, 9), (3, 7)]);
}

#[test]
fn what_a_killed_daemon_left_open_is_known_to_the_next() {
    let world = World::new();
    let iface = world.veth();
    let (instance, _) = world.start(&iface, "[capacity]\npinholes = 4");
    let (mut pinholes, now) = (instance.pinholes().unwrap(), world.now());
    set(&mut pinholes, 1, &[flow(10_000, 1), flow(10_001, 1)], now).unwrap();
    set(&mut pinholes, 2, &[flow(10_002, 2)], now).unwrap();
    set(&mut pinholes, 2, &[], now).unwrap();
    Raw::open(&world, &instance).note(10_000, now + 9);
    let before = Raw::open(&world, &instance).places(10_000);
    drop((pinholes, instance));

    let (instance, started) = world.start(&iface, "[capacity]\npinholes = 4");
    assert!(started.took_over);
    let (mut pinholes, raw) = (instance.pinholes().unwrap(), Raw::open(&world, &instance));
    let mut left = pinholes.all().unwrap();
    left.sort_by_key(|flow| flow.local_port);
    let ports: Vec<_> = left.iter().map(|flow| (flow.call, flow.local_port, flow.packets)).collect();
    assert_eq!(ports, [(1, 10_000, 1), (1, 10_001, 0)]);
    assert_eq!(raw.places(10_000), before);
    // It goes on where the other ended: the same stays, and a place that was given up rests on.
    let later = world.now();
    set(&mut pinholes, 1, &[flow(10_000, 1)], later).unwrap();
    assert_eq!((raw.at(10_000)[0].packets, raw.places(10_001).len()), (1, 0));
    assert!(set(&mut pinholes, 3, &[flow(10_004, 1), flow(10_006, 1)], later).is_err());
    assert_eq!(raw.at(10_004).len(), 1, "the place that was never used");
}

#[test]
fn pinholes_stay_through_reloads_and_through_maps_that_are_made_anew() {
    let world = World::new();
    let (mut instance, _) = world.start(&world.veth(), "");
    let (mut pinholes, now) = (instance.pinholes().unwrap(), world.now());
    set(&mut pinholes, 1, &[flow(10_000, 1)], now).unwrap();
    set(&mut pinholes, 2, &[flow(10_002, 2)], now).unwrap();
    Raw::open(&world, &instance).note(10_000, now + 9);
    for (config, resized) in [("mode = \"trunk\"", &[][..]), ("[capacity]\npinholes = 64", &["FLOWS"])] {
        let reloaded = instance.reload(&world.config(config)).unwrap();
        assert_eq!(reloaded.resized, resized);
        // Meanwhile the loop has gone on with the maps of before.
        let mut new = instance.pinholes().unwrap();
        let other = u16::try_from(resized.len()).unwrap();
        set(&mut pinholes, 2, &[], world.now()).unwrap();
        set(&mut pinholes, 3, &[flow(10_004, 3 + other)], world.now()).unwrap();
        new.take_over(pinholes, world.now()).unwrap();
        let raw = Raw::open(&world, &instance);
        let noted = raw.at(10_000)[0];
        assert_eq!((noted.call, noted.packets, noted.lock), (1, 1, 77), "{config}");
        assert_eq!((raw.at(10_002).len(), raw.at(10_004)[0].remote_port, new.len()), (0, 3 + other, 2));
        pinholes = new;
        set(&mut pinholes, 2, &[flow(10_002, 2)], world.now() + 2 * SECOND).unwrap();
        assert_eq!(raw.at(10_002).len(), 1);
    }
    let used = instance.usage().unwrap().into_iter().find(|usage| usage.key == "pinholes").unwrap();
    assert_eq!((used.elements, used.capacity), (3, 64));
}

#[test]
fn when_calls_were_seen_is_read_a_few_at_a_time() {
    let world = World::new();
    let (instance, _) = world.start(&world.veth(), "");
    let mut raw = Raw::open(&world, &instance);
    let (mut pinholes, now) = (instance.pinholes().unwrap(), world.now());
    assert!(pinholes.seen(4).unwrap().is_empty());
    for call in 1..=5u16 {
        let (rtp, rtcp) = (10_000 + 2 * call, 10_001 + 2 * call);
        set(&mut pinholes, call.into(), &[flow(rtp, 1), flow(rtcp, 1)], now + u64::from(call)).unwrap();
    }
    // The flow that was seen last speaks for its call.
    raw.note(10_004, now + 30 * SECOND);
    assert_eq!(pinholes.seen(4).unwrap(), [(1, now + 1), (2, now + 30 * SECOND)]);
    assert_eq!(pinholes.seen(3).unwrap(), [(3, now + 3), (4, now + 4)]);
    set(&mut pinholes, 1, &[], now).unwrap();
    let calls: Vec<u64> = pinholes.seen(100).unwrap().into_iter().map(|(call, _)| call).collect();
    assert_eq!(calls, [5, 2, 3, 4], "each once");
}

#[test]
fn the_kernel_knows_whether_the_daemon_is_there() {
    let world = World::new();
    let (mut instance, _) = world.start(&world.veth(), "");
    let alive = |instance: &Instance| Raw::open(&world, instance).switches.get(&SWITCH_DAEMON, 0).unwrap();
    assert_eq!(alive(&instance), 0);
    let now = world.now();
    instance.pinholes().unwrap().alive(now).unwrap();
    instance.reload(&world.config("[capacity]\nbans = 1000")).unwrap();
    assert_eq!(alive(&instance), now + 5 * SECOND, "other switches are made anew by this");
}
