//! Names of peers, and how answers about them are taken.
//!
//! Owns: the syntax of a name, and the keys of `[dns]`. Refuses: resolving (see [`crate::names`]).
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use toml::de::DeValue;

use super::number::Number;
use super::period::Period;
use super::problem::Fault;
use super::reader::{Node, Reader};
use super::section::section;
use super::value::{Shown, Value, quoted, read_array, text};
use crate::names::Rules;

const HINT: &str = "write whole names such as [\"sip.itsp.example\"]";
/// The longest name and the longest label (RFC 1035 §2.3.4).
const NAME_MAX: usize = 253;
const LABEL_MAX: usize = 63;
/// The port of DNS.
const PORT: u16 = 53;

/// A DNS name of two labels or more, in small letters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(String);

impl HostName {
    /// The name, without a dot at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads a name.
    pub fn of(text: &str) -> Result<Self, Fault> {
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let label = |label: &str| {
            (1..=LABEL_MAX).contains(&label.len())
                && label.chars().all(plain)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if name.len() > NAME_MAX || !name.split('.').all(label) {
            return Err(Fault::new("is no DNS name", HINT));
        }
        // The last label of a name is never a number (RFC 3696 §2), so this is a slip of somebody who writes addresses.
        if name.rsplit('.').next().is_some_and(|last| last.chars().all(|c| c.is_ascii_digit())) {
            return Err(Fault::new("is no DNS name", "addresses belong into prefixes"));
        }
        if name.contains('.') { Ok(Self(name)) } else { Err(Fault::new("is only a part of a name", HINT)) }
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A peer's names; they may be none.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct HostNames(Vec<HostName>);

impl HostNames {
    /// The names, as they were written.
    pub fn as_slice(&self) -> &[HostName] {
        &self.0
    }
}

impl Value for HostNames {
    fn read(&mut self, node: &Node<'_>, reader: &mut Reader<'_, '_>) {
        let parse = |value: &DeValue<'_>| HostName::of(text(value, HINT)?);
        if let Some(mut names) = read_array(node, reader, HINT, parse) {
            let mut seen = std::collections::HashSet::new();
            names.retain(|name| seen.insert(name.clone()));
            self.0 = names;
        }
    }

    fn show(&self) -> Shown {
        Shown::Inline(format!("[{}]", self.0.iter().map(|name| quoted(&name.0)).collect::<Vec<_>>().join(", ")))
    }
}

/// DNS servers; none stands for the system's.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Servers(Vec<SocketAddr>);

impl Servers {
    /// The servers.
    pub fn as_slice(&self) -> &[SocketAddr] {
        &self.0
    }
}

impl Value for Servers {
    fn read(&mut self, node: &Node<'_>, reader: &mut Reader<'_, '_>) {
        let hint = "write addresses such as [\"192.0.2.53\", \"[2001:db8::53]:5353\"]";
        let parse = |value: &DeValue<'_>| {
            let text = text(value, hint)?;
            let alone = || text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT));
            text.parse().or_else(|_| alone()).map_err(|_| Fault::new("is no address", hint))
        };
        if let Some(servers) = read_array(node, reader, hint, parse) {
            self.0 = servers;
        }
    }

    fn show(&self) -> Shown {
        Shown::Inline(format!("[{}]", self.0.iter().map(|s| quoted(&s.to_string())).collect::<Vec<_>>().join(", ")))
    }
}

section! {
    /// How the names of peers are resolved. docs/peers.md says what is asked, and what of the answers is believed.
    Dns {
        /// The servers to ask, such as "192.0.2.53" or "192.0.2.53:5353"; without any, those of the system.
        pub servers: Servers = Servers::default();
        /// The shortest time between two looks at a name, however short its records' time to live is.
        pub ttl_min: Period<1, 86_400> = Period::of(30);
        /// The longest.
        pub ttl_max: Period<1, 86_400> = Period::of(3_600);
        /// How long an address stays a peer's after answers have begun to lack it.
        pub grace: Period<0, 2_592_000> = Period::of(86_400);
        /// The most addresses that one name may stand for; an answer with more is refused.
        pub max_addresses: Number<1, 4_096> = Number::of(64);
        /// Whether a name may stand for private, loopback, link-local and multicast addresses. Whoever can forge an answer
        /// could make a peer of a neighbour by them.
        pub allow_private: bool = false;
    }
}

impl Dns {
    /// What of answers is believed.
    pub fn rules(&self) -> Rules {
        Rules {
            ttl_min: self.ttl_min.millis(),
            ttl_max: self.ttl_max.millis(),
            grace: self.grace.millis(),
            max_addresses: self.max_addresses.get() as usize,
            allow_private: self.allow_private,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_whole_and_in_small_letters() {
        for (text, want) in [("SIP.itsp.Example.", "sip.itsp.example"), ("_sip._udp.a.b", "_sip._udp.a.b")] {
            assert_eq!(HostName::of(text).unwrap().as_str(), want);
        }
        let long = format!("{}.example", "a".repeat(64));
        for text in ["", ".", "pbx", "a..b", "-a.b", "a-.b", "a b.c", "192.0.2.1", "sip:a.b", "bücher.example", &long]
        {
            assert!(HostName::of(text).is_err(), "{text}");
        }
    }
}
