//! Which entry decides about an address, and how that changes as entries end.
//!
//! Owns: the rule of precedence, and folding a course of events into the two terms that a map value holds. Refuses:
//! knowing which map the value goes to.
use firewall_common::addr::Prefix;
use firewall_common::policy::{Action, Entry, NEVER_ENDS, Term};

use super::record::{Kind, ListEntry, Scope, StoredEntry};
use crate::clock::Clock;

/// The entries of one prefix.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Node<'a> {
    pub(super) operator: Option<&'a StoredEntry>,
    pub(super) ban: Option<&'a StoredEntry>,
    pub(super) listed: Option<&'a ListEntry>,
}

/// What decides.
#[derive(Clone, Copy, Debug)]
pub(super) enum Voice<'a> {
    /// An entry of the operator's, or a ban.
    Entry(&'a StoredEntry),
    /// A block list.
    Listed(&'a ListEntry),
}

impl Voice<'_> {
    /// Whether both are the same entry, or of the same list. Bans that the database does not have yet have no id to tell.
    fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::Entry(one), Self::Entry(other)) => std::ptr::eq(one, other),
            (Self::Listed(one), Self::Listed(other)) => one.id == other.id,
            _ => false,
        }
    }

    fn id(self) -> u32 {
        match self {
            Self::Entry(entry) => entry.id,
            Self::Listed(listed) => listed.id,
        }
    }

    fn prefix(self) -> Prefix {
        match self {
            Self::Entry(entry) => entry.prefix,
            Self::Listed(listed) => listed.prefix,
        }
    }

    fn action(self) -> Action {
        match self {
            Self::Entry(entry) => entry.action(),
            Self::Listed(_) => Action::Deny,
        }
    }
}

/// One stretch of time in which the same voice decides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a> {
    voice: Voice<'a>,
    /// Unix milliseconds of the stretch's end; none: it has none.
    until: Option<i64>,
}

impl Segment<'_> {
    /// Whether it lets through.
    pub(super) fn allows(&self) -> bool {
        self.voice.action() == Action::Allow
    }
}

/// What decides at `now` about an address which all of `lineage` (most specific first) covers: the operator and the bans,
/// and where neither says anything, the most specific prefix of a list.
fn winner<'a>(lineage: &[Node<'a>], now: i64) -> Option<Voice<'a>> {
    let listed = || lineage.iter().find_map(|n| n.listed).map(Voice::Listed);
    entry(lineage, now).map(Voice::Entry).or_else(listed)
}

/// The same of the operator's entries and the bans.
fn entry<'a>(lineage: &[Node<'a>], now: i64) -> Option<&'a StoredEntry> {
    let alive = |e: &&StoredEntry| e.in_force(now);
    let operators = || lineage.iter().filter_map(|n| n.operator).filter(alive);
    // An allow entry around a ban pardons it; one inside the ban goes before it anyway.
    let pardoned = operators().any(|o| o.kind == Kind::Allow);
    let ban = lineage.iter().filter_map(|n| n.ban).find(alive);
    match (operators().next(), ban) {
        (Some(operator), Some(ban)) if !pardoned && ban_decides(operator, ban) => Some(ban),
        (None, ban) => ban,
        (operator, _) => operator,
    }
}

/// Whether a ban decides rather than the operator's most specific entry. That one is no allow entry around the ban, since
/// such a one pardons.
fn ban_decides(operator: &StoredEntry, ban: &StoredEntry) -> bool {
    let (outer, inner) = (operator.prefix.bits, ban.prefix.bits);
    let adds_scope = operator.scope == Scope::Sip && ban.scope == Scope::All;
    outer < inner && operator.scope == Scope::Sip || outer == inner && adds_scope
}

/// The course of events from `now` on for an address of this lineage. Each stretch follows the one before without a
/// gap: a ban that waits for an allow entry's end waits behind a stretch of that entry.
pub(super) fn course<'a>(lineage: &[Node<'a>], now: i64) -> Vec<Segment<'a>> {
    let entries = || lineage.iter().flat_map(|n| [n.operator, n.ban]).flatten();
    let mut ends: Vec<i64> = entries().filter_map(|e| e.expires).filter(|&end| end > now).collect();
    ends.sort_unstable();
    ends.dedup();
    let mut segments: Vec<Segment<'a>> = Vec::new();
    let begins = std::iter::once(now).chain(ends.iter().copied());
    let untils = ends.iter().copied().map(Some).chain(std::iter::once(None));
    for (begin, until) in begins.zip(untils) {
        let Some(voice) = winner(lineage, begin) else { break };
        match segments.last_mut() {
            Some(last) if last.voice.is(voice) => last.until = until,
            _ => segments.push(Segment { voice, until }),
        }
    }
    segments
}

/// How many of the segments pass before `prefix`'s own entries have said their last word; 0 if they never decide.
pub(super) fn own_part(segments: &[Segment<'_>], prefix: Prefix) -> usize {
    segments.iter().rposition(|s| s.voice.prefix() == prefix).map_or(0, |last| last + 1)
}

/// The map value of a course of events.
///
/// Two terms are exact for up to two stretches. Of more, the first is exact and the rest becomes one term: the block that
/// lives longest if there is one (so that a block never ends early; an allow entry between two blocks may), otherwise the
/// allow entry that lives longest. The daemon compiles anew at each expiry, so the second term of such a value holds only
/// as long as no daemon runs.
pub(super) fn fold(segments: &[Segment<'_>], clock: Clock) -> Entry {
    let term = |s: &Segment<'_>| Term {
        until: s.until.map_or(NEVER_ENDS, |end| clock.deadline(end)),
        action: s.voice.action() as u32,
        id: s.voice.id(),
    };
    let (first, later) = segments.split_first().map_or((None, segments), |(f, l)| (Some(f), l));
    let then = later.iter().rfind(|s| !s.allows()).or(later.last());
    Entry { first: first.map_or(Term::NONE, term), then: then.map_or(Term::NONE, term), hits: 0 }
}
