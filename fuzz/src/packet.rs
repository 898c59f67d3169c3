//! Frames: what is parsed lies inside the frame, and nothing outside the IP packet has a say.
use firewall_common::packet::{Packet, Ports, Protocol, TcpSegment, UdpDatagram, parse, tcp, udp};
use firewall_common::reason::Reason;
use firewall_common::verdict::Flow;
use std::ops::ControlFlow::{Break, Continue};

/// Takes `frame` as it comes off the wire.
pub fn check(frame: &[u8]) {
    let parsed = parse(frame);
    if let Continue(packet) = parsed {
        lies_inside(frame, &packet);
        only_the_packet_counts(frame, &packet);
    }
    a_vlan_tag_changes_nothing(frame, parsed);
}

/// Everything that is read of a packet.
#[derive(Debug, PartialEq)]
struct Reading {
    packet: Flow<Packet>,
    ports: Option<Flow<Ports>>,
    udp: Option<Flow<UdpDatagram>>,
    tcp: Option<Flow<TcpSegment>>,
}

fn read(frame: &[u8]) -> Reading {
    let packet = parse(frame);
    let of = |protocol| packet.continue_value().filter(|p: &Packet| p.protocol == protocol);
    Reading {
        packet,
        ports: packet.continue_value().map(|p| Ports::parse(frame, &p)),
        udp: of(Protocol::Udp).map(|p| udp(frame, &p)),
        tcp: of(Protocol::Tcp).map(|p| tcp(frame, &p)),
    }
}

fn lies_inside(frame: &[u8], packet: &Packet) {
    let end = packet.at + packet.len;
    assert!(packet.at >= 14 + 20, "the transport header begins inside the other headers: {packet:?}");
    assert!(end as usize <= frame.len(), "{packet:?} ends behind the frame's {} bytes", frame.len());
    let reading = read(frame);
    if let Some(Continue(datagram)) = reading.udp {
        assert!(datagram.at >= packet.at + 8 && datagram.at + datagram.len <= end, "{datagram:?} in {packet:?}");
        let said = u16::from_be_bytes([frame[packet.at as usize + 4], frame[packet.at as usize + 5]]);
        assert!(packet.part.is_fragment() || u32::from(said) == datagram.len + 8, "{datagram:?}, not {said}");
    }
    if let Some(Continue(segment)) = reading.tcp {
        assert!(segment.at >= packet.at + 20 && segment.at + segment.len == end, "{segment:?} in {packet:?}");
    }
    let reads_on = matches!(reading.udp, Some(Continue(_))) || matches!(reading.tcp, Some(Continue(_)));
    assert!(!reads_on || matches!(reading.ports, Some(Continue(_))), "a payload without ports: {packet:?}");
}

/// Padding behind the packet is neither needed nor read, and without its last byte the packet is refused.
fn only_the_packet_counts(frame: &[u8], packet: &Packet) {
    let end = (packet.at + packet.len) as usize;
    let reading = read(frame);
    let mut other = frame.to_vec();
    other[end..].iter_mut().for_each(|b| *b = !*b);
    assert_eq!(read(&other), reading, "bytes behind the packet were read");
    assert_eq!(read(&frame[..end]), reading, "bytes behind the packet were needed");
    assert!(parse(&frame[..end - 1]).is_break(), "a packet without its last byte was taken for whole");
}

/// Up to two tags are allowed; one more is refused, whatever follows.
fn a_vlan_tag_changes_nothing(frame: &[u8], parsed: Flow<Packet>) {
    let Some((addresses, rest)) = frame.split_at_checked(12) else { return };
    let tagged = [addresses, &[0x81, 0x00, 0x00, 0x07], rest].concat();
    let want = match parsed {
        Continue(packet) if tags(frame) < 2 => Continue(Packet { at: packet.at + 4, ..packet }),
        Break(verdict) if tags(frame) < 2 => Break(verdict),
        _ => {
            let reason = parse(tagged.as_slice()).break_value().map(|verdict| verdict.reason);
            assert_eq!(reason, Some(Reason::VlanDepth));
            return;
        }
    };
    assert_eq!(parse(tagged.as_slice()), want);
}

/// How many tags a frame begins with.
fn tags(frame: &[u8]) -> usize {
    let kinds = frame[12..].chunks(4).filter_map(|tag| tag.first_chunk());
    kinds.take_while(|kind| matches!(kind, [0x81, 0x00] | [0x88, 0xa8] | [0x91, 0x00])).count()
}
