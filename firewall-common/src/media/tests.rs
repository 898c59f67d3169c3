//! What is told of media packets, and whom flows are for.
mod flow;
mod learned;
mod packets;
mod plain;
mod stream;
mod stun;

use super::Rtp;

/// A packet as RFC 3550 §5.1 has it, from its parts.
struct Packet {
    rtp: Rtp,
    listed: u8,
    extension: Option<u16>,
    marker: bool,
}

impl Packet {
    fn bytes(&self) -> Vec<u8> {
        let Self { rtp, listed, extension, marker } = self;
        let first = 0x80 | listed | u8::from(extension.is_some()) << 4 | u8::from(rtp.vague != 0) << 5;
        let mut bytes = vec![first, rtp.payload_type as u8 | u8::from(*marker) << 7];
        bytes.extend((rtp.seq as u16).to_be_bytes());
        bytes.extend(rtp.timestamp.to_be_bytes());
        bytes.extend(rtp.ssrc.to_be_bytes());
        bytes.extend(vec![0xee; 4 * usize::from(*listed)]);
        if let Some(words) = extension {
            bytes.extend([0xbe, 0xde]);
            bytes.extend(words.to_be_bytes());
            bytes.extend(vec![0xdd; 4 * usize::from(*words)]);
        }
        bytes.extend(vec![0x5a; rtp.payload as usize]);
        bytes
    }
}
