//! Boots the oldest kernel that sipfw promises to run on and has the verdict tables pass there.
//!
//! Owns: the two roles of this binary, the host that starts qemu and the guest's process 1. Refuses: being a test of
//! this machine's kernel. `cargo xtask test --kernel` runs it with `SIPFW_KERNEL_IMAGE`.
use anyhow::Result;
use firewall_tests::vm::{guest, host};

fn main() -> Result<()> {
    if std::process::id() == 1 { guest::run() } else { host::run() }
}
