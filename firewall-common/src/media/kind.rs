//! What a datagram at a media port is, by its first bytes (RFC 7983 §7, RFC 5761 §4).
//!
//! Owns: that table, and how long each kind is at least. Refuses: what is inside.
use super::record::{FLOW_DTLS, FLOW_ICE, FLOW_RTCP, FLOW_RTP};

/// What may share a media port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// STUN with the magic cookie (RFC 8489 §5).
    Stun,
    /// DTLS (RFC 5764 §5.1.2, RFC 9147 §4).
    Dtls,
    /// RTP version 2 (RFC 3550 §5.1).
    Rtp,
    /// RTCP version 2 (RFC 3550 §6).
    Rtcp,
    /// Anything else: ZRTP, TURN channels, what is too short, garbage.
    Other,
}

const STUN_HEADER: u32 = 20;
/// The magic cookie (RFC 8489 §5).
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
/// The header of a record (RFC 6347 §4.1). DTLS 1.3's may be shorter, but its record holds 16 bytes of tag at least.
const DTLS_HEADER: u32 = 13;
const RTP_HEADER: u32 = 12;
const RTCP_HEADER: u32 = 8;

impl Kind {
    /// The kind of a payload of `len` bytes by its first eight, the very first in the lowest bits, zeros behind its end.
    #[inline(always)]
    pub const fn of(head: u64, len: u32) -> Self {
        let (first, second) = (head as u8, (head >> 8) as u8);
        let (kind, least) = match first {
            0..=3 if (head >> 32) as u32 == u32::from_le_bytes(COOKIE) => (Self::Stun, STUN_HEADER),
            20..=63 => (Self::Dtls, DTLS_HEADER),
            // RTP with the marker bit and a payload type of 64 to 95, which is why nobody may use these.
            128..=191 if second >= 192 && second <= 223 => (Self::Rtcp, RTCP_HEADER),
            128..=191 => (Self::Rtp, RTP_HEADER),
            _ => (Self::Other, 0),
        };
        if len < least { Self::Other } else { kind }
    }

    /// Its bit in [`super::Flow::flags`]; 0 for what no flow is for.
    #[inline(always)]
    pub const fn bit(self) -> u32 {
        match self {
            Self::Stun => FLOW_ICE,
            Self::Dtls => FLOW_DTLS,
            Self::Rtp => FLOW_RTP,
            Self::Rtcp => FLOW_RTCP,
            Self::Other => 0,
        }
    }
}
