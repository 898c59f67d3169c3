//! What the screen shows: counters, and how they grew in the last second.
//!
//! Owns: reading them, the rates, and which sources were dropped most. Refuses: drawing.
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Instant;

use anyhow::Result;
use firewall_common::reason::Reason;
use serde::Serialize;

use crate::dataplane::{Instance, InstanceInfo, RunningPolicy, Stats, clock};
use crate::entries::{Kind, StoredEntry, prefix_text};
use crate::store::{Filter, Store};

/// How long a sampled drop counts for its source.
const EVENT_MEMORY_MS: i64 = 60_000;
/// Events read in a second.
const EVENTS_MAX: u32 = 20_000;
/// Seconds of drops that are remembered for the curve.
const CURVE: usize = 120;
/// Sources that are kept.
const SOURCES: usize = 20;

/// One second.
#[derive(Serialize)]
pub(in crate::cli) struct Sample {
    pub(super) iface: String,
    #[serde(skip)]
    pub(super) info: Option<InstanceInfo>,
    #[serde(skip)]
    pub(super) policy: Option<RunningPolicy>,
    #[serde(skip)]
    pub(super) now: i64,
    pub(super) passed: f64,
    pub(super) dropped: f64,
    /// Passed only because their stage is monitored.
    pub(super) monitored: f64,
    pub(super) reasons: Vec<ReasonRate>,
    pub(super) peers: Vec<PeerRate>,
    pub(super) sources: Vec<Source>,
    #[serde(skip)]
    pub(super) bans: Vec<StoredEntry>,
    pub(super) events_lost: u64,
    /// Drops a second, the last one last.
    #[serde(skip)]
    pub(super) curve: Vec<u64>,
}

/// A reason that has occurred.
#[derive(Serialize)]
pub(super) struct ReasonRate {
    pub(super) reason: &'static str,
    pub(super) drops: bool,
    pub(super) monitored: bool,
    pub(super) rate: f64,
    pub(super) packets: u64,
}

/// A peer.
#[derive(Serialize)]
pub(super) struct PeerRate {
    pub(super) name: String,
    pub(super) passed: f64,
    pub(super) dropped: f64,
}

/// A source that is dropped: by an entry, whose packets are counted, or by samples of the last minute.
#[derive(Serialize)]
pub(super) struct Source {
    pub(super) source: String,
    pub(super) why: String,
    /// A second; only for entries.
    pub(super) rate: Option<f64>,
    pub(super) packets: u64,
}

/// Takes samples.
pub(in crate::cli) struct Sampler {
    instance: Instance,
    store: Store,
    before: Option<(Instant, Stats, HashMap<u32, u64>)>,
    /// Nothing before the first look.
    last_event: Option<i64>,
    events: VecDeque<(i64, IpAddr, Reason)>,
    curve: VecDeque<u64>,
}

impl Sampler {
    pub(in crate::cli) fn new(instance: Instance, store: Store) -> Self {
        let (events, curve) = (VecDeque::new(), VecDeque::new());
        Self { instance, store, before: None, last_event: None, events, curve }
    }

    /// Reads everything; the first sample has no rates.
    pub(in crate::cli) fn take(&mut self) -> Result<Sample> {
        self.instance.refresh()?;
        let (now, at) = (clock::now().wall_ms, Instant::now());
        let (stats, hits) = (self.instance.stats()?, self.instance.hits()?);
        self.read_events(now)?;
        let seconds = self.before.as_ref().map(|(before, ..)| (at - *before).as_secs_f64());
        let reasons = self.reasons(&stats, seconds);
        let sum = |f: &dyn Fn(&ReasonRate) -> bool| {
            reasons.iter().filter(|r| f(r)).map(|r| r.rate).fold(0.0, |sum, rate| sum + rate)
        };
        let (dropped, monitored) = (sum(&|r| r.drops && !r.monitored), sum(&|r| r.monitored));
        self.remember(dropped);
        let sample = Sample {
            iface: self.instance.iface().to_owned(),
            info: self.instance.info(),
            policy: self.instance.policy().ok().cloned(),
            now,
            passed: sum(&|r| !r.drops),
            dropped,
            monitored,
            peers: self.peers(&stats, seconds),
            sources: self.sources(&hits, seconds, now)?,
            bans: self.store.list(Kind::Ban, &Filter::default(), now)?,
            events_lost: stats.events_lost,
            curve: self.curve.iter().copied().collect(),
            reasons,
        };
        self.before = Some((at, stats, hits));
        Ok(sample)
    }

    fn remember(&mut self, dropped: f64) {
        self.curve.push_back(dropped.round() as u64);
        self.curve.drain(..self.curve.len().saturating_sub(CURVE));
    }

    fn read_events(&mut self, now: i64) -> Result<()> {
        let since = match self.last_event {
            Some(last) => last,
            // What is older than the ring's newest part is older than a minute in all likelihood.
            None => self.store.last_event()?.saturating_sub(EVENTS_MAX.into()),
        };
        let new = self.store.events(since, EVENTS_MAX)?;
        self.last_event = Some(new.last().map_or(since, |event| event.id));
        self.events.extend(new.iter().map(|e| (e.event.time, e.event.src, e.event.reason)));
        while self.events.front().is_some_and(|(time, ..)| *time < now - EVENT_MEMORY_MS) {
            self.events.pop_front();
        }
        Ok(())
    }

    fn reasons(&self, stats: &Stats, seconds: Option<f64>) -> Vec<ReasonRate> {
        let before = self.before.as_ref().map(|(_, stats, _)| stats);
        let mut rates = Vec::new();
        for (place, r) in stats.reasons.iter().enumerate() {
            let old = before.and_then(|before| before.reasons.get(place));
            for (monitored, new, old) in
                [(false, r.enforced, old.map(|old| old.enforced)), (true, r.monitored, old.map(|old| old.monitored))]
            {
                if new.packets > 0 {
                    let rate = grown(new.packets, old.map(|old| old.packets), seconds);
                    let (reason, drops) = (r.reason.word(), r.reason.drops());
                    rates.push(ReasonRate { reason, drops, monitored, rate, packets: new.packets });
                }
            }
        }
        rates.sort_by(|a, b| b.rate.total_cmp(&a.rate).then(b.packets.cmp(&a.packets)));
        rates
    }

    fn peers(&self, stats: &Stats, seconds: Option<f64>) -> Vec<PeerRate> {
        let before = self.before.as_ref().map(|(_, stats, _)| stats);
        let peer = |p: &crate::dataplane::PeerStats| {
            // Ids are another generation's after a reload; names are not.
            let old = before.and_then(|b| b.peers.iter().find(|old| old.name == p.name)).map(|old| old.counter);
            PeerRate {
                name: p.name.clone().unwrap_or_else(|| "(allow entries)".to_owned()),
                passed: grown(p.counter.passed, old.map(|old| old.passed), seconds),
                dropped: grown(p.counter.dropped, old.map(|old| old.dropped), seconds),
            }
        };
        let mut peers: Vec<PeerRate> = stats.peers.iter().map(peer).collect();
        peers.sort_by(|a, b| b.passed.total_cmp(&a.passed));
        peers
    }

    /// Entries that drop, by the packets of the last second and then in all; behind them sources of sampled drops.
    fn sources(&self, hits: &HashMap<u32, u64>, seconds: Option<f64>, now: i64) -> Result<Vec<Source>> {
        let before = self.before.as_ref().map(|(.., hits)| hits);
        let mut counted: Vec<(f64, u64, u32)> = hits
            .iter()
            .map(|(id, n)| (grown(*n, before.and_then(|b| b.get(id)).copied(), seconds), *n, *id))
            .filter(|(_, n, _)| *n > 0)
            .collect();
        counted.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
        let mut sources = Vec::new();
        for (rate, packets, id) in counted.into_iter().take(SOURCES) {
            let entry = self.store.entry(id)?.filter(|e| e.kind != Kind::Allow && e.in_force(now));
            sources.extend(entry.map(|e| Source {
                source: prefix_text(e.prefix),
                why: e.kind.word().to_owned(),
                rate: Some(rate),
                packets,
            }));
        }
        sources.extend(self.sampled());
        Ok(sources)
    }

    fn sampled(&self) -> Vec<Source> {
        let mut counts: HashMap<(IpAddr, Reason), u64> = HashMap::new();
        for (_, source, reason) in &self.events {
            // Entries have counters of their own above.
            if !matches!(reason, Reason::Denied | Reason::Banned) {
                *counts.entry((*source, *reason)).or_default() += 1;
            }
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|((source, reason), n)| (std::cmp::Reverse(*n), *source, *reason));
        let source = |((source, reason), packets): ((IpAddr, Reason), u64)| Source {
            source: source.to_string(),
            why: reason.word().to_owned(),
            rate: None,
            packets,
        };
        counts.into_iter().take(SOURCES).map(source).collect()
    }
}

/// Growth a second. Counters that shrank began anew.
fn grown(new: u64, old: Option<u64>, seconds: Option<f64>) -> f64 {
    match (old, seconds) {
        (Some(old), Some(seconds)) if seconds > 0.0 => new.checked_sub(old).unwrap_or(new) as f64 / seconds,
        // What was not there a second ago has grown from nothing.
        (None, Some(seconds)) if seconds > 0.0 => new as f64 / seconds,
        _ => 0.0,
    }
}
