//! "prefer", and a stage that is monitored: all is judged and counted, and passes.
use firewall_common::limiter::Limit;
use firewall_common::media::{FLOW_REFUSED, Flow};
use firewall_common::reason::Reason::{
    Denied, MalformedUdp, MediaRate, MediaSourceMismatch, NoPinhole, NotMedia, Pinhole, PlainMedia, RefusedMedia,
};
use firewall_tests::harness::{Row, SECOND, Shield, deny, row};
use firewall_tests::packets::media::{Rtp, dtls};

use super::{GUARDED, PORT, REMOTE, REMOTE_PORT, STRANGER, Table, addr, call, from, soon};
use crate::UNLIMITED;

pub(super) fn tables() -> Vec<Table> {
    let start = soon();
    [GUARDED.replace("srtp-only", "prefer"), format!("monitor = [\"media\"]\n{GUARDED}")]
        .into_iter()
        .map(|config| {
            Table::unlimited(&config, rows(start)).entries(vec![deny(1, "198.51.100.66", None)]).prepared(
                move |shield| {
                    let flags = call(start).flags;
                    shield.open(0, Flow { limit: Limit::new(1, SECOND, 20), ..call(start) });
                    shield.open(1, Flow { flags: flags | FLOW_REFUSED, remote: addr("203.0.113.51"), ..call(start) });
                },
            )
        })
        .collect()
}

#[test]
fn preferred() {
    tables().iter().for_each(Table::hold);
}

fn rows(start: u64) -> Vec<Row> {
    let at = |what: &str, frame, reason| row(what, frame, reason).at(start);
    let rtp = |n| Rtp::g711(n).bytes();
    let of = |n| from(REMOTE, REMOTE_PORT, rtp(n));
    let mut rows = vec![
        at("to a port without a call", from(STRANGER, 1, rtp(1)).to(PORT + 1), NoPinhole).monitored(),
        at("of no party", from(STRANGER, 1, rtp(1)), MediaSourceMismatch).monitored(),
        at("of a refused call", from("203.0.113.51", REMOTE_PORT, rtp(1)), RefusedMedia).monitored(),
        at("what is no media", from(REMOTE, REMOTE_PORT, dtls()), NotMedia).monitored(),
        at("from a denied source", from("198.51.100.66", 1, rtp(1)), Denied).detail(1),
        at("malformed", of(1).udp_len(3), MalformedUdp),
    ];
    rows.extend((1..4).map(|n| at("the call's", of(n), Pinhole)));
    rows.extend((4..21).map(|n| at("which is plain", of(n), PlainMedia).monitored()));
    rows.push(at("and comes too fast, which is told first", of(21), MediaRate).monitored());
    rows
}

#[test]
fn what_is_only_let_through_because_nothing_is_enforced_takes_no_lock() {
    let start = soon();
    let mut shield = Shield::new(&format!("{}{UNLIMITED}", GUARDED.replace("srtp-only", "prefer")));
    shield.open(0, call(start));
    shield.judge(&from(STRANGER, 1, Rtp::srtp(1).bytes()).bytes(), start);
    shield.judge(&from(REMOTE, REMOTE_PORT, dtls()).bytes(), start);
    assert_eq!((shield.flow(0).locked_to(), shield.flow(0).packets, shield.flow(0).mismatches), (None, 0, 1));
}
