//! What people choose for passwords when a device asks for one.
//!
//! Owns: the guesses, from the likeliest on, and how many there are. Refuses: trying them.
mod lists;

use std::borrow::Cow;
use std::collections::HashSet;
use std::iter::once;

use lists::{SEASONS, VENDORS, WALKS};

/// The first and the last year that people are fond of.
const YEARS: std::ops::RangeInclusive<u32> = 1_940..=2_039;

/// Which guesses are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds {
    /// What an account's name leads to.
    pub account: bool,
    /// Numbers.
    pub patterns: bool,
    /// Years.
    pub years: bool,
    /// What the realm leads to.
    pub realm: bool,
    /// Defaults.
    pub vendors: bool,
}

/// All guesses of a config.
#[derive(Clone)]
pub struct Guesses {
    kinds: Kinds,
    /// Those that are the same for every account.
    fixed: Vec<Box<[u8]>>,
    most: usize,
}

impl Guesses {
    /// Guesses of these kinds and of a list of words, `most` for an account.
    pub fn new(kinds: Kinds, words: Vec<Box<[u8]>>, most: usize) -> Self {
        let (mut fixed, mut known) = (Vec::new(), HashSet::new());
        let text = |text: &str| Box::<[u8]>::from(text.as_bytes());
        let vendors = VENDORS.iter().filter(|_| kinds.vendors).map(|word| text(word));
        let walks = WALKS.iter().filter(|_| kinds.patterns).map(|walk| text(walk));
        let runs = patterns().filter(|_| kinds.patterns).map(|number| text(&number));
        let seasons = SEASONS.iter().flat_map(|word| YEARS.map(move |year| format!("{word}{year}")));
        let years = YEARS.map(|year| year.to_string()).chain(seasons).filter(|_| kinds.years).map(|it| text(&it));
        for guess in vendors.chain(walks).chain(words).chain(runs).chain(years).take(most) {
            if known.insert(guess.clone()) {
                fixed.push(guess);
            }
        }
        Self { kinds, fixed, most }
    }

    /// How many there are for every account, besides those that its name and realm lead to.
    pub fn len(&self) -> usize {
        self.fixed.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.fixed.is_empty()
    }

    /// Those for an account, of bounded number.
    pub fn of<'a>(&'a self, account: &str, realm: &str) -> impl Iterator<Item = Cow<'a, [u8]>> {
        let own = if self.kinds.account { of_name(account) } else { Vec::new() };
        let realms = if self.kinds.realm { of_realm(realm, account) } else { Vec::new() };
        let years = if self.kinds.years { behind(account, YEARS) } else { Vec::new() };
        let of_it = own.into_iter().chain(realms).chain(years).map(|guess| Cow::Owned(guess.into_bytes()));
        let fixed = self.fixed.iter().map(|guess| Cow::Borrowed(&**guess));
        once(Cow::Borrowed(&b""[..])).chain(of_it).chain(fixed).take(self.most)
    }
}

/// What an account's name leads to: itself, reversed, repeated, and with what people put before and behind it.
fn of_name(name: &str) -> Vec<String> {
    let reversed: String = name.chars().rev().collect();
    let mut guesses = vec![name.to_owned(), reversed.clone()];
    guesses.extend((2..=4).map(|times| name.repeat(times)));
    guesses.extend([format!("{name}{reversed}"), format!("{reversed}{name}"), reversed.repeat(2)]);
    guesses.extend([name.to_lowercase(), name.to_uppercase(), capital(name)]);
    let before = [
        "0", "00", "1", "sip", "Sip", "SIP", "ext", "pass", "password", "pw", "user", "tel", "secret", "pin", "a", "x",
    ];
    guesses.extend(before.iter().map(|word| format!("{word}{name}")));
    let behind = [
        "0", "00", "000", "1", "12", "123", "1234", "12345", "!", "1!", "@", "#", "pass", "password", "pw", "sip",
        "secret", "voip", "abc", "a", "x", "@123", "!@#", "_", "-",
    ];
    guesses.extend(behind.iter().map(|word| format!("{name}{word}")));
    // One more and one less, digit by digit: 1001 has 1002, or 2001.
    if let Ok(number) = name.parse::<u64>() {
        guesses.extend([number.wrapping_add(1), number.saturating_sub(1)].map(|it| it.to_string()));
    }
    guesses
}

/// What a realm leads to: itself and its labels, with and without what people put behind them.
fn of_realm(realm: &str, account: &str) -> Vec<String> {
    let labels = realm.split('.').filter(|label| label.len() > 2);
    let mut words: Vec<String> = once(realm).chain(labels).map(str::to_owned).collect();
    words.extend(words.clone().iter().map(|word| capital(word)));
    let more = |word: &String| {
        let behind = ["", "1", "12", "123", "1234", "!", "2024", "2025", "2026"].map(|it| format!("{word}{it}"));
        behind.into_iter().chain([format!("{word}{account}"), format!("{account}{word}"), format!("{account}@{word}")])
    };
    words.iter().flat_map(more).collect()
}

fn behind(name: &str, years: std::ops::RangeInclusive<u32>) -> Vec<String> {
    years.map(|year| format!("{name}{year}")).collect()
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Numbers: repeated digits and pairs, runs up and down, dates, and every number of up to four digits.
fn patterns() -> impl Iterator<Item = String> {
    let digits = || ('0'..='9').map(String::from);
    let repeated = (1..=12).flat_map(move |times| digits().map(move |digit| digit.repeat(times)));
    let runs = (3..=10).flat_map(|length| (0..10).flat_map(move |from| [run(from, length, 1), run(from, length, 9)]));
    let short = (1..=4).flat_map(|width: usize| (0..10_u32.pow(width as u32)).map(move |n| format!("{n:0width$}")));
    let pairs = (0..100).flat_map(|pair| (3..=5).map(move |times| format!("{pair:02}").repeat(times)));
    let triples = (0..1_000).map(|triple| format!("{triple:03}").repeat(2));
    let fours = (0..10_000).map(|four| format!("{four:04}").repeat(2));
    repeated.chain(runs).chain(short).chain(pairs).chain(triples).chain(dates()).chain(fours)
}

/// Digits that follow one another, each `step` further, around ten.
fn run(from: u32, length: u32, step: u32) -> String {
    (0..length).filter_map(|n| char::from_digit((from + n * step) % 10, 10)).collect()
}

/// Days and months in either order, with and without a year.
fn dates() -> impl Iterator<Item = String> {
    let days = || (1..=12).flat_map(|month| (1..=31).map(move |day| (day, month)));
    let of_years = move |year: u32| days().map(move |(day, month)| format!("{day:02}{month:02}{:02}", year % 100));
    (1_960..=2_005).flat_map(of_years)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) const ALL: Kinds = Kinds { account: true, patterns: true, years: true, realm: true, vendors: true };

    fn has(guesses: &Guesses, account: &str, guess: &str) -> bool {
        guesses.of(account, "pbx.example.com").any(|it| *it == *guess.as_bytes())
    }

    #[test]
    fn what_people_choose_is_among_them() {
        let guesses = Guesses::new(ALL, vec![b"Tannenzapfen".as_slice().into()], 100_000);
        for guess in [
            "100",
            "001",
            "100100",
            "1001234",
            "sip100",
            "1234",
            "0000",
            "4711",
            "123456",
            "654321",
            "111111",
            "121212",
            "147258",
            "1985",
            "pbx.example.com",
            "example123",
            "Example1",
            "admin",
            "PlcmSpIp",
            "Summer2024",
            "1002024",
            "Tannenzapfen",
            "240875",
            "101",
            "12341234",
            "",
        ] {
            assert!(has(&guesses, "100", guess), "{guess}");
        }
        for strong in ["kX9#vQ2m", "83610472915", "correct horse battery staple"] {
            assert!(!has(&guesses, "100", strong), "{strong}");
        }
        assert!(guesses.len() > 25_000 && guesses.len() < 60_000, "{}", guesses.len());
    }

    #[test]
    fn no_more_are_made_than_are_allowed() {
        let words: Vec<Box<[u8]>> = (0..5_000).map(|n| format!("w{n}").into_bytes().into()).collect();
        let guesses = Guesses::new(ALL, words, 1_000);
        assert_eq!(guesses.of("100", "r").count(), 1_000);
        let none = Kinds { account: false, patterns: false, years: false, realm: false, vendors: false };
        assert_eq!(Guesses::new(none, Vec::new(), 1_000).of("100", "r").count(), 1, "an empty password");
    }
}
