//! What is kept over a restart, in and out.
//!
//! Owns: which records have changed since they were last written, and restoring them. Refuses: keeping what is not proven.
use std::collections::HashSet;

use firewall_common::addr::Addr;

use super::accounts::{Account, Pair};
use super::clock::Moment;
use super::probes::Probe;
use super::registrations::{Bind, Limits};
use super::saved::{Key, Record, Registrant, State, pairs_of};
use super::settings::Settings;
use super::slow_path::Engine;
use super::sources::Source;
use crate::clock::Clock;

/// Hashes of entries that have changed. Each has a mark too, so that it stands here once.
#[derive(Default)]
pub(super) struct Changed {
    sources: Vec<u64>,
    accounts: Vec<u64>,
    pairs: Vec<u64>,
}

/// The most entries of a kind that wait for being written. The store is asked every few seconds, and less than this changes
/// in that time; what is too much is written when it changes again.
const WAITING: usize = 65_536;

impl Changed {
    /// A source has.
    pub(super) fn source(&mut self, hash: u64, source: &mut Source) {
        push(&mut self.sources, hash, &mut source.dirty);
    }

    /// An account has.
    pub(super) fn account(&mut self, hash: u64, account: &mut Account) {
        push(&mut self.accounts, hash, &mut account.dirty);
    }

    /// An account at a source has.
    pub(super) fn pair(&mut self, key: Key, pair: &mut Pair) {
        push(&mut self.pairs, key.joined(pair.of[0], pair.of[1]), &mut pair.dirty);
    }

    /// Bytes that they take when there are as many as can be.
    pub(super) const fn memory() -> usize {
        3 * WAITING * size_of::<u64>()
    }
}

fn push(list: &mut Vec<u64>, hash: u64, dirty: &mut bool) {
    if !*dirty && list.len() < WAITING {
        *dirty = true;
        list.push(hash);
    }
}

impl Engine {
    /// The key of the hashes in its records.
    pub fn key(&self) -> Key {
        self.key
    }

    /// Hands every record that has changed since the last time to `sink`.
    pub fn export(&mut self, clock: Clock, mut sink: impl FnMut(Record)) {
        if self.fraud.countries.dirty {
            let state = State::Countries(self.fraud.countries.save());
            sink(Record { key: "countries".to_owned(), ends: i64::MAX, state });
        }
        for hash in std::mem::take(&mut self.changed.sources) {
            self.export_source(hash, clock).into_iter().for_each(&mut sink);
        }
        for hash in std::mem::take(&mut self.changed.accounts) {
            let Some(account) = self.accounts.get_mut(hash) else { continue };
            account.dirty = false;
            let (saved, ends) = account.save(hash, self.settings.account, clock);
            sink(Record { key: format!("account {hash:016x}"), ends, state: State::Account(saved) });
        }
        for hash in std::mem::take(&mut self.changed.pairs) {
            let Some(pair) = self.pairs.get_mut(hash) else { continue };
            pair.dirty = false;
            let (saved, ends) = pair.save(self.settings.slow.within, self.settings.known_for, clock);
            let key = format!("{}{:016x}", pairs_of(saved.source), saved.account);
            sink(Record { key, ends, state: State::Pair(saved) });
        }
    }

    fn export_source(&mut self, hash: u64, clock: Clock) -> Option<Record> {
        let source = self.sources.get_mut(hash)?;
        source.dirty = false;
        let (mut saved, mut ends) = source.save(&self.settings, clock);
        if let Some(probe) = self.probes.get(hash) {
            ends = ends.max(probe.save(&mut saved, &self.settings, clock));
        }
        let address = std::net::IpAddr::from(source.address);
        Some(Record { key: format!("source {address}"), ends, state: State::Source(saved) })
    }

    /// Takes in a record that [`Engine::export`] gave, of this or an earlier run, under the same key.
    pub fn restore(&mut self, record: &Record, clock: Clock) {
        let now = clock.now();
        if record.ends <= clock.wall_ms {
            return;
        }
        match &record.state {
            State::Source(saved) => {
                let Some(address) = saved.source.map(|ip| Addr::from(ip).source(self.settings.v6_mask)) else { return };
                let hash = self.key.source(address);
                self.sources.entry(hash, || Source::restore(saved, address, clock), now);
                if let Some(probe) = Probe::restore(saved, clock) {
                    self.probes.entry(hash, || probe, now);
                }
            }
            State::Account(saved) => {
                self.accounts.entry(saved.account, || Account::restore(saved, clock), now);
            }
            State::Countries(saved) => self.fraud.countries.restore(saved),
            State::Pair(saved) => {
                self.pairs.entry(self.key.joined(saved.source, saved.account), || Pair::restore(saved, clock), now);
            }
        }
    }

    /// Takes in a registration of an earlier run.
    pub fn restore_registrant(&mut self, saved: &Registrant, clock: Clock) {
        let Settings { known_for, .. } = self.settings;
        let source = Addr::from(saved.source).source(self.settings.v6_mask);
        let account = super::reading::account(saved.account.as_bytes(), self.key);
        let at = (self.key.source(source), account.hash);
        let bind = Bind { at, source, record: 0, contact: 0, until: clock.moment_of(saved.until) };
        if clock.moment_of(saved.known_until) > clock.now() {
            self.registrations.bind(&bind, Limits { per_account: usize::MAX, known_for }, clock.now());
        }
    }

    /// An operator has lifted the bans of these sources: each begins anew, one step lower on the ladder.
    pub fn lifted(&mut self, sources: &[Addr], clock: Clock) {
        let (now, key, mask) = (clock.now(), self.key, self.settings.v6_mask);
        let hashes: HashSet<u64> = sources.iter().map(|source| key.source(source.source(mask))).collect();
        for hash in &hashes {
            self.probes.remove(*hash);
            let Some(source) = self.sources.get_mut(*hash) else { continue };
            source.forgive();
            source.step = source.step.saturating_sub(1);
            source.ban_ends = source.ban_ends.min(now);
            source.held_until = Moment::NEVER;
            self.changed.source(*hash, source);
        }
        // Pairs are not found by their source. One look at all of them for all sources is what a person's word may cost.
        self.pairs.sweep(0, 1, |_, pair| {
            if hashes.contains(&pair.of[0]) {
                pair.forgive();
                self.changed.pair(key, pair);
            }
            true
        });
    }
}
