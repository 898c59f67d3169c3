//! Which flows stand at a port.
//!
//! Owns: publishing them there, in one step a port, and who gives way at a port that has as many as it can have. Refuses:
//! writing flows.
use std::collections::HashSet;

use firewall_common::addr::Addr;
use firewall_common::media::{FLOW_REFUSED, FLOWS_OF_PORT, Flow};

use super::plan::is_silent;
use super::{Pinholes, Placed};
use crate::dataplane::error::{Context as _, Error, Result};

impl Pinholes {
    /// Brings the ports of these flows up to date, each in one step.
    pub(super) fn publish_all(&mut self, removed: &[Placed], opened: &[Placed], now: u64) -> Result<()> {
        let ports: HashSet<u16> = removed.iter().chain(opened).map(|placed| placed.flow.local_port).collect();
        let mut done = Ok(());
        for port in ports {
            let of = |placed: &[Placed]| -> Vec<u32> {
                placed.iter().filter(|one| one.flow.local_port == port).map(|one| one.slot + 1).collect()
            };
            done = done.and(self.publish(port, &of(removed), &of(opened), now));
        }
        done
    }

    pub(super) fn publish(&mut self, port: u16, removed: &[u32], opened: &[u32], now: u64) -> Result<()> {
        let before = self.port(port)?;
        let mut places: Vec<u32> = before.into_iter().filter(|n| *n != 0 && !removed.contains(n)).collect();
        let mut done = Ok(());
        for &newcomer in opened {
            self.succeed(newcomer, &mut places, now)?;
            if places.len() == FLOWS_OF_PORT {
                match self.yielding(&places, now)? {
                    Some(place) => self.forget(places.remove(place) - 1, now),
                    None => {
                        self.forget(newcomer - 1, now);
                        done = Err(Error::PortFull { port });
                        continue;
                    }
                }
            }
            places.push(newcomer);
        }
        let mut after = [0; FLOWS_OF_PORT];
        after.iter_mut().zip(places).for_each(|(to, from)| *to = from);
        let set = self.ports.set(port.into(), after, 0).doing(|| "publish a pinhole".to_owned());
        done.and(set)
    }

    /// A port of ours serves one call at a time: what another call has left there is over, although nobody has heard its end.
    /// Where our address is not known, only a flow from the same remote address and port is.
    fn succeed(&mut self, newcomer: u32, places: &mut Vec<u32>, now: u64) -> Result<()> {
        let new = self.flow(newcomer - 1)?;
        let mut left = Vec::new();
        for place in places.iter().copied() {
            let old = self.flow(place - 1)?;
            if old.call != new.call && is_succeeded_by(&old, &new) {
                self.forget(place - 1, now);
            } else {
                left.push(place);
            }
        }
        *places = left;
        Ok(())
    }

    /// Which of a port's flows gives way: the oldest of those that let nothing pass, or have let nothing pass for too long, and
    /// then of those that nothing has come through yet, a branch of a forked call that nobody took.
    fn yielding(&self, places: &[u32], now: u64) -> Result<Option<usize>> {
        let mut candidates = Vec::new();
        for (index, place) in places.iter().enumerate() {
            let flow = self.flow(place - 1)?;
            let useless = flow.flags & FLOW_REFUSED != 0 || is_silent(&flow, now);
            if useless || flow.packets == 0 {
                candidates.push((!useless, flow.seen, index));
            }
        }
        Ok(candidates.into_iter().min().map(|(_, _, index)| index))
    }

    /// A flow has lost its place at its port.
    fn forget(&mut self, slot: u32, now: u64) {
        self.slots.release(slot, now);
        self.calls.retain(|_, placed| {
            placed.retain(|one| one.slot != slot);
            !placed.is_empty()
        });
    }

    pub(super) fn port(&self, port: u16) -> Result<[u32; FLOWS_OF_PORT]> {
        self.ports.get(&port.into(), 0).doing(|| "read the pinholes of a port".to_owned())
    }
}

fn is_succeeded_by(old: &Flow, new: &Flow) -> bool {
    let ours = old.local == new.local && new.local != Addr::NONE;
    ours || (old.remote, old.remote_port) == (new.remote, new.remote_port)
}
