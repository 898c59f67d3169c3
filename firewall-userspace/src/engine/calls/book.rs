//! All calls, in bounded memory.
//!
//! Owns: finding them, how many there may be, who has to give way, and how many pinholes a source has. Refuses: what they say.
use std::collections::{HashMap, VecDeque};

use firewall_common::media::Flow;

use super::super::call::{RUNGS, Rung};
use super::heard::FEW;
use super::leg::{DIALOG, Leg};
use super::tracked::{NAMES, Tracked};

/// Bytes that a call may take, all of them together as many times as there may be calls. A call through a proxy takes half
/// of it.
const CALL: usize = 4_096;
/// What of it is set aside for each call's own sake, with one dialog and flows that close a few ports; the rest is for what is said in calls, and whoever comes first has it.
const SKELETON: usize = 2_560;

/// What a call takes for which there is no room: one leg, one dialog, and the flows that close a few ports.
const LEAST: usize =
    size_of::<Tracked>() + size_of::<Leg>() + NAMES + DIALOG + FEW * size_of::<Flow>() + RUNGS * size_of::<Rung>();

const _: () = assert!(LEAST <= SKELETON);

/// The calls.
pub(super) struct Book {
    most: usize,
    places: Vec<Option<Box<Tracked>>>,
    free: Vec<usize>,
    by_id: HashMap<u64, usize>,
    /// Attempts of strangers, oldest first, and what has become more than that since.
    cheap: VecDeque<(usize, u64)>,
    /// Calls that are over, in the order in which they ended, and what goes on again or is gone since.
    done: VecDeque<(usize, u64)>,
    /// Pinholes by source.
    sources: HashMap<u64, u32>,
    /// Pinholes of strangers' legs, and the places that they take.
    strangers: (u32, u32),
    weight: usize,
    next: usize,
    /// Attempts that were added since the list of them was last gone through.
    added: usize,
}

impl Book {
    /// One for so many calls.
    pub(super) fn new(most: u32) -> Self {
        Self {
            most: most as usize,
            places: Vec::new(),
            free: Vec::new(),
            by_id: HashMap::new(),
            cheap: VecDeque::new(),
            done: VecDeque::new(),
            sources: HashMap::new(),
            strangers: (0, 0),
            weight: 0,
            next: 0,
            added: 0,
        }
    }

    /// Where a call stands.
    pub(super) fn find(&self, id: u64) -> Option<usize> {
        self.by_id.get(&id).copied()
    }

    /// The call at a place.
    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut Tracked> {
        self.places.get_mut(place)?.as_deref_mut()
    }

    /// Adds a call. Nothing when there is no room: neither a call that is over and only remembered for what may be repeated of
    /// it, nor an attempt of a stranger that could go. One more of these may take half of all places, and not the last
    /// eighth.
    pub(super) fn add(&mut self, call: Tracked) -> Option<usize> {
        let is_cheap = call.is_cheap();
        self.forget();
        let room = if is_cheap { self.most - self.most / 8 } else { self.most };
        let is_full = self.by_id.len() >= room || is_cheap && self.cheap.len() >= self.most / 2;
        if is_full {
            // Strangers' attempts make way for each other first.
            let done = if self.by_id.len() >= room { self.oldest_done() } else { None };
            let oldest = done.or_else(|| self.cheap.pop_front().map(|(place, _)| place))?;
            self.remove(oldest);
        }
        let id = call.id;
        let place = self.free.pop().unwrap_or(self.places.len());
        if place == self.places.len() {
            self.places.push(None);
        }
        *self.places.get_mut(place)? = Some(Box::new(call));
        self.by_id.insert(id, place);
        if is_cheap {
            self.cheap.push_back((place, id));
            self.added += 1;
        }
        Some(place)
    }

    /// Takes a call out.
    pub(super) fn remove(&mut self, place: usize) -> Option<Box<Tracked>> {
        let call = self.places.get_mut(place)?.take()?;
        self.by_id.remove(&call.id);
        self.free.push(place);
        self.weight -= call.weight;
        for leg in &call.legs {
            self.count(leg.source, leg.pinholes, 0);
            self.count_stranger(leg, (0, 0));
        }
        Some(call)
    }

    /// Notes that a call is over, if it is.
    pub(super) fn note_done(&mut self, place: usize) {
        let Some(call) = self.places.get_mut(place).and_then(Option::as_mut) else { return };
        if !call.is_over() {
            call.is_done = false;
        } else if !std::mem::replace(&mut call.is_done, true) {
            let id = call.id;
            while self.done.front().is_some_and(|front| !self.is_done(front)) {
                self.done.pop_front();
            }
            self.done.push_back((place, id));
        }
    }

    fn is_done(&self, (place, id): &(usize, u64)) -> bool {
        let call = self.places.get(*place).and_then(Option::as_ref);
        call.is_some_and(|call| call.id == *id && call.is_done && call.is_over())
    }

    /// The call that has been over for the longest time.
    fn oldest_done(&mut self) -> Option<usize> {
        while let Some(front) = self.done.pop_front() {
            if self.is_done(&front) {
                return Some(front.0);
            }
        }
        None
    }

    /// Notes what a call weighs now.
    pub(super) fn weigh(&mut self, place: usize) {
        let Some(call) = self.places.get_mut(place).and_then(Option::as_mut) else { return };
        let weight = call.measure();
        self.weight = self.weight - call.weight + weight;
        call.weight = weight;
    }

    /// Whether something may be added to what is kept of a call. Strangers' attempts get half of the room.
    pub(super) fn has_room(&self, is_cheap: bool) -> bool {
        let most = self.most * (CALL - SKELETON);
        self.weight < if is_cheap { most / 2 } else { most }
    }

    /// A source has `new` pinholes instead of `old` ones.
    pub(super) fn count(&mut self, source: u64, old: u32, new: u32) {
        if (old, new) == (0, 0) {
            return;
        }
        let count = self.sources.entry(source).or_default();
        *count = count.saturating_sub(old) + new;
        if *count == 0 {
            self.sources.remove(&source);
        }
    }

    /// A stranger's leg has so many pinholes and places instead of its former ones.
    pub(super) fn count_stranger(&mut self, leg: &Leg, (pinholes, places): (u32, u32)) {
        if leg.is_stranger {
            let others = self.strangers_besides(leg);
            self.strangers = (others.0 + pinholes, others.1 + places);
        }
    }

    /// Pinholes of all strangers' legs but this one, and the places that they take.
    pub(super) fn strangers_besides(&self, leg: &Leg) -> (u32, u32) {
        let own = if leg.is_stranger { (leg.pinholes, leg.places) } else { (0, 0) };
        (self.strangers.0.saturating_sub(own.0), self.strangers.1.saturating_sub(own.1))
    }

    /// How many pinholes a source has.
    pub(super) fn pinholes(&self, source: u64) -> u32 {
        self.sources.get(&source).copied().unwrap_or(0)
    }

    /// How many calls there are.
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// The most bytes that it takes.
    pub(super) const fn memory(&self) -> usize {
        self.most * CALL
    }

    /// Bytes that are in use.
    #[cfg(test)]
    pub(super) const fn weight(&self) -> usize {
        self.weight
    }

    /// How many sources have pinholes.
    #[cfg(test)]
    pub(super) fn sources(&self) -> usize {
        self.sources.len()
    }

    /// Some places, so that each comes up once every `parts` times.
    pub(super) fn part(&mut self, parts: usize) -> std::ops::Range<usize> {
        let from = if self.next >= self.places.len() { 0 } else { self.next };
        self.next = from + self.places.len().div_ceil(parts.max(1));
        from..self.next.min(self.places.len())
    }

    /// Forgets of attempts what has ended or become more: at the front, and everywhere now and then.
    fn forget(&mut self) {
        let places = &self.places;
        let holds = |(place, id): &(usize, u64)| {
            let call = places.get(*place).and_then(Option::as_ref);
            call.is_some_and(|call| call.id == *id && call.is_cheap())
        };
        while self.cheap.front().is_some_and(|front| !holds(front)) {
            self.cheap.pop_front();
        }
        if self.added >= self.most / 8 {
            self.cheap.retain(holds);
            self.added = 0;
        }
    }
}
