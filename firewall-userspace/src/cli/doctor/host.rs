//! The host besides BPF: routing, clock, the config's own files.
//!
//! Owns: what holds for all interfaces. Refuses: advice that would change what is not ours.
use std::fs;

use super::Finding;
use crate::cli::context;
use crate::cli::failure;
use crate::config::Config;
use crate::store::FILE_NAME;

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
        Err(error) => Finding::fail(NAME, failure::sentence(&error), "do what it says"),
    }
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
