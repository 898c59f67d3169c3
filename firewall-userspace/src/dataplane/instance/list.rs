//! What is loaded on this host.
//!
//! Owns: the list. Refuses: failing because one instance can't be read; that one is left without its details.
use aya::programs::ProgramInfo;
use firewall_common::maps::program;

use super::{Instance, InstanceInfo, active};
use crate::config::Paths;
use crate::dataplane::clock::wall_ms;
use crate::dataplane::error::Result;
use crate::dataplane::lock::InstanceLock;
use crate::dataplane::netdev;
use crate::dataplane::place::Place;

impl Instance {
    /// Everything that is loaded under these paths.
    pub fn list(paths: &Paths) -> Result<Vec<InstanceInfo>> {
        Ok(Place::all(paths)?.iter().filter_map(info).collect())
    }

    /// What the list says of this instance.
    pub fn info(&self) -> Option<InstanceInfo> {
        info(&self.place)
    }
}

/// Nothing, when all that is there is what an ephemeral run left behind.
fn info(place: &Place) -> Option<InstanceInfo> {
    let active = active::find(place).ok().flatten();
    let pinned = place.link().exists();
    if active.is_none() && !pinned {
        return None;
    }
    let program_id = active.as_ref().map(|active| active.program_id);
    let device = netdev::find(place.iface()).ok().flatten();
    let xdp = device.and_then(|device| device.xdp).filter(|xdp| Some(xdp.program_id) == program_id);
    Some(InstanceInfo {
        iface: place.iface().to_owned(),
        layout: place.layout(),
        program_id,
        mode: xdp.map(|xdp| xdp.mode),
        daemon_pid: InstanceLock::holder(place),
        ephemeral: !pinned,
        since: active.and_then(|active| loaded_at(place, active.generation)),
    })
}

/// Unix milliseconds.
fn loaded_at(place: &Place, generation: u32) -> Option<i64> {
    let pin = place.generation(generation).join(program::INGRESS);
    ProgramInfo::from_pin(pin).ok()?.loaded_at().map(wall_ms)
}
