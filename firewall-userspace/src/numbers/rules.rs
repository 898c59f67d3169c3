//! Everything that lists say, from wherever it comes.
//!
//! Owns: the order of precedence between the database's entries and those that the config makes, and the numbers of lists.
//! Refuses: prefixes of prefixes (see `table`).
use firewall_common::number::{Directions, Number, NumberAction, NumberKey, Plan};

use super::{ListKind, StoredNumber, parse_number};
use crate::config::Config;

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
    let mut rules = own_numbers(config);
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

fn own_numbers(config: &Config) -> Vec<Rule> {
    let plan: Plan = config.numbers().plan();
    let texts = config.callers().own_numbers.as_slice().iter();
    texts.filter_map(|text| parse_number(text, &plan).ok()).map(of_own).collect()
}

fn of_own(prefix: Number) -> Rule {
    Rule {
        list: NumberKey::CALLERS + NumberKey::EVERYBODY,
        prefix,
        directions: Directions::BOTH,
        action: NumberAction::Own,
        class: 0,
        id: 0,
        expires: None,
    }
}
