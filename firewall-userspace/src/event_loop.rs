//! The daemon: reads events and copies, carries out what the engine decides, keeps the maps equal to the database, obeys
//! signals.
//!
//! Owns: the loop and its timing. Refuses: deciding (the engine does), enforcing (without this loop the kernel goes on as it
//! is), and anything that takes long: the keeper's thread does that.
pub(crate) mod auditor;
mod calls;
mod desk;
pub mod disconnect;
mod hands;
mod keeper;
mod memory;
mod namer;
mod notify;
mod refresher;
pub mod responder;
mod slow_path;
mod source;
mod verifier;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tracing::{info, warn};

use crate::config::Loaded;
use crate::dataplane::{Instance, clock};
use crate::engine::Credits;
use crate::feed::Feeds;
use crate::store::NewEvent;
use keeper::{Job, Jobs, Keeper, News, Refused, Reopened, Told};
use namer::Namer;
use refresher::Refresher;
use slow_path::SlowPath;
use source::Source;

/// What the loop needs besides the instance.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The config's file, for SIGHUP; nothing for the default one.
    pub config_file: Option<PathBuf>,
}

/// Slices of the budget for events in a second.
const SLICES: u32 = 10;
/// The most events that are kept back for the next slice; at the default budget four seconds' worth.
const BATCH_MAX: usize = 8_192;
/// How long the database's lock is waited for.
const WAIT: Duration = Duration::from_secs(2);

/// A loop that has not begun, but hears the signals already: one that comes while the firewall is being loaded ends it in
/// good order as soon as it serves, instead of leaving behind what it had just attached.
pub struct Daemon {
    runtime: Runtime,
    signals: Signals,
}

impl Daemon {
    /// Listens for signals from here on.
    ///
    /// # Errors
    ///
    /// When the operating system refuses what a loop needs.
    pub fn prepare() -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().context("starting the event loop")?;
        let context = runtime.enter();
        let signals = Signals::listen().context("listening for signals")?;
        drop(context);
        Ok(Self { runtime, signals })
    }

    /// Serves an instance until SIGINT or SIGTERM. Then an ephemeral instance is detached and removed, any other stays.
    ///
    /// # Errors
    ///
    /// What makes serving impossible; the kernel goes on all the same.
    pub fn serve(self, instance: Instance, loaded: &Loaded, settings: Settings) -> Result<()> {
        let Self { runtime, signals } = self;
        let _context = runtime.enter();
        let source = Source::open(&instance)?;
        let restored = memory::restored(&loaded.config, clock::now());
        let (feeds, heard) = Feeds::start(&loaded.config, &restored.positions).context("starting the feeds")?;
        let (auditor, samples) = auditor::Auditor::new();
        let parts = slow_path::Parts::open(&instance)?;
        let slow_path = SlowPath::new(parts, restored, heard, auditor, &loaded.config)?;
        let (namer, names) = Namer::new();
        let told = Told { refresher: Refresher::spawn()?, namer, feeds };
        let (keeper, news) = Keeper::spawn(instance, settings.config_file, told)?;
        namer::spawn(names, keeper.jobs())?;
        auditor::spawn(samples, keeper.jobs())?;
        let served =
            runtime.block_on(async { Loop::new(source, slow_path, keeper.jobs(), news, signals).serve().await });
        notify::tell("STOPPING=1");
        keeper.finish().and(served)
    }
}

/// The signals that the daemon obeys.
struct Signals {
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }
}

/// What the loop waits for.
struct Loop {
    source: Source,
    slow_path: SlowPath,
    credits: Credits,
    batch: Vec<NewEvent>,
    lost: u64,
    ticks: u32,
    jobs: Jobs,
    news: UnboundedReceiver<News>,
    tick: Interval,
    signals: Signals,
}

impl Loop {
    fn new(source: Source, slow_path: SlowPath, jobs: Jobs, news: UnboundedReceiver<News>, signals: Signals) -> Self {
        let mut tick = interval(Duration::from_secs(1) / SLICES);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            credits: Credits::new(source.per_second, SLICES),
            source,
            slow_path,
            batch: Vec::new(),
            lost: 0,
            ticks: 0,
            jobs,
            news,
            tick,
            signals,
        }
    }

    async fn serve(mut self) -> Result<()> {
        notify::tell("READY=1");
        loop {
            tokio::select! {
                biased;
                _ = self.signals.terminate.recv() => break,
                _ = self.signals.interrupt.recv() => break,
                _ = self.signals.hangup.recv() => self.reload()?,
                Some(news) = self.news.recv() => self.hear(news),
                _ = self.tick.tick() => self.slice()?,
                read = input(&mut self.slow_path, &mut self.source, &mut self.batch) => self.lost += read?,
            }
            if self.slow_path.is_urgent() {
                self.hand_over_learned()?;
            }
        }
        info!("stopping");
        self.hand_over()?;
        self.hand_over_learned()?;
        self.hand_over_scores()
    }

    /// A tenth of a second has passed.
    fn slice(&mut self) -> Result<()> {
        if let Some(credits) = self.credits.next_slice()
            && let Err(error) = self.source.grant(credits)
        {
            warn!("{error}");
        }
        self.hand_over()?;
        self.hand_over_learned()?;
        self.ticks = (self.ticks + 1) % SLICES;
        if self.ticks == 0 {
            self.second()?;
        }
        Ok(())
    }

    /// A second has passed.
    fn second(&mut self) -> Result<()> {
        self.slow_path.second();
        self.hand_over_learned()?;
        self.hand_over_scores()?;
        // What comes each second needs not be remembered while the keeper is busy.
        self.give(Job::Report(Box::new(self.slow_path.report())))?;
        self.give(Job::Look).map(drop)
    }

    /// Gives the keeper a job, or gets it back if too many wait. Without a keeper the daemon is of no use: it ends, for the
    /// service manager to start another, while the kernel goes on.
    fn give(&self, job: Job) -> Result<Option<Job>> {
        match self.jobs.give(job) {
            Ok(()) => Ok(None),
            Err(Refused::Full(job)) => Ok(Some(job)),
            Err(Refused::Ended) => anyhow::bail!("the thread that keeps the maps has ended"),
        }
    }

    /// Has the keeper write down what was carried out. What it has no room for waits here.
    fn hand_over_learned(&mut self) -> Result<()> {
        let (commands, time) = (self.slow_path.take_learned(), clock::now().wall_ms);
        if !commands.is_empty()
            && let Some(Job::Commands { commands, .. }) = self.give(Job::Commands { commands, time })?
        {
            self.slow_path.keep(commands);
        }
        Ok(())
    }

    /// Has the keeper write down what the engine counts. What it has no room for is written when it changes again.
    fn hand_over_scores(&mut self) -> Result<()> {
        let (records, key) = self.slow_path.changed();
        let time = clock::now().wall_ms;
        if records.is_empty() { Ok(()) } else { self.give(Job::Scores { records, key, time }).map(drop) }
    }

    /// Gives the batch to the keeper. One that has no room for it loses it: packets wait for nobody's disk.
    fn hand_over(&mut self) -> Result<()> {
        if !self.batch.is_empty() {
            let job = Job::Record(std::mem::take(&mut self.batch));
            if let Some(Job::Record(events)) = self.give(job)? {
                self.lost += events.len() as u64;
            }
        }
        if self.lost > 0 && self.ticks == 0 {
            warn!(events = self.lost, "samples were lost: the database is slower than they come");
            self.lost = 0;
        }
        Ok(())
    }

    fn reload(&mut self) -> Result<()> {
        info!("reloading on SIGHUP");
        if self.give(Job::Reload)?.is_some() {
            warn!("too busy to reload; send SIGHUP again");
        }
        Ok(())
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Reopened(reopened) => self.reopen(*reopened),
            News::Numbers(numbers) => self.slow_path.set_numbers(numbers),
            News::Lifted(sources) => {
                info!(bans = sources.len(), "bans were lifted");
                self.slow_path.lifted(&sources);
            }
        }
    }

    fn reopen(&mut self, reopened: Reopened) {
        if let Err(error) = self.try_reopen(reopened) {
            warn!("the new generation's events and copies can't be read: {error:#}");
        }
    }

    fn try_reopen(&mut self, reopened: Reopened) -> Result<()> {
        let Reopened { events, slow_path, config } = reopened;
        self.source = events.into_source()?;
        self.credits = Credits::new(self.source.per_second, SLICES);
        self.slow_path.reopen(slow_path, config.as_ref())
    }
}

/// Waits for events, copies, or what feeds tell, none of which starves another; how many events found no room.
async fn input(slow_path: &mut SlowPath, source: &mut Source, batch: &mut Vec<NewEvent>) -> Result<u64> {
    tokio::select! {
        turned = slow_path.turn() => turned.map(|()| 0),
        read = source.read(batch, BATCH_MAX) => read,
    }
}
