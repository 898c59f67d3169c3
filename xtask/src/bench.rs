//! `cargo xtask bench`: the figures that docs/performance.md records, measured on this machine.
//!
//! Owns: preparing and starting it. Refuses: to measure an unoptimised build, and measuring itself (tests/ does).
use anyhow::Result;

use crate::{Rest, cmd, setup};

/// Options of the verb.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The same figures with fewer trials, within a minute once built
    #[arg(long)]
    quick: bool,
    /// One JSON object a figure instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    rest: Rest,
}

/// Builds as the user, runs as root.
pub(crate) fn verb(args: &Args) -> Result<()> {
    let build = setup::build()?;
    setup::tests()?;
    let mut cargo = cmd::cargo();
    build.inform(&mut cargo);
    cargo.args(["run", "--release", "--package", "firewall-tests", "--bin", "bench", "--"]);
    cargo.args(args.quick.then_some("--quick")).args(args.json.then_some("--json")).args(&args.rest.args);
    cmd::run_as_root(&mut cargo)?;
    Err(cmd::exec(&mut cargo))
}
