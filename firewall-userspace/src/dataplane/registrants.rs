//! The registrants in the kernel's map.
//!
//! Owns: adding, removing, listing and copying them. Refuses: deciding who is one.
use std::net::IpAddr;
use std::path::Path;

use aya::maps::{HashMap, MapData, MapError};
use firewall_common::addr::Addr;
use firewall_common::maps;
use firewall_common::policy::Registrant;
use firewall_common::sip::method::CLASS_SLOTS;

use super::error::{Context as _, Error, Result, errno};
use super::maps::{capacity, open};
use crate::entries::Clock;

type Map = HashMap<MapData, Addr, Registrant>;

/// Trusts a source until `until` (Unix milliseconds). One that is trusted already keeps its rates.
pub(super) fn add(dir: &Path, source: Addr, until: i64, clock: Clock) -> Result<()> {
    let mut map: Map = open(dir, maps::REGISTRANTS)?;
    let fresh = Registrant { until: 0, cells: [0; CLASS_SLOTS] };
    let known = found(map.get(&source, 0))?.unwrap_or(fresh);
    let value = Registrant { until: clock.deadline(until), ..known };
    map.insert(source, value, 0).map_err(|error| match errno(&error) {
        Some(libc::E2BIG) => full(dir),
        _ => Error::kernel("add a registrant", &error),
    })
}

/// Trusts a source no longer; whether it was there.
pub(super) fn remove(dir: &Path, source: Addr) -> Result<bool> {
    let mut map: Map = open(dir, maps::REGISTRANTS)?;
    match map.remove(&source) {
        Ok(()) => Ok(true),
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => Err(Error::kernel("remove a registrant", &error)),
    }
}

/// Everyone whose trust has not ended, with its end in Unix milliseconds.
pub(super) fn list(dir: &Path, clock: Clock) -> Result<Vec<(IpAddr, i64)>> {
    let map: Map = open(dir, maps::REGISTRANTS)?;
    let all = map.iter().collect::<std::result::Result<Vec<_>, _>>().doing(reading)?;
    let alive = all.into_iter().filter(|(_, value)| value.until > clock.mono_ns);
    Ok(alive.map(|(source, value)| (source.into(), clock.wall_at(value.until))).collect())
}

/// Removes those whose trust has ended; how many.
pub(super) fn sweep(dir: &Path, clock: Clock) -> Result<usize> {
    let mut map: Map = open(dir, maps::REGISTRANTS)?;
    let all = map.iter().collect::<std::result::Result<Vec<_>, _>>().doing(reading)?;
    let ended: Vec<Addr> =
        all.into_iter().filter(|(_, value)| value.until <= clock.mono_ns).map(|(key, _)| key).collect();
    for source in &ended {
        found(map.remove(source))?;
    }
    Ok(ended.len())
}

/// Copies to another generation's map those that are still trusted; with `v4_only`, those of IPv4.
pub(super) fn copy(from: &Path, to: &Path, v4_only: bool, clock: Clock) -> Result<()> {
    let (old, mut new): (Map, Map) = (open(from, maps::REGISTRANTS)?, open(to, maps::REGISTRANTS)?);
    let room = capacity(to, maps::REGISTRANTS)? as usize;
    let all = old.iter().collect::<std::result::Result<Vec<_>, _>>().doing(reading)?;
    let wanted = |(source, value): &(Addr, Registrant)| value.until > clock.mono_ns && (!v4_only || source.is_v4());
    let kept: Vec<_> = all.into_iter().filter(wanted).collect();
    if kept.len() > room {
        return Err(full(to));
    }
    kept.iter().try_for_each(|(source, value)| new.insert(source, value, 0)).doing(|| "copy a registrant".to_owned())
}

fn full(dir: &Path) -> Error {
    let capacity = capacity(dir, maps::REGISTRANTS).unwrap_or(0);
    Error::Full { key: "capacity.registrants", wanted: capacity as usize + 1, capacity }
}

fn found<T>(result: std::result::Result<T, MapError>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(Error::kernel("use a registrant", &error)),
    }
}

fn is_missing(error: &MapError) -> bool {
    matches!(error, MapError::KeyNotFound | MapError::ElementNotFound) || errno(error) == Some(libc::ENOENT)
}

fn reading() -> String {
    "read the registrants".to_owned()
}
