use etherparse::{IpFragOffset, Ipv6FragmentHeader, PacketBuilder};
use firewall_common::copy::FLAG_SYN;

use super::*;
use crate::wire::{Limits, Wire};

const REMOTE: [u8; 4] = [203, 0, 113, 7];
const OURS: [u8; 4] = [198, 51, 100, 1];
const REQUEST: &[u8] = b"OPTIONS sip:a@b SIP/2.0\r\nl: 0\r\n\r\n";

fn is_ours(address: IpAddr, port: u16) -> bool {
    address == IpAddr::from(OURS) && matches!(port, 0 | 5060)
}

fn ethernet() -> etherparse::PacketBuilderStep<etherparse::Ethernet2Header> {
    PacketBuilder::ethernet2([2; 6], [4; 6])
}

fn udp(source: [u8; 4], target: [u8; 4], ports: [u16; 2]) -> Vec<u8> {
    let builder = ethernet().ipv4(source, target, 64).udp(ports[0], ports[1]);
    let mut frame = Vec::new();
    builder.write(&mut frame, REQUEST).unwrap();
    frame
}

#[test]
fn both_directions_have_the_same_ends() {
    for (frame, flags) in [(udp(REMOTE, OURS, [40_000, 5060]), 0), (udp(OURS, REMOTE, [5060, 40_000]), FLAG_EGRESS)] {
        let (head, payload) = copy_of(&frame, 7, is_ours).unwrap();
        assert_eq!((head.time, head.flags, payload), (7, flags, REQUEST));
        assert_eq!((head.remote_port, head.local_port), (40_000, 5060));
        assert_eq!((IpAddr::from(head.remote), IpAddr::from(head.local)), (REMOTE.into(), OURS.into()));
        assert_eq!((head.len, head.total), (REQUEST.len() as u32, REQUEST.len() as u32));
    }
}

#[test]
fn what_is_not_between_us_and_another_is_nothing() {
    assert!(copy_of(&udp(REMOTE, OURS, [40_000, 5070]), 0, is_ours).is_none());
    assert!(copy_of(&udp(OURS, OURS, [5060, 5060]), 0, is_ours).is_none());
    assert!(copy_of(&udp(REMOTE, OURS, [40_000, 5060])[..30], 0, is_ours).is_none());
}

#[test]
fn numbers_of_tcp_are_taken_over() {
    let mut frame = Vec::new();
    let tcp = || ethernet().ipv4(REMOTE, OURS, 64).tcp(40_000, 5060, 77, 1_000);
    tcp().syn().ack(88).write(&mut frame, b"").unwrap();
    let (head, payload) = copy_of(&frame, 0, is_ours).unwrap();
    assert_eq!((head.seq, head.ack(), head.flags, payload.len()), (77, 88, FLAG_SYN, 0));
    frame.clear();
    tcp().write(&mut frame, REQUEST).unwrap();
    let (head, payload) = copy_of(&frame, 0, is_ours).unwrap();
    assert_eq!((head.ack(), head.flags, payload), (0, 0, REQUEST));
}

#[test]
fn fragments_come_together_again() {
    let whole = udp(REMOTE, OURS, [40_000, 5060]);
    let (headers, datagram) = whole.split_at(14 + 20);
    let part = |from: usize, to: usize| {
        let mut frame = [headers, &datagram[from..to]].concat();
        let more = if to < datagram.len() { 0x20 } else { 0 };
        frame[16..18].copy_from_slice(&(20 + (to - from) as u16).to_be_bytes());
        frame[18..22].copy_from_slice(&[0, 99, more, (from / 8) as u8]);
        frame
    };
    let (mut wire, mut seen) = (Wire::new(&Limits::default()), Vec::new());
    for frame in [part(24, datagram.len()), part(0, 24)] {
        let (head, payload) = copy_of(&frame, 0, is_ours).unwrap();
        wire.take(&head, payload, &mut |message| seen.push((message.flow.remote_port, message.bytes.to_vec())));
    }
    assert_eq!(seen, [(40_000, REQUEST.to_vec())]);
}

#[test]
fn fragments_of_ipv6_are_read() {
    let fragment = Ipv6FragmentHeader::new(IpNumber::UDP, IpFragOffset::try_new(3).unwrap(), true, 0x1234_5678);
    let header = etherparse::Ipv6Header {
        payload_length: 8 + 16,
        next_header: IpNumber::IPV6_FRAGMENTATION_HEADER,
        hop_limit: 64,
        source: [0x20; 16],
        destination: [0x30; 16],
        ..etherparse::Ipv6Header::default()
    };
    let frame =
        [[4; 6].as_slice(), &[2; 6], &[0x86, 0xdd], &header.to_bytes(), &fragment.to_bytes(), &[b'x'; 16]].concat();
    let (head, payload) = copy_of(&frame, 0, |address, _| address == IpAddr::from([0x30; 16])).unwrap();
    assert_eq!((head.fragment_id, head.fragment_offset, head.flags), (0x1234_5678, 24, FLAG_MORE_FRAGMENTS));
    assert_eq!(payload, [b'x'; 16]);
}
