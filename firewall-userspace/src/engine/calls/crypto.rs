//! `a=crypto` (RFC 4568 §9.1).
//!
//! Owns: the tag, the suite, and whether the session parameters leave it a protection. Refuses: keys, which are looked at
//! only to see that there is one.
use firewall_common::sdp::Suite;

/// Session parameters that turn a protection off (RFC 4568 §6.3).
const UNPROTECTED: [&str; 3] = ["UNENCRYPTED_SRTP", "UNENCRYPTED_SRTCP", "UNAUTHENTICATED_SRTP"];

/// One offer or choice of a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crypto {
    /// By which the answer names what it chose of the offer.
    pub(super) tag: u32,
    /// The suite, if it is known.
    pub(super) suite: Option<Suite>,
    /// Whether a session parameter turns encryption or authentication off.
    pub(super) unprotected: bool,
}

impl Crypto {
    /// Reads an attribute's value; nothing if it has no key.
    pub(super) fn read(value: &str) -> Option<Self> {
        let mut words = value.split_ascii_whitespace();
        let tag = words.next()?.parse().ok()?;
        let suite = Suite::from_word(words.next()?.as_bytes());
        let has_key = |one: &str| {
            let method = one.get(..7).is_some_and(|method| method.eq_ignore_ascii_case("inline:"));
            method && one.get(7..).is_some_and(|key| !key.is_empty() && !key.starts_with('|'))
        };
        if !words.next()?.split(';').all(has_key) {
            return None;
        }
        let unprotected = words.any(|param| UNPROTECTED.iter().any(|off| param.eq_ignore_ascii_case(off)));
        Some(Self { tag, suite, unprotected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_suites_and_session_parameters() {
        let read = |value: &str| Crypto::read(value).map(|it| (it.tag, it.suite, it.unprotected));
        let key = "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
        let (strong, short) = (Some(Suite::AesCm128Sha1_80), Some(Suite::AesCm128Sha1_32));
        for (value, expected) in [
            (format!("1 AES_CM_128_HMAC_SHA1_80 {key}|2^20|1:32"), Some((1, strong, false))),
            (format!("2  AES_CM_128_HMAC_SHA1_32\t{key};{key}|2^20 WSH=128"), Some((2, short, false))),
            (format!("1 AES_CM_128_HMAC_SHA1_80 {key} KDR=1 UNENCRYPTED_SRTP"), Some((1, strong, true))),
            (format!("1 AES_CM_128_HMAC_SHA1_80 {key} unauthenticated_srtp"), Some((1, strong, true))),
            (format!("1 AES_CM_128_HMAC_SHA1_80 {key} UNENCRYPTED_SRTCP"), Some((1, strong, true))),
            (format!("1 NULL {key}"), Some((1, None, false))),
            (format!("1 aes_cm_128_hmac_sha1_80 {key}"), Some((1, strong, false))),
            ("1 AES_CM_128_HMAC_SHA1_80 inline:".to_owned(), None),
            ("1 AES_CM_128_HMAC_SHA1_80 inline:|2^20".to_owned(), None),
            ("1 AES_CM_128_HMAC_SHA1_80".to_owned(), None),
            (format!("x AES_CM_128_HMAC_SHA1_80 {key}"), None),
            (String::new(), None),
        ] {
            assert_eq!(read(&value), expected, "{value}");
        }
    }
}
