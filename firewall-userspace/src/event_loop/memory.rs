//! What an earlier daemon has learned, read once before the first message.
//!
//! Owns: reading it, and what a database that can't be read leaves: an engine that knows nothing yet. Refuses: writing (the
//! keeper does).
use std::path::Path;

use tracing::{info, warn};

use super::WAIT;
use crate::config::Config;
use crate::engine::saved::{Key, Record, Registrant};
use crate::engine::{self, Engine};
use crate::entries::Clock;
use crate::feed::Positions;
use crate::store::{Options, Result, Store};

/// The records, as they were kept.
struct Memory {
    key: Key,
    scores: Vec<Record>,
    registrants: Vec<Registrant>,
    positions: Positions,
}

/// The engine as the last daemon left it, and where it had read the feeds' files to.
pub(super) fn restored(config: &Config, clock: Clock) -> (Engine, Positions) {
    let now = engine::Clock { wall: clock.wall_ms, mono: clock.mono_ns };
    let memory = match read(config.paths().state.as_path(), clock.wall_ms) {
        Ok(memory) => memory,
        Err(error) => {
            warn!("{error}; scores and registrations of earlier runs are not known");
            return (Engine::new(config, fresh_key()), Positions::default());
        }
    };
    let mut engine = Engine::new(config, memory.key);
    memory.scores.iter().for_each(|record| engine.restore(record, now));
    memory.registrants.iter().for_each(|registrant| engine.restore_registrant(registrant, now));
    info!(scores = memory.scores.len(), registrations = memory.registrants.len(), "what was learned is known again");
    (engine, memory.positions)
}

fn read(state: &Path, now: i64) -> Result<Memory> {
    let mut store = Store::open_with(state, Options { wait: WAIT })?;
    Ok(Memory {
        key: store.engine_key(fresh_key())?,
        scores: store.scores(now)?,
        registrants: store.saved_registrants(now)?,
        positions: Positions::load(&store)?,
    })
}

/// Of the system's randomness, which does not fail on a kernel that loads our programs.
fn fresh_key() -> Key {
    let word = || getrandom::u64().unwrap_or_else(|_| std::process::id().into());
    Key([word(), word()])
}
