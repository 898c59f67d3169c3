//! Names of peers, resolved on time: on a thread of its own, because a DNS server may be slow or silent.
//!
//! Owns: what is known of names, its file, and how often a change of it becomes a new generation of the program. Refuses:
//! making that generation (the keeper does).
//!
//! A new generation costs about a second of the verifier on the keeper's thread, and not a packet: the program is replaced
//! in one step. Since an address stays for a grace after answers lack it, names soon stand for the same set however their
//! servers rotate, and generations are rare.
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use anyhow::{Context as _, Result};
use firewall_common::addr::{Addr, Prefix};
use tokio::runtime::Runtime;
use tracing::{info, warn};

use super::keeper::{Job, Jobs, Refused};
use crate::config::{Config, Loaded};
use crate::dataplane::clock;
use crate::names::{Book, Notice, Resolved, Resolver, What, cache};
use crate::report::alarm::of_name;
use crate::report::text::listed;
use crate::store::{Learned, NAME_REFUSED, NAME_STOPPED, Options, Store};

/// The shortest time between two generations for changed names.
const PAUSE_MS: i64 = 10_000;
/// The longest that anything is waited for.
const WAIT_MAX_MS: i64 = 60_000;
/// How long the database's lock is waited for.
const LOCK_WAIT: Duration = Duration::from_secs(1);

/// The way to the thread. It ends when this is gone.
#[derive(Clone)]
pub(super) struct Namer(Sender<Loaded>);

impl Namer {
    /// The thread's two ends. It looks at nothing before it is told a config.
    pub(super) fn new() -> (Self, Receiver<Loaded>) {
        let (orders, queue) = channel();
        (Self(orders), queue)
    }

    /// Tells it the config in force, and the addresses in force with it.
    pub(super) fn configure(&self, loaded: Loaded) {
        // Without the thread names stay what they stand for, and it has said why.
        let _ = self.0.send(loaded);
    }
}

/// Starts the thread that obeys `queue` and gives the keeper its jobs.
pub(super) fn spawn(queue: Receiver<Loaded>, jobs: Jobs) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting a runtime")?;
    let work = Work { runtime, jobs, loaded: None, resolver: None, book: Book::default(), asked: i64::MIN };
    let thread = std::thread::Builder::new().name("names".to_owned()).spawn(move || work.run(&queue));
    thread.context("starting a thread").map(drop)
}

struct Work {
    runtime: Runtime,
    jobs: Jobs,
    loaded: Option<Loaded>,
    resolver: Option<Resolver>,
    book: Book,
    /// Unix milliseconds of the last wish for a new generation.
    asked: i64,
}

impl Work {
    fn run(mut self, queue: &Receiver<Loaded>) {
        loop {
            match queue.recv_timeout(self.wait()) {
                Ok(loaded) => self.configure(loaded),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.look();
            self.ask();
        }
    }

    fn wait(&self) -> Duration {
        let now = clock::now().wall_ms;
        let next = if self.differs() { Some(self.asked.saturating_add(PAUSE_MS)) } else { None };
        let at = self.book.next_look().into_iter().chain(next).min();
        let wait = at.map_or(WAIT_MAX_MS, |at| at.saturating_sub(now)).clamp(0, WAIT_MAX_MS);
        Duration::from_millis(wait.unsigned_abs())
    }

    fn configure(&mut self, loaded: Loaded) {
        let names = loaded.config.peer_names();
        if self.book == Book::default() {
            self.book = cache::read(loaded.config.paths().state.as_path());
        }
        self.book.want(&names);
        self.resolver = if names.is_empty() { None } else { self.resolver(&loaded) };
        self.loaded = Some(loaded);
    }

    fn resolver(&self, loaded: &Loaded) -> Option<Resolver> {
        let _inside = self.runtime.enter();
        let made = Resolver::new(loaded.config.dns().servers.as_slice());
        made.map_err(|error| warn!("peers' names are not resolved: {error}; their addresses stay as they are")).ok()
    }

    /// Resolves every name whose time has come.
    fn look(&mut self) {
        let (Some(loaded), Some(resolver)) = (&self.loaded, &self.resolver) else { return };
        let due = self.book.due(clock::now().wall_ms);
        for name in &due {
            let finding = self.runtime.block_on(resolver.resolve(name));
            let notices = self.book.take(name, &finding, &loaded.config.dns().rules(), clock::now().wall_ms);
            notices.iter().for_each(|notice| tell(notice, loaded, &self.jobs));
        }
        if !due.is_empty() {
            let state = loaded.config.paths().state.as_path();
            if let Err(error) = cache::write(state, &self.book, &loaded.config.peer_names()) {
                warn!("what is known of names can't be kept in {}: {error}", state.display());
            }
        }
    }

    /// Whether names stand for something else than what is in force.
    fn differs(&self) -> bool {
        self.loaded.as_ref().is_some_and(|loaded| differ(loaded, &self.book.resolved()))
    }

    /// Wishes for a new generation if there is reason and none was made lately. When the keeper is too busy to hear it, the
    /// reason remains.
    fn ask(&mut self) {
        let now = clock::now().wall_ms;
        if self.differs() && now.saturating_sub(self.asked) >= PAUSE_MS {
            self.asked = now;
            let _ = self.jobs.give(Job::Rename(self.book.resolved()));
        }
    }
}

fn differ(loaded: &Loaded, known: &Resolved) -> bool {
    loaded.config.peer_names().iter().any(|name| !known.addresses(name).eq(loaded.resolved.addresses(name)))
}

fn tell(notice: &Notice, loaded: &Loaded, jobs: &Jobs) {
    let name = &notice.name;
    match &notice.what {
        What::Changed { added, gone } => {
            info!(added = ?added, gone = ?gone, "{name} stands for other addresses now");
            warn_of_blocked(name, added, loaded);
        }
        What::Stopped(why) => warn!("{}", of_name(NAME_STOPPED, name, why)),
        What::Refused(why) => warn!("{}", of_name(NAME_REFUSED, name, why)),
        What::Resumed => info!("{name} resolves again"),
    }
    if notice.is_alarm() && matches!(jobs.give(Job::Alarms(alarms(notice, &loaded.config))), Err(Refused::Full(_))) {
        warn!("too much waits for the database: the alarm about {name} stands only here");
    }
}

/// One for each peer that has the name. A peer's number is its place in the config, from 1.
fn alarms(notice: &Notice, config: &Config) -> Vec<Learned> {
    let peers = (1..).zip(config.peers());
    let of_it = peers.filter(|(_, peer)| peer.names.as_slice().iter().any(|name| name.as_str() == notice.name));
    of_it.filter_map(|(id, peer)| Learned::of_name(notice, id, peer.name.as_str())).collect()
}

/// A new address of a peer that was banned or denied until now may be a forged answer at work, or a ban in error.
fn warn_of_blocked(name: &str, added: &[IpAddr], loaded: &Loaded) {
    let Ok(store) = Store::open_with(loaded.config.paths().state.as_path(), Options { wait: LOCK_WAIT }) else {
        return;
    };
    let now = clock::now().wall_ms;
    let blocked = |ip: &&IpAddr| {
        let known = store.why(Prefix::host(Addr::from(**ip)), now).unwrap_or_default();
        let denied = known.entries.iter().any(|entry| entry.kind == crate::entries::Kind::Deny);
        denied || known.bans.iter().any(|ban| ban.in_force(now))
    };
    let blocked: BTreeSet<String> = added.iter().filter(blocked).map(ToString::to_string).collect();
    if !blocked.is_empty() {
        let blocked: Vec<&String> = blocked.iter().collect();
        warn!(
            "{name} now stands for {}, banned or denied until now: look whether the answer is right",
            listed(&blocked)
        );
    }
}
