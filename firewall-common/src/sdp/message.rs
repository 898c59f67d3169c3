//! A whole message: where its body is, what it is, and what the media lines in it can lead to.
//!
//! Owns: the way from the headers to the media lines, through the parts of a multipart body (RFC 2046 §5.1), and which keys
//! belong to which line. Refuses: parts within parts, encodings, and whatever lies behind the window: what is not
//! understood makes the summary unsure.
//!
//! Nearly nothing here branches: the kernel's verifier would follow all that comes later once for each way.
use super::line::{self, Body, Effect};
use super::lines::{self, CRLF, mark};
use super::{Accepted, Suite, Summary, content};
use crate::bound::wrap;
use crate::sip::window::{EXAMINED, Window};

/// What loops over a window. The kernel program puts each behind a boundary of its own, so that its verifier follows it
/// once.
pub trait Reading {
    /// [`super::next_line`].
    #[inline(always)]
    fn next(&self, w: &Window, from: u32, limit: u32, wanted: u32) -> u64 {
        lines::next(w, from, limit, wanted)
    }

    /// [`super::read_line`].
    #[inline(always)]
    fn line(&self, w: &Window, found: u64, body: u64) -> u64 {
        line::read(w, found, body)
    }
}

/// Reading on the host.
pub struct Host;

impl Reading for Host {}

/// How many lines of the headers are read, or looked for in vain for a while.
const FIELDS: u32 = 24;
/// How many lines of the body, in the same way.
const LINES: u32 = 64;

const HEADERS: u32 = mark::CONTENT | mark::COMPACT | mark::EMPTY;
const DESCRIPTION: u32 = mark::MEDIA | mark::CRYPTO | mark::FINGERPRINT | mark::CAPABILITY | mark::DASHES;

/// What the session descriptions in the message can lead to whose headers begin at `headers`, and of whose `total` bytes
/// the window holds the first.
#[inline(always)]
pub fn summarize(reading: &impl Reading, w: &Window, headers: u32, total: u32) -> Summary {
    let Some((at, body)) = body(reading, w, headers, total) else {
        return Summary::new(Summary::UNSURE);
    };
    // Without a type it is what it looks like.
    let is_bare = w.word(at) & 0xffff == u64::from(u16::from_le_bytes(*b"v="));
    match w.forget(body.kind()) {
        content::UNSURE => return Summary::new(Summary::UNSURE),
        content::SDP | content::MULTIPART => {}
        content::OTHER => return Summary::NOTHING,
        _ if is_bare => {}
        _ => return Summary::NOTHING,
    }
    parts(reading, w, at, body)
}

/// Finds the body, and where it begins; none if it is not in the window whole, or the headers are not understood.
#[inline(always)]
fn body(reading: &impl Reading, w: &Window, headers: u32, total: u32) -> Option<(u32, Body)> {
    let (mut kind, mut length) = (0, w.forget(u32::MAX));
    let mut found = u64::from(w.forget(headers.wrapping_sub(1)));
    for _ in 0..FIELDS {
        found = reading.next(w, w.forget(found as u32), w.len(), HEADERS);
        if w.forget((found >> 32) as u32) & (mark::CONTENT | mark::COMPACT | mark::LOST) == 0 {
            break;
        }
        let effect = Effect::new(reading.line(w, found, Body::new(0, w.len()).number()));
        let keeps = effect.kind_mask() & !is_sdp(kind);
        kind = effect.kind() & keeps | kind & !keeps;
        length = w.forget(effect.length() & effect.length_mask() | length & !effect.length_mask());
    }
    if w.forget((found >> 32) as u32) & mark::EMPTY == 0 {
        return None;
    }
    let at = w.forget(found as u32);
    let at = w.forget(if w.word(at) & 0xffff == CRLF { at + 2 } else { at + 1 });
    let end = w.forget(at.saturating_add(length));
    let end = w.forget(if end > total { total } else { end });
    (end <= EXAMINED).then_some((at, Body::new(kind, end)))
}

/// All bits if the body is known to be a session description, otherwise none: of two Content-Types the one that says so
/// counts, and no honest message has two.
#[inline(always)]
const fn is_sdp(kind: u64) -> u64 {
    ((kind ^ content::SDP as u64).wrapping_sub(1) >> 63).wrapping_neg()
}

/// What is known while the body is read: a summary, and above its bits what is known of the lines to come. One number,
/// because the kernel's stack is small.
#[derive(Clone, Copy)]
struct Progress(u32);

impl Progress {
    /// The latest media line is RTP's and active.
    const RTP_LINE: u32 = 1 << 28;
    /// No media line of the description has come yet.
    const SESSION: u32 = 1 << 29;
    /// A fingerprint holds for every line of the description.
    const FINGERPRINT: u32 = 1 << 30;
    /// Above this many bits stands the [`place`].
    const PLACE_SHIFT: u32 = 24;

    #[inline(always)]
    const fn begin(place: u32) -> Self {
        Self(Self::SESSION | place << Self::PLACE_SHIFT)
    }

    #[inline(always)]
    const fn summary(self) -> u32 {
        self.0 & ((1 << Self::PLACE_SHIFT) - 1)
    }

    /// All bits if the flag is set, otherwise none.
    #[inline(always)]
    const fn mask(bits: u32, flag: u32) -> u32 {
        ((bits / flag) & 1).wrapping_neg()
    }

    /// Behind one more line. A crypto attribute before the first media line means nothing (RFC 4568 §9.1).
    #[inline(always)]
    fn with(self, effect: Effect) -> Self {
        let (media, part, bits) = (effect.media(), effect.part(), effect.bits());
        let rtp = Self::mask(self.0, Self::RTP_LINE) & !media | Self::mask(bits, Summary::RTP) & media;
        let session = Self::mask(self.0, Self::SESSION) & !media;
        let shared = Self::mask(self.0, Self::FINGERPRINT) | session & Self::mask(bits, Accepted::DTLS);
        let summary = self.summary() | bits & (media | rtp) | Accepted::DTLS & shared & rtp & media;
        let flags = (Self::RTP_LINE & rtp | Self::FINGERPRINT & shared) & !part | Self::SESSION & (session | part);
        let place = u32::from(NEXT[wrap::<64>(self.place() * 8 + effect.leads_to())]);
        Self(summary | flags | place << Self::PLACE_SHIFT)
    }

    #[inline(always)]
    const fn place(self) -> u32 {
        self.0 >> Self::PLACE_SHIFT & 7
    }
}

const _: () = assert!(Suite::ALL.len() as u32 + Accepted::SUITES_SHIFT <= Progress::PLACE_SHIFT);

/// Where in a body the reading stands.
mod place {
    /// In the headers of a part that is no session description, or not yet.
    pub(super) const HEADERS: u32 = 0;
    /// In the headers of a part that is one.
    pub(super) const SDP_HEADERS: u32 = 1;
    /// In a session description.
    pub(super) const DESCRIPTION: u32 = 2;
    /// In what is nothing of the kind.
    pub(super) const ELSEWHERE: u32 = 3;
    /// At the end.
    pub(super) const END: u32 = 4;
    /// At what is not understood.
    pub(super) const LOST: u32 = 5;
}

/// The lines of interest at each place.
static WANTED: [u32; 8] = [HEADERS | mark::DASHES, HEADERS | mark::DASHES, DESCRIPTION, mark::DASHES, 0, 0, 0, 0];

/// The place behind a line: a row of eight of [`Effect::leads_to`] for each place.
static NEXT: [u8; 64] = {
    let mut table = [0; 64];
    let mut at = 0;
    while at < 64 {
        table[at] = next(at as u32 / 8, at as u32 % 8) as u8;
        at += 1;
    }
    table
};

const fn next(place: u32, to: u32) -> u32 {
    match (place, to) {
        (_, line::TO_PART) => place::HEADERS,
        (_, line::TO_LAST) => place::END,
        (_, line::TO_NOTHING_KNOWN) => place::LOST,
        (place::HEADERS, line::TO_BODY) => place::ELSEWHERE,
        (place::SDP_HEADERS, line::TO_BODY) => place::DESCRIPTION,
        (place::HEADERS | place::SDP_HEADERS, line::TO_SDP) => place::SDP_HEADERS,
        (place::HEADERS | place::SDP_HEADERS, line::TO_OTHER) => place::HEADERS,
        _ => place,
    }
}

/// Reads the description, or all that are parts of the body that begins at `at`.
#[inline(always)]
fn parts(reading: &impl Reading, w: &Window, at: u32, body: Body) -> Summary {
    let has_parts = w.forget(body.boundary_len()) != 0;
    let place = w.forget(if has_parts { place::ELSEWHERE } else { place::DESCRIPTION });
    let (mut progress, mut at) = (Progress::begin(place), w.forget(at - 1));
    for _ in 0..LINES {
        let found = reading.next(w, at, w.forget(body.end()), WANTED[wrap::<8>(progress.place())]);
        at = w.forget(found as u32);
        if w.forget((found >> 32) as u32) == 0 {
            return Summary::new(progress.summary());
        }
        let effect = Effect::new(reading.line(w, found, body.number()));
        progress = Progress(w.forget(progress.with(effect).0));
        let place = w.forget(progress.place());
        if place >= place::END {
            return Summary::new(progress.summary() | ((w.forget(place) & 1) * Summary::UNSURE));
        }
    }
    Summary::new(progress.summary() | Summary::UNSURE)
}

const _: () = assert!(place::END & 1 == 0 && place::LOST & 1 == 1);
