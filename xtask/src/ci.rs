//! `cargo xtask ci`: what every change must pass.
//!
//! Owns: the steps and their order. Refuses: a step that needs more than this repository, this machine, and the
//! registries of cargo, rustup and the distribution.
use std::process::Command;

use anyhow::Result;

use crate::steps::Steps;
use crate::{cmd, setup, test};

/// Runs the steps; the first that fails ends it.
pub(crate) fn verb() -> Result<()> {
    let mut steps = Steps::default();
    let build = steps.run("what checks need", || {
        setup::ci()?;
        setup::build()
    })?;
    steps.run("format", || cmd::run(cmd::cargo().args(["fmt", "--all", "--check"])))?;
    steps.run("lints", || cmd::run(&mut lints(&build)))?;
    kernel_lints(&mut steps, &build)?;
    steps.run("licences and sources", || {
        cmd::run(cmd::cargo().args([
            "deny",
            "--all-features",
            "check",
            "--hide-inclusion-graph",
            "licenses",
            "bans",
            "sources",
        ]))
    })?;
    test::rings(&test::Args::default(), &mut steps)?;
    steps.run("generated docs", || cmd::run(&mut docs(&build)))?;
    steps.summary();
    Ok(())
}

fn lints(build: &setup::Build) -> Command {
    let mut cargo = cmd::cargo();
    build.inform(&mut cargo);
    cargo.args(["clippy", "--workspace", "--exclude", "firewall-ebpf", "--all-targets", "--", "-D", "warnings"]);
    cargo
}

/// The kernel crate only compiles for its own target, with the compiler that has a core library for it; of the two ways
/// only nightly comes with clippy.
fn kernel_lints(steps: &mut Steps, build: &setup::Build) -> Result<()> {
    const NAME: &str = "lints of the kernel crate";
    let Some(nightly) = build.nightly() else {
        steps.skip(NAME, format!("{} has no clippy", build.way()));
        return Ok(());
    };
    if !has_clippy(nightly)
        && cmd::run(cmd::command("rustup").args(["component", "add", "clippy", "--toolchain", nightly])).is_err()
    {
        steps.skip(NAME, "clippy could not be added to nightly".to_owned());
        return Ok(());
    }
    steps.run(NAME, || {
        let mut cargo = cmd::cargo_of(nightly);
        // As userspace's build script sets them. A target directory of its own, lest it wait for the other's lock.
        cargo.env("CARGO_ENCODED_RUSTFLAGS", ["-Ctarget-cpu=v3", "-Cdebuginfo=2", "-Clink-arg=--btf"].join("\x1f"));
        cargo.args(["clippy", "--package", "firewall-ebpf", "--release", "--target", "bpfel-unknown-none"]);
        cargo.args(["-Z", "build-std=core", "--target-dir"]).arg(cmd::target_dir()?.join("kernel-lints"));
        cmd::run(cargo.args(["--", "-D", "warnings"]))
    })
}

fn has_clippy(toolchain: &str) -> bool {
    cmd::succeeds(cmd::cargo_of(toolchain).args(["clippy", "--version"]))
}

fn docs(build: &setup::Build) -> Command {
    let mut cargo = cmd::cargo();
    build.inform(&mut cargo);
    cargo.args(["run", "--package", "firewall-userspace", "--bin", "sipfw", "--", "docs", "--check", "docs"]);
    cargo
}
