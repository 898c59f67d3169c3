//! The config file: what an operator decides once.
//!
//! Owns: the keys, their defaults and documentation, reading and checking files, and compiling them into the kernel's
//! records. Refuses: what changes by the hour (the database has that), and any input that is wrong in any part: a
//! [`Config`] comes from [`Config::builtin`] or from files without an error, and nobody can change it.
use std::collections::BTreeSet;
use std::path::PathBuf;

mod bans;
mod blocklist;
mod callers;
mod calls;
mod check;
mod compile;
mod devices;
mod dial;
mod dns;
mod docs;
mod feed;
mod file;
mod fraud;
mod limits;
mod media;
mod monitor;
mod name;
mod network;
mod number;
mod numbers;
mod passwords;
mod peer;
mod period;
mod ports;
mod problem;
mod rate;
mod reader;
mod section;
mod signalling;
mod signature;
mod slow_path;
mod span;
mod stir;
mod suggest;
mod tables;
#[cfg(test)]
mod tests;
mod tracking;
mod trust;
mod value;
mod word;

pub use bans::Bans;
pub(crate) use bans::{ACCOUNT_MAX, FAILURES_MAX, USERS_MAX};
pub use blocklist::{Blocklist, ListFile, ListUrl};
pub use callers::{CallerPolicy, Callers, Countries, PeerCallers, Texts};
pub use calls::{Calls, Mask};
pub use compile::{Compiled, compile};
pub use devices::{Devices, Minimum, OldFirmware};
pub use dial::{CountryCode, DialPrefix, DialPrefixes};
pub use dns::{Dns, HostName, HostNames, Servers};
pub use docs::default_file;
pub use feed::{Feed, FeedKind, FeedSource};
pub use file::{DEFAULT_PATH, load, parse_str, parse_texts};
pub use fraud::{Counted, Fraud, Response, Window};
pub use limits::Limits;
pub use media::{Addresses, Consequence, KeyManagement, Media, OnLoss, Permission};
pub use monitor::Monitor;
pub use name::{Directory, Interface, Name, Text};
pub use network::Network;
pub use number::{Number, PowerOfTwo};
pub use numbers::{NumberPolicy, Numbers, PeerNumbers, ReadyAction, ReadyList, Words};
pub use passwords::{Passwords, WeakPolicy};
pub use peer::{Networks, Peer};
pub use period::Period;
pub use ports::{PortList, PortRange, Ports};
pub use problem::{Fault, Position, Problem, Severity};
pub use rate::Rate;
pub use signalling::{Intruders, Sign, Signalling, TlsMin};
pub use signature::{Signature, Token};
pub use slow_path::{RingSize, SlowPath};
pub use span::{Allowance, Ladder, Span};
pub use stir::{PeerStir, Stir, StirPolicy};
pub use tables::{Capacities, Capacity, Events, Paths, Registrants, Sip, Strangers};
pub use tracking::Tracking;
pub use trust::Trust;
pub use word::{Level, MediaPolicy, Mode, PeerMedia, Set, Transport, Word};

use firewall_common::addr::Prefix;
use firewall_common::number::Plan;

use crate::names::Resolved;
use section::section;

section! {
    /// A whole config.
    Config {
        /// The network interface to protect; "auto" is the one of the default route.
        interface: Interface = Interface::Auto;
        /// Who may speak SIP: "open" lets strangers in, inside the limits below; "trunk" lets only peers in.
        mode: Mode = Mode::Open;
        /// Judge, count and log, but drop nothing: true for everything, or a list of stages, such as ["limit"]. Stages are
        /// parse, fragment, deny, peer, transport, sip, response, signature, limit, dialog, caller,
        /// number, sdp and media.
        monitor: Monitor = Monitor::default();
        /// How much the daemon says: "error", "warn", "info", "debug" or "trace".
        log: Level = Level::Info;
        /// Whether the built-in scanners' signatures (listed below) hold. To drop only some of them, say false and name
        /// the others.
        signature_defaults: bool = true;
        ports: Ports = Ports::default();
        media: Media = Media::default();
        calls: Calls = Calls::default();
        stir: Stir = Stir::default();
        strangers: Strangers = Strangers::default();
        registrants: Registrants = Registrants::default();
        peer: Vec<Peer> = Vec::new();
        signature: Vec<Signature> = Vec::new();
        blocklist: Vec<Blocklist> = Vec::new();
        dns: Dns = Dns::default();
        feed: Vec<Feed> = Vec::new();
        numbers: Numbers = Numbers::default();
        callers: Callers = Callers::default();
        sip: Sip = Sip::default();
        bans: Bans = Bans::default();
        passwords: Passwords = Passwords::default();
        devices: Devices = Devices::default();
        trust: Trust = Trust::default();
        tracking: Tracking = Tracking::default();
        fraud: Fraud = Fraud::default();
        signalling: Signalling = Signalling::default();
        slow_path: SlowPath = SlowPath::default();
        events: Events = Events::default();
        capacity: Capacities = Capacities::default();
        paths: Paths = Paths::default();
    }
}

/// A config, and what was noticed on the way.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The config.
    pub config: Config,
    /// What probably does not do what was meant.
    pub warnings: Vec<Problem>,
    /// The files it was read from, in their order.
    pub files: Vec<PathBuf>,
    /// What stood in them.
    pub texts: Vec<String>,
    /// What is known of its peers' names.
    pub resolved: Resolved,
}

impl Loaded {
    /// The prefixes of all peers, those of their names among them.
    pub fn peer_prefixes(&self) -> Vec<Prefix> {
        self.config.peers().iter().flat_map(|peer| peer.all_prefixes(&self.resolved)).collect()
    }
}

impl Config {
    /// The config without any file: mode open, sensible limits, nothing that locks anyone out of anything but abuse.
    pub fn builtin() -> Self {
        Self::default()
    }

    /// The interface to protect.
    pub fn interface(&self) -> &Interface {
        &self.interface
    }

    /// Who may speak SIP.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// What is judged and not enforced.
    pub fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// How much the daemon says.
    pub fn log(&self) -> Level {
        self.log
    }

    /// The ports of SIP.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// What calls must be, and the ports of media.
    pub fn media(&self) -> &Media {
        &self.media
    }

    /// The call log.
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Whether calls have to be followed: because something judges them, or they are logged.
    pub fn follows_calls(&self) -> bool {
        self.judges_media() || self.judges_numbers() || self.judges_callers() || self.verifies() || self.calls.log
    }

    /// Whether anybody's dialled numbers are judged, in either direction.
    pub fn judges_numbers(&self) -> bool {
        let policies = |peer: &Peer| [peer.numbers_received, peer.numbers_sent.or(self.numbers.sent)];
        let is_on = |policy: NumberPolicy| policy != NumberPolicy::Off;
        is_on(self.numbers.received) || self.peer.iter().any(|peer| policies(peer).into_iter().any(is_on))
    }

    /// Whether anybody's callers are judged.
    pub fn judges_callers(&self) -> bool {
        self.callers.bits() != 0 || self.peer.iter().any(|peer| self.callers.peer_bits(peer.callers) != 0)
    }

    /// Whether anybody's media is judged.
    pub fn judges_media(&self) -> bool {
        let default = self.media.policy;
        default != MediaPolicy::Off || self.peer.iter().any(|peer| peer.media.or(default) != MediaPolicy::Off)
    }

    /// Who is calling, as signatures say it.
    pub fn stir(&self) -> &Stir {
        &self.stir
    }

    /// Whether anybody's signatures are verified.
    pub fn verifies(&self) -> bool {
        let default = self.stir.policy;
        default != StirPolicy::Off || self.peer.iter().any(|peer| peer.stir.or(default) != StirPolicy::Off)
    }

    /// What strangers may do.
    pub fn strangers(&self) -> &Strangers {
        &self.strangers
    }

    /// What registrants may do.
    pub fn registrants(&self) -> &Registrants {
        &self.registrants
    }

    /// All peers; the first one's id is 1.
    pub fn peers(&self) -> &[Peer] {
        &self.peer
    }

    /// The names of all peers.
    pub fn peer_names(&self) -> BTreeSet<String> {
        self.peer.iter().flat_map(|peer| peer.names.as_slice()).map(ToString::to_string).collect()
    }

    /// How names are resolved.
    pub fn dns(&self) -> &Dns {
        &self.dns
    }

    /// The peer with an id of the kernel's records.
    pub fn peer(&self, id: u32) -> Option<&Peer> {
        self.peer.get(usize::try_from(id).ok()?.checked_sub(1)?)
    }

    /// All signatures that hold, in the order of their ids, which begin at 0.
    pub fn signatures(&self) -> Vec<Signature> {
        let builtin = signature::defaults().filter(|_| self.signature_defaults);
        builtin.chain(self.signature.iter().cloned()).collect()
    }

    /// The block lists of others.
    pub fn blocklists(&self) -> &[Blocklist] {
        &self.blocklist
    }

    /// What tells of failed authentications besides the wire.
    pub fn feeds(&self) -> &[Feed] {
        &self.feed
    }

    /// Which numbers may be called.
    pub fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// Who may call.
    pub fn callers(&self) -> &Callers {
        &self.callers
    }

    /// How much of a message is read.
    pub fn sip(&self) -> &Sip {
        &self.sip
    }

    /// When a source is banned or held.
    pub fn bans(&self) -> &Bans {
        &self.bans
    }

    /// What is tried against accepted digests.
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    /// Which devices are remembered.
    pub fn devices(&self) -> &Devices {
        &self.devices
    }

    /// Whether SIP over TLS is offered.
    pub fn offers_tls(&self) -> bool {
        !self.ports.tls.is_empty()
    }

    /// How long a registration makes its source trusted.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// How much the slow path remembers.
    pub fn tracking(&self) -> &Tracking {
        &self.tracking
    }

    /// When calls look like fraud.
    pub fn fraud(&self) -> &Fraud {
        &self.fraud
    }

    /// What becomes of a dialled number.
    pub fn dial_plan(&self) -> Plan {
        self.numbers.plan()
    }

    /// What else is made of signalling.
    pub fn signalling(&self) -> &Signalling {
        &self.signalling
    }

    /// What the kernel hands to the daemon.
    pub fn slow_path(&self) -> &SlowPath {
        &self.slow_path
    }

    /// How drops are sampled.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// How much the maps hold.
    pub fn capacity(&self) -> &Capacities {
        &self.capacity
    }

    /// Directories.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }
}
