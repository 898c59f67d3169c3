//! Versions of firmware.
//!
//! Owns: their order. Refuses: any other syntax than numbers with something between them.
use std::cmp::Ordering;
use std::fmt;

/// The most parts that are compared.
const PARTS: usize = 12;

/// Numbers, parted by dots or whatever else stands between them; a letter behind a number is a part of it: `7.6.2b`.
#[derive(Clone, Debug)]
pub struct Version {
    text: String,
    parts: Vec<(u64, String)>,
}

impl Version {
    /// Reads a version; nothing where there is no number in it.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let trimmed = text.trim_start_matches(|c: char| !c.is_ascii_digit());
        let parts: Vec<_> = trimmed.split(|c: char| !c.is_ascii_alphanumeric()).take(PARTS).filter_map(part).collect();
        (!parts.is_empty()).then(|| Self { text: text.to_owned(), parts })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// A number, and the letters behind it.
fn part(text: &str) -> Option<(u64, String)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, letters) = text.split_at(digits);
    if number.is_empty() {
        return (!letters.is_empty()).then(|| (0, letters.to_ascii_lowercase()));
    }
    Some((number.parse().unwrap_or(u64::MAX), letters.to_ascii_lowercase()))
}

impl Ord for Version {
    /// Part by part; parts that are not there are zero.
    fn cmp(&self, other: &Self) -> Ordering {
        let zero = (0, String::new());
        let at = |version: &Self, n: usize| version.parts.get(n).cloned().unwrap_or_else(|| zero.clone());
        let most = self.parts.len().max(other.parts.len());
        (0..most).map(|n| at(self, n).cmp(&at(other, n))).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        for (older, newer) in [
            ("66.85.0.5", "66.86.0.15"),
            ("66.86.0.9", "66.86.0.15"),
            ("1.0.4.128", "1.0.11.16"),
            ("8.9.3", "8.9.3.1"),
            ("7.6.2a", "7.6.2b"),
            ("7.6.2", "7.6.2b"),
            ("9", "10.0"),
            ("08.103", "08.104"),
        ] {
            assert!(v(older) < v(newer) && v(newer) > v(older), "{older} {newer}");
        }
        for (one, other) in [("1.2", "1.2.0.0"), ("v3.1", "3.1"), ("08.103", "8.103"), ("1-2_3", "1.2.3")] {
            assert_eq!(v(one), v(other));
        }
        assert!(Version::parse("latest").is_none() && Version::parse("").is_none());
        assert!(v("99999999999999999999999.1") > v("1"));
    }
}
