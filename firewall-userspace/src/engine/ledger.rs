//! What our server has sent that only its receiver can know: nonces, and To tags.
//!
//! Owns: to which source each nonce went, whether it went to others too, and whose account it let in. Refuses: taking a
//! nonce for a proof that somebody else may know.
use super::clock::Moment;
use super::hash::half;
use super::saved::Key;
use super::table::{Entry, Table, worth};

/// How long a nonce that was never accepted proves its receiver, in seconds. Whoever answers a challenge does so at once;
/// an hour later the server does not know the nonce any more, and its refusal says nothing about the password.
const FRESH: u32 = 3_600;

/// A nonce at one source.
#[derive(Clone, Copy, Default)]
struct Sent {
    at: Moment,
    /// Half the hash of the account that it let in; 0 for none yet.
    accepted: u32,
    /// Of the realm of the challenge ([`super::facts::Challenge::realm`]); 0 if it came otherwise.
    realm: u16,
    /// Of what the challenged request asked for ([`super::facts::Request::asks`]); 0 if that is not known.
    asks: u16,
}

impl Entry for Sent {
    fn worth(&self, _: Moment) -> u64 {
        worth(u8::from(self.accepted != 0), self.at)
    }
}

/// A nonce over all sources.
#[derive(Clone, Copy, Default)]
struct Known {
    at: Moment,
    /// Half the hash of the source that it went to; 0 when it went to more than one.
    only: u32,
}

impl Entry for Known {
    fn worth(&self, _: Moment) -> u64 {
        worth(0, self.at)
    }
}

/// What a nonce in somebody's credentials says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Our server did not send it to that source, or so long ago that it says nothing.
    Unknown,
    /// It went to that source, and to others too: who sent it need not be who received it.
    Shared,
    /// It went to that source alone.
    Proof,
    /// It went to that source, and let that very account in before: when it is refused now, it is its time that is over.
    Accepted,
}

/// The nonces that left.
pub(super) struct Ledger {
    sent: Table<Sent>,
    known: Table<Known>,
    shared: u64,
}

impl Ledger {
    /// A ledger of so many nonces.
    pub(super) fn new(nonces: u32) -> Self {
        Self { sent: Table::new(nonces), known: Table::new(nonces), shared: 0 }
    }

    /// Our server has sent a nonce to a source, for a realm, when it was asked for something.
    pub(super) fn issue(&mut self, key: Key, source: u64, nonce: u64, of: [u32; 2], now: Moment) {
        let [realm, asks] = of.map(short);
        let new = || Sent { at: now, accepted: 0, realm, asks };
        if let Some(sent) = self.sent.entry(key.joined(source, nonce), new, now) {
            // Who sends two requests as one can have the answer to the first taken for one to the second, but not before.
            sent.at = now;
        }
        let only = half(source);
        if let Some(known) = self.known.entry(nonce, || Known { at: now, only }, now) {
            known.at = now;
            if known.only != only && known.only != 0 {
                known.only = 0;
                self.shared += 1;
            }
        }
    }

    /// What a nonce says in credentials for an account.
    pub(super) fn standing(&self, key: Key, source: u64, nonce: u64, account: u64, now: Moment) -> Standing {
        let Some(sent) = self.sent.get(key.joined(source, nonce)) else { return Standing::Unknown };
        if sent.accepted == half(account) {
            return Standing::Accepted;
        }
        // One that was forgotten here may have been shared.
        match self.known.get(nonce) {
            _ if sent.accepted == 0 && !sent.at.within(FRESH, now) => Standing::Unknown,
            Some(known) if known.only != 0 => Standing::Proof,
            _ => Standing::Shared,
        }
    }

    /// Whether our server sent a nonce to a source, whoever else has it.
    pub(super) fn is_sent(&self, key: Key, source: u64, nonce: u64) -> bool {
        self.sent.get(key.joined(source, nonce)).is_some()
    }

    /// Whether a nonce was sent to a source for a realm.
    pub(super) fn is_for(&self, key: Key, source: u64, nonce: u64, realm: u32) -> bool {
        realm != 0 && self.sent.get(key.joined(source, nonce)).is_some_and(|sent| sent.realm == short(realm))
    }

    /// Whether a nonce was sent to a source when it asked for something.
    pub(super) fn is_when_asked(&self, key: Key, source: u64, nonce: u64, asks: u32) -> bool {
        asks != 0 && self.sent.get(key.joined(source, nonce)).is_some_and(|sent| sent.asks == short(asks))
    }

    /// A nonce has let an account in.
    pub(super) fn accept(&mut self, key: Key, source: u64, nonce: u64, account: u64, now: Moment) {
        if let Some(sent) = self.sent.get_mut(key.joined(source, nonce)) {
            (sent.at, sent.accepted) = (now, half(account));
        }
    }

    /// How many nonces went to more than one source.
    pub(super) const fn shared(&self) -> u64 {
        self.shared
    }

    /// How many were forgotten for others.
    pub(super) const fn evicted(&self) -> u64 {
        self.sent.losses().0
    }

    /// Bytes that it takes when it is full.
    pub(super) fn memory(&self) -> usize {
        self.sent.memory() + self.known.memory()
    }
}

/// What is kept of half a hash where a chance of one in sixty-five thousand is small enough; 0 stays 0, which is none.
const fn short(half: u32) -> u16 {
    match half as u16 {
        0 if half != 0 => 1,
        short => short,
    }
}

/// Places for To tags that were seen last.
const TAGS: usize = 256;
/// First halves that tags have in common: of each start of each server, one.
const COMMON: usize = 16;

/// The To tags that our server sent last, to find out whether they can be guessed.
///
/// A tag should have 32 random bits (RFC 3261 §19.3). Some servers give all their tags a common first half and make the
/// rest of what the request says: who knows one of them can work out another one's.
///
/// What was found out stays, however many other tags follow.
pub(super) struct Tags {
    seen: Box<[(u32, u32); TAGS]>,
    /// Half the hash of a first half that tags have in common, and how many of them there were.
    common: [(u32, u32); COMMON],
}

impl Tags {
    /// None seen yet.
    pub(super) fn new() -> Self {
        Self { seen: Box::new([(0, 0); TAGS]), common: [(0, 0); COMMON] }
    }

    /// Notes a tag by the hashes of its first half and of all of it, and tells whether another one began alike. It must be
    /// one that our server made up.
    pub(super) fn is_guessable(&mut self, first_half: u64, all: u64) -> bool {
        if let Some((_, count)) = self.common.iter_mut().find(|(begins, _)| *begins == half(first_half)) {
            *count = count.saturating_add(1);
            return true;
        }
        let slot = &mut self.seen[first_half as usize % TAGS];
        let last = std::mem::replace(slot, (half(first_half), half(all)));
        let is_common = last.0 == slot.0 && last.1 != slot.1;
        if let Some(rarest) = self.common.iter_mut().min_by_key(|(_, count)| *count).filter(|_| is_common) {
            *rarest = (half(first_half), 1);
        }
        is_common
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key([5, 6]);
    const NOW: Moment = Moment::NEVER.plus(1_000_000);

    #[test]
    fn a_nonce_proves_only_its_receiver() {
        let mut ledger = Ledger::new(1_024);
        ledger.issue(KEY, 1, 77, [0; 2], NOW);
        ledger.issue(KEY, 1, 77, [0; 2], NOW.plus(1));
        assert_eq!(ledger.standing(KEY, 1, 77, 9, NOW.plus(1)), Standing::Proof);
        assert_eq!(ledger.standing(KEY, 2, 77, 9, NOW.plus(1)), Standing::Unknown);
        assert_eq!(ledger.standing(KEY, 1, 78, 9, NOW.plus(1)), Standing::Unknown);
        assert_eq!(ledger.standing(KEY, 1, 77, 9, NOW.plus(1 + FRESH)), Standing::Unknown);
    }

    #[test]
    fn a_nonce_that_two_know_proves_neither() {
        let mut ledger = Ledger::new(1_024);
        let (one, other) = (KEY.joined(1, 0), KEY.joined(2, 0));
        ledger.issue(KEY, one, 77, [0; 2], NOW);
        ledger.issue(KEY, other, 77, [0; 2], NOW);
        assert_eq!(ledger.standing(KEY, one, 77, 9, NOW), Standing::Shared);
        assert_eq!(ledger.standing(KEY, other, 77, 9, NOW), Standing::Shared);
        assert_eq!(ledger.shared(), 1);
    }

    #[test]
    fn an_accepted_nonce_stands_for_its_account_only() {
        let mut ledger = Ledger::new(1_024);
        ledger.issue(KEY, 1, 77, [0; 2], NOW);
        ledger.accept(KEY, 1, 77, 1 << 40, NOW);
        let later = NOW.plus(10 * FRESH);
        assert_eq!(ledger.standing(KEY, 1, 77, 1 << 40, later), Standing::Accepted);
        assert_eq!(ledger.standing(KEY, 1, 77, 2 << 40, later), Standing::Proof);
    }

    #[test]
    fn a_flood_of_challenges_leaves_what_was_accepted() {
        let mut ledger = Ledger::new(1_024);
        ledger.issue(KEY, 1, 77, [0; 2], NOW);
        ledger.accept(KEY, 1, 77, 1 << 40, NOW);
        for source in 2..100_000 {
            ledger.issue(KEY, KEY.joined(source, 1), KEY.joined(source, 2), [0; 2], NOW.plus(5));
        }
        assert_eq!(ledger.standing(KEY, 1, 77, 1 << 40, NOW.plus(9)), Standing::Accepted);
    }

    #[test]
    fn tags_that_begin_alike_are_guessable() {
        let mut tags = Tags::new();
        let (prefix, random) = (KEY.of(&[b"b27e1a1d"]), |n: u64| (KEY.joined(n, 1), KEY.joined(n, 2)));
        assert!(!tags.is_guessable(prefix, KEY.of(&[b"7d4b"])), "the first one");
        assert!(!tags.is_guessable(prefix, KEY.of(&[b"7d4b"])), "the same again is a retransmission");
        assert!(tags.is_guessable(prefix, KEY.of(&[b"81aa"])));
        assert!((0..1_000).all(|n| !tags.is_guessable(random(n).0, random(n).1)));
    }
}
