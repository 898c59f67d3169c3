//! What a session description can lead to, line by line (RFC 8866, RFC 4568, RFC 5763, RFC 8643).
//!
//! Owns: the machine that tells whether a message's media lines can lead to SRTP, over a window of fixed size; the words of
//! what is accepted; the mark of the firewall's refusals. Refuses: offers and answers and what they agree on (the daemon
//! knows these).
mod content;
mod keys;
mod line;
mod lines;
mod media_line;
mod message;
mod tag;
#[cfg(test)]
mod tests;

pub use line::read as read_line;
pub use lines::next as next_line;
pub use message::{Host, Reading, summarize};
pub use tag::{TAG, is_in, refusal_tag, words};

use crate::sip::Window;

/// What media lines may be, as bits of [`crate::policy::Policy::accepted`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted(u32);

impl Accepted {
    /// SRTP with keys in `a=crypto` (RFC 4568). Which suites, say the bits from [`Accepted::SUITES_SHIFT`] on.
    pub const SDES: u32 = 1;
    /// SRTP with keys by DTLS, announced by `a=fingerprint` (RFC 5763).
    pub const DTLS: u32 = 2;
    /// T.38 fax: `m=image`, UDPTL.
    pub const T38: u32 = 4;
    /// MSRP: `m=message` (RFC 4975).
    pub const MSRP: u32 = 8;
    /// `m=application`.
    pub const APPLICATION: u32 = 16;
    /// Any other medium or transport.
    pub const OTHER: u32 = 32;
    /// Where the bits of [`Suite`]s begin.
    pub const SUITES_SHIFT: u32 = 8;

    /// Both ways of agreeing on keys, every strong suite, MSRP and applications.
    pub const USUAL: Self = Self(
        Self::SDES
            | Self::DTLS
            | Self::MSRP
            | Self::APPLICATION
            | Suite::AesCm128Sha1_80.bit()
            | Suite::AesCm192Sha1_80.bit()
            | Suite::AesCm256Sha1_80.bit()
            | Suite::AeadAes128Gcm.bit()
            | Suite::AeadAes256Gcm.bit(),
    );

    /// Of these bits.
    pub const fn new(bits: u32) -> Self {
        Self(bits)
    }

    /// As a number.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether all of `bits` are set.
    pub const fn has(self, bits: u32) -> bool {
        self.0 & bits == bits
    }
}

macro_rules! suites {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal, $word:literal, $tag:literal;)+) => {
        /// A crypto suite of SDES (IANA registry "SRTP Crypto Suite Registrations").
        #[repr(u8)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Suite { $($(#[doc = $doc])+ $name = $number,)+ }

        impl Suite {
            /// Every suite.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name in `a=crypto`.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }

            /// Bytes that it adds to an RTP packet.
            pub const fn tag(self) -> u32 {
                match self { $(Self::$name => $tag),+ }
            }
        }
    };
}

suites! {
    /// RFC 4568.
    AesCm128Sha1_80 = 0, "AES_CM_128_HMAC_SHA1_80", 10;
    /// RFC 4568. Its short tag is meant for narrow links.
    AesCm128Sha1_32 = 1, "AES_CM_128_HMAC_SHA1_32", 4;
    /// RFC 4568.
    F8_128Sha1_80 = 2, "F8_128_HMAC_SHA1_80", 10;
    /// RFC 6188.
    AesCm192Sha1_80 = 3, "AES_192_CM_HMAC_SHA1_80", 10;
    /// RFC 6188.
    AesCm192Sha1_32 = 4, "AES_192_CM_HMAC_SHA1_32", 4;
    /// RFC 6188.
    AesCm256Sha1_80 = 5, "AES_256_CM_HMAC_SHA1_80", 10;
    /// RFC 6188.
    AesCm256Sha1_32 = 6, "AES_256_CM_HMAC_SHA1_32", 4;
    /// RFC 7714.
    AeadAes128Gcm = 7, "AEAD_AES_128_GCM", 16;
    /// RFC 7714.
    AeadAes256Gcm = 8, "AEAD_AES_256_GCM", 16;
}

impl Suite {
    /// The names that each goes by: the registered one, and what some wrote before RFC 6188 was finished.
    pub const NAMES: [(&'static str, Self); 13] = [
        (Self::AesCm128Sha1_80.word(), Self::AesCm128Sha1_80),
        (Self::AesCm128Sha1_32.word(), Self::AesCm128Sha1_32),
        (Self::F8_128Sha1_80.word(), Self::F8_128Sha1_80),
        (Self::AesCm192Sha1_80.word(), Self::AesCm192Sha1_80),
        (Self::AesCm192Sha1_32.word(), Self::AesCm192Sha1_32),
        (Self::AesCm256Sha1_80.word(), Self::AesCm256Sha1_80),
        (Self::AesCm256Sha1_32.word(), Self::AesCm256Sha1_32),
        (Self::AeadAes128Gcm.word(), Self::AeadAes128Gcm),
        (Self::AeadAes256Gcm.word(), Self::AeadAes256Gcm),
        ("AES_CM_192_HMAC_SHA1_80", Self::AesCm192Sha1_80),
        ("AES_CM_192_HMAC_SHA1_32", Self::AesCm192Sha1_32),
        ("AES_CM_256_HMAC_SHA1_80", Self::AesCm256Sha1_80),
        ("AES_CM_256_HMAC_SHA1_32", Self::AesCm256Sha1_32),
    ];

    /// Its bit in [`Accepted`].
    pub const fn bit(self) -> u32 {
        1 << (self as u32 + Accepted::SUITES_SHIFT)
    }

    /// The suite of this name, in any case: there are servers that take it so.
    pub fn from_word(word: &[u8]) -> Option<Self> {
        let is = |(name, _): &&(&str, Self)| name.as_bytes().eq_ignore_ascii_case(word);
        Self::NAMES.iter().find(is).map(|(_, suite)| *suite)
    }
}

/// What the media lines of a message offer: the bits of [`Accepted`], of all its active lines together.
///
/// Those of keys are only those of RTP's lines: the suite's bit of each usable `a=crypto`, [`Accepted::DTLS`] for a
/// fingerprint, wherever it stands. The others are kinds of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Summary(u32);

impl Summary {
    /// There is a line of RTP, with or without keys.
    pub const RTP: u32 = 64;
    /// Something was not understood, or not looked at.
    pub const UNSURE: u32 = 128;
    /// [`Accepted::T38`].
    pub const T38: u32 = Accepted::T38;
    /// [`Accepted::MSRP`].
    pub const MSRP: u32 = Accepted::MSRP;
    /// [`Accepted::APPLICATION`].
    pub const APPLICATION: u32 = Accepted::APPLICATION;
    /// [`Accepted::OTHER`].
    pub const OTHER: u32 = Accepted::OTHER;
    /// No active line.
    pub const NOTHING: Self = Self(0);

    const KINDS: u32 = Self::T38 | Self::MSRP | Self::APPLICATION | Self::OTHER;
    const SUITES: u32 = u32::MAX << Accepted::SUITES_SHIFT;

    /// Of these bits.
    pub const fn new(bits: u32) -> Self {
        Self(bits)
    }

    /// As a number.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Of the message in the window, which holds the first bytes of `total`, and whose headers begin at `headers`.
    pub fn of_message(w: &Window, headers: u32, total: u32) -> Self {
        summarize(&Host, w, headers, total)
    }
}

/// What an offer can lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prospect {
    /// No media: there is no active line, or no session description.
    Nothing,
    /// A line of RTP has keys that are accepted.
    Srtp,
    /// No line is RTP's, and one is of a kind that is accepted.
    Other,
    /// Neither: the offer is refused.
    Plain,
    /// There may be what was not understood, so nothing is said.
    Unsure,
}

/// What an offer can lead to where `accepted` is demanded. Other lines of the offer may still be plain: the answer decides,
/// and what it leaves plain stays closed (RFC 3264 §6, RFC 8643 §3.1).
#[inline(always)]
pub const fn leads(offer: Summary, accepted: Accepted) -> Prospect {
    let common = offer.0 & accepted.bits();
    let sdes = accepted.has(Accepted::SDES) && common & Summary::SUITES != 0;
    if sdes || common & Accepted::DTLS != 0 {
        Prospect::Srtp
    } else if offer.0 & Summary::UNSURE != 0 {
        Prospect::Unsure
    } else if offer.0 & (Summary::RTP | Summary::KINDS) == 0 {
        Prospect::Nothing
    } else if offer.0 & Summary::RTP == 0 && common & Summary::KINDS != 0 {
        Prospect::Other
    } else {
        Prospect::Plain
    }
}
