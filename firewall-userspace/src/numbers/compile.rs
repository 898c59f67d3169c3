//! From lists to the values of the kernel's map.
//!
//! Owns: that step. A trie finds only the longest prefix of all, so each prefix's value says what the longest one says that
//! holds in each direction. Refuses: writing.
use std::collections::HashMap;

use firewall_common::number::{Directions, NumberAction, NumberKey, NumberRule, NumberTerm};
use firewall_common::policy::NEVER_ENDS;

use super::Numbers;
use super::table::Said;
use crate::clock::Clock;

/// What the kernel's map should hold, but for what is blocked for single sources.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NumberRules {
    /// Values by key and how many of its bits count.
    pub rules: HashMap<(NumberKey, u32), NumberRule>,
    /// Unix milliseconds of the next end of one.
    pub next_expiry: Option<i64>,
}

/// Makes the kernel's values.
pub fn compile(numbers: &Numbers, clock: Clock) -> NumberRules {
    let mut made = NumberRules::default();
    for (list, prefix) in numbers.prefixes() {
        let received = numbers.longest(list, Directions::RECEIVED, prefix);
        let sent = numbers.longest(list, Directions::SENT, prefix);
        let expires = [received, sent].into_iter().flatten().filter_map(|said| said.expires).min();
        let until = expires.map_or(NEVER_ENDS, |end| clock.deadline(end));
        let rule = NumberRule { until, received: term(received), sent: term(sent), hits: 0 };
        made.rules.insert(NumberKey::of(list, prefix), rule);
        made.next_expiry = [made.next_expiry, expires].into_iter().flatten().min();
    }
    made
}

/// What says nothing has no length either, so that no other list's word gives way to it.
fn term(said: Option<Said>) -> NumberTerm {
    let said = said.filter(|said| said.term.action != NumberAction::None as u32);
    said.map_or_else(NumberTerm::default, |said| said.term)
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::{number, plain, some_rules};
    use super::*;
    use proptest::prelude::*;

    const NOW: Clock = Clock { wall_ms: 0, mono_ns: 1_000_000_000 };

    /// What a trie finds: the value of the longest key that is a prefix, whatever it says.
    fn trie(made: &NumberRules, list: u64, text: &str) -> Option<NumberRule> {
        (0..=text.len()).rev().find_map(|len| made.rules.get(&NumberKey::of(list, number(&text[..len]))).copied())
    }

    proptest! {
        #[test]
        fn a_trie_says_what_a_plain_search_says(rules in some_rules(), text in "[0-2]{0,7}", list in 0..2u64) {
            let made = compile(&Numbers::new(&rules, []), NOW);
            let found = trie(&made, list, &text);
            let id = |direction| plain(&rules, list, direction, number(&text)).map_or(0, |rule| rule.id);
            prop_assert_eq!(found.map_or(0, |rule| rule.received.id), id(Directions::RECEIVED));
            prop_assert_eq!(found.map_or(0, |rule| rule.sent.id), id(Directions::SENT));
        }
    }
}
