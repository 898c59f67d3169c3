//! A new generation of the program, up to the moment in which it is attached.
//!
//! Owns: which maps it takes over from the generation before, which are made anew, and that nothing is left of it when a
//! step fails. Refuses: attaching.
use std::path::{Path, PathBuf};

use aya::Ebpf;
use aya::maps::{Array, MapData};
use aya::programs::{Program, SchedClassifier, Xdp};
use firewall_common::addr::Addr;
use firewall_common::limiter::HashKey;
use firewall_common::maps::{self, program};
use firewall_common::policy::HoldKey;
use firewall_common::sip::account;

use super::clock;
use super::error::{AtPath as _, Context as _, Error, Result};
use super::holds::Holds;
use super::instance::{Learned, Synced};
use super::load::{Capacities, Generation, load, verify, verify_egress};
use super::maps::{capacity, carry_over, open};
use super::numbers::NumberMaps;
use super::place::Place;
use super::registrants::{self, Registrants};
use super::running::RunningPolicy;
use super::tables::{self, Content, Tables};
use super::{holds, numbers, origin, pinholes, stats};
use crate::clock::Clock;
use crate::config::{Loaded, compile};
use crate::entries::InForce;
use crate::numbers::Wanted;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// A generation whose maps and policy can be used by the next.
pub(super) struct Previous {
    pub(super) number: u32,
    /// What it was made from; nothing when its file is gone.
    pub(super) policy: Option<RunningPolicy>,
}

impl Previous {
    pub(super) fn read(place: &Place, number: u32) -> Self {
        Self { number, policy: RunningPolicy::read(&place.policy_file(number)).ok() }
    }
}

/// A generation that is not attached yet; removed again unless it is [`Draft::finish`]ed.
pub(super) struct Draft {
    ebpf: Ebpf,
    pub(super) policy: RunningPolicy,
    /// Maps of the generation before that have another size now, and were made anew.
    pub(super) resized: Vec<&'static str>,
    /// Whether the entries' maps were made anew, and so are empty.
    pub(super) empty_tables: bool,
    /// Whether the map of numbers was made anew.
    pub(super) empty_numbers: bool,
    /// Whether there is no generation to take registrants from.
    pub(super) empty_registrants: bool,
    /// Whether bans are kept by the same sources as before.
    pub(super) same_sources: bool,
    /// Nanoseconds for which whom our side called may answer.
    pub(super) called_for: u64,
    guard: Guard,
}

/// Removes what a failed step leaves.
struct Guard {
    place: Place,
    number: u32,
    done: bool,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.done {
            let _ = self.place.remove_generation(self.number);
        }
    }
}

impl Draft {
    /// Loads a config as the next generation.
    pub(super) fn load(place: &Place, loaded: &Loaded, ephemeral: bool, previous: Option<&Previous>) -> Result<Self> {
        let number = place.generations()?.last().map_or(1, |last| last + 1);
        let guard = Guard { place: place.clone(), number, done: false };
        let dir = place.generation(number);
        std::fs::create_dir(&dir).at(&dir)?;
        let capacities = Capacities::from(&loaded.config);
        let mut policy = RunningPolicy::new(loaded, number, ephemeral, clock::now().wall_ms);
        let plan = Plan::new(place, previous, &capacities, &policy)?;
        plan.kept.iter().try_for_each(|name| carry_over(&plan.from, &dir, name))?;
        let ebpf = load_with_key(loaded, &capacities, &dir, !plan.kept.contains(&maps::HASH_KEY))?;
        plan.copy_what_is_new(&dir)?;
        if let Some(earlier) = previous.and_then(|previous| previous.policy.as_ref()) {
            policy.add_counts(&stats::read(&plan.from, Some(earlier))?.peers);
        }
        policy.write(&place.policy_file(number))?;
        origin::write(&place.config_file(number), loaded)?;
        let empty_tables = !plan.kept.contains(&maps::SOURCES);
        let empty_numbers = !plan.kept.contains(&maps::NUMBERS);
        let (same_sources, empty_registrants) = (!plan.v6_changed, !plan.takes_over);
        let called_for = u64::from(loaded.config.slow_path().called_for.get()) * NANOS_PER_SECOND;
        let resized = plan.resized;
        let mut draft = Self {
            ebpf,
            policy,
            resized,
            empty_tables,
            empty_numbers,
            empty_registrants,
            same_sources,
            called_for,
            guard,
        };
        draft.program(program::INGRESS)?;
        draft.program(program::PROBE)?;
        // So that little time passes between the one link and the other. A kernel that refuses it is asked again then.
        let _ = draft.egress();
        Ok(draft)
    }

    pub(super) fn dir(&self) -> PathBuf {
        self.guard.place.generation(self.guard.number)
    }

    /// Fills empty maps with the entries that hold, and with the generation before's bans that the database does not have
    /// yet.
    pub(super) fn fill(&self, in_force: &InForce, previous: Option<&Previous>) -> Result<Synced> {
        let read = |previous: &Previous| Tables::open(&self.guard.place.generation(previous.number))?.read();
        let old = previous.map_or_else(|| Ok(Content::default()), read)?;
        let before = previous.and_then(|previous| previous.policy.as_ref()).unwrap_or(&self.policy);
        Tables::open(&self.dir())?.fill(in_force, &old, before, &self.policy)
    }

    /// Fills a new map of numbers.
    pub(super) fn fill_numbers(&self, wanted: &Wanted, now: Clock) -> Result<()> {
        NumberMaps::open(&self.dir())?.sync(wanted, now.mono_ns).map(drop)
    }

    /// Fills empty maps with whom the slow path trusted and held before; how many registrants found no room.
    pub(super) fn learn(&self, learned: &Learned) -> Result<usize> {
        let now = clock::now();
        let mut holds = Holds::open(&self.dir())?;
        for held in &learned.holds {
            let account = held.account.as_deref().map_or(HoldKey::WHOLE, account::hash);
            let key = HoldKey { source: Addr::from_bytes(held.source.addr), account };
            holds.hold(key, now.deadline(held.until), now.mono_ns)?;
        }
        Registrants::open(&self.dir())?.fill(&learned.registrants, now)
    }

    /// Fills empty maps with what the generation before had.
    pub(super) fn fill_from(&self, previous: &Previous) -> Result<Synced> {
        let old = Tables::open(&self.guard.place.generation(previous.number))?;
        Tables::open(&self.dir())?.write(&old.read()?.as_wanted())
    }

    /// A program of the generation, verified and pinned: so whatever is attached later can be told by its pin.
    pub(super) fn program(&mut self, name: &'static str) -> Result<&mut Xdp> {
        let path = self.dir().join(name);
        if path.exists() {
            return loaded_program(&mut self.ebpf, name);
        }
        let program = verify(&mut self.ebpf, name)?;
        program.pin(&path).doing(|| format!("pin program {name} at {}", path.display()))?;
        Ok(program)
    }

    /// The program that hears what our side sends, verified and pinned.
    pub(super) fn egress(&mut self) -> Result<&mut SchedClassifier> {
        const NAME: &str = program::EGRESS;
        let path = self.dir().join(NAME);
        if path.exists() {
            return loaded_program(&mut self.ebpf, NAME);
        }
        let program = verify_egress(&mut self.ebpf)?;
        program.pin(&path).doing(|| format!("pin program {NAME} at {}", path.display()))?;
        Ok(program)
    }

    /// Keeps it, since it is attached. A description that can't be written any more only lacks the last details.
    pub(super) fn finish(mut self, frags: bool, hears: bool) -> RunningPolicy {
        self.guard.done = true;
        (self.policy.frags, self.policy.hears) = (frags, hears);
        let _ = self.policy.write(&self.guard.place.policy_file(self.guard.number));
        self.policy
    }
}

fn loaded_program<'a, P>(ebpf: &'a mut Ebpf, name: &'static str) -> Result<&'a mut P>
where
    &'a mut P: TryFrom<&'a mut Program>,
{
    let missing =
        || Error::Kernel { doing: format!("use program {name}"), detail: "it is gone".to_owned(), errno: None };
    ebpf.program_mut(name).and_then(|program| program.try_into().ok()).ok_or_else(missing)
}

/// Maps that are kept by source, and mean something else where a source has another width.
const BY_SOURCE: [&str; 2] = [maps::REGISTRANTS, maps::HOLDS];

/// What is taken over.
struct Plan {
    from: PathBuf,
    kept: Vec<&'static str>,
    resized: Vec<&'static str>,
    v6_changed: bool,
    /// Whether there is a generation to take from.
    takes_over: bool,
}

impl Plan {
    fn new(
        place: &Place,
        previous: Option<&Previous>,
        capacities: &Capacities,
        policy: &RunningPolicy,
    ) -> Result<Self> {
        let from = place.generation(previous.map_or(0, |previous| previous.number));
        let mut plan = Self { from, kept: vec![], resized: vec![], v6_changed: false, takes_over: previous.is_some() };
        let Some(previous) = previous else { return Ok(plan) };
        // Bans and registrants are kept by source; where a source has another width, they mean something else.
        plan.v6_changed = previous.policy.as_ref().is_none_or(|old| old.v6_prefix != policy.v6_prefix);
        plan.resized = resized(&plan.from, capacities)?;
        plan.kept = maps::STATE.iter().copied().filter(|name| plan.keeps(name)).collect();
        Ok(plan)
    }

    fn keeps(&self, name: &str) -> bool {
        let resized = |name: &str| self.resized.contains(&name);
        if tables::GROUP.contains(&name) {
            return !self.v6_changed && !tables::GROUP.iter().any(|name| resized(name));
        }
        if pinholes::GROUP.contains(&name) {
            return !pinholes::GROUP.iter().any(|name| resized(name));
        }
        !(resized(name) || self.v6_changed && BY_SOURCE.contains(&name))
    }

    /// Fills maps that were made anew with what those of the generation before hold.
    fn copy_what_is_new(&self, dir: &Path) -> Result<()> {
        let (from, now) = (&self.from, clock::now().mono_ns);
        let is_new = |name: &&str| self.takes_over && !self.kept.contains(name);
        if is_new(&maps::REGISTRANTS) {
            registrants::copy(from, dir, self.v6_changed, now)?;
        }
        if is_new(&maps::SWITCHES) {
            tables::copy_switches(from, dir)?;
        }
        if is_new(&maps::HOLDS) {
            holds::copy(from, dir, self.v6_changed, now)?;
        }
        if is_new(&maps::NUMBERS) {
            numbers::copy(from, dir, now)?;
        }
        if is_new(&maps::FLOWS) {
            pinholes::copy(from, dir, now)?;
        }
        Ok(())
    }
}

/// The maps whose size differs from the config's.
fn resized(from: &Path, capacities: &Capacities) -> Result<Vec<&'static str>> {
    let sizes = [
        (maps::SOURCES, capacities.sources),
        (maps::ENTRIES, capacities.entries),
        (maps::REGISTRANTS, capacities.registrants),
        (maps::HOLDS, capacities.holds),
        (maps::NUMBERS, capacities.numbers),
        (maps::FLOWS, capacities.flows),
        (maps::COPIES_STRANGERS, capacities.strangers_ring),
        (maps::COPIES_TRUSTED, capacities.trusted_ring),
        (maps::CELLS, 2 * capacities.cells),
        (maps::FRAGMENTS, capacities.fragments),
    ];
    let mut changed = Vec::new();
    for (name, size) in sizes {
        if capacity(from, name)? != size {
            changed.push(name);
        }
    }
    Ok(changed)
}

/// The key is drawn when the first generation is loaded; it stays in its map, so that strangers keep their cells.
fn load_with_key(loaded: &Loaded, capacities: &Capacities, dir: &Path, draw: bool) -> Result<Ebpf> {
    let key = if draw { numbers::hash_key(&loaded.config, HashKey([random()?, random()?])) } else { kept_key(dir)? };
    let generation = Generation::from(compile(&loaded.config, &loaded.resolved, key, random()?));
    let ebpf = load(&generation, capacities, Some(dir))?;
    if draw {
        let mut map: Array<MapData, [u64; 2]> = open(dir, maps::HASH_KEY)?;
        map.set(0, key.0, 0).doing(|| "keep the strangers' key".to_owned())?;
    }
    Ok(ebpf)
}

/// The key that generations have in common.
pub(super) fn kept_key(dir: &Path) -> Result<HashKey> {
    let map: Array<MapData, [u64; 2]> = open(dir, maps::HASH_KEY)?;
    map.get(&0, 0).map(HashKey).doing(|| "read the strangers' key".to_owned())
}

fn random() -> Result<u64> {
    getrandom::u64().map_err(|error| Error::Kernel {
        doing: "draw a random key".to_owned(),
        detail: error.to_string(),
        errno: None,
    })
}
