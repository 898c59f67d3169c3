//! Feeds: what a PBX tells, where the wire cannot be read.
//!
//! Owns: the keys of `[[feed]]` and what a feed reads from. Refuses: which keys a kind needs (see `check`), and looking at files:
//! a log may not be there yet.
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use toml::de::DeValue;

use super::name::{Directory, Name, Text};
use super::number::Number;
use super::problem::Fault;
use super::reader::{Node, Reader};
use super::section::section;
use super::value::{Item, Scalar, Shown, Value, quoted, read_array, text};
use super::word::{Word, vocabulary};

vocabulary! {
    /// What a feed reads.
    FeedKind {
        /// Asterisk's security log.
        AsteriskLog = "asterisk-log",
        /// Asterisk's manager interface.
        AsteriskAmi = "asterisk-ami",
        /// FreeSWITCH's log.
        FreeSwitchLog = "freeswitch-log",
        /// Kamailio's log.
        KamailioLog = "kamailio-log",
        /// Objects of JSON on a socket.
        JsonSocket = "json-socket",
    }
}

/// A key that not every kind has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given<T>(Option<T>);

impl<T> Given<T> {
    pub(super) const NOT: Self = Self(None);

    /// The key's value, if it was given.
    pub fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }
}

impl<T: Scalar> Value for Given<T> {
    fn read(&mut self, node: &Node<'_>, reader: &mut Reader<'_, '_>) {
        reader.note(node);
        match T::parse(node.value) {
            Ok(value) => self.0 = Some(value),
            Err(fault) => reader.error(node, fault),
        }
    }

    fn show(&self) -> Shown {
        self.0.as_ref().map_or(Shown::Nothing, |value| Shown::Inline(value.text()))
    }
}

/// An address and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint(SocketAddr);

impl Scalar for Endpoint {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        let hint = "write an address and a port such as \"127.0.0.1:5038\" or \"[::1]:5038\"";
        text(value, hint)?.parse().map(Self).map_err(|_| Fault::new("is no address with a port", hint))
    }

    fn text(&self) -> String {
        quoted(&self.0.to_string())
    }
}

/// Who may do what with a file, in octal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMode(u32);

impl Scalar for FileMode {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        let hint = "write it in octal and in quotes, such as \"0660\"";
        let octal = text(value, hint)?;
        let mode = u32::from_str_radix(octal, 8).ok().filter(|mode| octal.len() <= 4 && *mode <= 0o777);
        let mode = mode.ok_or_else(|| Fault::new("is no mode of a file", hint))?;
        if mode & 0o002 != 0 {
            return Err(Fault::new("lets everybody on this machine accuse anyone", "write \"0660\" and name a group"));
        }
        Ok(Self(mode))
    }

    fn text(&self) -> String {
        quoted(&format!("{:04o}", self.0))
    }
}

/// Names of profiles.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Profiles(Vec<Name>);

impl Value for Profiles {
    fn read(&mut self, node: &Node<'_>, reader: &mut Reader<'_, '_>) {
        let hint = "write a list of profiles' names such as [\"tls\"]";
        self.0 = read_array(node, reader, hint, Scalar::parse).unwrap_or_default();
    }

    fn show(&self) -> Shown {
        match self.0.is_empty() {
            true => Shown::Nothing,
            false => Shown::Inline(format!("[{}]", self.0.iter().map(Scalar::text).collect::<Vec<_>>().join(", "))),
        }
    }
}

section! {
    /// What tells of failed authentications besides the wire, such as the log of a PBX that takes SIP over TLS. docs/feeds.md
    /// says how to set each kind up, and what its word counts for.
    Feed {
        /// What it is called in statistics and evidence.
        pub name: Name = Name::blank();
        /// "asterisk-log", "asterisk-ami", "freeswitch-log", "kamailio-log" or "json-socket".
        pub kind: FeedKind = FeedKind::AsteriskLog;
        /// The log file, which may hold nothing else; or the socket.
        pub path: Given<Directory> = Given::NOT;
        /// Where Asterisk's manager interface listens.
        pub address: Given<Endpoint> = Given::NOT;
        /// The manager's user.
        pub user: Given<Name> = Given::NOT;
        /// The file with the manager's secret, which only its owner may read.
        pub secret_file: Given<Directory> = Given::NOT;
        /// FreeSWITCH's profiles that take SIP over TCP, TLS or WebSocket only. Its log does not say which transport it was.
        pub connected: Profiles = Profiles::default();
        /// Who may write to the socket; "0660" if it is left out.
        pub mode: Given<FileMode> = Given::NOT;
        /// The socket's group, by name or number; the daemon's own if it is left out.
        pub group: Given<Name> = Given::NOT;
        /// How many events a second are taken from it; what is over that is counted and dropped.
        pub rate: Number<1, 100_000> = Number::of(1_000);
        /// For whoever reads this next.
        pub comment: Text = Text::default();
    }
}

/// What a feed reads, with all that this needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedSource {
    /// Asterisk's security log.
    AsteriskLog(PathBuf),
    /// Asterisk's manager interface.
    AsteriskAmi {
        /// Where it listens.
        address: SocketAddr,
        /// As whom.
        user: String,
        /// The file with the secret.
        secret_file: PathBuf,
    },
    /// FreeSWITCH's log, and the profiles that only take connections.
    FreeSwitchLog(PathBuf, Vec<Name>),
    /// Kamailio's log.
    KamailioLog(PathBuf),
    /// A unix datagram socket.
    JsonSocket {
        /// Where.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
        /// Its group, by name or number.
        group: Option<String>,
    },
}

impl fmt::Display for FeedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsteriskAmi { address, .. } => address.fmt(f),
            Self::AsteriskLog(path) | Self::FreeSwitchLog(path, _) | Self::KamailioLog(path) => path.display().fmt(f),
            Self::JsonSocket { path, .. } => path.display().fmt(f),
        }
    }
}

impl Feed {
    /// Where the manager interface listens unless it is told otherwise.
    const AMI: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 5038);

    /// The file or the socket, if it has one.
    pub fn path(&self) -> Option<&Path> {
        self.path.0.as_ref().map(Directory::as_path)
    }

    /// What it reads.
    pub fn source(&self) -> FeedSource {
        let path = self.path().unwrap_or(Path::new("")).to_owned();
        let text = |name: &Given<Name>| name.0.as_ref().map(ToString::to_string);
        match self.kind {
            FeedKind::AsteriskLog => FeedSource::AsteriskLog(path),
            FeedKind::FreeSwitchLog => FeedSource::FreeSwitchLog(path, self.connected.0.clone()),
            FeedKind::KamailioLog => FeedSource::KamailioLog(path),
            FeedKind::AsteriskAmi => FeedSource::AsteriskAmi {
                address: self.address.0.map_or(Self::AMI, |address| address.0),
                user: text(&self.user).unwrap_or_default(),
                secret_file: self.secret_file.0.as_ref().map(|file| file.as_path().to_owned()).unwrap_or_default(),
            },
            FeedKind::JsonSocket => FeedSource::JsonSocket {
                path,
                mode: self.mode.0.map_or(0o660, |mode| mode.0),
                group: text(&self.group),
            },
        }
    }
}

impl Item for Feed {
    const REQUIRED: &'static [&'static str] = &["name", "kind"];

    fn blank() -> Self {
        Self::default()
    }

    fn example() -> Self {
        let path = Directory::of("/var/log/asterisk/security.log");
        Self { name: Name::example("asterisk"), path: Given(Some(path)), ..Self::default() }
    }

    fn remarks() -> String {
        EXAMPLES.to_owned()
    }
}

/// One of each other kind, with the keys that are theirs.
const EXAMPLES: &str = r#"The other kinds, with their keys:

    [[feed]]
    name = "manager"
    kind = "asterisk-ami"
    address = "127.0.0.1:5038"
    user = "sipfw"
    secret_file = "/etc/sipfw/ami.secret"

    [[feed]]
    name = "freeswitch"
    kind = "freeswitch-log"
    path = "/var/log/freeswitch/auth.log"
    # Profiles that take SIP over TCP, TLS or WebSocket only: FreeSWITCH's log does not say which transport it was.
    connected = ["tls"]

    [[feed]]
    name = "kamailio"
    kind = "kamailio-log"
    path = "/var/log/kamailio-auth.log"

    [[feed]]
    name = "socket"
    kind = "json-socket"
    path = "/run/sipfw/feed.sock"
    # Who may write to it. Whoever may can have anybody banned.
    mode = "0660"
    group = "root""#;
