//! The server: Kamailio as registrar and proxy with digest users and a trunk.
//!
//! Owns: starting it in a world and knowing when it answers. Refuses: its rules (tests/peers/kamailio/ has them).
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use anyhow::Result;

use super::address::{EDGE, SIP};
use super::process::Process;
use super::{Place, World};

/// A registrar and proxy with digest users and a trunk.
pub const PROXY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/kamailio/kamailio.cfg");
/// A registrar that tells of failed authentications.
pub const FEED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/kamailio/feed.cfg");
const START: Duration = Duration::from_secs(20);
const ASK: Duration = Duration::from_millis(200);

/// Starts Kamailio on the server, as registrar and proxy, and waits until it answers.
pub fn start(world: &World) -> Result<Process> {
    start_with(world, PROXY)
}

/// The same with another config.
pub fn start_with(world: &World, config: &str) -> Result<Process> {
    let run = world.dir().join("kamailio");
    std::fs::create_dir_all(&run)?;
    let netns = world.netns(Place::Edge);
    let mut command = netns.command("kamailio");
    // -DD: in the foreground, so that the id we keep is the main process's.
    command.args(["-DD", "-E", "-m", "64", "-M", "8", "-f", config, "-Y"]).arg(&run).arg("-w").arg(&run);
    let mut process = Process::start(&mut command, "kamailio", &world.dir().join("kamailio.log"))?;
    // From the server itself: the way through its interface is what tests are about.
    let socket = netns.within(|| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)))??;
    socket.set_read_timeout(Some(ASK))?;
    process.ready(START, || answers(&socket).then_some(()))?;
    Ok(process)
}

fn answers(socket: &UdpSocket) -> bool {
    let port = socket.local_addr().map_or(0, |addr| addr.port());
    let request = format!(
        "OPTIONS sip:{EDGE} SIP/2.0\r\nVia: SIP/2.0/UDP {EDGE}:{port};branch=z9hG4bKready\r\nMax-Forwards: 70\r\n\
         From: <sip:ready@{EDGE}>;tag=1\r\nTo: <sip:{EDGE}>\r\nCall-ID: ready\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    );
    let mut answer = [0; 2048];
    let sent = socket.send_to(request.as_bytes(), SocketAddr::from((EDGE, SIP)));
    sent.is_ok() && socket.recv(&mut answer).is_ok_and(|len| answer[..len].starts_with(b"SIP/2.0 200"))
}
