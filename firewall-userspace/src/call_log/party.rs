//! A party's number, out of `user@host`.
//!
//! Owns: its key, its country, and masking it. Refuses: what may be called.
use std::borrow::Cow;
use std::sync::Arc;

use firewall_common::number::{Dialled, Digits, Directions, INTERNATIONAL, Number, NumberKey, Plan};
use firewall_common::sip::message::unescaped;

use crate::config::{Loaded, Mask};
use crate::numbers::{Numbers, country};

/// Numbers of at most so many digits are extensions: they are not masked.
const EXTENSION: usize = 6;

/// How numbers are read, and what of them is kept.
#[derive(Clone, Debug)]
pub struct Numbering {
    /// The dialling plan.
    pub plan: Box<Plan>,
    /// The country of the house, as [`country`] says it; its numbers are not international.
    pub home: Option<&'static str>,
    /// The lists that give numbers their classes.
    pub lists: Arc<Numbers>,
    /// What is not kept.
    pub mask: Mask,
}

impl Default for Numbering {
    fn default() -> Self {
        Self { plan: Box::new(Plan::NONE), home: None, lists: Arc::default(), mask: Mask::Off }
    }
}

/// A party of a call, as the log finds it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Side {
    /// `+` and the digits of an international number, the digits of another, and otherwise the user in small letters.
    pub key: String,
    /// Its country, if that is known.
    pub country: Option<&'static str>,
    /// Whether it is abroad.
    pub is_international: bool,
}

impl Numbering {
    /// As a config says.
    pub fn of(loaded: &Loaded) -> Self {
        let numbers = loaded.config.numbers();
        let home = Number { space: INTERNATIONAL, digits: numbers.country.digits() };
        let mask = loaded.config.calls().mask_numbers;
        Self { plan: Box::new(numbers.plan()), home: country(home), mask, ..Self::default() }
    }

    /// A party by what it is called: `user@host`, or a number.
    pub fn side(&self, name: &str) -> Side {
        let user = user(name);
        match self.number(&user) {
            Some(number) => {
                let (country, is_e164) = (country(number), number.space == INTERNATIONAL);
                let mut key = key(number);
                key.truncate(key.len() - self.masked(&user, number).min(key.len()));
                Side { key, country, is_international: is_e164 && (country.is_none() || country != self.home) }
            }
            None => Side { key: user.to_lowercase(), ..Side::default() },
        }
    }

    /// The class that everybody's list gives a number that was called.
    pub fn class(&self, name: &str) -> Option<String> {
        let number = self.number(&user(name))?;
        let listed = self.lists.look(NumberKey::EVERYBODY, Directions::SENT, number)?;
        listed.class.as_deref().map(str::to_owned)
    }

    /// The same name with as many digits masked as the config says.
    pub fn shown(&self, name: &str) -> String {
        let user = user(name);
        let mut left = self.number(&user).map_or(0, |number| self.masked(&user, number));
        if left == 0 {
            return name.to_owned();
        }
        let number = user.split(';').next().unwrap_or_default();
        let mut masked: Vec<char> = number.chars().collect();
        for digit in masked.iter_mut().rev().filter(|c| c.is_ascii_digit()) {
            if left == 0 {
                break;
            }
            (*digit, left) = ('x', left - 1);
        }
        let host = name.split_once('@').map(|(_, host)| host);
        masked.into_iter().chain(host.iter().flat_map(|host| "@".chars().chain(host.chars()))).collect()
    }

    /// The beginning of a key that somebody asks for.
    pub fn wanted(&self, text: &str) -> String {
        self.side(text).key
    }

    fn number(&self, user: &str) -> Option<Number> {
        let number = self.plan.apply(dialled(user)?);
        (number.digits.len > 0).then_some(number)
    }

    /// How many digits of a number are still to be masked: those that have been are `x`.
    fn masked(&self, user: &str, number: Number) -> usize {
        let before = user.chars().filter(|c| *c == 'x').count();
        match self.mask {
            Mask::Last(count) if number.digits.len as usize + before > EXTENSION => {
                usize::from(count).saturating_sub(before)
            }
            _ => 0,
        }
    }
}

fn key(number: Number) -> String {
    format!("{}{}", if number.space == INTERNATIONAL { "+" } else { "" }, number.digits)
}

/// The user part of a name, with what its escapes mean.
fn user(name: &str) -> Cow<'_, str> {
    let user = name.split_once('@').map_or(name, |(user, _)| user);
    if user.contains('%') {
        Cow::Owned(String::from_utf8_lossy(&unescaped(user.as_bytes()).collect::<Vec<u8>>()).into_owned())
    } else {
        Cow::Borrowed(user)
    }
}

/// The digits that a user part dials: those behind a `+`, if there is one; nothing for a name. A call code is none of them.
fn dialled(user: &str) -> Option<Dialled> {
    let (number, params) = user.split_once(';').unwrap_or((user, ""));
    let number = number.rsplit_once("…*").map_or(number, |(_, number)| number);
    if number.starts_with(|c: char| c.is_alphabetic()) {
        return None;
    }
    let context = params.split(';').find_map(|param| param.strip_prefix("phone-context=+")).unwrap_or_default();
    let (plus, number) = match number.rsplit_once('+') {
        Some((_, number)) => (true, Cow::Borrowed(number)),
        None if !context.is_empty() => (true, Cow::Owned(format!("{context}{number}"))),
        None => (false, Cow::Borrowed(number)),
    };
    let digits: String = number.chars().filter(|c| c.is_ascii_digit() || matches!(c, '*' | '#')).take(32).collect();
    let digits = Digits::parse(&digits).filter(|digits| digits.len > 0)?;
    Some(Dialled { digits, plus: u32::from(plus) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(name: &str) -> (String, bool) {
        let side = Numbering::default().side(name);
        (side.key, side.is_international)
    }

    #[test]
    fn a_party_is_found_by_its_digits_however_they_are_written() {
        for name in ["+4930123456@a", "%2B49-30-123456@a", "+49(30)12.34/56", "30123456;phone-context=+49@a"] {
            assert_eq!(side(name), ("+4930123456".to_owned(), true), "{name}");
        }
        assert_eq!(side("*…*+4930123456@a").0, "+4930123456", "a code is no part of the number");
        assert_eq!(side("100@a"), ("100".to_owned(), false));
        assert_eq!(side("Alice.B@a"), ("alice.b".to_owned(), false));
        assert_eq!(side("*97@a").0, "*97");
        assert_eq!((side("").0, side("…@a").0), (String::new(), "…".to_owned()));
    }

    #[test]
    fn a_mask_leaves_nothing_of_the_last_digits() {
        let masked = Numbering { mask: Mask::Last(3), ..Numbering::default() };
        assert_eq!(masked.shown("+49-30-1234-56@a.example"), "+49-30-123x-xx@a.example");
        assert_eq!(masked.side("+49-30-1234-56@a.example").key, "+4930123");
        assert_eq!(masked.shown("%2B4930123456@a"), "+4930123xxx@a");
        assert_eq!(masked.shown("0301234567"), "0301234xxx");
        assert_eq!(masked.shown("+4930123xxx@a"), "+4930123xxx@a", "once is enough");
        for name in ["100@a", "alice1234567@a", "123456@a"] {
            assert_eq!(masked.shown(name), name);
        }
        assert_eq!(Numbering { mask: Mask::Last(15), ..masked }.side("+4930123456").key, "");
    }
}
