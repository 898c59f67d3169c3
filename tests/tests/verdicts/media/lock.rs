//! To whom a pinhole is locked.
use firewall_common::media::{FLOW_BUNDLE, FLOW_DTLS, FLOW_ICE, Flow, How, lock_word};
use firewall_common::reason::Reason::{MediaSourceMismatch, NotMedia, Pinhole};
use firewall_tests::harness::{Row, Shield, row};
use firewall_tests::packets::media::{INDICATION, Rtp, dtls, ice, rtcp};

use super::{GUARDED, PROXY, REMOTE, REMOTE_PORT, STRANGER, Table, addr, call, from, guarded, soon};
use crate::UNLIMITED;

pub(super) fn tables() -> Vec<Table> {
    let start = soon();
    let table = |flags: u32, rows: Vec<(&str, &str, u16, Vec<u8>, bool)>| {
        let rows = rows.into_iter().map(|(what, src, port, payload, passes)| -> Row {
            let reason = if passes { Pinhole } else { MediaSourceMismatch };
            row(what, from(src, port, payload), reason).at(start)
        });
        guarded("", vec![Flow { flags: call(start).flags | flags, ..call(start) }], rows.collect())
    };
    let rtp = || Rtp::srtp(1).bytes();
    vec![
        table(
            0,
            vec![
                ("behind a NAT: from the signalling's address", PROXY, 7_000, rtp(), true),
                ("from there again", PROXY, 7_000, rtp(), true),
                ("from another port there", PROXY, 7_001, rtp(), false),
                ("the one of the session description takes it", REMOTE, REMOTE_PORT, rtp(), true),
                ("and keeps it", PROXY, 7_000, rtp(), false),
                ("also from the first", REMOTE, REMOTE_PORT, rtp(), true),
            ],
        ),
        table(
            0,
            vec![
                ("RTCP locks", PROXY, 7_000, rtcp(), true),
                ("so RTP comes from there too", PROXY, 7_001, rtp(), false),
                ("RTP from there", PROXY, 7_000, rtp(), true),
            ],
        ),
        table(
            FLOW_DTLS | FLOW_BUNDLE,
            vec![
                ("DTLS locks", PROXY, 7_000, dtls(), true),
                ("so RTP comes from there too", PROXY, 7_001, rtp(), false),
                ("RTP from there", PROXY, 7_000, rtp(), true),
            ],
        ),
        table(
            FLOW_ICE,
            vec![
                ("STUN does not lock", PROXY, 7_000, ice(INDICATION, None), true),
                ("so RTP may come from elsewhere", PROXY, 7_001, rtp(), true),
                ("and STUN still comes from beside it", PROXY, 7_000, ice(INDICATION, None), true),
                ("but not from a stranger", STRANGER, 7_000, ice(INDICATION, None), false),
            ],
        ),
    ]
}

#[test]
fn locks() {
    tables().iter().for_each(Table::hold);
}

#[test]
fn what_is_not_let_through_locks_nothing() {
    let start = soon();
    let mut shield = Shield::new(&format!("{GUARDED}{UNLIMITED}"));
    shield.open(0, call(start));
    let judged = shield.judge(&from(PROXY, 7_000, dtls()).bytes(), start);
    assert_eq!((judged.reason, shield.flow(0).locked_to()), (NotMedia, None));
    shield.judge(&from(PROXY, 7_000, Rtp::srtp(1).bytes()).bytes(), start);
    assert_eq!(shield.flow(0).lock, lock_word(How::Signalling, 7_000));
    // Whoever takes it begins a stream of his own.
    let other = Rtp { ssrc: 99, seq: 40_000, ..Rtp::srtp(1) };
    let frame = from(REMOTE, REMOTE_PORT, other.bytes()).bytes();
    assert_eq!((shield.rehearse(&frame, start).reason, shield.rehearse(&frame, start).monitored), (Pinhole, false));
    shield.judge(&frame, start);
    let flow = shield.flow(0);
    assert_eq!((flow.locked_to(), flow.changes), (Some((addr(REMOTE), REMOTE_PORT)), 0));
}
