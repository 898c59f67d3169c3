//! Calls that were there before the daemon.
use std::collections::HashMap;
use std::process::Command as Process;

use firewall_common::addr::Addr;
use firewall_common::limiter::Limit;
use firewall_common::media::{CODECS, Codec, FLOW_RTP, FLOW_SRTP, Flow};
use firewall_userspace::engine::call::{Call, Demand, Leg, State, Transport};
use firewall_userspace::engine::command::{Command, Pinholes};
use firewall_userspace::store::{CallFilter, Learned};

use super::*;

const CONFIG: &str = "[media]\npolicy = \"srtp-only\"\nports = [\"10000-20000\"]\n";

fn flow(call: u64) -> Flow {
    Flow {
        local: Addr::from_v4([192, 0, 2, 10]),
        remote: Addr::from_v4([198, 51, 100, 7]),
        signalling: Addr::from_v4([198, 51, 100, 7]),
        call,
        ice: 0,
        silence: 600_000_000_000,
        limit: Limit::per_second(200, 50),
        codecs: [Codec::default(); CODECS],
        remote_port: 4_000,
        local_port: 10_000,
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

fn call(id: u64, started: i64) -> Call {
    let leg = Leg {
        inbound: true,
        remote: "198.51.100.7:5060".parse().unwrap(),
        peer: 0,
        transport: Transport::Udp,
        policy: Demand::SrtpOnly,
        refusal: None,
        streams: vec![],
    };
    let [from, to, agent] = ["100@a", "200@a", "phone"].map(str::to_owned);
    Call { started, answered: Some(started), from, to, agent, legs: vec![leg], state: State::Up, ..Call::blank(id) }
}

fn states(world: &World) -> HashMap<u64, State> {
    let all = world.store().calls(&CallFilter::default(), 100).unwrap();
    all.into_iter().map(|stored| (stored.call.id, stored.call.state)).collect()
}

fn open(world: &World, iface: &str) -> Vec<Flow> {
    world.open(iface).unwrap().pinholes().unwrap().all().unwrap()
}

fn sipfw(world: &World, args: &[&str]) -> String {
    let ran =
        Process::new(env!("CARGO_BIN_EXE_sipfw")).arg("--config").arg(config_file(world)).args(args).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn calls_with_pinholes_go_on_and_the_others_are_lost() {
    let world = World::new();
    let iface = world.veth();
    write_config(&world, CONFIG);
    let (instance, _) = world.start(&iface, CONFIG);
    let (mut pinholes, wall) = (instance.pinholes().unwrap(), world.wall() - 5_000);
    pinholes.set(&Pinholes { call: 1, flows: vec![flow(1)] }, world.now()).unwrap();
    drop((pinholes, instance));
    let told = [call(1, wall), call(2, wall)].map(|call| Command::Call(Box::new(call)));
    let learned: Vec<Learned> = told.into_iter().filter_map(|one| Learned::of(one, wall, 64, |_| None)).collect();
    world.store().record(&learned).unwrap();

    let daemon = Daemon::start(&world, &iface, false);
    eventually("the one without a pinhole is lost", || states(&world)[&2] == State::Lost);
    assert_eq!(states(&world)[&1], State::Up);
    assert_eq!(open(&world, &iface).len(), 1);
    let shown = sipfw(&world, &["calls", "--live"]);
    assert!(shown.contains("000000000000 ") && shown.lines().count() == 2, "{shown}");
    let story = sipfw(&world, &["calls", "why", "0000000000000001"]);
    assert!(story.contains("192.0.2.10:10000") && story.contains("srtp"), "{story}");
    let status = sipfw(&world, &["status"]);
    assert!(
        status.contains("media  ") && status.contains("srtp-only; 1 live") && status.contains("pinholes 1 of"),
        "{status}"
    );
    assert!(!daemon.end(Signal::KILL).success());
    assert_eq!(open(&world, &iface).len(), 1, "a killed daemon closes nothing");
}
