//! The host besides BPF: routing, clock, the config's own files.
//!
//! Owns: what holds for all interfaces. Refuses: advice that would change what is not ours.
use std::fs;
use std::path::Path;

use super::Finding;
use crate::cli::context;
use crate::cli::failure;
use crate::config::Config;
use crate::store::{FILE_NAME, StoreError};

pub(super) fn findings(config: &Config) -> Vec<Finding> {
    vec![database(config), clock()]
}

/// Opening makes a database where there is none, so only one that is there is opened.
fn database(config: &Config) -> Finding {
    const NAME: &str = "database";
    let path = config.paths().state.as_path().join(FILE_NAME);
    if !path.exists() {
        return Finding::ok(NAME, format!("{} will be made when it is needed", path.display()));
    }
    match context::store(config) {
        Ok(_) => Finding::ok(NAME, path.display().to_string()),
        Err(error) => {
            let damaged = matches!(error.downcast_ref(), Some(StoreError::Corrupt { .. }));
            let fix = if damaged { begin_anew(&path) } else { "do what it says".to_owned() };
            Finding::fail(NAME, failure::sentence(&error), fix)
        }
    }
}

/// How to get rid of a damaged database without losing it. Nothing does this by itself.
fn begin_anew(path: &Path) -> String {
    let file = path.display();
    format!(
        "the firewall goes on meanwhile, and the daemon keeps what it learns until it finds a database that it can write. Put          a backup in the place of {file}, or move it aside with what belongs to it: \
         `for f in {file}*; do mv \"$f\" \"$f.damaged\"; done`. The daemon makes an empty one, and entries and bans of which only \
         the damaged one knew end then; `sqlite3 {file}.damaged .recover` shows what can still be read of them"
    )
}

/// Slow clocks cost on every packet that a rate is kept of.
fn clock() -> Finding {
    const NAME: &str = "clock";
    let path = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    match fs::read_to_string(path).map(|text| text.trim().to_owned()) {
        Ok(source) if matches!(source.as_str(), "hpet" | "acpi_pm" | "jiffies" | "pit") => {
            let fix = "boot with clocksource=tsc (or kvm-clock in a virtual machine) if the hardware allows it";
            Finding::warn(NAME, format!("{source}: reading it takes about a microsecond"), fix)
        }
        Ok(source) => Finding::ok(NAME, source),
        Err(_) => Finding::ok(NAME, "not to be seen"),
    }
}
