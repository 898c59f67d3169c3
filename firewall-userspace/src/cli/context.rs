//! What every verb begins with: the global options, the config, the database, and where the answer goes.
//!
//! Owns: opening them. Refuses: a second way to find the config or the database.
use std::path::Path;

use anyhow::Result;

use crate::config::{self, Config, Loaded};
use crate::report::Output;
use crate::store::Store;

use super::{Global, failure};

/// What a verb works with.
pub(super) struct Context {
    pub(super) global: Global,
    pub(super) out: Output,
}

impl Context {
    pub(super) fn new(global: Global) -> Self {
        let out = Output::stdout(global.json);
        Self { global, out }
    }

    /// The file that `--config` names.
    pub(super) fn config_path(&self) -> Option<&Path> {
        self.global.config.as_deref()
    }

    /// The config with its warnings.
    pub(super) fn load(&self) -> Result<Loaded> {
        config::load(self.config_path()).map_err(|problems| failure::bad_config(&problems))
    }

    /// The config.
    pub(super) fn config(&self) -> Result<Config> {
        self.load().map(|loaded| loaded.config)
    }
}

/// The database of a config.
pub(super) fn store(config: &Config) -> Result<Store> {
    Ok(Store::open(config.paths().state.as_path())?)
}
