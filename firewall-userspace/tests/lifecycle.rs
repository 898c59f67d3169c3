//! The life of an instance, from start to unload, on veth pairs in a network namespace of their own. Needs root.
use std::fs;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use firewall_common::addr::{Addr, Prefix};
use firewall_common::reason::Reason;
use firewall_userspace::dataplane::{AttachMode, Error, Instance, probe};
use firewall_userspace::entries::{Kind, parse_prefix};
use firewall_userspace::lists::{LeftOut, ListSpec, Location};
use firewall_userspace::store::{ListOrigin, NewList, Validators};

#[path = "lifecycle/traffic.rs"]
mod traffic;
#[allow(dead_code, reason = "shared with other tests, which use the rest")]
#[path = "lifecycle/world.rs"]
mod world;
use traffic::{Traffic, received};
use world::{World, deny, frame};

const STRANGER: &str = "198.51.100.7";

#[test]
fn an_instance_lives_through_kill_reload_and_unload() {
    let world = World::new();
    let iface = world.veth();
    world.add(&[deny(STRANGER)]);
    let (instance, started) = world.start(&iface, "");
    assert!(!started.took_over && started.mode == AttachMode::Native && !started.frags, "{started:?}");
    assert_eq!((started.warnings.as_slice(), started.synced.written), (&[][..], 1));
    assert_eq!(world.xdp(&iface), Some((AttachMode::Native, started.program_id)));

    // The command's view: the same maps, while the daemon runs.
    let mut command = world.open(&iface).unwrap();
    assert_eq!(command.program_id(), started.program_id);
    assert_eq!(world.judge(&command, STRANGER), Reason::Denied);
    assert_eq!(world.judge(&command, "203.0.113.5"), Reason::Stranger);
    world.add(&[deny("203.0.113.5")]);
    assert_eq!(command.sync_entries(&world.store()).unwrap().written, 1);
    assert_eq!(world.judge(&command, "203.0.113.5"), Reason::Denied);
    command.add_registrant("192.0.2.9".parse().unwrap(), i64::MAX).unwrap();
    assert_eq!(world.judge(&command, "192.0.2.9"), Reason::Registrant);

    // A killed daemon leaves everything as it is.
    drop(instance);
    assert_eq!(world.xdp(&iface), Some((AttachMode::Native, started.program_id)));
    let listed = world.list();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].daemon_pid, listed[0].program_id), (None, Some(started.program_id)));

    // The next one takes over, with registrants and entries.
    let (mut instance, again) = world.start(&iface, "mode = \"trunk\"");
    assert!(again.took_over && again.generation == started.generation + 1, "{again:?}");
    assert_ne!(again.program_id, started.program_id);
    assert_eq!(world.xdp(&iface), Some((AttachMode::Native, again.program_id)));
    assert!(command.refresh().unwrap());
    assert_eq!(world.judge(&command, STRANGER), Reason::Denied);
    assert_eq!(world.judge(&command, "203.0.113.99"), Reason::NotPeer);
    assert_eq!(command.registrants().unwrap().len(), 1);
    assert_eq!(instance.policy().unwrap().mode, "trunk");

    // A reload replaces the program; the command can do it too.
    let peer = "[[peer]]\nname = \"itsp\"\nprefixes = [\"203.0.113.0/24\"]";
    let reloaded = command.reload(&world.config(peer)).unwrap();
    assert_eq!(world.xdp(&iface), Some((AttachMode::Native, reloaded.program_id)));
    assert_eq!(world.judge(&command, "203.0.113.99"), Reason::Peer);
    assert!(instance.refresh().unwrap());
    assert_eq!(instance.policy().unwrap().peer(1), Some("itsp"));
    assert_eq!(fs::read_dir(world.pins(&iface)).unwrap().count(), 3, "both links and one generation");

    assert!(matches!(world.unload(&iface), Err(Error::Running { .. })));
    drop(instance);
    world.unload(&iface).unwrap();
    assert_eq!(world.xdp(&iface), None);
    assert!(!world.pins(&iface).exists() && world.list().is_empty());
    assert!(matches!(world.open(&iface), Err(Error::NotLoaded { .. })));
    assert!(matches!(world.unload(&iface), Err(Error::NotLoaded { .. })));
}

#[test]
fn counters_tell_what_was_judged() {
    let world = World::new();
    let iface = world.veth();
    let peer = "[[peer]]\nname = \"itsp\"\nprefixes = [\"192.0.2.0/24\"]";
    let (mut instance, _) = world.start(&iface, peer);
    world.add(&[deny(STRANGER)]);
    instance.sync_entries(&world.store()).unwrap();
    for source in [STRANGER, STRANGER, "192.0.2.1"] {
        let judged = probe::judge(&instance.probe().unwrap(), &frame(source), world.now(), true).unwrap();
        assert_eq!(judged.drops(), source == STRANGER);
    }
    let stats = instance.stats().unwrap();
    let packets = |reason| stats.reasons.iter().find(|r| r.reason == reason).unwrap().enforced.packets;
    assert_eq!((packets(Reason::Denied), packets(Reason::Peer), packets(Reason::Stranger)), (2, 1, 0));
    assert_eq!((stats.peers[1].name.as_deref(), stats.peers[1].counter.passed), (Some("itsp"), 1));
    let id = world.store().active(0).unwrap()[0].id;
    assert_eq!(instance.hits().unwrap().get(&id), Some(&2));
    let bans = instance.usage().unwrap().into_iter().find(|usage| usage.key == "bans").unwrap();
    assert_eq!((bans.elements, bans.capacity), (1, 131_072));
    // Peers' counters go on through a reload.
    instance.reload(&world.config(peer)).unwrap();
    assert_eq!(instance.stats().unwrap().peers[1].counter.passed, 1);
}

#[test]
fn drops_are_sampled_while_there_is_credit() {
    let world = World::new();
    let iface = world.veth();
    world.add(&[deny(STRANGER)]);
    let (instance, _) = world.start(&iface, "");
    let (mut ring, mut credits) = (instance.events().unwrap(), instance.event_credits().unwrap());
    let send = |times| {
        for _ in 0..times {
            probe::judge(&instance.probe().unwrap(), &frame(STRANGER), world.now(), true).unwrap();
        }
    };
    send(2);
    assert!(ring.next_event().is_none());
    credits.grant(3).unwrap();
    send(5);
    let events: Vec<_> = std::iter::from_fn(|| ring.next_event()).collect();
    assert_eq!(events.len(), 3);
    assert!(
        events
            .iter()
            .all(|event| event.reason == Reason::Denied as u8 && IpAddr::from(event.src).to_string() == STRANGER)
    );
}

#[test]
fn two_interfaces_have_an_instance_each_and_one_has_no_two() {
    let world = World::new();
    let (one, two) = (world.veth(), world.veth());
    let (first, _) = world.start(&one, "");
    let (second, _) = world.start(&two, "");
    assert_eq!(world.list().len(), 2);
    let refused = world.try_start(&one, "", false).map(|_| ()).unwrap_err();
    assert!(matches!(refused, Error::Running { pid, .. } if pid == std::process::id()), "{refused}");
    drop(first);
    world.unload(&one).unwrap();
    assert!(world.xdp(&one).is_none() && world.xdp(&two).is_some());
    drop(second);
}

#[test]
fn somebody_elses_program_is_named_and_left_alone() {
    let world = World::new();
    let (ours, iface) = (world.veth(), world.veth());
    let (instance, started) = world.start(&ours, "");
    let foreign = world.pins(&ours).join(format!("gen-{}", started.generation)).join("sip_probe");
    world.ip(&["link", "set", "dev", &iface, "xdp", "pinned", &foreign.display().to_string()]);
    let before = world.xdp(&iface);
    assert!(before.is_some());
    let refused = world.try_start(&iface, "", false).map(|_| ()).unwrap_err();
    assert!(matches!(&refused, Error::Foreign { program, .. } if program == "sip_probe"), "{refused}");
    assert_eq!(world.xdp(&iface), before);
    assert!(!world.pins(&iface).exists(), "nothing is left half done");
    drop(instance);
}

#[test]
fn an_ephemeral_instance_leaves_nothing() {
    let world = World::new();
    let iface = world.veth();
    let (instance, started) = world.try_start(&iface, "", true).unwrap();
    let mut command = world.open(&iface).unwrap();
    assert_eq!(command.program_id(), started.program_id);
    assert!(world.list()[0].ephemeral);
    assert!(matches!(command.reload(&world.config("")), Err(Error::HeldByProcess { .. })));
    instance.close().unwrap();
    assert!(world.xdp(&iface).is_none() && !world.pins(&iface).exists());
    assert!(!world.run_dir().join(&iface).exists());
}

#[test]
fn an_ephemeral_instance_reloads_and_dies_with_its_process() {
    let world = World::new();
    let iface = world.veth();
    let (mut instance, _) = world.try_start(&iface, "", true).unwrap();
    for mode in ["trunk", "open", "trunk"] {
        instance.reload(&world.config(&format!("mode = {mode:?}"))).unwrap();
        assert!(!world.pins(&iface).join("link-held").exists());
        assert_eq!(world.xdp(&iface), Some((AttachMode::Native, instance.program_id())));
    }
    assert_eq!(world.judge(&instance, STRANGER), Reason::NotPeer);
    drop(instance);
    assert_eq!(world.xdp(&iface), None);
    assert!(world.pins(&iface).exists(), "as after a kill");
    assert!(world.list().is_empty());
    let (instance, started) = world.start(&iface, "");
    assert!(!started.took_over && started.generation == 1);
    drop(instance);
    let refused = world.try_start(&iface, "", true).map(|_| ()).unwrap_err();
    assert!(matches!(refused, Error::Permanent { .. }), "{refused}");
}

#[test]
fn a_reload_that_fails_changes_nothing() {
    let world = World::new();
    let iface = world.veth();
    world.add(&[deny(STRANGER), deny("198.51.100.8"), deny("198.51.100.9")]);
    let (mut instance, started) = world.start(&iface, "");
    let refused = instance.reload(&world.config("[capacity]\nbans = 2")).map(|_| ()).unwrap_err();
    assert!(matches!(refused, Error::Full { key: "capacity.bans", wanted: 3, capacity: 2 }), "{refused}");
    assert_eq!(world.xdp(&iface), Some((AttachMode::Native, started.program_id)));
    assert_eq!(world.judge(&instance, STRANGER), Reason::Denied);
    assert_eq!(fs::read_dir(world.pins(&iface)).unwrap().count(), 3);
}

#[test]
fn capacities_change_without_losing_anything() {
    let world = World::new();
    let iface = world.veth();
    world.add(&[deny(STRANGER)]);
    let (mut instance, _) = world.start(&iface, "");
    instance.add_registrant("192.0.2.9".parse().unwrap(), i64::MAX).unwrap();
    let capacity = "[capacity]\nbans = 1000\nregistrants = 100\ncells = 1024\nfragments = 64";
    let reloaded = instance.reload(&world.config(capacity)).unwrap();
    assert_eq!(reloaded.resized, ["SOURCES", "REGISTRANTS", "CELLS", "FRAGMENTS"]);
    assert_eq!(world.judge(&instance, STRANGER), Reason::Denied);
    assert_eq!(instance.registrants().unwrap().len(), 1);
    assert_eq!(instance.usage().unwrap()[0].capacity, 1000);
    // Another width of sources: bans are compiled anew, and of the registrants only IPv4's mean the same as before.
    instance.add_registrant("2001:db8::1".parse().unwrap(), i64::MAX).unwrap();
    instance.reload(&world.config("[strangers]\nv6_prefix = 56")).unwrap();
    assert_eq!(world.judge(&instance, STRANGER), Reason::Denied);
    assert_eq!(instance.registrants().unwrap().len(), 1);
}

#[test]
fn a_full_map_takes_other_entries_in_the_place_of_its_own() {
    let world = World::new();
    let iface = world.veth();
    world.add(&[deny("192.0.2.1"), deny("192.0.2.2")]);
    let (mut instance, _) = world.start(&iface, "[capacity]\nbans = 2");
    world.store().flush(Kind::Deny, world.wall()).unwrap();
    world.add(&[deny("192.0.2.3"), deny("192.0.2.4")]);
    let synced = instance.sync_entries(&world.store()).unwrap();
    assert_eq!((synced.written, synced.removed), (2, 2));
    assert_eq!(world.judge(&instance, "192.0.2.1"), Reason::Stranger);
    assert_eq!(world.judge(&instance, "192.0.2.4"), Reason::Denied);
    world.add(&[deny("192.0.2.5")]);
    let refused = instance.sync_entries(&world.store()).unwrap_err();
    assert!(matches!(refused, Error::Full { .. }), "{refused}");
    assert_eq!(world.judge(&instance, "192.0.2.4"), Reason::Denied);
}

#[test]
fn a_damaged_database_does_not_stop_what_is_enforced() {
    let world = World::new();
    let iface = world.veth();
    world.add(&[deny(STRANGER)]);
    drop(world.start(&iface, ""));
    fs::write(world.state_dir().join("state.db"), "no database").unwrap();
    let (mut instance, started) = world.start(&iface, "");
    assert!(started.took_over);
    assert!(started.warnings.iter().any(|warning| warning.contains("damaged")), "{:?}", started.warnings);
    assert_eq!(world.judge(&instance, STRANGER), Reason::Denied);
    instance.reload(&world.config("[capacity]\nbans = 1000")).unwrap();
    assert_eq!(world.judge(&instance, STRANGER), Reason::Denied);
}

#[test]
fn another_layout_is_taken_over_and_its_directory_removed() {
    let world = World::new();
    let iface = world.veth();
    world.add(&[deny(STRANGER)]);
    let (instance, before) = world.start(&iface, "");
    drop(instance);
    let (here, old) = (world.pins(&iface), world.bpf_dir().join("v0"));
    fs::create_dir(&old).unwrap();
    fs::rename(&here, old.join(&iface)).unwrap();
    assert!(matches!(world.open(&iface), Err(Error::OtherLayout { layout: 0, .. })));
    let (instance, after) = world.start(&iface, "");
    assert!(after.took_over && after.program_id != before.program_id);
    assert_eq!(world.xdp(&iface), Some((AttachMode::Native, after.program_id)));
    assert_eq!(world.judge(&instance, STRANGER), Reason::Denied);
    assert!(!old.exists() && here.join("link").exists());
}

#[test]
fn an_interface_made_anew_is_attached_anew() {
    let world = World::new();
    let iface = world.veth();
    drop(world.start(&iface, ""));
    world.remake(&iface);
    assert_eq!(world.xdp(&iface), None);
    assert_eq!(world.list()[0].mode, None);
    let (instance, started) = world.start(&iface, "");
    assert!(!started.took_over);
    assert_eq!(world.xdp(&iface), Some((AttachMode::Native, started.program_id)));
    drop(instance);
}

#[test]
fn a_renamed_interface_keeps_its_firewall() {
    let world = World::new();
    let iface = world.veth();
    let (instance, started) = world.start(&iface, "");
    drop(instance);
    world.ip(&["link", "set", &iface, "name", "sfdother"]);
    world.add_veth(&iface, "sfdnewpeer");
    let refused = world.try_start(&iface, "", false).map(|_| ()).unwrap_err();
    assert!(matches!(&refused, Error::Renamed { other, .. } if other == "sfdother"), "{refused}");
    assert_eq!(world.xdp("sfdother"), Some((AttachMode::Native, started.program_id)));
    world.unload(&iface).unwrap();
    assert_eq!(world.xdp("sfdother"), None);
}

#[test]
fn reload_kill_and_takeover_let_no_denied_packet_by() {
    let world = World::new();
    let iface = world.veth();
    // First that there is something to see: without the firewall the packets arrive.
    let traffic = Traffic::send(&world::peer_of(&iface), frame(STRANGER));
    std::thread::sleep(Duration::from_millis(200));
    assert!(received() > 0);
    traffic.stop();
    world.add(&[deny(STRANGER)]);
    let (mut instance, _) = world.start(&iface, "");
    let before = received();
    let traffic = Traffic::send(&world::peer_of(&iface), frame(STRANGER));
    let small = "[capacity]\nbans = 1000\nentries = 1000\nregistrants = 100\ncells = 1024";
    for config in ["mode = \"trunk\"", "", small, "[strangers]\nv6_prefix = 56"] {
        instance.reload(&world.config(config)).unwrap();
    }
    drop(instance);
    let (instance, started) = world.start(&iface, small);
    assert!(started.took_over);
    let sent = traffic.stop();
    assert_eq!(received() - before, 0, "of {sent}");
    let stats = instance.stats().unwrap();
    let denied = stats.reasons.iter().find(|stats| stats.reason == Reason::Denied).unwrap().enforced.packets;
    assert!(denied > 1_000 && denied <= sent, "{denied} of {sent}");
}

#[test]
fn large_mtus_get_frags() {
    let world = World::new();
    let iface = world.veth();
    world.ip(&["link", "set", &world::peer_of(&iface), "mtu", "9000"]);
    let (mut instance, started) = world.start(&iface, "");
    assert!(started.frags && started.mode == AttachMode::Native, "{started:?}");
    assert!(instance.reload(&world.config("mode = \"trunk\"")).unwrap().frags);
    assert_eq!(world.judge(&instance, STRANGER), Reason::NotPeer);
}

#[test]
fn no_driver_support_means_generic_mode() {
    let world = World::new();
    let (instance, started) = world.start("lo", "");
    assert!(started.mode == AttachMode::Generic && !started.frags && started.not_native.is_some(), "{started:?}");
    drop(instance);
    let (mut instance, started) = world.start("lo", "");
    assert!(started.took_over && started.mode == AttachMode::Generic, "{started:?}");
    instance.reload(&world.config("")).unwrap();
    assert_eq!(world.xdp("lo"), Some((AttachMode::Generic, instance.program_id())));
}

#[test]
fn what_is_wrong_is_said() {
    let world = World::new();
    let missing = world.try_start("sfdnone", "", false).map(|_| ()).unwrap_err();
    assert!(matches!(missing, Error::NoInterface { .. }), "{missing}");
    let routeless = world.try_start_auto().map(|_| ()).unwrap_err();
    assert!(matches!(routeless, Error::NoDefaultRoute), "{routeless}");
    let elsewhere = world.config_with_pins_in("/tmp/sfd-not-a-bpffs");
    let refused = world.start_with(&world.veth(), &elsewhere).map(|_| ()).unwrap_err();
    assert!(matches!(refused, Error::NoBpffs { .. }), "{refused}");
    assert!(Instance::list(elsewhere.config.paths()).unwrap().is_empty());
}

/// A list of the operator's that names these.
fn import(world: &World, prefixes: Vec<Prefix>) {
    let mut store = world.store();
    let spec = ListSpec::new("list", Location::File("/list".into()));
    let list = store.put_blocklist(&spec, ListOrigin::Operator).unwrap();
    let (left_out, validators) = (LeftOut::default(), Validators::default());
    store.take_blocklist(list.id, &NewList { prefixes, left_out, validators }, world.wall(), None).unwrap();
}

#[test]
fn block_lists_give_way_to_entries() {
    let world = World::new();
    let iface = world.veth();
    import(&world, ["203.0.113.1", "203.0.113.2"].iter().map(|text| parse_prefix(text).unwrap()).collect());
    let (mut instance, _) = world.start(&iface, "[capacity]\nbans = 2\n");
    assert_eq!(world.judge(&instance, "203.0.113.1"), Reason::Denied);
    world.add(&[deny(STRANGER)]);
    let synced = instance.sync_entries(&world.store()).unwrap();
    assert!(
        synced.unlisted == 2 && synced.complaint().is_some_and(|said| said.contains("capacity.bans")),
        "{synced:?}"
    );
    assert_eq!(world.judge(&instance, STRANGER), Reason::Denied);
    assert_eq!(world.judge(&instance, "203.0.113.1"), Reason::Stranger);
    drop(instance);
    world.unload(&iface).unwrap();
}

#[test]
fn a_block_list_of_a_hundred_thousand_is_put_in_place_in_a_moment() {
    let world = World::new();
    let iface = world.veth();
    let (mut instance, _) = world.start(&iface, "");
    let prefix =
        |i: u32| Prefix::new(Addr::from_v4((0x0100_0000 + i * 35_001).to_be_bytes()), 96 + [32, 24][i as usize % 2]);
    import(&world, (0..100_000).map(prefix).collect());
    let begin = Instant::now();
    let synced = instance.sync_entries(&world.store()).unwrap();
    let first = begin.elapsed();
    assert!(synced.written > 99_000 && synced.unlisted == 0, "{synced:?}");
    let begin = Instant::now();
    assert_eq!(instance.sync_entries(&world.store()).unwrap().written, 0);
    eprintln!("{} prefixes written in {first:?}, looked at again in {:?}", synced.written, begin.elapsed());
    assert!(first < Duration::from_secs(60), "{first:?}");
    drop(instance);
    world.unload(&iface).unwrap();
}
