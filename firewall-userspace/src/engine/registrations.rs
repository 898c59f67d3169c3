//! Who is registered from where, and until when.
//!
//! Owns: the contacts of each account at each source, and the bounds in number. Refuses: forgetting a registration that
//! holds for a new one of another account.
use std::collections::{BTreeMap, BTreeSet};

use firewall_common::addr::Addr;

use super::clock::Moment;
use super::facts::CONTACTS;

/// One contact of an account at a source.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Bound {
    /// Half the hash of the address of record.
    record: u32,
    /// Half the hash of the contact; 0 for one that is not known by itself.
    contact: u32,
    until: Moment,
}

/// One account at one source.
#[derive(Clone, Copy)]
pub(super) struct Registration {
    /// The source.
    pub(super) source: Addr,
    contacts: [Bound; CONTACTS],
    /// The end of the contacts that found no place.
    others: Moment,
    renewed: Moment,
}

/// A source's and an account's hash.
type At = (u64, u64);

/// All of them.
pub(super) struct Registrations {
    by_source: BTreeMap<At, Registration>,
    by_account: BTreeSet<At>,
    most: usize,
    pruned: Moment,
}

impl Registration {
    fn new(source: Addr) -> Self {
        Self { source, contacts: [Bound::default(); CONTACTS], others: Moment::NEVER, renewed: Moment::NEVER }
    }

    /// When it ends; in the past when it has.
    pub(super) fn until(&self) -> Moment {
        self.contacts.iter().map(|bound| bound.until).fold(self.others, Moment::max)
    }

    /// The last moment at which it was seen to hold: one that was ended has been one until then.
    fn last(&self) -> Moment {
        self.until().max(self.renewed)
    }

    /// Whether it holds, or did within that time.
    pub(super) fn is_known(&self, known_for: u32, now: Moment) -> bool {
        self.last().plus(known_for) > now
    }

    fn bind(&mut self, bound: Bound, now: Moment) {
        // What was told without its contact is one of these, and they say it better.
        let place = |it: &Bound| it.contact == bound.contact && it.record == bound.record || it.contact == 0;
        let found = self.contacts.iter_mut().find(|it| !it.until.is_never() && place(it));
        if let Some(slot) = found {
            *slot = bound;
            return;
        }
        let Some(slot) = self.contacts.iter_mut().min_by_key(|it| it.until) else { return };
        if slot.until > now {
            self.others = self.others.max(slot.until);
        }
        *slot = bound;
    }

    fn release(&mut self, goes: impl Fn(&Bound) -> bool) {
        let gone = |it: &&mut Bound| !it.until.is_never() && (it.contact == 0 || goes(it));
        self.contacts.iter_mut().filter(gone).for_each(|it| *it = Bound::default());
    }
}

/// What became of a new registration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Entered {
    /// It holds.
    Holds,
    /// It holds, and this source's ended for it, whose trust now lasts until then.
    InsteadOf(Addr, Moment),
    /// There are too many.
    Full,
}

impl Registrations {
    /// None yet, and `most` at a time.
    pub(super) const fn new(most: usize) -> Self {
        Self { by_source: BTreeMap::new(), by_account: BTreeSet::new(), most, pruned: Moment::NEVER }
    }

    /// Binds a contact of an account at a source. `per_account` sources may have one account.
    pub(super) fn bind(&mut self, bind: &Bind, limits: Limits, now: Moment) -> Entered {
        let at = (bind.at.0, bind.at.1);
        let mut entered = Entered::Holds;
        if !self.by_source.contains_key(&at) {
            if self.is_full(limits.known_for, now) {
                return Entered::Full;
            }
            self.by_source.insert(at, Registration::new(bind.source));
            self.by_account.insert((at.1, at.0));
            entered = self.hold_bound(at, limits.per_account, now);
        }
        if let Some(registration) = self.by_source.get_mut(&at) {
            registration.bind(Bound { record: bind.record, contact: bind.contact, until: bind.until }, now);
            registration.renewed = now;
        }
        entered
    }

    /// Releases a contact of an account at a source, or all of an address of record.
    pub(super) fn release(&mut self, at: At, record: u32, contact: Option<u32>) {
        if let Some(registration) = self.by_source.get_mut(&at) {
            registration.release(|it| it.record == record && contact.is_none_or(|contact| contact == it.contact));
        }
    }

    /// Forgets a source. Tells whether there was anything.
    pub(super) fn forget(&mut self, source: u64) -> bool {
        let accounts: Vec<At> = self.of(source).map(|(at, _)| *at).collect();
        accounts.iter().for_each(|at| self.remove(*at));
        !accounts.is_empty()
    }

    /// The sources where an account is registered now.
    pub(super) fn sources_of(&self, account: u64, now: Moment) -> impl Iterator<Item = Addr> {
        let all = self.by_account.range((account, 0)..=(account, u64::MAX));
        let held = all.filter_map(|(account, source)| self.by_source.get(&(*source, *account)));
        held.filter(move |it| it.until() > now).map(|it| it.source)
    }

    /// The registration of an account at a source, as long as it is known.
    pub(super) fn get(&self, at: At) -> Option<&Registration> {
        self.by_source.get(&at)
    }

    /// The end of a source's trust: of its longest registration.
    pub(super) fn trusted_until(&self, source: u64) -> Moment {
        self.of(source).map(|(_, registration)| registration.until()).max().unwrap_or(Moment::NEVER)
    }

    /// Whether anybody is, or was of late, registered at a source.
    pub(super) fn is_known(&self, source: u64, known_for: u32, now: Moment) -> bool {
        self.of(source).any(|(_, registration)| registration.is_known(known_for, now))
    }

    /// How many accounts are registered at a source.
    pub(super) fn accounts(&self, source: u64, now: Moment) -> usize {
        self.of(source).filter(|(_, registration)| registration.until() > now).count()
    }

    /// Forgets what ended so long ago that it is not known any more.
    pub(super) fn prune(&mut self, known_for: u32, now: Moment) {
        self.pruned = now;
        let gone: Vec<At> =
            self.by_source.iter().filter(|(_, it)| !it.is_known(known_for, now)).map(|(at, _)| *at).collect();
        gone.iter().for_each(|at| self.remove(*at));
    }

    /// How many are kept.
    pub(super) fn len(&self) -> usize {
        self.by_source.len()
    }

    /// Bytes that they take when there are as many as can be: both trees are at least half full.
    pub(super) const fn memory(&self) -> usize {
        self.most * 2 * (size_of::<At>() * 2 + size_of::<Registration>())
    }

    fn of(&self, source: u64) -> impl Iterator<Item = (&At, &Registration)> {
        self.by_source.range((source, 0)..=(source, u64::MAX))
    }

    fn remove(&mut self, at: At) {
        self.by_source.remove(&at);
        self.by_account.remove(&(at.1, at.0));
    }

    /// Whether there is no room. What has ended makes room, looked for once a second at most.
    fn is_full(&mut self, known_for: u32, now: Moment) -> bool {
        if self.by_source.len() >= self.most && self.pruned != now {
            // First what is known no more, then what is only known.
            self.prune(known_for, now);
            if self.by_source.len() >= self.most {
                self.prune(0, now);
            }
        }
        self.by_source.len() >= self.most
    }

    /// Ends the registration of an account that was renewed longest ago if it has too many sources. Those that have ended
    /// are known on.
    fn hold_bound(&mut self, new: At, per_account: usize, now: Moment) -> Entered {
        let sources =
            self.by_account.range((new.1, 0)..=(new.1, u64::MAX)).map(|(account, source)| (*source, *account));
        let others = sources.filter(|at| *at != new).filter_map(|at| Some((at, self.by_source.get(&at)?)));
        let live: Vec<(At, Moment)> =
            others.filter(|(_, it)| it.until() > now).map(|(at, it)| (at, it.renewed)).take(per_account).collect();
        if live.len() < per_account {
            return Entered::Holds;
        }
        let Some((at, _)) = live.into_iter().min_by_key(|(_, renewed)| *renewed) else { return Entered::Holds };
        let Some(source) = self.by_source.get(&at).map(|it| it.source) else { return Entered::Holds };
        self.remove(at);
        Entered::InsteadOf(source, self.trusted_until(at.0).max(now))
    }
}

/// A contact to bind.
pub(super) struct Bind {
    /// At which source, and whose.
    pub(super) at: At,
    /// The source.
    pub(super) source: Addr,
    /// Half the hash of the address of record.
    pub(super) record: u32,
    /// Half the hash of the contact; 0 when it is not known.
    pub(super) contact: u32,
    /// Its end.
    pub(super) until: Moment,
}

/// Bounds.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// Sources of one account at a time.
    pub(super) per_account: usize,
    /// Seconds that an ended registration is known.
    pub(super) known_for: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::NEVER.plus(1_000_000);
    const LIMITS: Limits = Limits { per_account: 2, known_for: 1_000 };

    fn source(n: u64) -> Addr {
        Addr::from_v4((n as u32).to_be_bytes())
    }

    fn bind(all: &mut Registrations, at: At, contact: u32, until: Moment, now: Moment) -> Entered {
        all.bind(&Bind { at, source: source(at.0), record: 1, contact, until }, LIMITS, now)
    }

    #[test]
    fn trust_ends_with_the_last_contact() {
        let mut all = Registrations::new(100);
        for (at, contact, seconds) in [((1, 7), 11, 60), ((1, 7), 12, 90), ((1, 8), 13, 30)] {
            bind(&mut all, at, contact, NOW.plus(seconds), NOW);
        }
        assert_eq!((all.trusted_until(1), all.accounts(1, NOW)), (NOW.plus(90), 2));
        all.release((1, 7), 1, Some(12));
        assert_eq!(all.trusted_until(1), NOW.plus(60));
        all.release((1, 7), 2, None);
        assert_eq!(all.trusted_until(1), NOW.plus(60), "another address of record");
        all.release((1, 7), 1, None);
        assert_eq!((all.trusted_until(1), all.accounts(1, NOW)), (NOW.plus(30), 1));
    }

    #[test]
    fn contacts_without_a_place_hold_until_their_end() {
        let mut all = Registrations::new(100);
        for contact in 1..=6 {
            bind(&mut all, (1, 7), contact, NOW.plus(100 * contact), NOW);
        }
        (3..=6).for_each(|contact| all.release((1, 7), 1, Some(contact)));
        assert_eq!(all.trusted_until(1), NOW.plus(200));
    }

    #[test]
    fn what_was_told_without_a_contact_gives_way_to_one() {
        let mut all = Registrations::new(100);
        bind(&mut all, (1, 7), 0, NOW.plus(900), NOW);
        bind(&mut all, (1, 7), 5, NOW.plus(60), NOW);
        assert_eq!(all.trusted_until(1), NOW.plus(60));
    }

    #[test]
    fn an_account_has_so_many_sources() {
        let mut all = Registrations::new(100);
        for n in 1..=2 {
            assert_eq!(bind(&mut all, (n, 7), 5, NOW.plus(60), NOW.plus(n as u32)), Entered::Holds);
        }
        bind(&mut all, (1, 7), 5, NOW.plus(90), NOW.plus(3));
        let third = bind(&mut all, (3, 7), 5, NOW.plus(60), NOW.plus(4));
        assert_eq!(third, Entered::InsteadOf(source(2), NOW.plus(4)));
        let ended = bind(&mut all, (4, 7), 5, NOW.plus(300), NOW.plus(200));
        assert_eq!(ended, Entered::Holds, "what has ended does not count");
    }

    #[test]
    fn a_full_table_keeps_what_holds() {
        let mut all = Registrations::new(10);
        for n in 0..9 {
            bind(&mut all, (n, n), 5, NOW.plus(500), NOW);
        }
        bind(&mut all, (9, 9), 5, NOW.plus(5), NOW);
        assert_eq!(bind(&mut all, (10, 10), 5, NOW.plus(500), NOW.plus(1)), Entered::Full);
        assert_eq!(bind(&mut all, (11, 11), 5, NOW.plus(500), NOW.plus(9)), Entered::Holds, "one had ended");
        assert!(all.get((9, 9)).is_none() && (0..9).all(|n| all.get((n, n)).is_some()));
        all.prune(LIMITS.known_for, NOW.plus(1_499));
        assert_eq!(all.len(), 10);
        all.prune(LIMITS.known_for, NOW.plus(1_509));
        assert_eq!((all.len(), all.forget(1)), (0, false));
    }
}
