//! Who may call.
//!
//! Owns: the keys of `[callers]` and their words. Refuses: lists of callers (the database has them), and reading messages.
use firewall_common::caller::{OwnDomains, domain};
use firewall_common::policy::{CALLERS_ASSERTED, CALLERS_LISTED, CALLERS_NAMED, CALLERS_NOT_OURS, CALLERS_VALIDATED};
use toml::de::DeValue;

use super::media::Permission;
use super::problem::Fault;
use super::reader::{Node, Reader};
use super::section::section;
use super::value::{Shown, Value, quoted, read_array, text};
use super::word::{Word, vocabulary};
use crate::numbers::countries;

vocabulary! {
    /// What lists of callers decide.
    CallerPolicy {
        /// Nothing.
        Off = "off",
        /// Who is denied may not call.
        Listed = "listed",
        /// Only who is allowed may call.
        Validated = "validated",
    }
}

vocabulary! {
    /// What is asked of a peer's callers.
    PeerCallers {
        /// What `[callers]` says.
        Default = "default",
        /// Nothing at all.
        Off = "off",
        /// Who is denied may not call.
        Listed = "listed",
        /// Only who is allowed may call.
        Validated = "validated",
    }
}

impl CallerPolicy {
    fn bits(self) -> u8 {
        match self {
            Self::Off => 0,
            Self::Listed => CALLERS_LISTED,
            Self::Validated => CALLERS_LISTED | CALLERS_VALIDATED,
        }
    }
}

/// Pieces of text: numbers or domains, as they were written.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Texts(Vec<String>);

impl Texts {
    /// Each of them.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Value for Texts {
    fn read(&mut self, node: &Node<'_>, reader: &mut Reader<'_, '_>) {
        let hint = "write a list of texts in quotes";
        let parse = |value: &DeValue<'_>| match text(value, hint)?.trim() {
            "" => Err(Fault::new("is empty", hint)),
            text if text.chars().any(char::is_control) => Err(Fault::new("has control characters", hint)),
            text => Ok(text.to_owned()),
        };
        if let Some(texts) = read_array(node, reader, hint, parse) {
            self.0 = texts;
        }
    }

    fn show(&self) -> Shown {
        Shown::Inline(format!("[{}]", self.0.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")))
    }
}

/// Countries, by their two letters.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Countries(Vec<&'static str>);

impl Countries {
    /// Each of them.
    pub fn as_slice(&self) -> &[&'static str] {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Value for Countries {
    fn read(&mut self, node: &Node<'_>, reader: &mut Reader<'_, '_>) {
        let hint = "write a list of the two letters of countries (ISO 3166-1), such as [\"DE\", \"AT\"]";
        let known = countries();
        let parse = |value: &DeValue<'_>| {
            known
                .get(text(value, hint)?)
                .copied()
                .ok_or_else(|| Fault::new("is no country with numbers of its own", hint))
        };
        if let Some(countries) = read_array(node, reader, hint, parse) {
            self.0 = countries;
        }
    }

    fn show(&self) -> Shown {
        Shown::Inline(format!("[{}]", self.0.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")))
    }
}

section! {
    /// Callers: who may call us. Lists are edited with `sipfw caller`; docs/numbers.md explains both.
    Callers {
        /// What lists of callers decide: "listed", who is denied may not call; "validated", only who is allowed may; "off",
        /// they decide nothing.
        pub policy: CallerPolicy = CallerPolicy::Off;
        /// Countries from which nobody may call, such as ["TN", "LV"]; with a policy that is not "off".
        pub countries_deny: Countries = Countries::default();
        /// The only countries from which anybody may call; none named: all.
        pub countries_allow: Countries = Countries::default();
        /// Callers who do not say who they are: "allow" or "refuse".
        pub anonymous: Permission = Permission::Allow;
        /// Numbers of our own, or prefixes of them, such as ["+4930123456"]: who claims one from outside is refused.
        pub own_numbers: Texts = Texts::default();
        /// Domains of our own: the same of them.
        pub own_domains: Texts = Texts::default();
        /// Whether P-Asserted-Identity, Remote-Party-ID and Diversion of peers are believed before From. Those of strangers
        /// never are.
        pub asserted: bool = true;
    }
}

impl Callers {
    /// What is asked of strangers' and registrants' callers, as the kernel's records have it.
    pub fn bits(&self) -> u8 {
        let ours = !(self.own_numbers.is_empty() && self.own_domains.is_empty());
        self.policy.bits() | self.named() | if ours { CALLERS_NOT_OURS } else { 0 }
    }

    /// Our own domains, as the kernel's records have them.
    pub fn domains(&self) -> OwnDomains {
        let mut domains = OwnDomains::NONE;
        for (place, name) in domains.0.iter_mut().zip(self.own_domains.as_slice()) {
            *place = domain(name.trim_end_matches('.').as_bytes());
        }
        domains
    }

    fn named(&self) -> u8 {
        if self.anonymous == Permission::Refuse { CALLERS_NAMED } else { 0 }
    }

    /// The same of a peer's.
    pub fn peer_bits(&self, peer: PeerCallers) -> u8 {
        let others = self.bits() & !(CALLERS_LISTED | CALLERS_VALIDATED);
        let bits = match peer {
            PeerCallers::Default => self.bits(),
            PeerCallers::Off => return 0,
            PeerCallers::Listed => others | CallerPolicy::Listed.bits(),
            PeerCallers::Validated => others | CallerPolicy::Validated.bits(),
        };
        if bits == 0 || !self.asserted { bits } else { bits | CALLERS_ASSERTED }
    }
}
