//! Prefixes as people write them.
//!
//! Owns: the syntax and the way into the kernel's [`Prefix`]. Refuses: host bits (which network was meant?), and IPv6
//! forms that would say something about IPv4.
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use firewall_common::addr::{Addr, Prefix};
use ipnet::IpNet;
use toml::de::DeValue;

use super::problem::Fault;
use super::value::{Scalar, quoted, text};

const HINT: &str = "write an address or a prefix such as \"198.51.100.0/24\" or \"2001:db8::/32\"";

/// A network: a prefix without host bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network(IpNet);

impl Network {
    /// The network.
    pub fn net(self) -> IpNet {
        self.0
    }

    /// The prefix as a key of the kernel's maps.
    pub fn prefix(self) -> Prefix {
        let mapped = if matches!(self.0, IpNet::V4(_)) { 96 } else { 0 };
        Prefix::new(self.0.addr().into(), self.0.prefix_len() + mapped)
    }
}

impl FromStr for Network {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let net = match text.parse::<IpAddr>() {
            Ok(host) => host.into(),
            Err(_) => text.parse::<IpNet>().map_err(|_| Fault::new("is no prefix", HINT))?,
        };
        if net.addr() != net.network() {
            let hint = format!("the network is {}, the address alone {}", net.trunc(), net.addr());
            return Err(Fault::new(format!("has bits set beyond /{}", net.prefix_len()), hint));
        }
        unmixed(Self(net))
    }
}

/// Refuses IPv6 prefixes that lie in, or cover, the range in which the kernel's maps keep IPv4.
fn unmixed(network: Network) -> Result<Network, Fault> {
    let (own, v4) = (network.prefix(), Prefix::new(Addr::from_v4([0; 4]), 96));
    if matches!(network.0, IpNet::V4(_)) {
        return Ok(network);
    }
    if own.contains(v4) {
        return Err(Fault::new("covers the IPv4-mapped addresses too", "write 2000::/3 for all global IPv6 addresses"));
    }
    if v4.contains(own) {
        let IpAddr::V4(host) = Addr::from_bytes(own.addr).into() else {
            return Ok(network);
        };
        let bits = own.bits - 96;
        return Err(Fault::new("is an IPv4 prefix in IPv6 form", format!("write {host}/{bits}")));
    }
    Ok(network)
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Scalar for Network {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        text(value, HINT)?.parse()
    }

    fn text(&self) -> String {
        quoted(&self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_prefixes_without_host_bits() {
        for (text, want) in [
            ("198.51.100.0/24", "198.51.100.0/24"),
            ("198.51.100.7", "198.51.100.7/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("2001:db8::1", "2001:db8::1/128"),
        ] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), want);
        }
    }

    #[test]
    fn others_say_what_would_be_right() {
        for (text, message, hint) in [
            ("198.51.100.7/24", "has bits set beyond /24", "198.51.100.0/24"),
            ("2001:db8::1/64", "has bits set beyond /64", "2001:db8::/64"),
            ("198.51.100.0/33", "is no prefix", "198.51.100.0/24"),
            ("sip.example.com", "is no prefix", "an address or a prefix"),
            ("", "is no prefix", "an address or a prefix"),
            ("::ffff:192.0.2.0/120", "is an IPv4 prefix in IPv6 form", "192.0.2.0/24"),
            ("::/0", "covers the IPv4-mapped addresses too", "2000::/3"),
        ] {
            let fault = text.parse::<Network>().unwrap_err();
            assert!(fault.message.contains(message) && fault.hint.contains(hint), "{text}: {fault}");
        }
    }

    #[test]
    fn prefixes_count_over_sixteen_bytes() {
        let prefix = "198.51.100.0/24".parse::<Network>().unwrap().prefix();
        assert_eq!({ prefix.bits }, 120);
        assert_eq!({ "2001:db8::/32".parse::<Network>().unwrap().prefix().bits }, 32);
    }
}
