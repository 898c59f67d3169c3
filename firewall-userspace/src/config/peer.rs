//! Peers: who is trusted by name, and how far.
//!
//! Owns: the keys of `[[peer]]`. Refuses: comparing peers with each other (see `check`).
use firewall_common::addr::Prefix;
use firewall_common::policy::{NUMBERS_OFF, PeerRule};
use firewall_common::sip::method::Method;

use super::Config;
use super::callers::PeerCallers;
use super::dns::HostNames;
use super::limits::Limits;
use super::name::{Name, Text};
use super::network::Network;
use super::numbers::{NumberPolicy, PeerNumbers};
use super::problem::Fault;
use super::rate::{Rate, Unit};
use super::reader::{Node, Reader};
use super::section::section;
use super::value::{Item, Scalar, Shown, Value, read_array};
use super::word::{PeerMedia, Set, Transport};
use crate::names::Resolved;
use crate::numbers::own_list;

const HINT: &str = "write a list of one or more prefixes such as [\"198.51.100.0/24\", \"2001:db8::/32\"]";

/// A peer's prefixes; none only for a peer that has names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

impl Networks {
    /// The prefixes, as they were written.
    pub fn as_slice(&self) -> &[Network] {
        &self.0
    }
}

impl Value for Networks {
    fn read(&mut self, node: &Node<'_>, reader: &mut Reader<'_, '_>) {
        match read_array(node, reader, HINT, Scalar::parse) {
            Some(networks) if networks.is_empty() => reader.error(node, Fault::new("an empty list is nobody", HINT)),
            Some(networks) => self.0 = networks,
            None => {}
        }
    }

    fn show(&self) -> Shown {
        Shown::Inline(format!("[{}]", self.0.iter().map(Scalar::text).collect::<Vec<_>>().join(", ")))
    }
}

section! {
    /// A trusted party by name: a carrier, an office, a VPN.
    Peer {
        /// What it is called in statistics and messages.
        pub name: Name = Name::blank();
        /// Where it sends from: prefixes and single addresses. A prefix may lie inside another peer's; the longest one
        /// decides.
        pub prefixes: Networks = Networks(Vec::new());
        /// The same by DNS names, with prefixes or without. The addresses of a name itself, of the servers behind its SRV
        /// records and of what its NAPTR records point to are the peer's, as [dns] says.
        pub names: HostNames = HostNames::default();
        /// What it may use: "udp", "tcp", "tls".
        pub transports: Set<Transport> = Set::all();
        /// Which requests it may send, by their names in RFC 3261 and its extensions; "*" stands for methods that are
        /// none of the known.
        pub methods: Set<Method> = Set::all();
        /// What its calls must be: "default" (what [media] says), "off" (no rule), "prefer" (SRTP where it is offered),
        /// "srtp-only".
        pub media: PeerMedia = PeerMedia::Default;
        /// What it may call: "off" (nobody looks), "open", "validated", as in [numbers].
        pub numbers_received: NumberPolicy = NumberPolicy::Off;
        /// What our side may call there: "default" (what numbers.sent says), or one of the same words.
        pub numbers_sent: PeerNumbers = PeerNumbers::Default;
        /// What is asked of its callers: "default" (what [callers] says), "off" (nothing at all), or another policy for the
        /// lists: "listed", "validated".
        pub callers: PeerCallers = PeerCallers::Default;
        /// For whoever reads this next.
        pub comment: Text = Text::default();
        /// Limits of the peer as a whole, by the same keys as [strangers.limits]. Nothing is limited unless it is named.
        pub limits: Limits = Limits::default();
    }
}

impl Peer {
    /// Its prefixes, and the addresses of its names.
    pub fn all_prefixes(&self, resolved: &Resolved) -> Vec<Prefix> {
        let named = self.names.as_slice().iter().flat_map(|name| resolved.prefixes(name.as_str()));
        let mut all: Vec<Prefix> = self.prefixes.as_slice().iter().map(|net| net.prefix()).collect();
        all.extend(named);
        // Several names may lead to one server.
        let mut seen = std::collections::HashSet::new();
        all.retain(|prefix| seen.insert(*prefix));
        all
    }

    /// The rules as the kernel's records hold them.
    pub fn rule(&self, config: &Config) -> PeerRule {
        let rule = PeerRule {
            limits: self.limits.compiled(),
            methods: self.methods.bits(),
            transports: self.transports.bits(),
            media: self.media.or(config.media().policy).number(),
            received: self.numbers_received.number(),
            sent: self.numbers_sent.or(config.numbers().sent).number(),
            callers: config.callers().peer_bits(self.callers),
            ..PeerRule::ANY
        };
        let looked_at = rule.received != NUMBERS_OFF || rule.sent != NUMBERS_OFF || rule.callers != 0;
        PeerRule { list: if looked_at { own_list(self.name.as_str()) } else { 0 }, ..rule }
    }
}

impl Item for Peer {
    const REQUIRED: &'static [&'static str] = &["name"];

    fn blank() -> Self {
        Self::default()
    }

    fn example() -> Self {
        let parse = |net: &&str| net.parse().ok();
        Self {
            name: Name::example("carrier"),
            prefixes: Networks(["198.51.100.0/24", "2001:db8:5::/48"].iter().filter_map(parse).collect()),
            limits: Limits { invite: Rate::per(50, Unit::Second, 200), ..Limits::default() },
            ..Self::default()
        }
    }

    fn remarks() -> String {
        String::new()
    }
}
