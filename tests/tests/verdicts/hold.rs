//! Sources and accounts that are held to a trickle.
use firewall_common::reason::Reason::{
    Allowed, Known, NotPeer, Peer, RateAccount, RateOffender, RateRegister, Registrant, Signature, Stranger,
};
use firewall_tests::harness::{Row, SECOND, Shield, allow, now, row};
use firewall_tests::packets::{ACK, Frame, PSH, sip};

use super::{STRANGER, STRANGER_V6, Table};

/// A hold lets two pass at once and then one a day. Rows without a time of their own charge twice.
const HOLD: &str = "[slow_path]\nhold = \"1/d burst 2\"\n";
const PEER: &str = "[[peer]]\nname = \"a\"\nprefixes = [\"203.0.113.0/24\"]\n";
const PHONE: &str = "198.51.100.20";
const KNOWN: &str = "198.51.100.21";
const ALLOWED: &str = "198.51.100.99";

pub(super) fn tables() -> Vec<Table> {
    let end = (now() / SECOND + 5_000) * SECOND;
    let table = |config: &str, rows| Table::unlimited(&format!("{config}{HOLD}{PEER}"), rows).registrant(PHONE, end);
    let whole = |table: Table| {
        let all = [STRANGER, STRANGER_V6, PHONE, KNOWN, ALLOWED, "203.0.113.7"];
        let hold = move |shield: &mut Shield| all.iter().for_each(|source| shield.hold(source, None, end));
        table
            .entries(vec![allow(1, ALLOWED, None)])
            .prepared(move |shield| shield.remember(KNOWN, 0, end))
            .prepared(hold)
    };
    let account = |table: Table| {
        let all = [STRANGER, PHONE, ALLOWED, "203.0.113.7"];
        let hold = move |shield: &mut Shield| all.iter().for_each(|source| shield.hold(source, Some("100"), end));
        table.entries(vec![allow(1, ALLOWED, None)]).prepared(hold)
    };
    vec![
        whole(table("", sources(end))),
        account(table("", accounts(end))),
        account(table("signature_defaults = false\n", unsearched())),
        whole(table("monitor = [\"limit\"]\n", monitored())),
        whole(table("mode = \"trunk\"\n", vec![row("trunk mode comes first", options(STRANGER), NotPeer)])),
        account(Table::new(&format!("{HOLD}{}", limited()), used_up())),
    ]
}

#[test]
fn holds() {
    tables().iter().for_each(Table::hold);
}

fn options(src: &str) -> Frame {
    Frame::udp(src).payload(sip::options())
}

fn sources(end: u64) -> Vec<Row> {
    vec![
        row("two requests of a held stranger", options(STRANGER), Stranger),
        row("a third", options(STRANGER), RateOffender),
        row("a third of another method", Frame::udp(STRANGER).payload(sip::register()), RateOffender),
        row("a third by TCP", Frame::tcp(STRANGER).flags(PSH | ACK).payload(sip::register()), RateOffender),
        row("a scanner's is not searched", Frame::udp(STRANGER).payload(sip::from_agent("sipcli")), RateOffender),
        row("a keep-alive is no request", Frame::udp(STRANGER).payload("\r\n\r\n"), Stranger),
        row("nor is a response", Frame::udp(STRANGER).payload(sip::response(rsip::StatusCode::OK)), Stranger),
        row("the middle of a stream is none", Frame::tcp(STRANGER).payload("REGIST"), Stranger),
        row("a source beside it is not held", options("198.51.100.8"), Stranger),
        row("two of a held /64", options(STRANGER_V6), Stranger),
        row("a third from elsewhere in it", options("2001:db8:1:2:ffff::1"), RateOffender),
        row("the /64 beside it is not held", options("2001:db8:1:3::7"), Stranger),
        row("two of a known source that is held", options(KNOWN), Known),
        row("a third", options(KNOWN), RateOffender),
        row("a registrant is not held as a whole", options(PHONE), Registrant),
        row("not the third time", options(PHONE), Registrant),
        row("an allowed source is not", options(ALLOWED), Allowed).peer(0),
        row("not the third time", options(ALLOWED), Allowed).peer(0),
        row("a peer is not", options("203.0.113.7"), Peer).peer(1),
        row("not the third time", options("203.0.113.7"), Peer).peer(1),
        row("just before the hold ends", options(STRANGER), RateOffender).at(end - 1),
        row("when it has ended", options(STRANGER), Stranger).at(end),
        row("again", options(STRANGER), Stranger).at(end),
        row("and again", options(STRANGER), Stranger).at(end),
    ]
}

fn from(src: &str, value: &str) -> Frame {
    Frame::udp(src).payload(sip::from(value))
}

fn accounts(end: u64) -> Vec<Row> {
    let compact = sip::replaced(&sip::options(), "From: ", "f:\r\n ");
    vec![
        row("two requests for a held account", from(STRANGER, "<sip:100@a>;tag=1"), Stranger),
        row("a third", from(STRANGER, "sip:100@b"), RateAccount),
        row("a third with a password in the URI", from(STRANGER, "\"x\" <sip:100:secret@b>"), RateAccount),
        row("a third from a compact, folded From", Frame::udp(STRANGER).payload(compact), RateAccount),
        row("a third by TCP", Frame::tcp(STRANGER).payload(sip::register()), RateAccount),
        row("another account", from(STRANGER, "<sip:101@a>;tag=1"), Stranger),
        row("a longer one", from(STRANGER, "<sip:1000@a>;tag=1"), Stranger),
        row("a shorter one", from(STRANGER, "<sip:10@a>;tag=1"), Stranger),
        row("one in other letters is another", from(STRANGER, "<sip:%3100@a>"), Stranger),
        row("a display name is none", from(STRANGER, "\"<sip:100@a>\" <sip:101@a>"), Stranger),
        row("a host is none", from(STRANGER, "<sip:100>"), Stranger),
        row("the same account from elsewhere", from("198.51.100.8", "<sip:100@a>"), Stranger),
        row("two of a registrant's held account", from(PHONE, "<sip:100@a>"), Registrant),
        row("a third", from(PHONE, "<sip:100@a>"), RateAccount),
        row("the office's other accounts go on", from(PHONE, "<sip:102@a>"), Registrant),
        row("and on", from(PHONE, "<sip:102@a>"), Registrant),
        row("an allowed source's account is not held", from(ALLOWED, "<sip:100@a>"), Allowed).peer(0),
        row("not the third time", from(ALLOWED, "<sip:100@a>"), Allowed).peer(0),
        row("a peer's is not", from("203.0.113.7", "<sip:100@a>"), Peer).peer(1),
        row("not the third time", from("203.0.113.7", "<sip:100@a>"), Peer).peer(1),
        row("a held account's signature comes behind the hold", from(STRANGER, "<sip:100@1.1.1.1>"), RateAccount),
        row("another account's signature", from(STRANGER, "<sip:101@1.1.1.1>"), Signature),
        row("just before the hold ends", from(STRANGER, "<sip:100@a>"), RateAccount).at(end - 1),
        row("when it has ended", from(STRANGER, "<sip:100@a>"), Stranger).at(end),
        row("again", from(STRANGER, "<sip:100@a>"), Stranger).at(end),
        row("and again", from(STRANGER, "<sip:100@a>"), Stranger).at(end),
    ]
}

/// Accounts are found where there is no signature to look for.
fn unsearched() -> Vec<Row> {
    vec![
        row("two requests for a held account", options(STRANGER), Stranger),
        row("a third", options(STRANGER), RateAccount),
        row("another account's", from(STRANGER, "<sip:101@1.1.1.1>"), Stranger),
    ]
}

fn monitored() -> Vec<Row> {
    vec![
        row("two requests of a held stranger", options(STRANGER), Stranger),
        row("a third passes", options(STRANGER), RateOffender).monitored(),
        row("unless another stage objects", Frame::udp(STRANGER).payload(sip::from_agent("sipcli")), Signature),
    ]
}

fn limited() -> String {
    super::UNLIMITED.replace("register = \"none\"", "register = \"1/h burst 2\"")
}

/// Who is over the usual limit anyway is not looked up.
fn used_up() -> Vec<Row> {
    let register = || Frame::udp(STRANGER).payload(sip::register());
    vec![row("two REGISTERs", register(), Stranger), row("a third", register(), RateRegister)]
}

/// A From cut anywhere is held exactly when its account can be told.
#[test]
fn a_message_cut_anywhere_is_held_when_its_account_is_there() {
    let mut shield = Shield::new(&format!("{HOLD}{}", super::UNLIMITED));
    let at = now();
    shield.hold(STRANGER, Some("100"), u64::MAX);
    let message = sip::options();
    let text = std::str::from_utf8(&message).unwrap();
    let account = text.find("sip:100@").unwrap() + "sip:100@".len();
    let line = text.find('\n').unwrap() + 1;
    let frame = |len: usize| Frame::udp(STRANGER).payload(&message[..len]).bytes();
    (0..2).for_each(|_| assert_eq!(shield.judge(&frame(message.len()), at).reason, Stranger));
    for len in line..=message.len() {
        let want = if len < account { Stranger } else { RateAccount };
        assert_eq!(shield.rehearse(&frame(len), at).reason, want, "{len} bytes");
    }
}

#[test]
fn a_hold_keeps_its_rate_to_the_packet() {
    let mut shield = Shield::new(&format!("[slow_path]\nhold = \"1/min burst 1\"\n{}", super::UNLIMITED));
    let start = now() + 1_000 * SECOND;
    shield.hold(STRANGER, None, u64::MAX);
    let frame = options(STRANGER).bytes();
    let passed: Vec<u64> = (0..240).filter(|second| !shield.judge(&frame, start + second * SECOND).drops()).collect();
    assert_eq!(passed, [0, 60, 120, 180]);
}
