//! `cargo xtask test`: every ring of tests, the cheap ones first.
//!
//! Owns: the rings, their order, and which of them run as root. Refuses: to call a ring passed that did not run.
use anyhow::Result;

use crate::steps::Steps;
use crate::{cmd, setup};

/// Options of the verb.
#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Also boot the oldest kernel we promise in a virtual machine, and test there
    #[arg(long)]
    kernel: bool,
    /// Fewer random cases, shorter loads: `SIPFW_TEST_QUICK=1` for the tests
    #[arg(long)]
    quick: bool,
    /// Only tests whose name contains this
    filter: Option<String>,
}

/// Runs all rings; the first that fails ends it.
pub(crate) fn verb(args: &Args) -> Result<()> {
    let mut steps = Steps::default();
    rings(args, &mut steps)?;
    steps.summary();
    Ok(())
}

/// The rings, as steps of something larger.
pub(crate) fn rings(args: &Args, steps: &mut Steps) -> Result<()> {
    let build = steps.run("what tests need", || {
        let build = setup::build()?;
        setup::tests()?;
        Ok(build)
    })?;
    steps.run("tests on the host", || {
        let mut cargo = test(args, &build, &["firewall-common", "xtask"]);
        cmd::run(&mut cargo)
    })?;
    steps.run("fuzz corpora", || cmd::run(&mut test(args, &build, &["firewall-fuzz"])))?;
    steps.run("tests in the kernel", || {
        let mut cargo = test(args, &build, &["firewall-userspace", "firewall-tests"]);
        cmd::run_as_root(&mut cargo)?;
        cmd::run(&mut cargo)
    })?;
    if args.kernel {
        steps.run("oldest kernel", || oldest_kernel(&build))?;
    }
    Ok(())
}

fn test(args: &Args, build: &setup::Build, packages: &[&str]) -> std::process::Command {
    let mut cargo = cmd::cargo();
    build.inform(&mut cargo);
    cargo.arg("test").args(packages.iter().flat_map(|name| ["--package", name]));
    if args.quick {
        cargo.env("SIPFW_TEST_QUICK", "1");
    }
    if let Some(filter) = &args.filter {
        cargo.arg(filter);
    }
    cargo
}

/// Boots the image in `SIPFW_KERNEL_IMAGE` and runs the kernel tests there.
fn oldest_kernel(build: &setup::Build) -> Result<()> {
    setup::virtual_machine()?;
    let mut cargo = cmd::cargo();
    build.inform(&mut cargo);
    cargo.env("SIPFW_KERNEL_IMAGE", setup::kernel_image()?);
    cmd::run(cargo.args(["run", "--package", "firewall-tests", "--bin", "kernel-vm"]))
}
