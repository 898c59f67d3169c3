//! Holds in the kernel's map, and the switch that spares a look where there are none.
//!
//! Owns: adding, lifting and sweeping them. Refuses: deciding who is held.
use std::path::Path;

use aya::maps::{Array, HashMap, MapData};
use firewall_common::addr::Addr;
use firewall_common::maps;
use firewall_common::policy::{HOLDS_ACCOUNTS, HOLDS_SOURCES, Hold, HoldKey, SWITCH_HOLDS};

use super::error::{Context as _, Error, Result, errno};
use super::maps::{capacity, open};
use super::registrants::is_missing;

/// The map of a generation.
pub(super) struct Holds {
    map: HashMap<MapData, HoldKey, Hold>,
    switches: Array<MapData, u64>,
    capacity: u32,
}

impl Holds {
    pub(super) fn open(dir: &Path) -> Result<Self> {
        let (map, switches) = (open(dir, maps::HOLDS)?, open(dir, maps::SWITCHES)?);
        Ok(Self { map, switches, capacity: capacity(dir, maps::HOLDS)? })
    }

    /// Holds a source, or one account there, until `until` (the kernel's nanoseconds). One that is held already keeps its
    /// cell. A full map lets go of what has ended.
    pub(super) fn add(&mut self, source: Addr, account: Option<u64>, until: u64, now: u64) -> Result<()> {
        let key = HoldKey { source, account: account.unwrap_or(HoldKey::WHOLE) };
        let cell = self.map.get(&key, 0).map_or(0, |known| known.cell);
        let value = Hold { until, cell };
        match self.map.insert(key, value, 0) {
            Err(error) if errno(&error) == Some(libc::E2BIG) => {
                self.sweep(now)?;
                self.map.insert(key, value, 0).map_err(|_| self.full())?;
            }
            added => added.doing(|| "add a hold".to_owned())?,
        }
        self.turn_on(if account.is_some() { HOLDS_ACCOUNTS } else { HOLDS_SOURCES })
    }

    /// Lets go of a source, or of one account there.
    pub(super) fn remove(&mut self, source: Addr, account: Option<u64>) -> Result<()> {
        self.remove_key(&HoldKey { source, account: account.unwrap_or(HoldKey::WHOLE) })
    }

    /// Removes what has ended, and turns off the look-ups that nothing is left for; how many went.
    pub(super) fn sweep(&mut self, now: u64) -> Result<usize> {
        let all = self.map.iter().collect::<std::result::Result<Vec<_>, _>>().doing(reading)?;
        let (ended, left): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, hold)| hold.until <= now);
        ended.iter().try_for_each(|(key, _)| self.remove_key(key))?;
        let kind = |key: &HoldKey| if key.account == HoldKey::WHOLE { HOLDS_SOURCES } else { HOLDS_ACCOUNTS };
        let kinds = left.iter().fold(0, |kinds, (key, _)| kinds | kind(key));
        self.switches.set(SWITCH_HOLDS, kinds, 0).doing(switching)?;
        Ok(ended.len())
    }

    /// Has the kernel look for these kinds of holds.
    pub(super) fn turn_on(&mut self, kinds: u64) -> Result<()> {
        let old = self.switches.get(&SWITCH_HOLDS, 0).doing(switching)?;
        if old & kinds == kinds {
            return Ok(());
        }
        self.switches.set(SWITCH_HOLDS, old | kinds, 0).doing(switching)
    }

    fn remove_key(&mut self, key: &HoldKey) -> Result<()> {
        match self.map.remove(key) {
            Err(error) if !is_missing(&error) => Err(Error::kernel("remove a hold", &error)),
            _ => Ok(()),
        }
    }

    fn full(&self) -> Error {
        Error::Full { key: "capacity.holds", wanted: self.capacity as usize + 1, capacity: self.capacity }
    }
}

fn reading() -> String {
    "read the holds".to_owned()
}

fn switching() -> String {
    "turn on the look-up of holds".to_owned()
}
