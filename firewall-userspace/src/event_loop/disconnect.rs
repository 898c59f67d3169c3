//! Ending TCP connections that end at this system (sock_diag(7)), as `ss --kill` does.
//!
//! Owns: the request to the kernel and its answer. Refuses: deciding which connections end (the engine does), and those that this
//! system only forwards: whoever sent on them gives up by himself.
use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload, NetlinkSerializable,
};
use netlink_packet_sock_diag::inet::{ExtensionFlags, InetRequest, SocketId, StateFlags};
use netlink_packet_sock_diag::{SockDiagDestroy, SockDiagMessage, constants};
use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

use crate::engine::command::Connection;

/// Bytes of the kernel's answer at most: an error with the request in it.
const ANSWER: usize = 512;

/// Ends a connection, with a RST to the remote side; whether there was one.
///
/// The kernel, asked for a connection that is gone, finds the socket that listens for it, and would end that. So it is asked first
/// what it finds, and the answer's cookie names that very socket.
///
/// # Errors
///
/// The kernel's refusal: no right to do it, or a kernel that cannot (CONFIG_INET_DIAG_DESTROY).
pub fn end(connection: &Connection) -> io::Result<bool> {
    let socket = open()?;
    let found = ask(&socket, NetlinkMessage::new(header(NLM_F_REQUEST), query(connection, ANY).into()))?;
    let Some(NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(found))) = found else { return Ok(false) };
    let id = &found.header.socket_id;
    if found.header.state == constants::TCP_LISTEN || id.destination_port != connection.remote.1 {
        return Ok(false);
    }
    let destroy = SockDiagDestroy::new(query(connection, id.cookie));
    let ended = ask(&socket, NetlinkMessage::new(header(NLM_F_REQUEST | NLM_F_ACK), destroy.into()))?;
    Ok(ended.is_some())
}

/// Any socket's cookie.
const ANY: [u8; 8] = [0xff; 8];

fn open() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(SOCK_DIAG))?)
}

/// Asks the kernel, which answers in the sender's own time, so that nothing is waited for. Nothing where there is no such socket.
fn ask<T: NetlinkSerializable>(
    socket: &OwnedFd,
    mut message: NetlinkMessage<T>,
) -> io::Result<Option<NetlinkPayload<SockDiagMessage>>> {
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    sendto(socket, &bytes, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let mut room = [0; ANSWER];
    let (len, _) = recv(socket, &mut room, RecvFlags::DONTWAIT)?;
    let answer = NetlinkMessage::<SockDiagMessage>::deserialize(room.get(..len).unwrap_or_default());
    match answer.map_err(io::Error::other)?.payload {
        NetlinkPayload::Error(error) if error.code.is_some() => match error.to_io() {
            error if error.kind() == io::ErrorKind::NotFound => Ok(None),
            error => Err(error),
        },
        payload => Ok(Some(payload)),
    }
}

fn header(flags: u16) -> NetlinkHeader {
    let mut header = NetlinkHeader::default();
    header.flags = flags;
    header
}

fn query(connection: &Connection, cookie: [u8; 8]) -> SockDiagMessage {
    let [(source_address, source_port), (destination_address, destination_port)] =
        [connection.local, connection.remote].map(|(host, port)| (IpAddr::from(host), port));
    let family = if source_address.is_ipv4() { constants::AF_INET } else { constants::AF_INET6 };
    SockDiagMessage::InetRequest(InetRequest {
        family,
        protocol: constants::IPPROTO_TCP,
        extensions: ExtensionFlags::empty(),
        states: StateFlags::all(),
        socket_id: SocketId {
            source_port,
            destination_port,
            source_address,
            destination_address,
            interface_id: 0,
            cookie,
        },
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use super::*;

    fn place(of: SocketAddr) -> (firewall_common::addr::Addr, u16) {
        (of.ip().to_canonical().into(), of.port())
    }

    /// A connection over loopback to a listener of one version of IP.
    fn ends(listens: &str, connects: &str) {
        let listener = TcpListener::bind((listens, 0)).unwrap();
        let mut phone = TcpStream::connect((connects, listener.local_addr().unwrap().port())).unwrap();
        let (mut server, remote) = listener.accept().unwrap();
        let connection = Connection { local: place(server.local_addr().unwrap()), remote: place(remote) };
        match end(&connection) {
            // Only root may.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return,
            ended => assert!(ended.unwrap()),
        }
        assert_eq!(phone.read(&mut [0; 9]).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(server.read(&mut [0; 9]).unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
        assert!(!end(&connection).unwrap(), "it is gone");
        assert!(
            TcpStream::connect((connects, listener.local_addr().unwrap().port())).is_ok(),
            "and who listens is not"
        );
    }

    #[test]
    fn both_sides_learn_that_it_is_over() {
        ends("127.0.0.1", "127.0.0.1");
        ends("::1", "::1");
        ends("::", "127.0.0.1");
    }
}
