//! The program that hears what our side sends, through the life of an instance. Needs root and Linux 6.6.
use std::fs;
use std::net::{IpAddr, UdpSocket};

use firewall_common::addr::Addr;
use firewall_common::copy::{CopyHead, FLAG_EGRESS};
use firewall_common::reason::Reason;
use firewall_userspace::dataplane::{AttachMode, Instance, probe};

#[allow(dead_code, reason = "shared with other tests, which use the rest")]
#[path = "lifecycle/world.rs"]
mod world;
use world::{World, frame_of};

const SECOND: u64 = 1_000_000_000;
const STRANGER: &str = "198.51.100.7";
const RESPONSE: &[u8] = b"SIP/2.0 200 OK\r\nCall-ID: 1\r\n\r\n";

/// The id of the program that hears, which must be alone.
fn hears(world: &World, iface: &str) -> Option<u32> {
    match &world.egress(iface)[..] {
        [] => None,
        [(id, name)] if name == "sip_egress" => Some(*id),
        others => panic!("{others:?}"),
    }
}

/// What a response of a stranger is judged, so many seconds from now.
fn response(world: &World, instance: &Instance, in_seconds: u64) -> Reason {
    let frame = frame_of(STRANGER, RESPONSE);
    probe::judge(&instance.probe().unwrap(), &frame, world.now() + in_seconds * SECOND, false).unwrap().reason
}

#[test]
fn it_lives_through_kill_takeover_reload_and_unload() {
    let world = World::new();
    let iface = world.veth();
    let (instance, started) = world.start(&iface, "");
    assert_eq!(started.warnings, [""; 0]);
    let first = hears(&world, &iface).expect("it hears");
    assert!(instance.policy().unwrap().hears);
    drop(instance);
    assert_eq!(hears(&world, &iface), Some(first), "a killed daemon leaves it");

    let (mut instance, started) = world.start(&iface, "");
    assert!(started.took_over);
    let second = hears(&world, &iface).expect("it still hears");
    assert_ne!(second, first);
    instance.reload(&world.config("mode = \"trunk\"")).unwrap();
    let third = hears(&world, &iface).expect("it still hears");
    assert_ne!(third, second);
    // The command can do it too.
    world.open(&iface).unwrap().reload(&world.config("")).unwrap();
    assert!(hears(&world, &iface).is_some_and(|id| id != third));
    drop(instance);
    world.unload(&iface).unwrap();
    assert_eq!(hears(&world, &iface), None);
    assert!(!world.pins(&iface).exists());
}

#[test]
fn it_ends_with_an_ephemeral_instance() {
    let world = World::new();
    let iface = world.veth();
    let (mut instance, _) = world.try_start(&iface, "", true).unwrap();
    let first = hears(&world, &iface).expect("it hears");
    instance.reload(&world.config("mode = \"trunk\"")).unwrap();
    assert!(hears(&world, &iface).is_some_and(|id| id != first));
    for name in ["link-egress", "link-egress-held"] {
        assert!(!world.pins(&iface).join(name).exists(), "{name}");
    }
    drop(instance);
    assert_eq!(hears(&world, &iface), None, "as after a kill");
    let (instance, _) = world.try_start(&iface, "", true).unwrap();
    instance.close().unwrap();
    assert!(hears(&world, &iface).is_none() && !world.pins(&iface).exists());
}

#[test]
fn what_an_earlier_layout_left_is_taken_over() {
    let world = World::new();
    let iface = world.veth();
    for with_link in [true, false] {
        drop(world.start(&iface, ""));
        let (here, old) = (world.pins(&iface), world.bpf_dir().join("v0"));
        fs::create_dir(&old).unwrap();
        fs::rename(&here, old.join(&iface)).unwrap();
        let before = hears(&world, &iface);
        if !with_link {
            // The first layout had none.
            fs::remove_file(old.join(&iface).join("link-egress")).unwrap();
        }
        let (instance, started) = world.start(&iface, "");
        assert!(started.took_over && started.warnings.is_empty(), "{started:?}");
        let after = world.egress(&iface);
        assert!(after.iter().any(|(id, _)| Some(*id) != before), "{after:?}");
        assert!(!old.exists() && here.join("link-egress").exists());
        drop(instance);
    }
}

#[test]
fn an_interface_made_anew_is_heard_anew() {
    let world = World::new();
    let iface = world.veth();
    drop(world.start(&iface, ""));
    world.remake(&iface);
    assert_eq!(hears(&world, &iface), None);
    let (instance, started) = world.start(&iface, "");
    assert!(started.warnings.is_empty() && hears(&world, &iface).is_some());
    drop(instance);
}

#[test]
fn a_loopback_in_generic_mode_is_heard() {
    let world = World::new();
    let (instance, started) = world.start("lo", "[ports]\nudp = [5060, 5061]");
    assert!(started.mode == AttachMode::Generic && started.warnings.is_empty(), "{started:?}");
    let mut copies = instance.copies().unwrap();
    let (server, client) = (UdpSocket::bind("127.0.0.1:5060").unwrap(), UdpSocket::bind("127.0.0.1:5061").unwrap());
    server.send_to(RESPONSE, client.local_addr().unwrap()).unwrap();
    let record = copies.strangers.next_copy().expect("the response is copied before it arrives");
    let (head, payload) = CopyHead::split(&record).unwrap();
    assert_eq!((head.flags, head.local_port, head.remote_port, payload), (FLAG_EGRESS, 5060, 5061, RESPONSE));
    assert_eq!(head.remote, Addr::from("127.0.0.1".parse::<IpAddr>().unwrap()));
    drop(instance);
    world.unload("lo").unwrap();
    assert_eq!(hears(&world, "lo"), None);
}

#[test]
fn responses_are_judged_once_whom_we_called_before_has_had_its_time() {
    let world = World::new();
    let iface = world.veth();
    let (mut instance, _) = world.start(&iface, "[slow_path]\ncalled_for = 100");
    assert_eq!(response(&world, &instance, 90), Reason::Stranger);
    assert_eq!(response(&world, &instance, 101), Reason::UnsolicitedResponse);
    // A reload and a take-over go on, also with switches that are made anew.
    instance.reload(&world.config("[slow_path]\ncalled_for = 80000\n[capacity]\nbans = 1000")).unwrap();
    assert_eq!(response(&world, &instance, 101), Reason::UnsolicitedResponse);
    drop(instance);
    let (mut instance, _) = world.start(&iface, "[slow_path]\ncalled_for = 100");
    assert_eq!(response(&world, &instance, 101), Reason::UnsolicitedResponse);
    // Where sources have another width, nobody is called by the same name any more.
    instance.reload(&world.config("[slow_path]\ncalled_for = 1000\n[strangers]\nv6_prefix = 56")).unwrap();
    assert_eq!(response(&world, &instance, 900), Reason::Stranger);
    assert_eq!(response(&world, &instance, 1_001), Reason::UnsolicitedResponse);
}

/// As on a kernel without such links: what else there is works, and responses are not judged.
#[test]
fn where_nothing_can_be_heard_responses_are_not_judged() {
    let world = World::new();
    let iface = world.veth();
    let (instance, _) = world.start(&iface, "[slow_path]\ncalled_for = 1");
    assert_eq!(response(&world, &instance, 2), Reason::UnsolicitedResponse);
    drop(instance);
    // A directory in the way of the link: it can neither be pinned nor replaced.
    fs::remove_file(world.pins(&iface).join("link-egress")).unwrap();
    fs::create_dir_all(world.pins(&iface).join("link-egress")).unwrap();
    let (mut instance, started) = world.start(&iface, "[slow_path]\ncalled_for = 1");
    let [warning] = &started.warnings[..] else { panic!("{started:?}") };
    assert!(warning.contains("responses are not judged"), "{warning}");
    assert!(!instance.policy().unwrap().hears);
    assert_eq!(response(&world, &instance, 2), Reason::Stranger);
    // What stood in the way is gone at the next reload.
    fs::remove_dir(world.pins(&iface).join("link-egress")).unwrap();
    assert_eq!(instance.reload(&world.config("[slow_path]\ncalled_for = 1")).unwrap().warnings, [""; 0]);
    assert!(instance.policy().unwrap().hears && hears(&world, &iface).is_some());
    assert_eq!(response(&world, &instance, 2), Reason::UnsolicitedResponse);
}
