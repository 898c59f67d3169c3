//! Peers, and who else may speak.
use firewall_common::reason::Reason::{Denied, Method, NotPeer, NotSip, OtherTraffic, Peer, Stranger, Transport};
use firewall_tests::harness::{Row, deny, row};
use firewall_tests::packets::{Frame, SYN, sip};

use super::{STRANGER, STRANGER_V6, Table};

/// Four peers; the second's network lies inside the first's.
const PEERS: &str = r#"
[[peer]]
name = "carrier"
prefixes = ["203.0.113.0/24", "2001:db8:5::/48"]

[[peer]]
name = "office"
prefixes = ["203.0.113.64/26", "2001:db8:5:7::/64"]
transports = ["tls"]

[[peer]]
name = "gateway"
prefixes = ["192.0.2.77", "2001:db8:6::1"]
transports = ["udp", "tcp"]
methods = ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS"]

[[peer]]
name = "lab"
prefixes = ["0.0.0.0/5"]
methods = ["*"]
"#;

pub(super) fn tables() -> Vec<Table> {
    let rows = |stranger| [prefixes(stranger), transports(), methods()].concat();
    let trunk = [rows(NotPeer), strangers()].concat();
    let table = |mode: &str, rows| Table::unlimited(&format!("mode = \"{mode}\"\n{PEERS}"), rows);
    vec![table("open", rows(Stranger)), table("trunk", trunk).entries(vec![deny(1, "198.51.100.66", None)])]
}

#[test]
fn peers() {
    tables().iter().for_each(Table::hold);
}

fn options(src: &str) -> Frame {
    Frame::udp(src).payload(sip::options())
}

fn prefixes(stranger: firewall_common::reason::Reason) -> Vec<Row> {
    vec![
        row("the first address of a network", options("203.0.113.0"), Peer).peer(1).detail(1),
        row("the last address of a network", options("203.0.113.255"), Peer).peer(1).detail(1),
        row("the address before a network", options("203.0.112.255"), stranger),
        row("the address behind a network", options("203.0.114.0"), stranger),
        row("a network of IPv6", options("2001:db8:5:ffff::1"), Peer).peer(1).detail(1),
        row("the network of IPv6 beside it", options("2001:db8:6::2"), stranger),
        row("a single address", options("192.0.2.77"), Peer).peer(3).detail(3),
        row("the address beside it", options("192.0.2.78"), stranger),
        row("a single address of IPv6", options("2001:db8:6::1"), Peer).peer(3).detail(3),
        row("the longest prefix decides", options("203.0.113.64"), Transport).peer(2),
        row("just outside the inner prefix", options("203.0.113.63"), Peer).peer(1).detail(1),
        row("the longest prefix decides by IPv6", options("2001:db8:5:7::1"), Transport).peer(2),
        row(
            "the last address of a short prefix",
            options("7.255.255.255").payload(sip::line("PING sip:a SIP/2.0")),
            Peer,
        )
        .peer(4),
        row("just outside a short prefix", options("8.0.0.0"), stranger),
        row("an IPv6 address that begins like a peer's of IPv4", options("cb00:7101::1"), stranger),
        row("a peer's other traffic is not counted as the peer's", options("203.0.113.1").to(80), OtherTraffic),
    ]
}

fn transports() -> Vec<Row> {
    let tcp = |src: &str, port: u16| Frame::tcp(src).to(port).payload(sip::options());
    vec![
        row("a TLS peer by TLS", tcp("203.0.113.65", 5061), Peer).peer(2).detail(2),
        row("a TLS peer by TCP", tcp("203.0.113.65", 5060), Transport).peer(2),
        row("a TLS peer's SYN to the port of TCP", Frame::tcp("203.0.113.65").flags(SYN), Transport).peer(2),
        row("a TLS peer's SYN", Frame::tcp("203.0.113.65").flags(SYN).to(5061), Peer).peer(2).detail(2),
        row("a peer of UDP and TCP by TCP", tcp("192.0.2.77", 5060), Peer).peer(3).detail(3),
        row("a peer of UDP and TCP by TLS", tcp("192.0.2.77", 5061), Transport).peer(3),
    ]
}

fn methods() -> Vec<Row> {
    let of = |src: &str, payload: Vec<u8>| Frame::udp(src).payload(payload);
    let gateway = "192.0.2.77";
    vec![
        row("an INVITE that may be", of(gateway, sip::invite()), Peer).peer(3).detail(3),
        row("a REGISTER that may not be", of(gateway, sip::register()), Method).peer(3).detail(3),
        row("an extension that may not be", of(gateway, sip::line("PING sip:a SIP/2.0")), Method).peer(3).detail(3),
        row("a name that only begins like one that may be", of(gateway, sip::line("INVITEX sip:a SIP/2.0")), Method)
            .peer(3)
            .detail(3),
        row("a name in lower case is the same", of(gateway, sip::line("invite sip:a SIP/2.0")), Peer).peer(3).detail(3),
        row("a REGISTER by TCP", Frame::tcp(gateway).payload(sip::register()), Method).peer(3).detail(3),
        row(
            "the middle of a stream",
            Frame::tcp(gateway).payload("lt: 3600\r\n\r\nREGISTER sip:a SIP/2.0\r\n\r\n"),
            Peer,
        )
        .peer(3),
        row("a response has no method", of(gateway, sip::response(rsip::StatusCode::OK)), Peer).peer(3).detail(3),
        row("a keep-alive has none either", of(gateway, b"\r\n\r\n".to_vec()), Peer).peer(3).detail(3),
        row("an extension that may be", of("1.2.3.4", sip::line("PING sip:a SIP/2.0")), Peer).peer(4).detail(4),
        row("a known method where only extensions may be", of("1.2.3.4", sip::options()), Method).peer(4).detail(4),
        row("a peer's garbage", of("203.0.113.1", b"x".to_vec()), NotSip).peer(1),
        row("a peer's scanner is the peer's affair", of("203.0.113.1", sip::from_agent("friendly-scanner")), Peer)
            .peer(1),
    ]
}

fn strangers() -> Vec<Row> {
    vec![
        row("a stranger's request", options(STRANGER), NotPeer),
        row("a stranger's request by IPv6", options(STRANGER_V6), NotPeer),
        row("a stranger's response", Frame::udp(STRANGER).payload(sip::response(rsip::StatusCode::OK)), NotPeer),
        row("a stranger's keep-alive", Frame::udp(STRANGER).payload("\r\n"), NotPeer),
        row("a stranger's garbage", Frame::udp(STRANGER).payload("x"), NotPeer),
        row("a stranger's malformed datagram", options(STRANGER).udp_len(3), NotPeer),
        row("a stranger's SYN", Frame::tcp(STRANGER).flags(SYN), NotPeer),
        row("a stranger's TLS", Frame::tcp(STRANGER).to(5061), NotPeer),
        row("a stranger's other traffic", options(STRANGER).to(80), OtherTraffic),
        row("a denied stranger", options("198.51.100.66"), Denied).detail(1),
    ]
}
