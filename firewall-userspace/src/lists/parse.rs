//! From a list's bytes to prefixes.
//!
//! Owns: telling text from JSON, the count of what is no prefix, and the bound on how many are read. Refuses: judging
//! what was read (see [`super::fitness`]).
use std::net::IpAddr;

use firewall_common::addr::{Addr, Prefix};
use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};

use super::spec::Format;
use super::{json, text};
use crate::entries::parse_prefix;

/// The longest piece of a list that is quoted, in characters.
const QUOTED: usize = 60;

/// What was read of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Its prefixes, in its order.
    pub prefixes: Vec<Prefix>,
    /// How many lines or values should have been prefixes and are none.
    pub unreadable: usize,
    /// The first one of them, shortened.
    pub example: Option<String>,
    /// Whether reading stopped because there were more than asked for.
    pub overfull: bool,
    max: usize,
}

/// Reads a list, at most `max` prefixes of it. APIBAN's pages are JSON like any other.
pub fn parse(bytes: &[u8], format: Format, max: u32) -> Parsed {
    let mut parsed = Parsed::up_to(max);
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let json_like = || matches!(bytes.iter().find(|b| !b.is_ascii_whitespace()), Some(b'[' | b'{'));
    if matches!(format, Format::Json | Format::Apiban) || format == Format::Auto && json_like() {
        json::read(bytes, &mut parsed);
    } else {
        text::read(bytes, &mut parsed);
    }
    parsed
}

impl Parsed {
    /// Nothing yet, and at most `max` prefixes.
    pub(super) fn up_to(max: u32) -> Self {
        Self { max: max as usize, ..Self::default() }
    }

    /// Takes what should be a prefix or a range; counts it if it is none.
    pub(super) fn take(&mut self, item: &str) {
        if !self.try_take(item) {
            self.unreadable += 1;
            self.example.get_or_insert_with(|| item.chars().filter(|c| !c.is_control()).take(QUOTED).collect());
        }
    }

    /// Takes what may be a prefix or a range; whether it was one.
    pub(super) fn try_take(&mut self, item: &str) -> bool {
        if let Some((first, last)) = item.split_once('-') {
            return self.take_range(first.trim(), last.trim());
        }
        let Some(prefix) = lenient(item) else { return false };
        self.push(prefix);
        true
    }

    fn take_range(&mut self, first: &str, last: &str) -> bool {
        match (first.parse(), last.parse()) {
            (Ok(IpAddr::V4(first)), Ok(IpAddr::V4(last))) if first <= last => {
                Ipv4Subnets::new(first, last, 0).for_each(|net| self.push(from_net(net.into())));
                true
            }
            (Ok(IpAddr::V6(first)), Ok(IpAddr::V6(last))) if first <= last => {
                Ipv6Subnets::new(first, last, 0).for_each(|net| self.push(from_net(net.into())));
                true
            }
            _ => false,
        }
    }

    fn push(&mut self, prefix: Prefix) {
        if self.prefixes.len() < self.max { self.prefixes.push(prefix) } else { self.overfull = true }
    }
}

/// A prefix; of one with bits set beyond its length, the network, since that is what such a list means.
fn lenient(item: &str) -> Option<Prefix> {
    let item = item.trim();
    parse_prefix(item).ok().or_else(|| item.parse::<IpNet>().ok().map(|net| from_net(net.trunc())))
}

fn from_net(net: IpNet) -> Prefix {
    let before = if net.addr().is_ipv4() { 96 } else { 0 };
    Prefix::new(Addr::from(net.addr()), before + net.prefix_len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entries::prefix_text;
    use proptest::prelude::*;

    fn texts(parsed: &Parsed) -> Vec<String> {
        parsed.prefixes.iter().map(|p| prefix_text(*p)).collect()
    }

    fn auto(text: &str) -> Parsed {
        parse(text.as_bytes(), Format::Auto, 1_000)
    }

    #[test]
    fn text_has_one_prefix_a_line_and_much_beside_it() {
        let parsed = auto(
            "\u{feff}# a list\r\n; of others\n// too\n\n203.0.113.7\n198.51.100.0/24 ; SBL1\n192.0.2.1,2024-05-01,\"x\"\n\
             2001:db8::/32\tDE\n\"192.0.2.9\"\n198.51.100.9/24\n203.0.113.8|x\n",
        );
        let want = [
            "203.0.113.7",
            "198.51.100.0/24",
            "192.0.2.1",
            "2001:db8::/32",
            "192.0.2.9",
            "198.51.100.0/24",
            "203.0.113.8",
        ];
        assert_eq!((texts(&parsed), parsed.unreadable), (want.map(str::to_owned).to_vec(), 0));
    }

    #[test]
    fn ranges_become_prefixes() {
        assert_eq!(texts(&auto("192.0.2.0-192.0.2.255")), ["192.0.2.0/24"]);
        assert_eq!(texts(&auto("192.0.2.1 - 192.0.2.4 # some")), ["192.0.2.1", "192.0.2.2/31", "192.0.2.4"]);
        assert_eq!(texts(&auto("2001:db8::-2001:db8::1")), ["2001:db8::/127"]);
        assert_eq!(auto("192.0.2.4-192.0.2.1\n192.0.2.1-2001:db8::1\n-\n").unreadable, 3);
    }

    #[test]
    fn what_is_no_prefix_is_counted_and_the_first_is_kept() {
        let parsed = auto("<html>\n<body>\n192.0.2.1\n300.1.1.1\n");
        assert_eq!((parsed.unreadable, parsed.example.as_deref(), parsed.prefixes.len()), (3, Some("<html>"), 1));
    }

    #[test]
    fn json_holds_prefixes_in_many_ways() {
        for json in [
            r#"["192.0.2.1", "2001:db8::/32"]"#,
            r#"[{"ip": "192.0.2.1", "score": 9}, {"cidr": "2001:db8::/32", "note": "198.51.100.1"}]"#,
            r#"{"ipaddress": ["192.0.2.1", "2001:db8::/32"], "ID": "1700000000"}"#,
            r#"{"syncToken": "1", "prefixes": [{"ipv4Prefix": "192.0.2.1"}, {"ipv6Prefix": "2001:db8::/32"}]}"#,
            "{\"cidr\":\"192.0.2.1\",\"sblid\":\"SBL1\"}\n{\"cidr\":\"2001:db8::/32\"}\n{\"type\":\"metadata\",\"size\":2}",
            r#"{"data": {"blocked": ["192.0.2.1", "2001:db8::/32"], "tags": ["sip"]}}"#,
            r#"{"192.0.2.1": {"hits": 3}, "2001:db8::/32": {"hits": 4}}"#,
        ] {
            let parsed = auto(json);
            assert_eq!(
                (texts(&parsed), parsed.unreadable),
                (vec!["192.0.2.1".into(), "2001:db8::/32".into()], 0),
                "{json}"
            );
        }
        let reported = r#"{"data": [{"ip": "192.0.2.1", "reporters": ["198.51.100.9"], "by": "198.51.100.8"}]}"#;
        assert_eq!(texts(&auto(reported)), ["192.0.2.1"]);
        assert_eq!(auto(r#"["a", {"ip": "b"}]"#).unreadable, 2);
        assert_eq!(auto("[\"192.0.2.1\"").unreadable, 1, "cut short");
        assert_eq!(auto("{}").prefixes, []);
    }

    #[test]
    fn no_more_is_read_than_asked_for() {
        let parsed = parse(b"192.0.2.0-192.0.2.6", Format::Text, 2);
        assert!(parsed.prefixes.len() == 2 && parsed.overfull);
        assert!(!parse(b"192.0.2.1\n192.0.2.2", Format::Text, 2).overfull);
    }

    proptest! {
        #[test]
        fn nothing_panics_and_nothing_is_invented(bytes in proptest::collection::vec(any::<u8>(), 0..200), json in any::<bool>()) {
            let parsed = parse(&bytes, if json { Format::Json } else { Format::Auto }, 10);
            prop_assert!(parsed.prefixes.len() <= 10);
            prop_assert!(parsed.prefixes.iter().all(|p| parse_prefix(&prefix_text(*p)) == Ok(*p)));
        }

        #[test]
        fn a_range_is_covered_exactly(first in any::<u32>(), len in 0u32..5_000) {
            let last = first.saturating_add(len);
            let text = format!("{}-{}", std::net::Ipv4Addr::from(first), std::net::Ipv4Addr::from(last));
            let sizes = parse(text.as_bytes(), Format::Text, 100).prefixes.iter().map(|p| 1u64 << (128 - p.bits)).sum::<u64>();
            prop_assert_eq!(sizes, u64::from(last - first) + 1);
        }
    }
}
