//! Destination ports and their classes.
//!
//! Owns: port ranges and the lists of them. Refuses: port 0, and lists so long that they must be a mistake.
use std::fmt;

use toml::de::DeValue;

use super::problem::Fault;
use super::reader::{Node, Reader};
use super::section::section;
use super::value::{Shown, Value, quoted, read_array, wrong_type};

const HINT: &str = "write a list of ports and ranges such as [5060, \"5080-5090\"]";
/// The most ranges in a list; far more than a server has, and few enough to compare each with each.
const RANGES_MAX: usize = 1_024;

/// The ports from `first` to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    /// One port.
    pub(super) const fn one(port: u16) -> Self {
        Self { first: port, last: port }
    }

    /// The first and the last port.
    pub fn ends(self) -> (u16, u16) {
        (self.first, self.last)
    }

    /// The first port that is in both.
    pub(super) fn overlap(self, other: Self) -> Option<u16> {
        let first = self.first.max(other.first);
        (first <= self.last.min(other.last)).then_some(first)
    }

    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        match value {
            DeValue::Integer(n) => parse_port(&n.to_string()).map(Self::one),
            DeValue::String(text) => Self::parse_text(text),
            other => Err(wrong_type(other, "write a port such as 5060 or a range such as \"5080-5090\"")),
        }
    }

    fn parse_text(text: &str) -> Result<Self, Fault> {
        let Some((first, last)) = text.split_once('-') else {
            return parse_port(text).map(Self::one);
        };
        let (first, last) = (parse_port(first.trim())?, parse_port(last.trim())?);
        if first > last {
            return Err(Fault::new("the range ends before it begins", format!("write \"{last}-{first}\"")));
        }
        Ok(Self { first, last })
    }
}

fn parse_port(text: &str) -> Result<u16, Fault> {
    let port = text.parse().ok().filter(|port| *port != 0);
    port.ok_or_else(|| Fault::new("is no port", "write ports from 1 to 65535"))
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { write!(f, "{}", self.first) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}

/// Ports of one class.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PortList(Vec<PortRange>);

impl PortList {
    fn one(port: u16) -> Self {
        Self(vec![PortRange::one(port)])
    }

    /// The ranges, as they were written.
    pub fn ranges(&self) -> &[PortRange] {
        &self.0
    }

    /// Whether there is no port.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Value for PortList {
    fn read(&mut self, node: &Node<'_>, reader: &mut Reader<'_, '_>) {
        match read_array(node, reader, HINT, PortRange::parse) {
            Some(ranges) if ranges.len() > RANGES_MAX => {
                let fault =
                    Fault::new(format!("has {} ranges", ranges.len()), format!("at most {RANGES_MAX} are kept"));
                reader.error(node, fault);
            }
            Some(ranges) => self.0 = ranges,
            None => {}
        }
    }

    fn show(&self) -> Shown {
        let show = |r: &PortRange| {
            if r.first == r.last { r.to_string() } else { quoted(&r.to_string()) }
        };
        Shown::Inline(format!("[{}]", self.0.iter().map(show).collect::<Vec<_>>().join(", ")))
    }
}

section! {
    /// The ports that SIP is spoken on: numbers, or ranges such as "5080-5090". Only packets to these and to media ports
    /// are judged; all others pass.
    Ports {
        /// SIP over UDP.
        pub udp: PortList = PortList::one(5060);
        /// SIP over TCP.
        pub tcp: PortList = PortList::one(5060);
        /// SIP over TLS.
        pub tls: PortList = PortList::one(5061);
    }
}
