//! For which numbers a certificate may speak: the TNAuthList of RFC 8226 §9.
//!
//! Owns: reading it, and whether it covers a number. Refuses: lists that are kept elsewhere and named by an address (§10.1).
use der::asn1::{Ia5String, ObjectIdentifier};
use der::{Choice, Decode as _, Sequence};

/// id-pe-TNAuthList.
pub(super) const TN_AUTH_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.26");
/// id-pe-JWTClaimConstraints and id-pe-eJWTClaimConstraints (RFC 9118).
pub(super) const CLAIM_CONSTRAINTS: [ObjectIdentifier; 2] =
    [ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.27"), ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.33")];

/// The longest list that is read.
const ENTRIES_MAX: usize = 10_000;
/// The longest number (RFC 8226 §9).
const NUMBER_MAX: usize = 15;

/// An entry, as it is encoded.
#[derive(Clone, Debug, Choice)]
#[asn1(tag_mode = "EXPLICIT")]
enum Entry {
    /// The code of a service provider.
    #[asn1(context_specific = "0", constructed = "true")]
    Provider(Ia5String),
    /// Numbers in a row.
    #[asn1(context_specific = "1", constructed = "true")]
    Range(Range),
    /// One number.
    #[asn1(context_specific = "2", constructed = "true")]
    One(Ia5String),
}

#[derive(Clone, Debug, Sequence)]
struct Range {
    start: Ia5String,
    count: u64,
}

/// A list as it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authority {
    /// Codes of service providers, each of which speaks for all numbers that it serves: which these are, no certificate says.
    pub(super) providers: Vec<String>,
    /// The first and the last number of each range, and how many digits they have.
    ranges: Vec<(u64, u64, usize)>,
    /// Numbers that are more than digits.
    others: Vec<String>,
}

impl Authority {
    /// Reads the extension's value.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let entries = Vec::<Entry>::from_der(der).ok().filter(|list| (1..=ENTRIES_MAX).contains(&list.len()))?;
        let mut authority = Self { providers: Vec::new(), ranges: Vec::new(), others: Vec::new() };
        for entry in entries {
            match entry {
                Entry::Provider(code) => authority.providers.push(code.as_str().to_owned()),
                Entry::One(number) => authority.add(number.as_str(), 1)?,
                Entry::Range(range) if range.count >= 2 => authority.add(range.start.as_str(), range.count)?,
                Entry::Range(_) => return None,
            }
        }
        Some(authority)
    }

    /// Whether it may speak for a number.
    pub(super) fn covers(&self, number: &str) -> bool {
        let value = number.parse::<u64>().ok().filter(|_| number.len() <= NUMBER_MAX);
        let inside = |value: u64| {
            self.ranges.iter().any(|(first, last, len)| *len == number.len() && (*first..=*last).contains(&value))
        };
        !self.providers.is_empty() || value.is_some_and(inside) || self.others.iter().any(|other| other == number)
    }

    fn add(&mut self, number: &str, count: u64) -> Option<()> {
        let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'*' | b'#');
        if !(1..=NUMBER_MAX).contains(&number.len()) || !number.bytes().all(plain) {
            return None;
        }
        match number.parse::<u64>() {
            Ok(first) => self.ranges.push((first, first.checked_add(count - 1)?, number.len())),
            Err(_) if count == 1 => self.others.push(number.to_owned()),
            Err(_) => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use der::Encode as _;

    fn list(entries: &[Entry]) -> Authority {
        Authority::read(&entries.to_vec().to_der().unwrap()).unwrap()
    }

    fn text(text: &str) -> Ia5String {
        Ia5String::new(text).unwrap()
    }

    #[test]
    fn ranges_and_numbers_cover_what_lies_in_them() {
        let range = Range { start: text("12155550100"), count: 100 };
        let list = list(&[Entry::Range(range), Entry::One(text("4930123")), Entry::One(text("*611"))]);
        for (number, covered) in [
            ("12155550100", true),
            ("12155550199", true),
            ("12155550200", false),
            ("12155550099", false),
            ("012155550100", false),
            ("4930123", true),
            ("*611", true),
            ("611", false),
            ("", false),
        ] {
            assert_eq!(list.covers(number), covered, "{number}");
        }
    }

    #[test]
    fn a_provider_speaks_for_all_its_numbers() {
        assert!(list(&[Entry::Provider(text("1234"))]).covers("12155550100"));
    }

    #[test]
    fn the_encoding_is_that_of_the_rfc() {
        // SEQUENCE { [0] EXPLICIT IA5String "1234" }, as certificates of SHAKEN have it.
        let authority = Authority::read(&[0x30, 8, 0xa0, 6, 0x16, 4, b'1', b'2', b'3', b'4']).unwrap();
        assert_eq!(authority.providers, ["1234"]);
        for wrong in [&[][..], &[0x30, 0], &[0x30, 8, 0x80, 6, 0x16, 4, b'1', b'2', b'3', b'4'], &[5, 0]] {
            assert_eq!(Authority::read(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn what_no_list_may_have_is_refused() {
        let range = |start, count| Entry::Range(Range { start: text(start), count });
        for entry in [range("1", 1), range("*1", 2), range("9", u64::MAX), Entry::One(text("+1")), Entry::One(text(""))]
        {
            assert_eq!(Authority::read(&vec![entry.clone()].to_der().unwrap()), None, "{entry:?}");
        }
    }
}
