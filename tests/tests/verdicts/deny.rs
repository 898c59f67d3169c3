//! Deny entries, bans and allow entries, each with its scope and its end.
use firewall_common::reason::Reason::{Allowed, Banned, Denied, NotPeer, OtherTraffic, Peer, Stranger};
use firewall_tests::harness::{Row, SECOND, allow, ban, deny, now, row};
use firewall_tests::packets::{Frame, sip};
use firewall_userspace::entries::{Scope, StoredEntry};

use super::{STRANGER, Table};

/// The time at which the timed entries end: far from the time at which the test runs.
fn end() -> u64 {
    (now() / SECOND + 1_000) * SECOND
}

fn options(src: &str) -> Frame {
    Frame::udp(src).payload(sip::options())
}

fn all(entry: StoredEntry) -> StoredEntry {
    StoredEntry { scope: Scope::All, ..entry }
}

pub(super) fn tables() -> Vec<Table> {
    let end = end();
    let open = Table::unlimited("", [permanent(), timed(end), scope(end), nested(end)].concat());
    let trunk = Table::unlimited("mode = \"trunk\"\n[[peer]]\nname = \"a\"\nprefixes = [\"203.0.113.0/24\"]", trunk());
    let quiet = Table::unlimited(
        "",
        vec![row("another port, when no entry covers all", options("198.51.100.66").to(80), OtherTraffic)],
    );
    vec![
        open.entries(entries(end)),
        trunk.entries(vec![
            allow(1, "198.51.100.0/24", None),
            deny(2, "203.0.113.9", None),
            ban(3, "203.0.113.10", None),
            deny(4, "203.0.113.128/25", None),
        ]),
        quiet.entries(vec![deny(1, "198.51.100.66", None)]),
    ]
}

#[test]
fn entries_hold_for_whom_they_cover() {
    tables().iter().for_each(Table::hold);
}

fn entries(end: u64) -> Vec<StoredEntry> {
    let timed = Some(end);
    vec![
        deny(1, "198.51.100.66", None),
        ban(2, "198.51.100.67", None),
        deny(3, "203.0.113.0/24", None),
        deny(4, "2001:db8:66::/48", None),
        ban(5, "2001:db8:67:1::/64", None),
        deny(6, "198.51.100.70", timed),
        ban(7, "198.51.100.71", timed),
        deny(8, "192.0.2.128/25", timed),
        all(deny(9, "198.51.100.72", None)),
        all(ban(10, "198.51.100.73", timed)),
        all(deny(11, "100.64.0.0/10", None)),
        allow(12, "203.0.113.64/26", None),
        allow(13, "203.0.113.7", timed),
        deny(14, "203.0.113.70", None),
        allow(15, "198.18.0.0/15", timed),
        ban(16, "203.0.113.65", None),
        deny(17, "2001:db8:1:9::7", None),
    ]
}

fn permanent() -> Vec<Row> {
    let tls = Frame::tcp("198.51.100.67").to(5061);
    vec![
        row("a denied host", options("198.51.100.66"), Denied).detail(1),
        row("its keep-alive", Frame::udp("198.51.100.66").payload("\r\n\r\n"), Denied).detail(1),
        row("its garbage", Frame::udp("198.51.100.66").payload("x"), Denied).detail(1),
        row("its malformed datagram", options("198.51.100.66").udp_len(3), Denied).detail(1),
        row("its TCP", Frame::tcp("198.51.100.66"), Denied).detail(1),
        row("the host beside it", options("198.51.100.65"), Stranger),
        row("a banned host", options("198.51.100.67"), Banned).detail(2),
        row("its TLS", tls, Banned).detail(2),
        row("its other traffic", options("198.51.100.67").to(80), OtherTraffic),
        row("a denied network", options("203.0.113.200"), Denied).detail(3),
        row("the network beside it", options("203.0.112.255"), Stranger),
        row("a denied network of IPv6", options("2001:db8:66:ffff::1"), Denied).detail(4),
        row("the network of IPv6 beside it", options("2001:db8:65:ffff::1"), Stranger),
        row(
            "its later fragment with headers behind the fragment header",
            behind_fragment_header("2001:db8:66::1"),
            Denied,
        )
        .detail(4),
        row("the same of a stranger", behind_fragment_header("2001:db8:65::1"), OtherTraffic),
        row("a banned /64", options("2001:db8:67:1:ffff::1"), Banned).detail(5),
        row("the /64 beside it", options("2001:db8:67:2::1"), Stranger),
        row("a denied host of IPv6", options("2001:db8:1:9::7"), Denied).detail(17),
        row("the host in its /64 beside it", options("2001:db8:1:9::8"), Stranger),
    ]
}

fn timed(end: u64) -> Vec<Row> {
    let cases = [
        ("a timed deny entry", "198.51.100.70", Denied, 6),
        ("a timed ban", "198.51.100.71", Banned, 7),
        ("a timed deny entry of a network", "192.0.2.200", Denied, 8),
    ];
    let at_its_end = cases.into_iter().flat_map(|(what, src, reason, id)| {
        [
            row(format!("{what}, long before its end"), options(src), reason).detail(id),
            row(format!("{what}, a nanosecond before its end"), options(src), reason).detail(id).at(end - 1),
            row(format!("{what}, at its end"), options(src), Stranger).at(end),
            row(format!("{what}, after its end"), options(src), Stranger).at(end + 1),
        ]
    });
    at_its_end
        .chain([
            row("a timed allow entry", options("198.19.255.255"), Allowed).peer(0).detail(15).at(end - 1),
            row("a timed allow entry, at its end", options("198.19.255.255"), Stranger).at(end),
        ])
        .collect()
}

fn scope(end: u64) -> Vec<Row> {
    let other = |src: &str| Frame::udp(src).to(53).payload("x");
    vec![
        row("other traffic of whom an entry denies all", other("198.51.100.72"), Denied).detail(9),
        row("its TCP to another port", Frame::tcp("198.51.100.72").to(443), Denied).detail(9),
        row("its SIP", options("198.51.100.72"), Denied).detail(9),
        row("its ICMP, which has no port", Frame::other("198.51.100.72", 1), OtherTraffic),
        row("other traffic of whom a ban covers wholly", other("198.51.100.73"), Banned).detail(10).at(end - 1),
        row("other traffic of whom a ban covered wholly", other("198.51.100.73"), OtherTraffic).at(end),
        row("other traffic of a network denied wholly", other("100.127.255.255"), Denied).detail(11),
        row("other traffic of the network beside it", other("100.128.0.0"), OtherTraffic),
        row("other traffic of whom an entry denies SIP", other("198.51.100.66"), OtherTraffic),
        row("other traffic of a stranger", other(STRANGER), OtherTraffic),
    ]
}

fn nested(end: u64) -> Vec<Row> {
    vec![
        row("an allowed network inside a denied one", options("203.0.113.100"), Allowed).peer(0).detail(12),
        row("a denied host inside an allowed network", options("203.0.113.70"), Denied).detail(14),
        row("an allowed host inside a denied network", options("203.0.113.7"), Allowed).peer(0).detail(13).at(end - 1),
        row("at the end of its entry", options("203.0.113.7"), Denied).detail(3).at(end),
        row("a ban inside an allowed network does not hold", options("203.0.113.65"), Allowed).peer(0).detail(12),
    ]
}

fn trunk() -> Vec<Row> {
    vec![
        row("an allowed stranger is as good as a peer", options(STRANGER), Allowed).peer(0).detail(1),
        row("a stranger is not", options("198.51.101.7"), NotPeer),
        row("a peer's host", options("203.0.113.1"), Peer).peer(1).detail(1),
        row("a peer's host that the operator denies", options("203.0.113.9"), Denied).detail(2),
        row("a peer's host is never banned", options("203.0.113.10"), Peer).peer(1),
        row("a peer's network that the operator denies", options("203.0.113.200"), Denied).detail(4),
    ]
}

/// A later fragment whose fragment header announces destination options.
fn behind_fragment_header(src: &str) -> Vec<u8> {
    let mut frame = Frame::udp(src).payload([b'x'; 3000]).fragments(7, 1232)[1].clone();
    let next_header = 14 + 40;
    frame[next_header] = 60;
    frame
}
