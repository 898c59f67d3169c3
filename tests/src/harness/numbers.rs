//! What the daemon would have put into the maps of numbers, and what a config would have asked for.
//!
//! Owns: a plan, lists, codes, blocks, and reading hits. Refuses: configs and files of lists.
use std::net::IpAddr;

use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{Array, HashMap};
use firewall_common::addr::Addr;
use firewall_common::maps;
use firewall_common::number::{
    Digits, INTERNATIONAL, LOCAL, Number, NumberAction, NumberKey, NumberRule, NumberTerm, Plan, Rewrite, block_list,
    code_hash, opened_cell,
};
use firewall_common::policy::{FLAG_NUMBERS, NEVER_ENDS, NUMBERS_BLOCKS, SWITCH_NUMBERS};
use firewall_userspace::dataplane::load::Generation;

use super::shield::{KEY, Shield};

/// How many digits a code of the tests has.
pub const CODE_DIGITS: u32 = 6;

/// Digits, as they are written.
pub fn digits(text: &str) -> Digits {
    Digits::parse(text).expect("a test writes numbers rightly")
}

/// A number: international with a `+` before it.
pub fn number(text: &str) -> Number {
    match text.strip_prefix('+') {
        Some(rest) => Number { space: INTERNATIONAL, digits: digits(rest) },
        None => Number { space: LOCAL, digits: digits(text) },
    }
}

/// Germany's plan, with a 9 for an outside line and the Americans' way abroad: `9`, `011`, `00`, `0`.
pub fn plan() -> Plan {
    let rewrite = |prefix: &str, insert: u64, insert_len: u32, space: u32| {
        let Digits { hi, len, .. } = digits(prefix);
        Rewrite { value: hi, mask: !(u64::MAX >> (4 * len)), insert, insert_len, strip: len, space, reserved: 0 }
    };
    let mut plan = Plan { code_digits: CODE_DIGITS, ..Plan::NONE };
    let known = [
        rewrite("9", 0, 0, LOCAL),
        rewrite("011", 0, 0, INTERNATIONAL),
        rewrite("00", 0, 0, INTERNATIONAL),
        rewrite("0", 0x49, 2, INTERNATIONAL),
    ];
    plan.rewrites[..known.len()].copy_from_slice(&known);
    plan
}

/// Has numbers looked at: those that strangers and registrants call under a policy, and of peers by what `rules` says of their
/// ids: the policies for what is received and sent, and the number of their own list.
pub fn judge_numbers(generation: &mut Generation, policy: u8, rules: &[(u32, u8, u8, u32)]) {
    generation.policy.flags |= FLAG_NUMBERS;
    generation.policy.numbers = u32::from(policy);
    *generation.plan = plan();
    for (id, received, sent, list) in rules {
        let rule = &mut generation.rules[*id as usize];
        (rule.received, rule.sent, rule.list) = (*received, *sent, *list);
    }
}

/// What a list says in both directions of what begins with `prefix`.
pub fn rule(id: u32, prefix: &str, action: NumberAction, class: u32) -> NumberRule {
    let term = NumberTerm { action: action as u32, class, id, len: number(prefix).digits.len };
    NumberRule { until: NEVER_ENDS, received: term, sent: term, hits: 0 }
}

impl Shield {
    /// Puts a prefix on a list, for both directions and for ever.
    pub fn list(&mut self, list: u64, id: u32, prefix: &str, action: NumberAction, class: u32) {
        self.list_rule(list, prefix, rule(id, prefix, action, class));
    }

    /// Puts a prefix on a list.
    pub fn list_rule(&mut self, list: u64, prefix: &str, rule: NumberRule) {
        let (key, bits) = NumberKey::of(list, number(prefix));
        let mut numbers: LpmTrie<_, NumberKey, NumberRule> = self.map(maps::NUMBERS);
        numbers.insert(&Key::new(bits, key), rule, 0).expect("there is room for the prefix");
    }

    /// How many requests a prefix of a list has stopped.
    pub fn hits(&mut self, list: u64, prefix: &str) -> u64 {
        let (key, bits) = NumberKey::of(list, number(prefix));
        let numbers: LpmTrie<_, NumberKey, NumberRule> = self.map(maps::NUMBERS);
        numbers.get(&Key::new(bits, key), 0).expect("the prefix is on the list").hits
    }

    /// Blocks a prefix for a source.
    pub fn block(&mut self, source: &str, id: u32, prefix: &str) {
        let source: IpAddr = source.parse().expect("a test writes addresses rightly");
        let source = Addr::from(source).source(Addr::mask(64));
        self.list(block_list(source, KEY), id, prefix, NumberAction::Deny, 0);
        self.switch(SWITCH_NUMBERS, |old| old | NUMBERS_BLOCKS);
    }

    /// Makes a call code known that opens these classes.
    pub fn code(&mut self, code: &str, classes: &[u32]) {
        let bits = classes.iter().fold(0u64, |bits, class| bits | 1 << class);
        let mut codes: HashMap<_, u64, u64> = self.map(maps::CODES);
        codes.insert(code_hash(digits(code), KEY), bits, 0).expect("there is room for the code");
    }

    /// Until when a number is open, if it is.
    pub fn open_until(&mut self, number: &str) -> Option<u64> {
        let (index, tag) = opened_cell(self::number(number), KEY);
        let cells: Array<_, [u64; 2]> = self.map(maps::OPENED);
        let [of, until] = cells.get(&index, 0).expect("there is the cell");
        (of == tag).then_some(until)
    }

    /// Opens a number until then, as a code does that was dialled before it.
    pub fn open_number(&mut self, number: &str, until: u64) {
        let (index, tag) = opened_cell(self::number(number), KEY);
        let mut cells: Array<_, [u64; 2]> = self.map(maps::OPENED);
        cells.set(index, [tag, until], 0).expect("there is the cell");
    }
}
