//! Frames that a generator sends.
//!
//! Owns: a SIP request in UDP/IPv4/Ethernet, and changing its source in place at the cost of a few additions. Refuses:
//! odd packets (the verdict tables have builders for these).
use std::net::Ipv4Addr;

use etherparse::PacketBuilder;

use super::address::{ATTACKER_MAC, EDGE, EDGE_MAC, SIP};

const IP: usize = 14;
const IP_CHECKSUM: usize = IP + 10;
const IP_SOURCE: usize = IP + 12;
const UDP: usize = IP + 20;
const UDP_CHECKSUM: usize = UDP + 6;
const PAYLOAD: usize = UDP + 8;
/// Stands where [`Frame::renew`] writes a number.
const MARK: &[u8] = b"________";

/// A frame from the attacker's interface to the server.
#[derive(Clone)]
pub struct Frame {
    bytes: Vec<u8>,
    /// Where the marks of the payload begin.
    marks: Vec<usize>,
    /// The ports that frames take turns to go to: the first and the last; nothing leaves the one that is there.
    ports: Option<(u16, u16)>,
}

impl Frame {
    /// A request of a method with this User-Agent, whose branch, tag and Call-ID are different in every frame.
    pub fn request(method: &str, user_agent: &str, source: Ipv4Addr) -> Self {
        let mark = String::from_utf8_lossy(MARK);
        Self::new(
            source,
            &format!(
                "{method} sip:{EDGE} SIP/2.0\r\nVia: SIP/2.0/UDP {source}:5060;branch=z9hG4bK{mark};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:103@{EDGE}>;tag={mark}\r\nTo: <sip:103@{EDGE}>\r\nCall-ID: {mark}@{source}\r\nCSeq: 1 {method}\r\n\
             Contact: <sip:103@{source}:5060>\r\nUser-Agent: {user_agent}\r\nExpires: 60\r\nContent-Length: 0\r\n\r\n"
            ),
        )
    }

    /// Any payload; every `________` in it becomes a number of its own in every frame.
    pub fn new(source: Ipv4Addr, payload: &str) -> Self {
        Self::of_bytes(source, payload.as_bytes())
    }

    /// The same payload to one port of a range after another.
    pub fn media(source: Ipv4Addr, ports: (u16, u16), payload: &[u8]) -> Self {
        Self { ports: Some(ports), ..Self::of_bytes(source, payload) }
    }

    fn of_bytes(source: Ipv4Addr, payload: &[u8]) -> Self {
        let builder = PacketBuilder::ethernet2(ATTACKER_MAC, EDGE_MAC).ipv4(source.octets(), EDGE.octets(), 64);
        let builder = builder.udp(SIP, SIP);
        let mut bytes = Vec::with_capacity(builder.size(payload.len()));
        builder.write(&mut bytes, payload).expect("a vector takes all bytes, and a test's payload is short");
        // None, so that the payload can be changed without computing it anew.
        bytes[UDP_CHECKSUM..UDP_CHECKSUM + 2].fill(0);
        let marks = (PAYLOAD..bytes.len()).filter(|at| bytes[*at..].starts_with(MARK)).collect();
        Self { bytes, marks, ports: None }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Writes a number over the marks, and goes to the port whose turn it is.
    pub fn renew(&mut self, number: u32) {
        if let Some((first, last)) = self.ports {
            let port = first + (number % (u32::from(last - first) + 1)) as u16;
            self.bytes[UDP + 2..UDP + 4].copy_from_slice(&port.to_be_bytes());
        }
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let text: [u8; 8] = std::array::from_fn(|at| DIGITS[(number >> (28 - 4 * at)) as usize & 15]);
        for at in &self.marks {
            self.bytes[*at..*at + 8].copy_from_slice(&text);
        }
    }

    /// Sends it from another address and port.
    pub fn set_source(&mut self, source: Ipv4Addr, port: u16) {
        self.bytes[IP_SOURCE..IP_SOURCE + 4].copy_from_slice(&source.octets());
        self.bytes[UDP..UDP + 2].copy_from_slice(&port.to_be_bytes());
        self.bytes[IP_CHECKSUM..IP_CHECKSUM + 2].fill(0);
        let sum = checksum(&self.bytes[IP..UDP]);
        self.bytes[IP_CHECKSUM..IP_CHECKSUM + 2].copy_from_slice(&sum.to_be_bytes());
    }
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let sum: u32 = bytes.chunks_exact(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !((folded & 0xffff) + (folded >> 16)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_frame_is_what_a_new_one_would_be() {
        let (one, other) = (Ipv4Addr::new(198, 18, 3, 4), Ipv4Addr::new(203, 0, 113, 66));
        let payload = "OPTIONS sip:a SIP/2.0\r\nCall-ID: ________\r\n\r\n";
        let mut changed = Frame::new(one, payload);
        changed.set_source(other, SIP);
        assert_eq!(changed.bytes(), Frame::new(other, payload).bytes());
        changed.renew(0xdead_beef);
        assert_eq!(changed.bytes(), Frame::new(other, &payload.replace("________", "deadbeef")).bytes());
    }
}
