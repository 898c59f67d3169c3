//! Media ports: only the source is judged, and traffic of other ports is left alone.
use firewall_common::reason::Reason::{Banned, Denied, MalformedUdp, Media, OtherTraffic};
use firewall_tests::harness::{ban, deny, row};
use firewall_tests::packets::{Frame, sip};

use super::{STRANGER, STRANGER_V6, Table};

const CONFIG: &str = "mode = \"trunk\"\n[media]\nports = [\"10000-10010\"]";

pub(super) fn tables() -> Vec<Table> {
    let rtp = [0x80, 0, 0, 1, 0, 0, 0, 160, 0xde, 0xad, 0xbe, 0xef];
    let to = |src: &str, port: u16| Frame::udp(src).to(port).payload(rtp);
    let rows = vec![
        row("RTP, though the mode is trunk", to(STRANGER, 10_000), Media),
        row("RTCP on the last port", to(STRANGER_V6, 10_010), Media),
        row("one port beyond", to(STRANGER, 10_011), OtherTraffic),
        row("one port before", to(STRANGER, 9_999), OtherTraffic),
        row("TCP to a media port", Frame::tcp(STRANGER).to(10_000).payload(sip::options()), OtherTraffic),
        row("a UDP length that nobody reads", to(STRANGER, 10_000).udp_len(3), Media),
        row("no UDP header", Frame::other(STRANGER, 17).payload([0, 0, 0]), MalformedUdp),
        row("from a denied source", to("198.51.100.66", 10_000), Denied).detail(1),
        row("from a banned source", to("198.51.100.67", 10_002), Banned).detail(2),
        row("from a denied source to another port", to("198.51.100.66", 9_999), OtherTraffic),
    ];
    vec![Table::unlimited(CONFIG, rows).entries(vec![deny(1, "198.51.100.66", None), ban(2, "198.51.100.67", None)])]
}

#[test]
fn media() {
    tables().iter().for_each(Table::hold);
}
