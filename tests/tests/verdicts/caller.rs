//! Who is calling: whom lists deny, who does not say who he is, and who claims to be one of us.
use firewall_common::caller::domain;
use firewall_common::copy::refused_as;
use firewall_common::maps::program::PROBE;
use firewall_common::number::NumberAction::{Allow, Deny, Own};
use firewall_common::number::NumberKey;
use firewall_common::policy::{
    CALLERS_ASSERTED, CALLERS_LISTED, CALLERS_NAMED, CALLERS_NOT_OURS, CALLERS_VALIDATED, FLAG_CALLERS,
};
use firewall_common::reason::Reason::{
    Allowed, CallerAnonymous, CallerDenied, CallerSpoofed, FragmentFollows, Known, Peer, Registrant, Stranger,
};
use firewall_tests::harness::{Row, Shield, allow, now, plan, row};
use firewall_tests::packets::{ACK, Frame, PSH, TAG, sip};
use firewall_userspace::dataplane::load::Generation;

use super::copy::{ALLOWED, KNOWN, PHONE};
use super::{STRANGER, STRANGER_V6, Table, UNLIMITED};

/// A peer that asserts callers and has a list of its own, one whose callers must be listed, and one that nothing is asked of.
const PEERS: &str = r#"
[[peer]]
name = "asserts"
prefixes = ["203.0.113.0/24"]

[[peer]]
name = "validated"
prefixes = ["192.0.2.64/26"]

[[peer]]
name = "off"
prefixes = ["192.0.2.128/26"]
"#;
const ASSERTS: &str = "203.0.113.7";
const VALIDATED: &str = "192.0.2.70";
const OFF: &str = "192.0.2.130";
const LIST: u32 = 9;
const ALL: u8 = CALLERS_LISTED | CALLERS_NAMED | CALLERS_NOT_OURS | CALLERS_ASSERTED;
const DENIED: &str = "<sip:+49900123@a>";
const FREE: &str = "<sip:+4930123@a>";

fn tune(generation: &mut Generation) {
    generation.policy.flags |= FLAG_CALLERS;
    generation.policy.callers = u32::from(ALL);
    *generation.plan = plan();
    generation.domains.0[3] = domain(b"example.org");
    let rules = [(0, CALLERS_LISTED, 0), (1, ALL, LIST), (2, CALLERS_VALIDATED | CALLERS_ASSERTED, 0), (3, 0, 0)];
    for (id, callers, list) in rules {
        (generation.rules[id].callers, generation.rules[id].list) = (callers, list);
    }
}

fn validated(generation: &mut Generation) {
    tune(generation);
    generation.policy.callers = u32::from(CALLERS_VALIDATED);
}

fn off(generation: &mut Generation) {
    tune(generation);
    generation.policy.flags &= !FLAG_CALLERS;
}

fn lists(shield: &mut Shield) {
    let peers = NumberKey::CALLERS + u64::from(LIST);
    shield.list(NumberKey::CALLERS, 11, "+49900", Deny, 0);
    shield.list(NumberKey::CALLERS, 12, "+4930", Allow, 0);
    shield.list(NumberKey::CALLERS, 13, "+4989", Own, 0);
    shield.list(NumberKey::CALLERS, 14, "100", Deny, 0);
    shield.list(peers, 21, "+44", Deny, 0);
    shield.list(peers, 22, "+49900123", Allow, 0);
    // Those of dialled numbers say nothing of callers.
    shield.list(NumberKey::EVERYBODY, 31, "+4930", Deny, 0);
}

fn table(config: &str, tune: fn(&mut Generation), rows: Vec<Row>) -> Table {
    Table::unlimited(&format!("{config}{PEERS}"), rows)
        .tuned(tune)
        .entries(vec![allow(7, ALLOWED, None)])
        .registrant(PHONE, u64::MAX)
        .prepared(|shield| shield.remember(KNOWN, 0, u64::MAX))
        .prepared(lists)
}

pub(super) fn tables() -> Vec<Table> {
    vec![
        table("", tune, whose()),
        table("", tune, disguises()),
        table("", tune, anonymous()),
        table("", tune, ours()),
        table("", tune, asserted()),
        table("", tune, in_dialogs()),
        table("", validated, only_listed()),
        table(
            "monitor = [\"caller\"]\n",
            tune,
            vec![row("watched", call(STRANGER, DENIED), CallerDenied).detail(11).monitored()],
        ),
        table("", off, vec![row("nobody asks", call(STRANGER, DENIED), Stranger)]),
    ]
}

#[test]
fn callers() {
    tables().iter().for_each(Table::hold);
}

/// An INVITE with a From, and with header fields before it.
fn invite(from: &str, others: &str) -> Vec<u8> {
    let invite = sip::plain(rsip::Method::Invite);
    let text = String::from_utf8(invite).unwrap();
    let begins = text.find("From: ").unwrap();
    let ends = begins + text[begins..].find("\r\n").unwrap();
    format!("{}{others}From: {from};tag=1{}", &text[..begins], &text[ends..]).into_bytes()
}

fn call(src: &str, from: &str) -> Frame {
    Frame::udp(src).payload(invite(from, ""))
}

fn whose() -> Vec<Row> {
    let other = |method| sip::replaced(&sip::plain(method), "sip:100@", "sip:+49900123@");
    let mut rows = vec![
        row("a stranger's", call(STRANGER, DENIED), CallerDenied).detail(11),
        row("by IPv6", call(STRANGER_V6, DENIED), CallerDenied).detail(11),
        row("by TCP", Frame::tcp(STRANGER).flags(PSH | ACK).payload(invite(DENIED, "")), CallerDenied).detail(11),
        row("behind a tag", call(STRANGER, DENIED).tagged(TAG), CallerDenied).detail(11),
        row("a known source's", call(KNOWN, DENIED), CallerDenied).detail(11),
        row("a registrant's", call(PHONE, DENIED), CallerDenied).detail(11),
        row("an allowed source's", call(ALLOWED, DENIED), CallerDenied).detail(11).peer(0),
        row("a peer's, whose list is longer", call(ASSERTS, DENIED), Peer).peer(1),
        row("a peer's own list", call(ASSERTS, "<sip:+44123@a>"), CallerDenied).detail(21).peer(1),
        row("that list is nobody else's", call(STRANGER, "<sip:+44123@a>"), Stranger),
        row("a peer of whom nothing is asked", call(OFF, DENIED), Peer).peer(3),
        row("another caller", call(STRANGER, FREE), Stranger),
        row("a known source's other caller", call(KNOWN, FREE), Known),
        row("a registrant's", call(PHONE, FREE), Registrant),
        row("an allowed source's", call(ALLOWED, FREE), Allowed).peer(0),
        row("no call", Frame::udp(STRANGER).payload(other(rsip::Method::Options)), Stranger),
        row("the end of one", Frame::udp(STRANGER).payload(other(rsip::Method::Bye)), Stranger),
        row("the middle of a stream", Frame::tcp(STRANGER).payload(&invite(DENIED, "")[7..]), Stranger),
    ];
    let large = sip::replaced(&sip::large_invite(), "sip:100@", "sip:+49900123@");
    let fragments = Frame::udp(STRANGER).payload(large).fragments(7, 1_480);
    rows.extend(fragments.into_iter().enumerate().map(|(n, frame)| match n {
        0 => row("a first fragment", frame, CallerDenied).detail(11),
        _ => row(format!("fragment {n}"), frame, FragmentFollows),
    }));
    rows
}

fn disguises() -> Vec<Row> {
    let denied = [
        "<sip:0049900123@a>",
        "sip:0900-1 23@a",
        "\"x\" <SIP:%2B49900123@a>",
        "<sips:011-49(900)1.23@a;x=y>",
        "<tel:+49-900-123>",
        "<tel:900123;phone-context=+49>",
        "\"<sip:+4930123@a>\" <sip:+49900123:secret@a>",
        "<sip:+49900123;cpc=ordinary@a:5060>",
    ];
    let free = ["<sip:+4990@a>", "\"+49900123\" <sip:+4930123@a>", "<sip:alice+49900123@a>", "<sip:+4930123@49900123>"];
    let mut rows: Vec<Row> = denied
        .iter()
        .filter(|from| !from.contains(' ') || from.starts_with('"'))
        .map(|from| row(*from, call(STRANGER, from), CallerDenied).detail(11))
        .collect();
    rows.extend(free.iter().map(|from| row(*from, call(STRANGER, from), Stranger)));
    let spelt = |header: &str| Frame::udp(STRANGER).payload(sip::replaced(&invite(DENIED, ""), "From: ", header));
    let far = format!("X: {}\r\n", "y".repeat(1_000));
    rows.extend([
        row("compact", spelt("f:"), CallerDenied).detail(11),
        row("folded", spelt("FROM \t:\r\n "), CallerDenied).detail(11),
        row("another header", spelt("X-From: "), CallerAnonymous),
        row("one of two", Frame::udp(STRANGER).payload(invite(FREE, &format!("f: {DENIED}\r\n"))), CallerDenied)
            .detail(11),
        row("far behind", Frame::udp(STRANGER).payload(invite(DENIED, &far)), CallerDenied).detail(11),
    ]);
    rows
}

fn anonymous() -> Vec<Row> {
    let private = |src: &str, others: &str| Frame::udp(src).payload(invite(FREE, others));
    let asserted = format!("P-Asserted-Identity: {FREE}\r\nPrivacy: id\r\n");
    vec![
        row("the usual form", call(STRANGER, "\"Anonymous\" <sip:anonymous@anonymous.invalid>"), CallerAnonymous),
        row("at a host", call(STRANGER, "<sip:Anonymous@a>"), CallerAnonymous),
        row("restricted", call(STRANGER, "<sip:Restricted@a>"), CallerAnonymous),
        row("a number at nowhere", call(STRANGER, "<sip:+4930123@anonymous.invalid>"), CallerAnonymous),
        row("no user", call(STRANGER, "<sip:a>"), CallerAnonymous),
        row("an empty one", call(STRANGER, "<sip:@a>"), CallerAnonymous),
        row("a peer's", call(ASSERTS, "<sip:anonymous@a>"), CallerAnonymous).peer(1),
        row("a registrant's", call(PHONE, "<sip:anonymous@a>"), Registrant),
        row("a peer that nothing is asked of", call(OFF, "<sip:anonymous@a>"), Peer).peer(3),
        row("a name", call(STRANGER, "<sip:alice@a>"), Stranger),
        row("a display name alone", call(STRANGER, "\"anonymous\" <sip:alice@a>"), Stranger),
        row("a telephone number", call(STRANGER, "<tel:+4930123>"), Stranger),
        row("private", private(ASSERTS, "Privacy: id\r\n"), CallerAnonymous).peer(1),
        row("private, but asserted", private(ASSERTS, &asserted), Peer).peer(1),
        row("not private", private(ASSERTS, "Privacy: none\r\n"), Peer).peer(1),
        row("a stranger asserts nothing", private(STRANGER, "Privacy: id\r\n"), Stranger),
    ]
}

fn ours() -> Vec<Row> {
    let diverted = "Diversion: <sip:+4989123@a>;reason=no-answer\r\n";
    vec![
        row("our number", call(STRANGER, "<sip:+4989123@a>"), CallerSpoofed),
        row("our number as it is dialled", call(STRANGER, "<sip:089123@a>"), CallerSpoofed),
        row("our domain", call(STRANGER, "<sip:alice@example.org>"), CallerSpoofed),
        row("in other letters", call(STRANGER, "<sip:alice@Example.ORG.:5060>"), CallerSpoofed),
        row("a peer's", call(ASSERTS, "<sip:+4989123@a>"), CallerSpoofed).peer(1),
        row("a registrant is one of us", call(PHONE, "<sip:alice@example.org>"), Registrant),
        row("a peer that nothing is asked of", call(OFF, "<sip:+4989123@a>"), Peer).peer(3),
        row("a domain beside it", call(STRANGER, "<sip:alice@xexample.org>"), Stranger),
        row("ours as a user", call(STRANGER, "<sip:example.org@a>"), Stranger),
        row("a call to us that was diverted", Frame::udp(ASSERTS).payload(invite(FREE, diverted)), Peer).peer(1),
    ]
}

fn asserted() -> Vec<Row> {
    let with =
        |src: &str, name: &str, value: &str| Frame::udp(src).payload(invite(FREE, &format!("{name}: {value}\r\n")));
    let denied = "\"x\" <sip:+44123@a>";
    vec![
        row("asserted", with(ASSERTS, "P-Asserted-Identity", denied), CallerDenied).detail(21).peer(1),
        row("asserted as a number", with(ASSERTS, "p-asserted-identity", "<tel:+44123>"), CallerDenied)
            .detail(21)
            .peer(1),
        row("the party", with(ASSERTS, "Remote-Party-ID", denied), CallerDenied).detail(21).peer(1),
        row("who diverts", with(ASSERTS, "Diversion", denied), CallerDenied).detail(21).peer(1),
        row("preferred is not asserted", with(ASSERTS, "P-Preferred-Identity", denied), Peer).peer(1),
        row("another", with(ASSERTS, "P-Asserted-Identity", FREE), Peer).peer(1),
        row("ours asserted", with(ASSERTS, "P-Asserted-Identity", "<sip:+4989123@a>"), CallerSpoofed).peer(1),
        row("a stranger's assertion", with(STRANGER, "P-Asserted-Identity", DENIED), Stranger),
        row("listed", with(VALIDATED, "P-Asserted-Identity", FREE), Peer).peer(2),
        row("only From is listed", with(VALIDATED, "P-Asserted-Identity", "<sip:+1@a>"), CallerDenied)
            .detail(0)
            .peer(2),
    ]
}

fn in_dialogs() -> Vec<Row> {
    let to = |value: &str| Frame::udp(STRANGER).payload(sip::replaced(&invite(DENIED, ""), "To: ", value));
    let tagged =
        sip::replaced(&invite(DENIED, ""), "To: <sip:200@pbx.example.com>", "To: <sip:200@pbx.example.com>;tag=7");
    vec![
        row("a call that is one already", Frame::udp(STRANGER).payload(&tagged), Stranger),
        row("the same by TCP", Frame::tcp(STRANGER).payload(tagged), Stranger),
        row("a tag in the name", to("\";tag=7\" "), CallerDenied).detail(11),
        row("a tag in the URI", to("<sip:x;tag=7>, "), CallerDenied).detail(11),
    ]
}

fn only_listed() -> Vec<Row> {
    vec![
        row("listed", call(STRANGER, FREE), Stranger),
        row("not listed", call(STRANGER, "<sip:+1234@a>"), CallerDenied).detail(0),
        row("denied", call(STRANGER, DENIED), CallerDenied).detail(11),
        row("one of ours", call(STRANGER, "<sip:+4989123@a>"), CallerDenied).detail(0),
        row("a name", call(STRANGER, "<sip:alice@a>"), CallerDenied).detail(0),
        row("an unlisted registrant", call(PHONE, "<sip:alice@a>"), Registrant),
        row("an unlisted one of a peer", call(VALIDATED, "<sip:+1234@a>"), CallerDenied).detail(0).peer(2),
    ]
}

/// A caller who is denied is refused when his number is there; a datagram without any caller is anonymous.
#[test]
fn a_message_cut_anywhere_is_refused_when_its_caller_is_there() {
    let mut shield = Shield::tuned(UNLIMITED, &[PROBE], |made| {
        tune_strangers(made);
    });
    shield.list(NumberKey::CALLERS, 11, "+49900", Deny, 0);
    let message = invite(DENIED, "");
    let text = std::str::from_utf8(&message).unwrap();
    let (line, at) = (text.find('\n').unwrap() + 1, text.find("+49900123@").unwrap() + "+49900123@".len());
    let to = text.find("\r\nTo: ").unwrap() + "\r\nTo:".len();
    for len in line..=message.len() {
        let judged = |frame: Frame| shield.judge(&frame.payload(&message[..len]).bytes(), now()).reason;
        let want = if len < at { Stranger } else { CallerDenied };
        assert_eq!(judged(Frame::udp(STRANGER)), want, "{len} bytes");
        let want = if len < at.max(to) { Stranger } else { CallerDenied };
        assert_eq!(judged(Frame::tcp(STRANGER)), want, "{len} bytes by TCP");
    }
}

fn tune_strangers(generation: &mut Generation) {
    generation.policy.flags |= FLAG_CALLERS;
    generation.policy.callers = u32::from(CALLERS_LISTED);
}

/// Who is refused is copied with the reason, so that he is answered.
#[test]
fn the_daemon_hears_of_what_is_refused() {
    let mut shield = table("", tune, Vec::new()).shield();
    let wanted = [(DENIED, CallerDenied), ("<sip:anonymous@a>", CallerAnonymous), ("<sip:+4989123@a>", CallerSpoofed)];
    for (from, reason) in wanted {
        shield.judge(&call(STRANGER, from).bytes(), now());
        let copies = shield.copies();
        assert_eq!(copies.iter().map(|copy| copy.head.flags).collect::<Vec<_>>(), [refused_as(reason)], "{from}");
        assert_eq!(copies[0].head.refused(), Some(reason));
    }
}

#[test]
fn a_denied_caller_is_counted_for_his_entry() {
    let mut shield = table("", tune, Vec::new()).shield();
    let frame = call(STRANGER, DENIED).bytes();
    shield.rehearse(&frame, now());
    (0..3).for_each(|_| assert_eq!(shield.judge(&frame, now()).reason, CallerDenied));
    assert_eq!(shield.hits(NumberKey::CALLERS, "+49900"), 3);
}
