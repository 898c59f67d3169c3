//! Builds the kernel object, which `sipfw` carries inside itself.
//!
//! `SIPFW_EBPF_TOOLCHAIN` names the rustup toolchain that builds it (`nightly` by default); empty means the cargo in the
//! path. A nightly builds `core` from source; any other must have a `core` for the BPF target, as Debian's
//! `libstd-rust-web-dev-bpf` has.
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

const TARGET: &str = "bpfel-unknown-none";
const OBJECT: &str = "sipfw-kernel";

fn main() -> Result<()> {
    println!("cargo:rerun-if-env-changed=SIPFW_EBPF_TOOLCHAIN");
    println!("cargo:rerun-if-changed=../firewall-ebpf");
    println!("cargo:rerun-if-changed=../firewall-common/src");
    let toolchain = env::var("SIPFW_EBPF_TOOLCHAIN").unwrap_or_else(|_| "nightly".to_owned());
    let out = PathBuf::from(env::var_os("OUT_DIR").context("OUT_DIR is not set; run this through cargo")?);
    // A target directory of its own: cargo holds a lock on the other one.
    let target_dir = out.join("ebpf");
    build(&toolchain, &target_dir)?;
    let object = target_dir.join(TARGET).join("release").join(OBJECT);
    std::fs::copy(&object, out.join(OBJECT)).with_context(|| format!("copying {}", object.display()))?;
    Ok(())
}

fn build(toolchain: &str, target_dir: &Path) -> Result<()> {
    let mut cargo = tool(toolchain, "cargo");
    cargo
        .args(["build", "--release", "--package", "firewall-ebpf", "--target", TARGET, "--target-dir"])
        .arg(target_dir);
    if is_nightly(toolchain)? {
        cargo.args(["-Z", "build-std=core"]);
    } else {
        cargo.env("RUSTC_BOOTSTRAP", "1");
    }
    // Processor v3 (kernel 5.12) has the 64-bit compare-and-swap of the rate cells; BTF names what a debugger shows.
    let flags = ["-Ctarget-cpu=v3", "-Cdebuginfo=2", "-Clink-arg=--btf"].join("\x1f");
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags);
    let output = cargo.output().with_context(|| format!("running {cargo:?}"))?;
    let messages = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "the kernel programs did not build ({cargo:?}); `cargo xtask setup` installs what they need\n{messages}"
    );
    for line in messages.lines().filter(|line| line.starts_with("warning:")) {
        println!("cargo:warning={line}");
    }
    Ok(())
}

fn is_nightly(toolchain: &str) -> Result<bool> {
    let version = tool(toolchain, "rustc").arg("--version").output().context("running rustc")?;
    Ok(String::from_utf8_lossy(&version.stdout).contains("nightly"))
}

/// A tool of the toolchain, free of what the outer cargo told its own.
fn tool(toolchain: &str, name: &str) -> Command {
    let mut command = if toolchain.is_empty() {
        Command::new(name)
    } else {
        let mut rustup = Command::new("rustup");
        rustup.args(["run", toolchain, name]);
        rustup
    };
    for variable in ["RUSTC", "RUSTC_WORKSPACE_WRAPPER", "RUSTUP_TOOLCHAIN", "CARGO"] {
        command.env_remove(variable);
    }
    command
}
