//! The daemon's slow side: the database, the comparison of maps, and reloading, on a thread of its own.
//!
//! Owns: the instance and the open database. Refuses: reading events, so that neither a slow disk nor the verifier keeps
//! the loop from them.
mod calls;
mod devices;
mod jobs;
mod ledger;
mod numbers;
mod troubles;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;

use anyhow::{Context as _, Result};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracing::{error, info, warn};

use super::namer::Namer;
use super::refresher::Refresher;
use super::{WAIT, slow_path, source};
use crate::call_log::Numbering;
use crate::config::{self, Config, Loaded};
use crate::dataplane::{self, Instance, clock};
use crate::engine::command::Command;
use crate::engine::saved::{Key, Record};
use crate::engine::{Seen, Task, Upkeep};
use crate::feed::{Feeds, Position, Positions};
use crate::names::Resolved;
use crate::report::slow_path::SlowPathReport;
use crate::store::{Keep, NewEvent, Options, Store, StoreError};
pub(super) use jobs::{Job, Jobs, News, Refused, Reopened};
use ledger::Ledger;
use troubles::{Part, Troubles};

/// Events that the database keeps.
const EVENTS_KEPT: u32 = 100_000;
/// How long no event is written after one could not be.
const EVENTS_PAUSE_MS: i64 = 5_000;

/// The thread.
pub(super) struct Keeper {
    jobs: Jobs,
    thread: JoinHandle<dataplane::Result<()>>,
}

impl Keeper {
    /// Starts the thread.
    pub(super) fn spawn(
        instance: Instance,
        config_file: Option<PathBuf>,
        told: Told,
    ) -> Result<(Self, UnboundedReceiver<News>)> {
        let (jobs, queue) = Jobs::queue();
        let (tell, news) = unbounded_channel();
        let state_dir = instance.policy()?.state_dir.clone();
        let mut work = Work {
            instance,
            config_file,
            told,
            positions: BTreeMap::new(),
            state_dir,
            store: None,
            upkeep: Upkeep::default(),
            ledger: Ledger::default(),
            events_from: 0,
            troubles: Troubles::default(),
            since: clock::now().wall_ms,
            keep: calls::keep(&Config::builtin()),
            devices: devices::Rules::default(),
            numbers: None,
            tell,
        };
        drop(work.configure());
        let thread = std::thread::Builder::new().name("keeper".to_owned()).spawn(move || work.run(&queue));
        Ok((Self { jobs, thread: thread.context("starting a thread")? }, news))
    }

    /// A way to it.
    pub(super) fn jobs(&self) -> Jobs {
        self.jobs.clone()
    }

    /// Has it finish what waits and close the instance.
    pub(super) fn finish(self) -> Result<()> {
        self.jobs.stop();
        match self.thread.join() {
            Ok(closed) => closed.context("closing the instance"),
            Err(_) => anyhow::bail!("the thread that keeps the maps panicked; please report it"),
        }
    }
}

/// Whom it tells the config in force, and whom it asks how they stand.
pub(super) struct Told {
    pub(super) refresher: Refresher,
    pub(super) namer: Namer,
    pub(super) feeds: Feeds,
}

/// What the thread works with.
struct Work {
    instance: Instance,
    config_file: Option<PathBuf>,
    told: Told,
    /// The feeds' positions that are written down.
    positions: BTreeMap<String, Position>,
    state_dir: PathBuf,
    store: Option<Store>,
    upkeep: Upkeep,
    ledger: Ledger,
    /// Unix milliseconds before which no event is written.
    events_from: i64,
    troubles: Troubles,
    /// Unix milliseconds of the daemon's start.
    since: i64,
    keep: Keep,
    devices: devices::Rules,
    /// The version of the lists of numbers that the loop was told; none for those of another config.
    numbers: Option<i64>,
    tell: UnboundedSender<News>,
}

impl Work {
    fn run(mut self, queue: &Receiver<Job>) -> dataplane::Result<()> {
        for job in queue {
            match job {
                Job::Record(events) => self.record(&events),
                Job::Commands { commands, time } => self.learn(commands, time),
                Job::Scores { records, key, time } => self.keep_scores(records, key, time),
                Job::Alarms(alarms) => self.ledger.take_alarms(alarms),
                Job::Report(report) => self.publish(*report),
                Job::Look => self.look(),
                Job::Reload => self.reload(),
                Job::Rename(resolved) => self.rename(resolved),
                Job::Stop => break,
            }
        }
        self.write_the_rest();
        self.keep_positions(self.told.feeds.positions());
        let Self { instance, told, .. } = self;
        drop(told.feeds.stop());
        instance.close()
    }

    /// Events are samples: while the database takes none, they are not what anybody waits for.
    fn record(&mut self, events: &[NewEvent]) {
        let now = clock::now().wall_ms;
        let Some(store) = self.store.as_mut().filter(|_| self.events_from <= now) else { return };
        let recorded = store.insert_events(events, EVENTS_KEPT);
        self.events_from = if recorded.is_ok() { now } else { now.saturating_add(EVENTS_PAUSE_MS) };
        self.troubles.note(Part::Events, recorded.err());
    }

    fn learn(&mut self, commands: Vec<Command>, time: i64) {
        self.ledger.take(commands, time, self.instance.policy().ok());
        self.write_down(clock::now().wall_ms);
    }

    fn keep_scores(&mut self, records: Vec<Record>, key: Key, time: i64) {
        self.ledger.take_scores(records, key, time, self.instance.policy().ok());
        self.write_down(clock::now().wall_ms);
    }

    /// Writes down what has been learned. A database that can't be written keeps it waiting, and nothing else.
    fn write_down(&mut self, now: i64) {
        let Some(store) = &mut self.store else { return };
        let flushed = self.ledger.flush(store, now);
        if flushed.recorded.bans > 0 {
            // The kernel has them without a number; the next comparison gives them the row's.
            self.upkeep.compare();
        }
        if flushed.error.as_ref().is_some_and(StoreError::calls_for_reopening) {
            self.store = None;
        }
        self.troubles.note(Part::Learned, flushed.error);
        self.judge_devices(&flushed.recorded.devices, now);
        let dropped = self.ledger.take_dropped();
        if dropped.total() > 0 {
            warn!(?dropped, "more was learned than can wait for the database; bans hold all the same, until a reboot");
        }
    }

    fn write_the_rest(&mut self) {
        self.ledger.retry_now();
        self.write_down(clock::now().wall_ms);
        if self.ledger.waiting() > 0 {
            warn!(waiting = self.ledger.waiting(), "not everything that was learned could be written down");
        }
    }

    /// Writes down where the feeds' files have been read to, where that has changed.
    fn keep_positions(&mut self, positions: Positions) {
        if positions.files == self.positions {
            return;
        }
        let Some(store) = &mut self.store else { return };
        let saved = positions.save(store);
        if saved.is_ok() {
            self.positions = positions.files;
        }
        self.troubles.note(Part::Database, saved.err());
    }

    /// Puts the slow path's counters where the status finds them.
    fn publish(&mut self, mut report: SlowPathReport) {
        report.feeds = serde_json::to_value(self.told.feeds.status()).unwrap_or_default();
        let written = report.write(&self.instance.run_dir());
        self.troubles.note(Part::Report, written.err());
    }

    /// Tells the loop whose bans other processes have lifted.
    fn notice_lifted(&mut self) {
        let Some(store) = &self.store else { return };
        let lifted = self.ledger.lifted(store);
        let lifted = self.troubles.of(Part::Database, lifted).unwrap_or_default();
        if !lifted.is_empty() {
            drop(self.tell.send(News::Lifted(lifted)));
        }
    }

    fn look(&mut self) {
        let reloaded = self.instance.refresh();
        let version = self.version();
        let seen = Seen { now: clock::now().wall_ms, version, reloaded: matches!(reloaded, Ok(true)) };
        self.notice_lifted();
        self.keep_positions(self.told.feeds.positions());
        self.write_down(seen.now);
        self.troubles.note(Part::Instance, reloaded.err());
        if seen.reloaded {
            info!(generation = self.instance.generation(), "another process reloaded the policy");
            self.reopen();
        }
        for task in self.upkeep.look(seen) {
            self.carry_out(task, seen.now);
        }
    }

    /// The database's version, after opening it if it is not open.
    fn version(&mut self) -> Option<i64> {
        if self.store.as_ref().is_none_or(Store::is_replaced) {
            let opened = Store::open_with(&self.state_dir, Options { wait: WAIT });
            let opened = opened.and_then(|store| self.ledger.opened(&store).map(|()| store));
            self.store = self.troubles.of(Part::Database, opened);
            self.upkeep.compare();
            self.judge_all_devices(clock::now().wall_ms);
        }
        let version = self.store.as_ref()?.data_version();
        self.troubles.of(Part::Database, version)
    }

    fn carry_out(&mut self, task: Task, now: i64) {
        match task {
            Task::Prune => {
                let pruned = self.store.as_mut().map(|store| store.prune_expired(now));
                self.troubles.note(Part::Database, pruned.and_then(std::result::Result::err));
            }
            Task::Sync => self.sync(now),
            Task::Sweep => {
                let swept = self.instance.sweep_registrants().and_then(|_| self.instance.sweep_holds());
                self.troubles.note(Part::Registrants, swept.err());
                let pruned = self.store.as_mut().map(|store| store.prune_learned(now));
                self.troubles.note(Part::Database, pruned.and_then(std::result::Result::err));
                self.sweep_calls(now);
                self.sweep_devices(now);
            }
        }
    }

    fn sync(&mut self, now: i64) {
        let Some(store) = &self.store else { return self.upkeep.failed(now) };
        let synced = self.instance.sync_entries(store);
        match &synced {
            Ok(synced) => {
                self.upkeep.synced(synced.next_expiry);
                if synced.written + synced.removed > 0 {
                    info!(written = synced.written, removed = synced.removed, "entries changed");
                }
                self.troubles.note(Part::Lists, synced.complaint());
            }
            Err(_) => self.upkeep.failed(now),
        }
        self.troubles.note(Part::Entries, synced.err());
        self.tell_numbers();
    }

    fn reload(&mut self) {
        let loaded = match config::load(self.config_file.as_deref()) {
            Ok(loaded) => loaded,
            Err(problems) => {
                problems.iter().for_each(|problem| error!("{problem}"));
                return error!("the config has errors; the running policy stays as it is");
            }
        };
        loaded.warnings.iter().for_each(|problem| warn!("{problem}"));
        self.apply(&loaded);
    }

    /// Whoever edits the config says when it is to be applied, so it is not read here.
    fn rename(&mut self, resolved: Resolved) {
        match self.instance.config() {
            Ok(loaded) => self.apply(&Loaded { resolved, ..loaded }),
            Err(error) => warn!("peers keep their addresses until the next reload: {error}"),
        }
    }

    fn apply(&mut self, loaded: &Loaded) {
        match self.instance.reload(loaded) {
            Ok(reloaded) => {
                reloaded.warnings.iter().for_each(|warning| warn!("{warning}"));
                info!(generation = reloaded.generation, program = reloaded.program_id, resized = ?reloaded.resized, "reloaded");
                self.upkeep.synced(reloaded.synced.next_expiry);
                self.reopen();
            }
            Err(error) => error!("not reloaded, the running policy stays as it is: {error}"),
        }
    }

    /// Tells the other threads the config in force. Where it is gone, because another version of sipfw kept none, they go on
    /// by what they know.
    fn configure(&mut self) -> Option<Config> {
        let loaded = self.instance.config().ok()?;
        self.told.refresher.configure(loaded.clone());
        self.told.namer.configure(loaded.clone());
        self.keep = calls::keep(&loaded.config);
        self.ledger.read_numbers_by(Numbering::of(&loaded));
        self.devices = devices::Rules::of(&loaded);
        self.judge_all_devices(clock::now().wall_ms);
        Some(loaded.config)
    }

    /// Another generation judges: what it tells is read, and the config behind it may name other lists and feeds.
    fn reopen(&mut self) {
        self.numbers = None;
        let config = self.configure();
        let reloaded = config.as_ref().map(|config| self.told.feeds.reload(config));
        self.troubles.note(Part::Feeds, reloaded.and_then(std::result::Result::err));
        let parts = source::Parts::open(&self.instance)
            .and_then(|events| slow_path::Parts::open(&self.instance).map(|slow_path| (events, slow_path)));
        match parts {
            Ok((events, slow_path)) => {
                let reopened = Reopened { events, slow_path, config };
                // The loop has ended if nobody listens.
                drop(self.tell.send(News::Reopened(Box::new(reopened))));
            }
            Err(error) => warn!("what the new generation tells can't be read: {error}"),
        }
    }
}
