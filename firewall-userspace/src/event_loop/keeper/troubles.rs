//! Troubles of the daemon's slow side.
//!
//! Owns: saying one once, and once more when it is over. Refuses: mending it.
use tracing::{info, warn};

use crate::store::StoreError;

/// What can be in trouble.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Calls,
    Database,
    Devices,
    Events,
    Entries,
    Feeds,
    Instance,
    Lists,
    Learned,
    Registrants,
    Report,
}

/// Troubles that last are said once, and once more when they end.
#[derive(Default)]
pub(super) struct Troubles(Vec<(Part, String)>);

impl Troubles {
    /// Takes note of what a result says; its value.
    pub(super) fn of<T>(&mut self, part: Part, result: Result<T, StoreError>) -> Option<T> {
        let (value, error) = match result {
            Ok(value) => (Some(value), None),
            Err(error) => (None, Some(error)),
        };
        self.note(part, error);
        value
    }

    /// Takes note of an error, or of there being none.
    pub(super) fn note<E: ToString>(&mut self, part: Part, error: Option<E>) {
        let said = self.0.iter().position(|(of, _)| *of == part);
        match (said, error.map(|error| error.to_string())) {
            (None, None) => {}
            (Some(at), None) => info!("over: {}", self.0.swap_remove(at).1),
            (Some(at), Some(now)) if self.0[at].1 == now => {}
            (_, Some(now)) => {
                warn!("{now}; what is enforced goes on as it is");
                said.into_iter().for_each(|at| drop(self.0.swap_remove(at)));
                self.0.push((part, now));
            }
        }
    }
}
