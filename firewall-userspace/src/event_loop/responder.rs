//! Answers in our server's place.
//!
//! Owns: the raw sockets, the packets around an answer, and counting what was sent and what was not. Refuses: what is answered
//! and to whom (the engine decides), and waiting: a full queue loses the answer, and whoever asked asks again (RFC 3261
//! §17.1.1.2).
use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::OwnedFd;

use etherparse::PacketBuilder;
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, ipproto, sendto, socket_with};
use serde::{Deserialize, Serialize};

use crate::engine::command::Answer;

/// Routers on the way; that of other packets of this system.
const HOPS: u8 = 64;

/// What became of the answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Handed to the network.
    pub sent: u64,
    /// Not sent.
    pub failed: u64,
}

/// One socket for each version of IP. The packet's whole header is ours, so its source can be our server.
pub struct Responder {
    v4: io::Result<OwnedFd>,
    v6: io::Result<OwnedFd>,
    counts: Counts,
}

impl Responder {
    /// Opens both, in this thread's network namespace; what is missing then fails with each answer.
    pub fn open() -> Self {
        Self { v4: open(AddressFamily::INET), v6: open(AddressFamily::INET6), counts: Counts::default() }
    }

    /// A sentence for the log, if answers can't be sent.
    pub fn warning(&self) -> Option<String> {
        let told = |version: &str, socket: &io::Result<OwnedFd>| {
            socket
                .as_ref()
                .err()
                .map(|error| format!("over {version} no call that is refused gets an answer ({error})"))
        };
        let told: Vec<String> = [told("IPv4", &self.v4), told("IPv6", &self.v6)].into_iter().flatten().collect();
        (!told.is_empty()).then(|| format!("{}: raw sockets take CAP_NET_RAW", told.join(", ")))
    }

    /// Sends an answer.
    ///
    /// # Errors
    ///
    /// A socket that could not be opened, addresses of two versions of IP, or the network's refusal.
    pub fn send(&mut self, answer: &Answer) -> io::Result<()> {
        let sent = self.try_send(answer);
        *(if sent.is_ok() { &mut self.counts.sent } else { &mut self.counts.failed }) += 1;
        sent
    }

    fn try_send(&self, answer: &Answer) -> io::Result<()> {
        let packet = packet(answer)?;
        // The kernel routes by the address alone; a port here would be a protocol's number.
        let (socket, to): (_, SocketAddr) = match IpAddr::from(answer.to.0) {
            IpAddr::V4(to) => (&self.v4, SocketAddrV4::new(to, 0).into()),
            IpAddr::V6(to) => (&self.v6, SocketAddrV6::new(to, 0, 0, 0).into()),
        };
        let socket = socket.as_ref().map_err(|error| io::Error::new(error.kind(), error.to_string()))?;
        let sent = sendto(socket, &packet, SendFlags::DONTWAIT, &to)?;
        if sent == packet.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }

    /// What became of the answers so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }
}

/// Whether this process may open such sockets.
///
/// # Errors
///
/// The system's refusal.
pub fn probe() -> io::Result<()> {
    open(AddressFamily::INET).and(open(AddressFamily::INET6)).map(drop)
}

/// With this protocol, the header is the sender's (raw(7)); IPv6 does the same.
fn open(family: AddressFamily) -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(socket_with(family, SocketType::RAW, flags, Some(ipproto::RAW))?)
}

/// The datagram with its headers (RFC 768, RFC 791, RFC 8200).
fn packet(answer: &Answer) -> io::Result<Vec<u8>> {
    let ((from, from_port), (to, to_port)) = (answer.from, answer.to);
    let builder = match (IpAddr::from(from), IpAddr::from(to)) {
        (IpAddr::V4(from), IpAddr::V4(to)) => PacketBuilder::ipv4(from.octets(), to.octets(), HOPS),
        (IpAddr::V6(from), IpAddr::V6(to)) => PacketBuilder::ipv6(from.octets(), to.octets(), HOPS),
        _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, "addresses of two versions of IP")),
    };
    let builder = builder.udp(from_port, to_port);
    let mut packet = Vec::with_capacity(builder.size(answer.bytes.len()));
    builder.write(&mut packet, &answer.bytes).map_err(io::Error::other)?;
    Ok(packet)
}
