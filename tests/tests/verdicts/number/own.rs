//! Our side's own calls, which the program that hears what is sent stops.
use firewall_common::copy::{CopyHead, FLAG_EGRESS, Kind, Ring, refused_as};
use firewall_common::maps::program::{EGRESS, PROBE};
use firewall_common::reason::Reason;
use firewall_tests::harness::{Action, Copied, Counters, SECOND, Shield, now};
use firewall_tests::packets::{Frame, TAG, sip};

use super::super::copy::copied;
use super::refer::refer;
use super::{
    DENIED, EVERYBODY, FREE, OFF, OPEN, OWN_LIST, PEERS, STRANGER, UNLIMITED, VALIDATED, codes, invite, lists, open, to,
};

/// What every test here is about.
pub(super) const REASON: Reason = Reason::OwnNumber;

const SERVER: &str = "192.0.2.5";

fn shield(config: &str) -> Shield {
    let mut shield = Shield::tuned(&format!("{config}{PEERS}{UNLIMITED}"), &[EGRESS], open);
    lists(&mut shield);
    codes::known(&mut shield);
    shield
}

fn udp(remote: &str, payload: Vec<u8>) -> Frame {
    Frame::udp(SERVER).to_host(remote).payload(payload)
}

fn tcp(remote: &str, payload: Vec<u8>) -> Frame {
    Frame::tcp(SERVER).to_host(remote).payload(payload)
}

/// Sends a frame, and tells what became of it, and what was counted.
fn sent(shield: &Shield, frame: &Frame) -> (Action, Counters) {
    let before = shield.counters();
    let action = shield.try_send(&frame.bytes());
    (action, shield.counters().since(&before))
}

fn counted(frame: &Frame, monitored: bool) -> Counters {
    let mut counters = Counters::default();
    counters.count(REASON, monitored, None, frame.bytes().len());
    counters
}

#[test]
fn a_call_to_what_may_not_be_called_does_not_leave() {
    let shield = shield("");
    for (what, frame) in [
        ("a denied number", udp(OPEN, invite(DENIED))),
        ("behind a tag", udp(OPEN, invite(DENIED)).tagged(TAG)),
        ("a disguised one", udp(OPEN, invite("sip:00%34%39-900-123@h"))),
        ("by TCP", tcp(OPEN, invite(DENIED))),
        ("over a connection that our side has opened", tcp(OPEN, invite(DENIED)).from_port(40_000)),
        ("an unlisted number", udp(VALIDATED, invite("sip:+33123@h"))),
        ("one that the peer's own list denies", udp(OWN_LIST, invite(FREE))),
        ("one that needs a code", udp(OPEN, invite("sip:+44123@h"))),
        ("a transfer", udp(OPEN, refer("Refer-To: <sip:+49900123@h>"))),
        ("in fragments", udp(OPEN, to(&sip::large_invite(), DENIED))),
    ] {
        if what == "in fragments" {
            let first = frame.fragments(1, 1_232).remove(0);
            assert_eq!(shield.try_send(&first), Action::Drop, "{what}");
        } else {
            assert_eq!(sent(&shield, &frame), (Action::Drop, counted(&frame, false)), "{what}");
        }
    }
}

#[test]
fn whatever_else_our_side_sends_leaves() {
    let shield = shield("");
    for (what, frame) in [
        ("a number that nobody denies", udp(OPEN, invite(FREE))),
        ("the same by TCP", tcp(OPEN, invite(FREE))),
        ("a listed number", udp(VALIDATED, invite(FREE))),
        ("one that the peer's own list allows", udp(OWN_LIST, invite(DENIED))),
        ("to a peer of whom nothing is asked", udp(OFF, invite(DENIED))),
        ("to a stranger", udp(STRANGER, invite(DENIED))),
        ("another method", udp(OPEN, to(&sip::options(), DENIED))),
        ("with its code", udp(OPEN, invite("sip:*123456*+44123@h"))),
        ("the middle of a stream", tcp(OPEN, invite(DENIED)[1..].to_vec())),
        ("over a connection to no port of SIP", tcp(OPEN, invite(DENIED)).from_port(40_000).to(8_080)),
        ("a response", udp(OPEN, sip::response(rsip::StatusCode::OK))),
    ] {
        assert_eq!(sent(&shield, &frame), (Action::Pass, Counters::default()), "{what}");
    }
}

/// Where a call is held, its INVITE goes to what the other party calls itself; nobody is called by that.
#[test]
fn who_is_party_to_a_call_may_change_it() {
    const CALL: &str = "Call-ID: 1j9FpLxk3uxtm8tn@phone.example.net";
    let config = format!("[calls]\nlog = true\n{PEERS}{UNLIMITED}");
    let mut shield = Shield::tuned(&config, &[EGRESS, PROBE], open);
    lists(&mut shield);
    shield.dialog("1j9FpLxk3uxtm8tn@phone.example.net", &[OPEN, STRANGER], u64::MAX);
    let text = String::from_utf8(invite(DENIED)).unwrap();
    let callee = text.lines().find(|line| line.starts_with("To: ")).unwrap().to_owned();
    let untagged = callee.split(";tag").next().unwrap();
    let inside = sip::replaced(&invite(DENIED), &callee, &format!("{untagged};tag=b"));
    let outside = sip::replaced(&invite(DENIED), &callee, untagged);
    let twice = sip::replaced(&inside, CALL, &format!("t: <sip:200@h>\r\n{CALL}"));
    for (what, message, action) in [
        ("inside of the call", &inside, Action::Pass),
        ("a new call of the same name", &outside, Action::Drop),
        ("with a To of each kind", &twice, Action::Drop),
        ("inside of another", &sip::replaced(&inside, CALL, "Call-ID: x"), Action::Drop),
    ] {
        assert_eq!(sent(&shield, &udp(OPEN, message.clone())).0, action, "{what}, sent");
        let received = shield.judge(&Frame::udp(STRANGER).payload(message).bytes(), now());
        assert_eq!(received.drops(), action == Action::Drop, "{what}, received: {received:?}");
    }
    let elsewhere = sip::replaced(&inside, DENIED, FREE);
    assert_eq!(sent(&shield, &udp(OWN_LIST, elsewhere)).0, Action::Drop, "to who is no party");
}

#[test]
fn what_a_code_has_opened_leaves_for_a_while() {
    let mut shield = shield("");
    let frame = udp(OPEN, invite("sip:0044-123@h"));
    shield.open_number("+44123", now() + 60 * SECOND);
    assert_eq!(sent(&shield, &frame).0, Action::Pass);
    assert_eq!(sent(&shield, &udp(OPEN, invite("sip:+441234@h"))).0, Action::Drop, "another number");
    shield.open_number("+44123", now().saturating_sub(1));
    assert_eq!(sent(&shield, &frame).0, Action::Drop, "its time is over");
    assert_eq!(shield.hits(EVERYBODY, "+44"), 2);
}

#[test]
fn it_is_copied_and_where_it_is_only_monitored_it_leaves() {
    let message = invite(DENIED);
    for (config, action, mark) in
        [("", Action::Drop, refused_as(REASON)), ("monitor = [\"number\"]\n", Action::Pass, 0)]
    {
        let mut shield = shield(config);
        let frame = udp(OPEN, message.clone());
        assert_eq!(sent(&shield, &frame), (action, counted(&frame, action == Action::Pass)));
        let mut copies = shield.copies();
        copies.iter_mut().for_each(|copy| copy.head.time = 0);
        let received = copied(Ring::Trusted, Kind::Peer, OPEN, 0, &message);
        assert_eq!(copies, [Copied { head: CopyHead { flags: FLAG_EGRESS | mark, ..received.head }, ..received }]);
    }
}

/// Wherever a payload ends, it leaves until its start line is whole.
#[test]
fn a_frame_cut_anywhere_leaves_or_is_judged() {
    let shield = shield("");
    let message = invite(DENIED);
    let line = message.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for make in [udp, tcp] {
        for len in 0..=message.len() {
            let action = shield.try_send(&make(OPEN, message[..len].to_vec()).bytes());
            assert_eq!(action == Action::Drop, len >= line, "{len} bytes");
        }
    }
}
