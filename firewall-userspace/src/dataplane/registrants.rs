//! The registrants in the kernel's map, and the sources that were registrants lately.
//!
//! Owns: adding, ending, listing and copying them, and who goes when the map is full. Refuses: deciding who is one.
use std::cmp::Reverse;
use std::net::IpAddr;
use std::path::Path;

use aya::maps::{HashMap, MapData, MapError};
use firewall_common::addr::Addr;
use firewall_common::copy::Kind;
use firewall_common::maps;
use firewall_common::policy::Registrant;
use firewall_common::sip::method::CLASS_SLOTS;

use super::error::{Context as _, Error, Result, errno};
use super::holds::NOT_AGAIN;
use super::maps::{capacity, open};
use crate::clock::Clock;

/// How much of a full map is freed at once: one part in this many.
const ROOM: usize = 64;

/// The map of a generation.
pub(super) struct Registrants {
    map: HashMap<MapData, Addr, Registrant>,
    capacity: u32,
    /// When a full map was last looked through for room in vain.
    vain: Option<u64>,
}

impl Registrants {
    pub(super) fn open(dir: &Path) -> Result<Self> {
        Ok(Self { map: open(dir, maps::REGISTRANTS)?, capacity: capacity(dir, maps::REGISTRANTS)?, vain: None })
    }

    /// Trusts a source until `until`, and knows it until `known_until` (the kernel's nanoseconds). One that is there
    /// already keeps its rates. A full map forgets those known sources that would be forgotten first.
    pub(super) fn promote(&mut self, source: Addr, until: u64, known_until: u64, now: u64) -> Result<()> {
        let cells = found(self.map.get(&source, 0))?.map_or([0; CLASS_SLOTS], |known| known.cells);
        let value = Registrant { until, known_until, cells };
        match self.map.insert(source, value, 0) {
            Err(error) if errno(&error) == Some(libc::E2BIG) && self.vain.is_none_or(|at| now >= at + NOT_AGAIN) => {
                self.vain = (self.make_room(now)? == 0).then_some(now);
                self.map.insert(source, value, 0).map_err(|error| self.refused(&error))
            }
            result => result.map_err(|error| self.refused(&error)),
        }
    }

    /// Ends a source's trust at `until`, if it holds longer; it stays known. Whether it was there.
    pub(super) fn demote(&mut self, source: Addr, until: u64) -> Result<bool> {
        let Some(known) = found(self.map.get(&source, 0))? else { return Ok(false) };
        let value = Registrant { until: known.until.min(until), ..known };
        self.map.insert(source, value, 0).map_err(|error| self.refused(&error))?;
        Ok(true)
    }

    /// Neither trusts nor knows a source any longer; whether it was there.
    pub(super) fn remove(&mut self, source: Addr) -> Result<bool> {
        match self.map.remove(&source) {
            Ok(()) => Ok(true),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(Error::kernel("remove a registrant", &error)),
        }
    }

    /// What a source has proved.
    pub(super) fn kind(&self, source: Addr, now: u64) -> Result<Kind> {
        Ok(match found(self.map.get(&source, 0))? {
            Some(value) if value.until > now => Kind::Registrant,
            Some(value) if value.known_until > now => Kind::Known,
            _ => Kind::Stranger,
        })
    }

    /// Everyone whose trust has not ended, with its end in Unix milliseconds.
    pub(super) fn list(&self, clock: Clock) -> Result<Vec<(IpAddr, i64)>> {
        let alive = self.all()?.into_iter().filter(|(_, value)| value.until > clock.mono_ns);
        Ok(alive.map(|(source, value)| (source.into(), clock.wall_at(value.until))).collect())
    }

    /// Removes those who are neither trusted nor known any longer; how many.
    pub(super) fn sweep(&mut self, now: u64) -> Result<usize> {
        let ended = |value: &Registrant| value.until <= now && value.known_until <= now;
        let ended: Vec<Addr> = self.all()?.into_iter().filter(|(_, value)| ended(value)).map(|(key, _)| key).collect();
        for source in &ended {
            found(self.map.remove(source))?;
        }
        Ok(ended.len())
    }

    /// Adds what the database knows, the longest trusted first, as far as there is room; how many there is none for.
    ///
    /// Each is a source, and the ends (Unix milliseconds) of its trust and of its being known.
    pub(super) fn fill(&mut self, list: &[(Addr, i64, i64)], clock: Clock) -> Result<usize> {
        let value = |(source, until, known_until): &(Addr, i64, i64)| {
            let (until, known_until) = (clock.deadline(*until), clock.deadline(*known_until));
            (*source, Registrant { until, known_until, cells: [0; CLASS_SLOTS] })
        };
        self.add_all(list.iter().map(value).collect(), clock.mono_ns)
    }

    fn add_all(&mut self, mut list: Vec<(Addr, Registrant)>, now: u64) -> Result<usize> {
        list.retain(|(_, value)| value.until.max(value.known_until) > now);
        list.sort_by_key(|(_, value)| Reverse((value.until.max(now), value.known_until)));
        let room = (self.capacity as usize).min(list.len());
        let add = |(source, value): &(Addr, Registrant)| self.map.insert(source, value, 0);
        list[..room].iter().try_for_each(add).doing(|| "add a registrant".to_owned())?;
        Ok(list.len() - room)
    }

    /// Removes some of those who are only known; how many.
    fn make_room(&mut self, now: u64) -> Result<usize> {
        let mut known: Vec<_> = self.all()?.into_iter().filter(|(_, value)| value.until <= now).collect();
        known.sort_by_key(|(_, value)| value.known_until);
        known.truncate((self.capacity as usize / ROOM).max(1));
        for (source, _) in &known {
            found(self.map.remove(source))?;
        }
        Ok(known.len())
    }

    fn all(&self) -> Result<Vec<(Addr, Registrant)>> {
        self.map.iter().collect::<std::result::Result<_, _>>().doing(|| "read the registrants".to_owned())
    }

    fn refused(&self, error: &MapError) -> Error {
        match errno(error) {
            Some(libc::E2BIG) => self.full(self.capacity as usize + 1),
            _ => Error::kernel("add a registrant", error),
        }
    }

    fn full(&self, wanted: usize) -> Error {
        Error::Full { key: "capacity.registrants", wanted, capacity: self.capacity }
    }
}

/// Copies to another generation's map those that are still trusted, and of those that are known as many as there is room
/// for; with `v4_only`, those of IPv4.
pub(super) fn copy(from: &Path, to: &Path, v4_only: bool, now: u64) -> Result<()> {
    let (old, mut new) = (Registrants::open(from)?, Registrants::open(to)?);
    let all: Vec<_> = old.all()?.into_iter().filter(|(source, _)| !v4_only || source.is_v4()).collect();
    let trusted = all.iter().filter(|(_, value)| value.until > now).count();
    if trusted > new.capacity as usize {
        return Err(new.full(trusted));
    }
    new.add_all(all, now).map(drop)
}

fn found<T>(result: std::result::Result<T, MapError>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(Error::kernel("use a registrant", &error)),
    }
}

/// Whether an element is not there.
pub(super) fn is_missing(error: &MapError) -> bool {
    matches!(error, MapError::KeyNotFound | MapError::ElementNotFound) || errno(error) == Some(libc::ENOENT)
}
