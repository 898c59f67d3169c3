//! The daemon's slow side: the database, the comparison of maps, and reloading, on a thread of its own.
//!
//! Owns: the instance and the open database. Refuses: reading events, so that neither a slow disk nor the verifier keeps
//! the loop from them.
mod ledger;
mod troubles;

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracing::{error, info, warn};

use firewall_common::addr::Prefix;

use super::refresher::Refresher;
use super::source::{Parts, Source};
use crate::config;
use crate::dataplane::{self, Instance, clock};
use crate::engine::command::Command;
use crate::engine::saved::{Key, Record};
use crate::engine::{Seen, Task, Upkeep};
use crate::store::{NewEvent, Options, Store, StoreError};
use ledger::Ledger;
use troubles::{Part, Troubles};

/// Jobs that wait; at ten batches of events a second, a few seconds' worth.
const QUEUE: usize = 64;
/// Events that the database keeps.
const EVENTS_KEPT: u32 = 100_000;
/// How long no event is written after one could not be.
const EVENTS_PAUSE_MS: i64 = 5_000;
/// How long the database's lock is waited for.
const WAIT: Duration = Duration::from_secs(2);

/// What there is to do.
pub(super) enum Job {
    /// Keep events.
    Record(Vec<NewEvent>),
    /// Write down what was done on these commands, and when (Unix milliseconds): a ban that a person lifted later is not
    /// written down.
    #[expect(dead_code, reason = "the loop gives it as soon as the engine is in it")]
    Commands(Vec<Command>, i64),
    /// Write down what the engine counts; with the key of its hashes, and when it was so (Unix milliseconds).
    #[expect(dead_code, reason = "the loop gives it as soon as the engine is in it")]
    Scores(Vec<Record>, Key, i64),
    /// Look whether anything changed.
    Look,
    /// Read the config anew and apply it.
    Reload,
    /// End.
    Stop,
}

/// What the thread tells the loop.
pub(super) enum News {
    /// What the loop reads from has changed.
    Reopened(Box<Reopened>),
    /// A person has lifted the bans of these sources; the engine's scores of them count no more.
    Lifted(Vec<Prefix>),
}

/// What the loop reads from, as it is now.
pub(super) struct Reopened(Parts);

impl Reopened {
    /// To be called inside the loop's runtime.
    pub(super) fn source(self) -> Result<Source> {
        self.0.into_source()
    }
}

/// The thread.
pub(super) struct Keeper {
    jobs: Jobs,
    thread: JoinHandle<dataplane::Result<()>>,
}

/// The way to the thread.
#[derive(Clone)]
pub(super) struct Jobs(SyncSender<Job>);

/// Why a job was not taken.
pub(super) enum Refused {
    /// Too many wait.
    Full(Job),
    /// The thread has ended, which it never should.
    Ended,
}

impl Jobs {
    /// Gives it a job, without waiting.
    pub(super) fn give(&self, job: Job) -> std::result::Result<(), Refused> {
        self.0.try_send(job).map_err(|error| match error {
            TrySendError::Full(job) => Refused::Full(job),
            TrySendError::Disconnected(_) => Refused::Ended,
        })
    }
}

impl Keeper {
    /// Starts the thread.
    pub(super) fn spawn(
        instance: Instance,
        config_file: Option<PathBuf>,
        refresher: Refresher,
    ) -> Result<(Self, UnboundedReceiver<News>)> {
        let (jobs, queue) = sync_channel(QUEUE);
        let (tell, told) = unbounded_channel();
        let state_dir = instance.policy()?.state_dir.clone();
        let work = Work {
            instance,
            config_file,
            refresher,
            state_dir,
            store: None,
            upkeep: Upkeep::default(),
            ledger: Ledger::default(),
            events_from: 0,
            troubles: Troubles::default(),
            tell,
        };
        let thread = std::thread::Builder::new().name("keeper".to_owned()).spawn(move || work.run(&queue));
        Ok((Self { jobs: Jobs(jobs), thread: thread.context("starting a thread")? }, told))
    }

    /// A way to it.
    pub(super) fn jobs(&self) -> Jobs {
        self.jobs.clone()
    }

    /// Has it finish what waits and close the instance.
    pub(super) fn finish(self) -> Result<()> {
        let _ = self.jobs.0.send(Job::Stop);
        match self.thread.join() {
            Ok(closed) => closed.context("closing the instance"),
            Err(_) => anyhow::bail!("the thread that keeps the maps panicked; please report it"),
        }
    }
}

/// What the thread works with.
struct Work {
    instance: Instance,
    config_file: Option<PathBuf>,
    refresher: Refresher,
    state_dir: PathBuf,
    store: Option<Store>,
    upkeep: Upkeep,
    ledger: Ledger,
    /// Unix milliseconds before which no event is written.
    events_from: i64,
    troubles: Troubles,
    tell: UnboundedSender<News>,
}

impl Work {
    fn run(mut self, queue: &Receiver<Job>) -> dataplane::Result<()> {
        for job in queue {
            match job {
                Job::Record(events) => self.record(&events),
                Job::Commands(commands, time) => self.learn(commands, time),
                Job::Scores(records, key, time) => self.keep_scores(records, key, time),
                Job::Look => self.look(),
                Job::Reload => self.reload(),
                Job::Stop => break,
            }
        }
        self.write_the_rest();
        self.instance.close()
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
                let swept = self.instance.sweep_registrants();
                self.troubles.note(Part::Registrants, swept.err());
                let pruned = self.store.as_mut().map(|store| store.prune_learned(now));
                self.troubles.note(Part::Database, pruned.and_then(std::result::Result::err));
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
        match self.instance.reload(&loaded) {
            Ok(reloaded) => {
                reloaded.warnings.iter().for_each(|warning| warn!("{warning}"));
                info!(generation = reloaded.generation, program = reloaded.program_id, resized = ?reloaded.resized, "reloaded");
                self.upkeep.synced(reloaded.synced.next_expiry);
                self.reopen();
            }
            Err(error) => error!("not reloaded, the running policy stays as it is: {error}"),
        }
    }

    /// Another generation judges: its events are read, and the config behind it may name other lists.
    fn reopen(&mut self) {
        self.refresher.reconfigured();
        match Parts::open(&self.instance) {
            // The loop has ended if nobody listens.
            Ok(parts) => drop(self.tell.send(News::Reopened(Box::new(Reopened(parts))))),
            Err(error) => warn!("the events of the new generation can't be read: {error}"),
        }
    }
}
