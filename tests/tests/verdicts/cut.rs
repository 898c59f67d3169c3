//! Every fixture cut at every byte, and every length that a UDP header can tell: there always is a verdict, and nothing
//! that is cut passes as SIP.
use firewall_common::reason::Reason;
use firewall_tests::harness::{Shield, now};
use firewall_tests::packets::{ACK, Extension, Frame, PSH, SYN, TAG, sip};

use super::{STRANGER, STRANGER_V6, UNLIMITED};

const PEER: &str = "203.0.113.7";
const CONFIG: &str = "[media]\nports = [40000]\n[[peer]]\nname = \"a\"\nprefixes = [\"203.0.113.0/24\"]\n";

fn shield() -> Shield {
    let mut shield = Shield::new(&format!("{CONFIG}{UNLIMITED}"));
    shield.register("198.51.100.20", u64::MAX);
    shield
}

fn fixtures() -> Vec<(&'static str, Frame)> {
    let udp = |src: &str| Frame::udp(src).payload(sip::options());
    let tcp = Frame::tcp(STRANGER).flags(PSH | ACK).payload(sip::register());
    let chain = [Extension::hop_by_hop(), Extension::routing(), Extension::authentication(), Extension::destination()];
    vec![
        ("OPTIONS by IPv4", udp(STRANGER)),
        ("INVITE by IPv6", Frame::udp(STRANGER_V6).payload(sip::invite())),
        ("a peer's REGISTER behind two tags", Frame::udp(PEER).payload(sip::register()).tagged(0x88a8).tagged(TAG)),
        ("a registrant's OPTIONS behind options", udp("198.51.100.20").options(&[1; 12])),
        ("OPTIONS behind extension headers", chain.into_iter().fold(udp(STRANGER_V6), Frame::extension)),
        ("REGISTER by TCP", tcp.clone()),
        ("REGISTER by TCP with options behind a tag", tcp.tcp_options(&[1; 20]).tagged(TAG)),
        ("a SYN", Frame::tcp(STRANGER_V6).flags(SYN).tcp_options(&[1; 12])),
        ("TLS", Frame::tcp(STRANGER).to(5061).payload([0x16, 3, 1, 2, 0])),
        ("a response", Frame::udp(STRANGER).payload(sip::response(rsip::StatusCode::OK))),
        ("STUN", Frame::udp(STRANGER).payload(sip::stun(8))),
        ("a keep-alive", Frame::udp(STRANGER_V6).payload("\r\n\r\n")),
        ("a scanner", Frame::udp(STRANGER).payload(sip::from_agent("friendly-scanner"))),
        ("media", Frame::udp(STRANGER).to(40_000).payload([0x80; 172])),
        ("another port", udp(STRANGER).to(80)),
    ]
}

/// The shortest frame that BPF_PROG_TEST_RUN takes.
const SHORTEST: usize = firewall_userspace::dataplane::probe::MIN_FRAME;

#[test]
fn a_frame_cut_anywhere_has_a_verdict_and_passes_nowhere() {
    let shield = shield();
    let at = now();
    for (what, frame) in fixtures() {
        let bytes = frame.bytes();
        for len in SHORTEST..bytes.len() {
            let judged = shield.judge(&bytes[..len], at);
            let want = if len < frame.ip_at() { Reason::Truncated } else { Reason::MalformedIp };
            assert_eq!(judged.reason, want, "{what}, {len} of {} bytes", bytes.len());
            let live = shield.run_live(&bytes[..len]);
            assert_eq!(live, firewall_tests::harness::Action::Drop, "{what}, {len} of {} bytes", bytes.len());
        }
    }
}

#[test]
fn a_payload_cut_anywhere_needs_its_whole_start_line() {
    let shield = shield();
    let at = now();
    for (what, message) in
        [("OPTIONS", sip::options()), ("INVITE", sip::invite()), ("response", sip::response(rsip::StatusCode::OK))]
    {
        let line = message.iter().position(|b| *b == b'\n').map_or(0, |lf| lf + 1);
        for src in [STRANGER, STRANGER_V6, PEER, "198.51.100.20"] {
            for len in 0..=message.len() {
                let judged = shield.judge(&Frame::udp(src).payload(&message[..len]).bytes(), at);
                assert_eq!(judged.drops(), len < line, "{what} from {src}, {len} bytes: {judged:?}");
                assert!(
                    !judged.drops() || judged.reason == Reason::NotSip,
                    "{what} from {src}, {len} bytes: {judged:?}"
                );
            }
        }
    }
}

#[test]
fn a_stream_cut_anywhere_passes() {
    let shield = shield();
    let message = sip::options();
    for len in 0..=message.len() {
        let judged = shield.judge(&Frame::tcp(STRANGER).payload(&message[..len]).bytes(), now());
        assert_eq!(judged.reason, Reason::Stranger, "{len} bytes");
        let begun = len >= message.iter().position(|b| *b == b'\n').map_or(0, |lf| lf + 1);
        assert_eq!(judged.class.is_some(), begun, "{len} bytes: {judged:?}");
    }
}

#[test]
fn headers_cut_with_honest_lengths_are_malformed() {
    let shield = shield();
    for (protocol, whole, reason) in [(17u8, 8usize, Reason::MalformedUdp), (6, 20, Reason::MalformedTcp)] {
        for src in [STRANGER, STRANGER_V6] {
            for len in 0..whole {
                let mut header = vec![0; len];
                let ports = [0x13, 0xc4, 0x13, 0xc4];
                header.iter_mut().zip(ports).for_each(|(to, from)| *to = from);
                let judged = shield.judge(&Frame::other(src, protocol).payload(header).bytes(), now());
                assert_eq!(judged.reason, reason, "protocol {protocol} from {src}, {len} bytes");
            }
        }
    }
}

/// Every length from 0 to the MTU and beyond, in a packet that has one length.
#[test]
fn every_udp_length_has_a_verdict() {
    let shield = shield();
    let message = sip::invite();
    let line = 8 + message.iter().position(|b| *b == b'\n').map_or(0, |lf| lf + 1);
    let whole = 8 + message.len();
    for src in [STRANGER, STRANGER_V6, PEER] {
        for len in (0..=1_600).chain([u16::MAX]) {
            let judged = shield.judge(&Frame::udp(src).payload(&message).udp_len(len).bytes(), now());
            let want = match usize::from(len) {
                len if len < 8 || len > whole => Reason::MalformedUdp,
                len if len < line => Reason::NotSip,
                _ if src == PEER => Reason::Peer,
                _ => Reason::Stranger,
            };
            assert_eq!(judged.reason, want, "from {src}, a length of {len} where {whole} is true");
        }
    }
}
