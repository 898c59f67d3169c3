//! Call codes, and the keyed hashes by which the kernel knows them and what they have opened.
//!
//! Owns: where in a dialled number a code stands, and the hashes. Refuses: codes' storage, and who may use which.
use super::digits::{Digits, STAR};
use super::plan::{Dialled, Number};
use super::rule::NumberKey;
use crate::addr::Addr;
use crate::limiter::{HashKey, mixed};
use crate::maps::OPENED_CELLS;

/// How many digits a code has at most.
pub const CODE_MAX: u32 = 14;

/// The code of `digits` digits that was dialled between two stars, and the number behind it; none where there is no code.
#[inline(always)]
pub fn code(dialled: Dialled, digits: u32) -> Option<(Digits, Dialled)> {
    let Dialled { digits: all, plus } = dialled;
    if digits == 0 || digits > CODE_MAX {
        return None;
    }
    let before = digits + 2;
    let stars = (u64::from(STAR) << 60, u64::from(STAR) << (60 - 4 * (digits + 1)));
    let is_marked = all.hi >> 60 << 60 == stars.0 && all.hi & 15 << (60 - 4 * (digits + 1)) == stars.1;
    if !is_marked || all.len < before || plus != 0 && plus <= before {
        return None;
    }
    let code = Digits { hi: all.hi << 4 & !(u64::MAX >> (4 * digits)), lo: 0, len: digits, reserved: 0 };
    Some((code, Dialled { digits: all.strip(before), plus: plus.saturating_sub(before) }))
}

/// By what the kernel knows a code.
#[inline(always)]
pub const fn code_hash(code: Digits, key: HashKey) -> u64 {
    mix([code.hi, code.lo, (code.len as u64) << 8 | CODE], key)
}

/// The cell of a number that a code has opened, and what stands in it for that number.
#[inline(always)]
pub const fn opened_cell(number: Number, key: HashKey) -> (u32, u64) {
    let Number { space, digits } = number;
    let tag = mix([digits.hi, digits.lo, (digits.len as u64) << 16 | (space as u64) << 8 | OPENED], key);
    ((tag >> 40) as u32 & (OPENED_CELLS - 1), tag)
}

/// The list of prefixes that are blocked for a source: what its rates are kept by, so an IPv6 source is a prefix.
#[inline(always)]
pub const fn block_list(source: Addr, key: HashKey) -> u64 {
    NumberKey::BLOCKS + (mix([source.hi, source.lo, SOURCE], key) & LIST)
}

/// As many bits of a source's hash as a list's number has room for.
const LIST: u64 = (1 << 40) - 1;

/// What is hashed: never two kinds alike.
const CODE: u64 = 1;
const OPENED: u64 = 2;
const SOURCE: u64 = 3;

/// Three rounds of SplitMix64's finisher (Steele, Lea, Flood 2014), each over another word and both halves of the key.
#[inline(always)]
const fn mix([a, b, c]: [u64; 3], key: HashKey) -> u64 {
    let [k0, k1] = key.0;
    mixed(mixed(mixed(a ^ k0).wrapping_add(b ^ k1)).wrapping_add(c ^ k0.rotate_left(32)) ^ k1)
}

#[cfg(test)]
mod tests {
    use super::super::scan::of_uri;
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;
    use std::format;
    use std::string::ToString as _;

    const KEY: HashKey = HashKey([0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210]);

    proptest! {
        #[test]
        fn a_code_is_what_stands_between_two_stars(code in "[0-9]{1,14}", number in "[0-9#*]{0,20}", plus in "[+]?", wanted in 0u32..17) {
            let dialled = of_uri(format!("sip:*{code}*{plus}{number}@h").as_bytes());
            let found = super::code(dialled, wanted);
            let whole = format!("*{code}*{number}");
            prop_assert_eq!(dialled.digits.to_string(), &whole[..whole.len().min(32)]);
            if wanted as usize == code.len() {
                let (digits, rest) = found.unwrap();
                prop_assert_eq!(digits.to_string(), code.clone());
                prop_assert_eq!(rest.digits.to_string(), &number[..number.len().min(30 - code.len())]);
                prop_assert_eq!(rest.plus, u32::from(!plus.is_empty()));
            } else if !number.contains('*') {
                prop_assert_eq!(found, None);
            }
        }
    }

    #[test]
    fn what_is_no_code_is_none() {
        for user in [
            "*12345*",
            "*1234567*1",
            "123456*49",
            "**123456*49",
            "*123456",
            "*12+3456*49",
            "*123456+*49",
            "+*123456*49",
        ] {
            assert_eq!(code(of_uri(format!("sip:{user}@h").as_bytes()), 6), None, "{user}");
        }
    }

    #[test]
    fn hashes_tell_apart_what_is_not_the_same() {
        let digits = |text: &str| Digits::parse(text).unwrap();
        let number = |space, text: &str| Number { space, digits: digits(text) };
        let hashes: Vec<u64> = vec![
            code_hash(digits("123456"), KEY),
            code_hash(digits("1234560"), KEY),
            code_hash(digits("123456"), HashKey([1, 2])),
            opened_cell(number(0, "123456"), KEY).1,
            opened_cell(number(1, "123456"), KEY).1,
            opened_cell(number(1, "12345600000000000"), KEY).1,
            block_list(Addr::from_v4([1, 2, 3, 4]), KEY),
            block_list(Addr::from_v4([1, 2, 3, 5]), KEY),
        ];
        assert_eq!(hashes.iter().collect::<HashSet<_>>().len(), hashes.len());
        assert!(hashes[6] >> 41 == 1 && hashes[7] >> 40 == 2);
        assert!(opened_cell(number(0, "1"), KEY).0 < OPENED_CELLS);
    }
}
