//! What a session description can lead to, line by line (RFC 8866, RFC 4568, RFC 5763, RFC 8643).
//!
//! Owns: the machine that tells whether a message's media lines can lead to SRTP, over a window of fixed size. Refuses:
//! offers and answers and what they agree on (the daemon knows these).

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
    /// Its bit in [`Accepted`].
    pub const fn bit(self) -> u32 {
        1 << (self as u32 + Accepted::SUITES_SHIFT)
    }

    /// The suite of this name (RFC 4568 §9.1: names are case-sensitive).
    pub fn from_word(word: &[u8]) -> Option<Self> {
        Self::ALL.iter().copied().find(|suite| suite.word().as_bytes() == word)
    }
}
