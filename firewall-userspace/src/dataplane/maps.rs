//! Pinned maps as typed ones.
//!
//! Owns: opening them by name and directory, and carrying them from one generation to the next. Refuses: their content.
use std::path::Path;

use aya::maps::{Map, MapData, MapError};

use super::error::{Context as _, Result};

/// A map of a generation's directory.
pub(super) fn open<M>(dir: &Path, name: &str) -> Result<M>
where
    M: TryFrom<Map, Error = MapError>,
{
    let map = data(dir, name).and_then(|data| Map::from_map_data(data).doing(|| format!("use map {name}")))?;
    M::try_from(map).doing(|| format!("use map {name}"))
}

/// How many elements a map holds at most.
pub(super) fn capacity(dir: &Path, name: &str) -> Result<u32> {
    Ok(data(dir, name)?.info().doing(|| format!("ask for the size of map {name}"))?.max_entries())
}

/// The kernel's number of a map.
pub(super) fn id(dir: &Path, name: &str) -> Result<u32> {
    Ok(data(dir, name)?.info().doing(|| format!("ask for the number of map {name}"))?.id())
}

/// Pins a map of one generation for another one too.
pub(super) fn carry_over(from: &Path, to: &Path, name: &str) -> Result<()> {
    data(from, name)?.pin(to.join(name)).doing(|| format!("pin map {name} in {}", to.display()))
}

fn data(dir: &Path, name: &str) -> Result<MapData> {
    MapData::from_pin(dir.join(name)).doing(|| format!("open the pinned map {}", dir.join(name).display()))
}
