//! Calls in the database.
//!
//! Owns: which of them are said to be lost, and how many are kept. Refuses: writing down those that go on (the ledger does).
use tracing::warn;

use super::Work;
use super::troubles::Part;
use crate::config::Config;
use crate::store::Keep;

impl Work {
    /// Calls that an earlier daemon followed to nobody knows what end are told to be lost, and old ones forgotten.
    pub(super) fn sweep_calls(&mut self, now: i64) {
        let Some(store) = &mut self.store else { return };
        let open = self.instance.pinholes().map(|pinholes| pinholes.calls().collect());
        let Ok(open) = open.inspect_err(|error| warn!("{error}")) else { return };
        let lost = store.lose_calls(&open, self.since);
        let pruned = lost.and_then(|_| store.prune_calls(self.keep, now));
        self.troubles.note(Part::Calls, pruned.err());
    }
}

/// How many calls a config has the database keep.
pub(super) fn keep(config: &Config) -> Keep {
    let calls = config.calls();
    Keep {
        calls: calls.keep_calls.get(),
        age: i64::from(calls.keep_for.seconds()) * 1_000,
        bytes: i64::from(calls.max_size.get()) << 20,
    }
}
