//! What a public source says of numbers: their countries, and ready-made lists.
//!
//! Owns: the table that is generated from libphonenumber's metadata (`tests/numbering.rs` does, from the library
//! `phonenumber`), and looking numbers up in it. Refuses: what an operator says of numbers.
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use firewall_common::number::{Digits, INTERNATIONAL, Number};

use super::table::first;
use crate::config::ReadyList;

static TEXT: &str = include_str!("numbering.txt");
static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(TEXT));

/// The longest prefix of the table.
const LONGEST: u32 = 12;

#[derive(Default)]
struct Table {
    countries: HashMap<Digits, &'static str>,
    ranges: HashMap<Digits, ReadyList>,
}

impl Table {
    fn read(text: &'static str) -> Self {
        let mut table = Self::default();
        for line in text.lines() {
            let mut words = line.split(' ');
            let (Some(kind), Some(prefix), Some(name)) = (words.next(), words.next(), words.next()) else { continue };
            let Some(prefix) = Digits::parse(prefix) else { continue };
            match (kind, ReadyList::named(name)) {
                ("country", _) => drop(table.countries.insert(prefix, name)),
                ("range", Some(list)) => drop(table.ranges.insert(prefix, list)),
                _ => {}
            }
        }
        table
    }
}

/// The country of an international number: two letters of ISO 3166-1, or a word for what is no country: `satellite`,
/// `international`.
pub fn country(number: Number) -> Option<&'static str> {
    longest(&TABLE.countries, number)
}

/// The ready-made list that a number is on.
pub fn ready_made(number: Number) -> Option<ReadyList> {
    longest(&TABLE.ranges, number)
}

/// The prefixes of a ready-made list.
pub(super) fn ready_prefixes(list: ReadyList) -> impl Iterator<Item = Number> {
    let of_list = move |(digits, of): (&Digits, &ReadyList)| (*of == list).then_some(international(*digits));
    TABLE.ranges.iter().filter_map(of_list)
}

/// The prefixes of a country.
pub(super) fn country_prefixes(name: &str) -> impl Iterator<Item = Number> {
    TABLE.countries.iter().filter(move |(_, of)| **of == name).map(|(digits, _)| international(*digits))
}

/// The prefixes that lie inside those of a country, and are another's.
pub(super) fn enclaves(name: &str) -> Vec<Number> {
    let own: Vec<Digits> = country_prefixes(name).map(|number| number.digits).collect();
    let others = TABLE.countries.iter().filter(|(_, of)| **of != name);
    let inside = |digits: &&Digits| own.iter().any(|own| digits.starts_with(*own));
    others.map(|(digits, _)| digits).filter(inside).map(|digits| international(*digits)).collect()
}

/// Every country there is.
pub fn countries() -> BTreeSet<&'static str> {
    TABLE.countries.values().copied().collect()
}

fn international(digits: Digits) -> Number {
    Number { space: INTERNATIONAL, digits }
}

fn longest<T: Copy>(table: &HashMap<Digits, T>, number: Number) -> Option<T> {
    if number.space != INTERNATIONAL {
        return None;
    }
    (1..=LONGEST.min(number.digits.len)).rev().find_map(|len| table.get(&first(number.digits, len)).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        international(Digits::parse(text).unwrap())
    }

    #[test]
    fn numbers_have_countries_and_lists() {
        for (text, place, list) in [
            ("4930123456", Some("DE"), None),
            ("499001234567", Some("DE"), Some(ReadyList::Premium)),
            ("491805123456", Some("DE"), Some(ReadyList::SharedCost)),
            ("12125550123", Some("US"), None),
            ("14165550123", Some("CA"), None),
            ("12425550123", Some("BS"), None),
            ("19005550123", Some("US"), Some(ReadyList::Premium)),
            ("447400123456", Some("GB"), None),
            ("441534456789", Some("JE"), None),
            ("77172123456", Some("KZ"), None),
            ("74951234567", Some("RU"), None),
            ("870773123456", Some("satellite"), Some(ReadyList::Satellite)),
            ("881612345678", Some("satellite"), Some(ReadyList::Satellite)),
            ("88213300655", Some("satellite"), Some(ReadyList::Satellite)),
            ("883510012345", Some("satellite"), Some(ReadyList::Satellite)),
            ("979123456789", Some("international"), Some(ReadyList::Premium)),
            ("999123", None, None),
        ] {
            assert_eq!((country(number(text)), ready_made(number(text))), (place, list), "{text}");
        }
        let local = Number { space: firewall_common::number::LOCAL, ..number("4930") };
        assert_eq!((country(local), country(number("")), ready_made(local)), (None, None, None));
        assert!(countries().len() > 240 && countries().contains("AT"));
        assert!(enclaves("US").contains(&number("1242")) && enclaves("DE").is_empty());
    }
}
