//! What every verb begins with: the global options, the config, the database, and where the answer goes.
//!
//! Owns: opening them. Refuses: a second way to find the config or the database.
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

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

    /// The same, as it can be found from any directory: for what outlives this command.
    pub(super) fn absolute_config_path(&self) -> Result<Option<PathBuf>> {
        let absolute = self.config_path().map(std::path::absolute).transpose();
        absolute.context("cannot tell which directory this is")
    }

    /// The config with its warnings, and files' names that can be found from any directory.
    pub(super) fn load_absolute(&self) -> Result<Loaded> {
        let path = self.absolute_config_path()?;
        config::load(path.as_deref()).map_err(|problems| failure::bad_config(&problems))
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
