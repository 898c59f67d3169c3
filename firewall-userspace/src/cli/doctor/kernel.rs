//! The kernel: is it new enough, and does it take our program?
//!
//! Owns: what concerns BPF as a whole. Refuses: the interface.
use std::fs;
use std::path::Path;

use rustix::process::geteuid;

use super::Finding;
use crate::cli::{failure, judge, memory};
use crate::config::{Config, Loaded};
use crate::entries::KernelEntries;
use crate::report::number::bytes;

/// The oldest kernel that is promised.
const OLDEST: (u32, u32) = (6, 1);

pub(super) fn findings(loaded: &Loaded) -> Vec<Finding> {
    let config = &loaded.config;
    let own = [rights(), version(), btf(), jit(), file_system(config), accepted(loaded), space(config), hearing()];
    own.into_iter().chain([features()]).collect()
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

fn release() -> String {
    read("/proc/sys/kernel/osrelease").unwrap_or_else(|| "unknown".to_owned())
}

/// Major and minor number of a release.
fn numbers(release: &str) -> Option<(u32, u32)> {
    let mut parts = release.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn rights() -> Finding {
    if geteuid().is_root() {
        return Finding::ok("rights", "root");
    }
    Finding::warn("rights", "not root: neither the program nor what is loaded can be looked at", "run this with sudo")
}

fn version() -> Finding {
    let release = release();
    match numbers(&release) {
        Some(found) if found >= OLDEST => Finding::ok("kernel", release),
        Some(_) => Finding::fail("kernel", release, "sipfw needs Linux 6.1 or newer: upgrade the kernel"),
        None => Finding::warn("kernel", release, "see that it is Linux 6.1 or newer (`uname -r`)"),
    }
}

fn btf() -> Finding {
    if Path::new("/sys/kernel/btf/vmlinux").exists() {
        return Finding::ok("BTF", "the kernel describes its types");
    }
    let fix = "use a kernel with CONFIG_DEBUG_INFO_BTF=y, as distributions have";
    Finding::warn("BTF", "/sys/kernel/btf/vmlinux is missing", fix)
}

fn jit() -> Finding {
    match read("/proc/sys/net/core/bpf_jit_enable").as_deref() {
        Some("0") => {
            let fix = "sysctl -w net.core.bpf_jit_enable=1, and in /etc/sysctl.d/ to keep it";
            Finding::warn("JIT", "off: every packet costs several times as much", fix)
        }
        Some(_) => Finding::ok("JIT", "on"),
        None => Finding::ok("JIT", "always on, or not to be seen"),
    }
}

fn file_system(config: &Config) -> Finding {
    let path = config.paths().bpf.as_path();
    let mounts = read("/proc/self/mounts").unwrap_or_default();
    let mut mounted = mounts.lines().rev().filter_map(|line| {
        let mut words = line.split(' ');
        let (point, kind) = (words.nth(1)?, words.next()?);
        (kind == "bpf").then_some(point)
    });
    match mounted.find(|point| path.starts_with(point)) {
        Some(point) => Finding::ok("BPF file system", format!("{} is on {point}", path.display())),
        None => {
            let fix = "mount -t bpf bpf /sys/fs/bpf, or change paths.bpf in the config";
            Finding::fail("BPF file system", format!("{} is on none", path.display()), fix)
        }
    }
}

/// The best question is the verifier's.
fn accepted(loaded: &Loaded) -> Finding {
    const NAME: &str = "program";
    if !geteuid().is_root() {
        return Finding::warn(NAME, "not tried, since that takes root", "run this with sudo");
    }
    match judge::rehearsal(loaded, &KernelEntries::default()) {
        Ok(_) => Finding::ok(NAME, "the kernel's verifier accepts it"),
        Err(error) => Finding::fail(NAME, failure::sentence(&error), "see the lines above; `ulimit -l` may be too low"),
    }
}

fn space(config: &Config) -> Finding {
    const NAME: &str = "memory";
    let wanted = memory::total(config);
    let mut parts = memory::parts(config);
    parts.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let largest: Vec<String> = parts.iter().take(3).map(|(name, size)| format!("{name} {}", bytes(*size))).collect();
    let found = format!("the maps take about {} ({} …)", bytes(wanted), largest.join(", "));
    let free = read("/proc/meminfo").and_then(|text| available(&text));
    match free {
        Some(free) if wanted > free => {
            Finding::fail(NAME, found, format!("{} are free: lower [capacity]", bytes(free)))
        }
        Some(free) if wanted > free / 4 => {
            Finding::warn(NAME, found, format!("{} are free: lower [capacity] if that is tight", bytes(free)))
        }
        _ => Finding::ok(NAME, found),
    }
}

fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find(|line| line.starts_with("MemAvailable:"))?;
    line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// The oldest kernel that has TCX links.
const HEARS: (u32, u32) = (6, 6);

/// Whether the kernel lets us hear what the server sends.
fn hearing() -> Finding {
    const NAME: &str = "hearing";
    if numbers(&release()).is_some_and(|found| found >= HEARS) {
        return Finding::ok(NAME, "what the server sends can be heard (TCX)");
    }
    let found = "this kernel lets nobody hear what the server sends (TCX): responses are not judged";
    Finding::warn(NAME, found, "upgrade to Linux 6.6 or newer, or let the server tell of failed logins by a [[feed]]")
}

/// Which of the newer ways are taken.
fn features() -> Finding {
    let found = numbers(&release()).unwrap_or(OLDEST);
    let has = |since: (u32, u32)| if found >= since { "yes" } else { "no" };
    let text =
        format!("replacing the program in one step: {}; packets in several buffers: {}", has((5, 9)), has((5, 18)),);
    Finding::ok("features", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_have_numbers() {
        assert_eq!(numbers("6.1.0-18-cloud-amd64"), Some((6, 1)));
        assert_eq!(numbers("5.15-rc1"), Some((5, 15)));
        assert_eq!(numbers("unknown"), None);
        assert_eq!(available("MemTotal: 9 kB\nMemAvailable:   2048 kB\n"), Some(2 << 20));
    }
}
