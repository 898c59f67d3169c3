//! The table of countries and ready-made lists is what the library `phonenumber` carries: Google's libphonenumber metadata, whose
//! version is a part of that library's.
//!
//! `UPDATE_NUMBERING=1 cargo test -p firewall-userspace --test numbering` writes it anew, after the library was updated.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use phonenumber::Metadata;
use phonenumber::metadata::{DATABASE, Descriptor};

#[path = "numbering/pattern.rs"]
mod pattern;
use pattern::of_pattern;

const HEAD: &str = "\
# Generated from libphonenumber's metadata by tests/numbering.rs; do not edit.
# country PREFIX NAME: whose numbers begin so, the longest prefix decides. range PREFIX CLASS: a ready-made list.
";

#[test]
fn the_table_is_the_librarys() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/numbers/numbering.txt");
    let made = table();
    if std::env::var_os("UPDATE_NUMBERING").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "{} differs; UPDATE_NUMBERING=1 writes it anew", path.display());
}

/// What is told of a prefix.
#[derive(Default)]
struct Table {
    countries: BTreeMap<String, String>,
    ranges: BTreeMap<String, &'static str>,
}

fn table() -> String {
    let mut table = Table::default();
    for code in 1..1_000 {
        let territories = DATABASE.by_code(&code).unwrap_or_default();
        // The main one comes first, and has what is none of the others'.
        for (index, territory) in territories.iter().enumerate().rev() {
            of_territory(code, territory, index == 0, &mut table);
        }
    }
    let countries = table.countries.iter().map(|(prefix, name)| format!("country {prefix} {name}\n"));
    let ranges = table.ranges.iter().map(|(prefix, class)| format!("range {prefix} {class}\n"));
    HEAD.to_owned() + &countries.chain(ranges).collect::<String>()
}

fn of_territory(code: u16, territory: &Metadata, is_main: bool, table: &mut Table) {
    let name = if territory.id() == "001" { word(code) } else { territory.id() };
    let places = if is_main { BTreeSet::from([String::new()]) } else { own_places(territory) };
    table.countries.extend(places.iter().map(|place| (format!("{code}{place}"), name.to_owned())));
    if name == "satellite" {
        table.ranges.insert(code.to_string(), "satellite");
    }
    let usual = usual(territory);
    let all = territory.descriptors();
    for (class, descriptor) in [("shared-cost", all.shared_cost()), ("premium", all.premium_rate())] {
        // What begins as ordinary numbers do cannot be told by its beginning.
        let ranges = descriptor.map(prefixes).unwrap_or_default().into_iter();
        let clear = ranges.filter(|range| !usual.iter().any(|other| meet(range, other)));
        table.ranges.extend(clear.map(|range| (format!("{code}{range}"), class)));
    }
}

fn word(code: u16) -> &'static str {
    if matches!(code, 870 | 881 | 882 | 883) { "satellite" } else { "international" }
}

/// Where the numbers of a country begin that shares its code with another.
fn own_places(territory: &Metadata) -> BTreeSet<String> {
    let all = territory.descriptors();
    match territory.leading_digits() {
        Some(pattern) => of_pattern(pattern.as_str()),
        None => [all.fixed_line(), all.mobile()].into_iter().flatten().flat_map(prefixes).collect(),
    }
}

/// Prefixes of what anybody may call.
fn usual(territory: &Metadata) -> BTreeSet<String> {
    let all = territory.descriptors();
    [all.fixed_line(), all.mobile(), all.toll_free(), all.voip()].into_iter().flatten().flat_map(prefixes).collect()
}

fn prefixes(descriptor: &Descriptor) -> BTreeSet<String> {
    of_pattern(descriptor.national_number().as_str())
}

fn meet(a: &str, b: &str) -> bool {
    a.starts_with(b) || b.starts_with(a)
}
