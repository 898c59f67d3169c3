//! Media cut at every byte, with lengths that are true and with lengths that are not.
use firewall_common::media::{FLOW_DTLS, FLOW_ICE, Flow, username_hash};
use firewall_common::reason::Reason::{MalformedIp, MalformedUdp, Truncated};
use firewall_tests::harness::Shield;
use firewall_tests::packets::media::{REQUEST, Rtp, dtls, ice, rtcp};
use firewall_tests::packets::{Extension, TAG};

use super::{GUARDED, REMOTE, REMOTE_PORT, REMOTE_V6, addr, call, from, soon};
use crate::UNLIMITED;

/// The shortest frame that BPF_PROG_TEST_RUN takes.
const SHORTEST: usize = firewall_userspace::dataplane::probe::MIN_FRAME;

#[test]
fn a_frame_cut_anywhere_is_dropped_and_a_length_cut_anywhere_is_read_no_further() {
    let start = soon();
    let mut shield = Shield::new(&format!("{GUARDED}{UNLIMITED}"));
    let flags = call(start).flags | FLOW_DTLS | FLOW_ICE;
    let flow = Flow { flags, ice: username_hash(b"abcd:efgh"), ..call(start) };
    shield.open(0, flow);
    shield.open(1, Flow { remote: addr(REMOTE_V6), ..flow });
    let extended = Rtp { extension: Some(2), listed: 3, ..Rtp::srtp(1) }.bytes();
    for payload in [extended, rtcp(), dtls(), ice(REQUEST, Some("abcd:efgh"))] {
        let v4 = from(REMOTE, REMOTE_PORT, &payload);
        let v6 = from(REMOTE_V6, REMOTE_PORT, &payload).extension(Extension::destination());
        for frame in [v4.clone(), v4.clone().tagged(TAG), v4.options(&[1; 8]), v6] {
            let bytes = frame.bytes();
            for len in SHORTEST..bytes.len() {
                let reason = shield.judge(&bytes[..len], start).reason;
                assert_eq!(reason, if len < frame.ip_at() { Truncated } else { MalformedIp }, "{len} bytes");
            }
            assert!(!shield.judge(&bytes, start).drops());
            for len in (0..bytes.len() as u16).chain([u16::MAX]) {
                let judged = shield.judge(&frame.clone().udp_len(len).bytes(), start);
                let inside = (8..=8 + payload.len()).contains(&usize::from(len));
                assert_eq!(judged.reason == MalformedUdp, !inside, "a length of {len}: {judged:?}");
            }
        }
    }
}
