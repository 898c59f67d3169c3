//! The guest's side: process 1 of the virtual machine.
//!
//! Owns: mounting what the test needs, running it, switching the machine off. Refuses: returning.
use std::process::Command;

use anyhow::{Context as _, Result};
use rustix::mount::{MountFlags, mount};
use rustix::system::{RebootCommand, reboot};

use super::{EXIT, TEST};

/// Runs the test and switches the machine off.
///
/// # Errors
///
/// The kernel's refusal to switch off.
pub fn run() -> Result<()> {
    let code = match test() {
        Ok(code) => code,
        Err(error) => {
            println!("guest: {error:#}");
            1
        }
    };
    println!("{EXIT} {code}");
    reboot(RebootCommand::PowerOff).context("switching off")
}

fn test() -> Result<i32> {
    for (kind, place) in [("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev"), ("tmpfs", "/tmp")] {
        mount(kind, place, kind, MountFlags::empty(), None).with_context(|| format!("mounting {place}"))?;
    }
    mount("bpf", "/sys/fs/bpf", "bpf", MountFlags::empty(), None).context("mounting bpffs")?;
    let status = Command::new(TEST).env("RUST_BACKTRACE", "0").arg("--test-threads=1").status();
    Ok(status.with_context(|| format!("running {TEST}"))?.code().unwrap_or(1))
}
