//! One TCP connection that our side has part in.
//!
//! Owns: which segments belong to it, and what becomes of bytes that are out of order or missing. Refuses: believing
//! the remote side's numbers further than our own side's confirm them (the reasons stand in [`super`]).
use firewall_common::copy::{CopyHead, FLAG_FIN, FLAG_RST};

use super::ahead::Ahead;
use super::framing::Framer;
use super::half::{Half, Output};
use super::sequence::distance;

/// How far a segment's numbers may be from the expected ones, in bytes: the largest window without scaling (RFC 9293
/// §3.8).
const WINDOW: i64 = 65_535;
/// Numbers of our own side that are further apart than this are of another connection.
const FAR: i64 = 1 << 20;

/// A handshake of which our side's part was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Handshake {
    /// The number of our first byte.
    pub(super) ours: u32,
    /// The number of the remote side's first byte, if our side has said it.
    pub(super) theirs: Option<u32>,
    /// When it was seen.
    pub(super) time: u64,
}

impl Handshake {
    /// Of a SYN that our side sends; with an acknowledgement, if it answers one.
    pub(super) fn of(head: &CopyHead) -> Self {
        let theirs = Some(head.ack()).filter(|ack| *ack != 0);
        Self { ours: head.seq.wrapping_add(1), theirs, time: head.time }
    }

    /// Whether the remote side's segment proves that it has our SYN, whose number nobody else can know.
    pub(super) fn is_answered(&self, head: &CopyHead) -> bool {
        let near = |theirs| (0..=WINDOW).contains(&distance(theirs, head.seq));
        head.ack() == self.ours && self.theirs.is_none_or(near)
    }
}

/// What became of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is none of the connection's.
    Misfit,
    /// It was taken.
    Taken,
    /// It was taken, and nothing will follow.
    Last,
}

pub(super) struct Connection {
    received: Half,
    sent: Half,
    ahead: Ahead,
    /// The number of the first byte that our side has not got, by its own word, and when it said so.
    confirmed: (u32, u64),
    /// When the last segment was taken.
    pub(super) seen: u64,
}

impl Connection {
    /// From its first byte on: `ours` and `theirs` are the numbers of the first bytes.
    pub(super) const fn opened(ours: u32, theirs: u32) -> Self {
        Self::new(ours, theirs, false)
    }

    /// From the middle, with a segment of our side.
    pub(super) const fn joined(head: &CopyHead) -> Self {
        Self::new(head.seq, head.ack(), true)
    }

    const fn new(ours: u32, theirs: u32, middle: bool) -> Self {
        Self {
            received: Half::new(theirs, Framer::new(middle, true)),
            sent: Half::new(ours, Framer::new(middle, false)),
            ahead: Ahead::new(theirs),
            confirmed: (theirs, 0),
            seen: 0,
        }
    }

    /// Whether it came of this handshake, of which our side repeats its part.
    pub(super) fn began_with(&self, handshake: &Handshake) -> bool {
        (-WINDOW..=0).contains(&distance(self.sent.next, handshake.ours))
    }

    /// A segment that the remote side sent, or somebody who pretends to be it.
    pub(super) fn receive(&mut self, head: &CopyHead, bytes: &[u8], ahead: usize, out: &mut Output<'_>) -> Fate {
        if !self.fits(head) {
            return Fate::Misfit;
        }
        self.seen = head.time;
        if head.flags & FLAG_RST != 0 {
            return if head.seq == self.received.next { Fate::Last } else { Fate::Misfit };
        }
        self.skip_lost(head, out);
        if distance(self.received.next, head.seq) <= 0 {
            self.received.follow(head.seq, bytes, head.total, out);
        } else if !self.ahead.keep(self.received.next, head.seq, bytes, ahead) {
            out.counts.ahead += 1;
        }
        self.catch_up(out);
        self.received.finish(head);
        self.fate()
    }

    /// A segment that our side sent. The kernel shows them in order, and nobody can forge one.
    pub(super) fn send(&mut self, head: &CopyHead, bytes: &[u8], out: &mut Output<'_>) -> Fate {
        let ahead = distance(self.sent.next, head.seq);
        if head.flags & FLAG_RST != 0 {
            return if ahead == 0 { Fate::Last } else { Fate::Misfit };
        }
        if ahead.abs() > FAR || distance(self.received.next, head.ack()).abs() > FAR {
            *self = Self::joined(head);
            out.counts.joined += 1;
        } else if ahead > 0 {
            self.sent.gap(ahead as u32, out);
        }
        self.seen = head.time;
        if distance(self.confirmed.0, head.ack()) > 0 {
            self.confirmed = (head.ack(), head.time);
        }
        self.sent.follow(head.seq, bytes, head.total, out);
        self.sent.finish(head);
        self.fate()
    }

    /// Whether both numbers are near to those that our side confirms.
    fn fits(&self, head: &CopyHead) -> bool {
        distance(self.next(), head.seq).abs() <= WINDOW && distance(self.sent.next, head.ack()).abs() <= WINDOW
    }

    /// Whether a segment of the remote side begins with the very next byte.
    pub(super) fn expects(&self, head: &CopyHead) -> bool {
        self.fits(head) && head.seq == self.next()
    }

    /// The number of the next byte of the remote side.
    fn next(&self) -> u32 {
        if distance(self.received.next, self.confirmed.0) > 0 { self.confirmed.0 } else { self.received.next }
    }

    /// Gives up what our side had got before this segment came, and that was not seen here: nobody will send it again.
    fn skip_lost(&mut self, head: &CopyHead, out: &mut Output<'_>) {
        let (to, time) = self.confirmed;
        if head.time <= time || distance(self.received.next, head.seq) <= 0 {
            return;
        }
        while distance(self.received.next, to) > 0 {
            let first = self.ahead.first().filter(|first| distance(*first, to) > 0).unwrap_or(to);
            self.received.gap(distance(self.received.next, first) as u32, out);
            self.catch_up(out);
        }
    }

    /// Takes what came early and is next now.
    fn catch_up(&mut self, out: &mut Output<'_>) {
        while let Some(bytes) = self.ahead.pull(self.received.next) {
            self.received.follow(self.received.next, &bytes, 0, out);
        }
    }

    fn fate(&self) -> Fate {
        if self.received.finished && self.sent.finished { Fate::Last } else { Fate::Taken }
    }

    /// Drops the bytes of incomplete messages.
    pub(super) fn forget(&mut self) {
        self.received.forget();
        self.sent.forget();
        self.ahead = Ahead::new(self.received.next);
    }

    /// Bytes held.
    pub(super) fn held(&self) -> usize {
        self.received.held() + self.sent.held() + self.ahead.held()
    }
}

impl Half {
    /// Whether nothing follows the segment, once all before it has come.
    fn finish(&mut self, head: &CopyHead) {
        self.finished |= head.flags & FLAG_FIN != 0 && head.seq.wrapping_add(head.total) == self.next;
    }
}
