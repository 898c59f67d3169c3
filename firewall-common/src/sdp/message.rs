//! A whole message: where its body is, what it is, and what the media lines in it can lead to.
//!
//! Owns: the way from the headers to the media lines, through the parts of a multipart body (RFC 2046 §5.1), and which keys
//! belong to which line. Refuses: parts within parts, encodings, and whatever lies behind the window: what is not
//! understood makes the summary unsure.
use super::content::{self, Field};
use super::lines::{self, CRLF, mark};
use super::{Accepted, Summary, keys, media_line};
use crate::sip::window::{EXAMINED, Window};

/// What loops over a window. The kernel program puts each behind a boundary of its own, so that its verifier follows it
/// once.
pub trait Reading {
    /// [`lines::next`].
    #[inline(always)]
    fn next(&self, w: &Window, from: u32, limit: u32, wanted: u32) -> u64 {
        lines::next(w, from, limit, wanted)
    }

    /// [`content::length`].
    #[inline(always)]
    fn length(&self, w: &Window, at: u32) -> u32 {
        content::length(w, at)
    }

    /// [`content::kind`].
    #[inline(always)]
    fn kind(&self, w: &Window, at: u32, limit: u32) -> u64 {
        content::kind(w, at, limit)
    }

    /// [`content::delimits`].
    #[inline(always)]
    fn delimits(&self, w: &Window, at: u32, boundary: u32, len: u32) -> u32 {
        content::delimits(w, at, boundary, len)
    }

    /// [`media_line::read`].
    #[inline(always)]
    fn media(&self, w: &Window, at: u32, limit: u32) -> u32 {
        media_line::read(w, at, limit)
    }

    /// [`keys::crypto`].
    #[inline(always)]
    fn crypto(&self, w: &Window, at: u32, limit: u32) -> u32 {
        keys::crypto(w, at, limit)
    }
}

/// Reading on the host.
pub struct Host;

impl Reading for Host {}

/// How many lines of the headers may be of interest.
const FIELDS: u32 = 16;
/// How many lines of the body may be of interest.
const STEPS: u32 = 64;

const HEADERS: u32 = mark::CONTENT | mark::COMPACT | mark::EMPTY;
const DESCRIPTION: u32 = mark::MEDIA | mark::CRYPTO | mark::FINGERPRINT | mark::CAPABILITY | mark::DASHES;

/// A body.
struct Body {
    /// Where it begins, and where it ends.
    at: u32,
    end: u32,
    /// [`content::kind`]'s answer; [`ABSENT`] without a Content-Type.
    kind: u64,
}

/// No Content-Type.
const ABSENT: u64 = 0xff;

/// What the session descriptions in the message can lead to whose headers begin at `headers`, and of whose `total` bytes
/// the window holds the first.
#[inline(always)]
pub fn summarize(reading: &impl Reading, w: &Window, headers: u32, total: u32) -> Summary {
    let Some(body) = body(reading, w, headers, total) else {
        return Summary::new(Summary::UNSURE);
    };
    let is_bare = body.kind == ABSENT && w.word(body.at) & 0xffff == u64::from(u16::from_le_bytes(*b"v="));
    match w.forget(body.kind as u32 & 0xff) {
        content::UNSURE => Summary::new(Summary::UNSURE),
        content::OTHER => Summary::NOTHING,
        content::SDP | content::MULTIPART => parts(reading, w, &body),
        _ if is_bare => parts(reading, w, &Body { kind: u64::from(content::SDP), ..body }),
        _ => Summary::NOTHING,
    }
}

/// Finds the body; none if it is not in the window whole, or the headers are not understood.
#[inline(always)]
fn body(reading: &impl Reading, w: &Window, headers: u32, total: u32) -> Option<Body> {
    let (mut kind, mut length) = (ABSENT, w.forget(u32::MAX));
    let mut from = w.forget(headers.wrapping_sub(1));
    for _ in 0..FIELDS {
        let found = reading.next(w, from, w.len(), HEADERS);
        let (at, marks) = (w.forget(found as u32), w.forget((found >> 32) as u32));
        if marks & mark::EMPTY != 0 {
            let at = w.forget(at + if w.word(at) & 0xffff == CRLF { 2 } else { 1 });
            return within(w, Body { at, end: length, kind }, total);
        }
        if marks & HEADERS == 0 {
            return None;
        }
        match content::field(w, at, marks) {
            Field::Type(at) => kind = stronger(kind, reading.kind(w, w.forget(at), w.len())),
            Field::Length(at) => length = w.forget(reading.length(w, w.forget(at))),
            Field::Other => {}
        }
        from = w.forget(at);
    }
    None
}

/// Of two Content-Types the one that makes the body a session description: no honest message has two.
#[inline(always)]
const fn stronger(old: u64, new: u64) -> u64 {
    if old == content::SDP as u64 { old } else { new }
}

/// The body, with the length that it says in place of its end, if it is in the window.
#[inline(always)]
fn within(w: &Window, body: Body, total: u32) -> Option<Body> {
    let end = w.forget(body.at.saturating_add(body.end));
    let end = if end > total { total } else { end };
    (w.forget(end) <= EXAMINED).then_some(Body { end, ..body })
}

/// What is known while the body is read.
struct Progress {
    summary: u32,
    /// The key bits that hold for every line of the description.
    session: u32,
    /// All bits if the latest media line is RTP's and active, otherwise none.
    line: u32,
    /// Not zero before the first media line of a description.
    is_session: u32,
}

impl Progress {
    const fn new(summary: u32) -> Self {
        Self { summary, session: 0, line: 0, is_session: 1 }
    }

    #[inline(always)]
    fn forget(self, w: &Window) -> Self {
        Self {
            summary: w.forget(self.summary),
            session: w.forget(self.session),
            line: w.forget(self.line),
            is_session: w.forget(self.is_session),
        }
    }

    /// Behind a media line that adds `bits`.
    #[inline(always)]
    const fn with_line(self, bits: u32) -> Self {
        let line = if bits & Summary::RTP != 0 { u32::MAX } else { 0 };
        Self { summary: self.summary | bits | self.session & line, session: self.session, line, is_session: 0 }
    }

    /// Behind a line that adds the key bits `bits`.
    #[inline(always)]
    const fn with_keys(self, bits: u32) -> Self {
        if self.is_session != 0 {
            // A crypto attribute there means nothing (RFC 4568 §9.1).
            Self { session: self.session | bits & Accepted::DTLS, ..self }
        } else {
            Self { summary: self.summary | bits & self.line, ..self }
        }
    }
}

/// In the headers of a part.
const IN_HEADERS: u32 = 1;
/// In a session description.
const IN_DESCRIPTION: u32 = 2;
/// In what is nothing of the kind.
const ELSEWHERE: u32 = 3;

/// Reads the description, or all that are parts of the body.
#[inline(always)]
fn parts(reading: &impl Reading, w: &Window, body: &Body) -> Summary {
    let (boundary, len) = (w.forget((body.kind >> 32) as u32), w.forget(body.kind as u32 >> 8));
    let mut place = w.forget(if len == 0 { IN_DESCRIPTION } else { ELSEWHERE });
    let mut part = w.forget(content::OTHER);
    let mut progress = Progress::new(0);
    let mut from = w.forget(body.at - 1);
    for _ in 0..STEPS {
        progress = progress.forget(w);
        let wanted = match w.forget(place) {
            IN_HEADERS => HEADERS | mark::DASHES,
            IN_DESCRIPTION => DESCRIPTION,
            _ => mark::DASHES,
        };
        let found = reading.next(w, from, body.end, w.forget(wanted));
        let (at, marks) = (w.forget(found as u32), w.forget((found >> 32) as u32));
        from = at;
        if marks == 0 {
            return Summary::new(progress.summary);
        }
        if marks & mark::LOST != 0 {
            break;
        }
        if marks & mark::DASHES != 0 {
            let is = if w.forget(len) == 0 { content::NO_PART } else { reading.delimits(w, at, boundary, len) };
            let is = w.forget(is);
            if is == content::LAST {
                return Summary::new(progress.summary);
            }
            if is == content::PART {
                (place, part) = (w.forget(IN_HEADERS), w.forget(content::OTHER));
                progress = Progress::new(progress.summary);
            }
        } else if marks & mark::EMPTY != 0 {
            place = w.forget(if part == content::SDP { IN_DESCRIPTION } else { ELSEWHERE });
        } else if marks & HEADERS != 0 {
            if let Field::Type(at) = content::field(w, at, marks) {
                part = w.forget(reading.kind(w, w.forget(at), body.end) as u32 & 0xff);
                if part == content::UNSURE || part == content::MULTIPART {
                    break;
                }
            }
        } else if marks & mark::MEDIA != 0 {
            progress = progress.with_line(reading.media(w, at, body.end));
        } else if marks & mark::CRYPTO != 0 {
            progress = progress.with_keys(reading.crypto(w, at, body.end));
        } else if marks & mark::FINGERPRINT != 0 {
            let offered = keys::fingerprint(w, at, body.end);
            progress = progress.with_keys(if offered { Accepted::DTLS } else { 0 });
        } else if keys::capability(w, at) {
            break;
        }
    }
    Summary::new(progress.summary | Summary::UNSURE)
}
