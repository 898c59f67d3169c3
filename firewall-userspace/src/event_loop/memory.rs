//! What an earlier daemon has learned, read once before the first message.
//!
//! Owns: reading it, and what a database that can't be read leaves: an engine that knows nothing yet. Refuses: writing (the
//! keeper does).
use tracing::{info, warn};

use super::WAIT;
use crate::clock::Clock;
use crate::config::Config;
use crate::engine::Engine;
use crate::engine::call::Call;
use crate::engine::saved::Key;
use crate::feed::Positions;
use crate::numbers::Numbers;
use crate::store::{CallFilter, Options, Result, Store};

/// What an earlier daemon has left.
pub(super) struct Restored {
    /// The engine as it was.
    pub(super) engine: Engine,
    /// Where the feeds' files had been read to.
    pub(super) positions: Positions,
    /// The calls that went on.
    pub(super) calls: Vec<Call>,
}

/// All of it.
pub(super) fn restored(config: &Config, clock: Clock) -> Restored {
    read(config, clock).unwrap_or_else(|error| {
        warn!("{error}; scores and registrations of earlier runs are not known");
        let engine = Engine::new(config, fresh_key());
        Restored { engine, positions: Positions::default(), calls: Vec::new() }
    })
}

fn read(config: &Config, clock: Clock) -> Result<Restored> {
    let mut store = Store::open_with(config.paths().state.as_path(), Options { wait: WAIT })?;
    let mut engine = Engine::new(config, store.engine_key(fresh_key())?);
    let mut scores = 0;
    store.scores(clock.wall_ms, |record| {
        engine.restore(&record, clock);
        scores += 1;
    })?;
    engine.set_numbers(Numbers::read(config, &store, clock)?.into());
    let registrants = store.saved_registrants(clock.wall_ms)?;
    registrants.iter().for_each(|registrant| engine.restore_registrant(registrant, clock));
    let live = store.calls(&CallFilter { live: true, ..CallFilter::default() }, u32::MAX)?;
    let calls: Vec<Call> = live.into_iter().map(|stored| stored.call).collect();
    store.weak_accounts()?.iter().for_each(|weak| engine.set_weak(&weak.account, true));
    info!(scores, registrations = registrants.len(), calls = calls.len(), "what was learned is known again");
    Ok(Restored { engine, positions: Positions::load(&store)?, calls })
}

/// Of the system's randomness, which does not fail on a kernel that loads our programs.
fn fresh_key() -> Key {
    let word = || getrandom::u64().unwrap_or_else(|_| std::process::id().into());
    Key([word(), word()])
}
