//! The holds in the kernel's map.
//!
//! Owns: adding, ending, sweeping and copying them, accounts that are refused from anywhere, and the switch without which the kernel looks for none. Refuses: deciding
//! who is held, and more than one writer at a time.
use std::collections::HashSet;
use std::path::Path;

use aya::maps::{Array, HashMap, MapData, MapError};
use firewall_common::maps;
use firewall_common::policy::{HOLDS_ACCOUNTS, HOLDS_DEVICES, HOLDS_SOURCES, Hold, HoldKey, NEVER_ENDS, SWITCH_HOLDS};
use firewall_common::sip::account;

use super::error::{Context as _, Error, Result, errno};
use super::maps::{capacity, open};
use super::registrants::is_missing;

/// The map of a generation.
pub(super) struct Holds {
    map: HashMap<MapData, HoldKey, Hold>,
    switches: Array<MapData, u64>,
    capacity: u32,
    /// When a full map was last swept for a newcomer.
    swept: Option<u64>,
}

/// Nanoseconds in which a full map is not looked through again: that takes tens of milliseconds, in which nothing else is
/// heard, and whoever forges addresses decides how often.
pub(super) const NOT_AGAIN: u64 = 5_000_000_000;

impl Holds {
    pub(super) fn open(dir: &Path) -> Result<Self> {
        let (map, switches) = (open(dir, maps::HOLDS)?, open(dir, maps::SWITCHES)?);
        Ok(Self { map, switches, capacity: capacity(dir, maps::HOLDS)?, swept: None })
    }

    /// Holds until `until` (the kernel's nanoseconds). What is held already keeps its rate.
    pub(super) fn hold(&mut self, key: HoldKey, until: u64, now: u64) -> Result<()> {
        let cell = self.map.get(&key, 0).map_or(0, |known| known.cell);
        self.turn_on(kind(&key))?;
        match self.map.insert(key, Hold { until, cell }, 0) {
            Err(error) if errno(&error) == Some(libc::E2BIG) && self.swept.is_none_or(|at| now >= at + NOT_AGAIN) => {
                self.swept = Some(now);
                self.sweep(now)?;
                self.turn_on(kind(&key))?;
                self.map.insert(key, Hold { until, cell }, 0).map_err(|error| self.refused(&error))
            }
            result => result.map_err(|error| self.refused(&error)),
        }
    }

    /// Ends a hold; whether there was one.
    pub(super) fn unhold(&mut self, key: &HoldKey) -> Result<bool> {
        match self.map.remove(key) {
            Ok(()) => Ok(true),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(Error::kernel("end a hold", &error)),
        }
    }

    /// Refuses these accounts from anywhere, and no others; users of From as they stand on the wire. A full map gives up
    /// the hold that would end first: a block is the operator's, and a hold rests on what can't be proved.
    pub(super) fn block(&mut self, users: &[Vec<u8>], now: u64) -> Result<()> {
        let wanted: HashSet<HoldKey> = users.iter().map(|user| blocked(user)).collect();
        let all = self.all()?;
        let is_block = |key: &HoldKey| key.source == HoldKey::ANYWHERE;
        let known: HashSet<HoldKey> = all.iter().map(|(key, _)| *key).filter(is_block).collect();
        for key in known.difference(&wanted) {
            self.unhold(key)?;
        }
        let mut others: Vec<_> = all.into_iter().filter(|(key, _)| !is_block(key)).collect();
        others.sort_by_key(|(_, hold)| std::cmp::Reverse(hold.until));
        for key in wanted.difference(&known) {
            self.turn_on(HOLDS_DEVICES)?;
            match self.hold(*key, NEVER_ENDS, now) {
                Err(Error::Full { .. }) if !others.is_empty() => {
                    let first = others.pop().map(|(key, _)| key);
                    first.map_or(Ok(false), |first| self.unhold(&first))?;
                    self.hold(*key, NEVER_ENDS, now)?;
                }
                result => result?,
            }
        }
        if wanted.is_empty() && !known.is_empty() {
            self.turn_off(HOLDS_DEVICES)?;
        }
        Ok(())
    }

    /// Removes those that have ended, and turns off what nobody needs; how many.
    pub(super) fn sweep(&mut self, now: u64) -> Result<usize> {
        let (ended, alive): (Vec<_>, Vec<_>) = self.all()?.into_iter().partition(|(_, hold)| hold.until <= now);
        for (key, _) in &ended {
            self.unhold(key)?;
        }
        self.switch(alive.iter().fold(0, |kinds, (key, _)| kinds | kind(key)))?;
        Ok(ended.len())
    }

    fn turn_on(&mut self, kinds: u64) -> Result<()> {
        let old = self.switches.get(&SWITCH_HOLDS, 0).doing(|| "read a switch".to_owned())?;
        self.switch(old | kinds)
    }

    fn turn_off(&mut self, kinds: u64) -> Result<()> {
        let old = self.switches.get(&SWITCH_HOLDS, 0).doing(|| "read a switch".to_owned())?;
        self.switch(old & !kinds)
    }

    fn switch(&mut self, kinds: u64) -> Result<()> {
        self.switches.set(SWITCH_HOLDS, kinds, 0).doing(|| "set a switch".to_owned())
    }

    fn all(&self) -> Result<Vec<(HoldKey, Hold)>> {
        self.map.iter().collect::<std::result::Result<_, _>>().doing(|| "read the holds".to_owned())
    }

    fn refused(&self, error: &MapError) -> Error {
        let wanted = self.capacity as usize + 1;
        match errno(error) {
            Some(libc::E2BIG) => Error::Full { key: "capacity.holds", wanted, capacity: self.capacity },
            _ => Error::kernel("hold a source", error),
        }
    }
}

/// The key of an account that is refused from anywhere.
fn blocked(user: &[u8]) -> HoldKey {
    HoldKey { source: HoldKey::ANYWHERE, account: account::hash(user) }
}

fn kind(key: &HoldKey) -> u64 {
    if key.source == HoldKey::ANYWHERE {
        return HOLDS_DEVICES;
    }
    if key.account == HoldKey::WHOLE { HOLDS_SOURCES } else { HOLDS_ACCOUNTS }
}

/// Copies to another generation's map what is still held, as far as there is room, the longest first; with `v4_only`, that
/// of IPv4.
pub(super) fn copy(from: &Path, to: &Path, v4_only: bool, now: u64) -> Result<()> {
    let (old, mut new) = (Holds::open(from)?, Holds::open(to)?);
    let wanted = |(key, hold): &(HoldKey, Hold)| {
        hold.until > now && (!v4_only || key.source.is_v4() || key.source == HoldKey::ANYWHERE)
    };
    let mut alive: Vec<_> = old.all()?.into_iter().filter(wanted).collect();
    alive.sort_by_key(|(_, hold)| std::cmp::Reverse(hold.until));
    alive.truncate(new.capacity as usize);
    for (key, hold) in alive {
        new.turn_on(kind(&key))?;
        new.map.insert(key, hold, 0).map_err(|error| new.refused(&error))?;
    }
    Ok(())
}
