//! What is dialled before numbers, and countries' codes.
//!
//! Owns: their texts, and a prefix as a step of the plan. Refuses: the order of the steps (`numbers` has that).
use firewall_common::number::{Digits, Rewrite};
use toml::de::DeValue;

use super::problem::Fault;
use super::reader::{Node, Reader};
use super::value::{Scalar, Shown, Value, quoted, read_array, text};

/// The longest prefix of a plan, in digits.
const PREFIX_MAX: u32 = 12;
const DIAL_HINT: &str = "write digits, * or #, such as \"00\"";

/// What is dialled before a number; none for an empty one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DialPrefix(Digits);

impl DialPrefix {
    pub(super) const fn of(digits: &[u8]) -> Self {
        let (mut made, mut at) = (Digits::NONE, 0);
        while at < digits.len() {
            made = made.push(digits[at]);
            at += 1;
        }
        Self(made)
    }

    /// Its digits.
    pub fn digits(self) -> Digits {
        self.0
    }

    fn parse_text(text: &str) -> Result<Self, Fault> {
        let digits = Digits::parse(text).filter(|digits| digits.len <= PREFIX_MAX);
        digits.map(Self).ok_or_else(|| Fault::new("is no dial prefix", DIAL_HINT))
    }

    /// What becomes of a number that begins with it.
    pub(super) fn rewrite(self, insert: Digits, space: u32) -> Rewrite {
        let shift = 64 - 4 * self.0.len;
        let value = self.0.hi;
        let inserted = if insert.len == 0 { 0 } else { insert.hi >> (64 - 4 * insert.len) };
        Rewrite {
            value,
            mask: u64::MAX << shift,
            insert: inserted,
            insert_len: insert.len,
            strip: self.0.len,
            space,
            reserved: 0,
        }
    }
}

impl Scalar for DialPrefix {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        Self::parse_text(text(value, DIAL_HINT)?)
    }

    fn text(&self) -> String {
        quoted(&self.0.to_string())
    }
}

/// Dial prefixes.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DialPrefixes(pub(super) Vec<DialPrefix>);

impl DialPrefixes {
    /// Each of them, as it was written.
    pub fn as_slice(&self) -> &[DialPrefix] {
        &self.0
    }

    /// The longer ones first, so that none hides another.
    pub(super) fn sorted(&self) -> Vec<DialPrefix> {
        let mut sorted = self.0.clone();
        sorted.sort_by_key(|prefix| std::cmp::Reverse(prefix.0.len));
        sorted
    }
}

impl Value for DialPrefixes {
    fn read(&mut self, node: &Node<'_>, reader: &mut Reader<'_, '_>) {
        let hint = "write a list of dial prefixes such as [\"00\"]";
        let parse = |value: &DeValue<'_>| match DialPrefix::parse(value)? {
            prefix if prefix.0.len == 0 => Err(Fault::new("is empty", DIAL_HINT)),
            prefix => Ok(prefix),
        };
        if let Some(prefixes) = read_array(node, reader, hint, parse) {
            self.0 = prefixes;
        }
    }

    fn show(&self) -> Shown {
        Shown::Inline(format!("[{}]", self.0.iter().map(Scalar::text).collect::<Vec<_>>().join(", ")))
    }
}

/// A country's code of ITU-T E.164, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct CountryCode(pub(super) Digits);

impl CountryCode {
    /// Its digits.
    pub fn digits(self) -> Digits {
        self.0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0.len == 0
    }
}

impl Scalar for CountryCode {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        let hint = "write one to three digits such as \"49\", or \"\" for none";
        let text = text(value, hint)?;
        let right = text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
        match Digits::parse(text).filter(|_| right) {
            Some(digits) => Ok(Self(digits)),
            None => Err(Fault::new("is no country's code", hint)),
        }
    }

    fn text(&self) -> String {
        quoted(&self.0.to_string())
    }
}
