//! The order to stop.
//!
//! Owns: the flag, and waiting that it cuts short. Refuses: stopping anybody by force.
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// An order that is given once, to one feed.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop(Arc<(Mutex<bool>, Condvar)>);

impl Stop {
    /// Gives the order.
    pub(super) fn set(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    /// Whether it was given.
    pub(super) fn is_set(&self) -> bool {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for it, or for a time.
    pub(super) fn wait(&self, at_most: Duration) {
        let set = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.1.wait_timeout_while(set, at_most, |set| !*set);
        drop(waited);
    }
}
