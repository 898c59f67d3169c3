//! The firewall on one interface: what is pinned, and what is done with it as a whole.
//!
//! Owns: the order of steps in starting, taking over, reloading and unloading. Refuses: policy (the config has it), and
//! keeping entries (the database does).
mod active;
mod list;
mod reload;
mod start;
mod switch;
mod sync;
mod unload;

pub(super) use switch::Learned;

use std::net::IpAddr;
use std::path::PathBuf;

use aya::programs::Xdp;
use aya_obj::programs::XdpAttachType;
use firewall_common::addr::Addr;
use firewall_common::limiter::HashKey;
use firewall_common::maps::program;

use super::attach::Held;
use super::copies::Copies;
use super::enforcer::Enforcer;
use super::error::{Context as _, Error, Result};
use super::events::{EventCredits, EventRing};
use super::lock::InstanceLock;
use super::numbers::Changed;
use super::pinholes::Pinholes;
use super::place::Place;
use super::registrants::Registrants;
use super::running::RunningPolicy;
use super::stats::{Stats, Usage};
use super::{clock, generation, origin, stats};
use crate::config::{Loaded, Paths};

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
    /// Prefixes of block lists that are left out, because the maps have no room for all of them.
    pub unlisted: usize,
    /// Call codes that cannot be dialled, because the kernel's key is another than the database's.
    pub idle_codes: usize,
}

impl Synced {
    /// What an operator has to know about it.
    pub fn complaint(&self) -> Option<String> {
        let unlisted = self.unlisted;
        let lists = (unlisted > 0).then(|| {
            format!(
                "block lists are left out: the kernel's maps have no room for their {unlisted} prefixes beside the entries \
                 and bans; raise capacity.bans or capacity.entries in the config and reload"
            )
        });
        let codes = (self.idle_codes > 0).then(|| {
            "call codes rest: they were made for another database than the one that the firewall was loaded with; \
             `sipfw unload` and start it again"
                .to_owned()
        });
        let said: Vec<String> = lists.into_iter().chain(codes).collect();
        (!said.is_empty()).then(|| said.join("; "))
    }

    /// With what was changed of numbers.
    pub(super) fn and(self, numbers: Changed) -> Self {
        Self {
            written: self.written + numbers.written,
            removed: self.removed + numbers.removed,
            next_expiry: [self.next_expiry, numbers.next_expiry].into_iter().flatten().min(),
            idle_codes: numbers.idle_codes,
            ..self
        }
    }
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
pub struct Instance {
    place: Place,
    /// The generation whose maps are open.
    generation: u32,
    program_id: u32,
    policy: Option<RunningPolicy>,
    /// The lists of numbers in the kernel, as this process put them there.
    numbers: Option<sync::Seen>,
    /// What the daemon holds for as long as it lives.
    hold: Option<Hold>,
}

/// What ends with the process.
struct Hold {
    _lock: InstanceLock,
    /// The link of an ephemeral instance.
    link: Option<Held>,
    /// The link of the program that hears what our side sends, of an ephemeral instance.
    egress: Option<Held>,
}

impl Instance {
    /// The command's view of what is loaded, with or without a daemon.
    pub fn open(paths: &Paths, iface: &str) -> Result<Self> {
        let place = Place::new(paths, iface)?;
        let Some(active) = active::find(&place)? else { return Err(active::nothing(&place)) };
        let policy = RunningPolicy::read(&place.policy_file(active.generation)).ok();
        Ok(Self {
            place,
            generation: active.generation,
            program_id: active.program_id,
            policy,
            numbers: None,
            hold: None,
        })
    }

    /// Looks whether another process has reloaded since; if so, uses what is active now, and says `true`.
    pub fn refresh(&mut self) -> Result<bool> {
        let Some(active) = active::find(&self.place)? else { return Err(active::nothing(&self.place)) };
        let changed = active.program_id != self.program_id;
        if changed {
            (self.generation, self.program_id) = (active.generation, active.program_id);
            self.policy = RunningPolicy::read(&self.place.policy_file(self.generation)).ok();
        }
        Ok(changed)
    }

    /// The interface.
    pub fn iface(&self) -> &str {
        self.place.iface()
    }

    /// The directory of what is written down about this interface while it runs.
    pub fn run_dir(&self) -> PathBuf {
        self.place.run_dir()
    }

    /// The number of the generation that judges.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The id of the program that judges.
    pub fn program_id(&self) -> u32 {
        self.program_id
    }

    /// What the running policy says of itself; an error if its file is gone.
    pub fn policy(&self) -> Result<&RunningPolicy> {
        self.policy.as_ref().ok_or_else(|| Error::NoPolicy { path: self.place.policy_file(self.generation) })
    }

    /// The config that the running policy was made from; with the addresses of peers' names
    /// that it was made with; an error if it is gone.
    pub fn config(&self) -> Result<Loaded> {
        origin::read(&self.place.config_file(self.generation))
    }

    /// All counters.
    pub fn stats(&self) -> Result<Stats> {
        stats::read(&self.dir(), self.policy.as_ref())
    }

    /// How full the maps are. Counts elements, so it takes a moment with a million of them.
    pub fn usage(&self) -> Result<Vec<Usage>> {
        stats::usage(&self.dir())
    }

    /// The program that judges frames of BPF_PROG_TEST_RUN by the running policy; for [`super::probe::judge`].
    pub fn probe(&self) -> Result<Xdp> {
        let path = self.dir().join(program::PROBE);
        Xdp::from_pin(&path, XdpAttachType::Interface).doing(|| format!("open the pinned program {}", path.display()))
    }

    /// The reading end of the event ring. Only the daemon reads it: an event is read once.
    pub fn events(&self) -> Result<EventRing> {
        EventRing::open(&self.dir())
    }

    /// The reading ends of the rings of copies. Only the daemon reads them.
    pub fn copies(&self) -> Result<Copies> {
        Copies::open(&self.dir())
    }

    /// What changes the kernel's maps at once, from whichever thread has it.
    pub fn enforcer(&self) -> Result<Enforcer> {
        Enforcer::open(&self.dir(), self.policy()?)
    }

    /// The pinholes of calls, and their notes.
    pub fn pinholes(&self) -> Result<Pinholes> {
        Pinholes::open(&self.dir())
    }

    /// The key of the kernel's hashes of sources.
    pub fn hash_key(&self) -> Result<HashKey> {
        generation::kept_key(&self.dir())
    }

    /// The budget for events.
    pub fn event_credits(&self) -> Result<EventCredits> {
        EventCredits::open(&self.dir())
    }

    /// Lets go of a held source, or of one account there (by its hash).
    pub fn lift_hold(&mut self, source: Addr, account: Option<u64>) -> Result<bool> {
        self.enforcer()?.unhold(source, account)
    }

    /// Removes holds, and blocks of numbers, that have ended; how many.
    pub fn sweep_holds(&mut self) -> Result<usize> {
        let mut enforcer = self.enforcer()?;
        Ok(enforcer.sweep_holds()? + enforcer.sweep_blocks()?)
    }

    /// Trusts a source until `until` (Unix milliseconds), with fresh rates; one that is trusted already keeps its own.
    pub fn add_registrant(&mut self, source: IpAddr, until: i64) -> Result<()> {
        let clock = clock::now();
        let until = clock.deadline(until);
        Registrants::open(&self.dir())?.promote(self.source(source)?, until, until, clock.mono_ns)
    }

    /// Trusts a source no longer; whether it was.
    pub fn remove_registrant(&mut self, source: IpAddr) -> Result<bool> {
        Registrants::open(&self.dir())?.remove(self.source(source)?)
    }

    /// Everyone who is trusted, with the end in Unix milliseconds; those whose trust has ended are left out.
    pub fn registrants(&self) -> Result<Vec<(IpAddr, i64)>> {
        Registrants::open(&self.dir())?.list(clock::now())
    }

    /// Removes registrants whose trust has ended and who are not known either; how many.
    pub fn sweep_registrants(&mut self) -> Result<usize> {
        Registrants::open(&self.dir())?.sweep(clock::now().mono_ns)
    }

    fn dir(&self) -> PathBuf {
        self.place.generation(self.generation)
    }

    fn source(&self, source: IpAddr) -> Result<Addr> {
        Ok(Addr::from(source).source(Addr::mask(self.policy()?.v6_prefix)))
    }
}
