//! Call codes: what they open, for what, and for how long.
use firewall_common::maps::program::PROBE;
use firewall_common::policy::NUMBERS_OPEN;
use firewall_common::reason::Reason::{CallCode, NumberDenied, Peer, Stranger};
use firewall_tests::harness::{Row, SECOND, Shield, now, row};

use super::{DENIED_ID, OPEN, PEERS, STRANGER, STRANGER_V6, UNLIMITED, lists, tcp, tune, udp};

/// Opens the class of +44, and no other.
const RIGHT: &str = "*123456*";
/// Opens another class.
const OTHER: &str = "*654321*";
const NEEDS_ID: u32 = 16;

pub(super) fn known(shield: &mut Shield) {
    shield.code("123456", &[3, 9]);
    shield.code("654321", &[4]);
}

pub(super) fn rows() -> Vec<Row> {
    let needs = |what: &str, user: &str| row(what, udp(STRANGER, &format!("sip:{user}@h")), CallCode).detail(NEEDS_ID);
    let passes = |what: &str, user: &str| row(what, udp(STRANGER, &format!("sip:{user}@h")), Stranger);
    vec![
        needs("without a code", "+44123"),
        needs("abroad without a code", "0044123"),
        passes("with its code", &format!("{RIGHT}+44123")),
        passes("with its code, in another way", &format!("{RIGHT}0044123")),
        passes("with its code, escaped", "%2a123456%2A%2B44-123"),
        needs("with another class's code", &format!("{OTHER}+44123")),
        needs("with a code that nobody has", "*000000*+44123"),
        needs("with a code of another length", "*12345*+44123"),
        needs("with a code behind a prefix", "9*123456*+44123"),
        needs("with two numbers", "*123456*+1+44123"),
        row("by IPv6", udp(STRANGER_V6, "sip:+44123@h"), CallCode).detail(NEEDS_ID),
        row("by TCP", tcp(STRANGER, "sip:*000000*+44123@h"), CallCode).detail(NEEDS_ID),
        row("a peer's without", udp(OPEN, "sip:+44123@h"), CallCode).peer(1).detail(NEEDS_ID),
        row("a peer's with its code", udp(OPEN, "sip:*123456*+44123@h"), Peer).peer(1).detail(1),
        passes("a number that needs none", &format!("{RIGHT}+33123")),
        row("a denied number", udp(STRANGER, "sip:*123456*+49900@h"), NumberDenied).detail(DENIED_ID),
    ]
}

/// A number that was dialled with its code is open for our own call to it; a rehearsal and a wrong code open nothing.
#[test]
fn a_code_opens_its_number_for_a_minute() {
    let text = format!("{PEERS}{UNLIMITED}");
    let mut shield = Shield::tuned(&text, &[PROBE], |generation| tune(generation, NUMBERS_OPEN));
    lists(&mut shield);
    known(&mut shield);
    let time = now();
    for user in ["+44123", "*654321*+44123", "*123456*+33123"] {
        shield.judge(&udp(STRANGER, &format!("sip:{user}@h")).bytes(), time);
    }
    shield.rehearse(&udp(STRANGER, "sip:*123456*+44123@h").bytes(), time);
    assert_eq!(["+44123", "+33123"].map(|number| shield.open_until(number)), [None, None]);
    shield.judge(&udp(STRANGER, "sip:*123456*011-44-123@h").bytes(), time);
    assert_eq!(shield.open_until("+44123"), Some(time + 60 * SECOND));
    assert_eq!(shield.open_until("+441234"), None);
}
