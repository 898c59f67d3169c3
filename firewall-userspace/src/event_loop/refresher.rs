//! Block lists, looked at on time: on a thread of its own, because a slow server must keep nobody waiting.
//!
//! Owns: a connection to the database of its own. Refuses: the kernel's maps: the keeper sees that the database has changed.
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tracing::{info, warn};

use crate::config::{self, Config};
use crate::dataplane::clock;
use crate::lists::{Fetcher, Jitter, Outcome, Pace, Refreshed, refresh, register, surroundings};
use crate::store::{Options, Store, StoredList};

/// The longest pause: the command may add a list at any time.
const PAUSE: Duration = Duration::from_secs(10);
/// How long the database's lock is waited for.
const WAIT: Duration = Duration::from_secs(5);
/// For how long a look that has begun is nobody else's: longer than any lasts that is not all but hopeless.
const CLAIM_MS: i64 = 300_000;

/// The way to the thread. It ends when this is gone; a look that is under way is not waited for, since nothing of it counts
/// before it is done.
#[derive(Clone)]
pub(super) struct Refresher(Sender<Reconfigured>);

/// The config may have changed.
struct Reconfigured;

impl Refresher {
    /// Starts the thread.
    pub(super) fn spawn(config_file: Option<PathBuf>) -> Result<Self> {
        let (orders, queue) = channel();
        let fetcher = Fetcher::new(Pace::default());
        let work = Work { config_file, config: None, store: None, fetcher, trouble: None };
        let thread = std::thread::Builder::new().name("lists".to_owned()).spawn(move || work.run(&queue));
        thread.context("starting a thread").map(|_| Self(orders))
    }

    /// Has it read the config anew.
    pub(super) fn reconfigured(&self) {
        // Without the thread lists stay as they are, and it has said why.
        let _ = self.0.send(Reconfigured);
    }
}

struct Work {
    config_file: Option<PathBuf>,
    /// The config that was read last without an error.
    config: Option<Config>,
    store: Option<Store>,
    fetcher: Fetcher,
    /// What the database said last, so that it is logged once.
    trouble: Option<String>,
}

impl Work {
    fn run(mut self, queue: &Receiver<Reconfigured>) {
        self.configure();
        loop {
            let looked = self.look();
            if let Err(error) = &looked {
                self.store = None;
                self.note(Some(error.to_string()));
            } else {
                self.note(None);
            }
            match queue.recv_timeout(PAUSE) {
                Ok(Reconfigured) => self.configure(),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Whoever applies a config has told what is wrong with it.
    fn configure(&mut self) {
        if let Ok(loaded) = config::load(self.config_file.as_deref()) {
            (self.config, self.store) = (Some(loaded.config), None);
        }
    }

    /// Looks at every list whose time has come.
    fn look(&mut self) -> std::result::Result<(), crate::store::StoreError> {
        let Some(config) = &self.config else { return Ok(()) };
        let store = match &mut self.store {
            Some(store) => store,
            none => none.insert(Store::open_with(config.paths().state.as_path(), Options { wait: WAIT })?),
        };
        for name in register(store, config)? {
            info!("block list {name} is gone from the config, and what it named with it");
        }
        for list in store.blocklists()? {
            let now = clock::now().wall_ms;
            if is_due(&list, now) && store.claim_blocklist(list.id, now, now.saturating_add(CLAIM_MS))? {
                let around = surroundings(config, config.peer_prefixes());
                let seen = (now, Jitter(getrandom::u64().unwrap_or(0)));
                tell(&refresh(store, &list, &around, &self.fetcher, false, seen)?);
            }
        }
        Ok(())
    }

    fn note(&mut self, trouble: Option<String>) {
        if let Some(trouble) = trouble.as_ref().filter(|trouble| self.trouble.as_ref() != Some(trouble)) {
            warn!("block lists are not looked at: {trouble}");
        }
        self.trouble = trouble;
    }
}

fn is_due(list: &StoredList, now: i64) -> bool {
    list.spec.every.is_some() && list.next.is_none_or(|next| next <= now)
}

fn tell(refreshed: &Refreshed) {
    let name = &refreshed.name;
    match &refreshed.outcome {
        Outcome::Same { .. } => {}
        Outcome::Taken { entries, added, removed, left_out } => {
            info!(entries, added, removed, "block list {name} was read; left out: {left_out}");
        }
        Outcome::Kept { trouble, news: true } => warn!("block list {name} stays as it was: {trouble}"),
        Outcome::Kept { .. } => {}
    }
}
