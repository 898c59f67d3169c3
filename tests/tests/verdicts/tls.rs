//! Versions of TLS: whose connections begin by one below 1.2, and what is no beginning.
use firewall_common::policy::FLAG_TLS12;
use firewall_common::reason::Reason::{Allowed, NotPeer, Peer, Registrant, Stranger, TlsVersion};
use firewall_tests::harness::{Row, Shield, allow, now, row};
use firewall_tests::packets::{ACK, Frame, PSH, SYN, TAG, sip};

use super::copy::{ALLOWED, PHONE};
use super::{STRANGER, STRANGER_V6, Table, UNLIMITED};

const PEER: &str = "[[peer]]\nname = \"a\"\nprefixes = [\"203.0.113.0/24\"]\n";

pub(super) fn tables() -> Vec<Table> {
    let table = |config: &str, rows| {
        let table = Table::unlimited(&format!("{config}{PEER}"), rows).entries(vec![allow(1, ALLOWED, None)]);
        table.registrant(PHONE, u64::MAX)
    };
    let on = |table: Table| table.tuned(|generation| generation.policy.flags |= FLAG_TLS12);
    vec![
        on(table("", beginnings())),
        on(table("monitor = [\"transport\"]\n", vec![row("watched", hello(STRANGER, [3, 1]), TlsVersion).monitored()])),
        on(table("mode = \"trunk\"\n", vec![row("trunk mode comes first", hello(STRANGER, [3, 1]), NotPeer)])),
        table("", vec![row("nobody asks", hello(STRANGER, [3, 1]), Stranger)]),
    ]
}

#[test]
fn versions_of_tls() {
    tables().iter().for_each(Table::hold);
}

/// A ClientHello of a version, in a record of TLS 1.0 as all clients send it.
fn record(version: [u8; 2]) -> Vec<u8> {
    let mut bytes = vec![22, 3, 1, 0, 196, 1, 0, 0, 192, version[0], version[1]];
    bytes.resize(201, 0x5a);
    bytes
}

fn hello(src: &str, version: [u8; 2]) -> Frame {
    tls(src, record(version))
}

fn tls(src: &str, bytes: impl AsRef<[u8]>) -> Frame {
    Frame::tcp(src).to(5061).flags(PSH | ACK).payload(bytes)
}

fn beginnings() -> Vec<Row> {
    let changed = |at: usize, byte: u8| {
        let mut bytes = record([3, 1]);
        bytes[at] = byte;
        tls(STRANGER, bytes)
    };
    let ssl2 = [[0x80, 46, 1, 0, 2, 0, 21, 0, 0, 0, 16].as_slice(), &[0; 37]].concat();
    vec![
        row("TLS 1.2, and 1.3 says the same", hello(STRANGER, [3, 3]), Stranger),
        row("TLS 1.1", hello(STRANGER, [3, 2]), TlsVersion),
        row("TLS 1.0", hello(STRANGER, [3, 1]), TlsVersion),
        row("TLS 1.0 behind a tag", hello(STRANGER, [3, 1]).tagged(TAG), TlsVersion),
        row("TLS 1.0 behind TCP options", hello(STRANGER, [3, 1]).tcp_options(&[1; 12]), TlsVersion),
        row("TLS 1.0 by IPv6", hello(STRANGER_V6, [3, 1]), TlsVersion),
        row("SSL 3.0", hello(STRANGER, [3, 0]), TlsVersion),
        row("SSL 2.0", tls(STRANGER, &ssl2), TlsVersion),
        row("SSL 2.0 of another length", tls(STRANGER, [&ssl2[..], b"x"].concat()), Stranger),
        row("a registrant's", hello(PHONE, [3, 1]), TlsVersion),
        row("a peer's", hello("203.0.113.7", [3, 1]), TlsVersion).peer(1),
        row("an allowed source's", hello(ALLOWED, [3, 1]), TlsVersion).peer(0),
        row("a registrant's of TLS 1.2", hello(PHONE, [3, 3]), Registrant),
        row("a peer's of TLS 1.2", hello("203.0.113.7", [3, 3]), Peer).peer(1),
        row("an allowed source's of TLS 1.2", hello(ALLOWED, [3, 3]), Allowed).peer(0),
        row("data", changed(0, 23), Stranger),
        row("an alert", changed(0, 21), Stranger),
        row("a server's hello", changed(5, 2), Stranger),
        row("a record of another protocol", changed(1, 9), Stranger),
        row("a hello shorter than its record", changed(8, 4), Stranger),
        row("the connection's first packet", Frame::tcp(STRANGER).to(5061).flags(SYN), Stranger),
        row("no data", tls(STRANGER, []), Stranger),
        row("a port without TLS", Frame::tcp(STRANGER).payload(record([3, 1])), Stranger),
        row("SIP on a TLS port", tls(STRANGER, sip::options()), Stranger),
    ]
}

/// A hello is judged when its version is there, and passes before.
#[test]
fn a_hello_cut_anywhere_is_judged_when_its_version_is_there() {
    let shield = Shield::tuned(UNLIMITED, &["sip_probe", "sip_ingress"], |made| made.policy.flags |= FLAG_TLS12);
    let bytes = record([3, 1]);
    for len in 0..=bytes.len() {
        let want = if len < 11 { Stranger } else { TlsVersion };
        assert_eq!(shield.judge(&tls(STRANGER, &bytes[..len]).bytes(), now()).reason, want, "{len} bytes");
    }
}
