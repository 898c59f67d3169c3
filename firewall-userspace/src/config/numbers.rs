//! What may be called: the dialling plan, and the policies of dialled numbers.
//!
//! Owns: the keys of `[numbers]`, their words and defaults, and the plan that they make. Refuses: lists of numbers (the database
//! has them), and what a library says of numbers (see [`crate::numbers`]).
use firewall_common::number::{Digits, INTERNATIONAL, LOCAL, Plan, REWRITES, Rewrite};
use firewall_common::policy;
use toml::de::DeValue;

use super::number::Number;
use super::problem::Fault;
use super::reader::{Node, Reader};
use super::section::section;
use super::value::{Scalar, Shown, Value, quoted, read_array, text};
use super::word::{Word, vocabulary};

vocabulary! {
    /// Which numbers may be called.
    NumberPolicy {
        /// Nobody looks.
        Off = "off",
        /// All but those that are denied.
        Open = "open",
        /// Only those that are allowed.
        Validated = "validated",
    }
}

vocabulary! {
    /// Which numbers may be called at a peer.
    PeerNumbers {
        /// What `[numbers]` says.
        Default = "default",
        /// Nobody looks.
        Off = "off",
        /// All but those that are denied.
        Open = "open",
        /// Only those that are allowed.
        Validated = "validated",
    }
}

vocabulary! {
    /// What is done with the numbers of ready-made lists.
    ReadyAction {
        /// They are denied.
        Deny = "deny",
        /// They need the code of their class.
        Code = "code",
    }
}

vocabulary! {
    /// Lists of numbers that a public source makes.
    ReadyList {
        /// Numbers that cost more than a call: 0900 and its kin, everywhere, and +979.
        Premium = "premium",
        /// Satellites and networks without a country: +870, +881, +882, +883.
        Satellite = "satellite",
        /// Numbers whose cost caller and called share: 0180 and its kin.
        SharedCost = "shared-cost",
    }
}

impl ReadyList {
    /// The list of a word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|list| list.word() == word)
    }

    /// The number of its class, which the database has under the same name.
    pub fn class(self) -> u32 {
        match self {
            Self::Premium => 1,
            Self::Satellite => 2,
            Self::SharedCost => 3,
        }
    }
}

impl NumberPolicy {
    /// As the kernel's records have it.
    pub fn number(self) -> u8 {
        match self {
            Self::Off => policy::NUMBERS_OFF,
            Self::Open => policy::NUMBERS_OPEN,
            Self::Validated => policy::NUMBERS_VALIDATED,
        }
    }
}

impl PeerNumbers {
    /// What holds, when `[numbers]` says `default`.
    pub fn or(self, default: NumberPolicy) -> NumberPolicy {
        match self {
            Self::Default => default,
            Self::Off => NumberPolicy::Off,
            Self::Open => NumberPolicy::Open,
            Self::Validated => NumberPolicy::Validated,
        }
    }
}

/// The longest prefix of a plan, in digits.
const PREFIX_MAX: u32 = 12;
const DIAL_HINT: &str = "write digits, * or #, such as \"00\"";

/// What is dialled before a number; none for an empty one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DialPrefix(Digits);

impl DialPrefix {
    const fn of(digits: &[u8]) -> Self {
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
    fn rewrite(self, insert: Digits, space: u32) -> Rewrite {
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
pub struct DialPrefixes(Vec<DialPrefix>);

impl DialPrefixes {
    /// Each of them, as it was written.
    pub fn as_slice(&self) -> &[DialPrefix] {
        &self.0
    }

    /// The longer ones first, so that none hides another.
    fn sorted(&self) -> Vec<DialPrefix> {
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
pub struct CountryCode(Digits);

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

/// Words of a vocabulary; there may be none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words<T>(Vec<T>);

impl<T> Default for Words<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Word> Words<T> {
    /// Each of them, in the order of the vocabulary.
    pub fn iter(&self) -> impl Iterator<Item = T> {
        self.0.iter().copied()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Word> Value for Words<T> {
    fn read(&mut self, node: &Node<'_>, reader: &mut Reader<'_, '_>) {
        let words: Vec<&str> = T::ALL.iter().map(|word| word.word()).collect();
        let hint = format!("write a list of \"{}\", or []", words.join("\", \""));
        if let Some(read) = read_array(node, reader, &hint, <T as Scalar>::parse) {
            self.0 = T::ALL.iter().copied().filter(|word| read.contains(word)).collect();
        }
    }

    fn show(&self) -> Shown {
        Shown::Inline(format!("[{}]", self.0.iter().map(|word| quoted(word.word())).collect::<Vec<_>>().join(", ")))
    }
}

section! {
    /// Dialled numbers: which may be called. Lists are edited with `sipfw number`; docs/numbers.md explains both.
    Numbers {
        /// What strangers and registrants may call: "open", all numbers but those that are denied; "validated", only those
        /// that are allowed; "off", nobody looks. Peers have keys of their own.
        pub received: NumberPolicy = NumberPolicy::Off;
        /// What our side may call at peers, by the same words. So a call that a stolen account makes is stopped on its way
        /// to the carrier, however it came in.
        pub sent: NumberPolicy = NumberPolicy::Off;
        /// The code of the country that this house is in, such as "49"; "" leaves numbers without a + or an international
        /// prefix as they are.
        pub country: CountryCode = CountryCode::default();
        /// What is dialled before a number of another country.
        pub international: DialPrefixes = DialPrefixes(vec![DialPrefix::of(&[0, 0])]);
        /// What is dialled before a number of another town; "" for a country that has no such prefix.
        pub national: DialPrefix = DialPrefix::of(&[0]);
        /// What is dialled for an outside line, such as ["0"].
        pub outside: DialPrefixes = DialPrefixes::default();
        /// Numbers of at most so many digits, without a prefix of those above, are of the house: they may be called unless
        /// they are denied.
        pub extension_max: Number<0, 15> = Number::of(6);
        /// Lists that are made from a public source: "premium", "satellite", "shared-cost". An entry of your own for the same
        /// prefix, or a longer one, goes before them.
        pub ready_made: Words<ReadyList> = Words::default();
        /// What is done with their numbers: "deny", or "code", which asks for the code of the class of the list's name.
        pub ready_made_action: ReadyAction = ReadyAction::Deny;
        /// How many digits a call code has. It is dialled before the number: *CODE*NUMBER.
        pub code_digits: Number<4, 12> = Number::of(6);
    }
}

impl Numbers {
    /// The plan as the kernel's program takes it.
    pub fn plan(&self) -> Plan {
        let outside = self.outside.sorted().into_iter().map(|prefix| prefix.rewrite(Digits::NONE, LOCAL));
        let abroad = self.international.sorted().into_iter().map(|prefix| prefix.rewrite(Digits::NONE, INTERNATIONAL));
        let national = Some(self.national).filter(|prefix| prefix.0.len > 0 && !self.country.is_empty());
        let national = national.map(|prefix| prefix.rewrite(self.country.0, INTERNATIONAL));
        let mut plan =
            Plan { extension_max: self.extension_max.get(), code_digits: self.code_digits.get(), ..Plan::NONE };
        for (place, rewrite) in plan.rewrites.iter_mut().zip(outside.chain(abroad).chain(national)) {
            *place = rewrite;
        }
        plan
    }

    /// How many prefixes the plan would have; more than [`REWRITES`] are an error.
    pub(super) fn prefixes(&self) -> usize {
        self.outside.0.len() + self.international.0.len() + 1
    }
}

/// The most prefixes of a plan.
pub(super) const PREFIXES: usize = REWRITES;

#[cfg(test)]
mod tests {
    use super::*;
    use firewall_common::number::Dialled;

    fn called(numbers: &Numbers, text: &str) -> String {
        let plus = text.starts_with('+');
        let digits = Digits::parse(text.trim_start_matches('+')).unwrap();
        let number = numbers.plan().apply(Dialled { digits, plus: u32::from(plus) });
        format!("{}{}", if number.space == INTERNATIONAL { "+" } else { "" }, number.digits)
    }

    #[test]
    fn a_plan_makes_one_number_of_all_ways_to_dial_it() {
        let numbers = Numbers {
            country: CountryCode(Digits::parse("49").unwrap()),
            international: DialPrefixes(vec![DialPrefix::of(&[0, 0]), DialPrefix::of(&[0, 1, 1])]),
            outside: DialPrefixes(vec![DialPrefix::of(&[9])]),
            ..Numbers::default()
        };
        for dialled in ["+49900123", "0049900123", "01149900123", "0900123", "900900123", "90900123", "9+49900123"] {
            let dialled = dialled.trim_start_matches("9+").replace("900900123", "90900123");
            let want = if dialled.starts_with('4') { "49900123" } else { "+49900123" };
            assert_eq!(called(&numbers, &dialled), want, "{dialled}");
        }
        assert_eq!(called(&numbers, "200"), "200");
        assert_eq!(called(&Numbers::default(), "0900123"), "0900123");
        assert_eq!(called(&Numbers::default(), "0044123"), "+44123");
    }
}
