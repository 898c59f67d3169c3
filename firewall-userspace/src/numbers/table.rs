//! Lists as they are looked up: by the longest prefix that says something of a direction.
//!
//! Owns: that look-up, the same as the kernel's. Refuses: what follows from it (see [`firewall_common::number::decide`]).
use std::collections::HashMap;
use std::sync::Arc;

use firewall_common::number::{Digits, Directions, Number, NumberAction, NumberTerm};

use super::Rule;

/// The lists of dialled numbers and of callers, for looking numbers up.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    slots: HashMap<(u64, u32, Digits), Slot>,
    classes: HashMap<u32, Arc<str>>,
}

/// What is said of one prefix, in each direction.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Slot {
    pub(super) received: Option<Said>,
    pub(super) sent: Option<Said>,
}

/// What one rule says, and when that ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Said {
    pub(super) term: NumberTerm,
    pub(super) expires: Option<i64>,
}

/// What a list says of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What is done with it.
    pub action: NumberAction,
    /// The name of its class, if it has one.
    pub class: Option<Arc<str>>,
    /// The id of its entry.
    pub id: u32,
}

/// The same, with what the kernel's records have of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What is said.
    pub listed: Listed,
    /// The prefix that says it.
    pub prefix: Number,
    /// As the kernel has it.
    pub term: NumberTerm,
}

impl Numbers {
    /// The lists that rules make; of two rules of the same prefix, list and direction the later one holds. `classes` are the
    /// names of classes by their numbers.
    pub fn new(rules: &[Rule], classes: impl IntoIterator<Item = (u32, String)>) -> Self {
        let mut slots: HashMap<_, Slot> = HashMap::with_capacity(rules.len());
        for rule in rules {
            let term =
                NumberTerm { action: rule.action as u32, class: rule.class, id: rule.id, len: rule.prefix.digits.len };
            let said = Some(Said { term, expires: rule.expires });
            let slot = slots.entry((rule.list, rule.prefix.space, rule.prefix.digits)).or_default();
            if rule.directions.0 & Directions::RECEIVED.0 != 0 {
                slot.received = said;
            }
            if rule.directions.0 & Directions::SENT.0 != 0 {
                slot.sent = said;
            }
        }
        let classes = classes.into_iter().map(|(number, name)| (number, name.into())).collect();
        Self { slots, classes }
    }

    /// What the longest prefix of `number` says that holds in a direction; `list` as in
    /// [`firewall_common::number::NumberKey`].
    pub fn look(&self, list: u64, direction: Directions, number: Number) -> Option<Listed> {
        self.find(list, direction, number).map(|found| found.listed)
    }

    /// The same, with the prefix.
    pub fn find(&self, list: u64, direction: Directions, number: Number) -> Option<Found> {
        let said =
            self.longest(list, direction, number).filter(|said| said.term.action != NumberAction::None as u32)?;
        let class = self.classes.get(&said.term.class).cloned();
        let listed = Listed { action: NumberAction::from_number(said.term.action), class, id: said.term.id };
        let prefix = Number { digits: first(number.digits, said.term.len), ..number };
        Some(Found { listed, prefix, term: said.term })
    }

    /// The name of a class.
    pub fn class(&self, number: u32) -> Option<&Arc<str>> {
        self.classes.get(&number)
    }

    pub(super) fn longest(&self, list: u64, direction: Directions, number: Number) -> Option<Said> {
        (0..=number.digits.len).rev().find_map(|len| {
            let slot = self.slots.get(&(list, number.space, first(number.digits, len)))?;
            if direction == Directions::SENT { slot.sent } else { slot.received }
        })
    }

    /// Every prefix that something is said of, with its list.
    pub(super) fn prefixes(&self) -> impl Iterator<Item = (u64, Number)> {
        self.slots.keys().map(|(list, space, digits)| (*list, Number { space: *space, digits: *digits }))
    }
}

/// The first `len` digits.
pub(super) fn first(digits: Digits, len: u32) -> Digits {
    let len = len.min(digits.len);
    let mask = if len == 0 { 0 } else { u128::MAX << (128 - 4 * len) };
    let all = (u128::from(digits.hi) << 64 | u128::from(digits.lo)) & mask;
    Digits { hi: (all >> 64) as u64, lo: all as u64, len, reserved: 0 }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use firewall_common::number::INTERNATIONAL;
    use proptest::prelude::*;

    pub(in crate::numbers) fn number(text: &str) -> Number {
        Number { space: INTERNATIONAL, digits: Digits::parse(text).unwrap() }
    }

    /// Rules over few digits, so that they meet.
    pub(in crate::numbers) fn some_rules() -> impl Strategy<Value = Vec<Rule>> {
        let rule = (0..2u64, "[0-2]{0,5}", 1..=3u8, 1..=3u32, 0..3u32, prop::option::of(1..100i64));
        let make = |(list, text, directions, action, class, expires): (_, String, _, _, _, _)| Rule {
            list,
            prefix: number(&text),
            directions: Directions(directions),
            action: NumberAction::from_number(action),
            class,
            id: 0,
            expires,
        };
        let all = prop::collection::vec(rule.prop_map(make), 0..30);
        all.prop_map(|rules| (1..).zip(rules).map(|(id, rule)| Rule { id, ..rule }).collect())
    }

    /// The plain model: of all rules that match, the longest, and of those the last.
    pub(in crate::numbers) fn plain(rules: &[Rule], list: u64, direction: Directions, number: Number) -> Option<&Rule> {
        let matches = |rule: &&Rule| {
            rule.list == list
                && rule.directions.0 & direction.0 != 0
                && rule.prefix.space == number.space
                && number.digits.starts_with(rule.prefix.digits)
        };
        rules.iter().filter(matches).max_by_key(|rule| rule.prefix.digits.len)
    }

    proptest! {
        #[test]
        fn a_look_finds_what_a_plain_search_finds(rules in some_rules(), text in "[0-2]{0,7}", list in 0..2u64, sent: bool) {
            let direction = if sent { Directions::SENT } else { Directions::RECEIVED };
            let table = Numbers::new(&rules, [(1, "premium".to_owned())]);
            let found = table.find(list, direction, number(&text));
            let want = plain(&rules, list, direction, number(&text));
            prop_assert_eq!(found.as_ref().map(|f| f.listed.id), want.map(|rule| rule.id));
            prop_assert_eq!(found.map(|f| f.prefix), want.map(|rule| rule.prefix));
        }
    }

    #[test]
    fn the_first_digits_are_those() {
        let digits = Digits::parse("12345678901234567890123456789012").unwrap();
        for len in [0, 1, 15, 16, 17, 32, 40] {
            let want = &digits.to_string()[..len.min(32)];
            assert_eq!(first(digits, len as u32), Digits::parse(want).unwrap());
        }
    }
}
