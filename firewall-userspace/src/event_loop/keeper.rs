//! The daemon's slow side: the database, the comparison of maps, and reloading, on a thread of its own.
//!
//! Owns: the instance and the open database. Refuses: reading events, so that neither a slow disk nor the verifier keeps
//! the loop from them.
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracing::{error, info, warn};

use super::namer::Namer;
use super::refresher::Refresher;
use super::source::{Parts, Source};
use crate::config::{self, Loaded};
use crate::dataplane::{self, Instance, clock};
use crate::engine::{Seen, Task, Upkeep};
use crate::names::Resolved;
use crate::store::{NewEvent, Options, Store, StoreError};

/// Jobs that wait; at ten batches of events a second, a few seconds' worth.
const QUEUE: usize = 64;
/// Events that the database keeps.
const EVENTS_KEPT: u32 = 100_000;
/// How long the database's lock is waited for.
const WAIT: Duration = Duration::from_secs(2);

/// What there is to do.
pub(super) enum Job {
    /// Keep events.
    Record(Vec<NewEvent>),
    /// Look whether anything changed.
    Look,
    /// Read the config anew and apply it.
    Reload,
    /// Make the policy in force anew, with these addresses of peers' names.
    Rename(Resolved),
    /// End.
    Stop,
}

/// What the loop reads from has changed.
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
        told: Told,
    ) -> Result<(Self, UnboundedReceiver<Reopened>)> {
        let (jobs, queue) = sync_channel(QUEUE);
        let (tell, news) = unbounded_channel();
        let state_dir = instance.policy()?.state_dir.clone();
        let work = Work {
            instance,
            config_file,
            told,
            state_dir,
            store: None,
            upkeep: Upkeep::default(),
            troubles: Troubles::default(),
            tell,
        };
        work.configure();
        let thread = std::thread::Builder::new().name("keeper".to_owned()).spawn(move || work.run(&queue));
        Ok((Self { jobs: Jobs(jobs), thread: thread.context("starting a thread")? }, news))
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

/// Whom it tells the config in force.
pub(super) struct Told {
    pub(super) refresher: Refresher,
    pub(super) namer: Namer,
}

/// What the thread works with.
struct Work {
    instance: Instance,
    config_file: Option<PathBuf>,
    told: Told,
    state_dir: PathBuf,
    store: Option<Store>,
    upkeep: Upkeep,
    troubles: Troubles,
    tell: UnboundedSender<Reopened>,
}

impl Work {
    fn run(mut self, queue: &Receiver<Job>) -> dataplane::Result<()> {
        for job in queue {
            match job {
                Job::Record(events) => self.record(&events),
                Job::Look => self.look(),
                Job::Reload => self.reload(),
                Job::Rename(resolved) => self.rename(resolved),
                Job::Stop => break,
            }
        }
        self.instance.close()
    }

    fn record(&mut self, events: &[NewEvent]) {
        let Some(store) = &mut self.store else { return };
        let recorded = store.insert_events(events, EVENTS_KEPT);
        self.troubles.note(Part::Events, recorded.err());
    }

    fn look(&mut self) {
        let reloaded = self.instance.refresh();
        let version = self.version();
        let seen = Seen { now: clock::now().wall_ms, version, reloaded: matches!(reloaded, Ok(true)) };
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
        if self.store.is_none() {
            let opened = Store::open_with(&self.state_dir, Options { wait: WAIT });
            self.store = self.troubles.of(Part::Database, opened);
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
    fn configure(&self) {
        if let Ok(loaded) = self.instance.config() {
            self.told.refresher.configure(loaded.clone());
            self.told.namer.configure(loaded);
        }
    }

    /// Another generation judges: its events are read, and the config behind it may name other lists.
    fn reopen(&mut self) {
        self.configure();
        match Parts::open(&self.instance) {
            // The loop has ended if nobody listens.
            Ok(parts) => drop(self.tell.send(Reopened(parts))),
            Err(error) => warn!("the events of the new generation can't be read: {error}"),
        }
    }
}

/// What can be in trouble.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Database,
    Events,
    Entries,
    Instance,
    Lists,
    Registrants,
}

/// Troubles that last are said once, and once more when they end.
#[derive(Default)]
struct Troubles(Vec<(Part, String)>);

impl Troubles {
    fn of<T>(&mut self, part: Part, result: std::result::Result<T, StoreError>) -> Option<T> {
        let (value, error) = match result {
            Ok(value) => (Some(value), None),
            Err(error) => (None, Some(error)),
        };
        self.note(part, error);
        value
    }

    fn note<E: ToString>(&mut self, part: Part, error: Option<E>) {
        let said = self.0.iter().position(|(of, _)| *of == part);
        match (said, error.map(|error| error.to_string())) {
            (None, None) => {}
            (Some(at), None) => info!("over: {}", self.0.swap_remove(at).1),
            (Some(at), Some(now)) if self.0[at].1 == now => {}
            (_, Some(now)) => {
                warn!("{now}; what is enforced goes on as it is");
                said.into_iter().for_each(|at| drop(self.0.swap_remove(at)));
                self.0.push((part, now));
            }
        }
    }
}
