//! Closed vocabularies: words of which a key takes one, or a set.
//!
//! Owns: the vocabularies that only the config has (mode, log level, transport, media policy), and sets of words.
//! Refuses: a set that is empty.
use firewall_common::policy;
use firewall_common::reason::Stage;
use firewall_common::sip::method::Method;
use firewall_common::sip::signature::Field;
use toml::de::DeValue;

use super::problem::Fault;
use super::reader::{Node, Reader};
use super::suggest::unknown_word;
use super::value::{Scalar, Shown, Value, quoted, read_array, text};

/// A word of a closed vocabulary.
pub trait Word: Copy + PartialEq + 'static {
    /// The whole vocabulary.
    const ALL: &'static [Self];
    /// The word as it is written.
    fn word(self) -> &'static str;
}

fn words<T: Word>() -> Vec<&'static str> {
    T::ALL.iter().map(|w| w.word()).collect()
}

fn parse_word<T: Word>(value: &DeValue<'_>) -> Result<T, Fault> {
    let word = text(value, &format!("write one of \"{}\"", words::<T>().join("\", \"")))?;
    T::ALL.iter().copied().find(|w| w.word() == word).ok_or_else(|| unknown_word(word, &words::<T>()))
}

impl<T: Word> Scalar for T {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        parse_word(value)
    }

    fn text(&self) -> String {
        quoted(self.word())
    }
}

/// A set of words that is not empty, in the order of the vocabulary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set<T>(Vec<T>);

impl<T: Word> Set<T> {
    /// Every word.
    pub fn all() -> Self {
        Self(T::ALL.to_vec())
    }

    /// The members, in the order of the vocabulary.
    pub fn iter(&self) -> impl Iterator<Item = T> {
        self.0.iter().copied()
    }

    /// Whether `word` is a member.
    pub fn contains(&self, word: T) -> bool {
        self.0.contains(&word)
    }

    /// The set of members that are known to be some, in the order of the vocabulary.
    pub(super) fn known(members: &[T]) -> Self {
        Self(members.to_vec())
    }

    /// The set of `members`; nothing if they are none.
    pub(super) fn of(members: &[T]) -> Option<Self> {
        let set: Vec<T> = T::ALL.iter().copied().filter(|w| members.contains(w)).collect();
        (!set.is_empty()).then_some(Self(set))
    }

    pub(super) fn text(&self) -> String {
        let words: Vec<String> = self.iter().map(|w| quoted(w.word())).collect();
        format!("[{}]", words.join(", "))
    }
}

impl<T: Word> Value for Set<T> {
    fn read(&mut self, node: &Node<'_>, reader: &mut Reader<'_, '_>) {
        let hint = format!("write a list of one or more of \"{}\"", words::<T>().join("\", \""));
        let Some(members) = read_array(node, reader, &hint, parse_word) else {
            return;
        };
        match Self::of(&members) {
            Some(set) => *self = set,
            None => reader.error(node, Fault::new("an empty list allows nothing at all", hint)),
        }
    }

    fn show(&self) -> Shown {
        Shown::Inline(self.text())
    }
}

/// Declares an enum that is a vocabulary.
macro_rules! vocabulary {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $word_doc:literal])+ $variant:ident = $word:literal,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[doc = $word_doc])+ $variant,)+ }

        impl Word for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];
            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

pub(super) use vocabulary;

vocabulary! {
    /// Who may speak SIP.
    Mode {
        /// Strangers may, inside limits.
        Open = "open",
        /// Only peers may.
        Trunk = "trunk",
    }
}

vocabulary! {
    /// How much the daemon says.
    Level {
        /// Only what stopped it.
        Error = "error",
        /// What may need someone.
        Warn = "warn",
        /// What changed.
        Info = "info",
        /// What it decides.
        Debug = "debug",
        /// What it reads.
        Trace = "trace",
    }
}

vocabulary! {
    /// What carries SIP.
    Transport {
        /// UDP.
        Udp = "udp",
        /// TCP.
        Tcp = "tcp",
        /// TLS over TCP.
        Tls = "tls",
    }
}

vocabulary! {
    /// What calls must be.
    MediaPolicy {
        /// No rule.
        Off = "off",
        /// SRTP where it is offered; what is not is told, and passes.
        Prefer = "prefer",
        /// SRTP or nothing.
        SrtpOnly = "srtp-only",
    }
}

vocabulary! {
    /// What a peer's calls must be.
    PeerMedia {
        /// What `[media]` says.
        Default = "default",
        /// No rule.
        Off = "off",
        /// SRTP where it is offered.
        Prefer = "prefer",
        /// SRTP or nothing.
        SrtpOnly = "srtp-only",
    }
}

impl MediaPolicy {
    /// As the kernel's records have it.
    pub fn number(self) -> u8 {
        match self {
            Self::Off => policy::MEDIA_OFF,
            Self::Prefer => policy::MEDIA_PREFER,
            Self::SrtpOnly => policy::MEDIA_SRTP_ONLY,
        }
    }
}

impl PeerMedia {
    /// What holds, when `[media]` says `default`.
    pub fn or(self, default: MediaPolicy) -> MediaPolicy {
        match self {
            Self::Default => default,
            Self::Off => MediaPolicy::Off,
            Self::Prefer => MediaPolicy::Prefer,
            Self::SrtpOnly => MediaPolicy::SrtpOnly,
        }
    }
}

impl Transport {
    /// Its bit in the kernel's records.
    pub fn bit(self) -> u8 {
        match self {
            Self::Udp => policy::UDP,
            Self::Tcp => policy::TCP,
            Self::Tls => policy::TLS,
        }
    }
}

impl Set<Transport> {
    /// The set as the kernel's records hold it.
    pub fn bits(&self) -> u8 {
        self.iter().fold(0, |bits, t| bits | t.bit())
    }
}

impl Set<Method> {
    /// The set as the kernel's records hold it. Every method there is sets every bit, as [`policy::PeerRule::ANY`] does.
    pub fn bits(&self) -> u16 {
        if *self == Self::all() { u16::MAX } else { self.iter().fold(0, |bits, m| bits | m.bit()) }
    }
}

impl Word for Method {
    const ALL: &'static [Self] = Method::ALL;
    fn word(self) -> &'static str {
        self.name()
    }
}

impl Word for Field {
    const ALL: &'static [Self] = Field::ALL;
    fn word(self) -> &'static str {
        self.word()
    }
}

/// Stages that drop; `port` drops nothing.
impl Word for Stage {
    const ALL: &'static [Self] = &[
        Stage::Parse,
        Stage::Fragment,
        Stage::Deny,
        Stage::Peer,
        Stage::Transport,
        Stage::Sip,
        Stage::Response,
        Stage::Signature,
        Stage::Limit,
        Stage::Dialog,
        Stage::Caller,
        Stage::Number,
        Stage::Sdp,
        Stage::Media,
    ];
    fn word(self) -> &'static str {
        self.word()
    }
}
