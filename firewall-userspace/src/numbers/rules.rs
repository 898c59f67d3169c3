//! Everything that lists say, from wherever it comes.
//!
//! Owns: the order of precedence between the database's entries and those that the config makes, and the numbers of lists.
//! Refuses: prefixes of prefixes (see `table`).
use firewall_common::number::{Digits, Directions, INTERNATIONAL, Number, NumberAction, NumberKey, Plan};

use super::numbering::{country_prefixes, enclaves, ready_prefixes};
use super::{ListKind, StoredNumber, parse_number};
use crate::config::{Config, ReadyAction};

/// What one entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The list, as in [`NumberKey::of`].
    pub list: u64,
    /// The prefix.
    pub prefix: Number,
    /// For which directions.
    pub directions: Directions,
    /// What is done.
    pub action: NumberAction,
    /// The class's number; 0: none.
    pub class: u32,
    /// The entry's id; 0 for what the config makes.
    pub id: u32,
    /// Unix milliseconds of its end.
    pub expires: Option<i64>,
}

/// The number of the lists of a peer, by its name, so that they stay the same whatever else is in the config. Never 0.
pub fn own_list(name: &str) -> u32 {
    // FNV-1a (draft-eastlake-fnv): the names are the operator's, and nobody is after two that are the same.
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash.max(1)
}

/// All rules in force at `now`, the weaker ones first: of two with the same prefix, list and direction the later one holds.
pub fn rules(config: &Config, stored: &[StoredNumber], now: i64) -> Vec<Rule> {
    let mut rules = ready_made(config);
    rules.extend(countries(config));
    rules.extend(own_numbers(config));
    let mut entries: Vec<&StoredNumber> = stored.iter().filter(|entry| entry.in_force(now)).collect();
    // What is said of one direction is meant for that one.
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.directions.0));
    rules.extend(entries.into_iter().map(of_entry));
    rules
}

fn of_entry(entry: &StoredNumber) -> Rule {
    let own = entry.peer.as_deref().map_or(NumberKey::EVERYBODY, |name| own_list(name).into());
    Rule {
        list: own + if entry.list == ListKind::Caller { NumberKey::CALLERS } else { 0 },
        prefix: entry.prefix,
        directions: entry.directions,
        action: entry.action,
        class: entry.class_number,
        id: entry.id,
        expires: entry.expires,
    }
}

/// The ready-made lists that the config wants.
fn ready_made(config: &Config) -> Vec<Rule> {
    let numbers = config.numbers();
    let action = match numbers.ready_made_action {
        ReadyAction::Deny => NumberAction::Deny,
        ReadyAction::Code => NumberAction::Code,
    };
    let rule = |class| move |prefix| Rule { list: NumberKey::EVERYBODY, class, ..made(prefix, action) };
    numbers.ready_made.iter().flat_map(|list| ready_prefixes(list).map(rule(list.class()))).collect()
}

/// Countries from which callers may call or not. A country inside another one's prefix is not meant by that one.
fn countries(config: &Config) -> Vec<Rule> {
    let callers = config.callers();
    let (allowed, denied) = (callers.countries_allow.as_slice(), callers.countries_deny.as_slice());
    let (elsewhere, inside) = match allowed {
        [] => (None, NumberAction::None),
        _ => (Some(Number { space: INTERNATIONAL, digits: Digits::NONE }), NumberAction::Deny),
    };
    let enclaves = allowed.iter().chain(denied).flat_map(|name| enclaves(name)).map(|prefix| made(prefix, inside));
    let of = |names: &'static str, action| country_prefixes(names).map(move |prefix| made(prefix, action));
    let elsewhere = elsewhere.map(|prefix| made(prefix, NumberAction::Deny));
    let named = allowed.iter().flat_map(|name| of(name, NumberAction::Allow));
    elsewhere
        .into_iter()
        .chain(enclaves)
        .chain(named)
        .chain(denied.iter().flat_map(|name| of(name, NumberAction::Deny)))
        .collect()
}

fn own_numbers(config: &Config) -> Vec<Rule> {
    let plan: Plan = config.numbers().plan();
    let texts = config.callers().own_numbers.as_slice().iter();
    texts.filter_map(|text| parse_number(text, &plan).ok()).map(|prefix| made(prefix, NumberAction::Own)).collect()
}

/// A rule of the config's making, for callers unless it is given another list.
fn made(prefix: Number, action: NumberAction) -> Rule {
    Rule {
        list: NumberKey::CALLERS + NumberKey::EVERYBODY,
        prefix,
        directions: Directions::BOTH,
        action,
        class: 0,
        id: 0,
        expires: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse_str;
    use crate::numbers::{Numbers, number_text};

    fn look(text: &str, list: u64, number: &str) -> NumberAction {
        let config = parse_str("t", text).unwrap().config;
        let number = parse_number(number, &config.numbers().plan()).unwrap();
        let numbers = Numbers::new(&rules(&config, &[], 0), []);
        numbers.look(list, Directions::RECEIVED, number).map_or(NumberAction::None, |listed| listed.action)
    }

    #[test]
    fn ready_made_lists_are_of_everybody() {
        let text = "[numbers]\ncountry = \"49\"\nready_made = [\"premium\", \"satellite\"]\n";
        let codes = format!("{text}ready_made_action = \"code\"");
        for (number, want) in [("0900112345", true), ("+88213", true), ("0180512345", false), ("030123456", false)] {
            let action = |action| if want { action } else { NumberAction::None };
            assert_eq!(look(text, NumberKey::EVERYBODY, number), action(NumberAction::Deny), "{number}");
            assert_eq!(look(&codes, NumberKey::EVERYBODY, number), action(NumberAction::Code), "{number}");
        }
    }

    #[test]
    fn countries_are_denied_without_those_inside_them() {
        let deny = "callers.policy = \"listed\"\ncallers.countries_deny = [\"US\", \"TN\"]";
        let allow = "callers.policy = \"listed\"\ncallers.countries_allow = [\"US\", \"DE\"]";
        for (number, denied, allowed) in [
            ("+12125550123", NumberAction::Deny, NumberAction::Allow),
            ("+12425550123", NumberAction::None, NumberAction::Deny),
            ("+21671123456", NumberAction::Deny, NumberAction::Deny),
            ("+4930123456", NumberAction::None, NumberAction::Allow),
            ("200", NumberAction::None, NumberAction::None),
        ] {
            let found = [deny, allow].map(|text| look(text, NumberKey::CALLERS, number));
            assert_eq!(found, [denied, allowed], "{number}");
        }
    }

    #[test]
    fn an_operators_entry_goes_before_the_configs() {
        let config = parse_str("t", "[numbers]\ncountry = \"49\"\nready_made = [\"premium\"]\n").unwrap().config;
        let premium = ready_prefixes(crate::config::ReadyList::Premium).next().unwrap();
        let entry = StoredNumber {
            id: 7,
            list: ListKind::Dialled,
            peer: None,
            directions: Directions::RECEIVED,
            prefix: premium,
            action: NumberAction::Allow,
            class: None,
            class_number: 0,
            comment: None,
            author: None,
            created: 0,
            expires: Some(10),
        };
        let look = |now, direction| {
            let numbers = Numbers::new(&rules(&config, std::slice::from_ref(&entry), now), []);
            numbers.look(NumberKey::EVERYBODY, direction, premium).map(|listed| listed.action)
        };
        let text = number_text(premium);
        assert_eq!(look(0, Directions::RECEIVED), Some(NumberAction::Allow), "{text}");
        assert_eq!(look(0, Directions::SENT), Some(NumberAction::Deny), "{text}");
        assert_eq!(look(10, Directions::RECEIVED), Some(NumberAction::Deny), "{text}");
    }

    #[test]
    fn a_peers_lists_have_a_number_of_its_name() {
        assert_eq!(own_list("itsp"), own_list("itsp"));
        assert!(own_list("itsp") != own_list("office") && own_list("") != 0);
    }
}
