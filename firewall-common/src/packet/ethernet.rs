//! Ethernet II with up to two VLAN tags (IEEE 802.1Q, 802.1ad).
//!
//! Owns: which network layer a frame carries and where it begins. Refuses: LLC/SNAP and every other EtherType, which
//! are other traffic.
use super::{Bytes, read};
use crate::reason::Reason;
use crate::verdict::{Flow, stop};
use core::ops::ControlFlow::Continue;

/// The network layers that the policy knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// RFC 894.
    V4,
    /// RFC 2464.
    V6,
}

const HEADER: u32 = 14;
const TAG: u32 = 4;

#[inline(always)]
pub(super) fn parse<B: Bytes + ?Sized>(frame: &B) -> Flow<(Kind, u32)> {
    let mut at = HEADER;
    let mut kind: [u8; 2] = read(frame, HEADER - 2, Reason::Truncated)?;
    if is_tag(kind) {
        kind = read(frame, at + 2, Reason::Truncated)?;
        at += TAG;
        if is_tag(kind) {
            kind = read(frame, at + 2, Reason::Truncated)?;
            at += TAG;
            if is_tag(kind) {
                return stop(Reason::VlanDepth);
            }
        }
    }
    match kind {
        [0x08, 0x00] => Continue((Kind::V4, at)),
        [0x86, 0xdd] => Continue((Kind::V6, at)),
        _ => stop(Reason::OtherTraffic),
    }
}

/// Customer tag, service tag, and the tag number in use before 802.1ad.
#[inline(always)]
const fn is_tag(kind: [u8; 2]) -> bool {
    matches!(kind, [0x81, 0x00] | [0x88, 0xa8] | [0x91, 0x00])
}
