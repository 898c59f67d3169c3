//! Media: RTP, RTCP, DTLS and STUN, as far as anybody reads it.
//!
//! Owns: headers and attributes. Refuses: encryption: what is behind a header is noise anyway.

/// An RTP packet (RFC 3550 §5.1) in the making.
#[derive(Clone, Copy, Debug)]
pub struct Rtp {
    /// The payload type.
    pub payload_type: u8,
    /// The sequence number.
    pub seq: u16,
    /// The timestamp.
    pub timestamp: u32,
    /// The source of the stream.
    pub ssrc: u32,
    /// Bytes behind the header.
    pub payload: usize,
    /// Words of the header extension, if there is one.
    pub extension: Option<u16>,
    /// How many contributing sources are listed.
    pub listed: u8,
    /// Whether the payload says that it is padded.
    pub padded: bool,
}

impl Rtp {
    /// A packet of G.711 with 20 ms, which is the `n`-th of its stream.
    pub const fn g711(n: u32) -> Self {
        let (seq, timestamp) = (n as u16, n.wrapping_mul(160));
        Self { payload_type: 0, seq, timestamp, ssrc: 7, payload: 160, extension: None, listed: 0, padded: false }
    }

    /// The same, encrypted, with a tag of 80 bits (RFC 3711 §3.1).
    pub const fn srtp(n: u32) -> Self {
        Self { payload: 170, ..Self::g711(n) }
    }

    /// The whole packet.
    pub fn bytes(self) -> Vec<u8> {
        let flags = 0x80 | self.listed | u8::from(self.extension.is_some()) << 4 | u8::from(self.padded) << 5;
        let mut bytes = vec![flags, self.payload_type];
        bytes.extend(self.seq.to_be_bytes());
        bytes.extend(self.timestamp.to_be_bytes());
        bytes.extend(self.ssrc.to_be_bytes());
        bytes.extend((0..self.listed).flat_map(|n| [0, 0, 0, n]));
        if let Some(words) = self.extension {
            bytes.extend([0xbe, 0xde]);
            bytes.extend(words.to_be_bytes());
            bytes.resize(bytes.len() + 4 * usize::from(words), 0);
        }
        bytes.resize(bytes.len() + self.payload, 0x5a);
        bytes
    }
}

/// A receiver report with a tag (RFC 3550 §6.4.2).
pub fn rtcp() -> Vec<u8> {
    [&[0x81, 201, 0, 7, 0, 0, 0, 7][..], &[0x5a; 38]].concat()
}

/// The first record of a DTLS handshake.
pub fn dtls() -> Vec<u8> {
    [&[22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40][..], &[1; 40]].concat()
}

/// What a STUN message is (RFC 8489 §5).
pub const REQUEST: u16 = 0x0001;
/// An answer to a request.
pub const SUCCESS: u16 = 0x0101;
/// What wants no answer.
pub const INDICATION: u16 = 0x0011;

/// A STUN message of a kind with attributes, and as ICE sends it with its priority before and its integrity behind.
pub fn ice(kind: u16, username: Option<&str>) -> Vec<u8> {
    let mut body = attribute(0x0024, &[0x6e, 0, 1, 0xff]);
    body.extend(username.into_iter().flat_map(|name| attribute(0x0006, name.as_bytes())));
    body.extend(attribute(0x0008, &[7; 20]));
    let mut bytes = kind.to_be_bytes().to_vec();
    bytes.extend((body.len() as u16).to_be_bytes());
    bytes.extend([0x21, 0x12, 0xa4, 0x42]);
    bytes.extend([9; 12]);
    bytes.extend(body);
    bytes
}

/// An attribute, padded to words (RFC 8489 §14).
pub fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = [kind.to_be_bytes(), (value.len() as u16).to_be_bytes()].concat();
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}
