//! The daemon: reads events, keeps maps equal to the database, obeys signals.
//!
//! Owns: the loop and its timing. Refuses: deciding (the engine does), and enforcing: without this loop the kernel goes
//! on as it is.
use std::path::PathBuf;

use crate::config::Loaded;
use crate::dataplane::instance::Instance;

/// What the loop needs besides the instance.
#[derive(Debug)]
pub struct Settings {
    /// The config that is running.
    pub loaded: Loaded,
    /// The config's file, for SIGHUP; nothing for the default one.
    pub config_file: Option<PathBuf>,
}

/// Serves an instance until SIGINT or SIGTERM. Then an ephemeral instance is detached and removed, any other stays.
///
/// # Errors
///
/// What makes serving impossible; the kernel goes on all the same.
pub fn run(instance: Instance, settings: Settings) -> anyhow::Result<()> {
    let _ = (instance, settings);
    anyhow::bail!("not there yet")
}
