//! Addresses that are nobody's on the Internet.
//!
//! Owns: the list, from the IANA IPv4 and IPv6 special-purpose address registries (RFC 6890). Refuses: the prefixes
//! for documentation, which no packet has, so that nothing depends on them and examples may use them.
use firewall_common::addr::{Addr, Prefix};

use super::prefix::covers;

/// Prefixes and what they are for.
const SPECIAL: &[(Prefix, &str)] = &[
    (v4([0, 0, 0, 0], 8), "this network"),
    (v4([10, 0, 0, 0], 8), "private"),
    (v4([100, 64, 0, 0], 10), "shared by a carrier's customers"),
    (v4([127, 0, 0, 0], 8), "loopback"),
    (v4([169, 254, 0, 0], 16), "link-local"),
    (v4([172, 16, 0, 0], 12), "private"),
    (v4([192, 0, 0, 0], 24), "reserved for protocols"),
    (v4([192, 168, 0, 0], 16), "private"),
    (v4([198, 18, 0, 0], 15), "for benchmarks"),
    (v4([224, 0, 0, 0], 4), "multicast"),
    (v4([240, 0, 0, 0], 4), "reserved"),
    (v6(0, 0, 128), "unspecified"),
    (v6(0, 1, 128), "loopback"),
    (v6(0xfc00, 0, 7), "private"),
    (v6(0xfe80, 0, 10), "link-local"),
    (v6(0xff00, 0, 8), "multicast"),
];

/// What a prefix is for, if it touches one that is nobody's on the Internet.
pub fn special(prefix: Prefix) -> Option<&'static str> {
    let touches = |special: Prefix| covers(special, prefix) || covers(prefix, special);
    SPECIAL.iter().find(|(special, _)| touches(*special)).map(|(_, what)| *what)
}

const fn v4(addr: [u8; 4], bits: u8) -> Prefix {
    Prefix::new(Addr::from_v4(addr), 96 + bits)
}

/// The prefix of an address by its first 16 bits and its last ones.
const fn v6(first: u128, last: u128, bits: u8) -> Prefix {
    Prefix::new(Addr::from_bytes((first << 112 | last).to_be_bytes()), bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entries::parse_prefix;

    #[test]
    fn special_addresses_are_known_and_no_other() {
        for text in
            ["10.1.2.3", "127.0.0.1", "192.168.0.0/24", "224.0.0.1", "255.255.255.255", "fd00::1", "::1", "8.0.0.0/5"]
        {
            assert!(special(parse_prefix(text).unwrap()).is_some(), "{text}");
        }
        for text in ["9.9.9.9", "203.0.113.7", "172.32.0.1", "100.128.0.1", "2001:db8::/32", "2a00::1", "11.0.0.0/8"] {
            assert_eq!(special(parse_prefix(text).unwrap()), None, "{text}");
        }
    }
}
