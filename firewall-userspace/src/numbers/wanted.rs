//! What the kernel should know of numbers.
//!
//! Owns: putting together what the config and the database say. Refuses: the kernel's maps.
use firewall_common::limiter::HashKey;

use super::{Codes, NumberRules, Numbers, codes, compile, rules};
use crate::clock::Clock;
use crate::config::Config;
use crate::store::{Store, StoreError};

/// Lists and codes as the kernel's maps should hold them.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The lists.
    pub rules: NumberRules,
    /// The codes.
    pub codes: Codes,
    /// The key under which the codes are hashed; none while there never was one.
    pub key: Option<HashKey>,
}

impl Wanted {
    /// What a config and its database want.
    ///
    /// # Errors
    ///
    /// A database that cannot be read.
    pub fn read(config: &Config, store: &Store, clock: Clock) -> Result<Self, StoreError> {
        let codes = codes::compiled(&store.codes()?);
        Ok(Self { rules: compile(&Numbers::read(config, store, clock)?, clock), codes, key: store.hash_key()? })
    }

    /// What the config alone wants.
    pub fn of_config(config: &Config, clock: Clock) -> Self {
        let numbers = Numbers::new(&rules(config, &[], clock.wall_ms), []);
        Self { rules: compile(&numbers, clock), ..Self::default() }
    }
}

impl Numbers {
    /// The lists of a config and its database that are in force.
    ///
    /// # Errors
    ///
    /// A database that cannot be read.
    pub fn read(config: &Config, store: &Store, clock: Clock) -> Result<Self, StoreError> {
        let stored = store.numbers_in_force(clock.wall_ms)?;
        Ok(Self::new(&rules(config, &stored, clock.wall_ms), store.number_classes()?))
    }
}
