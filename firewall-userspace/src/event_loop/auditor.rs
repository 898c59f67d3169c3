//! The audit of passwords, on a thread of its own that runs when nobody else needs the processor.
//!
//! Owns: the queue of samples, its bound, the thread's pace, and what is said of a finding. Refuses: the loop's time; keeping
//! a sample longer than its audit; saying more of a password than that it is weak.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::Instant;

use anyhow::{Context as _, Result};
use rustix::process::setpriority_process;
use rustix::thread::gettid;
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use super::WAIT;
use super::keeper::{Job, Jobs, Refused};
use crate::audit::{Book, Finding, Guesses, Sample, Seen, words};
use crate::config::{Config, Passwords};
use crate::dataplane::clock;
use crate::report::text::plain;
use crate::store::{Learned, Options, Store};

/// Samples and configs that wait at most; a device whose sample finds no room registers again.
const QUEUE: usize = 256;
/// The nicest that a thread can be.
const NICE: i32 = 19;
/// After an audit the thread rests so many times as long as it took, so that it never takes more than a quarter of a
/// processor, idle or not.
const REST: u32 = 3;

/// What the thread is told.
enum Order {
    Audit(Box<Sample>),
    Configure(Box<Config>),
}

/// What the status tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuditCounts {
    /// Audits that were made since the daemon began.
    pub(crate) audited: u64,
    /// Accounts whose password is known to be weak.
    pub(crate) weak: u64,
    /// Samples that wait.
    pub(crate) waiting: u64,
    /// Samples that found no room.
    pub(crate) left_out: u64,
    /// Guesses for every account; 0 while nothing is audited.
    pub(crate) guesses: u64,
}

#[derive(Default)]
struct Shared {
    audited: AtomicU64,
    weak: AtomicU64,
    waiting: AtomicU64,
    left_out: AtomicU64,
    guesses: AtomicU64,
}

/// The way to the thread. It ends when this is gone.
pub(super) struct Auditor {
    orders: SyncSender<Order>,
    /// Accounts that are weak now, or no more.
    found: Receiver<(String, bool)>,
    shared: Arc<Shared>,
}

/// The thread's end.
pub(super) struct Queue {
    orders: Receiver<Order>,
    found: Sender<(String, bool)>,
    shared: Arc<Shared>,
}

impl Auditor {
    /// Both ends. Nothing is audited before a config is told.
    pub(super) fn new() -> (Self, Queue) {
        let (orders, queue) = sync_channel(QUEUE);
        let (tell, found) = channel();
        let shared = Arc::new(Shared::default());
        (Self { orders, found, shared: Arc::clone(&shared) }, Queue { orders: queue, found: tell, shared })
    }

    /// Gives it samples, without waiting.
    pub(super) fn offer(&self, samples: Vec<Sample>) {
        for sample in samples {
            let counter = match self.orders.try_send(Order::Audit(Box::new(sample))) {
                Ok(()) => &self.shared.waiting,
                Err(_) => &self.shared.left_out,
            };
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Tells it the config in force; whether it heard, or is too busy and must be told again.
    pub(super) fn configure(&self, config: &Config) -> bool {
        self.orders.try_send(Order::Configure(Box::new(config.clone()))).is_ok()
    }

    /// The accounts that are weak, or no more, since the last call.
    pub(super) fn found(&self) -> impl Iterator<Item = (String, bool)> {
        self.found.try_iter()
    }

    /// For the status.
    pub(super) fn counts(&self) -> AuditCounts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Shared { audited, weak, waiting, left_out, guesses } = &*self.shared;
        AuditCounts {
            audited: of(audited),
            weak: of(weak),
            waiting: of(waiting),
            left_out: of(left_out),
            guesses: of(guesses),
        }
    }
}

/// Starts the thread that obeys the queue and gives the keeper what it finds.
pub(super) fn spawn(queue: Queue, jobs: Jobs) -> Result<()> {
    let work = Work { queue, jobs, guesses: None, book: None };
    let thread = std::thread::Builder::new().name("auditor".to_owned()).spawn(move || work.run());
    thread.context("starting a thread").map(drop)
}

struct Work {
    queue: Queue,
    jobs: Jobs,
    /// Nothing while nothing is audited.
    guesses: Option<Guesses>,
    book: Option<Book>,
}

impl Work {
    fn run(mut self) {
        if let Err(error) = setpriority_process(Some(gettid()), NICE) {
            warn!("passwords are audited with the same priority as anything else: {error}");
        }
        while let Ok(order) = self.queue.orders.recv() {
            match order {
                Order::Configure(config) => self.configure(&config),
                Order::Audit(sample) => {
                    self.queue.shared.waiting.fetch_sub(1, Ordering::Relaxed);
                    if !self.audit(*sample) {
                        return;
                    }
                }
            }
        }
    }

    fn configure(&mut self, config: &Config) {
        let passwords = config.passwords();
        let again = i64::from(passwords.again.seconds()) * 1_000;
        self.guesses = passwords.audit.then(|| guesses(passwords));
        if self.guesses.is_none() {
            self.book = None;
        } else if let Some(book) = &mut self.book {
            book.reconfigure(again, config.offers_tls());
        } else {
            self.book = Some(Book::new(known(config), again, config.offers_tls()));
        }
        let many = self.guesses.as_ref().map_or(0, Guesses::len);
        self.queue.shared.guesses.store(many as u64, Ordering::Relaxed);
        self.count_weak();
    }

    /// Whether to go on.
    fn audit(&mut self, sample: Sample) -> bool {
        let (Some(guesses), Some(book)) = (&self.guesses, &mut self.book) else { return true };
        let (begun, now) = (Instant::now(), clock::now().wall_ms);
        let seen = book.take(sample, guesses, now);
        if seen.audited {
            self.queue.shared.audited.fetch_add(1, Ordering::Relaxed);
        }
        self.tell(&seen, now);
        if seen.audited {
            std::thread::sleep(begun.elapsed() * REST);
        }
        true
    }

    fn tell(&self, seen: &Seen, now: i64) {
        let Some(finding) = &seen.finding else { return };
        let account = plain(&finding.account);
        if seen.newly_weak {
            warn!("account {account} has a password that is easily guessed; `sipfw passwords` lists such accounts");
        }
        if seen.mended {
            info!("account {account} has a better password now");
        }
        if seen.newly_weak || seen.mended {
            self.count_weak();
            // Without the loop nobody needs to know.
            let _ = self.queue.found.send((finding.account.clone(), seen.newly_weak));
        }
        let learned = Learned::of_audit(finding, seen.newly_weak, now);
        if matches!(self.jobs.give(Job::Alarms(learned)), Err(Refused::Full(_))) {
            warn!("too much waits for the database: what was found of account {account} stands only here");
        }
    }

    fn count_weak(&self) {
        let weak = self.book.as_ref().map_or(0, Book::weak);
        self.queue.shared.weak.store(weak as u64, Ordering::Relaxed);
    }
}

/// The guesses of a config. A list that can't be read is none.
fn guesses(passwords: &Passwords) -> Guesses {
    let most = passwords.most.get() as usize;
    let read = passwords.words.get().map(|file| (file, words(file.as_path(), most)));
    let list = match read {
        None => Vec::new(),
        Some((_, Ok(list))) => list,
        Some((file, Err(error))) => {
            warn!("the words of {} are not tried: {error}", file.as_path().display());
            Vec::new()
        }
    };
    Guesses::new(passwords.kinds(), list, most)
}

/// What was found before.
fn known(config: &Config) -> Vec<Finding> {
    let store = Store::open_with(config.paths().state.as_path(), Options { wait: WAIT });
    let rows = store.and_then(|store| store.audited_accounts());
    let rows = rows.inspect_err(|error| warn!("{error}; which accounts were audited before is not known"));
    rows.unwrap_or_default().into_iter().map(Finding::from).collect()
}

#[cfg(test)]
mod tests;
