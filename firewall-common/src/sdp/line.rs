//! One line of interest, read.
//!
//! Owns: what it comes to, as one number. Refuses: what came before it.
use super::content::{self, Field};
use super::lines::mark;
use super::{Accepted, keys, media_line};
use crate::sip::window::Window;

/// What a line comes to: where it leads to (`TO_…`) in the lowest byte, with flags; what a Content-Type says as
/// [`content::kind`] has it, in the two bytes above; and a value in the upper half.
#[derive(Clone, Copy)]
pub(super) struct Effect(u64);

/// A body, or a part of a message before it is known where that is, in one number, because the kernel's stack is small: what
/// it is, as [`content::kind`] has it, and in the second quarter where it ends.
#[derive(Clone, Copy)]
pub(super) struct Body(u64);

impl Body {
    #[inline(always)]
    pub(super) const fn new(kind: u64, end: u32) -> Self {
        Self(kind & !0xffff_0000 | (end as u64 & 0xffff) << 16)
    }

    /// As a number, for [`read`].
    #[inline(always)]
    pub(super) const fn number(self) -> u64 {
        self.0
    }

    /// `OTHER`, `SDP` and their kin of [`content`]; 0 if nothing says so.
    #[inline(always)]
    pub(super) const fn kind(self) -> u32 {
        self.0 as u32 & 0xff
    }

    /// Where it ends.
    #[inline(always)]
    pub(super) const fn end(self) -> u32 {
        self.0 as u32 >> 16
    }

    /// Where its boundary stands.
    #[inline(always)]
    pub(super) const fn boundary(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// How long its boundary is; 0 without one.
    #[inline(always)]
    pub(super) const fn boundary_len(self) -> u32 {
        self.0 as u32 >> 8 & 0xff
    }
}

/// It leads nowhere else.
pub(super) const NOWHERE: u32 = 0;
/// To the headers of a part.
pub(super) const TO_PART: u32 = 1;
/// To the end of the last part.
pub(super) const TO_LAST: u32 = 2;
/// To the body, or to the part's.
pub(super) const TO_BODY: u32 = 3;
/// To a part that is a session description.
pub(super) const TO_SDP: u32 = 4;
/// To a part that is none.
pub(super) const TO_OTHER: u32 = 5;
/// To no end that is understood.
pub(super) const TO_NOTHING_KNOWN: u32 = 6;
const TO: u64 = 7;
/// The value is bits of a summary.
const OFFERS: u64 = 8;
/// It is a media line.
const IS_MEDIA: u64 = 16;
/// The value is a length.
const IS_LENGTH: u64 = 32;
/// It says what the body is.
const IS_TYPE: u64 = 64;

impl Effect {
    #[inline(always)]
    pub(super) const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Where it leads to.
    #[inline(always)]
    pub(super) const fn leads_to(self) -> u32 {
        (self.0 & TO) as u32
    }

    /// What the message's body is by it, in the lowest byte, with the length of its boundary in the next and the
    /// boundary's place in the upper half.
    #[inline(always)]
    pub(super) const fn kind(self) -> u64 {
        self.0 >> 8 & 0xffff | self.value() << 32
    }

    /// All bits if it says what the body is, otherwise none.
    #[inline(always)]
    pub(super) const fn kind_mask(self) -> u64 {
        self.mask(IS_TYPE)
    }

    /// The body's length by it.
    #[inline(always)]
    pub(super) const fn length(self) -> u32 {
        self.value() as u32
    }

    /// All bits if it says the body's length, otherwise none.
    #[inline(always)]
    pub(super) const fn length_mask(self) -> u32 {
        self.mask(IS_LENGTH) as u32
    }

    /// The bits of a summary that it adds.
    #[inline(always)]
    pub(super) const fn bits(self) -> u32 {
        (self.value() & self.mask(OFFERS)) as u32
    }

    /// All bits if it is a media line, otherwise none.
    #[inline(always)]
    pub(super) const fn media(self) -> u32 {
        self.mask(IS_MEDIA) as u32
    }

    /// All bits if a part begins, otherwise none.
    #[inline(always)]
    pub(super) const fn part(self) -> u32 {
        // Of the numbers only that of a part is 1 less one.
        ((self.0 & TO ^ TO_PART as u64).wrapping_sub(1) >> 63).wrapping_neg() as u32
    }

    #[inline(always)]
    const fn value(self) -> u64 {
        self.0 >> 32
    }

    /// All bits if the flag is set, otherwise none.
    #[inline(always)]
    const fn mask(self, flag: u64) -> u64 {
        ((self.0 / flag) & 1).wrapping_neg()
    }
}

/// Reads the line that [`super::lines::next`] `found`, in a [`Body`] of this number; an [`Effect`]'s number.
#[inline(always)]
pub fn read(w: &Window, found: u64, body: u64) -> u64 {
    let (body, limit) = (Body(body), w.forget(Body(body).end()));
    let (at, marks) = (w.forget(found as u32), w.forget((found >> 32) as u32));
    if marks & (mark::CONTENT | mark::COMPACT) != 0 {
        header(w, at, marks, limit)
    } else if marks & mark::EMPTY != 0 {
        u64::from(TO_BODY)
    } else if marks & mark::DASHES != 0 {
        dashes(w, at, body)
    } else if marks & mark::MEDIA != 0 {
        IS_MEDIA | offers(w.forget(media_line::read(w, at, limit)))
    } else if marks & mark::CRYPTO != 0 {
        offers(w.forget(keys::crypto(w, at, limit)))
    } else if marks & mark::FINGERPRINT != 0 {
        offers(w.forget(if keys::fingerprint(w, at, limit) { Accepted::DTLS } else { 0 }))
    } else {
        let is_capability = marks & mark::CAPABILITY != 0 && keys::capability(w, at);
        u64::from(if is_capability { TO_NOTHING_KNOWN } else { NOWHERE })
    }
}

#[inline(always)]
fn offers(bits: u32) -> u64 {
    OFFERS | u64::from(bits) << 32
}

#[inline(always)]
fn header(w: &Window, at: u32, marks: u32, limit: u32) -> u64 {
    match content::field(w, at, marks) {
        Field::Length(at) => IS_LENGTH | u64::from(content::length(w, w.forget(at))) << 32,
        Field::Type(at) => {
            let kind = content::kind(w, w.forget(at), limit);
            let to = match w.forget(kind as u32 & 0xff) {
                content::SDP => TO_SDP,
                content::OTHER => TO_OTHER,
                _ => TO_NOTHING_KNOWN,
            };
            IS_TYPE | u64::from(w.forget(to)) | (kind & 0xffff) << 8 | kind >> 32 << 32
        }
        Field::Other => u64::from(NOWHERE),
    }
}

#[inline(always)]
fn dashes(w: &Window, at: u32, body: Body) -> u64 {
    let len = w.forget(body.boundary_len());
    if len == 0 {
        return u64::from(NOWHERE);
    }
    u64::from(match w.forget(content::delimits(w, at, body.boundary(), len)) {
        content::PART => TO_PART,
        content::LAST => TO_LAST,
        _ => NOWHERE,
    })
}
