//! What the daemon says while it runs.
//!
//! Owns: where log lines go: to standard error, or, while a screen is drawn, to a short memory that the screen shows.
//! Refuses: answers of the command (see [`crate::report`]), and logging from the kernel.
use std::collections::VecDeque;
use std::io::{self, IsTerminal as _, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::{Level, Word as _};

/// Log lines that a screen remembers.
const REMEMBERED: usize = 200;

/// Begins logging to standard error. The environment's `RUST_LOG` goes before the config's level.
pub(crate) fn to_stderr(level: Level) {
    let timestamps = std::env::var_os("JOURNAL_STREAM").is_none();
    let builder = tracing_subscriber::fmt().with_env_filter(filter(level)).with_target(false).with_writer(io::stderr);
    let builder = builder.with_ansi(io::stderr().is_terminal());
    // The journal has times of its own.
    let done = if timestamps { builder.try_init() } else { builder.without_time().try_init() };
    ignore_second(done);
}

/// Begins logging into a memory, for a screen.
pub(crate) fn to_memory(level: Level) -> Memory {
    let memory = Memory::default();
    let builder = tracing_subscriber::fmt().with_env_filter(filter(level)).with_target(false).with_ansi(false);
    ignore_second(builder.with_writer(memory.clone()).try_init());
    memory
}

/// Logging begins once a process; who asks again has it already.
fn ignore_second<E>(done: Result<(), E>) {
    drop(done);
}

fn filter(level: Level) -> EnvFilter {
    let level: LevelFilter = level.word().parse().unwrap_or(LevelFilter::INFO);
    EnvFilter::builder().with_default_directive(level.into()).from_env_lossy()
}

/// The last log lines.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<VecDeque<String>>>);

impl Memory {
    /// The last `n` lines, oldest first.
    pub(crate) fn last(&self, n: usize) -> Vec<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().skip(lines.len().saturating_sub(n)).cloned().collect()
    }
}

impl Write for Memory {
    /// The subscriber writes one event at a time.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.extend(String::from_utf8_lossy(bytes).lines().map(str::to_owned));
        let surplus = lines.len().saturating_sub(REMEMBERED);
        lines.drain(..surplus);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Memory {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
