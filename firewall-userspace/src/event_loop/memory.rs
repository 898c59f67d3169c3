//! What an earlier daemon has learned, read once before the first message.
//!
//! Owns: reading it, and what a database that can't be read leaves: an engine that knows nothing yet. Refuses: writing (the
//! keeper does).
use tracing::{info, warn};

use super::WAIT;
use crate::clock::Clock;
use crate::config::Config;
use crate::engine::Engine;
use crate::engine::saved::Key;
use crate::feed::Positions;
use crate::store::{Options, Result, Store};

/// The engine as the last daemon left it, and where that one had read the feeds' files to.
pub(super) fn restored(config: &Config, clock: Clock) -> (Engine, Positions) {
    read(config, clock).unwrap_or_else(|error| {
        warn!("{error}; scores and registrations of earlier runs are not known");
        (Engine::new(config, fresh_key()), Positions::default())
    })
}

fn read(config: &Config, clock: Clock) -> Result<(Engine, Positions)> {
    let mut store = Store::open_with(config.paths().state.as_path(), Options { wait: WAIT })?;
    let mut engine = Engine::new(config, store.engine_key(fresh_key())?);
    let mut scores = 0;
    store.scores(clock.wall_ms, |record| {
        engine.restore(&record, clock);
        scores += 1;
    })?;
    let registrants = store.saved_registrants(clock.wall_ms)?;
    registrants.iter().for_each(|registrant| engine.restore_registrant(registrant, clock));
    info!(scores, registrations = registrants.len(), "what was learned is known again");
    Ok((engine, Positions::load(&store)?))
}

/// Of the system's randomness, which does not fail on a kernel that loads our programs.
fn fresh_key() -> Key {
    let word = || getrandom::u64().unwrap_or_else(|_| std::process::id().into());
    Key([word(), word()])
}
