//! What may be called: the dialling plan, and the policies of dialled numbers.
//!
//! Owns: the keys of `[numbers]`, their words and defaults, and the plan that they make. Refuses: lists of numbers (the database
//! has them), and what a library says of numbers (see [`crate::numbers`]).
use firewall_common::number::{Digits, INTERNATIONAL, LOCAL, Plan, REWRITES};
use firewall_common::policy;

use super::dial::{CountryCode, DialPrefix, DialPrefixes};
use super::number::Number;
use super::reader::{Node, Reader};
use super::section::section;
use super::value::{Scalar, Shown, Value, quoted, read_array};
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
        let national = Some(self.national).filter(|prefix| prefix.digits().len > 0 && !self.country.is_empty());
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
