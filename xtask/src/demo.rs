//! `cargo xtask demo`: an attack on a small world in network namespaces, with and without the shield.
//!
//! Owns: preparing and starting it. Refuses: the story itself (tests/ tells it).
use anyhow::Result;

use crate::{Rest, cmd, setup};

/// Options of the verb.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    rest: Rest,
}

/// Builds as the user, runs as root.
pub(crate) fn verb(args: &Args) -> Result<()> {
    let build = setup::build()?;
    setup::tests()?;
    let mut cargo = cmd::cargo();
    build.inform(&mut cargo);
    cargo.args(["run", "--release", "--package", "firewall-tests", "--bin", "demo", "--"]).args(&args.rest.args);
    cmd::run_as_root(&mut cargo)?;
    Err(cmd::exec(&mut cargo))
}
