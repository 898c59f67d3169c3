//! Starting: from nothing, or over what an earlier run left attached.
//!
//! Owns: the order of steps, by which no packet passes unfiltered and no failure leaves half a firewall. Refuses: a second
//! daemon on an interface, and interfaces with somebody else's program.
use super::switch::{self, Entries, Learned};
use super::unload::remove_pins;
use super::{AttachMode, Hold, Instance, StartOptions, Started, active};
use crate::config::{Interface, Loaded};
use crate::dataplane::attach::{self, Held, Manner};
use crate::dataplane::error::{AtPath as _, Error, Result};
use crate::dataplane::generation::{Draft, Previous};
use crate::dataplane::hearing;
use crate::dataplane::lock::{EditLock, InstanceLock};
use crate::dataplane::netdev::{self, Device};
use crate::dataplane::place::Place;
use crate::dataplane::running::RunningPolicy;

/// What an earlier run left.
struct Left {
    /// Where its link is pinned: here, or under another layout.
    place: Place,
    /// How its program runs on the interface; nothing when the link outlived its interface.
    mode: Option<AttachMode>,
    /// Its maps, if this layout can use them.
    previous: Option<Previous>,
}

impl Instance {
    /// Loads the firewall and attaches it, or takes over what an earlier run left attached, without a gap.
    pub fn start(loaded: &Loaded, options: &StartOptions) -> Result<(Self, Started)> {
        let device = device(loaded, options)?;
        let place = Place::new(loaded.config.paths(), &device.name)?;
        place.check()?;
        let lock = InstanceLock::take(&place)?;
        let _edit = EditLock::take(&place)?;
        let left = left_behind(&place, &device)?;
        if options.ephemeral && left.is_some() {
            return Err(Error::Permanent { iface: device.name });
        }
        if left.is_none() {
            // Nothing is attached: what is pinned is what a killed run left, and of no use.
            remove_pins(&place)?;
        }
        let begun = place.make_dirs().and_then(|()| begin(&place, loaded, options, left.as_ref(), &device));
        if begun.is_err() && left.is_none() {
            let _ = remove_pins(&place).and_then(|()| place.remove_run_files());
        }
        let Begun { held, heard, started, policy } = begun?;
        let (generation, program_id) = (started.generation, started.program_id);
        let hold = Some(Hold { _lock: lock, link: held, egress: heard });
        Ok((Self { place, generation, program_id, policy: Some(policy), numbers: None, hold }, started))
    }
}

struct Begun {
    held: Option<Held>,
    /// The same of the program that hears what our side sends.
    heard: Option<Held>,
    started: Started,
    policy: RunningPolicy,
}

/// Loads, fills and attaches.
fn begin(
    place: &Place,
    loaded: &Loaded,
    options: &StartOptions,
    left: Option<&Left>,
    device: &Device,
) -> Result<Begun> {
    let ephemeral = options.ephemeral;
    let previous = left.and_then(|left| left.previous.as_ref());
    let mut draft = Draft::load(place, loaded, ephemeral, previous)?;
    let entries = Entries::read(loaded);
    let filled = entries.fill(&draft, previous)?;
    entries.fill_numbers(&draft, loaded, previous)?;
    let unknown = if draft.empty_registrants { draft.learn(&Learned::read(loaded))? } else { 0 };
    let (held, manner) = put_in_place(place, &mut draft, left, device, ephemeral)?;
    let hearing =
        hearing::begin(place, &mut draft, left.map(|left| left.place.egress_link()).as_deref(), device, ephemeral);
    let hears = hearing.refused.is_none();
    let mut settled = switch::settle(place, draft, &manner, hears, filled, &entries);
    settled.warnings.extend(hearing.warning());
    if unknown > 0 {
        settled.warnings.push(format!("{unknown} registrants found no room: raise capacity.registrants in the config"));
    }
    if let Some(left) = left.filter(|left| left.place != *place) {
        let _ = remove_pins(&left.place);
    }
    let started = Started {
        iface: device.name.clone(),
        mode: manner.mode,
        not_native: manner.not_native,
        took_over: left.is_some_and(|left| left.mode.is_some()),
        frags: settled.policy.frags,
        generation: settled.policy.generation,
        program_id: active::attached_program(place)?.unwrap_or(0),
        synced: settled.synced,
        warnings: settled.warnings,
    };
    Ok(Begun { held, heard: hearing.held, started, policy: settled.policy })
}

/// Attaches anew, or replaces the program of the link that is there.
fn put_in_place(
    place: &Place,
    draft: &mut Draft,
    left: Option<&Left>,
    device: &Device,
    ephemeral: bool,
) -> Result<(Option<Held>, Manner)> {
    if let Some(left) = left {
        let (old, new) = (left.place.link(), place.link());
        if let Some(mode) = left.mode {
            let manner = attach::replace(draft, &old, device, mode)?;
            if old != new {
                std::fs::rename(&old, &new).at(&old)?;
            }
            return Ok((None, manner));
        }
        attach::detach(&old)?;
    }
    let (link, manner) = attach::attach(draft, device)?;
    if ephemeral {
        return Ok((Some(Held::new(link, &place.held_link())?), manner));
    }
    attach::pin(link, &place.link())?;
    Ok((None, manner))
}

/// The interface that the options or the config name.
fn device(loaded: &Loaded, options: &StartOptions) -> Result<Device> {
    let routes = "/proc/net/route".as_ref();
    let name = match (&options.iface, loaded.config.interface()) {
        (Some(name), _) | (None, Interface::Named(name)) => name.clone(),
        (None, Interface::Auto) => netdev::default_route().at(routes)?.ok_or(Error::NoDefaultRoute)?,
    };
    netdev::find(&name).at(routes)?.ok_or(Error::NoInterface { name })
}

/// The pinned link of an earlier run, of this version's layout or of another's.
fn left_behind(place: &Place, device: &Device) -> Result<Option<Left>> {
    let mut places = place.other_layouts()?;
    places.insert(0, place.clone());
    places.retain(|place| place.link().exists());
    // An interface has one XDP program at a time, so of several links at most one is alive.
    let Some(first) = places.first().cloned() else { return Ok(None) };
    for left in places {
        if let Some(mode) = alive(&left, device)? {
            return Ok(Some(Left { previous: previous(&left, place)?, mode: Some(mode), place: left }));
        }
    }
    Ok(Some(Left { previous: previous(&first, place)?, mode: None, place: first }))
}

/// How the linked program runs on this interface, if it does.
fn alive(place: &Place, device: &Device) -> Result<Option<AttachMode>> {
    let program_id = attach::linked_program(&place.link())?;
    let runs = |device: &Device| device.xdp.filter(|xdp| xdp.program_id == program_id);
    if let Some(xdp) = runs(device) {
        return Ok(Some(xdp.mode));
    }
    let devices = netdev::all().at(&place.link())?;
    match devices.into_iter().find(|other| runs(other).is_some()) {
        Some(other) => Err(Error::Renamed { iface: device.name.clone(), other: other.name }),
        None => Ok(None),
    }
}

fn previous(left: &Place, place: &Place) -> Result<Option<Previous>> {
    if left.layout() != place.layout() {
        return Ok(None);
    }
    let active = active::find(left)?;
    Ok(active.map(|active| Previous::read(left, active.generation)))
}
