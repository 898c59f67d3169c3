//! Rates, exact to the packet, in injected time.
use firewall_common::reason::Reason::{
    self, Allowed, Known, Method, NotSip, Peer, RateConnect, RateInvite, RateKeepalive, RateMessage, RateOptions,
    RateOther, RateRegister, RateResponse, RateSubscribe, RateTotal, Registrant, Signature, Stranger,
};
use firewall_tests::harness::{Row, SECOND, Shield, allow, now, row};
use firewall_tests::packets::{ACK, Frame, SYN, sip};

use super::{STRANGER, Table};

/// Every class of strangers: two at once, then one an hour. Rows without a time of their own charge twice.
const TWO: &str = r#"
[strangers]
total = "none"

[strangers.limits]
register = "1/h burst 2"
invite = "1/h burst 2"
options = "1/h burst 2"
subscribe = "1/h burst 2"
message = "1/h burst 2"
other = "1/h burst 2"
response = "1/h burst 2"
keepalive = "1/h burst 2"
connect = "1/h burst 2"
"#;
const PHONE: &str = "198.51.100.20";
const PHONE_V6: &str = "2001:db8:20:1::1";

pub(super) fn tables() -> Vec<Table> {
    let end = (now() / SECOND + 5_000) * SECOND;
    vec![
        Table::new(TWO, [classes(), sources()].concat()),
        Table::new(&TWO.replace("[strangers]", "[strangers]\nv6_prefix = 48"), wide_sources()),
        Table::new(&super::UNLIMITED.replace("total = \"none\"", "total = \"1/h burst 2\""), total())
            .registrant(PHONE, end)
            .entries(vec![allow(1, "198.51.100.99", None)]),
        Table::new(&registrants_config(), registrants(end)).registrant(PHONE, end).registrant(PHONE_V6, end),
        Table::new(&known_config(), known(end)).prepared(move |shield| {
            [PHONE, PHONE_V6, "198.51.100.22"].iter().for_each(|phone| shield.remember(phone, 0, end));
        }),
        Table::unlimited(PEERS, peers()),
        Table::new(TWO, uncharged()),
    ]
}

#[test]
fn limits() {
    tables().iter().for_each(Table::hold);
}

/// One message of each class, and the reason for too many.
fn each_class() -> [(&'static str, Vec<u8>, Reason); 8] {
    let plain = sip::plain;
    [
        ("REGISTER", plain(rsip::Method::Register), RateRegister),
        ("INVITE", plain(rsip::Method::Invite), RateInvite),
        ("OPTIONS", plain(rsip::Method::Options), RateOptions),
        ("SUBSCRIBE", plain(rsip::Method::Subscribe), RateSubscribe),
        ("MESSAGE", plain(rsip::Method::Message), RateMessage),
        ("NOTIFY", plain(rsip::Method::Notify), RateOther),
        ("response", sip::response(rsip::StatusCode::OK), RateResponse),
        ("keep-alive", b"\r\n\r\n".to_vec(), RateKeepalive),
    ]
}

fn classes() -> Vec<Row> {
    let udp = each_class().into_iter().flat_map(|(what, message, over)| {
        let frame = Frame::udp(STRANGER).payload(message);
        [
            row(format!("two of class {what}"), frame.clone(), Stranger),
            row(format!("a third of class {what}"), frame, over),
        ]
    });
    let syn = Frame::tcp(STRANGER).flags(SYN);
    let others = ["ACK", "BYE", "CANCEL", "REFER", "PUBLISH", "UPDATE", "PRACK", "INFO", "PING"];
    let others = others.map(|m| {
        row(
            format!("{m} counts as other"),
            Frame::udp(STRANGER).payload(sip::line(&format!("{m} sip:a SIP/2.0"))),
            RateOther,
        )
    });
    udp.chain(others)
        .chain([
            row("STUN counts as a keep-alive", Frame::udp(STRANGER).payload(sip::stun(0)), RateKeepalive),
            row("two SYNs", syn.clone(), Stranger),
            row("a third SYN", syn.clone(), RateConnect),
            row("a SYN to the port of TLS", syn.to(5061), RateConnect),
            row("the answer to a SYN is no attempt", Frame::tcp(STRANGER).flags(SYN | ACK), Stranger),
            row("an acknowledgement is no attempt", Frame::tcp(STRANGER), Stranger),
            row(
                "a request by TCP counts with those by UDP",
                Frame::tcp(STRANGER).payload(sip::register()),
                RateRegister,
            ),
            row("the middle of a stream counts as nothing", Frame::tcp(STRANGER).payload("REGIST"), Stranger),
            row(
                "a response by TCP counts as nothing",
                Frame::tcp(STRANGER).payload(sip::response(rsip::StatusCode::OK)),
                Stranger,
            ),
            row(
                "a request inside TLS counts as nothing",
                Frame::tcp(STRANGER).to(5061).payload(sip::register()),
                Stranger,
            ),
        ])
        .collect()
}

fn register(src: &str) -> Frame {
    Frame::udp(src).payload(sip::register())
}

fn sources() -> Vec<Row> {
    vec![
        row("the address beside it has a limit of its own", register("198.51.100.8"), Stranger),
        row("two from a /64", register("2001:db8:9:1::1"), Stranger),
        row("a third from the same /64", register("2001:db8:9:1:ffff::2"), RateRegister),
        row("two from the /64 beside it", register("2001:db8:9:2::1"), Stranger),
    ]
}

fn wide_sources() -> Vec<Row> {
    vec![
        row("two from a /48", register("2001:db8:9:1::1"), Stranger),
        row("a third from the same /48", register("2001:db8:9:2::1"), RateRegister),
        row("two from the /48 beside it", register("2001:db8:a:1::1"), Stranger),
        row("IPv4 has no /48", register("198.51.100.7"), Stranger),
        row("so the address beside it has a limit of its own", register("198.51.100.8"), Stranger),
    ]
}

fn total() -> Vec<Row> {
    let options = |src: &str| Frame::udp(src).payload(sip::options());
    vec![
        row("garbage is not charged to the total", Frame::udp(STRANGER).payload("x"), NotSip),
        row("two strangers' requests", options(STRANGER), Stranger),
        row("another stranger's", options("203.0.113.1"), RateTotal),
        row("a keep-alive counts too", Frame::udp(STRANGER).payload("\r\n"), RateTotal),
        row("a SYN counts too", Frame::tcp(STRANGER).flags(SYN), RateTotal),
        row("the middle of a stream does not", Frame::tcp(STRANGER).payload("x"), Stranger),
        row("a registrant is not of all strangers", options(PHONE), Registrant),
        row("nor is an allowed source", options("198.51.100.99"), Allowed).peer(0),
    ]
}

fn registrants_config() -> String {
    format!("{TWO}\n[registrants.limits]\nregister = \"1/h burst 4\"\noptions = \"none\"\n")
}

fn registrants(end: u64) -> Vec<Row> {
    let options = |src: &str| Frame::udp(src).payload(sip::options());
    vec![
        row("two REGISTERs of a registrant", register(PHONE), Registrant),
        row("two more", register(PHONE), Registrant),
        row("a fifth", register(PHONE), RateRegister),
        row("another class without a limit", options(PHONE), Registrant),
        row("that class again", options(PHONE), Registrant),
        row("a stranger beside it has a stranger's limits", register("198.51.100.21"), Stranger),
        row("a stranger's third", register("198.51.100.21"), RateRegister),
        row("a registrant's /64", register("2001:db8:20:1:ffff::1"), Registrant),
        row("the registrant itself", register(PHONE_V6), Registrant),
        row("the /64 is one registrant", register(PHONE_V6), RateRegister),
        row("just before the registration ends", options(PHONE), Registrant).at(end - 1),
        row("when it has ended", options(PHONE), Stranger).at(end),
        row("a stranger's second", options(PHONE), Stranger).at(end),
        row("a stranger's third", options(PHONE), RateOptions).at(end),
    ]
}

/// Known sources may send six of all kinds together, strangers two.
fn known_config() -> String {
    let own = "\n[trust]\nknown_total = \"1/h burst 6\"\n";
    format!("{}{own}", TWO.replace("total = \"none\"", "total = \"1/h burst 2\""))
}

fn known(end: u64) -> Vec<Row> {
    let options = |src: &str| Frame::udp(src).payload(sip::options());
    vec![
        row("strangers use up their total", options(STRANGER), Stranger),
        row("another stranger finds none of it", options("203.0.113.1"), RateTotal),
        row("a known source has another", register(PHONE), Known),
        row("and a stranger's limits", register(PHONE), RateRegister),
        row("another known source", options(PHONE_V6), Known),
        row("its garbage is not charged", Frame::udp(PHONE_V6).payload("x"), NotSip),
        row("a third's keep-alive is", Frame::udp("198.51.100.22").payload("\r\n\r\n"), Known),
        row("the known sources' total is used up", options(PHONE), RateTotal),
        row("before a datagram is read", Frame::udp(PHONE).payload("x"), RateTotal),
        row("just before it is forgotten", Frame::tcp(PHONE), Known).at(end - 1),
        row("when it is forgotten", Frame::tcp(PHONE), Stranger).at(end),
        row("a source beside it was never known", Frame::tcp("198.51.100.21"), Stranger),
    ]
}

const PEERS: &str = r#"
[[peer]]
name = "limited"
prefixes = ["203.0.113.0/25", "2001:db8:5::/48"]
limits = { invite = "1/h burst 2", connect = "1/h burst 2" }
methods = ["INVITE", "OPTIONS"]

[[peer]]
name = "free"
prefixes = ["203.0.113.128/25"]
"#;

fn peers() -> Vec<Row> {
    let invite = |src: &str| Frame::udp(src).payload(sip::invite());
    let free =
        (0..30).map(|n| row(format!("INVITE {n} of a peer without limits"), invite("203.0.113.200"), Peer).peer(2));
    [
        row("a method that may not be is not charged", register("203.0.113.1"), Method).peer(1),
        row("two INVITEs of a limited peer", invite("203.0.113.1"), Peer).peer(1),
        row("another host of the same peer", invite("203.0.113.2"), RateInvite).peer(1),
        row("the same peer by IPv6", invite("2001:db8:5::1"), RateInvite).peer(1),
        row("another class of the same peer", Frame::udp("203.0.113.1").payload(sip::options()), Peer).peer(1),
        row("two SYNs of a limited peer", Frame::tcp("203.0.113.1").flags(SYN), Peer).peer(1),
        row("a third", Frame::tcp("203.0.113.1").flags(SYN).to(5061), RateConnect).peer(1),
    ]
    .into_iter()
    .chain(free)
    .collect()
}

/// What is dropped for another reason costs nothing.
fn uncharged() -> Vec<Row> {
    let scanner = Frame::udp(STRANGER).payload(sip::from_agent("sipcli"));
    vec![
        row("a scanner's OPTIONS", scanner.clone(), Signature),
        row("a scanner's OPTIONS again", scanner, Signature),
        row("garbage", Frame::udp(STRANGER).payload("x"), NotSip),
        row("an honest OPTIONS", Frame::udp(STRANGER).payload(sip::options()), Stranger),
    ]
}

/// How many of the packets sent every `step` over `span` pass.
fn passed(shield: &Shield, frame: &[u8], start: u64, step: u64, span: u64) -> u64 {
    let times = (0..span / step).map(|n| start + n * step);
    times.filter(|at| !shield.judge(frame, *at).drops()).count() as u64
}

#[test]
fn a_limit_admits_its_burst_and_then_its_rate_to_the_packet() {
    let config = super::UNLIMITED.replace("register = \"none\"", "register = \"10/s burst 5\"");
    let shield = Shield::new(&config);
    let frame = register(STRANGER).bytes();
    let start = now() + 1_000 * SECOND;
    let interval = SECOND / 10;
    let judge = |at: u64| shield.judge(&frame, at).drops();
    let burst: Vec<bool> = (0..7).map(|_| judge(start)).collect();
    assert_eq!(burst, [false, false, false, false, false, true, true], "five at once");
    assert!(judge(start + interval - 1), "a nanosecond before the sixth may come");
    assert!(!judge(start + interval), "when the sixth may come");
    assert!(judge(start + interval), "but not a seventh");
    assert!(
        !judge(start + 3 * interval) && !judge(start + 3 * interval) && judge(start + 3 * interval),
        "two saved up"
    );
    let later = start + 100 * SECOND;
    let full: Vec<bool> = (0..7).map(|_| judge(later)).collect();
    assert_eq!(full, burst, "no more than the burst is saved up");
}

#[test]
fn every_rate_is_kept_whatever_is_offered() {
    let config = super::UNLIMITED.replace("register = \"none\"", "register = \"20/s burst 10\"");
    let shield = Shield::new(&config);
    let start = now() + 1_000 * SECOND;
    for (n, offered) in [5u64, 19, 20, 21, 40, 333, 2_000].into_iter().enumerate() {
        let frame = register(&format!("198.51.100.{}", n + 1)).bytes();
        let passed = passed(&shield, &frame, start, SECOND / offered, 10 * SECOND);
        let ideal = (offered * 10).min(20 * 10 + 10);
        assert!(passed.abs_diff(ideal) <= 1, "{offered} a second offered: {passed} of {ideal} passed");
    }
}

#[test]
fn the_total_is_kept_over_many_strangers() {
    let config = super::UNLIMITED.replace("total = \"none\"", "total = \"100/s burst 50\"");
    let shield = Shield::new(&config);
    let start = now() + 1_000 * SECOND;
    let frames: Vec<Vec<u8>> = (0..250).map(|n| register(&format!("203.0.113.{n}")).bytes()).collect();
    let times = (0..10_000u64).map(|n| (n as usize % frames.len(), start + n * SECOND / 1_000));
    let passed = times.filter(|(n, at)| !shield.judge(&frames[*n], *at).drops()).count() as u64;
    assert!(passed.abs_diff(100 * 10 + 50) <= 1, "{passed} passed");
}

#[test]
fn a_rehearsal_charges_nothing() {
    let shield = Shield::new(TWO);
    let frame = register(STRANGER).bytes();
    let at = now();
    assert!((0..20).all(|_| !shield.rehearse(&frame, at).drops()));
    assert!(!shield.judge(&frame, at).drops() && !shield.judge(&frame, at).drops());
    assert!(shield.rehearse(&frame, at).drops() && shield.judge(&frame, at).drops());
}
