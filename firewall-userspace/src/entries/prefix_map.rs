//! A map of prefixes that answers what covers a prefix and what lies inside it.
//!
//! Owns: those two questions. Refuses: change; it is built once from a set and thrown away.
use firewall_common::addr::{Addr, Prefix};

use super::prefix::{covers, is_v4};

/// Prefixes and their values in the order of addresses, wider ones first.
#[derive(Clone, Debug)]
pub struct PrefixMap<T> {
    sorted: Vec<(Prefix, T)>,
    /// The lengths that occur, longest first: all that a search has to try.
    lengths: Vec<u8>,
}

type Key = (u128, u32);

fn key(prefix: Prefix) -> Key {
    (u128::from_be_bytes(prefix.addr), prefix.bits)
}

impl<T> PrefixMap<T> {
    /// Of two values of the same prefix the first stays.
    pub fn new(items: impl IntoIterator<Item = (Prefix, T)>) -> Self {
        let mut sorted: Vec<_> = items.into_iter().collect();
        sorted.sort_by_key(|(prefix, _)| key(*prefix));
        sorted.dedup_by_key(|(prefix, _)| *prefix);
        let mut lengths: Vec<u8> = sorted.iter().map(|(prefix, _)| prefix.bits as u8).collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        lengths.dedup();
        Self { sorted, lengths }
    }

    /// The value of exactly this prefix.
    pub fn get(&self, prefix: Prefix) -> Option<&T> {
        self.place(prefix).map(|(_, value)| value)
    }

    fn place(&self, prefix: Prefix) -> Option<&(Prefix, T)> {
        let at = self.sorted.binary_search_by_key(&key(prefix), |(p, _)| key(*p)).ok()?;
        self.sorted.get(at)
    }

    /// What covers `prefix` (itself included), most specific first.
    pub fn covering(&self, prefix: Prefix) -> impl Iterator<Item = &(Prefix, T)> {
        let addr = Addr::from_bytes(prefix.addr);
        self.lengths
            .iter()
            .filter(move |&&bits| u32::from(bits) <= prefix.bits)
            .filter_map(move |&bits| self.place(Prefix::new(addr, bits)))
            .filter(move |(outer, _)| covers(*outer, prefix))
    }

    /// What lies inside `prefix` (itself included), in the order of addresses.
    pub fn inside(&self, prefix: Prefix) -> impl Iterator<Item = &(Prefix, T)> {
        let first = self.sorted.partition_point(|(p, _)| key(*p) < key(prefix));
        let tail = self.sorted.get(first..).unwrap_or_default();
        // IPv4 is one block inside the order of IPv6, which `::/0` has to step over.
        tail.iter()
            .take_while(move |(inner, _)| prefix.contains(*inner))
            .filter(move |(inner, _)| is_v4(prefix) == is_v4(*inner))
    }

    /// Whether anything here covers `prefix` or lies inside it.
    pub fn touches(&self, prefix: Prefix) -> bool {
        self.covering(prefix).next().is_some() || self.inside(prefix).next().is_some()
    }

    /// Every prefix and its value.
    pub fn iter(&self) -> impl Iterator<Item = &(Prefix, T)> {
        self.sorted.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::super::prefix::{parse_prefix, prefix_text};
    use super::*;

    const ALL: &[&str] =
        &["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "::/0", "2001:db8::/32", "2001:db8::1"];

    fn texts<'a>(items: impl Iterator<Item = &'a (Prefix, ())>) -> Vec<String> {
        items.map(|(p, ())| prefix_text(*p)).collect()
    }

    #[test]
    fn covering_and_inside_keep_to_the_family() {
        let map = PrefixMap::new(ALL.iter().map(|t| (parse_prefix(t).unwrap(), ())));
        let covering = |t| texts(map.covering(parse_prefix(t).unwrap()));
        let inside = |t| texts(map.inside(parse_prefix(t).unwrap()));
        assert_eq!(covering("10.1.9.9"), ["10.1.0.0/16", "10.0.0.0/8", "0.0.0.0/0"]);
        assert_eq!(covering("2001:db8::/48"), ["2001:db8::/32", "::/0"]);
        assert_eq!(inside("10.0.0.0/8"), ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3"]);
        assert_eq!(inside("::/0"), ["::/0", "2001:db8::/32", "2001:db8::1"]);
        assert_eq!(inside("11.0.0.0/8"), Vec::<String>::new());
    }
}
