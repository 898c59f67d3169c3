//! The compiler of the kernel crate, by two ways: rustup's nightly with the sources of `core`, or the distribution's
//! compiler with its ready-made `core` for BPF.
//!
//! Owns: choosing one, the first that works, and installing it. Refuses: a compiler whose LLVM is newer than the
//! linker's, since what it writes could not be read, and naming a nightly by its date.
use std::path::Path;

use anyhow::{Result, bail};

use crate::apt::{self, Package};
use crate::cmd;

const NIGHTLY: &str = "nightly";
/// The name by which rustup knows the distribution's compiler. Userspace's build script reads it from
/// `SIPFW_EBPF_TOOLCHAIN`.
const DISTRIBUTION: &str = "sipfw-kernel";
const DISTRIBUTION_RUSTC: &str = "/usr/bin/rustc";
const DISTRIBUTION_CORE: &str = "/usr/lib/rustlib/bpfel-unknown-none";

const PACKAGES: &[Package] = &[
    Package { name: "rustc-web", program: "", why: "a compiler that knows the BPF target" },
    Package { name: "cargo-web", program: "", why: "its cargo" },
    Package { name: "libstd-rust-web-dev-bpf", program: "", why: "the core library, compiled for BPF" },
];

/// What the kernel crate is compiled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compiler {
    /// rustup's nightly, which compiles `core` itself.
    Nightly,
    /// The distribution's, made known to rustup.
    Linked,
    /// The distribution's, which is the only one.
    Plain,
}

impl Compiler {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nightly => "rustup's nightly",
            Self::Linked => "the distribution's compiler, linked into rustup",
            Self::Plain => "the distribution's compiler",
        }
    }

    pub(super) const fn nightly(self) -> Option<&'static str> {
        match self {
            Self::Nightly => Some(NIGHTLY),
            Self::Linked | Self::Plain => None,
        }
    }

    /// What userspace's build script reads. Nightly sets nothing, so that a plain `cargo build` does the same.
    pub(super) const fn environment(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Nightly => None,
            Self::Linked => Some(("SIPFW_EBPF_TOOLCHAIN", DISTRIBUTION)),
            // Empty: whatever cargo is in the path.
            Self::Plain => Some(("SIPFW_EBPF_TOOLCHAIN", "")),
        }
    }
}

/// Finds a compiler, or installs one. `linker` is the LLVM of bpf-linker, if known.
pub(super) fn ensure(linker: Option<u32>) -> Result<Compiler> {
    let rustup = cmd::find("rustup").is_some();
    if rustup && nightly_is_ready(linker) {
        return Ok(Compiler::Nightly);
    }
    if distribution_is_ready(linker) {
        return distribution(rustup);
    }
    if rustup && install_nightly(linker) {
        return Ok(Compiler::Nightly);
    }
    install_distribution(rustup)?;
    if !distribution_is_ready(linker) {
        bail!(
            "the kernel programs cannot be compiled: neither rustup's nightly nor {DISTRIBUTION_RUSTC} has a core \
             library for BPF that this bpf-linker can read. Install rustup (https://rustup.rs), then run \
             `rustup toolchain install nightly --component rust-src`"
        );
    }
    distribution(rustup)
}

/// Whether a compiler's output can be linked.
fn readable(compiler: Option<u32>, linker: Option<u32>) -> bool {
    match (compiler, linker) {
        (Some(compiler), Some(linker)) => compiler <= linker,
        (compiler, None) => compiler.is_some(),
        (None, _) => false,
    }
}

fn nightly_is_ready(linker: Option<u32>) -> bool {
    if !has_toolchain(NIGHTLY) {
        return false;
    }
    let sysroot = cmd::output(cmd::command("rustup").args(["run", NIGHTLY, "rustc", "--print", "sysroot"]));
    let has_core = |root: String| Path::new(root.trim()).join("lib/rustlib/src/rust/library/core").exists();
    sysroot.is_some_and(has_core) && readable(llvm_of_nightly(), linker)
}

fn install_nightly(linker: Option<u32>) -> bool {
    let mut rustup = cmd::command("rustup");
    if has_toolchain(NIGHTLY) {
        println!("rust-src is missing: the kernel programs need a core library compiled for BPF");
        rustup.args(["component", "add", "rust-src", "--toolchain", NIGHTLY]);
    } else {
        println!("the nightly toolchain is missing: it compiles the kernel programs and their core library");
        rustup.args(["toolchain", "install", NIGHTLY, "--profile", "minimal", "--component", "rust-src"]);
    }
    if llvm_of_nightly().is_some_and(|llvm| !readable(Some(llvm), linker)) {
        println!("but nightly's LLVM is newer than bpf-linker's: taking the distribution's compiler instead");
        return false;
    }
    println!("installing with: {}", cmd::shown(&rustup));
    if let Err(error) = cmd::run(&mut rustup) {
        println!("{error}; trying the distribution's compiler instead");
        return false;
    }
    let ready = nightly_is_ready(linker);
    if !ready {
        println!("nightly's LLVM is newer than bpf-linker's; trying the distribution's compiler instead");
    }
    ready
}

fn has_toolchain(name: &str) -> bool {
    cmd::output(cmd::command("rustup").args(["toolchain", "list"])).is_some_and(|list| lists(&list, name))
}

/// Whether `rustup toolchain list` has a toolchain under exactly this name, for whichever host.
fn lists(list: &str, name: &str) -> bool {
    let host = format!("{name}-{}-", std::env::consts::ARCH);
    list.lines().filter_map(|line| line.split_whitespace().next()).any(|t| t == name || t.starts_with(&host))
}

fn llvm_of_nightly() -> Option<u32> {
    if !has_toolchain(NIGHTLY) {
        return None;
    }
    llvm(&cmd::output(cmd::command("rustup").args(["run", NIGHTLY, "rustc", "-vV"]))?)
}

fn distribution_is_ready(linker: Option<u32>) -> bool {
    let version = || cmd::output(cmd::command(DISTRIBUTION_RUSTC).arg("-vV"));
    Path::new(DISTRIBUTION_CORE).exists() && readable(version().and_then(|text| llvm(&text)), linker)
}

fn install_distribution(rustup: bool) -> Result<()> {
    if rustup && !has_toolchain(NIGHTLY) {
        println!("no nightly toolchain could be had from rustup");
    }
    apt::ensure(PACKAGES).map(drop)
}

/// The distribution's compiler, linked into rustup if there is one, since rustup's own cargo would be found first.
fn distribution(rustup: bool) -> Result<Compiler> {
    if !rustup {
        return Ok(Compiler::Plain);
    }
    if !has_toolchain(DISTRIBUTION) {
        println!("making the distribution's compiler known to rustup as `{DISTRIBUTION}`");
        cmd::run(cmd::command("rustup").args(["toolchain", "link", DISTRIBUTION, "/usr"]))?;
    }
    Ok(Compiler::Linked)
}

/// The major version in `rustc -vV`.
fn llvm(version: &str) -> Option<u32> {
    let text = version.lines().find_map(|line| line.strip_prefix("LLVM version: "))?;
    text.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str =
        "stable-x86_64-unknown-linux-gnu (active, default)\nnightly-2025-01-01-x86_64-unknown-linux-gnu\n";

    #[test]
    fn a_dated_nightly_is_not_the_nightly() {
        assert!(!lists(LIST, NIGHTLY));
        let host = format!("nightly-{}-unknown-linux-gnu (default)", std::env::consts::ARCH);
        assert!(lists(&format!("{LIST}{host}\n"), NIGHTLY));
        assert!(lists("sipfw-kernel\n", DISTRIBUTION));
    }

    #[test]
    fn the_compiler_must_not_be_newer_than_the_linker() {
        let llvm = llvm("rustc 1.97.0-nightly\nhost: x86_64-unknown-linux-gnu\nLLVM version: 22.1.4\n");
        assert_eq!(llvm, Some(22));
        assert!(readable(llvm, Some(22)) && readable(llvm, Some(23)) && readable(llvm, None));
        assert!(!readable(llvm, Some(21)) && !readable(None, Some(22)));
    }

    #[test]
    fn nightly_needs_no_environment() {
        assert_eq!(Compiler::Nightly.environment(), None);
        assert_eq!(Compiler::Linked.environment(), Some(("SIPFW_EBPF_TOOLCHAIN", "sipfw-kernel")));
        assert_eq!(Compiler::Plain.environment(), Some(("SIPFW_EBPF_TOOLCHAIN", "")));
    }
}
