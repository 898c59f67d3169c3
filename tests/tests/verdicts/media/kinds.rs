//! What may share a port: told apart by first bytes, and by what the call negotiated.
use firewall_common::media::{FLOW_DTLS, FLOW_ICE, FLOW_OTHER, FLOW_RTCP, FLOW_RTP, FLOW_SRTP, Flow};
use firewall_common::reason::Reason::{self, NotMedia, Pinhole};
use firewall_tests::harness::{Row, Shield, row};
use firewall_tests::packets::media::{REQUEST, Rtp, dtls, ice, rtcp};
use firewall_tests::packets::patched;

use super::{GUARDED, REMOTE, REMOTE_PORT, Table, call, from, guarded, soon};
use crate::UNLIMITED;

pub(super) fn tables() -> Vec<Table> {
    let start = soon();
    let table = |flags: u32, passes: &[&str]| {
        let rows = payloads().into_iter().map(|(what, payload)| judged(what, payload, passes, start)).collect();
        guarded("", vec![Flow { flags, ..call(start) }], rows)
    };
    vec![
        table(FLOW_RTP | FLOW_SRTP, &["RTP"]),
        table(FLOW_RTCP, &["RTCP"]),
        table(FLOW_RTP | FLOW_RTCP | FLOW_SRTP, &["RTP", "RTCP"]),
        table(FLOW_DTLS | FLOW_RTP, &["DTLS", "DTLS 1.3", "RTP"]),
        table(FLOW_ICE, &["STUN"]),
        table(FLOW_OTHER, &payloads().map(|(what, _)| what)),
        table(0, &[]),
    ]
}

#[test]
fn kinds() {
    tables().iter().for_each(Table::hold);
}

fn judged(what: &str, payload: Vec<u8>, passes: &[&str], start: u64) -> Row {
    let reason: Reason = if passes.contains(&what) { Pinhole } else { NotMedia };
    row(what, from(REMOTE, REMOTE_PORT, payload), reason).at(start)
}

fn payloads() -> [(&'static str, Vec<u8>); 13] {
    [
        ("RTP", Rtp::srtp(1).bytes()),
        ("RTCP", rtcp()),
        ("DTLS", dtls()),
        ("DTLS 1.3", [&[0x2c][..], &[1; 20]].concat()),
        ("STUN", ice(REQUEST, None)),
        ("STUN without its cookie", patched(ice(REQUEST, None), 4, &[0])),
        ("ZRTP", [&[0x10, 0, 0, 1, 0x5a, 0x52, 0x54, 0x50][..], &[0; 20]].concat()),
        ("a TURN channel", [&[0x40, 0, 0, 20][..], &[0; 20]].concat()),
        ("RTP of version 1", patched(Rtp::srtp(1).bytes(), 0, &[0x40])),
        ("text", b"OPTIONS sip:a@b SIP/2.0\r\n\r\n".to_vec()),
        ("a header extension behind the end", patched(Rtp { extension: Some(0), ..Rtp::srtp(1) }.bytes(), 14, &[1])),
        ("more sources than there is room for", Rtp { payload: 0, listed: 0, ..Rtp::srtp(1) }.bytes()[..12].to_vec())
            .with_many_sources(),
        ("nothing", Vec::new()),
    ]
}

trait Crowded {
    fn with_many_sources(self) -> Self;
}

impl Crowded for (&'static str, Vec<u8>) {
    fn with_many_sources(self) -> Self {
        (self.0, patched(self.1, 0, &[0x8f]))
    }
}

/// A kind's shortest packet passes, and one byte less does not.
#[test]
fn what_is_too_short_for_its_kind_is_no_media() {
    let start = soon();
    let mut shield = Shield::new(&format!("{GUARDED}{UNLIMITED}"));
    shield.open(0, Flow { flags: FLOW_RTP | FLOW_RTCP | FLOW_DTLS | FLOW_ICE, ..call(start) });
    for (payload, least) in [(Rtp::srtp(1).bytes(), 12), (rtcp(), 8), (dtls(), 13), (ice(REQUEST, None), 20)] {
        for len in 0..=payload.len() {
            let judged = shield.judge(&from(REMOTE, REMOTE_PORT, &payload[..len]).bytes(), start);
            let want = if len < least { NotMedia } else { Pinhole };
            assert_eq!(judged.reason, want, "{len} of {:?}", &payload[..least]);
        }
    }
}
