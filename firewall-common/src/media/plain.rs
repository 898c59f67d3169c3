//! Codecs whose frames have one size, so that a payload's length tells whether something was added to it.
//!
//! Owns: which codecs, and the comparison. Refuses: proof: who pads what he sends is not found out.
use super::record::{CODECS, Codec};

/// How many bytes a codec makes of how many units of the timestamp; 0 units: no such codec.
pub type Ratio = (u32, u32);

/// Whether a payload of `len` bytes, which is played for `units` of the timestamp, is as long as the codec makes it. SRTP's is
/// longer by the tag and the MKI (RFC 3711 §3.1).
#[inline(always)]
pub const fn looks_plain(len: u32, units: u32, (bytes, of): Ratio) -> bool {
    of != 0 && len != 0 && len as u64 * of as u64 == units as u64 * bytes as u64
}

/// The codec that was negotiated under a payload type.
#[inline(always)]
pub fn negotiated(codecs: &[Codec; CODECS], payload_type: u32) -> Ratio {
    let mut ratio = (0, 0);
    for codec in codecs {
        if u32::from(codec.payload_type) == payload_type && codec.units != 0 {
            ratio = (u32::from(codec.bytes), u32::from(codec.units));
        }
    }
    ratio
}

/// The codec that a payload type means without negotiation (RFC 3551 §6): G.711, GSM, G.722 and G.729.
#[inline(always)]
pub const fn well_known(payload_type: u32) -> Ratio {
    match payload_type {
        0 | 8 | 9 => (1, 1),
        3 => (33, 160),
        18 => (10, 80),
        _ => (0, 0),
    }
}
