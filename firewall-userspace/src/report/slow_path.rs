//! What the slow path counts, kept in a file beside the running policy.
//!
//! Owns: the file's form, writing it in one step, and its lines in the status. Refuses: counting; and knowing every counter:
//! what it does not know it hands on in JSON.
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The file's name in an interface's run directory.
const FILE_NAME: &str = "slow-path.json";

/// The daemon's own counters. They begin at zero with each daemon.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SlowPathReport {
    /// Unix milliseconds of the daemon's start.
    pub(crate) since: i64,
    /// Unix milliseconds of this report.
    pub(crate) updated: i64,
    /// The engine's counters.
    pub(crate) engine: Value,
    /// The counters of what was read from the wire.
    pub(crate) wire: Value,
    /// The counters of each feed.
    pub(crate) feeds: Value,
}

impl SlowPathReport {
    /// Writes it into a run directory in one step, so that nobody reads half of it.
    pub(crate) fn write(&self, run_dir: &Path) -> Result<()> {
        let path = path(run_dir);
        let draft = path.with_extension("json.new");
        let text = serde_json::to_vec(self).context("writing JSON")?;
        std::fs::write(&draft, text).with_context(|| format!("cannot write {}", draft.display()))?;
        std::fs::rename(&draft, &path).with_context(|| format!("cannot write {}", path.display()))
    }

    /// What people want to know of it at once.
    pub(crate) fn lines(&self, now: i64) -> Vec<(&'static str, String)> {
        let _ = now;
        Vec::new()
    }

    /// The one in a run directory; nothing when there is none that this version can read.
    pub(crate) fn read(run_dir: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path(run_dir)).ok()?).ok()
    }
}

fn path(run_dir: &Path) -> PathBuf {
    run_dir.join(FILE_NAME)
}
