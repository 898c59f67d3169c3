//! ICE: who asks with the right USERNAME may send, from wherever he asks.
use firewall_common::maps::program::PROBE;
use firewall_common::media::{FLOW_DTLS, FLOW_ICE, Flow, username_hash};
use firewall_common::reason::Reason::{self, Learned, MediaSourceMismatch, NoPinhole, Pinhole};
use firewall_tests::harness::{Row, Shield, row};
use firewall_tests::packets::media::{INDICATION, REQUEST, Rtp, SUCCESS, attribute, dtls, ice};
use firewall_tests::packets::patched;

use super::{GUARDED, PORT, REMOTE, REMOTE_PORT, STRANGER, Table, call, from, guarded, soon};
use crate::{STRANGER_V6, UNLIMITED};

const NAME: &str = "Yr5h:kB9mQ2zX";
const ELSEWHERE: &str = "198.51.100.77";

fn flow(start: u64, name: &str) -> Flow {
    let flags = call(start).flags | FLOW_ICE | FLOW_DTLS;
    Flow { flags, ice: username_hash(name.as_bytes()), ..call(start) }
}

pub(super) fn tables() -> Vec<Table> {
    let start = soon();
    vec![
        guarded("", vec![flow(start, NAME)], checks(start)),
        guarded("", vec![flow(start, NAME)], answers(start))
            .prepared(move |shield| shield.sent_media(PORT, ELSEWHERE, 5_000, start)),
        guarded("", vec![Flow { flags: call(start).flags, ..flow(start, NAME) }], without(start)),
    ]
}

#[test]
fn checks_of_ice() {
    tables().iter().for_each(Table::hold);
}

fn rtp() -> Vec<u8> {
    Rtp::srtp(1).bytes()
}

fn checks(start: u64) -> Vec<Row> {
    let at = |what: &str, src: &str, port: u16, payload: Vec<u8>, reason: Reason| {
        row(what, from(src, port, payload), reason).at(start)
    };
    vec![
        at("RTP from a stranger", STRANGER, 5_000, rtp(), MediaSourceMismatch),
        at("a request without a name", STRANGER, 5_000, ice(REQUEST, None), MediaSourceMismatch),
        at("with another name", STRANGER, 5_000, ice(REQUEST, Some("Yr5h:kB9mQ2zY")), MediaSourceMismatch),
        at("with half of it", STRANGER, 5_000, ice(REQUEST, Some("Yr5h:kB9mQ2z")), MediaSourceMismatch),
        at("an indication with the name", STRANGER, 5_000, ice(INDICATION, Some(NAME)), MediaSourceMismatch),
        at("still no RTP", STRANGER, 5_000, rtp(), MediaSourceMismatch),
        at("a request with the name", STRANGER, 5_000, ice(REQUEST, Some(NAME)), Pinhole),
        at("DTLS from there", STRANGER, 5_000, dtls(), Pinhole),
        at("not from beside it", STRANGER, 5_001, rtp(), MediaSourceMismatch),
        at("RTP from there", STRANGER, 5_000, rtp(), Pinhole),
        at("not even from the one of the session description", REMOTE, REMOTE_PORT, rtp(), MediaSourceMismatch),
        at("but that one may be asked", REMOTE, REMOTE_PORT, ice(SUCCESS, None), Pinhole),
        at("another candidate", ELSEWHERE, 6_000, ice(REQUEST, Some(NAME)), Pinhole),
        at("asks again", ELSEWHERE, 6_000, ice(REQUEST, Some(NAME)), Pinhole),
        at("nominated late, it gets the lock", ELSEWHERE, 6_000, rtp(), Pinhole),
        at("the one before may have it back", STRANGER, 5_000, rtp(), Pinhole),
        at("a third one asks", STRANGER_V6, 7_000, ice(REQUEST, Some(NAME)), Pinhole),
        at("and sends", STRANGER_V6, 7_000, rtp(), Pinhole),
        at("so the first is forgotten", STRANGER, 5_000, rtp(), MediaSourceMismatch),
    ]
}

fn answers(start: u64) -> Vec<Row> {
    let at =
        |what: &str, payload: Vec<u8>, reason: Reason| row(what, from(ELSEWHERE, 5_000, payload), reason).at(start);
    vec![
        at("the answer to a check of ours", ice(SUCCESS, None), Learned),
        at("no request", ice(REQUEST, None), MediaSourceMismatch),
        at("no RTP", rtp(), MediaSourceMismatch),
        row("no answer of others", from(STRANGER, 5_000, ice(SUCCESS, None)), MediaSourceMismatch).at(start),
        row("nor to another port", from(ELSEWHERE, 5_000, ice(SUCCESS, None)).to(PORT + 1), NoPinhole).at(start),
    ]
}

/// Without ICE in the call, a name opens nothing.
fn without(start: u64) -> Vec<Row> {
    vec![row("the name", from(STRANGER, 5_000, ice(REQUEST, Some(NAME))), MediaSourceMismatch).at(start)]
}

#[test]
fn a_name_is_found_wherever_it_stands_and_however_long_it_is() {
    let start = soon();
    let mut shield = Shield::with_programs(&format!("{GUARDED}{UNLIMITED}"), &[PROBE]);
    shield.open(0, flow(start, NAME));
    for len in (1..40).chain([255, 256, 257, 511, 512, 513]) {
        let name: String = ('a'..='z').cycle().take(len).collect();
        shield.set_flow(0, flow(start, &name));
        let judge = |payload: Vec<u8>| shield.judge(&from(STRANGER, 5_000, payload).bytes(), start).reason;
        assert_eq!(judge(ice(REQUEST, Some(&name[1..]))), MediaSourceMismatch, "{len}");
        let whole = ice(REQUEST, Some(&name));
        // Behind the message's own length, though not behind the datagram's, its last byte does not count.
        let ends = PRIORITY + 4 + len as u16;
        assert_eq!(judge(patched(whole.clone(), 2, &(ends - 1).to_be_bytes())), MediaSourceMismatch, "{len}");
        assert_eq!(judge(behind(&whole, 16)), MediaSourceMismatch, "{len}");
        assert_eq!(judge(behind(&whole, 14)), Pinhole, "{len}");
        shield.set_flow(0, flow(start, &name));
        let judge = |payload: Vec<u8>| shield.judge(&from(STRANGER, 5_000, payload).bytes(), start).reason;
        assert_eq!(judge(patched(whole, 2, &ends.to_be_bytes())), Pinhole, "{len}");
    }
}

/// Bytes of the attribute before the name.
const PRIORITY: u16 = 8;

/// A message with `count` attributes more before its own.
fn behind(message: &[u8], count: usize) -> Vec<u8> {
    let body = [attribute(0x8022, b"x").repeat(count), message[20..].to_vec()].concat();
    patched([&message[..20], &body].concat(), 2, &(body.len() as u16).to_be_bytes())
}
