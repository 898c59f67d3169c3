//! What a start and a reload have in common: the database's entries before the switch, and tidying after it.
//!
//! Owns: the rule that a database which can't be used stops nothing that is enforced. Refuses: attaching.
use firewall_common::addr::Addr;

use super::Synced;
use crate::config::Loaded;
use crate::dataplane::attach::Manner;
use crate::dataplane::clock;
use crate::dataplane::error::{Error, Result};
use crate::dataplane::generation::{Draft, Previous};
use crate::dataplane::numbers::{Changed, NumberMaps};
use crate::dataplane::place::Place;
use crate::dataplane::running::RunningPolicy;
use crate::dataplane::tables::Tables;
use crate::entries::InForce;
use crate::numbers::Wanted;
use crate::store::{Options, Store, StoreError, StoredHold};

/// How long a lock on the database is waited for.
const WAIT: std::time::Duration = std::time::Duration::from_secs(2);

/// What the database said.
pub(super) struct Entries {
    in_force: std::result::Result<InForce, StoreError>,
    /// Lists of numbers and codes; nothing where the database can't be read.
    numbers: Option<Wanted>,
}

/// Whom the database knows to be trusted or held.
pub(in crate::dataplane) struct Learned {
    /// Sources, and the ends (Unix milliseconds) of their trust and of their being known.
    pub(in crate::dataplane) registrants: Vec<(Addr, i64, i64)>,
    pub(in crate::dataplane) holds: Vec<StoredHold>,
}

impl Learned {
    /// Asks it; nobody where it can't be read, which [`Entries`] tells.
    pub(super) fn read(loaded: &Loaded) -> Self {
        let now = clock::now().wall_ms;
        let read = open(loaded)
            .and_then(|store| Ok(Self { registrants: store.registrants_for_kernel(now)?, holds: store.holds(now)? }));
        read.unwrap_or(Self { registrants: Vec::new(), holds: Vec::new() })
    }
}

fn open(loaded: &Loaded) -> std::result::Result<Store, StoreError> {
    Store::open_with(loaded.config.paths().state.as_path(), Options { wait: WAIT })
}

impl Entries {
    /// Asks it.
    pub(super) fn read(loaded: &Loaded) -> Self {
        let now = clock::now();
        match open(loaded) {
            Ok(store) => {
                Self { in_force: store.in_force(now.wall_ms), numbers: Wanted::read(&loaded.config, &store, now).ok() }
            }
            Err(error) => Self { in_force: Err(error), numbers: None },
        }
    }

    /// Fills the maps of a generation before it is attached, if they were made anew: from the database, or when that
    /// can't be used, from the generation before. Nothing, if they are the maps that are in use.
    pub(super) fn fill(&self, draft: &Draft, previous: Option<&Previous>) -> Result<Option<Synced>> {
        if !draft.empty_tables {
            return Ok(None);
        }
        match (&self.in_force, previous) {
            (Ok(in_force), previous) => draft.fill(in_force, previous).map(Some),
            (Err(_), Some(previous)) if draft.same_sources => draft.fill_from(previous).map(Some),
            (Err(error), Some(_)) => Err(Error::Kernel {
                doing: "apply another strangers.v6_prefix".to_owned(),
                detail: format!("the bans have to be read anew, and {error}"),
                errno: None,
            }),
            (Err(_), None) => Ok(Some(Synced::default())),
        }
    }
}

impl Entries {
    /// Fills the numbers of a generation before it is attached, if their map was made anew: with what the database says, else
    /// with what the config says, beside what was taken over from the generation before.
    pub(super) fn fill_numbers(&self, draft: &Draft, loaded: &Loaded, previous: Option<&Previous>) -> Result<()> {
        let now = clock::now();
        let of_config = || Wanted::of_config(&loaded.config, now);
        match &self.numbers {
            Some(wanted) if draft.empty_numbers => draft.fill_numbers(wanted, now),
            None if draft.empty_numbers && previous.is_none() => draft.fill_numbers(&of_config(), now),
            _ => Ok(()),
        }
    }
}

/// A generation that judges.
pub(super) struct Settled {
    pub(super) policy: RunningPolicy,
    pub(super) synced: Synced,
    pub(super) warnings: Vec<String>,
}

/// Tidies up after the switch. Nothing that goes wrong here stops the firewall.
pub(super) fn settle(
    place: &Place,
    draft: Draft,
    manner: &Manner,
    hears: bool,
    filled: Option<Synced>,
    entries: &Entries,
) -> Settled {
    let mut warnings = Vec::new();
    let policy = draft.finish(manner.frags(), hears);
    let synced = filled.map_or_else(|| sync(place, &policy, entries), Ok);
    let synced = synced.unwrap_or_else(|error| {
        warnings.push(format!("the entries in force stay as they are: {error}"));
        Synced::default()
    });
    let numbers = sync_numbers(place, &policy, entries).unwrap_or_else(|error| {
        warnings.push(format!("the lists of numbers in force stay as they are: {error}"));
        Changed::default()
    });
    let synced = synced.and(numbers);
    warnings.extend(synced.complaint());
    if let Err(error) = &entries.in_force {
        warnings.push(format!("{error}; what is enforced goes on as it is"));
    }
    if let Err(error) = remove_others(place, policy.generation) {
        warnings.push(format!("an earlier generation of the program was not removed: {error}"));
    }
    Settled { policy, synced, warnings }
}

fn sync(place: &Place, policy: &RunningPolicy, entries: &Entries) -> Result<Synced> {
    match &entries.in_force {
        Ok(in_force) => Tables::open(&place.generation(policy.generation))?.sync(in_force, policy),
        Err(_) => Ok(Synced::default()),
    }
}

fn sync_numbers(place: &Place, policy: &RunningPolicy, entries: &Entries) -> Result<Changed> {
    let Some(wanted) = &entries.numbers else { return Ok(Changed::default()) };
    NumberMaps::open(&place.generation(policy.generation))?.sync(wanted, clock::now().mono_ns)
}

fn remove_others(place: &Place, keep: u32) -> Result<()> {
    place.generations()?.into_iter().filter(|number| *number != keep).try_for_each(|old| place.remove_generation(old))
}
