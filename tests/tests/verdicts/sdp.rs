//! Calls that cannot lead to SRTP: whose are refused, in which disguises, and what the daemon hears of it.
use firewall_common::addr::Addr;
use firewall_common::copy::{CopyHead, refused_as};
use firewall_common::maps::program::PROBE;
use firewall_common::reason::Reason::{
    self, Allowed, DialogIntruder, FragmentFollows, Known, NotSip, Peer, PlainRtp, RateInvite, RefusalAck, Registrant,
    Signature, Stranger,
};
use firewall_common::sdp::refusal_tag;
use firewall_tests::harness::{Copied, KEY, Row, Shield, allow, now, row};
use firewall_tests::packets::{Frame, TAG, sip};

use super::copy::{ALLOWED, EVERYONE, KNOWN, PHONE, copied};
use super::{STRANGER, STRANGER_V6, Table, UNLIMITED};

mod disguises;
mod own;

/// What is objected to in packets that our side sends.
pub(super) const OF_OWN: [Reason; 1] = [own::REASON];

/// Peers of every policy: 203.0.113.0/24 has the general one.
const PEERS: &str = r#"
[[peer]]
name = "as all"
prefixes = ["203.0.113.0/24"]

[[peer]]
name = "old"
prefixes = ["192.0.2.64/26"]
media = "off"

[[peer]]
name = "hopeful"
prefixes = ["192.0.2.128/26"]
media = "prefer"

[[peer]]
name = "strict"
prefixes = ["192.0.2.192/26"]
media = "srtp-only"
"#;
const OLD: &str = "192.0.2.70";
const HOPEFUL: &str = "192.0.2.130";
const STRICT: &str = "192.0.2.200";
const AS_ALL: &str = "203.0.113.7";

fn config(policy: &str) -> String {
    format!("[media]\nports = [\"10000-20000\"]\npolicy = \"{policy}\"\n{PEERS}")
}

fn table(policy: &str, rows: Vec<Row>) -> Table {
    with(&config(policy), rows)
}

/// A table with sources of every kind.
fn with(config: &str, rows: Vec<Row>) -> Table {
    Table::unlimited(config, rows)
        .entries(vec![allow(7, ALLOWED, None)])
        .registrant(PHONE, u64::MAX)
        .prepared(|shield| shield.remember(KNOWN, 0, u64::MAX))
}

pub(super) fn tables() -> Vec<Table> {
    let monitored = |stage: &str| format!("monitor = [\"{stage}\"]\n{}", config("srtp-only"));
    let limited = UNLIMITED.replace("invite = \"none\"", "invite = \"1/h burst 2\"");
    vec![
        table("srtp-only", whose()),
        table("srtp-only", disguises::rows()),
        table("srtp-only", acks()),
        table("off", only_the_strict()),
        table("prefer", only_the_strict()),
        with(&monitored("sdp"), watched()),
        with(&monitored("signature"), scanners()),
        Table::new(&format!("{}{limited}", config("srtp-only")), charged()),
        Table::unlimited("[media]\nports = [\"10000-20000\"]\n", nobody_asks()),
    ]
}

#[test]
fn calls_that_cannot_lead_to_srtp() {
    tables().iter().for_each(Table::hold);
}

fn plain(src: &str) -> Frame {
    Frame::udp(src).payload(sip::offer(sip::PLAIN))
}

fn good(src: &str) -> Frame {
    Frame::udp(src).payload(sip::offer(sip::SDES))
}

fn whose() -> Vec<Row> {
    let tcp = Frame::tcp(STRANGER).payload(sip::offer(sip::PLAIN));
    vec![
        row("a stranger's", plain(STRANGER), PlainRtp),
        row("a stranger's by IPv6", plain(STRANGER_V6), PlainRtp),
        row("a known source's", plain(KNOWN), PlainRtp),
        row("a registrant's", plain(PHONE), PlainRtp),
        row("an allowed source's", plain(ALLOWED), PlainRtp).peer(0),
        row("a peer's, of the general policy", plain(AS_ALL), PlainRtp).peer(1),
        row("a strict peer's", plain(STRICT), PlainRtp).peer(4),
        row("a peer's that has no rule", plain(OLD), Peer).peer(2).detail(2),
        row("a peer's that is only asked", plain(HOPEFUL), Peer).peer(3).detail(3),
        row("a stranger's behind a tag", plain(STRANGER).tagged(TAG), PlainRtp),
        row("a stranger's by TCP, which the daemon judges", tcp, Stranger),
        row("a stranger's encrypted one", good(STRANGER), Stranger),
        row("a stranger's encrypted one by IPv6", good(STRANGER_V6), Stranger),
        row("a known source's encrypted one", good(KNOWN), Known),
        row("a registrant's encrypted one", good(PHONE), Registrant),
        row("an allowed source's encrypted one", good(ALLOWED), Allowed).peer(0),
        row("a strict peer's encrypted one", good(STRICT), Peer).peer(4).detail(4),
        row("keys by DTLS", Frame::udp(STRANGER).payload(sip::offer(sip::DTLS)), Stranger),
    ]
}

/// Where the general policy asks for nothing, a strict peer's calls are judged all the same.
fn only_the_strict() -> Vec<Row> {
    vec![
        row("a strict peer's", plain(STRICT), PlainRtp).peer(4),
        row("a strict peer's encrypted one", good(STRICT), Peer).peer(4).detail(4),
        row("a stranger's", plain(STRANGER), Stranger),
        row("a registrant's", plain(PHONE), Registrant),
        row("a known source's", plain(KNOWN), Known),
        row("an allowed source's", plain(ALLOWED), Allowed).peer(0),
        row("a peer's, of the general policy", plain(AS_ALL), Peer).peer(1).detail(1),
    ]
}

fn nobody_asks() -> Vec<Row> {
    let tag = tag_of(STRANGER);
    vec![
        row("a stranger's", plain(STRANGER), Stranger),
        row("an ACK to a refusal", Frame::udp(STRANGER).payload(sip::ack(&tag)), Stranger),
    ]
}

fn watched() -> Vec<Row> {
    let ack = Frame::udp(STRANGER).payload(sip::ack(&tag_of(STRANGER)));
    vec![
        row("a stranger's passes", plain(STRANGER), PlainRtp).monitored(),
        row("a strict peer's passes", plain(STRICT), PlainRtp).monitored().peer(4),
        row("an ACK to a refusal passes", ack, RefusalAck).monitored(),
        row("garbage does not", Frame::udp(STRANGER).payload("x"), NotSip),
        row("an encrypted one is not counted", good(STRANGER), Stranger),
    ]
}

/// What an earlier stage only noted is refused here.
fn scanners() -> Vec<Row> {
    let scanner = |offer: Vec<u8>| {
        Frame::udp(STRANGER).payload(sip::replaced(&offer, "Content-Type", "User-Agent: sipcli\r\nContent-Type"))
    };
    vec![
        row("a scanner's plain call", scanner(sip::offer(sip::PLAIN)), PlainRtp),
        row("a scanner's encrypted call", scanner(sip::offer(sip::SDES)), Signature).monitored(),
    ]
}

/// A refused INVITE has been charged, so what is answered is within the limit.
fn charged() -> Vec<Row> {
    vec![row("two plain ones", plain(STRANGER), PlainRtp), row("a third", plain(STRANGER), RateInvite)]
}

/// The tag of a refusal, as the daemon answers.
fn tag_of(src: &str) -> String {
    let source: std::net::IpAddr = src.parse().unwrap();
    let tag = refusal_tag(Addr::from(source), KEY);
    format!("{}-00c0ffee", std::str::from_utf8(&tag).unwrap())
}

fn acks() -> Vec<Row> {
    let ack = |src: &str, tag: &str| Frame::udp(src).payload(sip::ack(tag));
    let own = tag_of(STRANGER);
    let frame = Frame::udp(STRANGER).payload(sip::ack(&own));
    let other = sip::replaced(&sip::ack(&own), "ACK", "BYE");
    vec![
        row("an ACK to a refusal", ack(STRANGER, &own), RefusalAck),
        row("the same by IPv6", ack(STRANGER_V6, &tag_of(STRANGER_V6)), RefusalAck),
        row("a peer's", ack(AS_ALL, &tag_of(AS_ALL)), RefusalAck).peer(1),
        row("a peer's without a rule", ack(OLD, &tag_of(OLD)), RefusalAck).peer(2),
        row("with another's tag", ack("198.51.100.8", &own), Stranger),
        row("with a tag of the server's", ack(STRANGER, "as58f4201b"), Stranger),
        row("with a tag that only begins alike", ack(STRANGER, &own[..20]), Stranger),
        row("of another method", Frame::udp(STRANGER).payload(other), Stranger),
        row("by TCP", Frame::tcp(STRANGER).payload(sip::ack(&own)), Stranger),
        row("its first fragment", frame.slice(9, 0, 304), Stranger),
    ]
}

fn shield(config: &str) -> Shield {
    let mut shield = Shield::with_programs(&format!("{config}{UNLIMITED}"), &[PROBE]);
    shield.set_entries(&[allow(7, ALLOWED, None)], now());
    shield.register(PHONE, u64::MAX);
    shield.remember(KNOWN, 0, u64::MAX);
    shield
}

/// The daemon answers what was refused, so it gets it whole, with its mark, in the ring of whom it is from.
#[test]
fn what_is_refused_is_copied() {
    let message = sip::offer(sip::PLAIN);
    for (policy, mark) in [("", refused_as(PlainRtp)), ("monitor = [\"sdp\"]\n", 0)] {
        let mut shield = shield(&format!("{policy}{}", config("srtp-only")));
        for (src, kind, ring) in EVERYONE {
            let time = now();
            let want = copied(ring, kind, src, time, &message);
            let want = Copied { head: CopyHead { flags: mark, ..want.head }, ..want };
            let judged = shield.judge(&Frame::udp(src).payload(&message).bytes(), time);
            assert_eq!((judged.reason, judged.monitored), (PlainRtp, mark == 0), "from {src}");
            assert_eq!(shield.copies(), [want], "from {src}");
            shield.rehearse(&Frame::udp(src).payload(&message).bytes(), time);
            assert_eq!(shield.copies(), [], "a rehearsal from {src}");
        }
    }
}

#[test]
fn an_ack_to_a_refusal_is_not_copied() {
    let mut shield = shield(&config("srtp-only"));
    shield.judge(&Frame::udp(STRANGER).payload(sip::ack(&tag_of(STRANGER))).bytes(), now());
    assert_eq!(shield.copies(), []);
}

/// Calls are followed in both directions, so what is answered to our side's offers is heard, too.
#[test]
fn responses_are_copied_where_calls_are_followed() {
    let response = sip::response(rsip::StatusCode::OK);
    // A strict peer's calls are followed where no others are.
    for policy in ["srtp-only", "prefer", "off"] {
        let mut shield = shield(&config(policy));
        for (src, kind, ring) in EVERYONE {
            let time = now();
            shield.judge(&Frame::udp(src).payload(&response).bytes(), time);
            assert_eq!(shield.copies(), [copied(ring, kind, src, time, &response)], "{policy}, from {src}");
            for quiet in [&b"\r\n\r\n"[..], &sip::stun(8), b"garbage"] {
                shield.judge(&Frame::udp(src).payload(quiet).bytes(), time);
                assert_eq!(shield.copies(), [], "{policy}, from {src}");
            }
        }
    }
    let mut shield = shield("[[peer]]\nname = \"as all\"\nprefixes = [\"203.0.113.0/24\"]\n");
    for (src, ..) in EVERYONE {
        shield.judge(&Frame::udp(src).payload(&response).bytes(), now());
        assert_eq!(shield.copies(), [], "nobody follows calls, from {src}");
    }
}

/// Fragments pass whatever the first part of their offer says: the daemon sees the whole.
#[test]
fn an_offer_in_fragments_passes() {
    let shield = shield(&config("srtp-only"));
    let frames = Frame::udp(STRANGER).payload(sip::large_invite()).fragments(3, 1_232);
    let reasons: Vec<_> = frames.iter().map(|frame| shield.judge(frame, now()).reason).collect();
    assert!(reasons[0] == Stranger && !reasons.contains(&FragmentFollows), "{reasons:?}");
}

/// Wherever a payload ends, an encrypted offer that came whole passes, and a plain one is refused as soon as its transport
/// is read.
#[test]
fn an_offer_cut_anywhere_is_judged_by_what_is_there() {
    let shield = shield(&config("srtp-only"));
    let message = sip::offer(sip::PLAIN);
    let text = String::from_utf8(message.clone()).unwrap();
    let (line, whole) = (text.find('\n').unwrap() + 1, text.find("RTP/AVP").unwrap() + 3);
    // A stranger's that names no call may be of anybody's.
    let named = text.find("Call-ID").unwrap() + text[text.find("Call-ID").unwrap()..].find('\n').unwrap();
    for src in [STRANGER, STRANGER_V6, STRICT, PHONE] {
        for len in 0..=message.len() {
            let judged = shield.judge(&Frame::udp(src).payload(&message[..len]).bytes(), now());
            match len {
                len if len < line => assert_eq!(judged.reason, NotSip, "{src}, {len} bytes"),
                len if len < named && [STRANGER, STRANGER_V6].contains(&src) => {
                    assert!(!judged.drops() || judged.reason == DialogIntruder, "{src}, {len} bytes: {judged:?}");
                }
                len if len < whole - 3 => assert!(!judged.drops(), "{src}, {len} bytes: {judged:?}"),
                len if len >= whole => assert_eq!(judged.reason, PlainRtp, "{src}, {len} bytes"),
                // A transport of which only a part is there is of any kind.
                _ => {}
            }
        }
    }
}
