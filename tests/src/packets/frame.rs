//! One frame, layer by layer.
//!
//! Owns: headers that are right (by etherparse's types where it has them). Refuses: headers that are wrong, except the
//! two lengths that tests lie about most.
use std::net::IpAddr;

use etherparse::{EtherType, Ethernet2Header, IpNumber, Ipv4Header, Ipv6Header, TcpHeader, UdpHeader};

use super::fragments::Fragment;

/// The customer's VLAN tag (IEEE 802.1Q).
pub const TAG: u16 = 0x8100;
/// TCP's flags.
pub const SYN: u8 = 0x02;
/// The sender will send no more.
pub const FIN: u8 = 0x01;
/// The connection is over.
pub const RST: u8 = 0x04;
/// The segment carries data for the application at once.
pub const PSH: u8 = 0x08;
/// The segment acknowledges.
pub const ACK: u8 = 0x10;

/// The sequence number of every segment's first byte.
pub const SEQUENCE: u32 = 0x0102_0304;
/// The acknowledgement number of every segment, also of those whose flags say that it means nothing.
pub const ACKNOWLEDGED: u32 = 0x0506_0708;

const SERVER_V4: &str = "192.0.2.5";
const SERVER_V6: &str = "2001:db8:ffff::5";

/// An IPv6 extension header: its number and what follows its first byte.
#[derive(Clone, Debug)]
pub struct Extension {
    number: u8,
    rest: Vec<u8>,
}

impl Extension {
    /// Any header whose length is told in units of eight bytes, less one.
    pub fn eights(number: u8, units: u8) -> Self {
        Self { number, rest: [&[units][..], &vec![0; usize::from(units) * 8 + 6]].concat() }
    }

    /// Hop-by-hop options.
    pub fn hop_by_hop() -> Self {
        Self::eights(0, 0)
    }

    /// Hop-by-hop options with a jumbo payload option (RFC 2675).
    pub fn jumbo(length: u32) -> Self {
        Self { number: 0, rest: [&[0, 0xc2, 4][..], &length.to_be_bytes()].concat() }
    }

    /// Destination options.
    pub fn destination() -> Self {
        Self::eights(60, 0)
    }

    /// A routing header.
    pub fn routing() -> Self {
        Self::eights(43, 1)
    }

    /// An authentication header: its length is told in units of four bytes, less two.
    pub fn authentication() -> Self {
        Self { number: 51, rest: [&[4][..], &[0; 22]].concat() }
    }

    /// A fragment header.
    pub fn fragment(part: Fragment) -> Self {
        let place = part.offset & 0xfff8 | u16::from(part.more);
        Self { number: 44, rest: [&[0][..], &place.to_be_bytes(), &part.id.to_be_bytes()].concat() }
    }
}

#[derive(Clone, Debug)]
enum Transport {
    Udp { len: Option<u16> },
    Tcp { flags: u8, options: Vec<u8> },
    Other(u8),
}

/// A frame in the making.
#[derive(Clone, Debug)]
pub struct Frame {
    tags: Vec<u16>,
    src: IpAddr,
    dst: IpAddr,
    options: Vec<u8>,
    extensions: Vec<Extension>,
    transport: Transport,
    ports: (u16, u16),
    payload: Vec<u8>,
}

impl Frame {
    fn new(src: &str, transport: Transport) -> Self {
        let src: IpAddr = src.parse().expect("a test writes addresses rightly");
        let dst = if src.is_ipv4() { SERVER_V4 } else { SERVER_V6 };
        let dst = dst.parse().expect("the server's address is right");
        let (tags, options, extensions, payload) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { tags, src, dst, options, extensions, transport, ports: (5060, 5060), payload }
    }

    /// A UDP datagram from `src` to the server's port 5060.
    pub fn udp(src: &str) -> Self {
        Self::new(src, Transport::Udp { len: None })
    }

    /// A TCP segment from `src` to the server's port 5060.
    pub fn tcp(src: &str) -> Self {
        Self::new(src, Transport::Tcp { flags: ACK, options: Vec::new() })
    }

    /// A packet of another protocol.
    pub fn other(src: &str, protocol: u8) -> Self {
        Self::new(src, Transport::Other(protocol))
    }

    /// The destination port.
    #[must_use]
    pub fn to(mut self, port: u16) -> Self {
        self.ports.1 = port;
        self
    }

    /// The source port.
    #[must_use]
    pub fn from_port(mut self, port: u16) -> Self {
        self.ports.0 = port;
        self
    }

    /// The destination address.
    #[must_use]
    pub fn to_host(mut self, host: &str) -> Self {
        self.dst = host.parse().expect("a test writes addresses rightly");
        self
    }

    /// The payload.
    #[must_use]
    pub fn payload(mut self, payload: impl AsRef<[u8]>) -> Self {
        self.payload = payload.as_ref().to_vec();
        self
    }

    /// One more VLAN tag, inside those before.
    #[must_use]
    pub fn tagged(mut self, kind: u16) -> Self {
        self.tags.push(kind);
        self
    }

    /// IPv4 options, padded with zeros.
    #[must_use]
    pub fn options(mut self, options: &[u8]) -> Self {
        self.options = options.to_vec();
        self.options.resize(options.len().next_multiple_of(4), 0);
        self
    }

    /// One more IPv6 extension header.
    #[must_use]
    pub fn extension(mut self, extension: Extension) -> Self {
        self.extensions.push(extension);
        self
    }

    /// What the UDP header says of its length, whatever is true.
    #[must_use]
    pub fn udp_len(mut self, len: u16) -> Self {
        self.transport = Transport::Udp { len: Some(len) };
        self
    }

    /// Whether it is a UDP datagram.
    pub fn is_udp(&self) -> bool {
        matches!(self.transport, Transport::Udp { .. })
    }

    /// TCP's flags.
    #[must_use]
    pub fn flags(mut self, new: u8) -> Self {
        if let Transport::Tcp { flags, .. } = &mut self.transport {
            *flags = new;
        }
        self
    }

    /// TCP's options, a multiple of four bytes.
    #[must_use]
    pub fn tcp_options(mut self, new: &[u8]) -> Self {
        if let Transport::Tcp { options, .. } = &mut self.transport {
            *options = new.to_vec();
        }
        self
    }

    /// Where the IP header begins.
    pub fn ip_at(&self) -> usize {
        Ethernet2Header::LEN + 4 * self.tags.len()
    }

    /// Where the transport header begins.
    pub fn transport_at(&self) -> usize {
        let extensions: usize = self.extensions.iter().map(|e| e.rest.len() + 1).sum();
        let ip = if self.src.is_ipv4() { Ipv4Header::MIN_LEN + self.options.len() } else { Ipv6Header::LEN };
        self.ip_at() + ip + extensions
    }

    /// The whole frame.
    pub fn bytes(&self) -> Vec<u8> {
        self.around(&self.datagram(), None)
    }

    /// The transport header and the payload.
    pub(super) fn datagram(&self) -> Vec<u8> {
        let (source_port, destination_port) = self.ports;
        let header = match &self.transport {
            Transport::Udp { len } => {
                let length = len.unwrap_or((UdpHeader::LEN + self.payload.len()) as u16);
                UdpHeader { source_port, destination_port, length, checksum: 0 }.to_bytes().to_vec()
            }
            Transport::Tcp { flags, options } => {
                let mut header = TcpHeader::new(source_port, destination_port, SEQUENCE, 65_535);
                header.acknowledgment_number = ACKNOWLEDGED;
                header.set_options_raw(options).expect("a test writes at most 40 bytes of options");
                let mut bytes = header.to_bytes().to_vec();
                bytes[13] = *flags;
                bytes
            }
            Transport::Other(_) => Vec::new(),
        };
        [header, self.payload.clone()].concat()
    }

    /// Link and IP headers around `data`, which is a fragment when there is a `part`.
    pub(super) fn around(&self, data: &[u8], part: Option<Fragment>) -> Vec<u8> {
        let ip = match (self.src, self.dst) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => self.v4(src.octets(), dst.octets(), data.len(), part),
            (IpAddr::V6(src), IpAddr::V6(dst)) => self.v6(src.octets(), dst.octets(), data.len(), part),
            _ => panic!("both addresses must be of one IP version"),
        };
        [self.link(), ip, data.to_vec()].concat()
    }

    fn link(&self) -> Vec<u8> {
        let inner = if self.src.is_ipv4() { EtherType::IPV4 } else { EtherType::IPV6 };
        let mut kinds: Vec<u16> = self.tags.iter().copied().chain([inner.0]).collect();
        let ether_type = EtherType(kinds.remove(0));
        let (source, destination) = ([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
        let mut bytes = Ethernet2Header { source, destination, ether_type }.to_bytes().to_vec();
        for (id, kind) in (1u16..).zip(kinds) {
            bytes.extend([id.to_be_bytes(), kind.to_be_bytes()].concat());
        }
        bytes
    }

    fn protocol(&self) -> u8 {
        match self.transport {
            Transport::Udp { .. } => 17,
            Transport::Tcp { .. } => 6,
            Transport::Other(number) => number,
        }
    }

    fn v4(&self, src: [u8; 4], dst: [u8; 4], len: usize, part: Option<Fragment>) -> Vec<u8> {
        let len = (len + self.options.len()) as u16;
        let mut header = Ipv4Header::new(len, 64, IpNumber(self.protocol()), src, dst).expect("the length fits");
        header.total_len = len + Ipv4Header::MIN_LEN_U16;
        header.options = self.options.as_slice().try_into().expect("a test writes at most 40 bytes of options");
        header.dont_fragment = part.is_none();
        if let Some(part) = part {
            header.identification = part.id as u16;
            header.more_fragments = part.more;
            header.fragment_offset = (part.offset / 8).try_into().expect("13 bits are left");
        }
        header.header_checksum = header.calc_header_checksum();
        header.to_bytes().to_vec()
    }

    fn v6(&self, source: [u8; 16], destination: [u8; 16], len: usize, part: Option<Fragment>) -> Vec<u8> {
        let chain: Vec<Extension> = self.extensions.iter().cloned().chain(part.map(Extension::fragment)).collect();
        let numbers: Vec<u8> = chain.iter().map(|e| e.number).chain([self.protocol()]).collect();
        let chain: Vec<u8> =
            chain.iter().zip(&numbers[1..]).flat_map(|(e, next)| [&[*next][..], &e.rest].concat()).collect();
        let header = Ipv6Header {
            payload_length: (len + chain.len()) as u16,
            next_header: IpNumber(numbers[0]),
            hop_limit: 64,
            source,
            destination,
            ..Ipv6Header::default()
        };
        [&header.to_bytes()[..], &chain].concat()
    }
}
