//! Datagrams in fragments.
use firewall_common::reason::Reason::{
    Denied, Fragment as Later, FragmentFollows, FragmentOverlap, FragmentTiny, MalformedUdp, Media, NotSip,
    OtherTraffic, Peer, Signature, Stranger,
};
use firewall_tests::harness::{Row, SECOND, deny, now, row};
use firewall_tests::packets::{Extension, Fragment, Frame, TAG, sip};

use super::{STRANGER, STRANGER_V6, Table};

const CONFIG: &str = r#"
[media]
ports = ["10000-10100"]

[[peer]]
name = "carrier"
prefixes = ["203.0.113.0/24"]
"#;
const DENIED: &str = "198.51.100.66";

pub(super) fn tables() -> Vec<Table> {
    let rows = [whole(), orphans(), tiny(), overlap(), follows(), others(), reused()].concat();
    vec![Table::unlimited(CONFIG, rows).entries(vec![deny(1, DENIED, None)])]
}

#[test]
fn fragments() {
    tables().iter().for_each(Table::hold);
}

fn large(src: &str) -> Frame {
    Frame::udp(src).payload(sip::large_invite())
}

/// A row for each fragment, the first judged `first` and the others `later`.
fn parts(what: &str, fragments: Vec<Vec<u8>>, first: Row, later: firewall_common::reason::Reason) -> Vec<Row> {
    let rest = fragments.iter().enumerate().skip(1);
    let rest = rest.map(|(n, bytes)| row(format!("{what}: fragment {n}"), bytes.clone(), later));
    let mut first = first;
    (first.what, first.frame) = (format!("{what}: the first fragment"), fragments[0].clone());
    [first].into_iter().chain(rest).collect()
}

fn whole() -> Vec<Row> {
    let first = |reason| row("", [], reason);
    let typical = Frame::udp(STRANGER).payload(sip::invite());
    [
        parts("an INVITE of 3 kB", large(STRANGER).fragments(1, 1480), first(Stranger), Later),
        parts("an INVITE of 3 kB by IPv6", large(STRANGER_V6).fragments(1, 1232), first(Stranger), Later),
        parts("behind a tag", large(STRANGER).tagged(TAG).fragments(2, 1480), first(Stranger), Later),
        parts("behind options", large(STRANGER).options(&[1; 8]).fragments(3, 1472), first(Stranger), Later),
        parts(
            "behind routing",
            large(STRANGER_V6).extension(Extension::routing()).fragments(3, 1232),
            first(Stranger),
            Later,
        ),
        parts("in the smallest parts a link makes", typical.fragments(4, 272), first(Stranger), Later),
        parts("of a peer", large("203.0.113.7").fragments(5, 1480), first(Peer).peer(1), Later),
        parts("for a media port", large(STRANGER).to(10_000).fragments(6, 1480), first(Media), Later),
        vec![row(
            "an identification again, by the same datagram",
            large(STRANGER).fragments(1, 1480)[2].clone(),
            Later,
        )],
    ]
    .concat()
}

fn orphans() -> Vec<Row> {
    let fragments = large(STRANGER).fragments(100, 1480);
    let elsewhere = large(STRANGER).to_host("192.0.2.6").fragments(1, 1480);
    let tcp = Frame::tcp(STRANGER).payload(sip::large_invite()).fragments(1, 1480);
    vec![
        row("a later fragment before its first", fragments[1].clone(), OtherTraffic),
        row("its first", fragments[0].clone(), Stranger),
        row("another later fragment, behind its first", fragments[2].clone(), Later),
        row("another destination", elsewhere[1].clone(), OtherTraffic),
        row("another protocol", tcp[1].clone(), OtherTraffic),
        row("another source", large("198.51.100.8").fragments(1, 1480)[1].clone(), OtherTraffic),
        row(
            "an orphan that begins at byte 256",
            Frame::udp(STRANGER).payload([b'x'; 600]).slice(101, 256, 600),
            OtherTraffic,
        ),
        row(
            "an orphan that begins at byte 248",
            Frame::udp(STRANGER).payload([b'x'; 600]).slice(101, 248, 600),
            FragmentTiny,
        ),
        row("an orphan that begins at byte 8", large(STRANGER).slice(102, 8, 600), FragmentTiny),
    ]
}

/// How many bytes of the datagram hold the UDP header and the start line.
fn start_line() -> usize {
    8 + sip::large_invite().iter().position(|b| *b == b'\n').unwrap_or_default() + 1
}

fn tiny() -> Vec<Row> {
    let line = start_line().next_multiple_of(8);
    let (v4, v6) = (large(STRANGER), large(STRANGER_V6));
    let tcp = Frame::tcp(STRANGER).payload(sip::large_invite());
    vec![
        row("a first fragment without ports", v4.slice(200, 0, 0), FragmentTiny),
        row("a first fragment of two bytes", v4.slice(200, 0, 2), FragmentTiny),
        row("a first fragment of ports", v4.slice(201, 0, 4), FragmentTiny),
        row("a first fragment of seven bytes", v6.slice(201, 0, 7), FragmentTiny),
        row("a first fragment of ports that are not protected", large(STRANGER).to(80).slice(202, 0, 4), OtherTraffic),
        row("a first fragment of a UDP header", v4.slice(203, 0, 8), FragmentTiny),
        row("what follows it", v4.slice(203, 8, 1480), FragmentFollows),
        row("a first fragment of half a start line", v4.slice(204, 0, 24), FragmentTiny),
        row("what follows it, where no header stands any more", v4.slice(204, 512, 1480), FragmentFollows),
        row("a first fragment that lacks a start line's last byte", v6.slice(205, 0, start_line() - 1), FragmentTiny),
        row("a first fragment of a start line", v4.slice(206, 0, line), Stranger),
        row("a later fragment that begins in the headers", v4.slice(206, line, 1480), FragmentTiny),
        row("a first fragment of 256 bytes", v6.slice(207, 0, 256), Stranger),
        row("what follows it", v6.slice(207, 256, 1480), Later),
        row("a first fragment of 19 bytes of TCP", tcp.slice(208, 0, 19), FragmentTiny),
        row("a first fragment of a TCP header", tcp.slice(209, 0, 24), Stranger),
        row(
            "a first fragment of what is not SIP",
            Frame::udp(STRANGER).payload([b'x'; 2000]).slice(210, 0, 24),
            FragmentTiny,
        ),
        row(
            "a first fragment of a line that is not SIP",
            Frame::udp(STRANGER).payload(sip::line("x y").repeat(99)).slice(211, 0, 24),
            NotSip,
        ),
        row(
            "a first fragment longer than its datagram says",
            v4.clone().udp_len(600).slice(212, 0, 1480),
            MalformedUdp,
        ),
    ]
}

fn overlap() -> Vec<Row> {
    let (v4, v6) = (large(STRANGER), large(STRANGER_V6));
    vec![
        row("a first fragment of 800 bytes", v4.slice(300, 0, 800), Stranger),
        row("a later one that begins eight bytes before its end", v4.slice(300, 792, 1600), FragmentOverlap),
        row("a later one that begins inside its start line", v4.slice(300, 16, 1600), FragmentOverlap),
        row("a later one that begins where it ends", v4.slice(300, 800, 1600), Later),
        row("a first fragment of 800 bytes by IPv6", v6.slice(300, 0, 800), Stranger),
        row("a later one that begins inside it", v6.slice(300, 8, 1600), FragmentOverlap),
    ]
}

fn follows() -> Vec<Row> {
    let text = sip::replaced(&sip::large_invite(), "\r\nContent-Type", "\r\nUser-Agent: sipcli/v1.8\r\nContent-Type");
    let scanner = Frame::udp(STRANGER).payload(text);
    let denied = large(DENIED).fragments(401, 1480);
    [
        parts("a scanner's", scanner.fragments(400, 1480), row("", [], Signature), FragmentFollows),
        parts(
            "a scanner's by IPv6",
            Frame::udp(STRANGER_V6).payload(vec![b'x'; 3000]).fragments(400, 1232),
            row("", [], FragmentTiny),
            FragmentFollows,
        ),
        parts("a denied source's", denied.clone(), row("", [], Denied).detail(1), Denied),
        vec![row("a denied source's orphan", large(DENIED).fragments(402, 1480)[1].clone(), Denied).detail(1)],
    ]
    .concat()
}

fn others() -> Vec<Row> {
    let other = Frame::udp(STRANGER).to(53).payload([0; 3000]);
    let atomic = Fragment { id: 500, offset: 0, more: false };
    let icmp = Frame::other(STRANGER, 1).payload([8; 3000]);
    [
        parts("of another port", other.fragments(500, 1480), row("", [], OtherTraffic), OtherTraffic),
        parts("of another protocol", icmp.fragments(501, 1480), row("", [], OtherTraffic), OtherTraffic),
        vec![row(
            "an atomic fragment",
            Frame::udp(STRANGER_V6).extension(Extension::fragment(atomic)).payload(sip::options()),
            Stranger,
        )],
    ]
    .concat()
}

fn reused() -> Vec<Row> {
    let fragments = large(STRANGER).fragments(600, 1480);
    let dropped = Frame::udp(STRANGER).payload(sip::line("no request").repeat(200));
    let start = now() + 1_000 * SECOND;
    vec![
        row("a dropped first fragment", dropped.slice(600, 0, 1480), NotSip).at(start),
        row("what follows within 30 s", fragments[1].clone(), FragmentFollows).at(start + 30 * SECOND - 1),
        row("what follows after 30 s", fragments[1].clone(), OtherTraffic).at(start + 30 * SECOND),
        row("the identification again", fragments[0].clone(), Stranger).at(start + 31 * SECOND),
        row("what follows now", fragments[1].clone(), Later).at(start + 32 * SECOND),
    ]
}
