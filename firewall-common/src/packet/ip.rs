//! IPv4 with options (RFC 791) and IPv6 with a bounded chain of extension headers (RFC 8200).
//!
//! Owns: addresses, the length of the packet as its own header says it, and the fragment's place. Refuses: reassembly,
//! and what is inside tunnels and ESP, which are other traffic.
use super::{Bytes, Packet, Part, protocol, read};
use crate::addr::Addr;
use crate::reason::Reason;
use crate::verdict::{Flow, stop};
use core::ops::ControlFlow::Continue;

/// How many IPv6 extension headers are followed. A legal packet has each kind once, destination options twice
/// (RFC 8200 §4.1): hop-by-hop, destination, routing, fragment, authentication, destination.
pub const MAX_EXTENSION_HEADERS: u32 = 6;

const V4_HEADER: u32 = 20;
const V6_HEADER: u32 = 40;

#[inline(always)]
pub(super) fn v4<B: Bytes + ?Sized>(frame: &B, at: u32) -> Flow<Packet> {
    let header: [u8; V4_HEADER as usize] = read(frame, at, Reason::MalformedIp)?;
    let header_len = ((header[0] & 0x0f) as u32) * 4;
    let total_len = u16::from_be_bytes([header[2], header[3]]) as u32;
    let bad = header[0] >> 4 != 4 || header_len < V4_HEADER || total_len < header_len || at + total_len > frame.total();
    if bad {
        return stop(Reason::MalformedIp);
    }
    let place = u16::from_be_bytes([header[6], header[7]]);
    let (more, offset) = (place & 0x2000 != 0, ((place & 0x1fff) as u32) * 8);
    let id = u16::from_be_bytes([header[4], header[5]]) as u32;
    let protocol = protocol(header[9])?;
    Continue(Packet {
        src: Addr::from_v4([header[12], header[13], header[14], header[15]]),
        dst: Addr::from_v4([header[16], header[17], header[18], header[19]]),
        protocol,
        at: at + header_len,
        len: total_len - header_len,
        part: Part::new(id, offset, more),
    })
}

#[inline(always)]
pub(super) fn v6<B: Bytes + ?Sized>(frame: &B, at: u32) -> Flow<Packet> {
    let fixed: [u8; 8] = read(frame, at, Reason::MalformedIp)?;
    let src = Addr::from_bytes(read(frame, at + 8, Reason::MalformedIp)?);
    let dst = Addr::from_bytes(read(frame, at + 24, Reason::MalformedIp)?);
    let payload_len = u16::from_be_bytes([fixed[4], fixed[5]]) as u32;
    if fixed[0] >> 4 != 6 || at + V6_HEADER + payload_len > frame.total() {
        return stop(Reason::MalformedIp);
    }
    // RFC 2675 §3: a jumbogram's own length field is zero and its first header is hop-by-hop.
    if payload_len == 0 && fixed[6] == HOP_BY_HOP {
        return stop(Reason::Jumbogram);
    }
    if src.is_v4() {
        return stop(Reason::MartianSource);
    }
    let end = at + V6_HEADER + payload_len;
    let (number, at, part) = extension_headers(frame, fixed[6], at + V6_HEADER, end)?;
    Continue(Packet { src, dst, protocol: protocol(number)?, at, len: end - at, part })
}

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION: u8 = 60;
const MOBILITY: u8 = 135;
const HOST_IDENTITY: u8 = 139;
const SHIM6: u8 = 140;

/// Walks the chain; the number of the header after it, where that begins, and which part of a datagram follows.
#[inline(always)]
fn extension_headers<B: Bytes + ?Sized>(frame: &B, mut number: u8, mut at: u32, end: u32) -> Flow<(u8, u32, Part)> {
    let mut part = Part::default();
    for _ in 0..MAX_EXTENSION_HEADERS {
        let len = match number {
            HOP_BY_HOP | ROUTING | DESTINATION | MOBILITY | HOST_IDENTITY | SHIM6 => {
                let [_, len]: [u8; 2] = read(frame, at, Reason::MalformedIp)?;
                (len as u32 + 1) * 8
            }
            // RFC 4302 §2.2: the authentication header counts four-byte words, less two.
            AUTHENTICATION => {
                let [_, len]: [u8; 2] = read(frame, at, Reason::MalformedIp)?;
                (len as u32 + 2) * 4
            }
            FRAGMENT => 8,
            _ => return Continue((number, at, part)),
        };
        let head: [u8; 8] = read(frame, at, Reason::MalformedIp)?;
        if at + len > end {
            return stop(Reason::MalformedIp);
        }
        let is_fragment = number == FRAGMENT;
        number = head[0];
        at += len;
        if is_fragment {
            let place = u16::from_be_bytes([head[2], head[3]]);
            let id = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
            part = Part::new(id, (place & 0xfff8) as u32, place & 1 != 0);
            if part.offset != 0 {
                // What follows is the middle of a datagram, not a header.
                return Continue((number, at, part));
            }
        }
    }
    match number {
        HOP_BY_HOP | ROUTING | FRAGMENT | AUTHENTICATION | DESTINATION | MOBILITY | HOST_IDENTITY | SHIM6 => {
            stop(Reason::HeaderChain)
        }
        _ => Continue((number, at, part)),
    }
}
