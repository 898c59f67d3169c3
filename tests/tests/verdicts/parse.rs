//! Headers up to the transport's: what is read rightly whatever stands around it, and what cannot be read.
use firewall_common::reason::Reason::{
    HeaderChain, Jumbogram, MalformedIp, MalformedTcp, MalformedUdp, MartianSource, NotSip, OtherTraffic, Stranger,
    Truncated, VlanDepth,
};
use firewall_tests::harness::{Row, row};
use firewall_tests::packets::{ACK, Extension, Fragment, Frame, PSH, TAG, patched, sip};

use super::{STRANGER, STRANGER_V6, Table};

pub(super) fn tables() -> Vec<Table> {
    let rows = [link(), ipv4(), ipv6(), udp(), tcp()].concat();
    vec![Table::unlimited("", rows)]
}

#[test]
fn headers() {
    tables().iter().for_each(Table::hold);
}

fn v4() -> Frame {
    Frame::udp(STRANGER).payload(sip::options())
}

fn v6() -> Frame {
    Frame::udp(STRANGER_V6).payload(sip::options())
}

fn segment() -> Frame {
    Frame::tcp(STRANGER).flags(PSH | ACK).payload(sip::options())
}

/// The service tag, and the tag number in use before it.
const SERVICE_TAGS: [u16; 2] = [0x88a8, 0x9100];

fn link() -> Vec<Row> {
    let [service, old] = SERVICE_TAGS;
    let tagged = v4().tagged(TAG);
    let kind = v4().ip_at() - 2;
    vec![
        row("IPv4 without a tag", v4(), Stranger),
        row("one tag", tagged.clone(), Stranger),
        row("two tags", v4().tagged(service).tagged(TAG), Stranger),
        row("two tags before IPv6", v6().tagged(old).tagged(TAG), Stranger),
        row("three tags", v4().tagged(service).tagged(TAG).tagged(TAG), VlanDepth),
        row(
            "three tags before what is no IP",
            patched(v4().tagged(TAG).tagged(TAG).tagged(old).bytes(), 24, &[0x08, 6]),
            VlanDepth,
        ),
        row("two tags before ARP", patched(v4().tagged(TAG).tagged(TAG).bytes(), 20, &[0x08, 0x06]), OtherTraffic),
        row("nothing behind an address pair and a kind of IPv4", &v4().bytes()[..14], MalformedIp),
        row("nothing behind a tag's number", &tagged.bytes()[..14], Truncated),
        row("one byte short of a tag", &tagged.bytes()[..17], Truncated),
        row("nothing behind a tag", &tagged.bytes()[..18], MalformedIp),
        row("one byte short of a second tag", &v4().tagged(TAG).tagged(TAG).bytes()[..21], Truncated),
        row("ARP", patched(v4().bytes(), kind, &[0x08, 0x06]), OtherTraffic),
        row("a length in place of a kind", patched(v4().bytes(), kind, &[0x01, 0x00]), OtherTraffic),
        row("nothing behind the kind of ARP", &patched(v4().bytes(), kind, &[0x08, 0x06])[..14], OtherTraffic),
    ]
    .into_iter()
    .collect()
}

fn ipv4() -> Vec<Row> {
    let at = v4().ip_at();
    let total = (v4().bytes().len() - at) as u16;
    let say = |total: u16| patched(v4().bytes(), at + 2, &total.to_be_bytes());
    vec![
        row("four bytes of options", v4().options(&[1, 1, 1, 0]), Stranger),
        row("forty bytes of options", v4().options(&[1; 40]), Stranger),
        row(
            "options that would be a UDP header for port 80",
            v4().options(&[0x13, 0xc4, 0, 80, 0, 20, 0, 0]),
            Stranger,
        ),
        row("padding behind the packet", [v4().bytes(), vec![0; 40]].concat(), Stranger),
        row("version 5", patched(v4().bytes(), at, &[0x55]), MalformedIp),
        row("version 6 in a frame of IPv4", patched(v4().bytes(), at, &[0x65]), MalformedIp),
        row("a header of 16 bytes", patched(v4().bytes(), at, &[0x44]), MalformedIp),
        row("a header longer than the packet", patched(say(20), at, &[0x46]), MalformedIp),
        row("a total length of zero", say(0), MalformedIp),
        row("a total length shorter than the header", say(19), MalformedIp),
        row("a total length of the header alone", say(20), MalformedUdp),
        row("one byte more than the frame has", say(total + 1), MalformedIp),
        row("the longest total length", say(u16::MAX), MalformedIp),
        row("the frame ends inside the header", &v4().bytes()[..at + 19], MalformedIp),
        row("the frame ends behind the header", &v4().bytes()[..at + 20], MalformedIp),
        row("the frame is one byte short", &v4().bytes()[..v4().bytes().len() - 1], MalformedIp),
        row("ICMP", Frame::other(STRANGER, 1).payload([8, 0, 0, 0]), OtherTraffic),
        row("ESP", Frame::other(STRANGER, 50).payload([0; 40]), OtherTraffic),
        row("IPv6 in IPv4", Frame::other(STRANGER, 41).payload([0x60; 40]), OtherTraffic),
        row("ICMP in a malformed packet", patched(Frame::other(STRANGER, 1).bytes(), at, &[0x44]), MalformedIp),
        row("SCTP to the port of SIP", Frame::other(STRANGER, 132).payload([0x13, 0xc4, 0x13, 0xc4]), OtherTraffic),
    ]
}

fn ipv6() -> Vec<Row> {
    let at = v6().ip_at();
    let len = (v6().bytes().len() - at - 40) as u16;
    let say = |len: u16| patched(v6().bytes(), at + 4, &len.to_be_bytes());
    let chain = |headers: usize| (0..headers).fold(v6(), |frame, _| frame.extension(Extension::destination()));
    let every = [Extension::hop_by_hop(), Extension::destination(), Extension::routing(), Extension::authentication()];
    let atomic = Fragment { id: 7, offset: 0, more: false };
    let option = v6().extension(Extension::hop_by_hop());
    let jumbo = Frame::udp(STRANGER_V6).extension(Extension::jumbo(70_000)).payload(sip::options());
    let martian = |host: &str| Frame::udp(host).payload(sip::options());
    vec![
        row("IPv6", v6(), Stranger),
        row("every kind of extension header", every.into_iter().fold(v6(), Frame::extension), Stranger),
        row(
            "mobility, HIP and shim6",
            [135, 139, 140].map(|n| Extension::eights(n, 0)).into_iter().fold(v6(), Frame::extension),
            Stranger,
        ),
        row(
            "an extension header of the longest kind",
            v6().extension(Extension::eights(60, 255)).payload(sip::options()),
            Stranger,
        ),
        row("an atomic fragment", v6().extension(Extension::fragment(atomic)), Stranger),
        row("six extension headers", chain(6), Stranger),
        row("seven extension headers", chain(7), HeaderChain),
        row("seven extension headers before a port that is not protected", chain(7).to(80), HeaderChain),
        row(
            "six extension headers and nothing",
            Frame::other(STRANGER_V6, 59).extension(Extension::destination()),
            OtherTraffic,
        ),
        row(
            "an extension header that reaches beyond the packet",
            patched(option.bytes(), at + 41, &[200]),
            MalformedIp,
        ),
        row(
            "a chain that ends with the packet",
            &patched(option.bytes(), at + 4, &4u16.to_be_bytes())[..at + 44],
            MalformedIp,
        ),
        row("a jumbogram", patched(jumbo.bytes(), at + 4, &[0, 0]), Jumbogram),
        row("a jumbo option beside an honest length", jumbo, Stranger),
        row("a length of zero without options", say(0), MalformedUdp),
        row("from a v4-mapped address", martian("::ffff:198.51.100.7"), MartianSource),
        row(
            "from a v4-mapped address to a port that is not protected",
            martian("::ffff:10.0.0.1").to(80),
            MartianSource,
        ),
        row("from beside the v4-mapped addresses", martian("::fffe:198.51.100.7"), Stranger),
        row("from a v4-compatible address", martian("::198.51.100.7"), Stranger),
        row("version 4 in a frame of IPv6", patched(v6().bytes(), at, &[0x40]), MalformedIp),
        row("one byte more than the frame has", say(len + 1), MalformedIp),
        row("padding behind the packet", [v6().bytes(), vec![0; 9]].concat(), Stranger),
        row("the frame ends inside the header", &v6().bytes()[..at + 39], MalformedIp),
        row("ESP", Frame::other(STRANGER_V6, 50).payload([0; 16]), OtherTraffic),
        row("ICMPv6 behind options", Frame::other(STRANGER_V6, 58).extension(Extension::hop_by_hop()), OtherTraffic),
    ]
}

fn udp() -> Vec<Row> {
    let whole = 8 + sip::options().len() as u16;
    vec![
        row("another port", v4().to(5062), OtherTraffic),
        row("another port by IPv6", v6().to(53), OtherTraffic),
        row("another port and a length that is wrong", v4().to(5062).udp_len(3), OtherTraffic),
        row("the port of TLS, but by UDP", v4().to(5061), OtherTraffic),
        row("a length of zero", v4().udp_len(0), MalformedUdp),
        row("a length of zero by IPv6", v6().udp_len(0), MalformedUdp),
        row("a length shorter than the header", v4().udp_len(7), MalformedUdp),
        row("a length of the header: an empty datagram", v4().udp_len(8), NotSip),
        row("a length shorter than the packet by its last line", v4().udp_len(whole - 2), Stranger),
        row("one byte more than the packet", v4().udp_len(whole + 1), MalformedUdp),
        row(
            "one byte more than the packet, but padding behind it",
            [v4().udp_len(whole + 1).bytes(), vec![0; 8]].concat(),
            MalformedUdp,
        ),
        row("the longest length", v4().udp_len(u16::MAX), MalformedUdp),
        row("a packet of three bytes", Frame::other(STRANGER, 17).payload([0x13, 0xc4, 0x13]), MalformedUdp),
        row("a packet of ports alone", Frame::other(STRANGER, 17).payload([0x13, 0xc4, 0x13, 0xc4]), MalformedUdp),
        row(
            "a packet of ports alone, not protected",
            Frame::other(STRANGER, 17).payload([0x13, 0xc4, 0, 80]),
            OtherTraffic,
        ),
        row(
            "a packet of seven bytes",
            Frame::other(STRANGER_V6, 17).payload([0x13, 0xc4, 0x13, 0xc4, 0, 7, 0]),
            MalformedUdp,
        ),
    ]
}

fn tcp() -> Vec<Row> {
    let doff = segment().transport_at() + 12;
    let say = |words: u8| patched(segment().bytes(), doff, &[words << 4]);
    let bytes = |len: usize| Frame::other(STRANGER, 6).payload(&segment().bytes()[doff - 12..][..len]);
    vec![
        row("a segment that begins a request", segment(), Stranger),
        row("forty bytes of options", segment().tcp_options(&[1; 40]), Stranger),
        row("another port", segment().to(80), OtherTraffic),
        row("a header of 16 bytes", say(4), MalformedTcp),
        row("a header of nothing", say(0), MalformedTcp),
        row("a header longer than the packet", bytes(20).bytes_with(doff, 6 << 4), MalformedTcp),
        row("a header as long as the packet", bytes(20), Stranger),
        row("a packet of 19 bytes", bytes(19), MalformedTcp),
        row("a packet of ports alone", bytes(4), MalformedTcp),
        row("a packet of three bytes", bytes(3), MalformedTcp),
        row("a packet of nothing", bytes(0), MalformedTcp),
    ]
}

trait With {
    fn bytes_with(&self, at: usize, byte: u8) -> Vec<u8>;
}

impl With for Frame {
    fn bytes_with(&self, at: usize, byte: u8) -> Vec<u8> {
        patched(self.bytes(), at, &[byte])
    }
}
