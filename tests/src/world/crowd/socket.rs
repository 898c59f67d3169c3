//! One UDP socket that speaks for many addresses (`IP_PKTINFO`, man 7 ip).
//!
//! Owns: choosing the source of each datagram, and waiting. Refuses: blocking sends: a datagram that does not fit is lost,
//! as on a wire, and its sender sends it again.
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::super::address::{EDGE, SIP};

/// So much may wait to be read.
const BUFFER: libc::c_int = 8 << 20;
/// A wait is no longer than that, whatever comes.
const LONGEST: Duration = Duration::from_millis(50);

pub(super) struct Socket(UdpSocket);

/// A control message with a source address, laid out as `CMSG_DATA` and the like have it.
#[repr(C)]
struct Control {
    header: libc::cmsghdr,
    info: libc::in_pktinfo,
}

impl Socket {
    /// Bound to a port of every address.
    pub(super) fn new(port: u16) -> Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).with_context(|| format!("bind port {port}"))?;
        socket.set_nonblocking(true)?;
        let (fd, size) = (socket.as_raw_fd(), BUFFER);
        let (value, len) = ((&raw const size).cast(), size_of_val(&size) as u32);
        // SAFETY: the pointer and the length are of one number.
        let done = unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, value, len) };
        if done == 0 { Ok(Self(socket)) } else { Err(io::Error::last_os_error()).context("a large receive buffer") }
    }

    /// Sends to the server from an address.
    pub(super) fn send(&self, source: Ipv4Addr, bytes: &[u8]) -> io::Result<()> {
        let mut to = sockaddr(SocketAddrV4::new(EDGE, SIP));
        let mut slice = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        // SAFETY: all zeros are valid for these plain records.
        let (mut control, mut message): (Control, libc::msghdr) = unsafe { std::mem::zeroed() };
        control.header.cmsg_len = size_of::<libc::cmsghdr>() + size_of::<libc::in_pktinfo>();
        control.header.cmsg_level = libc::IPPROTO_IP;
        control.header.cmsg_type = libc::IP_PKTINFO;
        control.info.ipi_spec_dst = libc::in_addr { s_addr: u32::from(source).to_be() };
        message.msg_name = (&raw mut to).cast();
        message.msg_namelen = size_of_val(&to) as u32;
        message.msg_iov = &raw mut slice;
        message.msg_iovlen = 1;
        message.msg_control = (&raw mut control).cast();
        message.msg_controllen = size_of::<Control>();
        // SAFETY: the message points to one address, one slice and one control message, which outlive the call.
        let sent = unsafe { libc::sendmsg(self.0.as_raw_fd(), &raw const message, 0) };
        if sent >= 0 {
            return Ok(());
        }
        match io::Error::last_os_error() {
            error if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::ENOBUFS | libc::EINTR)) => Ok(()),
            error => Err(error),
        }
    }

    /// A datagram that has arrived.
    pub(super) fn receive(&self, bytes: &mut [u8]) -> Option<usize> {
        self.0.recv(bytes).ok()
    }

    /// Waits for a datagram, or for so long.
    pub(super) fn wait(&self, pause: Duration) {
        let pause = pause.min(LONGEST);
        let time = libc::timespec { tv_sec: 0, tv_nsec: pause.subsec_nanos().into() };
        let mut poll = libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one descriptor, one time, no mask of signals.
        unsafe { libc::ppoll(&raw mut poll, 1, &raw const time, std::ptr::null()) };
    }
}

fn sockaddr(addr: SocketAddrV4) -> libc::sockaddr_in {
    // SAFETY: all zeros is a valid address.
    let mut raw: libc::sockaddr_in = unsafe { std::mem::zeroed() };
    raw.sin_family = libc::AF_INET as u16;
    raw.sin_port = addr.port().to_be();
    raw.sin_addr = libc::in_addr { s_addr: u32::from(*addr.ip()).to_be() };
    raw
}
