//! A stream of RTP (RFC 3550): G.711 in packets of 20 ms.
//!
//! Owns: its packets, one after another. Refuses: clocks.

/// Bytes of speech in a packet, and ticks of the timestamp.
const SPEECH: usize = 160;
const HEADER: usize = 12;
/// PCMA's static payload type (RFC 3551).
const PCMA: u8 = 8;

/// What a packet looks like from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Speech as it is: 172 bytes.
    Plain,
    /// Encrypted, with a tag of 80 bits: 182 bytes.
    Srtp80,
    /// Encrypted, with a tag of 128 bits (RFC 7714): 188 bytes.
    Gcm,
}

impl Shape {
    const fn tag(self) -> usize {
        match self {
            Self::Plain => 0,
            Self::Srtp80 => 10,
            Self::Gcm => 16,
        }
    }
}

/// A stream that goes on.
#[derive(Clone, Debug)]
pub struct Stream {
    shape: Shape,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// Marsaglia's xorshift64: bytes that say nothing.
    random: u64,
    bytes: Vec<u8>,
}

impl Stream {
    /// A stream of a source.
    pub fn new(shape: Shape, ssrc: u32) -> Self {
        let random = 0x9e37_79b9_7f4a_7c15 ^ u64::from(ssrc);
        Self { shape, ssrc, sequence: (random >> 48) as u16, timestamp: ssrc.rotate_left(9), random, bytes: Vec::new() }
    }

    /// The next packet.
    pub fn next_packet(&mut self) -> &[u8] {
        (self.sequence, self.timestamp) = (self.sequence.wrapping_add(1), self.timestamp.wrapping_add(SPEECH as u32));
        self.bytes.clear();
        self.bytes.extend_from_slice(&[0x80, PCMA]);
        self.bytes.extend_from_slice(&self.sequence.to_be_bytes());
        self.bytes.extend_from_slice(&self.timestamp.to_be_bytes());
        self.bytes.extend_from_slice(&self.ssrc.to_be_bytes());
        let len = HEADER + SPEECH + self.shape.tag();
        while self.bytes.len() < len {
            self.random ^= self.random << 13;
            self.random ^= self.random >> 7;
            self.random ^= self.random << 17;
            let quiet = if self.shape == Shape::Plain { 0xd5 } else { self.random as u8 };
            self.bytes.push(quiet);
        }
        &self.bytes
    }
}

/// The source of an RTP packet; nothing if it is none.
pub fn ssrc(packet: &[u8]) -> Option<u32> {
    let bytes = packet.get(8..HEADER)?.try_into().ok()?;
    (packet[0] >> 6 == 2).then(|| u32::from_be_bytes(bytes))
}

/// The payload type of an RTP packet.
pub fn payload_type(packet: &[u8]) -> Option<u8> {
    ssrc(packet).map(|_| packet[1] & 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_have_the_length_and_the_pace_that_the_codec_gives_them() {
        for (shape, len) in [(Shape::Plain, 172), (Shape::Srtp80, 182), (Shape::Gcm, 188)] {
            let mut stream = Stream::new(shape, 7);
            let first = stream.next_packet().to_vec();
            let second = stream.next_packet().to_vec();
            assert_eq!((first.len(), second.len(), ssrc(&first), payload_type(&first)), (len, len, Some(7), Some(8)));
            let number = |packet: &[u8]| u16::from_be_bytes([packet[2], packet[3]]);
            let time = |packet: &[u8]| u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]);
            assert_eq!(number(&second), number(&first).wrapping_add(1));
            assert_eq!(time(&second), time(&first).wrapping_add(160));
        }
    }
}
