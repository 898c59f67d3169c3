//! The pinholes of calls in the kernel's maps.
//!
//! Owns: which flows stand where, opening, changing and closing them without a moment in which a flow that stays is absent,
//! the switch by which the kernel knows the daemon to be alive, and copying all to another generation's maps. Refuses: deciding
//! what may pass (the engine does), and more than one writer at a time.
//!
//! A flow is written before its place is published at its port, and its place is used for another one only a second after it
//! has been taken from there: no packet, however long it is judged, meets half of a flow or another call's.
mod plan;
mod ports;
mod slots;

use std::collections::{HashMap, VecDeque};
use std::path::Path;

use aya::maps::{Array, MapData};
use firewall_common::maps;
use firewall_common::media::{FLOWS_OF_PORT, Flow};
use firewall_common::policy::SWITCH_DAEMON;

use super::error::{Context as _, Error, Result};
use super::maps::{capacity, id, open};
use crate::engine::command;
use plan::{Plan, continued, terms};
use slots::Slots;

/// The maps that go together: a place in the one is an index into the other.
pub(super) const GROUP: [&str; 2] = [maps::PINHOLES, maps::FLOWS];

/// How long the daemon counts as alive after each [`Pinholes::alive`].
const ALIVE: u64 = 5_000_000_000;

/// The maps of a generation, and which flows stand there.
pub struct Pinholes {
    ports: Array<MapData, [u32; FLOWS_OF_PORT]>,
    flows: Array<MapData, Flow>,
    switches: Array<MapData, u64>,
    slots: Slots,
    calls: HashMap<u64, Vec<Placed>>,
    /// The calls in the order in which it is looked when they were last seen.
    rounds: VecDeque<u64>,
    capacity: u32,
    /// The kernel's number of the map of flows.
    id: u32,
}

/// A flow as it was written, and where.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Placed {
    slot: u32,
    flow: Flow,
}

impl Pinholes {
    /// Opens the maps of a generation's directory, and reads what an earlier daemon has left open.
    pub(super) fn open(dir: &Path) -> Result<Self> {
        let mut pinholes = Self {
            ports: open(dir, maps::PINHOLES)?,
            flows: open(dir, maps::FLOWS)?,
            switches: open(dir, maps::SWITCHES)?,
            slots: Slots::default(),
            calls: HashMap::new(),
            rounds: VecDeque::new(),
            capacity: capacity(dir, maps::FLOWS)?,
            id: id(dir, maps::FLOWS)?,
        };
        pinholes.read_all(super::clock::now().mono_ns)?;
        Ok(pinholes)
    }

    /// Whatever is not published at its port is closed; a place that was ever used may have been until a moment ago.
    fn read_all(&mut self, now: u64) -> Result<()> {
        for slot in 0..self.capacity {
            let flow = self.flow(slot)?;
            if flow.call == 0 {
                self.slots.add(slot);
            } else if self.port(flow.local_port)?.contains(&(slot + 1)) {
                self.calls.entry(flow.call).or_default().push(Placed { slot, flow });
            } else {
                self.slots.release(slot, now);
            }
        }
        self.rounds = self.calls.keys().copied().collect();
        Ok(())
    }

    /// How many flows there are.
    pub fn len(&self) -> usize {
        self.calls.values().map(Vec::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The calls that have some.
    pub fn calls(&self) -> impl Iterator<Item = u64> {
        self.calls.keys().copied()
    }

    /// Every flow as it is now, with the kernel's notes.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn all(&self) -> Result<Vec<Flow>> {
        self.calls.values().flatten().map(|placed| self.flow(placed.slot)).collect()
    }

    /// The kernel counts the daemon as alive for five seconds from `now` on, the kernel's time.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn alive(&mut self, now: u64) -> Result<()> {
        self.switches.set(SWITCH_DAEMON, now + ALIVE, 0).doing(|| "set a switch".to_owned())
    }

    /// Makes the pinholes of a call these, and no others. A flow between the same addresses and ports stays, with the kernel's
    /// notes; what of it is new is changed. `now` is the kernel's time.
    ///
    /// # Errors
    ///
    /// A full map, a port with as many flows as it can have, or the kernel's refusal; what there is room for is open.
    pub fn set(&mut self, wanted: &command::Pinholes, now: u64) -> Result<()> {
        let call = wanted.call;
        let plan = Plan::new(self.calls.remove(&call).unwrap_or_default(), call, &wanted.flows);
        let mut placed = plan.kept;
        let mut done = Ok(());
        for change in plan.changed {
            done = done.and(self.change(change, now));
            placed.push(change);
        }
        let mut opened = Vec::new();
        for flow in plan.added {
            match self.place(flow, now) {
                Ok(one) => opened.push(one),
                Err(error) => done = done.and(Err(error)),
            }
        }
        placed.extend(&opened);
        self.remember(call, placed);
        let closed = self.publish_all(&plan.removed, &opened, now);
        plan.removed.iter().for_each(|gone| self.slots.release(gone.slot, now));
        done.and(closed)
    }

    /// When the last packet passed through any pinhole of a call, or one was opened, the kernel's time: of some calls, so that
    /// about `looks` flows are looked at. One call after the other has its turn.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn seen(&mut self, looks: usize) -> Result<Vec<(u64, u64)>> {
        let (mut seen, mut left) = (Vec::new(), looks);
        for _ in 0..self.rounds.len() {
            let Some(call) = self.rounds.front().copied().filter(|_| left > 0) else { break };
            self.rounds.pop_front();
            let Some(placed) = self.calls.get(&call) else { continue };
            self.rounds.push_back(call);
            left = left.saturating_sub(placed.len());
            let times = placed.iter().map(|one| self.flow(one.slot).map(|flow| flow.seen));
            seen.push((call, times.collect::<Result<Vec<_>>>()?.into_iter().max().unwrap_or(0)));
        }
        Ok(seen)
    }

    /// Goes on where the pinholes of the generation before were left, which may have changed since these were opened.
    ///
    /// # Errors
    ///
    /// As of [`Self::set`].
    pub fn take_over(&mut self, old: Self, now: u64) -> Result<()> {
        if old.id == self.id {
            // They are the same maps, and the old ones' books are right.
            (self.slots, self.calls, self.rounds) = (old.slots, old.calls, old.rounds);
            return Ok(());
        }
        let closed: Vec<u64> = self.calls.keys().filter(|call| !old.calls.contains_key(call)).copied().collect();
        let flows = |placed: Vec<Placed>| placed.into_iter().map(|one| one.flow).collect();
        let open = old.calls.into_iter().map(|(call, placed)| command::Pinholes { call, flows: flows(placed) });
        let all = closed.into_iter().map(|call| command::Pinholes { call, flows: Vec::new() }).chain(open);
        let mut done = Ok(());
        for wanted in all {
            done = done.and(self.set(&wanted, now));
        }
        done
    }

    /// Writes a flow where nobody finds it yet.
    fn place(&mut self, flow: Flow, now: u64) -> Result<Placed> {
        let full =
            || Error::Full { key: "capacity.pinholes", wanted: self.capacity as usize + 1, capacity: self.capacity };
        let slot = self.slots.take(now).ok_or_else(full)?;
        self.write(slot, &Flow { seen: now, ..flow })?;
        Ok(Placed { slot, flow })
    }

    /// Changes a flow where it stands. What the kernel notes in the same instant is lost: a packet in the counters.
    fn change(&mut self, placed: Placed, now: u64) -> Result<()> {
        let noted = self.flow(placed.slot)?;
        self.write(placed.slot, &continued(&placed.flow, &noted, now))
    }

    fn remember(&mut self, call: u64, placed: Vec<Placed>) {
        if !placed.is_empty() {
            self.calls.insert(call, placed);
            if !self.rounds.contains(&call) {
                self.rounds.push_back(call);
            }
        }
    }

    fn flow(&self, slot: u32) -> Result<Flow> {
        self.flows.get(&slot, 0).doing(|| "read a pinhole".to_owned())
    }

    fn write(&mut self, slot: u32, flow: &Flow) -> Result<()> {
        self.flows.set(slot, flow, 0).doing(|| "write a pinhole".to_owned())
    }
}

/// Copies to another generation's empty maps what is open, the latest used first as far as there is room, with the kernel's
/// notes.
pub(super) fn copy(from: &Path, to: &Path, now: u64) -> Result<()> {
    let mut flows = Pinholes::open(from)?.all()?;
    let mut new = Pinholes::open(to)?;
    flows.sort_by_key(|flow| std::cmp::Reverse(flow.seen));
    flows.truncate(new.capacity as usize);
    for flow in flows {
        let placed = new.place(terms(&flow), now)?;
        new.write(placed.slot, &flow)?;
        new.publish(flow.local_port, &[], &[placed.slot + 1], now)?;
    }
    Ok(())
}
