//! Prefixes as people write them.
//!
//! Owns: their text, what is wrong with a wrong one, and which ones are too wide to add by accident. Refuses: names,
//! netmasks and ranges.
//!
//! In the 16-byte form all of IPv4 lies inside `::/0`. An operator who writes `::/0` means IPv6, so [`covers`] keeps the
//! two families apart.
use std::net::{IpAddr, Ipv6Addr};

use firewall_common::addr::{Addr, Prefix};
use ipnet::IpNet;
use thiserror::Error;

/// Bits of the 16-byte form before an IPv4 address.
const V4_BITS: u32 = 96;
/// An IPv4 prefix shorter than this needs force.
const V4_WIDEST: u32 = 8;
/// An IPv6 prefix of global unicast addresses shorter than this needs force.
const V6_WIDEST: u32 = 16;

/// Why a text is no prefix.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PrefixError {
    /// Nothing there.
    #[error("expected an address or a prefix, such as 198.51.100.7, 203.0.113.0/24 or 2001:db8::/32")]
    Empty,
    /// The part before the slash.
    #[error("`{0}` is no IPv4 or IPv6 address")]
    Address(String),
    /// The part after the slash.
    #[error("`/{length}` is no length of an {family} prefix: it is a number from 0 to {max}")]
    Length {
        /// What was written.
        length: String,
        /// IPv4 or IPv6.
        family: &'static str,
        /// The longest.
        max: u8,
    },
    /// Bits are set beyond the length.
    #[error("`{text}` has bits set beyond its length: the network is {network}, the address alone is {address}")]
    HostBits {
        /// What was written.
        text: String,
        /// The network it lies in.
        network: IpNet,
        /// The address without a length.
        address: IpAddr,
    },
}

/// A prefix so wide that it is more likely a slip than a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{} covers too much to be added without --force: {what}", prefix_text(*.prefix))]
pub struct TooWide {
    /// The prefix.
    pub prefix: Prefix,
    /// What it covers, in words.
    pub what: &'static str,
}

/// Reads an address or a prefix.
pub fn parse_prefix(text: &str) -> Result<Prefix, PrefixError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(PrefixError::Empty);
    }
    let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
    let ip: IpAddr = address.parse().map_err(|_| PrefixError::Address(address.to_owned()))?;
    let net = with_length(ip, length)?;
    if net.trunc() != net {
        return Err(PrefixError::HostBits { text: text.to_owned(), network: net.trunc(), address: ip });
    }
    Ok(from_net(net))
}

fn with_length(ip: IpAddr, length: Option<&str>) -> Result<IpNet, PrefixError> {
    let (family, max) = if ip.is_ipv4() { ("IPv4", 32) } else { ("IPv6", 128) };
    let Some(length) = length else {
        return Ok(IpNet::from(ip));
    };
    // A sign or a space would pass `parse`, or be lost by it.
    let digits = length.bytes().all(|b| b.is_ascii_digit());
    let number = if digits { length.parse().ok() } else { None };
    number.and_then(|bits| IpNet::new(ip, bits).ok()).ok_or_else(|| PrefixError::Length {
        length: length.to_owned(),
        family,
        max,
    })
}

fn from_net(net: IpNet) -> Prefix {
    let before = if net.addr().is_ipv4() { V4_BITS as u8 } else { 0 };
    Prefix::new(Addr::from(net.addr()), before + net.prefix_len())
}

/// The one text of a prefix: an address alone when it covers only that, otherwise with its length.
pub fn prefix_text(prefix: Prefix) -> String {
    let bits = prefix.bits;
    if bits == 128 {
        IpAddr::from(Addr::from_bytes(prefix.addr)).to_string()
    } else if is_v4(prefix) {
        format!("{}/{}", IpAddr::from(Addr::from_bytes(prefix.addr)), bits - V4_BITS)
    } else {
        format!("{}/{bits}", Ipv6Addr::from(prefix.addr))
    }
}

/// Whether it is a prefix of IPv4 addresses.
pub fn is_v4(prefix: Prefix) -> bool {
    prefix.bits >= V4_BITS && Addr::from_bytes(prefix.addr).is_v4()
}

/// Whether `inner` lies inside `outer` (or is it) and is of the same family.
pub fn covers(outer: Prefix, inner: Prefix) -> bool {
    outer.contains(inner) && is_v4(outer) == is_v4(inner)
}

/// Refuses what covers a good part of the Internet.
///
/// `fc00::/7` and `fe80::/10` are short but local, and legal wishes.
pub fn check_width(prefix: Prefix) -> Result<(), TooWide> {
    let too_wide = |what| Err(TooWide { prefix, what });
    let bits = prefix.bits;
    if is_v4(prefix) {
        return match bits - V4_BITS {
            0 => too_wide("all of IPv4"),
            n if n < V4_WIDEST => too_wide("an IPv4 prefix shorter than /8"),
            _ => Ok(()),
        };
    }
    let global = Prefix::new(Addr::from(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0)), 3);
    match bits {
        0 => too_wide("all of IPv6"),
        n if n < V6_WIDEST && (prefix.contains(global) || global.contains(prefix)) => {
            too_wide("global IPv6 addresses by a prefix shorter than /16")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn error(text: &str) -> String {
        parse_prefix(text).unwrap_err().to_string()
    }

    #[test]
    fn prefixes_read_back_as_written() {
        for text in
            ["203.0.113.0/24", "198.51.100.7", "0.0.0.0/0", "2001:db8::/32", "2001:db8::1", "::/0", "::", "::/96"]
        {
            assert_eq!(prefix_text(parse_prefix(text).unwrap()), text);
        }
        for (text, canonical) in [
            (" 198.51.100.7/32 ", "198.51.100.7"),
            ("2001:DB8:0::/48", "2001:db8::/48"),
            ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
        ] {
            assert_eq!(prefix_text(parse_prefix(text).unwrap()), canonical);
        }
    }

    #[test]
    fn host_bits_are_refused_with_the_right_network() {
        let said = error("203.0.113.9/24");
        assert!(said.contains("203.0.113.0/24") && said.contains("203.0.113.9"), "{said}");
        assert!(error("2001:db8::1/64").contains("2001:db8::/64"));
    }

    #[test]
    fn errors_name_the_wrong_part() {
        assert!(error("").starts_with("expected an address"));
        assert_eq!(error("203.0.113"), "`203.0.113` is no IPv4 or IPv6 address");
        assert_eq!(error("010.0.0.1"), "`010.0.0.1` is no IPv4 or IPv6 address");
        for length in ["33", "255.255.255.0", "", "+8", "-1", "999"] {
            assert!(
                error(&format!("10.0.0.0/{length}")).contains("IPv4 prefix: it is a number from 0 to 32"),
                "{length}"
            );
        }
        assert!(error("2001:db8::/129").contains("0 to 128"));
    }

    #[test]
    fn families_stay_apart() {
        let p = |t| parse_prefix(t).unwrap();
        assert!(!covers(p("::/0"), p("198.51.100.7")) && covers(p("::/0"), p("2001:db8::/32")));
        assert!(covers(p("0.0.0.0/0"), p("198.51.100.7")) && !covers(p("0.0.0.0/0"), p("2001:db8::1")));
    }

    #[test]
    fn only_what_is_too_wide_needs_force() {
        for text in ["0.0.0.0/0", "8.0.0.0/7", "::/0", "2000::/3", "2000::/12", "::/1"] {
            assert!(check_width(parse_prefix(text).unwrap_or_else(|e| panic!("{e}"))).is_err(), "{text}");
        }
        for text in ["10.0.0.0/8", "2001::/16", "fc00::/7", "fe80::/10", "198.51.100.7"] {
            assert_eq!(check_width(parse_prefix(text).unwrap()), Ok(()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_prefix_survives_its_text(bytes in any::<[u8; 16]>(), v4 in any::<bool>(), bits in 0u8..=128) {
            let addr = if v4 { Addr::from_v4([bytes[0], bytes[1], bytes[2], bytes[3]]) } else { Addr::from_bytes(bytes) };
            let prefix = Prefix::new(addr, if v4 { 96 + bits / 4 } else { bits });
            prop_assert_eq!(parse_prefix(&prefix_text(prefix)), Ok(prefix));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = parse_prefix(&text);
        }
    }
}
