//! The wires of a world.
//!
//! Owns: interfaces, addresses, routes and neighbours. Refuses: anything learned at run time: a flood must not be able to
//! starve address resolution.
use std::fmt::Write as _;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::address::{
    ATTACKER, ATTACKER_MAC, ATTACKER6, BOTNET, BOTNET_BITS, BOTNET6, BOTNET6_BITS, CROWD, CROWD_BITS, CROWD6,
    CROWD6_BITS, EDGE, EDGE_MAC, EDGE6, ITSP, ITSP_MAC, ITSP6, PHONES, PHONES_MAC, PHONES6, SPOOFED, SPOOFED_BITS,
};
use super::process::output;
use super::{Place, World};

/// How the server's interface behaves towards XDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// It runs XDP programs natively, as a good network card's driver does.
    Native,
    /// It refuses: the other end sends on more queues than this one receives on, and veth then takes no native program.
    /// What is left is the generic mode.
    GenericOnly,
}

/// The name of the interface of everyone but the server.
pub(super) const IFACE: &str = "eth0";

const HOSTS: [(Place, [u8; 6]); 3] =
    [(Place::Itsp, ITSP_MAC), (Place::Phones, PHONES_MAC), (Place::Attacker, ATTACKER_MAC)];

/// Wires a world up.
pub(super) fn build(world: &World, driver: Driver) -> Result<()> {
    world.switch().within(|| set("ipv6/conf/all/disable_ipv6", "1"))??;
    world.switch().ip("link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0\nlink set br0 up\n")?;
    wire(world, Place::Edge, "p-edge", world.iface(), EDGE_MAC, driver)?;
    for (place, mac) in HOSTS {
        wire(world, place, &format!("p-{place:?}").to_lowercase(), IFACE, mac, Driver::Native)?;
    }
    edge(world)?;
    host(world, Place::Itsp, &format!("{ITSP}/32"), &format!("{ITSP6}/128"))?;
    host(world, Place::Phones, &format!("{PHONES}/32"), &format!("{PHONES6}/128"))?;
    host(world, Place::Attacker, &format!("{ATTACKER}/32"), &format!("{ATTACKER6}/128"))?;
    block(world, Place::Phones, &format!("{CROWD}/{CROWD_BITS}"), &format!("{CROWD6}/{CROWD6_BITS}"))?;
    block(world, Place::Attacker, &format!("{BOTNET}/{BOTNET_BITS}"), &format!("{BOTNET6}/{BOTNET6_BITS}"))
}

/// One more cable to the server.
pub(super) fn add_interface(world: &World, name: &str) -> Result<()> {
    wire(world, Place::Edge, "p-second", name, [2, 0, 0, 0, 0, 0x02], Driver::Native)
}

/// A cable from a namespace to the bridge.
fn wire(world: &World, place: Place, port: &str, iface: &str, mac: [u8; 6], driver: Driver) -> Result<()> {
    let netns = world.netns(place);
    netns.within(quiet)??;
    let (near, far) = match driver {
        Driver::Native => ("", ""),
        Driver::GenericOnly => ("numtxqueues 2 numrxqueues 2", "numtxqueues 1 numrxqueues 1"),
    };
    world.switch().ip(&format!(
        "link add {port} {near} type veth peer name {iface} address {} {far} netns {}\nlink set {port} master br0 up\n",
        text(mac),
        netns.name()
    ))?;
    netns.ip(&format!("link set lo up\nlink set {iface} addrgenmode none\nlink set {iface} up\n"))?;
    // Checksums and segments as they are on a wire; gro makes veth poll (NAPI), as a network card's driver does.
    plain(&mut world.switch().command("ethtool"), port, "off")?;
    plain(&mut netns.command("ethtool"), iface, if place == Place::Edge { "on" } else { "off" })
}

fn plain(ethtool: &mut Command, iface: &str, gro: &str) -> Result<()> {
    output(ethtool.args(["-K", iface, "tx", "off", "tso", "off", "gso", "off", "gro", gro])).map(drop)
}

/// No router chatter, no addresses that form by themselves, and answers to whoever asks.
pub(super) fn quiet() -> Result<()> {
    for scope in ["all", "default"] {
        set(&format!("ipv6/conf/{scope}/accept_ra"), "0")?;
        set(&format!("ipv6/conf/{scope}/accept_dad"), "0")?;
        set(&format!("ipv4/conf/{scope}/rp_filter"), "0")?;
    }
    Ok(())
}

pub(super) fn set(key: &str, value: &str) -> Result<()> {
    std::fs::write(format!("/proc/sys/net/{key}"), value).with_context(|| key.to_owned())
}

fn edge(world: &World) -> Result<()> {
    let dev = world.iface();
    let mut lines = format!("addr add {EDGE}/32 dev {dev}\naddr add {EDGE6}/128 dev {dev} nodad\n");
    for (v4, v6, mac) in [(ITSP, ITSP6, ITSP_MAC), (PHONES, PHONES6, PHONES_MAC), (ATTACKER, ATTACKER6, ATTACKER_MAC)] {
        let mac = text(mac);
        writeln!(lines, "route add {v4}/32 dev {dev} src {EDGE}\nroute add {v6}/128 dev {dev} src {EDGE6}")?;
        writeln!(lines, "neigh add {v4} lladdr {mac} dev {dev} nud permanent")?;
        writeln!(lines, "neigh add {v6} lladdr {mac} dev {dev} nud permanent")?;
    }
    for (net, bits, via) in
        [(SPOOFED, SPOOFED_BITS, ATTACKER), (BOTNET, BOTNET_BITS, ATTACKER), (CROWD, CROWD_BITS, PHONES)]
    {
        writeln!(lines, "route add {net}/{bits} via {via} dev {dev} onlink src {EDGE}")?;
    }
    for (net, bits, via) in [(BOTNET6, BOTNET6_BITS, ATTACKER6), (CROWD6, CROWD6_BITS, PHONES6)] {
        writeln!(lines, "route add {net}/{bits} via {via} dev {dev} onlink src {EDGE6}")?;
    }
    world.netns(Place::Edge).ip(&lines)
}

fn host(world: &World, place: Place, v4: &str, v6: &str) -> Result<()> {
    let mac = text(EDGE_MAC);
    let mut lines = format!("addr add {v4} dev {IFACE}\naddr add {v6} dev {IFACE} nodad\n");
    for edge in [EDGE.to_string(), EDGE6.to_string()] {
        writeln!(lines, "route add {edge} dev {IFACE}\nneigh add {edge} lladdr {mac} dev {IFACE} nud permanent")?;
    }
    world.netns(place).ip(&lines)
}

/// Makes whole networks a namespace's own, so that a process there can bind any address of them (Linux: "AnyIP").
fn block(world: &World, place: Place, v4: &str, v6: &str) -> Result<()> {
    let netns = world.netns(place);
    // A v6 socket may bind only what an interface has, whatever the routes say.
    netns.within(|| set("ipv6/ip_nonlocal_bind", "1"))??;
    netns.ip(&format!("route add local {v4} dev lo\nroute add local {v6} dev lo\n"))
}

fn text(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}
