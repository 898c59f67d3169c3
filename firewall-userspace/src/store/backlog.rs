//! What has been learned and is not in the database yet, because it is locked, full or damaged.
//!
//! Owns: the order (bans, then registrations, then holds and alarms, then calls, then devices, then scores), the bound, what is given up at it, and
//! when to try again. Refuses: writing, and clocks.
use std::collections::{HashMap, VecDeque};

use super::learned::{Learned, What};

/// Written in one transaction at most.
const AT_ONCE: usize = 1_000;
/// How long to wait after a failure.
const RETRY_MS: i64 = 5_000;

/// What was given up: because too much waited, or because the database takes everything but this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Bans. They hold in the kernel all the same.
    pub bans: u64,
    /// Registrations that began or ended.
    pub registrations: u64,
    /// Holds, alarms, and findings about passwords.
    pub others: u64,
    /// Calls as they were at some time.
    pub calls: u64,
    /// Devices.
    pub devices: u64,
    /// Scores.
    pub scores: u64,
}

impl Dropped {
    /// All together.
    pub fn total(self) -> u64 {
        self.bans + self.registrations + self.others + self.calls + self.devices + self.scores
    }
}

/// What waits.
#[derive(Debug)]
pub struct Backlog {
    bans: VecDeque<Learned>,
    registrations: VecDeque<Learned>,
    others: VecDeque<Learned>,
    calls: Newest,
    devices: Newest,
    scores: Newest,
    /// Bytes that it takes, and takes at most.
    size: usize,
    max: usize,
    at_once: usize,
    retry_at: Option<i64>,
    dropped: Dropped,
}

/// The newest of each key, oldest key first.
#[derive(Debug, Default)]
struct Newest {
    newest: HashMap<String, Learned>,
    order: VecDeque<String>,
}

impl Newest {
    /// Returns the one whose place it takes.
    fn push(&mut self, key: String, learned: Learned) -> Option<Learned> {
        let before = self.newest.insert(key.clone(), learned);
        if before.is_none() {
            self.order.push_back(key);
        }
        before
    }

    /// Back to the front, unless there is a newer one; whether it went there.
    fn put_back(&mut self, key: String, learned: Learned) -> bool {
        let is_newest = !self.newest.contains_key(&key);
        if is_newest {
            self.order.push_front(key.clone());
            self.newest.insert(key, learned);
        }
        is_newest
    }

    fn pop(&mut self) -> Option<Learned> {
        self.newest.remove(&self.order.pop_front()?)
    }
}

impl Backlog {
    /// An empty one of at most about `max` bytes.
    pub fn new(max: usize) -> Self {
        Self {
            bans: VecDeque::new(),
            registrations: VecDeque::new(),
            others: VecDeque::new(),
            calls: Newest::default(),
            devices: Newest::default(),
            scores: Newest::default(),
            size: 0,
            max,
            at_once: AT_ONCE,
            retry_at: None,
            dropped: Dropped::default(),
        }
    }

    /// How much waits.
    pub fn len(&self) -> usize {
        self.bans.len()
            + self.registrations.len()
            + self.others.len()
            + self.calls.order.len()
            + self.devices.order.len()
            + self.scores.order.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was given up since the last call.
    pub fn take_dropped(&mut self) -> Dropped {
        std::mem::take(&mut self.dropped)
    }

    /// Takes one more. When that is too much, the oldest of the least important kind is given up.
    pub fn push(&mut self, learned: Learned) {
        self.size += learned.size();
        match &learned.what {
            What::Ban(_) => self.bans.push_back(learned),
            What::Registered(_) | What::Ended(_) => self.registrations.push_back(learned),
            What::Hold(_) | What::Alarm(_) | What::Audit(_) => self.others.push_back(learned),
            What::Call(new) => {
                let before = self.calls.push(new.key(), learned);
                self.size -= before.as_ref().map_or(0, Learned::size);
            }
            What::Device(new) => {
                let before = self.devices.push(new.key(), learned);
                self.size -= before.as_ref().map_or(0, Learned::size);
            }
            What::Score(score) => {
                let before = self.scores.push(score.record.key.clone(), learned);
                self.size -= before.as_ref().map_or(0, Learned::size);
            }
        }
        while self.size > self.max {
            self.drop_one();
        }
    }

    /// The next to write, and out of the backlog; it comes back by [`Self::failed`]. Nothing when nothing waits, or while a
    /// failure is not long ago.
    pub fn next_batch(&mut self, now: i64) -> Option<Vec<Learned>> {
        if self.is_empty() || self.retry_at.is_some_and(|at| now < at) {
            return None;
        }
        let mut batch = Vec::new();
        while batch.len() < self.at_once {
            let Some(one) = self.pop() else { break };
            batch.push(one);
        }
        Some(batch)
    }

    /// The batch was written.
    pub fn written(&mut self) {
        (self.retry_at, self.at_once) = (None, (self.at_once * 2).min(AT_ONCE));
    }

    /// The database could not be written: the batch waits on, in its place.
    pub fn failed(&mut self, batch: Vec<Learned>, now: i64) {
        self.retry_at = Some(now.saturating_add(RETRY_MS));
        self.put_back(batch);
    }

    /// The database can be written, but refuses something in this batch: smaller ones are tried, until it is found. That
    /// one is given up, so that it does not keep the others.
    pub fn refused(&mut self, mut batch: Vec<Learned>) {
        self.at_once = (batch.len() / 2).max(1);
        if batch.len() == 1 {
            let one = batch.pop();
            one.iter().for_each(|one| *self.count(&one.what) += 1);
        }
        self.put_back(batch);
    }

    /// Whether a later try is better made at once, because the database has been opened anew.
    pub fn retry_now(&mut self) {
        self.retry_at = None;
    }

    fn put_back(&mut self, batch: Vec<Learned>) {
        for learned in batch.into_iter().rev() {
            let size = learned.size();
            let mut is_back = true;
            match &learned.what {
                What::Ban(_) => self.bans.push_front(learned),
                What::Registered(_) | What::Ended(_) => self.registrations.push_front(learned),
                What::Hold(_) | What::Alarm(_) | What::Audit(_) => self.others.push_front(learned),
                What::Call(new) => is_back = self.calls.put_back(new.key(), learned),
                What::Device(new) => is_back = self.devices.put_back(new.key(), learned),
                What::Score(score) => is_back = self.scores.put_back(score.record.key.clone(), learned),
            }
            self.size += if is_back { size } else { 0 };
        }
    }

    fn pop(&mut self) -> Option<Learned> {
        let first = self.bans.pop_front().or_else(|| self.registrations.pop_front());
        let first = first.or_else(|| self.others.pop_front());
        let first = first.or_else(|| self.calls.pop()).or_else(|| self.devices.pop()).or_else(|| self.scores.pop());
        self.size -= first.as_ref().map_or(0, Learned::size);
        first
    }

    fn drop_one(&mut self) {
        let last = self
            .scores
            .pop()
            .or_else(|| self.devices.pop())
            .or_else(|| self.calls.pop())
            .or_else(|| self.others.pop_front());
        let last = last.or_else(|| self.registrations.pop_front()).or_else(|| self.bans.pop_front());
        self.size -= last.as_ref().map_or(0, Learned::size);
        last.iter().for_each(|one| *self.count(&one.what) += 1);
    }

    fn count(&mut self, what: &What) -> &mut u64 {
        match what {
            What::Ban(_) => &mut self.dropped.bans,
            What::Registered(_) | What::Ended(_) => &mut self.dropped.registrations,
            What::Hold(_) | What::Alarm(_) | What::Audit(_) => &mut self.dropped.others,
            What::Call(_) => &mut self.dropped.calls,
            What::Device(_) => &mut self.dropped.devices,
            What::Score(_) => &mut self.dropped.scores,
        }
    }
}

#[cfg(test)]
mod tests;
