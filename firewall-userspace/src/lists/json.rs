//! Lists in JSON.
//!
//! Owns: where in a document prefixes are. Refuses: holding the document: it is read as a stream, so that a large one costs
//! no more than the prefixes in it.
//!
//! Prefixes are the strings of an array, the strings (or arrays of them) behind a name such as `ip` or `cidr`, and
//! the names of an object when they are prefixes themselves. Documents may follow each other, one a line.
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::parse::Parsed;

/// Names behind which nothing but prefixes stands, in small letters and without `_` and `-`.
const CERTAIN: &[&str] = &[
    "ip",
    "ips",
    "ipaddress",
    "ipaddresses",
    "ipaddr",
    "ipv4",
    "ipv6",
    "cidr",
    "cidrs",
    "ipprefix",
    "ipv4prefix",
    "ipv6prefix",
];
/// Names behind which prefixes may stand.
const LIKELY: &[&str] = &[
    "address",
    "addresses",
    "addr",
    "prefix",
    "prefixes",
    "network",
    "networks",
    "net",
    "subnet",
    "range",
    "source",
    "src",
    "host",
    "sourceip",
    "srcip",
];
/// How deep prefixes may be nested.
const DEPTH: u8 = 5;

/// Reads all documents; what follows the first one that is none counts as one thing that could not be read.
pub(super) fn read(bytes: &[u8], parsed: &mut Parsed) {
    let mut documents = serde_json::Deserializer::from_slice(bytes);
    loop {
        if documents.end().is_ok() {
            return;
        }
        let place = Place { parsed, wanted: Wanted::Maybe, depth: 0, inside: false };
        if place.deserialize(&mut documents).is_err() {
            if !parsed.overfull {
                parsed.take("what is no JSON");
            }
            return;
        }
    }
}

/// Whether a string is a prefix.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// It should be.
    Yes,
    /// If it looks like one.
    Maybe,
    /// It is something else.
    No,
}

/// A value's place in the document.
struct Place<'p> {
    parsed: &'p mut Parsed,
    wanted: Wanted,
    depth: u8,
    /// Whether it belongs to an element of an array, which has its prefix under a name.
    inside: bool,
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.depth > DEPTH || self.parsed.overfull {
            return deserializer.deserialize_ignored_any(IgnoredAny).map(drop);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        match self.wanted {
            Wanted::Yes => self.parsed.take(text),
            Wanted::Maybe => drop(self.parsed.try_take(text)),
            Wanted::No => {}
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        // The strings of the outermost array are the list. Those of an array under some name may be.
        let wanted = match self.wanted {
            Wanted::Maybe if self.depth == 0 => Wanted::Yes,
            Wanted::No if !self.inside => Wanted::Maybe,
            wanted => wanted,
        };
        let depth = self.depth + 1;
        while seq.next_element_seed(Place { parsed: &mut *self.parsed, wanted, depth, inside: true })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            let wanted = by_name(&name);
            if wanted == Wanted::No {
                self.parsed.try_take(&name);
            }
            let (depth, inside) = (self.depth + 1, self.inside);
            map.next_value_seed(Place { parsed: &mut *self.parsed, wanted, depth, inside })?;
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

fn by_name(name: &str) -> Wanted {
    let plain: String = name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect();
    match plain.as_str() {
        name if CERTAIN.contains(&name) => Wanted::Yes,
        name if LIKELY.contains(&name) => Wanted::Maybe,
        _ => Wanted::No,
    }
}
