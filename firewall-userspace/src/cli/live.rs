//! What is loaded, as the verbs that change entries see it.
//!
//! Owns: which instances a verb is about, and making their maps equal the database. Refuses: loading anything.
use std::collections::HashMap;
use std::fmt;

use anyhow::{Context as _, Result, bail};
use firewall_common::addr::{Addr, Prefix};
use firewall_common::limiter::HashKey;
use firewall_common::sip::account;

use super::failure::is_denied;
use crate::config::Config;
use crate::dataplane::{self, Error, Instance};
use crate::entries::StoredEntry;
use crate::numbers::NumberRules;
use crate::report::text::listed;
use crate::store::{Store, StoredHold, StoredRegistrant};

/// The interfaces on which a change took effect.
pub(super) struct Applied {
    pub(super) ifaces: Vec<String>,
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ifaces.is_empty() {
            return f.write_str("saved; no sipfw is loaded, so it takes effect with the next `sipfw run`");
        }
        write!(f, "in effect on {}", listed(&self.ifaces))
    }
}

/// The instances that a change is for. They are opened before the database is written, so that what keeps one from being
/// opened changes nothing.
pub(super) struct Live(Vec<Instance>);

impl Live {
    /// The instance of `iface`, or all that use this config's database.
    pub(super) fn open(config: &Config, iface: Option<&str>) -> Result<Self> {
        instances(config, iface).map(Self)
    }

    /// An error if these entries are too many for one of them.
    pub(super) fn check_room(&self, active: &[StoredEntry]) -> Result<()> {
        let check = |instance: &Instance| instance.check_room(active).context("nothing was added");
        self.0.iter().try_for_each(check)
    }

    /// An error if these lists of numbers are too many for one of them.
    pub(super) fn check_number_room(&self, rules: &NumberRules) -> Result<()> {
        self.0.iter().try_for_each(|instance| instance.check_number_room(rules).context("nothing was added"))
    }

    /// The key of hashes that one of them was loaded with; nothing where none is loaded.
    pub(super) fn hash_key(&self) -> Result<Option<HashKey>> {
        Ok(self.0.first().map(Instance::hash_key).transpose()?)
    }

    /// Makes the kernel's entries equal the database.
    pub(super) fn apply(mut self, store: &Store) -> Result<Applied> {
        self.each(|instance| instance.sync_entries(store).map(drop))
    }

    /// Takes bans that cover `source` and are in no database yet out of the kernel; whose they were.
    pub(super) fn drop_pending(&mut self, source: Prefix) -> Result<Vec<Prefix>> {
        let mut dropped = Vec::new();
        self.each(|instance| {
            dropped.extend(instance.drop_pending(source)?);
            Ok(())
        })?;
        dropped.sort_by_key(|prefix| prefix.addr);
        dropped.dedup();
        Ok(dropped)
    }

    /// Takes these holds out of the kernel.
    pub(super) fn lift_holds(&mut self, rows: &[StoredHold]) -> Result<Applied> {
        let lift = |instance: &mut Instance, row: &StoredHold| {
            instance.lift_hold(Addr::from_bytes(row.source.addr), row.account.as_deref().map(account::hash)).map(drop)
        };
        self.each(|instance| rows.iter().try_for_each(|row| lift(instance, row)))
    }

    /// Takes the registrants of these rows, and the one at `source` itself, out of the kernel; whether any was there.
    pub(super) fn remove_registrant(&mut self, source: Prefix, rows: &[StoredRegistrant]) -> Result<(bool, Applied)> {
        let mut sources: Vec<Prefix> = rows.iter().map(|row| row.source).chain([source]).collect();
        sources.dedup();
        let mut found = false;
        let applied = self.each(|instance| {
            for source in &sources {
                found |= instance.remove_registrant(Addr::from_bytes(source.addr).into())?;
            }
            Ok(())
        })?;
        Ok((found, applied))
    }

    /// Does the same to each instance.
    fn each(&mut self, mut change: impl FnMut(&mut Instance) -> dataplane::Result<()>) -> Result<Applied> {
        let mut ifaces = Vec::new();
        for instance in &mut self.0 {
            let name = instance.iface().to_owned();
            change(instance).with_context(|| format!("{NOT_APPLIED} on {name}"))?;
            ifaces.push(name);
        }
        Ok(Applied { ifaces })
    }
}

const NOT_APPLIED: &str = "the change is saved, but could not be put into effect (`sipfw reload` tries again)";

/// The instances that use this config's database: the one of `iface`, or all.
pub(super) fn instances(config: &Config, iface: Option<&str>) -> Result<Vec<Instance>> {
    let paths = config.paths();
    if let Some(iface) = iface {
        return Ok(vec![Instance::open(paths, iface)?]);
    }
    let mut open = Vec::new();
    for info in Instance::list(paths)? {
        let instance = Instance::open(paths, &info.iface)?;
        if shares_database(&instance, config) {
            open.push(instance);
        }
    }
    Ok(open)
}

/// The one instance that a question is about; nothing where none is loaded.
pub(super) fn one(config: &Config, iface: Option<&str>) -> Result<Option<Instance>> {
    if let Some(iface) = iface {
        return match Instance::open(config.paths(), iface) {
            Ok(instance) => Ok(Some(instance)),
            Err(Error::NotLoaded { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        };
    }
    let mut all = instances(config, None)?;
    if all.len() > 1 {
        let names: Vec<&str> = all.iter().map(Instance::iface).collect();
        bail!("sipfw is loaded on {}: say which one is meant with --iface", listed(&names));
    }
    Ok(all.pop())
}

/// Instances of one machine may have databases of their own.
fn shares_database(instance: &Instance, config: &Config) -> bool {
    let own = config.paths().state.as_path();
    instance.policy().map_or(true, |policy| policy.state_dir == own)
}

/// How many packets each entry decided, over all instances; nothing where none is loaded, or none may be asked.
pub(super) fn hits(config: &Config, iface: Option<&str>) -> Result<Option<HashMap<u32, u64>>> {
    summed(config, iface, Instance::hits)
}

/// The same of entries of number lists: how many requests each stopped.
pub(super) fn number_hits(config: &Config, iface: Option<&str>) -> Result<Option<HashMap<u32, u64>>> {
    summed(config, iface, Instance::number_hits)
}

fn summed(
    config: &Config,
    iface: Option<&str>,
    ask: fn(&Instance) -> dataplane::Result<HashMap<u32, u64>>,
) -> Result<Option<HashMap<u32, u64>>> {
    let found = match instances(config, iface) {
        Ok(found) => found,
        // The list is in the database; without the rights to the maps it lacks only this column.
        Err(error) if is_denied(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut sum: Option<HashMap<u32, u64>> = None;
    for instance in found {
        let total = sum.get_or_insert_default();
        for (id, hits) in ask(&instance)? {
            *total.entry(id).or_default() += hits;
        }
    }
    Ok(sum)
}
