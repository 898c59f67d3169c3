//! Media ports. While nobody guards them only the source is judged; what is guarded has tables of its own.
use firewall_common::addr::Addr;
use firewall_common::limiter::Limit;
use firewall_common::media::{Codec, FLOW_RTCP, FLOW_RTP, FLOW_SRTP, Flow};
use firewall_common::reason::Reason::{Banned, Denied, MalformedUdp, Media, OtherTraffic};
use firewall_tests::harness::{SECOND, ban, deny, now, row};
use firewall_tests::packets::{Frame, sip};

use super::{STRANGER, STRANGER_V6, Table};

mod cut;
mod ice;
mod kinds;
mod learned;
mod lock;
mod pinhole;
mod prefer;
mod stream;

const CONFIG: &str = "mode = \"trunk\"\n[media]\nports = [\"10000-10010\"]";

pub(super) fn tables() -> Vec<Table> {
    [
        unguarded(),
        pinhole::tables(),
        kinds::tables(),
        lock::tables(),
        stream::tables(),
        ice::tables(),
        learned::tables(),
        prefer::tables(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Guarded, with a test for plain RTP that soon ends.
const GUARDED: &str = "[media]\nports = [\"10000-10010\"]\npolicy = \"srtp-only\"\nplain_packets = 3\n";
/// The port of most flows.
const PORT: u16 = 10_000;
/// The remote side of the session description.
const REMOTE: &str = "203.0.113.50";
const REMOTE_V6: &str = "2001:db8:50::1";
const REMOTE_PORT: u16 = 4_000;
/// Where the signalling comes from.
const PROXY: &str = "203.0.113.60";

fn addr(text: &str) -> Addr {
    text.parse::<std::net::IpAddr>().expect("a test writes addresses rightly").into()
}

/// A time to begin at that no clock has reached.
fn soon() -> u64 {
    (now() / SECOND + 5_000) * SECOND
}

/// SRTP and SRTCP of a call with G.711, opened at `now`.
fn call(now: u64) -> Flow {
    let mut flow = Flow {
        remote: addr(REMOTE),
        remote_port: REMOTE_PORT,
        signalling: addr(PROXY),
        local_port: PORT,
        call: 1,
        silence: 60 * SECOND,
        limit: Limit::NONE,
        flags: FLOW_RTP | FLOW_RTCP | FLOW_SRTP,
        ..Flow::opening(now)
    };
    flow.codecs[0] = Codec { payload_type: 0, bytes: 1, units: 1, reserved: 0 };
    flow
}

/// A datagram to the flow's port.
fn from(src: &str, port: u16, payload: impl AsRef<[u8]>) -> Frame {
    Frame::udp(src).from_port(port).to(PORT).payload(payload)
}

/// A table of a guarded range with these flows, in their order.
fn guarded(more: &str, flows: Vec<Flow>, rows: Vec<firewall_tests::harness::Row>) -> Table {
    Table::unlimited(&format!("{GUARDED}{more}"), rows)
        .prepared(move |shield| (0..).zip(&flows).for_each(|(place, flow)| shield.open(place, *flow)))
}

fn unguarded() -> Vec<Table> {
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
    unguarded().iter().for_each(Table::hold);
}
