//! The firewall on one interface: what is pinned, and what is done with it as a whole.
//!
//! Owns: the order of steps in starting, taking over, reloading and unloading. Refuses: policy (the config has it), and
//! the database (callers pass entries; only a start reads it, so that nothing is attached before they hold).
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::{Loaded, Paths};
use crate::entries::StoredEntry;

use super::error::{Error, Result};
use super::running::RunningPolicy;
use super::stats::{Stats, Usage};

/// How to start.
#[derive(Clone, Debug, Default)]
pub struct StartOptions {
    /// The interface, instead of the config's.
    pub iface: Option<String>,
    /// Detach when the process ends, however it ends.
    pub ephemeral: bool,
}

/// In which mode the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachMode {
    /// In the driver, before the kernel spends anything on the packet.
    Native,
    /// In the network stack, because the driver has no place for it.
    Generic,
}

impl AttachMode {
    /// The word of tables and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Generic => "generic",
        }
    }
}

/// What a start came to.
#[derive(Debug)]
pub struct Started {
    /// The interface.
    pub iface: String,
    /// How the program runs.
    pub mode: AttachMode,
    /// Why it does not run natively, where it does not.
    pub not_native: Option<String>,
    /// Whether it replaced the program of an earlier run, without a gap.
    pub took_over: bool,
    /// Whether it takes packets in several buffers.
    pub frags: bool,
    /// The number of this generation of the program.
    pub generation: u32,
    /// The id of the program.
    pub program_id: u32,
    /// What became of the database's entries.
    pub synced: Synced,
    /// What did not go as it should and stops nothing, as sentences.
    pub warnings: Vec<String>,
}

/// What a reload came to.
#[derive(Debug)]
pub struct Reloaded {
    /// The number of the new generation.
    pub generation: u32,
    /// The id of its program.
    pub program_id: u32,
    /// Whether it takes packets in several buffers.
    pub frags: bool,
    /// Maps that were made anew because their capacity changed.
    pub resized: Vec<&'static str>,
    /// What became of the database's entries.
    pub synced: Synced,
    /// What did not go as it should and stops nothing, as sentences.
    pub warnings: Vec<String>,
}

/// What was changed to make the maps equal the entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// Values written.
    pub written: usize,
    /// Values removed.
    pub removed: usize,
    /// Unix milliseconds of the next end of an entry.
    pub next_expiry: Option<i64>,
}

/// One instance, as it is listed.
#[derive(Clone, Debug)]
pub struct InstanceInfo {
    /// The interface.
    pub iface: String,
    /// The layout of its maps.
    pub layout: u32,
    /// The id of the program that judges.
    pub program_id: Option<u32>,
    /// How it runs; nothing when it is not attached (the interface is gone).
    pub mode: Option<AttachMode>,
    /// The daemon, if one is running.
    pub daemon_pid: Option<u32>,
    /// Whether it ends with its daemon.
    pub ephemeral: bool,
    /// Unix milliseconds of the loading of the program.
    pub since: Option<i64>,
}

/// The firewall on one interface.
#[derive(Debug)]
pub struct Instance {
    iface: String,
}

impl Instance {
    /// Loads the firewall and attaches it, or takes over what an earlier run left attached, without a gap.
    pub fn start(loaded: &Loaded, options: &StartOptions) -> Result<(Self, Started)> {
        let _ = loaded;
        Err(Error::NotLoaded { iface: options.iface.clone().unwrap_or_default() })
    }

    /// The command's view of what is loaded, with or without a daemon.
    pub fn open(_paths: &Paths, iface: &str) -> Result<Self> {
        Err(Error::NotLoaded { iface: iface.to_owned() })
    }

    /// Everything that is loaded under these paths.
    pub fn list(_paths: &Paths) -> Result<Vec<InstanceInfo>> {
        Ok(Vec::new())
    }

    /// Removes everything from an interface: link, programs, maps, files. Refused while a daemon runs there.
    pub fn unload(_paths: &Paths, iface: &str) -> Result<()> {
        Err(Error::NotLoaded { iface: iface.to_owned() })
    }

    /// Replaces the program by one of another config, in one step. What fails leaves everything as it was.
    pub fn reload(&mut self, _loaded: &Loaded) -> Result<Reloaded> {
        Err(Error::NotLoaded { iface: self.iface.clone() })
    }

    /// The interface.
    pub fn iface(&self) -> &str {
        &self.iface
    }

    /// What the running policy says of itself; an error if its file is gone.
    pub fn policy(&self) -> Result<&RunningPolicy> {
        Err(Error::NoPolicy { path: PathBuf::new() })
    }

    /// Makes the kernel's entries equal these, without a gap. All or nothing when they do not fit.
    pub fn sync_entries(&mut self, _active: &[StoredEntry]) -> Result<Synced> {
        Err(Error::NotLoaded { iface: self.iface.clone() })
    }

    /// How many packets each entry decided, by its id.
    pub fn hits(&self) -> Result<HashMap<u32, u64>> {
        Err(Error::NotLoaded { iface: self.iface.clone() })
    }

    /// All counters.
    pub fn stats(&self) -> Result<Stats> {
        Err(Error::NotLoaded { iface: self.iface.clone() })
    }

    /// How full the maps are. Counts elements, so it takes a moment with a million of them.
    pub fn usage(&self) -> Result<Vec<Usage>> {
        Err(Error::NotLoaded { iface: self.iface.clone() })
    }

    /// The program that judges frames of BPF_PROG_TEST_RUN by the running policy; for [`super::probe::judge`].
    pub fn probe(&self) -> Result<aya::programs::Xdp> {
        Err(Error::NotLoaded { iface: self.iface.clone() })
    }

    /// Lets the kernel sample events for `period`.
    pub fn grant_event_credits(&self, _per_second: u32, _period: Duration) -> Result<()> {
        Err(Error::NotLoaded { iface: self.iface.clone() })
    }

    /// Trusts a source until `until` (Unix milliseconds), with fresh rates; one that is trusted already keeps its own.
    pub fn add_registrant(&mut self, _source: IpAddr, _until: i64) -> Result<()> {
        Err(Error::NotLoaded { iface: self.iface.clone() })
    }

    /// Trusts a source no longer; whether it was.
    pub fn remove_registrant(&mut self, _source: IpAddr) -> Result<bool> {
        Err(Error::NotLoaded { iface: self.iface.clone() })
    }

    /// Everyone who is trusted, with the end in Unix milliseconds; those whose trust has ended are left out.
    pub fn registrants(&self) -> Result<Vec<(IpAddr, i64)>> {
        Err(Error::NotLoaded { iface: self.iface.clone() })
    }
}
