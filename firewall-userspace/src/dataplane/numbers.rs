//! The lists of numbers, and call codes, in the kernel's maps.
//!
//! Owns: making them equal what is wanted, by what differs; prefixes that are blocked for one source; and the switch without which
//! the kernel looks for neither blocks nor codes. Refuses: deciding what they hold (see [`crate::numbers`]).
use std::collections::HashMap as StdMap;
use std::path::Path;

use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{Array, HashMap, MapData, MapError};
use firewall_common::addr::Addr;
use firewall_common::limiter::HashKey;
use firewall_common::maps;
use firewall_common::number::{Number, NumberAction, NumberKey, NumberRule, NumberTerm, block_list};
use firewall_common::policy::{NUMBERS_BLOCKS, NUMBERS_CODES, SWITCH_NUMBERS};

use super::error::{Context as _, Error, Result, errno};
use super::generation;
use super::maps::{capacity, open};
use super::registrants::is_missing;
use crate::clock::Clock;
use crate::config::Config;
use crate::numbers::{Codes, NumberRules, Wanted, diff, is_block};
use crate::store::{self, Store};

/// The maps of a generation.
pub(super) struct NumberMaps {
    rules: LpmTrie<MapData, NumberKey, NumberRule>,
    codes: HashMap<MapData, u64, u64>,
    switches: Array<MapData, u64>,
    key: HashKey,
    capacity: u32,
}

/// What a comparison came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    pub(super) written: usize,
    pub(super) removed: usize,
    pub(super) next_expiry: Option<i64>,
    /// Codes that nobody can dial, because the kernel hashes with another key than the database has.
    pub(super) idle_codes: usize,
}

type Rules = StdMap<(NumberKey, u32), NumberRule>;

impl NumberMaps {
    /// Opens those of a generation's directory.
    pub(super) fn open(dir: &Path) -> Result<Self> {
        Ok(Self {
            rules: open(dir, maps::NUMBERS)?,
            codes: open(dir, maps::CODES)?,
            switches: open(dir, maps::SWITCHES)?,
            key: generation::kept_key(dir)?,
            capacity: capacity(dir, maps::NUMBERS)?,
        })
    }

    /// Makes the maps equal what is wanted. Blocks of single sources stay until they end.
    pub(super) fn sync(&mut self, wanted: &Wanted, now: u64) -> Result<Changed> {
        let old = self.read()?;
        let (ended, alive): (Vec<_>, Vec<_>) = blocks(&old).partition(|(_, rule)| rule.until <= now);
        self.check(wanted.rules.rules.len() + alive.len())?;
        let mut changes = diff(&old, &wanted.rules.rules);
        changes.remove.extend(ended.iter().map(|(place, _)| *place));
        // What is new comes before what goes, where there is room for both.
        if old.len() + changes.put.len() > self.capacity as usize {
            self.remove(&changes.remove)?;
            self.put(&changes.put)?;
        } else {
            self.put(&changes.put)?;
            self.remove(&changes.remove)?;
        }
        let idle_codes = if wanted.key.is_some_and(|key| key != self.key) { wanted.codes.len() } else { 0 };
        let codes = if idle_codes > 0 { Codes::new() } else { wanted.codes.clone() };
        self.sync_codes(&codes)?;
        self.switch(
            if alive.is_empty() { 0 } else { NUMBERS_BLOCKS } | if codes.is_empty() { 0 } else { NUMBERS_CODES },
        )?;
        Ok(Changed {
            written: changes.put.len(),
            removed: changes.remove.len(),
            next_expiry: wanted.rules.next_expiry,
            idle_codes,
        })
    }

    /// Whether so many prefixes fit beside the blocks that there are.
    pub(super) fn check_room(&self, rules: &NumberRules) -> Result<()> {
        self.check(rules.rules.len() + blocks(&self.read()?).count())
    }

    /// Blocks a prefix for one source until `until` (the kernel's nanoseconds).
    pub(super) fn block(&mut self, source: Addr, prefix: Number, until: u64) -> Result<()> {
        let term = NumberTerm { action: NumberAction::Deny as u32, class: 0, id: 0, len: prefix.digits.len };
        let (key, bits) = NumberKey::of(block_list(source, self.key), prefix);
        let old = self.switches.get(&SWITCH_NUMBERS, 0).doing(|| "read a switch".to_owned())?;
        self.switch(old | NUMBERS_BLOCKS)?;
        let rule = NumberRule { until, received: term, sent: term, hits: 0 };
        self.rules.insert(&Key::new(bits, key), rule, 0).map_err(|error| self.refused(&error))
    }

    /// Ends such a block; whether there was one.
    pub(super) fn unblock(&mut self, source: Addr, prefix: Number) -> Result<bool> {
        let (key, bits) = NumberKey::of(block_list(source, self.key), prefix);
        match self.rules.remove(&Key::new(bits, key)) {
            Ok(()) => Ok(true),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(Error::kernel("end a block", &error)),
        }
    }

    /// Removes blocks that have ended, and turns off what nobody needs; how many.
    pub(super) fn sweep(&mut self, now: u64) -> Result<usize> {
        let switch = self.switches.get(&SWITCH_NUMBERS, 0).doing(|| "read a switch".to_owned())?;
        if switch & NUMBERS_BLOCKS == 0 {
            return Ok(0);
        }
        let all = self.read()?;
        let (ended, alive): (Vec<_>, Vec<_>) = blocks(&all).partition(|(_, rule)| rule.until <= now);
        self.remove(&ended.iter().map(|(place, _)| **place).collect::<Vec<_>>())?;
        if alive.is_empty() {
            self.switch(switch & !NUMBERS_BLOCKS)?;
        }
        Ok(ended.len())
    }

    /// How many requests each entry stopped, by its id.
    pub(super) fn hits(&self) -> Result<StdMap<u32, u64>> {
        let mut hits = StdMap::new();
        for rule in self.read()?.values() {
            let term = if rule.received.id != 0 { rule.received } else { rule.sent };
            if term.id != 0 {
                *hits.entry(term.id).or_default() += rule.hits;
            }
        }
        Ok(hits)
    }

    /// How many prefixes there are.
    pub(super) fn len(&self) -> usize {
        self.rules.keys().count()
    }

    fn read(&self) -> Result<Rules> {
        let place = |key: Key<NumberKey>| (key.data(), key.prefix_len());
        let rules = self.rules.iter().map(|item| item.map(|(key, rule)| (place(key), rule)));
        rules.collect::<std::result::Result<_, _>>().doing(|| "read the numbers".to_owned())
    }

    fn put(&mut self, rules: &[((NumberKey, u32), NumberRule)]) -> Result<()> {
        for ((key, bits), rule) in rules {
            self.rules.insert(&Key::new(*bits, *key), rule, 0).map_err(|error| self.refused(&error))?;
        }
        Ok(())
    }

    fn remove(&mut self, places: &[(NumberKey, u32)]) -> Result<()> {
        for (key, bits) in places {
            match self.rules.remove(&Key::new(*bits, *key)) {
                Err(error) if !is_missing(&error) => return Err(Error::kernel("remove a number", &error)),
                _ => {}
            }
        }
        Ok(())
    }

    fn sync_codes(&mut self, wanted: &Codes) -> Result<()> {
        let old: Codes =
            self.codes.iter().collect::<std::result::Result<_, _>>().doing(|| "read the codes".to_owned())?;
        for (hash, classes) in wanted.iter().filter(|(hash, classes)| old.get(hash) != Some(classes)) {
            self.codes.insert(hash, classes, 0).doing(|| "write a code".to_owned())?;
        }
        for hash in old.keys().filter(|hash| !wanted.contains_key(hash)) {
            self.codes.remove(hash).doing(|| "remove a code".to_owned())?;
        }
        Ok(())
    }

    fn switch(&mut self, bits: u64) -> Result<()> {
        self.switches.set(SWITCH_NUMBERS, bits, 0).doing(|| "set a switch".to_owned())
    }

    fn check(&self, wanted: usize) -> Result<()> {
        let capacity = self.capacity;
        if wanted > capacity as usize { Err(Error::Full { key: KEY, wanted, capacity }) } else { Ok(()) }
    }

    fn refused(&self, error: &MapError) -> Error {
        match errno(error) {
            Some(libc::ENOSPC | libc::E2BIG) => {
                Error::Full { key: KEY, wanted: self.capacity as usize + 1, capacity: self.capacity }
            }
            _ => Error::kernel("write a number", error),
        }
    }
}

const KEY: &str = "capacity.numbers";

fn blocks(rules: &Rules) -> impl Iterator<Item = (&(NumberKey, u32), &NumberRule)> {
    rules.iter().filter(|((key, _), _)| is_block(key))
}

/// Copies to another generation's map what the one before held, as far as there is room, blocks first: whatever the database
/// says comes after.
pub(super) fn copy(from: &Path, to: &Path, now: u64) -> Result<()> {
    let (old, mut new) = (NumberMaps::open(from)?, NumberMaps::open(to)?);
    let mut rules: Vec<_> = old.read()?.into_iter().filter(|(_, rule)| rule.until > now).collect();
    rules.sort_by_key(|((key, _), _)| !is_block(key));
    rules.truncate(new.capacity as usize);
    new.put(&rules)
}

/// Makes the maps of a directory equal a config and what the database says.
pub(super) fn sync(dir: &Path, config: &Config, store: &Store, clock: Clock) -> Result<Changed> {
    NumberMaps::open(dir)?.sync(&Wanted::read(config, store, clock)?, clock.mono_ns)
}

/// The key of hashes: the database's, where there is one that can be read and written, so that codes hold after a reboot.
pub(super) fn hash_key(config: &Config, drawn: HashKey) -> HashKey {
    let kept = Store::open_with(config.paths().state.as_path(), store::Options { wait: WAIT });
    kept.and_then(|mut store| store.keep_hash_key(drawn)).unwrap_or(drawn)
}

/// How long a lock on the database is waited for.
const WAIT: std::time::Duration = std::time::Duration::from_secs(2);
