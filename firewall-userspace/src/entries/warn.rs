//! What an operator should know before an entry is added.
//!
//! Owns: the warnings and their sentences. Refuses: stopping anything; the command asks or goes on.
use std::fmt;

use firewall_common::addr::Prefix;

use super::prefix::prefix_text;
use super::prefix_map::PrefixMap;
use super::record::{Kind, NewEntry, StoredEntry};

/// A prefix of a named peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedPrefix<'a> {
    /// The peer's name.
    pub name: &'a str,
    /// One of its prefixes.
    pub prefix: Prefix,
}

/// What adding an entry would bring about besides what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// A deny entry covers a peer, or a part of it.
    CutsOffPeer {
        /// The new entry.
        entry: Prefix,
        /// The peer's name.
        peer: String,
        /// The peer's prefix.
        prefix: Prefix,
    },
    /// A deny entry leaves a more specific allow entry in force.
    StaysAllowed {
        /// The new entry.
        entry: Prefix,
        /// The allow entry.
        inner: Prefix,
    },
    /// An allow entry leaves a more specific deny entry in force.
    StaysDenied {
        /// The new entry.
        entry: Prefix,
        /// The deny entry.
        inner: Prefix,
    },
    /// An allow entry suspends the ban of a source inside it.
    SuspendsBan {
        /// The new entry.
        entry: Prefix,
        /// The banned source.
        source: Prefix,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = prefix_text;
        match self {
            Self::CutsOffPeer { entry, peer, prefix } => {
                write!(f, "denying {} would cut off peer {peer} ({})", text(*entry), text(*prefix))
            }
            Self::StaysAllowed { entry, inner } => {
                write!(
                    f,
                    "{} stays allowed: its entry is more specific than the deny of {}",
                    text(*inner),
                    text(*entry)
                )
            }
            Self::StaysDenied { entry, inner } => {
                write!(
                    f,
                    "{} stays denied: its entry is more specific than the allow of {}",
                    text(*inner),
                    text(*entry)
                )
            }
            Self::SuspendsBan { entry, source } => {
                write!(f, "the ban of {} does not hold while {} is allowed", text(*source), text(*entry))
            }
        }
    }
}

/// The warnings about adding `new` to the entries in force, in the order of `new`.
pub fn warnings(new: &[NewEntry], peers: &[NamedPrefix<'_>], existing: &[StoredEntry]) -> Vec<Warning> {
    // A prefix may belong to several peers, and to a ban and a deny entry: the value lists what a prefix has.
    let peers = grouped(peers.iter().map(|p| (p.prefix, p.name)));
    let existing = grouped(existing.iter().map(|e| (e.prefix, e.kind)));
    new.iter()
        .flat_map(|entry| {
            let cuts = if entry.kind == Kind::Deny { cut_off(entry.prefix, &peers) } else { Vec::new() };
            cuts.into_iter().chain(contradicted(entry, &existing))
        })
        .collect()
}

fn grouped<T: Copy>(items: impl Iterator<Item = (Prefix, T)>) -> PrefixMap<Vec<T>> {
    let mut groups: std::collections::HashMap<Prefix, Vec<T>> = std::collections::HashMap::new();
    for (prefix, value) in items {
        groups.entry(prefix).or_default().push(value);
    }
    PrefixMap::new(groups)
}

fn cut_off(entry: Prefix, peers: &PrefixMap<Vec<&str>>) -> Vec<Warning> {
    let around = peers.covering(entry).filter(|(p, _)| *p != entry);
    around
        .chain(peers.inside(entry))
        .flat_map(|(prefix, names)| names.iter().map(move |name| (*prefix, *name)))
        .map(|(prefix, name)| Warning::CutsOffPeer { entry, peer: name.to_owned(), prefix })
        .collect()
}

fn contradicted<'a>(new: &'a NewEntry, existing: &'a PrefixMap<Vec<Kind>>) -> impl Iterator<Item = Warning> + use<'a> {
    let entry = new.prefix;
    let kinds = existing.inside(entry).flat_map(|(inner, kinds)| kinds.iter().map(move |kind| (*inner, *kind)));
    kinds.filter_map(move |(inner, kind)| match (new.kind, kind) {
        (Kind::Deny, Kind::Allow) if inner != entry => Some(Warning::StaysAllowed { entry, inner }),
        (Kind::Allow, Kind::Deny) if inner != entry => Some(Warning::StaysDenied { entry, inner }),
        (Kind::Allow, Kind::Ban) => Some(Warning::SuspendsBan { entry, source: inner }),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::model::{entry, p};
    use super::super::record::Scope;
    use super::*;

    fn new(kind: Kind, prefix: &str) -> NewEntry {
        NewEntry { kind, prefix: p(prefix), scope: Scope::Sip, expires: None, comment: None, author: None }
    }

    fn said(new: &[NewEntry], peers: &[(&str, &str)], existing: &[StoredEntry]) -> Vec<String> {
        let peers: Vec<_> = peers.iter().map(|(name, prefix)| NamedPrefix { name, prefix: p(prefix) }).collect();
        warnings(new, &peers, existing).iter().map(Warning::to_string).collect()
    }

    #[test]
    fn a_deny_that_touches_a_peer_is_named() {
        let peers = [("itsp", "203.0.113.0/24"), ("office", "198.51.100.7"), ("vpn", "2001:db8::/32")];
        let deny = |prefix| said(&[new(Kind::Deny, prefix)], &peers, &[]);
        assert_eq!(deny("203.0.113.9"), ["denying 203.0.113.9 would cut off peer itsp (203.0.113.0/24)"]);
        assert_eq!(deny("198.51.0.0/16"), ["denying 198.51.0.0/16 would cut off peer office (198.51.100.7)"]);
        assert_eq!(deny("203.0.113.0/24").len(), 1);
        assert_eq!(deny("0.0.0.0/0").len(), 2);
        assert_eq!(deny("192.0.2.0/24").len(), 0);
        assert_eq!(said(&[new(Kind::Allow, "203.0.113.9")], &peers, &[]).len(), 0);
    }

    #[test]
    fn what_stays_as_it_was_is_named() {
        let existing = [
            entry(1, Kind::Deny, "10.1.0.0/16", None),
            entry(2, Kind::Allow, "10.2.0.0/16", None),
            entry(3, Kind::Ban, "10.3.0.1", None),
        ];
        assert_eq!(
            said(&[new(Kind::Allow, "10.0.0.0/8")], &[], &existing),
            [
                "10.1.0.0/16 stays denied: its entry is more specific than the allow of 10.0.0.0/8",
                "the ban of 10.3.0.1 does not hold while 10.0.0.0/8 is allowed"
            ]
        );
        let deny = said(&[new(Kind::Deny, "10.0.0.0/8")], &[], &existing);
        assert_eq!(deny, ["10.2.0.0/16 stays allowed: its entry is more specific than the deny of 10.0.0.0/8"]);
        assert_eq!(said(&[new(Kind::Deny, "10.2.0.0/16")], &[], &existing).len(), 0);
    }
}
