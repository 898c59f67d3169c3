//! Whether a list may be used, and what of it.
//!
//! Owns: the bounds that keep a list gone wrong (an error page, a slip of its publisher, an attacker) from shutting the
//! firewall for everyone. Refuses: taking a part of a list that is out of bounds: then the one before stays.
use std::fmt;

use firewall_common::addr::Prefix;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::parse::Parsed;
use super::spec::ListSpec;
use crate::entries::{PrefixMap, covers, is_source, is_v4, prefix_text, special};

/// A list of less than this may grow and shrink as it likes, but not to nothing.
const SMALL: usize = 10;

/// What a list must not name, and how much room there is.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// All peers' prefixes. What touches them is kept, since peers change, and left out where the list is enforced.
    pub peers: Vec<Prefix>,
    /// This machine's own addresses.
    pub own: Vec<Prefix>,
    /// What the kernel's maps hold.
    pub room: Room,
}

/// How much of the kernel's maps all lists together may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Of `capacity.bans`.
    pub sources: usize,
    /// Of `capacity.entries`.
    pub prefixes: usize,
    /// How wide an IPv6 source is.
    pub v6_prefix: u8,
}

impl Room {
    /// Lists leave an eighth for what matters more.
    pub fn of(bans: u32, entries: u32, v6_prefix: u8) -> Self {
        let part = |capacity: u32| capacity as usize / 8 * 7;
        Self { sources: part(bans), prefixes: part(entries), v6_prefix }
    }
}

/// What was left out of a list that is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Lines or values that are no prefix.
    pub unreadable: usize,
    /// Private, loopback, multicast and the like.
    pub special: usize,
    /// This machine's own addresses.
    pub own: usize,
    /// What occurs twice, or lies inside another prefix of the list.
    pub repeated: usize,
    /// What touches a peer of the time when the list was read.
    pub peers: usize,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.unreadable, "unreadable"),
            (self.special, "private or reserved"),
            (self.own, "of this machine"),
            (self.repeated, "repeated"),
            (self.peers, "of peers"),
        ];
        let said: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        f.write_str(&said.join(", "))
    }
}

/// Why a list is not used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unfit {
    /// More than it may have.
    #[error("it has more than {max} prefixes; max_entries allows more")]
    TooMany {
        /// The bound.
        max: u32,
    },
    /// Mostly something else than prefixes.
    #[error("it is no list of prefixes: {unreadable} of its lines or values are none, such as `{example}`")]
    NoList {
        /// How many are none.
        unreadable: usize,
        /// One of them.
        example: String,
    },
    /// A prefix that covers too much.
    #[error("it names {prefix}, which is wider than a list may deny; widest_v4 and widest_v6 allow more")]
    TooWide {
        /// The prefix.
        prefix: String,
    },
    /// Nothing left.
    #[error("it is empty, and the one before had {before}")]
    Empty {
        /// How many there were.
        before: usize,
    },
    /// Far more or far less than before.
    #[error("it went from {before} prefixes to {now}; max_change allows more, and so does --force once")]
    Jump {
        /// How many there were.
        before: usize,
        /// How many there are.
        now: usize,
    },
    /// No room in the kernel's maps.
    #[error(
        "with it, lists would name {wanted} {what}, and they may have {room}; raise {key} in the config and reload"
    )]
    NoRoom {
        /// How many.
        wanted: usize,
        /// Of what.
        what: &'static str,
        /// How many there may be.
        room: usize,
        /// The key that bounds them.
        key: &'static str,
    },
}

/// Judges a list. `before` is how many prefixes the last one had; with `force` a jump from it is no reason to refuse.
pub(super) fn judge(
    parsed: Parsed,
    spec: &ListSpec,
    before: usize,
    around: &Surroundings,
    force: bool,
) -> Result<(Vec<Prefix>, LeftOut), Unfit> {
    if parsed.overfull {
        return Err(Unfit::TooMany { max: spec.max_entries });
    }
    if parsed.unreadable > parsed.prefixes.len() {
        let example = parsed.example.unwrap_or_default();
        return Err(Unfit::NoList { unreadable: parsed.unreadable, example });
    }
    if let Some(wide) = parsed.prefixes.iter().find(|p| is_too_wide(**p, spec)) {
        return Err(Unfit::TooWide { prefix: prefix_text(*wide) });
    }
    let (prefixes, mut left_out) = sift(parsed, &around.own);
    let peers = PrefixMap::new(around.peers.iter().map(|p| (*p, ())));
    left_out.peers = prefixes.iter().filter(|prefix| peers.touches(**prefix)).count();
    if prefixes.is_empty() && before > 0 && !force {
        return Err(Unfit::Empty { before });
    }
    if jumps(before, prefixes.len(), spec.max_change as usize) && !force {
        return Err(Unfit::Jump { before, now: prefixes.len() });
    }
    Ok((prefixes, left_out))
}

/// Whether all lists together fit, `others` being the prefixes of the other ones.
pub(super) fn fits(prefixes: &[Prefix], others: impl Iterator<Item = Prefix>, room: Room) -> Result<(), Unfit> {
    let (sources, wider) = others.chain(prefixes.iter().copied()).fold((0, 0), |(sources, wider), prefix| {
        if is_source(prefix, room.v6_prefix) { (sources + 1, wider) } else { (sources, wider + 1) }
    });
    if sources > room.sources {
        return Err(Unfit::NoRoom { wanted: sources, what: "addresses", room: room.sources, key: "capacity.bans" });
    }
    if wider > room.prefixes {
        return Err(Unfit::NoRoom { wanted: wider, what: "prefixes", room: room.prefixes, key: "capacity.entries" });
    }
    Ok(())
}

fn is_too_wide(prefix: Prefix, spec: &ListSpec) -> bool {
    if is_v4(prefix) { prefix.bits < 96 + spec.widest_v4 } else { prefix.bits < spec.widest_v6 }
}

fn jumps(before: usize, now: usize, factor: usize) -> bool {
    let (small, large) = (before.min(now).max(SMALL), before.max(now));
    before > 0 && large > small.saturating_mul(factor)
}

fn sift(parsed: Parsed, own: &[Prefix]) -> (Vec<Prefix>, LeftOut) {
    let own = PrefixMap::new(own.iter().map(|p| (*p, ())));
    let mut left_out = LeftOut { unreadable: parsed.unreadable, ..LeftOut::default() };
    let mut kept = parsed.prefixes;
    kept.retain(|prefix| match (special(*prefix).is_some(), own.touches(*prefix)) {
        (true, _) => never(&mut left_out.special),
        (_, true) => never(&mut left_out.own),
        _ => true,
    });
    let all = kept.len();
    kept.sort_by_key(|p| (p.addr, { p.bits }));
    // Wider ones come first, so what the last kept one covers adds nothing.
    let mut last: Option<Prefix> = None;
    kept.retain(|prefix| {
        let inside = last.is_some_and(|outer| covers(outer, *prefix));
        last = if inside { last } else { Some(*prefix) };
        !inside
    });
    left_out.repeated = all - kept.len();
    (kept, left_out)
}

fn never(count: &mut usize) -> bool {
    *count += 1;
    false
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::super::spec::{Format, Location};
    use super::*;
    use crate::entries::parse_prefix;

    fn spec() -> ListSpec {
        ListSpec::new("x", Location::File("/x".into()))
    }

    fn judged(text: &str, before: usize) -> Result<(Vec<String>, LeftOut), Unfit> {
        let prefix = |text| vec![parse_prefix(text).unwrap()];
        let (own, peers) = (prefix("203.0.113.1"), prefix("198.51.100.0/28"));
        let around = Surroundings { own, peers, ..Surroundings::default() };
        let spec = spec();
        let judged = judge(parse(text.as_bytes(), Format::Auto, spec.max_entries), &spec, before, &around, false);
        judged.map(|(prefixes, left_out)| (prefixes.iter().map(|p| prefix_text(*p)).collect(), left_out))
    }

    #[test]
    fn what_a_list_must_not_name_is_left_out_and_counted() {
        let list = "192.0.2.0/24\n192.0.2.7\n192.0.2.7\n10.0.0.1\n::1\nff02::1\n203.0.113.0/24\nfoo\n198.51.100.7\n";
        let (kept, left_out) = judged(list, 0).unwrap();
        assert_eq!(kept, ["192.0.2.0/24", "198.51.100.7"]);
        assert_eq!(left_out, LeftOut { unreadable: 1, special: 3, own: 1, repeated: 2, peers: 1 });
        let said = "1 unreadable, 3 private or reserved, 1 of this machine, 2 repeated, 1 of peers";
        assert_eq!(left_out.to_string(), said);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let error = judged("<html>\n<head>\n203.0.113.9\n", 5).unwrap_err();
        assert!(error.to_string().contains("such as `<html>`"), "{error}");
        assert_eq!(judged("", 5).unwrap_err(), Unfit::Empty { before: 5 });
        assert_eq!(judged("10.0.0.1", 5).unwrap_err(), Unfit::Empty { before: 5 });
        assert_eq!(judged("", 0).unwrap().0.len(), 0);
    }

    #[test]
    fn what_is_too_wide_refuses_the_whole_list() {
        for (wide, narrow) in [("8.0.0.0/7", "8.0.0.0/8"), ("2001::/18", "2001::/19"), ("0.0.0.0/0", "9.0.0.0/9")] {
            assert_eq!(judged(&format!("192.0.2.1\n{wide}"), 1), Err(Unfit::TooWide { prefix: wide.into() }));
            assert!(judged(narrow, 1).is_ok());
        }
    }

    #[test]
    fn a_jump_is_refused_and_a_small_list_may_do_what_it_likes() {
        let list = |n: u32| (0..n).map(|i| format!("198.51.{}.{}\n", i / 250, i % 250)).collect::<String>();
        assert!(judged(&list(1_000), 100).is_ok() && judged(&list(1_001), 100).is_err());
        assert!(judged(&list(10), 100).is_ok() && judged(&list(5), 101).is_err());
        assert!(judged(&list(100), 1).is_ok() && judged(&list(1), 100).is_ok() && judged(&list(5_000), 0).is_ok());
        let parsed = parse(list(1).as_bytes(), Format::Text, 9);
        assert!(judge(parsed, &spec(), 5_000, &Surroundings::default(), true).is_ok());
    }

    #[test]
    fn lists_leave_room() {
        let room = Room::of(16, 8, 64);
        assert_eq!((room.sources, room.prefixes), (14, 7));
        let sources: Vec<Prefix> = (0..14).map(|i| parse_prefix(&format!("192.0.2.{i}")).unwrap()).collect();
        assert_eq!(fits(&sources, std::iter::empty(), room), Ok(()));
        let error = fits(&sources, sources.iter().copied().take(1), room).unwrap_err();
        assert!(error.to_string().contains("15 addresses") && error.to_string().contains("capacity.bans"), "{error}");
        let v6: Vec<Prefix> = (0..8).map(|i| parse_prefix(&format!("2001:db8::{i}")).unwrap()).collect();
        assert!(matches!(fits(&v6, std::iter::empty(), room), Err(Unfit::NoRoom { what: "prefixes", .. })));
    }
}
