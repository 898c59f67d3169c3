//! The running system: kernel, BTF, the BPF file system, services.
//!
//! Owns: looking at them, and mounting bpffs. Refuses: to stop a build because of the kernel it runs on; the firewall
//! may be meant for another machine.
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::cmd;

/// The oldest kernel that the kernel programs are tested on.
const OLDEST: (u32, u32) = (6, 1);

/// Warns about a kernel on which sipfw would not load.
pub(super) fn check_kernel() {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let btf = Path::new("/sys/kernel/btf/vmlinux").exists();
    for warning in complaints(release.trim(), btf) {
        eprintln!("warning: {warning}");
    }
}

fn complaints(release: &str, btf: bool) -> Vec<String> {
    let mut found = Vec::new();
    if version(release).is_none_or(|v| v < OLDEST) {
        let (major, minor) = OLDEST;
        found.push(format!(
            "this kernel ({release}) is older than {major}.{minor}: sipfw builds here but will not load; boot a newer \
             kernel (Debian 12 and Ubuntu 24.04 have one)"
        ));
    }
    if !btf {
        found.push(
            "this kernel carries no type information (/sys/kernel/btf/vmlinux is missing): boot one that is built with \
             CONFIG_DEBUG_INFO_BTF=y, as the distributions' own are"
                .to_owned(),
        );
    }
    found
}

fn version(release: &str) -> Option<(u32, u32)> {
    let mut parts = release.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

const BPFFS: &str = "/sys/fs/bpf";

/// Mounts the file system in which programs and maps are pinned.
pub(super) fn mount_bpffs() -> Result<()> {
    let mounts = fs::read_to_string("/proc/self/mounts").context("/proc is not mounted")?;
    if has_bpffs(&mounts) {
        return Ok(());
    }
    println!("{BPFFS} is not mounted: programs and maps are pinned there; mounting it (needs root)");
    cmd::run(cmd::as_root("mount")?.args(["-t", "bpf", "bpf", BPFFS]))
        .with_context(|| format!("{BPFFS} could not be mounted: try `mount -t bpf bpf {BPFFS}` as root"))
}

fn has_bpffs(mounts: &str) -> bool {
    mounts.lines().any(|line| {
        let mut fields = line.split(' ').skip(1);
        fields.next() == Some(BPFFS) && fields.next() == Some("bpf")
    })
}

/// Stops a service that its package has just started, and keeps it from starting at boot: tests run their own.
pub(super) fn keep_from_starting(service: &str) -> Result<()> {
    if !Path::new("/run/systemd/system").exists() {
        return Ok(());
    }
    println!("{service} was installed for the tests, which start their own: disabling the service");
    cmd::run(cmd::as_root("systemctl")?.args(["disable", "--now", "--quiet", service]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_from_six_one_on_are_fine() {
        for release in ["6.1.0-56-cloud-amd64", "6.18.44", "7.0-rc1", "10.2"] {
            assert!(complaints(release, true).is_empty(), "{release}");
        }
        for release in ["6.0.12", "5.15.0-generic", "", "strange"] {
            assert_eq!(complaints(release, true).len(), 1, "{release}");
        }
        assert!(complaints("6.1.0", false)[0].contains("CONFIG_DEBUG_INFO_BTF"));
    }

    #[test]
    fn bpffs_must_be_of_its_type() {
        assert!(has_bpffs("proc /proc proc rw 0 0\nbpf /sys/fs/bpf bpf rw,nosuid 0 0\n"));
        assert!(!has_bpffs("tmpfs /sys/fs/bpf tmpfs rw 0 0\nbpf /mnt/bpf bpf rw 0 0\n"));
    }
}
