//! The lists of numbers, for the engine.
//!
//! Owns: that it has those in force, read anew only when they or the config have changed. Refuses: the kernel's maps of them.
use std::sync::Arc;

use super::Work;
use super::jobs::News;
use super::troubles::Part;
use crate::dataplane::clock;
use crate::numbers::Numbers;
use crate::store::Result;

impl Work {
    /// Tells the loop the lists of numbers, if they have changed since they were told.
    pub(super) fn tell_numbers(&mut self) {
        let told = self.try_tell_numbers();
        self.troubles.note(Part::Database, told.err());
    }

    fn try_tell_numbers(&mut self) -> Result<()> {
        let (Some(store), Ok(loaded)) = (&self.store, self.instance.config()) else { return Ok(()) };
        let version = store.numbers_version()?;
        if self.numbers != Some(version) {
            let numbers = Numbers::read(&loaded.config, store, clock::now())?;
            self.numbers = Some(version);
            let numbers = Arc::new(numbers);
            self.ledger.class_by(Arc::clone(&numbers));
            // The loop has ended if nobody listens.
            drop(self.tell.send(News::Numbers(numbers)));
        }
        Ok(())
    }
}
