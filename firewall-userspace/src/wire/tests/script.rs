//! Conversations for tests: heads with the right numbers, and what comes out.
//!
//! Owns: the two ends of one connection, and one line for each message seen. Refuses: expectations.
use std::net::Ipv4Addr;

use firewall_common::addr::Addr;
use firewall_common::copy::{CopyHead, FLAG_EGRESS, FLAG_SYN, Kind};

use crate::engine::input::{Direction, Seen, Via};
use crate::wire::Wire;

pub(super) const MILLISECOND: u64 = 1_000_000;

/// A head of a UDP datagram that a stranger sends to our port 5060.
pub(super) fn head() -> CopyHead {
    CopyHead {
        time: 0,
        remote: Addr::from(Ipv4Addr::new(203, 0, 113, 7)),
        local: Addr::from(Ipv4Addr::new(198, 51, 100, 1)),
        len: 0,
        total: 0,
        seq: 0,
        fragment_id: 0,
        fragment_offset: 0,
        peer: 0,
        remote_port: 40_000,
        local_port: 5060,
        flags: 0,
        protocol: 17,
        kind: Kind::Stranger as u8,
    }
}

/// What was seen of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) bytes: Vec<u8>,
    pub(super) outgoing: bool,
    pub(super) cut: bool,
    pub(super) tcp: bool,
}

impl Told {
    pub(super) fn of(seen: &Seen<'_>) -> Self {
        Self {
            bytes: seen.bytes.to_vec(),
            outgoing: seen.flow.direction == Direction::Out,
            cut: seen.truncated,
            tcp: seen.flow.via == Via::Tcp,
        }
    }
}

/// A request with a body of some length.
pub(super) fn request(number: usize, body: usize) -> Vec<u8> {
    let text: String = (0..body).map(|at| if at % 60 == 59 { '\n' } else { 'v' }).collect();
    format!("MESSAGE sip:a@b SIP/2.0\r\nCSeq: {number} MESSAGE\r\nContent-Length: {body}\r\n\r\n{text}").into_bytes()
}

pub(super) fn response(number: usize) -> Vec<u8> {
    format!("SIP/2.0 401 Unauthorized\r\nCSeq: {number} REGISTER\r\nl:0\r\n\r\n").into_bytes()
}

/// A connection between a remote side and ours, as it really is: with the numbers that the two stacks would use.
pub(super) struct Talk {
    pub(super) wire: Wire,
    pub(super) head: CopyHead,
    /// The numbers of the next bytes of the remote side and of ours.
    pub(super) theirs: u32,
    pub(super) ours: u32,
    pub(super) told: Vec<Told>,
}

impl Talk {
    pub(super) fn new(wire: Wire, theirs: u32, ours: u32) -> Self {
        Self { wire, head: CopyHead { protocol: 6, ..head() }, theirs, ours, told: Vec::new() }
    }

    /// One of which the handshake was seen.
    pub(super) fn begun(wire: Wire, theirs: u32, ours: u32) -> Self {
        let mut talk = Self::new(wire, theirs, ours);
        talk.handshake();
        talk
    }

    /// The remote side connects to ours.
    pub(super) fn handshake(&mut self) {
        self.put(FLAG_SYN, self.theirs, 0, b"", 0);
        self.theirs = self.theirs.wrapping_add(1);
        self.put(FLAG_SYN | FLAG_EGRESS, self.ours, self.theirs, b"", 0);
        self.ours = self.ours.wrapping_add(1);
    }

    /// Any segment, a millisecond later than the last one.
    pub(super) fn put(&mut self, flags: u16, seq: u32, ack: u32, bytes: &[u8], missing: usize) {
        self.head.time += MILLISECOND;
        let (len, total) = (bytes.len() as u32, (bytes.len() + missing) as u32);
        let head = CopyHead { seq, fragment_id: ack, flags, len, total, ..self.head };
        let told = &mut self.told;
        self.wire.take(&head, bytes, &mut |seen| told.push(Told::of(&seen)));
    }

    /// A segment of the remote side that begins so many bytes behind its next byte.
    pub(super) fn receive_at(&mut self, offset: usize, bytes: &[u8]) {
        self.put(0, self.theirs.wrapping_add(offset as u32), self.ours, bytes, 0);
    }

    /// The next segment of the remote side.
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.receive_at(0, bytes);
        self.theirs = self.theirs.wrapping_add(bytes.len() as u32);
    }

    /// The next segment of our side, which has got all that the remote side sent.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.put(FLAG_EGRESS, self.ours, self.theirs, bytes, 0);
        self.ours = self.ours.wrapping_add(bytes.len() as u32);
    }

    /// The messages that came since the last call.
    pub(super) fn messages(&mut self) -> Vec<Vec<u8>> {
        self.told.drain(..).map(|told| told.bytes).collect()
    }
}
