//! Requests that carry a call's Call-ID: from its parties, and from strangers that are none.
use firewall_common::policy::FLAG_DIALOGS;
use firewall_common::reason::Reason::{
    Allowed, DialogIntruder, FragmentFollows, Known, NotSip, Peer, Registrant, Signature, Stranger,
};
use firewall_tests::harness::{Row, Shield, allow, now, row};
use firewall_tests::packets::{ACK, Frame, PSH, sip};
use rsip::Method;

use super::copy::{ALLOWED, KNOWN, PHONE};
use super::{STRANGER, STRANGER_V6, Table, UNLIMITED};

const PEER: &str = "[[peer]]\nname = \"a\"\nprefixes = [\"203.0.113.0/24\"]\n";
/// The Call-ID of all messages.
const CALL: &str = "1j9FpLxk3uxtm8tn@phone.example.net";
const PARTY: &str = "198.51.100.40";
const PARTY_V6: &str = "2001:db8:1:2::40";

pub(super) fn tables() -> Vec<Table> {
    let end = u64::MAX / 2;
    let table = |config: &str, rows| {
        let table = Table::unlimited(&format!("{config}{PEER}"), rows).entries(vec![allow(1, ALLOWED, None)]);
        let table = table.registrant(PHONE, u64::MAX).prepared(|shield| shield.remember(KNOWN, 0, u64::MAX));
        table.prepared(move |shield| shield.dialog(CALL, &[PARTY, PARTY_V6], end))
    };
    let on = |table: Table| table.tuned(|generation| generation.policy.flags |= FLAG_DIALOGS);
    let watched = vec![row("watched", request(STRANGER, Method::Bye), DialogIntruder).monitored()];
    vec![
        on(table("", whose(end))),
        on(table("", methods())),
        on(table("", spellings())),
        on(table("monitor = [\"dialog\"]\n", watched)),
        table("", vec![row("nobody asks", request(STRANGER, Method::Bye), Stranger)]),
    ]
}

#[test]
fn intruders() {
    tables().iter().for_each(Table::hold);
}

fn request(src: &str, method: Method) -> Frame {
    Frame::udp(src).payload(sip::plain(method))
}

fn whose(end: u64) -> Vec<Row> {
    let bye = |src| request(src, Method::Bye);
    let other = sip::replaced(&sip::plain(Method::Bye), CALL, "another");
    let agent = sip::replaced(&sip::plain(Method::Bye), "CSeq", "User-Agent: sipcli\r\nCSeq");
    vec![
        row("a party's", bye(PARTY), Stranger),
        row("the other party's", bye(PARTY_V6), Stranger),
        row("a stranger's", bye(STRANGER), DialogIntruder),
        row("a stranger's by IPv6", bye(STRANGER_V6), DialogIntruder),
        row("one of a party's /64", bye("2001:db8:1:2::41"), DialogIntruder),
        row("a known source's", bye(KNOWN), DialogIntruder),
        row(
            "a stranger's by TCP",
            Frame::tcp(STRANGER).flags(PSH | ACK).payload(sip::plain(Method::Bye)),
            DialogIntruder,
        ),
        row("a registrant's", bye(PHONE), Registrant),
        row("a peer's", bye("203.0.113.7"), Peer).peer(1),
        row("an allowed source's", bye(ALLOWED), Allowed).peer(0),
        row("of another call", Frame::udp(STRANGER).payload(&other), Stranger),
        row("a known source's of another call", Frame::udp(KNOWN).payload(other), Known),
        row("a scanner's", Frame::udp(STRANGER).payload(agent), Signature),
        row("a response", Frame::udp(STRANGER).payload(sip::response(rsip::StatusCode::OK)), Stranger),
        row("just before the call is forgotten", bye(STRANGER), DialogIntruder).at(end - 1),
        row("when it is", bye(STRANGER), Stranger).at(end),
    ]
}

fn methods() -> Vec<Row> {
    use Method::{Ack, Bye, Cancel, Info, Invite, Message, Notify, Options, PRack, Refer, Register, Subscribe, Update};
    let of_calls =
        [Ack, Bye, Cancel, Info, Invite, Notify, PRack, Refer, Update].map(|method| (method, DialogIntruder));
    let others = [Message, Options, Register, Subscribe].map(|method| (method, Stranger));
    let all = of_calls.into_iter().chain(others);
    all.map(|(method, want)| row(method.to_string(), request(STRANGER, method), want)).collect()
}

fn spellings() -> Vec<Row> {
    let bye = sip::plain(Method::Bye);
    let spelt = |header: &str| Frame::udp(STRANGER).payload(sip::replaced(&bye, "Call-ID: ", header));
    let line = format!("Call-ID: {CALL}\r\n");
    let without = sip::replaced(&bye, &line, "");
    let longer = sip::replaced(&bye, CALL, &format!("{CALL}x"));
    let far = |bytes: usize| sip::replaced(&bye, "Call-ID", &format!("X: {}\r\nCall-ID", "y".repeat(bytes)));
    let mut rows = vec![
        row("compact", spelt("i:"), DialogIntruder),
        row("in other letters, with blanks", spelt("CALL-ID \t: \t "), DialogIntruder),
        row("folded", spelt("i:\r\n "), DialogIntruder),
        row("behind many blanks", spelt(&format!("Call-ID:{}", " ".repeat(900))), DialogIntruder),
        row("a longer Call-ID is another", Frame::udp(STRANGER).payload(longer), Stranger),
        row("a header of another name", spelt("X-Call-ID: "), Stranger),
        row("none at all: the server refuses it", Frame::udp(STRANGER).payload(&without), Stranger),
        row("one in the body", Frame::udp(STRANGER).payload([&without[..], line.as_bytes()].concat()), Stranger),
        row("far behind", Frame::udp(STRANGER).payload(far(1_000)), DialogIntruder),
        row("too far behind to be told", Frame::udp(STRANGER).payload(far(1_600)), DialogIntruder),
        row("the same by a party", Frame::udp(PARTY).payload(far(1_600)), DialogIntruder),
    ];
    let fragments = Frame::udp(STRANGER).payload(far(1_600)).fragments(7, 800);
    rows.extend(
        fragments.into_iter().enumerate().map(|(n, frame)| {
            row(format!("fragment {n}"), frame, if n == 0 { DialogIntruder } else { FragmentFollows })
        }),
    );
    rows
}

/// A datagram whose headers are cut before its Call-ID is nobody's; a stream goes on.
#[test]
fn a_message_cut_anywhere_is_no_way_around() {
    let mut shield = Shield::tuned(UNLIMITED, &["sip_probe", "sip_ingress"], |made| made.policy.flags |= FLAG_DIALOGS);
    shield.dialog(CALL, &[PARTY], u64::MAX);
    let message = sip::plain(Method::Bye);
    let text = std::str::from_utf8(&message).unwrap();
    let (line, begins) = (text.find('\n').unwrap() + 1, text.find(CALL).unwrap());
    for len in 0..=message.len() {
        let judged = |frame: Frame| shield.judge(&frame.payload(&message[..len]).bytes(), now()).reason;
        // A Call-ID that is there in part is another.
        let is_whole = len >= begins + CALL.len();
        let is_cut = len <= begins && len != 0;
        let want = if len < line {
            NotSip
        } else if is_whole {
            DialogIntruder
        } else {
            Stranger
        };
        let udp = judged(Frame::udp(STRANGER));
        assert!(udp == want || is_cut && udp == DialogIntruder, "{len} bytes: {udp:?}");
        let want = if is_whole { DialogIntruder } else { Stranger };
        assert_eq!(judged(Frame::tcp(STRANGER)), want, "{len} bytes by TCP");
    }
}
