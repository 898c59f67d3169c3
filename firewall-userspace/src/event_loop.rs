//! The daemon: reads events, keeps the maps equal to the database, obeys signals.
//!
//! Owns: the loop and its timing. Refuses: deciding (the engine does), enforcing (without this loop the kernel goes on as it
//! is), and anything that takes long: the keeper's thread does that.
mod keeper;
mod notify;
mod refresher;
mod source;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tracing::{debug, info, warn};

use crate::dataplane::{Instance, clock};
use crate::engine::Credits;
use crate::store::NewEvent;
use keeper::{Job, Jobs, Keeper, News, Refused, Reopened};
use refresher::Refresher;
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

/// Serves an instance until SIGINT or SIGTERM. Then an ephemeral instance is detached and removed, any other stays.
///
/// # Errors
///
/// What makes serving impossible; the kernel goes on all the same.
pub fn run(instance: Instance, settings: Settings) -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the event loop")?;
    let _context = runtime.enter();
    let source = Source::open(&instance)?;
    let refresher = Refresher::spawn(settings.config_file.clone())?;
    let (keeper, news) = Keeper::spawn(instance, settings.config_file, refresher)?;
    let served = runtime.block_on(async { Loop::new(source, keeper.jobs(), news)?.serve().await });
    notify::tell("STOPPING=1");
    keeper.finish().and(served)
}

/// What the loop waits for.
struct Loop {
    source: Source,
    credits: Credits,
    batch: Vec<NewEvent>,
    lost: u64,
    ticks: u32,
    jobs: Jobs,
    news: UnboundedReceiver<News>,
    tick: Interval,
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
}

impl Loop {
    fn new(source: Source, jobs: Jobs, news: UnboundedReceiver<News>) -> Result<Self> {
        let listen = |kind| signal(kind).context("listening for signals");
        let mut tick = interval(Duration::from_secs(1) / SLICES);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            credits: Credits::new(source.per_second, SLICES),
            source,
            batch: Vec::new(),
            lost: 0,
            ticks: 0,
            jobs,
            news,
            tick,
            hangup: listen(SignalKind::hangup())?,
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn serve(mut self) -> Result<()> {
        notify::tell("READY=1");
        loop {
            tokio::select! {
                biased;
                _ = self.terminate.recv() => break,
                _ = self.interrupt.recv() => break,
                _ = self.hangup.recv() => self.reload()?,
                Some(news) = self.news.recv() => self.hear(news),
                _ = self.tick.tick() => self.slice()?,
                read = self.source.read(&mut self.batch, BATCH_MAX) => self.lost += read?,
            }
        }
        info!("stopping");
        self.hand_over()
    }

    /// A tenth of a second has passed.
    fn slice(&mut self) -> Result<()> {
        if let Some(credits) = self.credits.next_slice()
            && let Err(error) = self.source.grant(credits)
        {
            warn!("{error}");
        }
        self.hand_over()?;
        self.ticks = (self.ticks + 1) % SLICES;
        if self.ticks == 0 {
            // While the keeper is busy there is no need to remind it.
            self.give(Job::Look)?;
        }
        Ok(())
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
            News::Lifted(sources) => info!(bans = sources.len(), "bans were lifted"),
        }
    }

    fn reopen(&mut self, reopened: Reopened) {
        match reopened.source() {
            Ok(source) => {
                self.credits = Credits::new(source.per_second, SLICES);
                self.source = source;
                debug!(at = clock::now().wall_ms, "reading the new generation's events");
            }
            Err(error) => warn!("the new generation's events can't be read: {error}"),
        }
    }
}
