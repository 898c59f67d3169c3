//! A frame of a capture as the copy that the kernel would have made of it.
//!
//! Owns: the head's fields out of the frame's headers (etherparse reads them), and who is the remote side. Refuses:
//! whether the kernel would have copied it, and what the remote side is to the policy; whoever asks sets `kind` and
//! `peer`.
use std::net::IpAddr;

use etherparse::{IpNumber, NetSlice, SlicedPacket, TcpSlice, UdpSlice};
use firewall_common::addr::Addr;
use firewall_common::copy::{CopyHead, FLAG_EGRESS, FLAG_FIN, FLAG_MORE_FRAGMENTS, FLAG_RST, FLAG_SYN, Kind};

/// The copy of an Ethernet frame that was seen at `time` (nanoseconds), with a stranger as the remote side.
///
/// `is_ours` tells whether an address with a port is one of our side's; the port is 0 for a later fragment. Nothing
/// comes of a frame that is neither UDP nor TCP, cannot be read, or does not have exactly one end that is ours.
pub fn copy_of(frame: &[u8], time: u64, is_ours: impl Fn(IpAddr, u16) -> bool) -> Option<(CopyHead, &[u8])> {
    let packet = SlicedPacket::from_ethernet(frame).ok()?;
    let part = Part::of(&packet)?;
    let (transport, payload) = Transport::of(&part)?;
    let [source, target] = [(part.source, transport.source), (part.target, transport.target)];
    let sent = is_ours(source.0, source.1);
    if sent == is_ours(target.0, target.1) {
        return None;
    }
    let (local, remote) = if sent { (source, target) } else { (target, source) };
    let len = u32::try_from(payload.len()).ok()?;
    let head = CopyHead {
        time,
        remote: Addr::from(remote.0),
        local: Addr::from(local.0),
        len,
        total: len,
        seq: transport.seq,
        fragment_id: if part.is_fragment() { part.id } else { transport.ack },
        fragment_offset: part.offset,
        peer: 0,
        remote_port: remote.1,
        local_port: local.1,
        flags: transport.flags | flag(sent, FLAG_EGRESS) | flag(part.more, FLAG_MORE_FRAGMENTS),
        protocol: part.protocol.0,
        kind: Kind::Stranger as u8,
    };
    Some((head, payload))
}

fn flag(set: bool, flag: u16) -> u16 {
    if set { flag } else { 0 }
}

/// What the IP headers say.
struct Part<'a> {
    source: IpAddr,
    target: IpAddr,
    protocol: IpNumber,
    id: u32,
    offset: u32,
    more: bool,
    payload: &'a [u8],
}

impl<'a> Part<'a> {
    fn of(packet: &SlicedPacket<'a>) -> Option<Self> {
        match packet.net.as_ref()? {
            NetSlice::Ipv4(v4) => {
                let (header, payload) = (v4.header(), v4.payload());
                Some(Self {
                    source: header.source_addr().into(),
                    target: header.destination_addr().into(),
                    protocol: payload.ip_number,
                    id: header.identification().into(),
                    offset: u32::from(header.fragments_offset().value()) * 8,
                    more: header.more_fragments(),
                    payload: payload.payload,
                })
            }
            NetSlice::Ipv6(v6) => {
                let fragment = v6.extensions().clone().into_iter().find_map(|extension| match extension {
                    etherparse::Ipv6ExtensionSlice::Fragment(fragment) => Some(fragment.to_header()),
                    _ => None,
                });
                let (header, payload) = (v6.header(), v6.payload());
                Some(Self {
                    source: header.source_addr().into(),
                    target: header.destination_addr().into(),
                    protocol: payload.ip_number,
                    id: fragment.as_ref().map_or(0, |fragment| fragment.identification),
                    offset: fragment.as_ref().map_or(0, |fragment| u32::from(fragment.fragment_offset.value()) * 8),
                    more: fragment.is_some_and(|fragment| fragment.more_fragments),
                    payload: payload.payload,
                })
            }
            NetSlice::Arp(_) => None,
        }
    }

    const fn is_fragment(&self) -> bool {
        self.more || self.offset != 0
    }
}

/// What the transport's header says; nothing for a later fragment.
#[derive(Default)]
struct Transport {
    source: u16,
    target: u16,
    seq: u32,
    ack: u32,
    flags: u16,
}

impl Transport {
    /// With the payload that a copy has.
    fn of<'a>(part: &Part<'a>) -> Option<(Self, &'a [u8])> {
        match part.protocol {
            IpNumber::UDP | IpNumber::TCP if part.offset != 0 => Some((Self::default(), part.payload)),
            IpNumber::UDP if part.more => {
                let [a, b, c, d] = *part.payload.first_chunk()?;
                let (source, target) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
                Some((Self { source, target, ..Self::default() }, part.payload))
            }
            IpNumber::UDP => {
                let udp = UdpSlice::from_slice(part.payload).ok()?;
                let (source, target) = (udp.source_port(), udp.destination_port());
                Some((Self { source, target, ..Self::default() }, udp.payload()))
            }
            IpNumber::TCP => TcpSlice::from_slice(part.payload).ok().map(|tcp| (Self::tcp(&tcp), tcp.payload())),
            _ => None,
        }
    }

    fn tcp(tcp: &TcpSlice<'_>) -> Self {
        Self {
            source: tcp.source_port(),
            target: tcp.destination_port(),
            seq: tcp.sequence_number(),
            ack: if tcp.ack() { tcp.acknowledgment_number() } else { 0 },
            flags: flag(tcp.syn(), FLAG_SYN) | flag(tcp.fin(), FLAG_FIN) | flag(tcp.rst(), FLAG_RST),
        }
    }
}

#[cfg(test)]
mod tests;
