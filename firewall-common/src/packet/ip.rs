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
    let header_len = u32::from(header[0] & 0x0f) * 4;
    let total_len = u32::from(u16::from_be_bytes([header[2], header[3]]));
    let bad = header[0] >> 4 != 4 || header_len < V4_HEADER || total_len < header_len || at + total_len > frame.total();
    if bad {
        return stop(Reason::MalformedIp);
    }
    let place = u16::from_be_bytes([header[6], header[7]]);
    let (more, offset) = (place & 0x2000 != 0, u32::from(place & 0x1fff) * 8);
    let id = u32::from(u16::from_be_bytes([header[4], header[5]]));
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
    let payload_len = u32::from(u16::from_be_bytes([fixed[4], fixed[5]]));
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
const UDP: u8 = 17;

/// How the length of each extension header is told: its unit in bytes times the header's second byte plus a constant
/// number of units. A table, and not a match, because the kernel's verifier follows every arm of a match.
static EXTENSIONS: [Extension; 256] = {
    let mut table = [Extension { unit: 0, plus: 0, fragment: 0 }; 256];
    // RFC 8200 §4.2: hop-by-hop, routing, destination options; RFC 6275, 7401 and 5533: mobility, HIP, shim6.
    let eights = [HOP_BY_HOP, 43, 60, 135, 139, 140];
    let mut i = 0;
    while i < eights.len() {
        table[eights[i] as usize] = Extension { unit: 8, plus: 1, fragment: 0 };
        i += 1;
    }
    // RFC 4302 §2.2: the authentication header counts four-byte words, less two.
    table[51] = Extension { unit: 4, plus: 2, fragment: 0 };
    // RFC 8200 §4.5: the fragment header's second byte is reserved.
    table[44] = Extension { unit: 8, plus: 1, fragment: 1 };
    table
};

#[derive(Clone, Copy)]
struct Extension {
    /// 0: not an extension header.
    unit: u8,
    plus: u8,
    fragment: u8,
}

/// Walks the chain; the number of the header after it, where that begins, and which part of a datagram follows.
#[inline(always)]
fn extension_headers<B: Bytes + ?Sized>(frame: &B, mut number: u8, mut at: u32, end: u32) -> Flow<(u8, u32, Part)> {
    let mut part = Part::default();
    for _ in 0..MAX_EXTENSION_HEADERS {
        let kind = EXTENSIONS[number as usize];
        if kind.unit == 0 {
            return Continue((number, at, part));
        }
        let head: [u8; 8] = read(frame, at, Reason::MalformedIp)?;
        let is_fragment = kind.fragment != 0;
        let words = if is_fragment { 0 } else { u32::from(head[1]) };
        let next = frame.forget(at + (words + u32::from(kind.plus)) * u32::from(kind.unit)) & MAX_AT;
        if next > end {
            return stop(Reason::MalformedIp);
        }
        (number, at) = (frame.forget(u32::from(head[0])) as u8, next);
        if is_fragment {
            part = fragment(frame, head);
        }
        if part.offset != 0 {
            // What follows is the middle of a datagram, not a header.
            break;
        }
    }
    if EXTENSIONS[number as usize].unit == 0 {
        return Continue((number, at, part));
    }
    if part.offset == 0 {
        return stop(Reason::HeaderChain);
    }
    // A datagram whose extension headers stand behind the fragment header. Its first fragment tells the transport; a
    // later one is held to the rules for sources all the same.
    Continue((UDP, at, part))
}

/// No header begins behind this: two tags, the fixed header and the longest extension headers take 12,350 bytes.
const MAX_AT: u32 = 0x3fff;

#[inline(always)]
fn fragment<B: Bytes + ?Sized>(frame: &B, head: [u8; 8]) -> Part {
    let place = u16::from_be_bytes([head[2], head[3]]);
    let part =
        Part::new(u32::from_be_bytes([head[4], head[5], head[6], head[7]]), u32::from(place & 0xfff8), place & 1 != 0);
    Part { fragmented: frame.forget(part.fragmented), ..part }
}
