//! Our side's own offers, which the program that hears what is sent stops.
use aya::maps::{MapData, RingBuf};
use firewall_common::copy::{CopyHead, FLAG_EGRESS, Kind, Ring, refused_as};
use firewall_common::event::Event;
use firewall_common::maps::{self, program::EGRESS};
use firewall_common::reason::Reason;
use firewall_tests::harness::{Action, Copied, Counters, Shield, allow, now};
use firewall_tests::packets::{Frame, TAG, sip};

use super::super::copy::{ALLOWED, PHONE, copied};
use super::{AS_ALL, HOPEFUL, OLD, STRANGER, STRICT, UNLIMITED, config};

/// What every test here is about.
pub(super) const REASON: Reason = Reason::OwnPlainRtp;

const SERVER: &str = "192.0.2.5";
const STRICT_ID: u32 = 4;

fn shield(config: &str) -> Shield {
    let mut shield = Shield::with_programs(&format!("{config}{UNLIMITED}"), &[EGRESS]);
    shield.set_entries(&[allow(7, ALLOWED, None)], now());
    shield.register(PHONE, u64::MAX);
    shield
}

fn to(remote: &str, payload: Vec<u8>) -> Frame {
    Frame::udp(SERVER).to_host(remote).payload(payload)
}

/// The copy of what is sent to a peer, said to be made at 0.
fn copy(peer: u32, flags: u16, payload: &[u8], remote: &str) -> Copied {
    let received = copied(Ring::Trusted, Kind::Peer, remote, 0, payload);
    Copied { head: CopyHead { flags: FLAG_EGRESS | flags, peer, ..received.head }, ..received }
}

/// Sends a frame, and tells what became of it, what was counted, and what was copied.
fn sent(shield: &mut Shield, frame: &Frame) -> (Action, Counters, Vec<Copied>) {
    let before = shield.counters();
    let action = shield.try_send(&frame.bytes());
    let counted = shield.counters().since(&before);
    let mut copies = shield.copies();
    copies.iter_mut().for_each(|copy| copy.head.time = 0);
    (action, counted, copies)
}

fn counted(frame: &Frame, monitored: bool) -> Counters {
    let mut counters = Counters::default();
    counters.count(REASON, monitored, None, frame.bytes().len());
    counters
}

#[test]
fn a_plain_offer_to_a_strict_peer_does_not_leave() {
    let plain = sip::offer(sip::PLAIN);
    for (policy, remote, id) in [("off", STRICT, STRICT_ID), ("srtp-only", STRICT, STRICT_ID), ("srtp-only", AS_ALL, 1)]
    {
        let mut shield = shield(&config(policy));
        for frame in [to(remote, plain.clone()), to(remote, plain.clone()).tagged(TAG)] {
            let want = copy(id, refused_as(Reason::OwnPlainRtp), &plain, remote);
            assert_eq!(
                sent(&mut shield, &frame),
                (Action::Drop, counted(&frame, false), vec![want]),
                "{policy} {remote}"
            );
        }
    }
}

#[test]
fn where_it_is_only_monitored_it_leaves() {
    let mut shield = shield(&format!("monitor = [\"sdp\"]\n{}", config("srtp-only")));
    let plain = sip::offer(sip::PLAIN);
    let frame = to(STRICT, plain.clone());
    let want = copy(STRICT_ID, 0, &plain, STRICT);
    assert_eq!(sent(&mut shield, &frame), (Action::Pass, counted(&frame, true), vec![want]));
}

#[test]
fn whatever_else_our_side_sends_leaves() {
    let mut shield = shield(&config("srtp-only"));
    let plain = sip::offer(sip::PLAIN);
    let large = to(STRICT, sip::large_invite()).fragments(1, 1_232);
    for (what, frame) in [
        ("an encrypted offer", to(STRICT, sip::offer(sip::SDES))),
        ("an offer with a fingerprint", to(STRICT, sip::offer(sip::DTLS))),
        ("no offer", to(STRICT, sip::plain(rsip::Method::Invite))),
        ("another method", to(STRICT, sip::replaced(&plain, "INVITE", "UPDATE"))),
        ("a response", to(STRICT, sip::response(rsip::StatusCode::OK))),
        ("to a peer without a rule", to(OLD, plain.clone())),
        ("to a peer that is only asked", to(HOPEFUL, plain.clone())),
        ("to a registrant", to(PHONE, plain.clone())),
        ("to an allowed source", to(ALLOWED, plain.clone())),
        ("to a stranger", to(STRANGER, plain.clone())),
        ("from another port", to(STRICT, plain.clone()).from_port(5070)),
        ("by TCP", Frame::tcp(SERVER).to_host(STRICT).payload(plain.clone())),
    ] {
        let (action, counted, _) = sent(&mut shield, &frame);
        assert_eq!((action, counted), (Action::Pass, Counters::default()), "{what}");
    }
    large.iter().for_each(|frame| shield.send(frame));
    let mut shield = self::shield("[[peer]]\nname = \"x\"\nprefixes = [\"192.0.2.192/26\"]\n");
    assert_eq!(sent(&mut shield, &to(STRICT, plain)).0, Action::Pass, "nobody asks for anything");
}

#[test]
fn a_frame_cut_anywhere_leaves_or_is_plain() {
    let shield = shield(&config("srtp-only"));
    let plain = sip::offer(sip::PLAIN);
    let told = String::from_utf8(plain.clone()).unwrap().find("RTP/AVP").unwrap();
    for len in 0..plain.len() {
        let action = shield.try_send(&to(STRICT, plain[..len].to_vec()).bytes());
        assert!(action == Action::Pass || len > told, "{len} bytes: {action:?}");
        assert!(action == Action::Drop || len < told + 3, "{len} bytes: {action:?}");
        let frame = to(STRICT, plain.clone());
        shield.send(&frame.bytes()[..frame.transport_at() + len]);
    }
}

#[test]
fn it_is_sampled() {
    let mut shield = shield(&config("srtp-only"));
    shield.set_credits(1);
    let frame = to(STRICT, sip::offer(sip::PLAIN)).bytes();
    (0..2).for_each(|_| assert_eq!(shield.try_send(&frame), Action::Drop));
    let mut ring: RingBuf<&mut MapData> = shield.map(maps::EVENTS);
    let event = Event::from_bytes(&ring.next().expect("there was credit for one")).unwrap();
    assert!(ring.next().is_none(), "there was credit for one");
    assert_eq!((event.reason, event.monitored, event.protocol), (REASON as u8, 0, 17));
    assert_eq!(std::net::IpAddr::from(event.src).to_string(), STRICT, "the remote side");
    assert_eq!(event.frame_len as usize, frame.len());
    assert_eq!(event.snapshot(), &sip::offer(sip::PLAIN)[..event.snapshot().len()]);
    assert!(event.snapshot().starts_with(b"INVITE "));
}
