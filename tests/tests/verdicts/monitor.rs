//! Judged, counted under what would have dropped it, and passed: the whole firewall, or stage by stage.
use firewall_common::reason::Reason::{
    self, Denied, FragmentFollows, FragmentTiny, HeaderChain, MalformedIp, MalformedUdp, Method, NotPeer, NotSip,
    OtherTraffic, Peer, RateRegister, RateTotal, Signature, Stranger, Transport,
};
use firewall_tests::harness::{Row, deny, row};
use firewall_tests::packets::{Extension, Frame, patched, sip};

use super::{STRANGER, STRANGER_V6, Table};

const PEER: &str = "[[peer]]\nname = \"a\"\nprefixes = [\"203.0.113.0/24\"]\nmethods = [\"INVITE\"]\n";
const DENIED: &str = "198.51.100.66";

pub(super) fn tables() -> Vec<Table> {
    let strict = super::UNLIMITED
        .replace("register = \"none\"", "register = \"1/h burst 2\"")
        .replace("[strangers]", "[strangers]\ntransports = [\"udp\"]");
    let table = |monitor: &str, mode: &str, rows| {
        Table::new(&format!("monitor = {monitor}\nmode = \"{mode}\"\n{PEER}{strict}"), rows)
            .entries(vec![deny(1, DENIED, None)])
    };
    let crowded = super::UNLIMITED
        .replace("total = \"none\"", "total = \"1/h burst 2\"")
        .replace("options = \"none\"", "options = \"1/h burst 4\"");
    vec![
        table("true", "open", everything()),
        table("true", "trunk", trunk()),
        table("[\"deny\"]", "open", only("deny", Denied)),
        table("[\"sip\"]", "open", only("sip", NotSip)),
        table("[\"signature\"]", "open", only("signature", Signature)),
        table("[\"transport\"]", "open", only("transport", Transport)),
        table("[\"parse\"]", "open", only("parse", MalformedIp)),
        table("[\"limit\"]", "open", [only("limit", RateRegister), fragments()].concat()),
        table("[\"signature\", \"limit\"]", "open", two()),
        Table::new(&format!("monitor = [\"limit\"]\n{crowded}"), limits()),
    ]
}

#[test]
fn monitored() {
    tables().iter().for_each(Table::hold);
}

fn udp(src: &str, payload: impl AsRef<[u8]>) -> Frame {
    Frame::udp(src).payload(payload)
}

/// A packet that one stage objects to, for each of several stages.
fn cases() -> Vec<(&'static str, Vec<u8>, Reason)> {
    vec![
        ("a denied source", udp(DENIED, sip::options()).bytes(), Denied),
        ("garbage", udp(STRANGER, "x").bytes(), NotSip),
        ("a scanner", udp(STRANGER, sip::from_agent("sipcli")).bytes(), Signature),
        ("a stranger's TCP", Frame::tcp(STRANGER).bytes(), Transport),
        ("version 5", patched(udp(STRANGER, "x").bytes(), 14, &[0x55]), MalformedIp),
        ("more REGISTERs than may be", udp("198.51.100.8", sip::register()).bytes(), RateRegister),
    ]
}

/// Two REGISTERs of the source whose limit they use up.
fn use_up() -> Row {
    row("two REGISTERs", udp("198.51.100.8", sip::register()), Stranger)
}

/// All packets dropped as ever, but for the one that the monitored stage objects to.
fn only(stage: &str, watched: Reason) -> Vec<Row> {
    let rows = cases().into_iter().map(|(what, frame, reason)| {
        let row = row(format!("{what}, with stage {stage} monitored"), frame, reason);
        if reason == watched { row.monitored() } else { row }
    });
    [use_up()].into_iter().chain(rows).collect()
}

fn everything() -> Vec<Row> {
    let rows = cases().into_iter().map(|(what, frame, reason)| row(what, frame, reason).monitored());
    let chain = (0..7).fold(udp(STRANGER_V6, "x"), |frame, _| frame.extension(Extension::destination()));
    let tiny = Frame::udp(STRANGER).payload(sip::large_invite());
    [use_up()]
        .into_iter()
        .chain(rows)
        .chain([
            row("a denied scanner is counted once, as denied", udp(DENIED, sip::from_agent("sipcli")), Denied)
                .monitored()
                .detail(1),
            row("a denied source's garbage is counted once", udp(DENIED, "x"), Denied).monitored().detail(1),
            row(
                "a scanner's REGISTER over the limit",
                udp("198.51.100.8", sip::replaced(&sip::register(), "Contact", "User-Agent: sipcli\r\nContact")),
                RateRegister,
            )
            .monitored(),
            row("a malformed datagram", udp(STRANGER, "x").udp_len(3), MalformedUdp).monitored(),
            row("too many extension headers", chain, HeaderChain).monitored(),
            row("a tiny first fragment", tiny.slice(1, 0, 24), FragmentTiny).monitored(),
            row("what follows it", tiny.slice(1, 512, 1480), Reason::Fragment),
            row("a peer's method", udp("203.0.113.1", sip::register()), Method).monitored().peer(1).detail(1),
            row("a peer's INVITE", udp("203.0.113.1", sip::invite()), Peer).peer(1),
            row("an honest stranger", udp(STRANGER, sip::options()), Stranger),
            row("another port", udp(STRANGER, "x").to(80), OtherTraffic),
        ])
        .collect()
}

fn trunk() -> Vec<Row> {
    vec![
        row("a stranger", udp(STRANGER, sip::options()), NotPeer).monitored(),
        row("a stranger's garbage", udp(STRANGER, "x"), NotPeer).monitored(),
        row("a peer", udp("203.0.113.1", sip::invite()), Peer).peer(1),
    ]
}

/// A later stage that is enforced has the last word.
fn two() -> Vec<Row> {
    let scanner = |src: &str| udp(src, sip::replaced(&sip::register(), "Contact", "User-Agent: sipcli\r\nContact"));
    vec![
        row("a scanner", udp(STRANGER, sip::from_agent("sipcli")), Signature).monitored(),
        row("a scanner that is denied", udp(DENIED, sip::from_agent("sipcli")), Denied).detail(1),
        row("a scanner within its limit is charged", scanner(STRANGER), Signature).monitored(),
        row("so an honest REGISTER is over it", udp(STRANGER, sip::register()), RateRegister).monitored(),
        row("a scanner over its limit is counted once", scanner(STRANGER), RateRegister).monitored(),
    ]
}

fn fragments() -> Vec<Row> {
    let over = Frame::udp("198.51.100.8").payload(sip::replaced(
        &sip::register(),
        "Max-Forwards",
        &format!("Subject: {}\r\nMax-Forwards", "s".repeat(1000)),
    ));
    let garbage = Frame::udp(STRANGER).payload(sip::line("no request").repeat(99));
    vec![
        row("a first fragment over the limit", over.slice(1, 0, 800), RateRegister).monitored(),
        row("what follows passes as its first did", over.slice(1, 800, 1200), Reason::Fragment),
        row("a first fragment of what is not SIP", garbage.slice(2, 0, 800), NotSip),
        row("what follows is dropped as its first was", garbage.slice(2, 800, 1200), FragmentFollows),
    ]
}

fn limits() -> Vec<Row> {
    let options = |src: &str| udp(src, sip::options());
    vec![
        row("two OPTIONS", options(STRANGER), Stranger),
        row("two more are over the total", options(STRANGER), RateTotal).monitored(),
        row("a fifth finds the total used up first", options(STRANGER), RateTotal).monitored(),
        row("another stranger's are over the total", options("198.51.100.9"), RateTotal).monitored(),
    ]
}
