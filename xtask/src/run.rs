//! `cargo xtask run`: from a checkout to a running firewall.
//!
//! Owns: building and handing over. Refuses: to choose the interface or the policy; sipfw itself does.
use std::ffi::OsString;

use anyhow::Result;

use crate::{cmd, setup};

/// Options of the verb.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The interface to protect; without it, the one of the default route
    #[arg(long)]
    iface: Option<String>,
    /// Handed on to `sipfw run` as they are
    #[arg(last = true, value_name = "SIPFW ARGS")]
    args: Vec<OsString>,
}

/// Builds as the user, runs as root, and is replaced by what it runs, so that Ctrl-C reaches sipfw alone.
pub(crate) fn verb(args: &Args) -> Result<()> {
    let build = setup::build()?;
    let mut cargo = cmd::cargo();
    build.inform(&mut cargo);
    cargo.args(["run", "--release", "--package", "firewall-userspace", "--bin", "sipfw", "--", "run", "--ephemeral"]);
    if let Some(iface) = &args.iface {
        cargo.args(["--iface", iface]);
    }
    cmd::run_as_root(cargo.args(&args.args))?;
    Err(cmd::exec(&mut cargo))
}
