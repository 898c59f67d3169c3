//! Accounts whose device the operator has blocked: refused wherever they are tried from.
use firewall_common::reason::Reason::{
    Allowed, DeviceBlocked, FragmentFollows, Known, Peer, RateAccount, Registrant, Stranger,
};
use firewall_tests::harness::{Row, Shield, allow, now, row};
use firewall_tests::packets::{ACK, Frame, PSH, sip};

use super::copy::{ALLOWED, KNOWN, PHONE};
use super::{STRANGER, STRANGER_V6, Table, UNLIMITED};

const PEER: &str = "[[peer]]\nname = \"a\"\nprefixes = [\"203.0.113.0/24\"]\n";

pub(super) fn tables() -> Vec<Table> {
    let end = u64::MAX / 2;
    let table = |config: &str, rows| {
        let table = Table::unlimited(&format!("{config}{PEER}"), rows).entries(vec![allow(1, ALLOWED, None)]);
        let table = table.registrant(PHONE, u64::MAX).prepared(|shield| shield.remember(KNOWN, 0, u64::MAX));
        table.prepared(move |shield| shield.block_device("100", end))
    };
    let held = table("[slow_path]\nhold = \"1/d burst 2\"\n", with_holds());
    vec![
        table("", whose(end)),
        table(
            "signature_defaults = false\n",
            vec![row("without signatures", from(STRANGER, "<sip:100@a>"), DeviceBlocked)],
        ),
        table("monitor = [\"deny\"]\n", vec![row("watched", from(STRANGER, "<sip:100@a>"), DeviceBlocked).monitored()]),
        held.prepared(|shield| shield.hold(STRANGER, Some("101"), u64::MAX)),
        Table::unlimited("", vec![row("nobody is blocked", from(STRANGER, "<sip:100@a>"), Stranger)]),
    ]
}

#[test]
fn blocked_devices() {
    tables().iter().for_each(Table::hold);
}

fn from(src: &str, value: &str) -> Frame {
    Frame::udp(src).payload(sip::from(value))
}

fn whose(end: u64) -> Vec<Row> {
    let compact = sip::replaced(&sip::options(), "From: ", "f:\r\n ");
    let mut rows = vec![
        row("a registration", Frame::udp(STRANGER).payload(sip::register()), DeviceBlocked),
        row("a call", Frame::udp(STRANGER).payload(sip::invite()), DeviceBlocked),
        row("a registration by TCP", Frame::tcp(STRANGER).flags(PSH | ACK).payload(sip::register()), DeviceBlocked),
        row("by IPv6", from(STRANGER_V6, "<sip:100@a>"), DeviceBlocked),
        row("a compact, folded From", Frame::udp(STRANGER).payload(compact), DeviceBlocked),
        row("a registrant's", from(PHONE, "<sip:100@a>;tag=1"), DeviceBlocked),
        row("a known source's", from(KNOWN, "sip:100@b"), DeviceBlocked),
        row("a password in the URI", from(STRANGER, "\"x\" <sip:100:secret@b>"), DeviceBlocked),
        row("a blocked account's signature comes behind", from(STRANGER, "<sip:100@1.1.1.1>"), DeviceBlocked),
        row("a peer's", from("203.0.113.7", "<sip:100@a>"), Peer).peer(1),
        row("an allowed source's", from(ALLOWED, "<sip:100@a>"), Allowed).peer(0),
        row("another account", from(STRANGER, "<sip:101@a>"), Stranger),
        row("a longer one", from(STRANGER, "<sip:1000@a>"), Stranger),
        row("a shorter one", from(PHONE, "<sip:10@a>"), Registrant),
        row("a known source's other account", from(KNOWN, "<sip:101@a>"), Known),
        row("a host is none", from(STRANGER, "<sip:100>"), Stranger),
        row("a response is no request", Frame::udp(STRANGER).payload(sip::response(rsip::StatusCode::OK)), Stranger),
        row("the middle of a stream is none", Frame::tcp(STRANGER).payload("From: <sip:100@a>"), Stranger),
        row("just before its end", from(STRANGER, "<sip:100@a>"), DeviceBlocked).at(end - 1),
        row("at its end", from(STRANGER, "<sip:100@a>"), Stranger).at(end),
    ];
    let fragments = Frame::udp(STRANGER).payload(sip::large_invite()).fragments(7, 1_480);
    rows.extend(
        fragments.into_iter().enumerate().map(|(n, frame)| {
            row(format!("fragment {n}"), frame, if n == 0 { DeviceBlocked } else { FragmentFollows })
        }),
    );
    rows
}

fn with_holds() -> Vec<Row> {
    vec![
        row("two requests of a held account", from(STRANGER, "<sip:101@a>"), Stranger),
        row("a third", from(STRANGER, "<sip:101@a>"), RateAccount),
        row("a blocked one", from(STRANGER, "<sip:100@a>"), DeviceBlocked),
    ]
}

/// A From cut anywhere is refused exactly when its account can be told.
#[test]
fn a_message_cut_anywhere_is_refused_when_its_account_is_there() {
    let mut shield = Shield::new(UNLIMITED);
    shield.block_device("100", u64::MAX);
    let message = sip::options();
    let text = std::str::from_utf8(&message).unwrap();
    let account = text.find("sip:100@").unwrap() + "sip:100@".len();
    for len in text.find('\n').unwrap() + 1..=message.len() {
        let want = if len < account { Stranger } else { DeviceBlocked };
        let frame = Frame::udp(STRANGER).payload(&message[..len]).bytes();
        assert_eq!(shield.judge(&frame, now()).reason, want, "{len} bytes");
    }
}
