//! Transports of strangers and registrants.
use firewall_common::reason::Reason::{OtherTraffic, Registrant, Stranger, Transport};
use firewall_tests::harness::{Row, SECOND, now, row};
use firewall_tests::packets::{Frame, SYN, sip};

use super::{STRANGER, STRANGER_V6, Table};

const PHONE: &str = "198.51.100.20";
const PORTS: &str = "[ports]\nudp = [5060, \"5080-5090\"]\ntcp = [5060, 5070]\ntls = [5061, 5071]\n";

pub(super) fn tables() -> Vec<Table> {
    let table = |transports: &str, rows| {
        let config = format!(
            "{PORTS}{}",
            super::UNLIMITED.replace("[strangers]", &format!("[strangers]\ntransports = {transports}"))
        );
        Table::new(&config, rows).registrant(PHONE, now() + 3_600 * SECOND)
    };
    vec![table("[\"tls\"]", tls_only()), table("[\"udp\", \"tcp\", \"tls\"]", all()), table("[\"tcp\"]", tcp_only())]
}

#[test]
fn transports() {
    tables().iter().for_each(Table::hold);
}

fn udp(src: &str, port: u16) -> Frame {
    Frame::udp(src).to(port).payload(sip::options())
}

fn tcp(src: &str, port: u16) -> Frame {
    Frame::tcp(src).to(port).payload(sip::options())
}

fn tls_only() -> Vec<Row> {
    vec![
        row("a stranger by UDP", udp(STRANGER, 5060), Transport),
        row("a stranger's keep-alive by UDP", Frame::udp(STRANGER).payload("\r\n"), Transport),
        row("a stranger by UDP, IPv6", udp(STRANGER_V6, 5060), Transport),
        row("a stranger by TCP", tcp(STRANGER, 5060), Transport),
        row("a stranger's SYN to the port of TCP", Frame::tcp(STRANGER).flags(SYN).to(5070), Transport),
        row("a stranger by TLS", tcp(STRANGER, 5061), Stranger),
        row("a stranger's SYN to the port of TLS", Frame::tcp(STRANGER).flags(SYN).to(5071), Stranger),
        row("a registrant by UDP", udp(PHONE, 5060), Transport),
        row("a registrant by TLS", tcp(PHONE, 5061), Registrant),
        row("TLS's port by UDP", udp(STRANGER, 5061), OtherTraffic),
    ]
}

fn all() -> Vec<Row> {
    vec![
        row("the first port of a range", udp(STRANGER, 5080), Stranger),
        row("the last port of a range", udp(STRANGER, 5090), Stranger),
        row("the port behind a range", udp(STRANGER, 5091), OtherTraffic),
        row("a port of TCP by UDP", udp(STRANGER, 5070), OtherTraffic),
        row("the second port of TCP", tcp(STRANGER, 5070), Stranger),
        row("the second port of TLS", tcp(STRANGER, 5071), Stranger),
        row(
            "a scanner by TCP",
            Frame::tcp(STRANGER).payload(sip::from_agent("sipcli")),
            firewall_common::reason::Reason::Signature,
        ),
        row(
            "bytes in TLS that look like a scanner",
            Frame::tcp(STRANGER).to(5061).payload(sip::from_agent("sipcli")),
            Stranger,
        ),
        row("the middle of a stream", Frame::tcp(STRANGER).payload("any bytes"), Stranger),
        row("a response in a stream", Frame::tcp(STRANGER).payload(sip::response(rsip::StatusCode::OK)), Stranger),
    ]
}

fn tcp_only() -> Vec<Row> {
    vec![
        row("a stranger by TCP", tcp(STRANGER, 5060), Stranger),
        row("a stranger by TLS", tcp(STRANGER, 5061), Transport),
        row("a stranger by UDP", udp(STRANGER, 5060), Transport),
    ]
}
