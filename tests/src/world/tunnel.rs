//! TLS for programs that speak none: SIPp, as distributions build it.
//!
//! Owns: a socat that takes TCP and goes on in TLS. Refuses: checking certificates.
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;

use super::process::Process;
use super::{Place, World};

const START: Duration = Duration::from_secs(5);

/// From an address of a namespace to a server, until it is dropped.
pub fn open(world: &World, place: Place, local: SocketAddr, server: SocketAddr) -> Result<Process> {
    let mut command = world.netns(place).command("socat");
    let listen = format!("TCP-LISTEN:{},bind={},fork,reuseaddr", local.port(), local.ip());
    command.arg(listen).arg(format!("OPENSSL:{server},bind={},verify=0", local.ip()));
    let log = world.dir().join(format!("tunnel-{}.log", local.port()));
    let mut process = Process::start(&mut command, "socat", &log)?;
    let netns = world.netns(place);
    process.ready(START, || netns.has_tcp_listener(local.port()).then_some(()))?;
    Ok(process)
}
