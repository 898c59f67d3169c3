//! Removing everything from an interface.
//!
//! Owns: the order: the link first, so that what is left when a step fails does nothing. Refuses: doing it under a daemon.
use super::{Instance, active};
use crate::config::Paths;
use crate::dataplane::attach::detach;
use crate::dataplane::error::{Error, Result};
use crate::dataplane::lock::InstanceLock;
use crate::dataplane::place::Place;

impl Instance {
    /// Removes everything from an interface: link, programs, maps, files. Refused while a daemon runs there.
    pub fn unload(paths: &Paths, iface: &str) -> Result<()> {
        let place = Place::new(paths, iface)?;
        let mut places = place.other_layouts()?;
        if places.is_empty() && !place.home().exists() {
            return Err(active::nothing(&place));
        }
        let _lock = InstanceLock::take(&place)?;
        places.push(place.clone());
        places.iter().try_for_each(remove_pins)?;
        place.remove_run_files()
    }

    /// Ends what ends with the daemon: an ephemeral instance is detached and removed, any other stays as it is.
    pub fn close(self) -> Result<()> {
        let Some(hold) = self.hold else { return Ok(()) };
        if let Some(link) = hold.link {
            drop((link, hold.egress));
            self.place.remove_pins()?;
            self.place.remove_run_files()?;
        }
        Ok(())
    }
}

/// Detaches and removes what is pinned for one layout.
pub(super) fn remove_pins(place: &Place) -> Result<()> {
    for link in [place.link(), place.held_link(), place.egress_link(), place.held_egress_link()] {
        if link.exists() {
            detach(&link).or_else(gone)?;
        }
    }
    place.remove_pins()
}

fn gone(error: Error) -> Result<()> {
    match error {
        Error::Kernel { errno: Some(libc::ENOENT), .. } => Ok(()),
        error => Err(error),
    }
}
