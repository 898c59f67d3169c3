//! Who is party to which call, in the kernel's map.
//!
//! Owns: writing, ending and sweeping these entries. Refuses: deciding who is party to what (the engine does), and more than
//! one writer at a time. Without an entry nobody is held to anything, so a full map costs protection and no call.
use std::path::Path;

use aya::maps::{HashMap, MapData};
use firewall_common::addr::Addr;
use firewall_common::dialog::{PARTIES, Parties};
use firewall_common::maps;

use super::error::{Context as _, Error, Result, errno};
use super::holds::NOT_AGAIN;
use super::maps::open;
use super::registrants::is_missing;
use crate::engine::command;

/// The map of a generation.
pub struct Dialogs {
    map: HashMap<MapData, u64, Parties>,
    /// When a full map was last swept for a newcomer.
    swept: Option<u64>,
}

impl Dialogs {
    pub(super) fn open(dir: &Path) -> Result<Self> {
        Ok(Self { map: open(dir, maps::DIALOGS)?, swept: None })
    }

    /// Makes the parties of a call these, until `until` (the kernel's nanoseconds); none, or more than an entry holds, take the
    /// entry out.
    ///
    /// # Errors
    ///
    /// A full map, or the kernel's refusal.
    pub fn set(&mut self, dialog: &command::Dialog, until: u64, now: u64) -> Result<()> {
        let count = dialog.parties.len();
        if count == 0 || count > PARTIES {
            return self.remove(dialog.call);
        }
        let mut entry = Parties { until, count: count as u64, parties: [Addr::NONE; PARTIES] };
        entry.parties.iter_mut().zip(&dialog.parties).for_each(|(slot, party)| *slot = *party);
        match self.map.insert(dialog.call, entry, 0) {
            Err(error) if errno(&error) == Some(libc::E2BIG) && self.swept.is_none_or(|at| now >= at + NOT_AGAIN) => {
                self.swept = Some(now);
                self.sweep(now)?;
                self.map.insert(dialog.call, entry, 0)
            }
            result => result,
        }
        .map_err(|error| Error::kernel("note a call's parties", &error))
    }

    /// Who is party to a call.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn get(&self, call: u64) -> Result<Option<Parties>> {
        match self.map.get(&call, 0) {
            Ok(parties) => Ok(Some(parties)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(Error::kernel("read a call's parties", &error)),
        }
    }

    fn remove(&mut self, call: u64) -> Result<()> {
        match self.map.remove(&call) {
            Err(error) if !is_missing(&error) => Err(Error::kernel("end a call's entry", &error)),
            _ => Ok(()),
        }
    }

    /// Removes what has ended.
    fn sweep(&mut self, now: u64) -> Result<()> {
        let all: Vec<(u64, Parties)> =
            self.map.iter().collect::<std::result::Result<_, _>>().doing(|| "read the calls' parties".to_owned())?;
        all.into_iter().filter(|(_, entry)| entry.until <= now).try_for_each(|(call, _)| self.remove(call))
    }
}
