//! UDP (RFC 768) and TCP (RFC 9293) headers.
//!
//! Owns: ports, flags, and where the payload stands. Refuses: checksums, which the host's stack verifies.
use super::{Bytes, Packet, read};
use crate::reason::Reason;
use crate::verdict::{Flow, stop};
use core::ops::ControlFlow::Continue;

const UDP_HEADER: u32 = 8;
const TCP_HEADER: u32 = 20;

/// TCP's FIN flag.
pub const FIN: u8 = 0x01;
/// TCP's SYN flag.
pub const SYN: u8 = 0x02;
/// TCP's RST flag.
pub const RST: u8 = 0x04;
/// TCP's ACK flag.
pub const ACK: u8 = 0x10;

/// The ports, which both transports keep in the first four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Source port.
    pub src: u16,
    /// Destination port.
    pub dst: u16,
}

impl Ports {
    /// Reads them. They must be there and inside the IP packet, or nobody can tell whether the packet is protected.
    #[inline(always)]
    pub fn parse<B: Bytes + ?Sized>(frame: &B, packet: &Packet) -> Flow<Self> {
        let reason = match packet.protocol {
            super::Protocol::Udp => Reason::MalformedUdp,
            super::Protocol::Tcp => Reason::MalformedTcp,
        };
        if packet.len < 4 {
            return stop(if packet.part.is_fragment() { Reason::FragmentTiny } else { reason });
        }
        let [a, b, c, d]: [u8; 4] = read(frame, packet.at, reason)?;
        Continue(Self { src: u16::from_be_bytes([a, b]), dst: u16::from_be_bytes([c, d]) })
    }
}

/// Where a UDP payload stands in the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UdpDatagram {
    /// Offset in the frame.
    pub at: u32,
    /// Bytes here: of the whole payload, or of what the first fragment holds of it.
    pub len: u32,
}

/// The payload of a UDP datagram or of its first fragment.
#[inline(always)]
pub fn udp<B: Bytes + ?Sized>(frame: &B, packet: &Packet) -> Flow<UdpDatagram> {
    let fragmented = packet.part.is_fragment();
    if packet.len < UDP_HEADER {
        return stop(if fragmented { Reason::FragmentTiny } else { Reason::MalformedUdp });
    }
    let [len, _, ..]: [[u8; 2]; 2] = split(read(frame, packet.at + 4, Reason::MalformedUdp)?);
    let len = u32::from(u16::from_be_bytes(len));
    // A datagram in fragments is longer than its first fragment; any other must lie inside its IP packet.
    if len < UDP_HEADER || (!fragmented && len > packet.len) || (fragmented && len < packet.len) {
        return stop(Reason::MalformedUdp);
    }
    let here = if fragmented { packet.len } else { len };
    Continue(UdpDatagram { at: packet.at + UDP_HEADER, len: here - UDP_HEADER })
}

#[inline(always)]
const fn split(b: [u8; 4]) -> [[u8; 2]; 2] {
    [[b[0], b[1]], [b[2], b[3]]]
}

/// A TCP segment's flags and payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpSegment {
    /// The flags byte.
    pub flags: u8,
    /// The payload's offset in the frame.
    pub at: u32,
    /// The payload's bytes.
    pub len: u32,
}

/// The flags and payload of a TCP segment.
#[inline(always)]
pub fn tcp<B: Bytes + ?Sized>(frame: &B, packet: &Packet) -> Flow<TcpSegment> {
    if packet.len < TCP_HEADER {
        return stop(if packet.part.is_fragment() { Reason::FragmentTiny } else { Reason::MalformedTcp });
    }
    let [offset, flags]: [u8; 2] = read(frame, packet.at + 12, Reason::MalformedTcp)?;
    let header = u32::from(offset >> 4) * 4;
    if header < TCP_HEADER || header > packet.len {
        return stop(Reason::MalformedTcp);
    }
    Continue(TcpSegment { flags, at: packet.at + header, len: packet.len - header })
}

/// A TCP segment's sequence number, and its acknowledgement number where it has one, otherwise 0 (RFC 9293 §3.1).
#[inline(always)]
pub fn tcp_numbers<B: Bytes + ?Sized>(frame: &B, packet: &Packet) -> Option<(u32, u32)> {
    let [a, b, c, d, e, f, g, h, _, flags] = frame.read(packet.at + 4)?;
    let acknowledged = if flags & ACK != 0 { u32::from_be_bytes([e, f, g, h]) } else { 0 };
    Some((u32::from_be_bytes([a, b, c, d]), acknowledged))
}
