//! The slow path's part of the loop: copies of packets and what feeds tell go in, commands come out and are carried out
//! before anything else is read.
//!
//! Owns: the rings, what feeds tell, and the desk where both are dealt with. Refuses: deciding (the engine does), and the database
//! (the keeper has it).
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver};
use tracing::warn;

use super::auditor::Auditor;
use super::desk::{Desk, Names};
use super::hands::OfGeneration;
use super::memory::Restored;
use super::source::watch;
use super::verifier::Verifier;
use crate::config::Config;
use crate::dataplane::{self, Copies, CopyRing, Instance, clock};
use crate::engine::command::Command;
use crate::engine::input::{FeedEvent, Verified};
use crate::engine::saved::{Key, Record};
use crate::numbers::Numbers;
use crate::report::slow_path::SlowPathReport;

/// The kernel's side of the slow path, of one generation.
pub(super) struct Parts {
    trusted: CopyRing,
    strangers: CopyRing,
    of_generation: OfGeneration,
    names: Names,
}

impl Parts {
    /// Opens what belongs to the active generation.
    pub(super) fn open(instance: &Instance) -> dataplane::Result<Self> {
        let policy = instance.policy()?;
        let names = Names { v6_prefix: policy.v6_prefix, peers: policy.peers.clone() };
        let Copies { trusted, strangers } = instance.copies()?;
        Ok(Self { trusted, strangers, of_generation: OfGeneration::open(instance)?, names })
    }
}

/// The slow path, running.
pub(super) struct SlowPath {
    trusted: AsyncFd<CopyRing>,
    strangers: AsyncFd<CopyRing>,
    desk: Desk,
    told: Receiver<FeedEvent>,
    verified: UnboundedReceiver<Verified>,
    /// Unix milliseconds of the start.
    since: i64,
}

impl SlowPath {
    /// Begins with what an earlier daemon has learned. To be called inside the loop's runtime.
    pub(super) fn new(
        parts: Parts,
        restored: Restored,
        told: Receiver<FeedEvent>,
        auditor: Auditor,
        config: &Config,
    ) -> Result<Self> {
        let (trusted, strangers) = (watch(parts.trusted)?, watch(parts.strangers)?);
        let (verifier, verified) = Verifier::spawn(config)?;
        let (engine, records) = (restored.engine, restored.calls);
        let mut desk = Desk::new(engine, parts.of_generation, parts.names, auditor, verifier, &records);
        desk.tell_auditor(config);
        Ok(Self { trusted, strangers, desk, told, verified, since: clock::now().wall_ms })
    }

    /// Goes on with another generation, and its config if that can be read. What was learned stays.
    pub(super) fn reopen(&mut self, parts: Parts, config: Option<&Config>) -> Result<()> {
        (self.trusted, self.strangers) = (watch(parts.trusted)?, watch(parts.strangers)?);
        self.desk.reopen(parts.of_generation, parts.names);
        if let Some(config) = config {
            self.desk.reconfigure(config);
        }
        Ok(())
    }

    /// Waits for input, and deals with some of it; the trusted ring's goes first. Nothing is lost when this is dropped while
    /// it waits.
    pub(super) async fn turn(&mut self) -> Result<()> {
        tokio::select! {
            biased;
            ready = self.trusted.readable_mut() => self.desk.read(ready.context(WAITING)?),
            Some(event) = self.told.recv() => self.desk.hear(&event),
            Some(verified) = self.verified.recv() => self.desk.verified(&verified),
            ready = self.strangers.readable_mut() => self.desk.read(ready.context(WAITING)?),
        }
        Ok(())
    }

    /// Whether somebody was banned since the last [`Self::take_learned`]: that is written down at once.
    pub(super) fn is_urgent(&self) -> bool {
        self.desk.is_urgent()
    }

    /// What has been carried out and is to be written down.
    pub(super) fn take_learned(&mut self) -> Vec<Command> {
        self.desk.take_learned()
    }

    /// Takes back what nobody had room for.
    pub(super) fn keep(&mut self, learned: Vec<Command>) {
        self.desk.keep(learned);
    }

    /// Does what time alone brings about. Once a second.
    pub(super) fn second(&mut self) {
        self.desk.second();
    }

    /// What has changed of the engine's scores, with the key of their hashes.
    pub(super) fn changed(&mut self) -> (Vec<Record>, Key) {
        self.desk.changed()
    }

    /// The lists of numbers are these.
    pub(super) fn set_numbers(&mut self, numbers: Arc<Numbers>) {
        self.desk.set_numbers(numbers);
    }

    /// A person has lifted the bans of these sources.
    pub(super) fn lifted(&mut self, sources: &[firewall_common::addr::Prefix]) {
        self.desk.lifted(sources);
    }

    /// The counters, for the status. The feeds' are the keeper's.
    pub(super) fn report(&self) -> SlowPathReport {
        let value = |result: serde_json::Result<serde_json::Value>| {
            result.unwrap_or_else(|error| {
                warn!("counters can't be shown: {error}");
                serde_json::Value::Null
            })
        };
        SlowPathReport {
            since: self.since,
            updated: clock::now().wall_ms,
            engine: value(serde_json::to_value(self.desk.engine_counts())),
            wire: value(serde_json::to_value(self.desk.wire_counts())),
            answers: value(serde_json::to_value(self.desk.answer_counts())),
            passwords: value(serde_json::to_value(self.desk.audit_counts())),
            feeds: serde_json::Value::Null,
        }
    }
}

const WAITING: &str = "waiting for the kernel's copies";
