//! What the way from the kernel's copies to whole messages costs in user space.
//!
//! Owns: a datagram that goes straight through, and requests and answers on many TCP connections in turn. Refuses:
//! reading the messages.
use std::hint::black_box;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use firewall_common::addr::Addr;
use firewall_common::copy::{CopyHead, FLAG_EGRESS, FLAG_SYN, Kind};
use firewall_userspace::wire::{Limits, Wire};

use super::figure::Figure;
use super::race::Length;

/// So many that a connection's state is not in the nearest cache.
const CONNECTIONS: u32 = 1_000;

/// Measures; the cheapest trial counts.
pub(super) fn measure(length: Length) -> Vec<Figure> {
    let (request, answer) = (request(), answer());
    let udp = best(length, length.runs, datagrams(&request));
    let tcp = best(length, 2 * length.runs, streams(&request, &answer));
    vec![
        Figure::info("wire_udp", udp, "ns", "daemon: a copied datagram becomes a message"),
        Figure::info("wire_tcp", tcp, "ns", "daemon: a copied segment becomes a message"),
    ]
}

/// Nanoseconds for one of `items`.
fn best(length: Length, items: u32, mut trial: impl FnMut(u32)) -> f64 {
    let time = |_| {
        let begin = Instant::now();
        trial(length.runs);
        begin.elapsed()
    };
    let best = (0..length.trials).map(time).min().unwrap_or(Duration::ZERO);
    best.as_nanos() as f64 / f64::from(items)
}

fn datagrams(request: &[u8]) -> impl FnMut(u32) {
    let mut wire = Wire::new(&Limits::default());
    let head = CopyHead { protocol: 17, ..head(0, 0, 0, 0, request) };
    move |runs| {
        for _ in 0..runs {
            wire.take(black_box(&head), request, &mut |seen| {
                black_box(seen);
            });
        }
    }
}

/// A request and its answer a run, on one connection after the other.
fn streams(request: &[u8], answer: &[u8]) -> impl FnMut(u32) {
    let mut wire = Wire::new(&Limits::default());
    let mut numbers = vec![(1u32, 1u32); CONNECTIONS as usize];
    for connection in 0..CONNECTIONS {
        wire.take(&head(connection, FLAG_EGRESS | FLAG_SYN, 0, 1, b""), b"", &mut |_| {});
    }
    move |runs| {
        let mut messages = 0;
        for run in 0..runs {
            let connection = run % CONNECTIONS;
            let (theirs, ours) = &mut numbers[connection as usize];
            let mut take = |head, bytes| {
                wire.take(&head, bytes, &mut |seen| {
                    black_box(seen);
                    messages += 1;
                });
            };
            take(head(connection, 0, *theirs, *ours, request), request);
            *theirs = theirs.wrapping_add(request.len() as u32);
            take(head(connection, FLAG_EGRESS, *ours, *theirs, answer), answer);
            *ours = ours.wrapping_add(answer.len() as u32);
        }
        assert_eq!(messages, 2 * runs, "every segment is a message");
    }
}

fn head(connection: u32, flags: u16, seq: u32, ack: u32, bytes: &[u8]) -> CopyHead {
    CopyHead {
        time: 1,
        remote: Addr::from(Ipv4Addr::from(0xcb00_7100 + connection)),
        local: Addr::from(Ipv4Addr::new(198, 51, 100, 1)),
        len: bytes.len() as u32,
        total: bytes.len() as u32,
        seq,
        fragment_id: ack,
        fragment_offset: 0,
        peer: 0,
        remote_port: 40_000,
        local_port: 5060,
        flags,
        protocol: 6,
        kind: Kind::Stranger as u8,
    }
}

fn request() -> Vec<u8> {
    let credentials = "Digest username=\"100\", realm=\"pbx.example\", nonce=\"ZmY1MDkwMTIzNDU2Nzg5MGFiY2RlZg\", \
        uri=\"sip:pbx.example\", response=\"6629fae49393a05397450978507c4ef1\", algorithm=MD5, cnonce=\"0a4f113b\", \
        qop=auth, nc=00000001";
    format!(
        "REGISTER sip:pbx.example SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.7:40000;branch=z9hG4bK776asdhds;rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:100@pbx.example>;tag=456248\r\nTo: <sip:100@pbx.example>\r\n\
         Call-ID: 843817637684230@998sdasdh09\r\nCSeq: 1827 REGISTER\r\n\
         Contact: <sip:100@192.0.2.7:40000;transport=tcp>;expires=300\r\nUser-Agent: phone 1.0\r\n\
         Authorization: {credentials}\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

fn answer() -> Vec<u8> {
    b"SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/TCP 192.0.2.7:40000;branch=z9hG4bK776asdhds;rport=40000\r\n\
      From: <sip:100@pbx.example>;tag=456248\r\nTo: <sip:100@pbx.example>;tag=9fxced76sl\r\n\
      Call-ID: 843817637684230@998sdasdh09\r\nCSeq: 1827 REGISTER\r\n\
      WWW-Authenticate: Digest realm=\"pbx.example\", nonce=\"ZmY1MDkwMTIzNDU2Nzg5MGFiY2RlZg\", qop=\"auth\"\r\n\
      Content-Length: 0\r\n\r\n"
        .to_vec()
}
