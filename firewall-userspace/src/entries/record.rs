//! What is known of one entry.
//!
//! Owns: the records and the words of their fields, the same in the database, the tables and the JSON. Refuses: rules.
use std::fmt;

use firewall_common::addr::Prefix;
use firewall_common::policy::Action;
use serde::{Serialize, Serializer};

use super::prefix::prefix_text;

/// Declares an enum whose variants have one word each.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its word.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The one of this word.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.word() == word)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }
    };
}

words! {
    /// What an entry does.
    Kind {
        /// Lets in.
        Allow = "allow",
        /// The operator's block.
        Deny = "deny",
        /// The firewall's own block of a source.
        Ban = "ban",
    }
}

words! {
    /// Which traffic a block covers.
    Scope {
        /// SIP and media ports.
        Sip = "sip",
        /// Everything the source sends.
        All = "all",
    }
}

words! {
    /// Who made an entry.
    Origin {
        /// A person, through the command.
        Operator = "operator",
        /// The firewall, on evidence.
        Firewall = "firewall",
    }
}

/// An allow or deny entry that is to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// [`Kind::Allow`] or [`Kind::Deny`].
    pub kind: Kind,
    /// What it covers.
    pub prefix: Prefix,
    /// Which traffic; an allow entry's says nothing.
    pub scope: Scope,
    /// Unix milliseconds of its end; none: permanent.
    pub expires: Option<i64>,
    /// The operator's note.
    pub comment: Option<String>,
    /// Who adds it.
    pub author: Option<String>,
}

/// An entry as the database holds it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoredEntry {
    /// The number by which the kernel's verdicts name it.
    pub id: u32,
    /// What it does.
    pub kind: Kind,
    /// What it covers.
    #[serde(serialize_with = "as_text")]
    pub prefix: Prefix,
    /// Which traffic.
    pub scope: Scope,
    /// Unix milliseconds of its making.
    pub created: i64,
    /// Unix milliseconds of its end; none: permanent.
    pub expires: Option<i64>,
    /// The operator's note.
    pub comment: Option<String>,
    /// Who added it.
    pub author: Option<String>,
    /// Person or firewall.
    pub origin: Origin,
    /// Why the firewall banned the source.
    pub evidence: Option<serde_json::Value>,
    /// How often in a row the source was banned; 0 for the operator's entries.
    pub step: u32,
}

impl StoredEntry {
    /// Whether it holds at `now`.
    pub fn in_force(&self, now: i64) -> bool {
        self.expires.is_none_or(|end| now < end)
    }

    /// What the kernel does with what it covers.
    pub fn action(&self) -> Action {
        match (self.kind, self.scope) {
            (Kind::Allow, _) => Action::Allow,
            (Kind::Deny, Scope::Sip) => Action::Deny,
            (Kind::Deny, Scope::All) => Action::DenyAll,
            (Kind::Ban, Scope::Sip) => Action::Ban,
            (Kind::Ban, Scope::All) => Action::BanAll,
        }
    }
}

/// A prefix of a block list, as the kernel has to know it: denied, without an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListEntry {
    /// The number by which the kernel's verdicts name the list ([`list_id`]).
    pub id: u32,
    /// What is denied.
    pub prefix: Prefix,
}

/// All that is to be enforced at one instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InForce {
    /// The operator's entries and the bans.
    pub entries: Vec<StoredEntry>,
    /// What block lists name.
    pub listed: Vec<ListEntry>,
}

/// How many numbers the kernel's verdicts have for lists. The database counts entries up from 1 and would take centuries
/// to come this far.
const LIST_IDS: u32 = 1 << 16;

/// The number that stands for the list of row `row` in the kernel's verdicts; none for rows that it has no number for.
pub fn list_id(row: u32) -> Option<u32> {
    (1..LIST_IDS).contains(&row).then(|| u32::MAX - row)
}

/// The row of the list that a number of the kernel's verdicts stands for; none if it is an entry's number.
pub fn list_row(id: u32) -> Option<u32> {
    Some(u32::MAX - id).filter(|row| (1..LIST_IDS).contains(row))
}

/// A prefix in JSON.
pub(crate) fn as_text<S: Serializer>(prefix: &Prefix, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&prefix_text(*prefix))
}
