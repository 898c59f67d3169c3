//! Entries of number lists, and codes.
//!
//! Owns: their records and words. Refuses: their effect (see `compile`).
use firewall_common::number::{Directions, Number, NumberAction};
use serde::{Serialize, Serializer};

use super::number_text;

/// Which list an entry is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ListKind {
    /// Numbers that are called.
    Dialled,
    /// Numbers that call.
    Caller,
}

impl ListKind {
    /// The word of the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dialled => "dialled",
            Self::Caller => "caller",
        }
    }

    /// The kind of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Dialled, Self::Caller].into_iter().find(|kind| kind.word() == word)
    }
}

/// The words of actions.
pub trait NumberWord: Sized {
    /// The word of the database, of tables and of the command.
    fn word(self) -> &'static str;
    /// The action of a word that an entry may have.
    fn from_word(word: &str) -> Option<Self>;
}

impl NumberWord for NumberAction {
    fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Code => "code",
            Self::Own => "own",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Allow, Self::Deny, Self::Code].into_iter().find(|action| action.word() == word)
    }
}

/// The word of directions.
pub const fn directions_word(directions: Directions) -> &'static str {
    match directions {
        Directions::RECEIVED => "received",
        Directions::SENT => "sent",
        _ => "both",
    }
}

/// The directions of a word.
pub fn parse_directions(word: &str) -> Option<Directions> {
    let all = [Directions::RECEIVED, Directions::SENT, Directions::BOTH];
    all.into_iter().find(|directions| directions_word(*directions) == word)
}

/// An entry that is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNumber {
    /// Which list.
    pub list: ListKind,
    /// The name of the peer for which it holds; none: everybody.
    pub peer: Option<String>,
    /// For which directions.
    pub directions: Directions,
    /// The prefix.
    pub prefix: Number,
    /// What is done with numbers that begin with it.
    pub action: NumberAction,
    /// The name of its class.
    pub class: Option<String>,
    /// A note.
    pub comment: Option<String>,
    /// Who made it.
    pub author: Option<String>,
    /// Unix milliseconds of its end.
    pub expires: Option<i64>,
}

/// An entry as the database holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredNumber {
    /// Its id.
    pub id: u32,
    /// Which list.
    pub list: ListKind,
    /// The name of the peer for which it holds; none: everybody.
    pub peer: Option<String>,
    /// For which directions.
    #[serde(serialize_with = "as_directions")]
    pub directions: Directions,
    /// The prefix.
    #[serde(serialize_with = "as_number")]
    pub prefix: Number,
    /// What is done with numbers that begin with it.
    #[serde(serialize_with = "as_action")]
    pub action: NumberAction,
    /// The name of its class.
    pub class: Option<String>,
    /// The class's number in the kernel's records; 0 without one.
    #[serde(skip)]
    pub class_number: u32,
    /// A note.
    pub comment: Option<String>,
    /// Who made it.
    pub author: Option<String>,
    /// Unix milliseconds of its making.
    pub created: i64,
    /// Unix milliseconds of its end.
    pub expires: Option<i64>,
}

impl StoredNumber {
    /// Whether it holds at a time.
    pub fn in_force(&self, now: i64) -> bool {
        self.expires.is_none_or(|end| end > now)
    }
}

/// A call code, of which nobody knows the digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredCode {
    /// Its id.
    pub id: u32,
    /// The name of the class that it opens.
    pub class: String,
    /// The class's number.
    #[serde(skip)]
    pub class_number: u32,
    /// A note.
    pub label: Option<String>,
    /// Who made it.
    pub author: Option<String>,
    /// Unix milliseconds of its making.
    pub created: i64,
    /// Its keyed hash, as the kernel holds it.
    #[serde(skip)]
    pub hash: u64,
}

fn as_number<S: Serializer>(number: &Number, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&number_text(*number))
}

fn as_directions<S: Serializer>(directions: &Directions, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(directions_word(*directions))
}

fn as_action<S: Serializer>(action: &NumberAction, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(action.word())
}
