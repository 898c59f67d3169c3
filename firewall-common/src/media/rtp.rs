//! The header of RTP (RFC 3550 §5.1, §5.3.1).
//!
//! Owns: reading it where it stands. Refuses: payloads, which SRTP encrypts.
use crate::packet::Bytes;

/// What a header says. Numbers of one width, because the kernel program hands it from one function to another.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Rtp {
    /// The payload type, without the marker.
    pub payload_type: u32,
    /// The sequence number.
    pub seq: u32,
    /// The timestamp.
    pub timestamp: u32,
    /// The source of the stream.
    pub ssrc: u32,
    /// Bytes behind the header and its extension: of SRTP with the tag and the MKI.
    pub payload: u32,
    /// Not zero if nothing can be told of the payload's length: it is padded, or the packet is a part of its datagram.
    pub vague: u32,
}

const FIXED: u32 = 12;
const EXTENSION: u32 = 4;

impl Rtp {
    /// The header at `at` of a payload of `len` bytes; nothing if it does not end inside.
    #[inline(always)]
    pub fn read<B: Bytes + ?Sized>(bytes: &B, at: u32, len: u32) -> Option<Self> {
        if len < FIXED {
            return None;
        }
        let (start, end) = (bytes.word(at)?, bytes.word(at + 4)?);
        let [first, second, s, t, ..] = start.to_le_bytes();
        let listed = FIXED + u32::from(first & 0x0f) * 4;
        let header = if first & 0x10 == 0 { listed } else { listed + extension(bytes, at + listed)? };
        // A frame may hold more than the datagram: padding of the link.
        let payload = len.checked_sub(header)?;
        Some(Self {
            payload_type: u32::from(second & 0x7f),
            seq: u32::from(u16::from_be_bytes([s, t])),
            timestamp: ((start >> 32) as u32).swap_bytes(),
            ssrc: ((end >> 32) as u32).swap_bytes(),
            payload,
            vague: u32::from(first & 0x20),
        })
    }
}

/// Bytes of a header extension, its own header included.
#[inline(always)]
fn extension<B: Bytes + ?Sized>(bytes: &B, at: u32) -> Option<u32> {
    let [_, _, a, b]: [u8; EXTENSION as usize] = bytes.read(at)?;
    Some(EXTENSION + u32::from(u16::from_be_bytes([a, b])) * 4)
}
