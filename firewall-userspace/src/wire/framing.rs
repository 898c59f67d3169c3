//! Where a message begins and ends in a stream (RFC 3261 §18.3).
//!
//! Owns: keep-alives between messages, waiting for a head and its body, and finding the next message after bytes that
//! are missing or are none. Refuses: holding bytes, and reading heads (`firewall_common::sip::message` does).
//!
//! Where the place in the stream is lost, a message begins again at a line that is a start line. A body may contain
//! such a line, so this can be led astray by whoever writes bodies. On what the remote side sends, he only deceives
//! about himself. On what our side sends he could make an answer of ours out of a text that the server passes on; so
//! there a message begins again only where a segment begins: servers write a message at once.
use firewall_common::sip::message::{announced, head_len};
use firewall_common::sip::start_line::START_LINE_MAX;
use firewall_common::sip::{Message, Method, Window, classify};

use super::counts::StreamCounts;

/// What to do with the bytes that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Wait for more of them.
    Wait,
    /// The first ones are of no message.
    Skip(usize),
    /// The first ones are a message.
    Whole(usize),
    /// The first ones are a message's; its other bytes will never be here.
    Cut(usize),
}

/// Where in a stream the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Between messages.
    Between,
    /// In a head, of which so many bytes hold no end.
    Head(usize),
    /// In a message of this length.
    Body(usize),
    /// In a body of which so many bytes are not wanted.
    Unwanted(usize),
    /// Nobody knows, but a line begins here, or a segment.
    Line,
    /// Nobody knows.
    Lost,
}

/// Reads one direction of a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Framer {
    place: Place,
    /// Whether a message may begin again at any line, and not just where a segment begins.
    any_line: bool,
}

impl Framer {
    /// At the start of a stream, or in the middle of one.
    pub(super) const fn new(middle: bool, any_line: bool) -> Self {
        Self { place: if middle { Place::Line } else { Place::Between }, any_line }
    }

    /// A segment begins, behind `waiting` bytes. Whether those are done with, because a message begins with it.
    pub(super) fn segment(&mut self, waiting: usize, bytes: &[u8]) -> bool {
        if self.place == Place::Lost {
            self.place = Place::Line;
        }
        waiting > 0 && self.place == Place::Line && first_line(bytes).is_some_and(|line| is_start_line(line, false))
    }

    /// What to do with `bytes`, of which those that an earlier step waited for are the first.
    pub(super) fn step(&mut self, bytes: &[u8], max: usize, counts: &mut StreamCounts) -> Step {
        if bytes.is_empty() {
            return Step::Wait;
        }
        match self.place {
            Place::Between | Place::Line => self.start(bytes, max, counts),
            Place::Head(searched) => self.head(bytes, searched, max, counts),
            Place::Body(len) => self.body(bytes, len),
            Place::Unwanted(left) => self.unwanted(bytes, left),
            Place::Lost => self.lost(bytes),
        }
    }

    /// `missing` bytes will never come. Whether the `waiting` bytes before them are to be handed on as a message cut
    /// short; in any case they are done with.
    pub(super) fn gap(&mut self, waiting: usize, missing: usize) -> bool {
        let (left, cut) = match self.place {
            Place::Body(len) => (len.checked_sub(waiting + missing), true),
            Place::Unwanted(left) => (left.checked_sub(missing), false),
            _ => (None, false),
        };
        self.place = match left {
            Some(0) => Place::Between,
            Some(left) => Place::Unwanted(left),
            None => Place::Line,
        };
        cut
    }

    fn start(&mut self, bytes: &[u8], max: usize, counts: &mut StreamCounts) -> Step {
        let empty = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if empty > 0 {
            return Step::Skip(empty);
        }
        let line = first_line(bytes);
        if line.is_none() && bytes.len() < START_LINE_MAX as usize {
            return Step::Wait;
        }
        // The end of a body, or the rest of a line, may look like a method that nobody knows.
        let any_method = self.place == Place::Between;
        let found = line.is_some_and(|line| is_start_line(line, any_method));
        match (found, self.place) {
            (true, Place::Line) => counts.resyncs += 1,
            (false, Place::Between) => counts.garbage += 1,
            _ => {}
        }
        if found { self.head(bytes, 0, max, counts) } else { self.no_start(bytes, line) }
    }

    fn no_start(&mut self, bytes: &[u8], line: Option<&[u8]>) -> Step {
        let line = line.filter(|_| self.any_line);
        self.place = if line.is_some() { Place::Line } else { Place::Lost };
        Step::Skip(line.unwrap_or(bytes).len())
    }

    fn head(&mut self, bytes: &[u8], searched: usize, max: usize, counts: &mut StreamCounts) -> Step {
        if let Some(len) = head_len(bytes, searched) {
            return self.framed(bytes, len, max, counts);
        }
        if bytes.len() <= max {
            self.place = Place::Head(bytes.len());
            return Step::Wait;
        }
        counts.oversized += 1;
        self.place = Place::Lost;
        Step::Skip(bytes.len())
    }

    /// With a head of `head` bytes. A stream has no other way to tell a body's end than its length, so that it must be
    /// there (RFC 3261 §20.14).
    fn framed(&mut self, bytes: &[u8], head: usize, max: usize, counts: &mut StreamCounts) -> Step {
        let Ok(Some(body)) = announced(&bytes[..head]) else {
            counts.unframed += 1;
            self.place = if self.any_line { Place::Line } else { Place::Lost };
            return Step::Skip(head);
        };
        let len = head + body as usize;
        if len > max && bytes.len() < len {
            counts.oversized += 1;
            self.place = Place::Unwanted(len - bytes.len());
            return Step::Cut(bytes.len());
        }
        self.body(bytes, len)
    }

    fn body(&mut self, bytes: &[u8], len: usize) -> Step {
        let whole = bytes.len() >= len;
        self.place = if whole { Place::Between } else { Place::Body(len) };
        if whole { Step::Whole(len) } else { Step::Wait }
    }

    fn unwanted(&mut self, bytes: &[u8], left: usize) -> Step {
        let skipped = left.min(bytes.len());
        self.place = if skipped == left { Place::Between } else { Place::Unwanted(left - skipped) };
        Step::Skip(skipped)
    }

    fn lost(&mut self, bytes: &[u8]) -> Step {
        let end = line_end(bytes).filter(|_| self.any_line);
        if end.is_some() {
            self.place = Place::Line;
        }
        Step::Skip(end.unwrap_or(bytes.len()))
    }
}

/// The first line with its end, if it is no longer than a start line may be.
fn first_line(bytes: &[u8]) -> Option<&[u8]> {
    let bytes = &bytes[..bytes.len().min(START_LINE_MAX as usize)];
    line_end(bytes).map(|end| &bytes[..end])
}

/// Where the first line ends.
fn line_end(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == b'\n').map(|at| at + 1)
}

/// As the kernel program judges it.
fn is_start_line(line: &[u8], any_method: bool) -> bool {
    let mut window = Window::new();
    window.fill(line);
    match classify(&window, START_LINE_MAX) {
        Some(Message::Request(method, _)) => any_method || method != Method::Extension,
        Some(Message::Response(_)) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
