//! Another config for the program that is attached.
//!
//! Owns: replacing the program in one step, or leaving everything as it was. Refuses: moving to another interface or to
//! other directories; that takes a restart, and is said.
use super::switch::{self, Entries};
use super::{AttachMode, Instance, Reloaded, active};
use crate::config::{Interface, Loaded};
use crate::dataplane::attach::{self, Manner};
use crate::dataplane::error::{AtPath as _, Error, Result};
use crate::dataplane::generation::{Draft, Previous};
use crate::dataplane::hearing;
use crate::dataplane::lock::{EditLock, InstanceLock};
use crate::dataplane::netdev::{self, Device};
use crate::dataplane::place::Place;

impl Instance {
    /// Replaces the program by one of another config, in one step. What fails leaves everything as it was.
    pub fn reload(&mut self, loaded: &Loaded) -> Result<Reloaded> {
        let _edit = EditLock::take(&self.place)?;
        self.refresh()?;
        let ephemeral = self.is_ephemeral()?;
        let (device, mode) = self.attached_device()?;
        let previous = Previous::read(&self.place, self.generation);
        let mut draft = Draft::load(&self.place, loaded, ephemeral, Some(&previous))?;
        let entries = Entries::read(loaded);
        let filled = entries.fill(&draft, Some(&previous))?;
        entries.fill_numbers(&draft, loaded, Some(&previous))?;
        let manner = self.replace(&mut draft, &device, mode)?;
        let heard = self.hold.as_mut().and_then(|hold| hold.egress.as_mut());
        let hearing = hearing::go_on(&self.place, &mut draft, heard, &device, ephemeral);
        let resized = std::mem::take(&mut draft.resized);
        let settled = switch::settle(&self.place, draft, &manner, hearing.refused.is_none(), filled, &entries);
        self.generation = settled.policy.generation;
        self.program_id = active::attached_program(&self.place)?.unwrap_or(0);
        let mut warnings = settled.warnings;
        warnings.extend(self.needs_restart(loaded));
        let (generation, program_id, frags) = (self.generation, self.program_id, settled.policy.frags);
        self.policy = Some(settled.policy);
        Ok(Reloaded { generation, program_id, frags, resized, synced: settled.synced, warnings })
    }

    /// Whether the link ends with a process; an error if that is another one, since only it can reload.
    fn is_ephemeral(&self) -> Result<bool> {
        let held = self.hold.as_ref().is_some_and(|hold| hold.link.is_some());
        if held || self.place.link().exists() {
            return Ok(held);
        }
        let pid = InstanceLock::holder(&self.place).unwrap_or(0);
        Err(Error::HeldByProcess { iface: self.iface().to_owned(), pid })
    }

    fn attached_device(&self) -> Result<(Device, AttachMode)> {
        let name = self.iface().to_owned();
        let device = netdev::find(&name).at(&self.place.home())?.ok_or(Error::NoInterface { name })?;
        match device.xdp.filter(|xdp| xdp.program_id == self.program_id) {
            Some(xdp) => Ok((device, xdp.mode)),
            None => Err(Error::NotAttached {
                iface: device.name,
                mtu: device.mtu,
                detail: "the interface was made anew since sipfw was started there; restart the daemon".to_owned(),
            }),
        }
    }

    fn replace(&mut self, draft: &mut Draft, device: &Device, mode: AttachMode) -> Result<Manner> {
        match self.hold.as_mut().and_then(|hold| hold.link.as_mut()) {
            Some(held) => {
                let path = self.place.held_link();
                held.while_pinned(&path, || attach::replace(draft, &path, device, mode))
            }
            None => attach::replace(draft, &self.place.link(), device, mode),
        }
    }

    /// What of the config can't take effect while the program stays where it is.
    fn needs_restart(&self, loaded: &Loaded) -> Vec<String> {
        let mut said = Vec::new();
        if matches!(loaded.config.interface(), Interface::Named(name) if name != self.iface()) {
            said.push("`interface` takes effect when the daemon is restarted".to_owned());
        }
        if Place::new(loaded.config.paths(), self.iface()).is_ok_and(|place| place != self.place) {
            said.push("`paths` take effect when the firewall is unloaded and started again".to_owned());
        }
        said
    }
}
