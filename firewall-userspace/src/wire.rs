//! From the kernel's copies of packets to whole SIP messages.
//!
//! Owns: datagrams out of fragments, TCP streams followed in order, where one message ends and the next begins, and a
//! bound on the memory that all this takes. Refuses: reading messages (`firewall_common::sip` does), clocks (times
//! stand in the records), and handing on what a stranger could have forged over TCP.
//!
//! # Who may be believed
//!
//! Anybody can send a segment with any source address. The server's stack drops it unless its numbers fit, but the
//! kernel program sees it before that, and so does this. What follows a stream here must therefore not be led by it: it
//! may neither make a message of the address that it pretends to come from, nor make the real messages of that address
//! be missed.
//!
//! Our own side's segments cannot be forged, and they say all that is needed. Each carries the number of its first
//! byte, and, as acknowledgement, the number of the next byte that the stack expects of the remote side. So:
//!
//! - **Only our side's segments make a connection here.** A SYN or SYN-ACK makes a handshake. A segment with data makes
//!   a connection, since a stack sends data only when the handshake is done; this is how connections are joined that
//!   are older than the daemon. A flood of segments from forged addresses makes nothing.
//! - **A handshake is done when a segment acknowledges exactly our SYN.** The number of our SYN is random, and only who
//!   receives what we send to that address knows it. That our SYN-ACK went out is no proof: a forger who sends a SYN
//!   chose its number, knows which number our side expects next, and could send fitting data; but he never sees the
//!   SYN-ACK. He has one chance in 2^32 a segment, the same as with the server itself.
//! - **Afterwards both numbers of a segment must be near to those that our side confirms**: the sequence number within
//!   64 KiB of the expected one, the acknowledgement within 64 KiB of what our side has sent (near, and not exact,
//!   because copies can be lost). To hit both takes 2^30 segments on average, once somebody knows both ports. What hits
//!   stands behind missing bytes then, and bytes that come in order win over bytes that came early (as in Linux), so
//!   that it is replaced by what the remote side really sends.
//! - **Bytes are given up only on our side's word.** When the stack acknowledges bytes that were not seen, copies of
//!   them were lost. They are given up when the next segment comes that is later than that word; so it does not matter
//!   if our side's record is read a little before that of the segment which it answers.
//! - Our side's segments are in order, because a socket sends under its lock, and the program at the egress sees them
//!   there. Bytes that are missing among them were lost, and are given up at once.
//! - A RST of the remote side counts only with exactly the expected number (RFC 5961 §3), and a SYN never does.
//!
//! - A segment that the kernel program dropped is handed on by itself, and only if it is the very next one of its connection.
//!
//! So all that is handed on with [`Via::Tcp`] came from an address that completed a handshake. Bytes are lost where
//! copies are; what is handed on then is the start of a message whose head was there, told as truncated, and whole
//! messages from the next start line on (see `wire/framing.rs`); never a message over a gap.
mod ahead;
mod class;
mod connection;
mod counts;
mod fragments;
pub mod frame;
mod framing;
mod half;
mod limits;
mod sequence;
mod streams;

pub use class::{Class, PerClass};
pub use counts::{Counts, FragmentCounts, StreamCounts};
pub use limits::{FragmentLimits, Limits, StreamLimits};

use firewall_common::copy::{CopyHead, Kind};
use firewall_common::packet::Protocol;

use crate::engine::input::{Direction, Flow, Seen, Via};
use fragments::Fragments;
use streams::Streams;

const UDP: u8 = Protocol::Udp as u8;
const TCP: u8 = Protocol::Tcp as u8;
const UDP_HEADER: usize = 8;

/// What is held of datagrams and streams that are not whole yet.
pub struct Wire {
    fragments: Fragments,
    streams: Streams,
    counts: Counts,
}

impl Wire {
    /// One that has seen nothing.
    pub fn new(limits: &Limits) -> Self {
        Self { fragments: Fragments::new(limits), streams: Streams::new(limits), counts: Counts::default() }
    }

    /// Takes a copy, and hands the messages that it completes to `sink`.
    ///
    /// Records come in the order of their times, as far as those of one direction of a connection go; and those of our
    /// side no later than those of the remote side that have the same time or a later one.
    pub fn take(&mut self, head: &CopyHead, payload: &[u8], sink: &mut impl FnMut(Seen<'_>)) {
        match (head.protocol, head.is_fragment()) {
            (UDP, false) => self.datagram(head, payload, sink),
            (UDP, true) => self.fragment(head, payload, sink),
            (TCP, false) => self.segment(head, payload, sink),
            (TCP, true) => self.counts.streams.fragments += 1,
            _ => self.counts.other += 1,
        }
    }

    /// What was counted since the start, and what is held now.
    pub fn counts(&self) -> Counts {
        let mut counts = self.counts;
        let as_counts = |(number, bytes)| (number as u64, bytes as u64);
        (counts.fragments.held, counts.fragments.held_bytes) = as_counts(self.fragments.held());
        (counts.streams.held, counts.streams.held_bytes) = as_counts(self.streams.held());
        counts
    }

    fn datagram(&mut self, head: &CopyHead, payload: &[u8], sink: &mut impl FnMut(Seen<'_>)) {
        let truncated = payload.len() < head.total as usize;
        self.counts.datagrams += 1;
        self.counts.cut_datagrams += u64::from(truncated);
        let refused = head.refused();
        sink(Seen { time: head.time, flow: flow(head, Via::Udp), bytes: payload, truncated, refused });
    }

    fn fragment(&mut self, head: &CopyHead, payload: &[u8], sink: &mut impl FnMut(Seen<'_>)) {
        let counts = &mut self.counts.fragments;
        let Some(whole) = self.fragments.take(head, payload, counts) else { return };
        let Some((source, target, bytes)) = udp(&whole.bytes, whole.cut) else {
            counts.malformed += 1;
            return;
        };
        counts.datagrams += 1;
        counts.cut_datagrams += u64::from(whole.cut);
        let (remote_port, local_port) = if head.is_egress() { (target, source) } else { (source, target) };
        let flow = Flow { remote_port, local_port, ..flow(head, Via::Udp) };
        sink(Seen { time: head.time, flow, bytes, truncated: whole.cut, refused: None });
    }

    fn segment(&mut self, head: &CopyHead, payload: &[u8], sink: &mut impl FnMut(Seen<'_>)) {
        let flow = flow(head, Via::Tcp);
        if let Some(reason) = head.refused() {
            // Nobody gets it, so no stream goes on with it. Of what may be forged nothing is made.
            if self.streams.expect(head) {
                sink(Seen { time: head.time, flow, bytes: payload, truncated: true, refused: Some(reason) });
            }
            return;
        }
        let mut message =
            |bytes: &[u8], truncated| sink(Seen { time: head.time, flow, bytes, truncated, refused: None });
        self.streams.take(head, payload, &mut self.counts.streams, &mut message);
    }
}

fn flow(head: &CopyHead, via: Via) -> Flow {
    Flow {
        direction: if head.is_egress() { Direction::Out } else { Direction::In },
        remote: head.remote,
        remote_port: head.remote_port,
        local: head.local,
        local_port: head.local_port,
        via,
        kind: Kind::from_number(head.kind.into()),
        peer: head.peer,
    }
}

/// The ports and the payload of a UDP datagram, of which the end may be missing if it is `cut` (RFC 768).
fn udp(datagram: &[u8], cut: bool) -> Option<(u16, u16, &[u8])> {
    let (header, _) = datagram.split_first_chunk::<UDP_HEADER>()?;
    let [a, b, c, d, e, f, ..] = *header;
    let said = usize::from(u16::from_be_bytes([e, f]));
    let len = if cut { said.min(datagram.len()) } else { said };
    let payload = datagram.get(UDP_HEADER..len)?;
    Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]), payload))
}

#[cfg(test)]
mod tests;
