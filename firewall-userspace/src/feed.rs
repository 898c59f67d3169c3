//! Feeds: what a PBX tells, where the wire cannot be read.
//!
//! Owns: one thread a feed, so that no feed waits for another and the daemon's loop for none; starting, changing and stopping
//! them; their numbers. Refuses: judging what was told (the engine does, by the same rules as for the wire), and believing what
//! a remote party could have written (each parser's file says how it knows).
//!
//! The bytes of a source pass: a file ([`tail`], [`follow`]) line by line through a [`judge`] that asks the parser; a manager
//! interface ([`link`]) block by block through a [`asterisk::ami::Conversation`]; a socket ([`socket`]) object by object. What
//! is believed goes through the feed's [`desk`], which bounds it by the second, into one bounded channel.
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::config::{Config, Feed, FeedSource, Word as _};
use crate::dataplane::clock;
use crate::engine::input::FeedEvent;

pub mod asterisk;
mod counts;
mod cursor;
mod desk;
mod follow;
pub mod freeswitch;
pub mod json;
pub mod judge;
pub mod kamailio;
mod link;
mod position;
mod report;
mod socket;
mod stop;
mod tail;
mod wake;

pub use counts::{Counts, FeedStatus};
pub use position::{Position, Positions};
pub use report::{Reading, Refusal, Report};

use desk::{Desk, Shared};
use follow::Told;
use judge::{Format, Verdict};
use link::Link;
use socket::Socket;
use stop::Stop;
use tail::Tail;
use wake::Wake;

/// Events of all feeds that wait for the loop.
const QUEUE: usize = 4_096;
/// How long a file is not looked at when nothing wakes its feed.
const LOOK: Duration = Duration::from_millis(250);
/// The same while an event waits for its next line.
const LOOK_SOON: Duration = Duration::from_millis(50);

/// All feeds of a config, running.
#[derive(Debug)]
pub struct Feeds {
    running: Vec<Running>,
    events: Sender<FeedEvent>,
}

impl Feeds {
    /// Starts the feeds of a config. `positions` is where the files were read to before.
    ///
    /// # Errors
    ///
    /// A thread that cannot be started. What is wrong with a feed's file, socket or address is no error: it is told in
    /// [`Self::status`], and tried again.
    pub fn start(config: &Config, positions: &Positions) -> io::Result<(Self, Receiver<FeedEvent>)> {
        let (events, received) = channel(QUEUE);
        let mut feeds = Self { running: Vec::new(), events };
        for feed in config.feeds() {
            feeds.add(feed, positions)?;
        }
        Ok((feeds, received))
    }

    /// Makes the running feeds those of a config: what did not change goes on as it is.
    ///
    /// # Errors
    ///
    /// A thread that cannot be started.
    pub fn reload(&mut self, config: &Config) -> io::Result<()> {
        let kept = |running: &Running| config.feeds().contains(&running.feed);
        let (kept, gone) = std::mem::take(&mut self.running).into_iter().partition(kept);
        self.running = kept;
        let positions = stop_all(gone);
        for feed in config.feeds() {
            if !self.running.iter().any(|running| running.feed == *feed) {
                self.add(feed, &positions)?;
            }
        }
        Ok(())
    }

    /// Stops all feeds, and says where the files were read to.
    pub fn stop(mut self) -> Positions {
        stop_all(std::mem::take(&mut self.running))
    }

    /// How each feed stands.
    pub fn status(&self) -> Vec<FeedStatus> {
        self.running.iter().map(Running::status).collect()
    }

    /// Where the files have been read to.
    pub fn positions(&self) -> Positions {
        Positions { time: clock::now().wall_ms, files: self.running.iter().filter_map(Running::position).collect() }
    }

    fn add(&mut self, feed: &Feed, positions: &Positions) -> io::Result<()> {
        let (shared, stop, place) = (Shared::default(), Stop::default(), Place::default());
        let desk = Desk::new(feed.name.as_str(), feed.rate.get(), self.events.clone(), Arc::clone(&shared));
        let known = feed.path().and_then(|path| positions.of(&path.display().to_string(), clock::now().wall_ms));
        let work = Work { feed: feed.clone(), desk, stop: stop.clone(), known, place: Arc::clone(&place) };
        let thread = std::thread::Builder::new().name("feed".to_owned()).spawn(move || work.run())?;
        self.running.push(Running { feed: feed.clone(), shared, stop, position: place, thread: Some(thread) });
        Ok(())
    }
}

/// Where a feed's thread leaves its position.
type Place = Arc<std::sync::Mutex<Option<Position>>>;

fn position(place: &Place) -> std::sync::MutexGuard<'_, Option<Position>> {
    place.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// One feed, running.
#[derive(Debug)]
struct Running {
    feed: Feed,
    shared: Shared,
    stop: Stop,
    position: Place,
    /// Until it is joined.
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn position(&self) -> Option<(String, Position)> {
        let position = *position(&self.position);
        Some((self.feed.path()?.display().to_string(), position?))
    }

    fn status(&self) -> FeedStatus {
        let mut counts = desk::counts(&self.shared).clone();
        if self.thread.as_ref().is_none_or(JoinHandle::is_finished) {
            counts.trouble = Some("its thread has ended, which it never should; please report it".to_owned());
        }
        let (name, kind) = (self.feed.name.to_string(), self.feed.kind.word().to_owned());
        FeedStatus { name, kind, place: self.feed.source().to_string(), counts }
    }
}

/// Stops feeds, all at the same time, and says where their files were read to.
fn stop_all(feeds: Vec<Running>) -> Positions {
    feeds.iter().for_each(|running| running.stop.set());
    let mut positions = Positions { time: clock::now().wall_ms, ..Positions::default() };
    for mut running in feeds {
        if running.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!(feed = running.feed.name.as_str(), "its thread panicked; please report it");
        }
        positions.files.extend(running.position());
    }
    positions
}

/// What a feed's thread works with.
struct Work {
    feed: Feed,
    desk: Desk,
    stop: Stop,
    known: Option<Position>,
    place: Place,
}

impl Work {
    fn run(mut self) {
        match self.feed.source() {
            FeedSource::AsteriskLog(path) => self.file(path, Format::Asterisk),
            FeedSource::FreeSwitchLog(path, profiles) => {
                let connected = profiles.iter().map(ToString::to_string).collect();
                self.file(path, Format::FreeSwitch { connected });
            }
            FeedSource::KamailioLog(path) => self.file(path, Format::Kamailio),
            FeedSource::AsteriskAmi { address, user, secret_file } => {
                Link { address, user, secret_file }.run(&mut self.desk, &self.stop);
            }
            FeedSource::JsonSocket { path, mode, group } => {
                Socket { path, mode, group }.run(&mut self.desk, &self.stop)
            }
        }
    }

    /// Follows a file until the order to stop.
    fn file(mut self, path: PathBuf, format: Format) {
        let mut tail = Tail::new(&path, format, self.known, Instant::now());
        let mut wake = Wake::new();
        while !self.stop.is_set() {
            let turn = tail.turn(&mut self.desk, Instant::now());
            *position(&self.place) = tail.place().map(|(identity, offset)| Position {
                device: identity.device,
                inode: identity.inode,
                offset,
            });
            let more = *turn.as_ref().unwrap_or(&false);
            self.desk.trouble(turn.err().map(|error| format!("{}: {error}", path.display())));
            if !more {
                wake.wait(&path, tail.identity(), if tail.waits() { LOOK_SOON } else { LOOK });
            }
        }
    }
}

impl Told for Desk {
    fn line(&mut self) {
        Self::line(self);
    }

    fn verdict(&mut self, verdict: Verdict) {
        Self::verdict(self, verdict);
    }
}

#[cfg(test)]
mod tests;
