//! Which packets that we receive are copied, with every byte of what is copied.
use std::net::IpAddr;

use firewall_common::addr::Addr;
use firewall_common::copy::{
    CopyHead, FLAG_FIN, FLAG_MORE_FRAGMENTS, FLAG_RST, FLAG_SYN, Kind,
    Ring::{self, Strangers, Trusted},
};
use firewall_common::maps::program;
use firewall_tests::harness::{Action, Copied, SECOND, Shield, allow, deny, now};
use firewall_tests::packets::{ACK, ACKNOWLEDGED, FIN, Frame, PSH, RST, SEQUENCE, SYN, TAG, sip};

use super::{STRANGER, STRANGER_V6, UNLIMITED};

const CONFIG: &str = "[media]\nports = [10000]\n[[peer]]\nname = \"a\"\nprefixes = [\"203.0.113.0/24\"]\n";
pub(super) const PEER: &str = "203.0.113.7";
pub(super) const ALLOWED: &str = "198.51.100.99";
pub(super) const PHONE: &str = "198.51.100.20";
pub(super) const KNOWN: &str = "198.51.100.21";
const DENIED: &str = "198.51.100.66";
const SERVER: &str = "192.0.2.5";
const SERVER_V6: &str = "2001:db8:ffff::5";

pub(super) fn shield(config: &str, programs: &[&str]) -> Shield {
    let mut shield = Shield::with_programs(&format!("{config}{CONFIG}{UNLIMITED}"), programs);
    shield.set_entries(&[allow(7, ALLOWED, None), deny(8, DENIED, None)], now());
    shield.register(PHONE, u64::MAX);
    shield.remember(KNOWN, 0, u64::MAX);
    shield
}

fn addr(text: &str) -> Addr {
    text.parse::<IpAddr>().unwrap().into()
}

/// A copy of a datagram's whole payload.
pub(super) fn copied(ring: Ring, kind: Kind, remote: &str, time: u64, payload: &[u8]) -> Copied {
    let local = if remote.contains(':') { SERVER_V6 } else { SERVER };
    let head = CopyHead {
        time,
        remote: addr(remote),
        local: addr(local),
        len: payload.len() as u32,
        total: payload.len() as u32,
        seq: 0,
        fragment_id: 0,
        fragment_offset: 0,
        peer: u32::from(kind == Kind::Peer),
        remote_port: 5060,
        local_port: 5060,
        flags: 0,
        protocol: 17,
        kind: kind as u8,
    };
    Copied { ring, head, payload: payload.to_vec() }
}

/// The same of a segment.
fn segment(ring: Ring, kind: Kind, remote: &str, time: u64, flags: u16, payload: &[u8]) -> Copied {
    let whole = copied(ring, kind, remote, time, payload);
    Copied { head: CopyHead { protocol: 6, seq: SEQUENCE, fragment_id: ACKNOWLEDGED, flags, ..whole.head }, ..whole }
}

/// Everyone who may send, with the kind and the ring.
pub(super) const EVERYONE: [(&str, Kind, Ring); 6] = [
    (STRANGER, Kind::Stranger, Strangers),
    (STRANGER_V6, Kind::Stranger, Strangers),
    (KNOWN, Kind::Known, Strangers),
    (PHONE, Kind::Registrant, Trusted),
    (PEER, Kind::Peer, Trusted),
    (ALLOWED, Kind::Allowed, Trusted),
];
/// What is copied of anyone.
const OF_ANYONE: [&str; 8] = ["REGISTER", "INVITE", "ACK", "UPDATE", "PRACK", "BYE", "CANCEL", "REFER"];

/// Judges a frame, with all consequences, and takes what was copied of it.
fn judged(shield: &mut Shield, frame: &Frame, time: u64) -> Vec<Copied> {
    shield.judge(&frame.bytes(), time);
    shield.copies()
}

#[test]
fn requests_are_copied_by_who_sends_them_and_what_they_are() {
    let mut shield = shield("", &[program::PROBE]);
    let methods = ["OPTIONS", "SUBSCRIBE", "NOTIFY", "MESSAGE", "PUBLISH", "INFO", "NEWMETHOD"];
    for (n, method) in methods.into_iter().chain(OF_ANYONE).enumerate() {
        let message = sip::line(&format!("{method} sip:a@b SIP/2.0"));
        for (src, kind, ring) in EVERYONE {
            let time = now() + n as u64;
            let wanted = !kind.is_trusted() || OF_ANYONE.contains(&method);
            let want: Vec<_> = wanted.then(|| copied(ring, kind, src, time, &message)).into_iter().collect();
            let frame = Frame::udp(src).payload(&message);
            assert_eq!(judged(&mut shield, &frame, time), want, "{method} from {src}");
            let tagged = frame.tagged(0x88a8).tagged(TAG);
            assert_eq!(judged(&mut shield, &tagged, time), want, "{method} from {src}, tagged");
        }
    }
}

#[test]
fn what_says_nothing_is_not_copied() {
    let mut shield = shield("", &[program::PROBE]);
    let message = sip::options();
    let response = sip::response(rsip::StatusCode::OK);
    for (src, ..) in EVERYONE {
        let udp = |payload: &[u8]| Frame::udp(src).payload(payload);
        for (what, frame) in [
            ("a keep-alive", udp(b"\r\n\r\n")),
            ("zeros", udp(&[0; 4])),
            ("STUN", udp(&sip::stun(8))),
            ("a response", udp(&response)),
            ("garbage", udp(b"x")),
            ("media", udp(&message).to(10_000)),
            ("another port", udp(&message).to(80)),
            ("an acknowledgement", Frame::tcp(src)),
            ("a segment for another port", Frame::tcp(src).payload(&message).to(80)),
            ("TLS", Frame::tcp(src).payload(&message).to(5061)),
            ("a SYN for TLS", Frame::tcp(src).flags(SYN).to(5061)),
        ] {
            assert_eq!(judged(&mut shield, &frame, now()), [], "{what} from {src}");
        }
        shield.rehearse(&udp(&sip::invite()).bytes(), now());
        assert_eq!(shield.copies(), [], "a rehearsed frame from {src}");
    }
}

#[test]
fn what_is_dropped_is_not_copied_and_what_is_only_monitored_is() {
    let scanner = sip::from_agent("sipcli");
    let frames = [Frame::udp(DENIED).payload(sip::invite()), Frame::udp(STRANGER).payload(&scanner)];
    let mut enforcing = shield("", &[program::PROBE]);
    let mut monitoring = shield("monitor = true\n", &[program::PROBE]);
    for frame in &frames {
        assert_eq!(judged(&mut enforcing, frame, now()), []);
    }
    let time = now();
    let passed = frames.iter().flat_map(|frame| judged(&mut monitoring, frame, time)).collect::<Vec<_>>();
    let want = [(DENIED, sip::invite()), (STRANGER, scanner)];
    assert_eq!(passed, want.map(|(src, message)| copied(Strangers, Kind::Stranger, src, time, &message)));
}

#[test]
fn who_is_over_a_limit_leaves_no_copies() {
    let config = format!("{CONFIG}{}", UNLIMITED.replace("options = \"none\"", "options = \"1/h burst 2\""));
    let mut shield = Shield::with_programs(&config, &[program::PROBE]);
    let (frame, time) = (Frame::udp(STRANGER).payload(sip::options()), now());
    let copies: Vec<usize> = (0..4).map(|_| judged(&mut shield, &frame, time).len()).collect();
    assert_eq!(copies, [1, 1, 0, 0]);
}

#[test]
fn streams_are_copied_from_their_first_segment_to_their_last() {
    let mut shield = shield("", &[program::PROBE]);
    let time = now();
    for (src, kind, ring) in EVERYONE {
        for (what, flags, want, payload) in [
            ("a SYN", SYN, FLAG_SYN, &b""[..]),
            ("the answer to a SYN", SYN | ACK, FLAG_SYN, b""),
            ("a FIN", FIN | ACK, FLAG_FIN, b""),
            ("an RST", RST, FLAG_RST, b""),
            ("a request", PSH | ACK, 0, &sip::register()),
            ("a response", PSH | ACK, 0, &sip::response(rsip::StatusCode::OK)),
            ("the middle of a message", ACK, 0, b"gister"),
            ("one byte", ACK, 0, b"x"),
            ("a last segment", FIN | PSH | ACK, FLAG_FIN, b"\r\n\r\n"),
        ] {
            let frame = Frame::tcp(src).flags(flags).payload(payload);
            let mut copy = segment(ring, kind, src, time, want, payload);
            copy.head.fragment_id = if flags & ACK == 0 { 0 } else { ACKNOWLEDGED };
            let want = [copy];
            assert_eq!(judged(&mut shield, &frame, time), want, "{what} from {src}");
            let frame = frame.tcp_options(&[1; 20]);
            assert_eq!(judged(&mut shield, &frame, time), want, "{what} from {src}, with options");
        }
    }
}

/// A request of exactly `len` bytes.
fn request_of(len: usize) -> Vec<u8> {
    let mut message = sip::line("OPTIONS sip:a@b SIP/2.0");
    message.extend((message.len()..len).map(|n| b'a' + (n % 26) as u8));
    message
}

#[test]
fn a_payload_of_any_length_is_copied_to_its_last_byte() {
    let mut shield = shield("", &[program::PROBE]);
    let around = |n: usize| n - 2..n + 3;
    for len in (27..1_600).step_by(7).chain(around(1_536)).chain(around(2_048)).chain([3_000]) {
        let (message, time) = (request_of(len), now());
        let copies = judged(&mut shield, &Frame::udp(STRANGER).payload(&message), time);
        assert_eq!(copies, [copied(Strangers, Kind::Stranger, STRANGER, time, &message)], "{len} bytes");
        let copies = judged(&mut shield, &Frame::tcp(STRANGER).payload(&message), time);
        assert_eq!(copies, [segment(Strangers, Kind::Stranger, STRANGER, time, 0, &message)], "{len} bytes by TCP");
    }
}

#[test]
fn a_copy_is_cut_at_the_configured_length() {
    for most in [256, 700, 1_536, 2_000] {
        let mut shield = shield(&format!("[slow_path]\ncopy_max = {most}\n"), &[program::PROBE]);
        for len in [most - 1, most, most + 1, 3_000] {
            let (message, time) = (request_of(len), now());
            let kept = &message[..len.min(most)];
            let mut want = copied(Strangers, Kind::Stranger, STRANGER, time, kept);
            want.head.total = len as u32;
            let copies = judged(&mut shield, &Frame::udp(STRANGER).payload(&message), time);
            assert_eq!(copies, [want], "{len} bytes of at most {most}");
        }
    }
}

#[test]
fn payloads_in_several_buffers_are_copied_up_to_the_largest_copy() {
    let mut shield = shield("[slow_path]\ncopy_max = 8192\n", &[program::INGRESS_FRAGS]);
    for len in [3_000, 4_096, 8_191, 8_192, 8_193, 20_000] {
        let message = request_of(len);
        let action = shield.run(program::INGRESS_FRAGS, &Frame::udp(STRANGER).payload(&message).bytes());
        assert_eq!(action, Action::Pass);
        let [copy] = &shield.copies()[..] else { panic!("{len} bytes") };
        assert_eq!((copy.head.total, &copy.payload[..]), (len as u32, &message[..len.min(8_192)]));
    }
}

#[test]
fn live_packets_are_copied_at_the_kernels_own_time() {
    let mut shield = shield("", &[program::INGRESS]);
    let before = now();
    shield.run_live(&Frame::udp(STRANGER).payload(sip::options()).bytes());
    let [copy] = &shield.copies()[..] else { panic!("one copy") };
    assert!((before..=now()).contains(&copy.head.time));
    assert_eq!(*copy, copied(Strangers, Kind::Stranger, STRANGER, copy.head.time, &sip::options()));
}

/// The copies of a datagram's fragments, of at most `size` bytes.
fn fragments_of(ring: Ring, kind: Kind, src: &str, time: u64, id: u32, datagram: &[u8], size: usize) -> Vec<Copied> {
    let parts = datagram.chunks(size).enumerate();
    let copy = |(n, data): (usize, &[u8])| {
        let mut copy = copied(ring, kind, src, time, data);
        let (fragment_id, fragment_offset) = (id, (n * size) as u32);
        let more = n * size + data.len() < datagram.len();
        let flags = if more { FLAG_MORE_FRAGMENTS } else { 0 };
        let (remote_port, local_port) = if n == 0 { (5060, 5060) } else { (0, 0) };
        copy.head = CopyHead { fragment_id, fragment_offset, flags, remote_port, local_port, ..copy.head };
        copy
    };
    parts.map(copy).collect()
}

/// The UDP header that fixtures have, and the payload.
fn datagram(payload: &[u8]) -> Vec<u8> {
    let len = (8 + payload.len()) as u16;
    [&[0x13, 0xc4, 0x13, 0xc4][..], &len.to_be_bytes(), &[0, 0], payload].concat()
}

#[test]
fn fragments_are_copied_when_their_first_was() {
    let mut shield = shield("", &[program::PROBE]);
    let message = sip::large_invite();
    for (src, kind, ring) in EVERYONE {
        for (id, size) in [(1, 1_480), (2, 1_232), (3, 304)] {
            let time = now();
            let frames = Frame::udp(src).payload(&message).fragments(id, size);
            frames.iter().for_each(|frame| _ = shield.judge(frame, time));
            let want = fragments_of(ring, kind, src, time, id, &datagram(&message), size);
            assert_eq!(shield.copies(), want, "from {src} in {size}");
        }
    }
}

#[test]
fn fragments_of_what_is_not_copied_are_not_either() {
    let mut shield = shield("", &[program::PROBE]);
    let padded = |line: &str| [sip::line(line), vec![b'x'; 2_000]].concat();
    for (what, frames) in [
        ("a peer's OPTIONS", Frame::udp(PEER).payload(padded("OPTIONS sip:a SIP/2.0")).fragments(1, 800)),
        ("a response", Frame::udp(STRANGER).payload(padded("SIP/2.0 200 OK")).fragments(2, 800)),
        ("garbage", Frame::udp(STRANGER).payload(padded("garbage")).fragments(3, 800)),
        ("a denied source's", Frame::udp(DENIED).payload(padded("INVITE sip:a SIP/2.0")).fragments(4, 800)),
        ("another port's", Frame::udp(STRANGER).to(80).payload(sip::large_invite()).fragments(5, 800)),
        ("orphans", Frame::udp(STRANGER).payload(sip::large_invite()).fragments(6, 800)[1..].to_vec()),
    ] {
        frames.iter().for_each(|frame| _ = shield.judge(frame, now()));
        assert_eq!(shield.copies(), [], "{what}");
    }
}

#[test]
fn the_rest_of_a_datagram_is_copied_for_as_long_as_it_is_awaited() {
    let mut shield = shield("", &[program::PROBE]);
    let (frames, start) = (Frame::udp(STRANGER).payload(sip::large_invite()).fragments(1, 1_480), now());
    let copied = |shield: &mut Shield, frame: &[u8], at: u64| {
        shield.judge(frame, at);
        shield.copies().len()
    };
    assert_eq!(copied(&mut shield, &frames[0], start), 1);
    assert_eq!(copied(&mut shield, &frames[1], start + 30 * SECOND - 1), 1);
    assert_eq!(copied(&mut shield, &frames[2], start + 30 * SECOND), 0);
    shield.rehearse(&frames[0], start + 31 * SECOND);
    assert_eq!(copied(&mut shield, &frames[1], start + 31 * SECOND), 0, "a rehearsal leaves nothing to follow");
}
