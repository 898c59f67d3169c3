//! What the loop and the keeper's thread say to each other.
//!
//! Owns: the jobs, the news, and that the loop never waits for either. Refuses: doing them.
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use firewall_common::addr::Prefix;

use crate::config::Config;
use crate::engine::command::Command;
use crate::engine::saved::{Key, Record};
use crate::event_loop::{slow_path, source};
use crate::names::Resolved;
use crate::numbers::Numbers;
use crate::report::slow_path::SlowPathReport;
use crate::store::{Learned, NewEvent};

/// Jobs that wait; at ten batches of events a second, a few seconds' worth.
const QUEUE: usize = 64;

/// What there is to do.
pub(in crate::event_loop) enum Job {
    /// Keep events.
    Record(Vec<NewEvent>),
    /// Write down what was done on these commands.
    Commands {
        /// The commands, in their order.
        commands: Vec<Command>,
        /// Unix milliseconds at which they were carried out: a ban that a person lifted later is not written down.
        time: i64,
    },
    /// Write down what the engine counts.
    Scores {
        /// What has changed.
        records: Vec<Record>,
        /// The key of its hashes.
        key: Key,
        /// Unix milliseconds at which the engine gave it.
        time: i64,
    },
    /// Keep alarms about peers' names.
    Alarms(Vec<Learned>),
    /// Put the slow path's counters where the status finds them.
    Report(Box<SlowPathReport>),
    /// Look whether anything changed.
    Look,
    /// Read the config anew and apply it.
    Reload,
    /// Make the policy in force anew, with these addresses of peers' names.
    Rename(Resolved),
    /// End.
    Stop,
}

/// What the thread tells the loop.
pub(in crate::event_loop) enum News {
    /// What the loop reads from has changed.
    Reopened(Box<Reopened>),
    /// A person has lifted the bans of these sources; the engine's scores of them count no more.
    Lifted(Vec<Prefix>),
    /// The lists of numbers are these.
    Numbers(Arc<Numbers>),
}

/// What the loop reads from, as it is now.
pub(in crate::event_loop) struct Reopened {
    pub(in crate::event_loop) events: source::Parts,
    pub(in crate::event_loop) slow_path: slow_path::Parts,
    /// The config behind it; nothing if it can't be read any more.
    pub(in crate::event_loop) config: Option<Config>,
}

/// The way to the thread.
#[derive(Clone)]
pub(in crate::event_loop) struct Jobs(SyncSender<Job>);

/// Why a job was not taken.
pub(in crate::event_loop) enum Refused {
    /// Too many wait.
    Full(Job),
    /// The thread has ended, which it never should.
    Ended,
}

impl Jobs {
    /// A queue, and its other end.
    pub(in crate::event_loop) fn queue() -> (Self, Receiver<Job>) {
        let (jobs, queue) = sync_channel(QUEUE);
        (Self(jobs), queue)
    }

    /// Gives it a job, without waiting.
    pub(in crate::event_loop) fn give(&self, job: Job) -> Result<(), Refused> {
        self.0.try_send(job).map_err(|error| match error {
            TrySendError::Full(job) => Refused::Full(job),
            TrySendError::Disconnected(_) => Refused::Ended,
        })
    }

    /// Has it do what waits, and end.
    pub(super) fn stop(&self) {
        // It has ended already if nobody takes it.
        let _ = self.0.send(Job::Stop);
    }
}
