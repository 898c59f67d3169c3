//! The first bytes of a TLS connection: which version its client speaks at most.
//!
//! Owns: the records of a ClientHello as far as its version (RFC 8446 §4.1.2, §5.1; RFC 6176 for the hello of SSL 2.0).
//! Refuses: extensions, and whatever comes later in a connection. A hello that goes on in another record or segment before its
//! version is none here: the server judges it.

/// How many bytes are looked at.
pub const LOOKED_AT: usize = 11;

/// A handshake's record, and SSL 3.0's and every later version's first byte.
const HANDSHAKE: u8 = 22;
const MAJOR: u8 = 3;
const CLIENT_HELLO: u8 = 1;
/// TLS 1.2, which a client that speaks 1.3 says too.
const TLS12: u32 = 0x0303;
/// A message's kind and length.
const HELLO_HEADER: u32 = 4;
/// The same, and the version.
const HELLO_MIN: u32 = HELLO_HEADER + 2;
/// Set in the first byte of a record of SSL 2.0.
const SSL2: u8 = 0x80;

/// Whether a segment that begins with this byte may be a hello: of no other is more looked at.
#[inline(always)]
pub const fn may_be_hello(first: u8) -> bool {
    first == HANDSHAKE || first & SSL2 != 0
}

/// Whether a segment of `len` bytes that begins with these opens a connection by a version below TLS 1.2 (RFC 8996), or by a
/// hello of SSL 2.0, whatever that offers. Lengths must fit one another, so that the middle of a record is not taken for one.
#[inline(always)]
pub const fn is_outdated(bytes: [u8; LOOKED_AT], len: u32) -> bool {
    let [kind, major, _, length_high, length_low, message, hello_high, hello_mid, hello_low, high, low] = bytes;
    if kind == HANDSHAKE {
        let (record, hello) = (word(length_high, length_low), word(hello_mid, hello_low));
        let fits = record >= HELLO_MIN && hello_high == 0 && hello + HELLO_HEADER >= record;
        return fits && major == MAJOR && message == CLIENT_HELLO && word(high, low) < TLS12;
    }
    // SSL 2.0: two bytes of length, the message, the version: 0.2, or that of a later one in an old client's hello.
    let [_, length_of_ssl2, message, major, minor, ..] = bytes;
    let is_version = (major == 0 && minor == 2) || (major == MAJOR && minor <= 4);
    let is_whole = word(kind & !SSL2, length_of_ssl2) + 2 == len;
    kind & SSL2 != 0 && is_whole && message == CLIENT_HELLO && is_version
}

#[inline(always)]
const fn word(high: u8, low: u8) -> u32 {
    (high as u32) << 8 | low as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: [u8; LOOKED_AT] = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 1];

    fn with(changes: &[(usize, u8)]) -> bool {
        let mut bytes = HELLO;
        changes.iter().for_each(|(at, byte)| bytes[*at] = *byte);
        is_outdated(bytes, 517)
    }

    #[test]
    fn a_hello_below_tls_1_2_is_outdated() {
        for (version, want) in
            [([3, 4], false), ([3, 3], false), ([3, 2], true), ([3, 1], true), ([3, 0], true), ([2, 0], true)]
        {
            for record in [0, 1, 3] {
                assert_eq!(with(&[(2, record), (9, version[0]), (10, version[1])]), want, "{record} {version:?}");
            }
        }
        for (what, changes) in [
            ("data", &[(0, 23)][..]),
            ("an alert", &[(0, 21)]),
            ("another major version", &[(1, 2)]),
            ("a server's hello", &[(5, 2)]),
            ("a hello shorter than its record", &[(7, 0)]),
            ("a hello of a megabyte", &[(6, 16)]),
            ("a record that ends before the version", &[(3, 0), (4, 5)]),
        ] {
            assert!(!with(changes), "{what}");
        }
        assert!(with(&[(3, 1)]), "a hello in two records");
    }

    #[test]
    fn a_hello_of_ssl_2_is_outdated_whatever_it_offers() {
        let hello = |changes: &[(usize, u8)], len| {
            let mut bytes = [0x80, 46, 1, 0, 2, 0, 21, 0, 0, 0, 16];
            changes.iter().for_each(|(at, byte)| bytes[*at] = *byte);
            is_outdated(bytes, len)
        };
        for (version, want) in [([0, 2], true), ([3, 0], true), ([3, 3], true), ([2, 0], false), ([3, 9], false)] {
            assert_eq!(hello(&[(3, version[0]), (4, version[1])], 48), want, "{version:?}");
        }
        assert!(!hello(&[(2, 4)], 48), "a server's");
        assert!(!hello(&[(0, 0)], 48), "no record of SSL 2.0");
        assert!(!hello(&[], 47) && !hello(&[], 49), "not the whole segment");
    }

    #[test]
    fn few_first_bytes_may_begin_a_hello() {
        assert!(may_be_hello(22) && may_be_hello(0x80) && !may_be_hello(23) && !may_be_hello(0));
    }
}
