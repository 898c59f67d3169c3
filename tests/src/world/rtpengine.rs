//! The server's relay of media: rtpengine, all of it in user space.
//!
//! Owns: starting it in a world, and knowing when it answers. Refuses: what it makes of calls (Kamailio tells it).
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use anyhow::Result;

use super::address::{EDGE, EDGE6};
use super::process::Process;
use super::{Place, World};

/// Its ports of media: the first and the last.
pub const MEDIA: (u16, u16) = (20_000, 29_999);
/// Where Kamailio tells it of calls.
const CONTROL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 2223);
const START: Duration = Duration::from_secs(20);
const ASK: Duration = Duration::from_millis(200);

/// Starts it on the server, and waits until it answers.
pub fn start(world: &World) -> Result<Process> {
    let netns = world.netns(Place::Edge);
    let mut command = netns.command("rtpengine");
    // Table -1: no kernel module. The other end of a call is where its packets come from, from the first one on.
    command.args(["--config-file=none", "--foreground", "--log-stderr", "--log-level=6", "--table=-1"]);
    command.args(["--num-threads=2", "--delete-delay=0", "--endpoint-learning=immediate"]);
    command.args([&format!("--interface={EDGE}"), &format!("--interface={EDGE6}"), &format!("--listen-ng={CONTROL}")]);
    command.args([&format!("--port-min={}", MEDIA.0), &format!("--port-max={}", MEDIA.1)]);
    let mut process = Process::start(&mut command, "rtpengine", &world.dir().join("rtpengine.log"))?;
    let socket = netns.within(|| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)))??;
    socket.set_read_timeout(Some(ASK))?;
    process.ready(START, || answers(&socket).then_some(()))?;
    Ok(process)
}

/// A cookie, and a dictionary in bencode.
fn answers(socket: &UdpSocket) -> bool {
    let mut answer = [0; 256];
    let sent = socket.send_to(b"1_1 d7:command4:pinge", CONTROL);
    sent.is_ok() && socket.recv(&mut answer).is_ok_and(|len| answer[..len].ends_with(b"4:ponge"))
}
