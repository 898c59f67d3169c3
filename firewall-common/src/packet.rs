//! From a frame's bytes to what the policy asks about: who, to which port, by which transport, which part of a datagram.
//!
//! Owns: the order of the headers and the verdict for every frame that cannot be read. Refuses: payloads (see
//! [`crate::sip`]) and state (fragments are followed by the kernel's fragment stage).
mod ethernet;
mod ip;
mod transport;

pub use ip::MAX_EXTENSION_HEADERS;
pub use transport::{ACK, FIN, Ports, RST, SYN, TcpSegment, UdpDatagram, tcp, tcp_numbers, udp};

use crate::addr::Addr;
use crate::reason::Reason;
use crate::verdict::{Flow, Verdict, stop};
use core::ops::ControlFlow;

/// Bytes that may end anywhere. The kernel's implementation compares against `data_end`, the host's is a slice.
pub trait Bytes {
    /// The `N` bytes at offset `at`, if all of them are there.
    fn read<const N: usize>(&self, at: u32) -> Option<[u8; N]>;
    /// The eight bytes at offset `at`, the first in the lowest bits. The kernel's implementation is one load.
    #[inline(always)]
    fn word(&self, at: u32) -> Option<u64> {
        self.read(at).map(u64::from_le_bytes)
    }
    /// How many bytes there are, in every buffer of the frame.
    fn total(&self) -> u32;
    /// The same number. The kernel's implementation hides it from the verifier (see [`crate::sip::Window::forget`]).
    #[inline(always)]
    fn forget(&self, number: u32) -> u32 {
        number
    }
}

impl Bytes for [u8] {
    fn read<const N: usize>(&self, at: u32) -> Option<[u8; N]> {
        self.get(at as usize..)?.first_chunk().copied()
    }
    fn total(&self) -> u32 {
        self.len() as u32
    }
}

/// Transport protocols that the policy knows.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// RFC 768.
    Udp = 17,
    /// RFC 9293.
    Tcp = 6,
}

/// Which part of its datagram a packet is. Numbers and no enum, because the kernel program carries it through many
/// stages (see [`crate::sip::Window::forget`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Part {
    /// Zero for a whole datagram and for an atomic fragment (RFC 6946), 1 for the last fragment, 2 for any other.
    pub fragmented: u32,
    /// The datagram's identification: 16 bits for IPv4, 32 for IPv6.
    pub id: u32,
    /// Offset of the first byte in the datagram's payload, in bytes.
    pub offset: u32,
}

impl Part {
    /// A part from the fields of its header.
    #[inline(always)]
    const fn new(id: u32, offset: u32, more: bool) -> Self {
        Self { fragmented: if more { 2 } else { (offset != 0) as u32 }, id, offset }
    }

    /// Whether it is a fragment.
    #[inline(always)]
    pub const fn is_fragment(self) -> bool {
        self.fragmented != 0
    }

    /// Whether more of the datagram follows.
    #[inline(always)]
    pub const fn has_more(self) -> bool {
        self.fragmented > 1
    }
}

/// A packet up to, not including, its transport header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Source address.
    pub src: Addr,
    /// Destination address.
    pub dst: Addr,
    /// The transport.
    pub protocol: Protocol,
    /// Offset of the transport header, or of the fragment's data, in the frame.
    pub at: u32,
    /// Bytes from `at` to the end of the IP packet.
    pub len: u32,
    /// Which part of its datagram it is.
    pub part: Part,
}

/// Reads Ethernet, up to two VLAN tags, and IPv4 or IPv6 with its extension headers.
///
/// Stops with [`Reason::OtherTraffic`] for what carries neither UDP nor TCP.
#[inline(always)]
pub fn parse<B: Bytes + ?Sized>(frame: &B) -> Flow<Packet> {
    let (kind, at) = ethernet::parse(frame)?;
    match kind {
        ethernet::Kind::V4 => ip::v4(frame, at),
        ethernet::Kind::V6 => ip::v6(frame, at),
    }
}

#[inline(always)]
const fn protocol(number: u8) -> Flow<Protocol> {
    match number {
        17 => ControlFlow::Continue(Protocol::Udp),
        6 => ControlFlow::Continue(Protocol::Tcp),
        _ => ControlFlow::Break(Verdict::of(Reason::OtherTraffic)),
    }
}

#[inline(always)]
fn read<B: Bytes + ?Sized, const N: usize>(frame: &B, at: u32, or: Reason) -> Flow<[u8; N]> {
    match frame.read(at) {
        Some(bytes) => ControlFlow::Continue(bytes),
        None => stop(or),
    }
}
