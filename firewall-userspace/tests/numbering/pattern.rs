//! Patterns of whole numbers as prefixes.
//!
//! Owns: that step. Refuses: patterns beyond those of digits.
use std::collections::{BTreeMap, BTreeSet};

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// Digits that may stand at one place, a bit each.
type Place = u16;
const ANY: Place = 0x3ff;
/// The longest prefix behind a country's code that is told.
const LONGEST: usize = 9;

/// Where the numbers begin that a pattern matches.
pub(crate) fn of_pattern(pattern: &str) -> BTreeSet<String> {
    let hir = ParserBuilder::new().ignore_whitespace(true).unicode(false).utf8(false).build().parse(pattern);
    let sequences = hir.map(|hir| expand(&hir)).unwrap_or_default();
    let mut all = BTreeSet::new();
    for mut sequence in sequences {
        sequence.truncate(LONGEST);
        while sequence.last() == Some(&ANY) {
            sequence.pop();
        }
        spell(&sequence, String::new(), &mut all);
    }
    merged(all)
}

/// What a pattern matches, as sequences of places.
fn expand(hir: &Hir) -> Vec<Vec<Place>> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => vec![vec![]],
        HirKind::Literal(literal) => vec![literal.0.iter().map(|byte| 1 << (byte - b'0')).collect()],
        HirKind::Class(class) => vec![vec![digits(class)]],
        HirKind::Capture(capture) => expand(&capture.sub),
        HirKind::Alternation(all) => all.iter().flat_map(expand).collect(),
        HirKind::Concat(all) => all.iter().fold(vec![vec![]], |before, next| joined(&before, &expand(next))),
        HirKind::Repetition(repetition) => {
            let one = expand(&repetition.sub);
            let max = repetition.max.unwrap_or(repetition.min).min(LONGEST as u32);
            let min = repetition.min.min(max);
            (min..=max).flat_map(|times| (0..times).fold(vec![vec![]], |before, _| joined(&before, &one))).collect()
        }
    }
}

fn joined(before: &[Vec<Place>], after: &[Vec<Place>]) -> Vec<Vec<Place>> {
    before.iter().flat_map(|first| after.iter().map(move |next| [first.as_slice(), next].concat())).collect()
}

fn digits(class: &Class) -> Place {
    let ranges: Vec<(u32, u32)> = match class {
        Class::Unicode(class) => class.iter().map(|r| (r.start().into(), r.end().into())).collect(),
        Class::Bytes(class) => class.iter().map(|r| (r.start().into(), r.end().into())).collect(),
    };
    (0..10)
        .filter(|digit| ranges.iter().any(|(a, b)| (*a..=*b).contains(&(0x30 + digit))))
        .fold(0, |bits, d| bits | 1 << d)
}

fn spell(sequence: &[Place], text: String, all: &mut BTreeSet<String>) {
    let Some((first, rest)) = sequence.split_first() else {
        all.insert(text);
        return;
    };
    for digit in (0..10).filter(|digit| first >> digit & 1 != 0) {
        spell(rest, format!("{text}{digit}"), all);
    }
}

/// Without prefixes that a shorter one covers; ten that differ in the last digit are one.
fn merged(mut all: BTreeSet<String>) -> BTreeSet<String> {
    loop {
        let covered = |text: &String| (0..text.len()).any(|len| all.contains(&text[..len]));
        let kept: BTreeSet<String> = all.iter().filter(|text| !covered(text)).cloned().collect();
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        for text in kept.iter().filter(|text| !text.is_empty()) {
            *counts.entry(&text[..text.len() - 1]).or_default() += 1;
        }
        let whole: Vec<String> = counts.into_iter().filter(|(_, n)| *n == 10).map(|(t, _)| t.to_owned()).collect();
        if whole.is_empty() {
            return kept;
        }
        all = kept.into_iter().chain(whole).collect();
    }
}
