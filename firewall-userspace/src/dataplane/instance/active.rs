//! Which generation judges at this moment.
//!
//! Owns: telling it by the program that is attached, which is the only thing that a killed process can't leave half done.
//! Refuses: believing files.
use aya::programs::ProgramInfo;
use firewall_common::maps::program;

use crate::dataplane::attach::linked_program;
use crate::dataplane::error::{AtPath as _, Error, Result};
use crate::dataplane::netdev;
use crate::dataplane::place::Place;

/// The generation that is attached.
pub(super) struct Active {
    pub(super) generation: u32,
    pub(super) program_id: u32,
}

/// Finds it; nothing when nothing of sipfw's is attached.
pub(super) fn find(place: &Place) -> Result<Option<Active>> {
    let Some(program_id) = attached_program(place)? else { return Ok(None) };
    let number = generation_of(place, program_id)?;
    Ok(number.map(|generation| Active { generation, program_id }))
}

/// The id of the program that is held by the pinned link, or else that is on the interface.
pub(super) fn attached_program(place: &Place) -> Result<Option<u32>> {
    if place.link().exists() {
        return Ok(Some(linked_program(&place.link())?));
    }
    let device = netdev::find(place.iface()).at(&place.home())?;
    Ok(device.and_then(|device| device.xdp).map(|xdp| xdp.program_id))
}

fn generation_of(place: &Place, program_id: u32) -> Result<Option<u32>> {
    let has = |number: &u32| {
        let dir = place.generation(*number);
        let pins = [program::INGRESS, program::INGRESS_FRAGS];
        pins.iter().any(|name| ProgramInfo::from_pin(dir.join(name)).is_ok_and(|info| info.id() == program_id))
    };
    Ok(place.generations()?.into_iter().rev().find(has))
}

/// Why nothing was found.
pub(super) fn nothing(place: &Place) -> Error {
    let iface = place.iface().to_owned();
    if let Err(error) = std::fs::read_dir(place.home())
        && error.kind() == std::io::ErrorKind::PermissionDenied
    {
        return Error::NotPermitted { doing: format!("look at what is loaded on interface {iface}") };
    }
    let others = place.other_layouts().unwrap_or_default();
    match others.iter().find(|other| other.link().exists()) {
        Some(other) => Error::OtherLayout { iface, layout: other.layout() },
        None => Error::NotLoaded { iface },
    }
}
