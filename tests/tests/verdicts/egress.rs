//! What is heard of the packets that our side sends: copies, and whom our side calls.
use firewall_common::copy::{CopyHead, FLAG_EGRESS, FLAG_FIN, FLAG_MORE_FRAGMENTS, FLAG_SYN, Kind, Ring};
use firewall_common::maps::program::{EGRESS, PROBE};
use firewall_common::reason::Reason::{Stranger, UnsolicitedResponse};
use firewall_tests::harness::{Copied, Counters, SECOND, Shield, now};
use firewall_tests::packets::{ACK, ACKNOWLEDGED, FIN, Frame, PSH, SEQUENCE, SYN, TAG, sip};

use super::copy::{EVERYONE, PHONE, copied, shield};
use super::{STRANGER, STRANGER_V6};

const SERVER: &str = "192.0.2.5";
const SERVER_V6: &str = "2001:db8:ffff::5";

/// A datagram of our side's.
fn udp(remote: &str) -> Frame {
    Frame::udp(if remote.contains(':') { SERVER_V6 } else { SERVER }).to_host(remote)
}

fn tcp(remote: &str) -> Frame {
    Frame::tcp(if remote.contains(':') { SERVER_V6 } else { SERVER }).to_host(remote)
}

/// Sends frames and takes what was copied of them; their time is checked, and then said to be 0.
fn sent(shield: &mut Shield, frames: &[Vec<u8>]) -> Vec<Copied> {
    let before = now();
    frames.iter().for_each(|frame| shield.send(frame));
    let mut copies = shield.copies();
    for copy in &mut copies {
        assert!((before..=now()).contains(&copy.head.time), "{copy:?}");
        copy.head.time = 0;
    }
    copies
}

fn copy(ring: Ring, kind: Kind, remote: &str, payload: &[u8]) -> Copied {
    let received = copied(ring, kind, remote, 0, payload);
    Copied { head: CopyHead { flags: FLAG_EGRESS, ..received.head }, ..received }
}

#[test]
fn responses_go_to_the_ring_of_whom_they_are_for_and_requests_to_the_trusted() {
    let mut shield = shield("", &[EGRESS]);
    let (request, response) = (sip::options(), sip::response(rsip::StatusCode::Unauthorized));
    for (remote, kind, ring) in EVERYONE {
        for frame in [udp(remote).payload(&response), udp(remote).payload(&response).tagged(TAG)] {
            assert_eq!(sent(&mut shield, &[frame.bytes()]), [copy(ring, kind, remote, &response)], "{remote}");
        }
        let copies = sent(&mut shield, &[udp(remote).payload(&request).bytes()]);
        assert_eq!(copies, [copy(Ring::Trusted, kind, remote, &request)], "{remote}");
    }
    assert_eq!(shield.counters(), Counters::default(), "nothing that is sent is judged or counted");
}

#[test]
fn what_is_not_sip_is_not_copied() {
    let mut shield = shield("", &[EGRESS]);
    let message = sip::options();
    let other = |protocol| Frame::other(SERVER, protocol).to_host(STRANGER).payload(&message);
    for (what, frame) in [
        ("a keep-alive", udp(STRANGER).payload("\r\n\r\n")),
        ("STUN", udp(STRANGER).payload(sip::stun(8))),
        ("garbage", udp(STRANGER).payload("x")),
        ("nothing", udp(STRANGER)),
        ("another port", udp(STRANGER).from_port(5070).payload(&message)),
        ("another port to a port of SIP", udp(STRANGER_V6).from_port(53).payload(&message)),
        ("media", udp(STRANGER).from_port(10_000).payload(&message)),
        ("an acknowledgement", tcp(STRANGER)),
        ("TLS", tcp(STRANGER).from_port(5061).payload(&message)),
        ("a client's segment", tcp(STRANGER).from_port(40_000).payload(&message)),
        ("another protocol", other(132)),
        ("ICMP", other(1)),
    ] {
        assert_eq!(sent(&mut shield, &[frame.bytes()]), [], "{what}");
    }
}

#[test]
fn streams_are_copied_to_the_ring_of_whom_they_are_for() {
    let mut shield = shield("", &[EGRESS]);
    for (remote, kind, ring) in EVERYONE {
        for (flags, more, payload) in [
            (SYN | ACK, FLAG_SYN, &b""[..]),
            (PSH | ACK, 0, &sip::response(rsip::StatusCode::OK)),
            (PSH | ACK, 0, &sip::options()),
            (ACK, 0, b"IP/2.0 2"),
            (FIN | ACK, FLAG_FIN, b""),
        ] {
            let mut want = copy(ring, kind, remote, payload);
            let (seq, fragment_id) = (SEQUENCE, ACKNOWLEDGED);
            want.head = CopyHead { flags: FLAG_EGRESS | more, protocol: 6, seq, fragment_id, ..want.head };
            let frame = tcp(remote).flags(flags).payload(payload).bytes();
            assert_eq!(sent(&mut shield, &[frame]), [want], "{remote}");
        }
    }
}

#[test]
fn fragments_are_copied_when_their_first_was() {
    let mut shield = shield("", &[EGRESS]);
    for (remote, kind, ring) in EVERYONE {
        let body = "x".repeat(2_500);
        for (id, message, ring) in [
            (1, format!("SIP/2.0 200 OK\r\n\r\n{body}"), ring),
            (2, format!("INVITE sip:a@b SIP/2.0\r\n\r\n{body}"), Ring::Trusted),
        ] {
            let frames = udp(remote).payload(&message).fragments(id, 1_232);
            let copies = sent(&mut shield, &frames);
            let places: Vec<_> =
                copies.iter().map(|c| (c.head.fragment_offset, c.head.flags, c.head.remote_port)).collect();
            let more = FLAG_EGRESS | FLAG_MORE_FRAGMENTS;
            assert_eq!(places, [(0, more, 5060), (1_232, more, 0), (2_464, FLAG_EGRESS, 0)], "{remote}");
            let same = |c: &Copied| (c.ring, c.head.kind, c.head.fragment_id) == (ring, kind as u8, id);
            assert!(copies.iter().all(same), "{copies:?}");
            let whole: Vec<u8> = copies.iter().flat_map(|copy| copy.payload.clone()).collect();
            assert_eq!(&whole[8..], message.as_bytes());
        }
        let other = udp(remote).from_port(53).payload(&body).fragments(3, 1_232);
        assert_eq!(sent(&mut shield, &other), [], "of another port");
    }
}

#[test]
fn a_frame_cut_anywhere_is_not_copied() {
    let mut shield = shield("", &[EGRESS]);
    let response = sip::response(rsip::StatusCode::OK);
    for frame in [udp(STRANGER).payload(&response), udp(STRANGER_V6).payload(&response), tcp(STRANGER).payload("x")] {
        let bytes = frame.bytes();
        // The kernel itself takes no frame that ends inside its IP header.
        for len in frame.transport_at()..bytes.len() {
            assert_eq!(sent(&mut shield, &[bytes[..len].to_vec()]), [], "{len} of {} bytes", bytes.len());
        }
    }
}

#[test]
fn a_payload_of_any_length_is_copied_and_cut_where_configured() {
    let mut shield = shield("[slow_path]\ncopy_max = 1600\n", &[EGRESS]);
    for len in (20..3_000).step_by(37).chain([1_535, 1_536, 1_537, 1_599, 1_600, 1_601]) {
        let mut message = sip::line("SIP/2.0 200 OK");
        message.extend((message.len()..len).map(|n| b'a' + (n % 26) as u8));
        let mut want = copy(Ring::Strangers, Kind::Stranger, STRANGER, &message[..message.len().min(1_600)]);
        want.head.total = message.len() as u32;
        assert_eq!(sent(&mut shield, &[udp(STRANGER).payload(&message).bytes()]), [want], "{len} bytes");
    }
}

#[test]
fn in_mode_trunk_nobody_is_a_registrant() {
    let mut shield = shield("mode = \"trunk\"\n", &[EGRESS]);
    let response = sip::response(rsip::StatusCode::OK);
    let copies = sent(&mut shield, &[udp(PHONE).payload(&response).bytes()]);
    assert_eq!(copies, [copy(Ring::Strangers, Kind::Stranger, PHONE, &response)]);
}

#[test]
fn whom_our_side_calls_may_respond() {
    let mut shield = shield("", &[EGRESS, PROBE]);
    shield.judge_responses(1);
    let answer = |src: &str| Frame::udp(src).payload(sip::response(rsip::StatusCode::OK)).bytes();
    let judge = |shield: &Shield, src: &str| shield.rehearse(&answer(src), now()).reason;
    for (remote, beside) in [(STRANGER, "198.51.100.8"), (STRANGER_V6, "2001:db8:1:3::7")] {
        // Neither a response of ours, nor what is no SIP, nor a request of a client's calls anybody.
        shield.send(&answer(remote));
        shield.send(&udp(remote).payload(sip::response(rsip::StatusCode::OK)).bytes());
        shield.send(&udp(remote).payload("\r\n\r\n").bytes());
        shield.send(&udp(remote).from_port(5070).payload(sip::options()).bytes());
        assert_eq!(judge(&shield, remote), UnsolicitedResponse);
        shield.send(&udp(remote).payload(sip::options()).bytes());
        assert_eq!(judge(&shield, remote), Stranger);
        assert_eq!(judge(&shield, beside), UnsolicitedResponse);
        let later = now() + 301 * SECOND;
        assert_eq!(shield.rehearse(&answer(remote), later).reason, UnsolicitedResponse);
    }
    let fragments = udp("198.51.100.9").payload(sip::large_invite()).fragments(9, 1_480);
    shield.send(&fragments[0]);
    assert_eq!(judge(&shield, "198.51.100.9"), Stranger, "a request in fragments calls too");
}
