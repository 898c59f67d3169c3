//! Headers from Ethernet to UDP and TCP.
//!
//! Owns: reading them field by field from slices. Refuses: state.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use firewall_common::reason::Reason;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Protocol {
    Udp,
    Tcp,
}

/// A packet of UDP or TCP, or a part of one.
pub(super) struct Packet<'f> {
    pub(super) src: IpAddr,
    dst: IpAddr,
    pub(super) protocol: Protocol,
    pub(super) fragment: bool,
    id: u32,
    pub(super) offset: usize,
    /// From the transport header, or the fragment's first byte, to the end of the IP packet.
    pub(super) data: &'f [u8],
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]))
}

pub(super) fn parse(frame: &[u8]) -> Result<Packet<'_>, Reason> {
    let mut at = 12;
    let mut tags = 0;
    let kind = loop {
        match number(frame, at).ok_or(Reason::Truncated)? {
            0x8100 | 0x88a8 | 0x9100 => (at, tags) = (at + 4, tags + 1),
            kind => break kind,
        }
        if tags == 3 {
            return Err(Reason::VlanDepth);
        }
    };
    match kind {
        0x0800 => v4(&frame[at + 2..]),
        0x86dd => v6(&frame[at + 2..]),
        _ => Err(Reason::OtherTraffic),
    }
}

fn protocol(number: u8) -> Result<Protocol, Reason> {
    match number {
        17 => Ok(Protocol::Udp),
        6 => Ok(Protocol::Tcp),
        _ => Err(Reason::OtherTraffic),
    }
}

fn v4(bytes: &[u8]) -> Result<Packet<'_>, Reason> {
    let header = bytes.get(..20).ok_or(Reason::MalformedIp)?;
    let (version, words) = (header[0] >> 4, usize::from(header[0] & 15));
    let total = usize::from(u16::from_be_bytes([header[2], header[3]]));
    if version != 4 || words < 5 || total < words * 4 || total > bytes.len() {
        return Err(Reason::MalformedIp);
    }
    let address = |at: usize| IpAddr::from(Ipv4Addr::new(header[at], header[at + 1], header[at + 2], header[at + 3]));
    let place = u16::from_be_bytes([header[6], header[7]]);
    let offset = usize::from(place % 0x2000) * 8;
    Ok(Packet {
        src: address(12),
        dst: address(16),
        protocol: protocol(header[9])?,
        fragment: offset != 0 || place & 0x2000 != 0,
        id: u16::from_be_bytes([header[4], header[5]]).into(),
        offset,
        data: &bytes[words * 4..total],
    })
}

fn v6(bytes: &[u8]) -> Result<Packet<'_>, Reason> {
    let header = bytes.get(..40).ok_or(Reason::MalformedIp)?;
    let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let whole = bytes.get(..40 + length).filter(|_| header[0] >> 4 == 6).ok_or(Reason::MalformedIp)?;
    if length == 0 && header[6] == 0 {
        return Err(Reason::Jumbogram);
    }
    let address =
        |at: usize| <[u8; 16]>::try_from(&header[at..at + 16]).map(Ipv6Addr::from).unwrap_or(Ipv6Addr::LOCALHOST);
    let (src, dst) = (address(8), address(24));
    if src.to_ipv4_mapped().is_some() {
        return Err(Reason::MartianSource);
    }
    let mut packet = Packet {
        src: src.into(),
        dst: dst.into(),
        protocol: Protocol::Udp,
        fragment: false,
        id: 0,
        offset: 0,
        data: &whole[40..],
    };
    let number = chain(&mut packet, header[6])?;
    packet.protocol = protocol(number)?;
    Ok(packet)
}

/// Takes the extension headers off the packet; the number of what follows them.
fn chain(packet: &mut Packet<'_>, mut number: u8) -> Result<u8, Reason> {
    for taken in 0.. {
        let length = match (number, packet.data.get(1)) {
            (0 | 43 | 60 | 135 | 139 | 140, length) => length.map(|n| (usize::from(*n) + 1) * 8),
            (51, length) => length.map(|n| (usize::from(*n) + 2) * 4),
            (44, _) => Some(8),
            _ => return Ok(number),
        };
        if taken == 6 {
            return Err(Reason::HeaderChain);
        }
        // The shortest authentication header has eight bytes, as all others.
        let length = length.filter(|n| *n <= packet.data.len() && packet.data.len() >= 8).ok_or(Reason::MalformedIp)?;
        let (header, rest) = packet.data.split_at(length);
        packet.data = rest;
        if number == 44 {
            let place = u16::from_be_bytes([header[2], header[3]]);
            packet.offset = usize::from(place / 8 * 8);
            packet.fragment = packet.offset != 0 || place & 1 != 0;
            packet.id = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
        }
        number = header[0];
        if packet.offset != 0 {
            // Extension headers behind the fragment header: for what a later fragment is asked, UDP will do.
            let extension = matches!(number, 0 | 43 | 44 | 51 | 60 | 135 | 139 | 140);
            return Ok(if extension { 17 } else { number });
        }
    }
    Ok(number)
}

impl<'f> Packet<'f> {
    /// What its datagram's fragments have in common.
    pub(super) fn datagram(&self) -> (IpAddr, IpAddr, u32, Protocol) {
        (self.src, self.dst, self.id, self.protocol)
    }

    /// A header that is not all there is no fragment's fault, but a fragment's choice.
    fn too_short(&self) -> Reason {
        match self.protocol {
            _ if self.fragment => Reason::FragmentTiny,
            Protocol::Udp => Reason::MalformedUdp,
            Protocol::Tcp => Reason::MalformedTcp,
        }
    }

    pub(super) fn destination_port(&self) -> Result<u16, Reason> {
        number(self.data, 2).ok_or(self.too_short())
    }

    pub(super) fn udp_payload(&self) -> Result<&'f [u8], Reason> {
        let payload = self.data.get(8..).ok_or(self.too_short())?;
        let said = usize::from(number(self.data, 4).unwrap_or_default());
        let fits = if self.fragment { said >= self.data.len() } else { said <= self.data.len() };
        if said < 8 || !fits {
            return Err(Reason::MalformedUdp);
        }
        Ok(if self.fragment { payload } else { &payload[..said - 8] })
    }

    /// Whether it attempts to connect, and its payload.
    pub(super) fn tcp_payload(&self) -> Result<(bool, &'f [u8]), Reason> {
        let header = self.data.get(..20).ok_or(self.too_short())?;
        let length = usize::from(header[12] >> 4) * 4;
        let payload = self.data.get(length..).filter(|_| length >= 20).ok_or(Reason::MalformedTcp)?;
        let [syn, ack] = [0x02, 0x10].map(|flag| header[13] & flag != 0);
        Ok((syn && !ack, payload))
    }
}
