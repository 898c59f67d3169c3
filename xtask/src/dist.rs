//! `cargo xtask dist`: the archive to copy to a server.
//!
//! Owns: what is in it. Refuses: writing man pages, completions and the default config (sipfw does, from its own code).
use std::env::consts::ARCH;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::{cmd, setup};

/// Options of the verb.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Another target than this machine's; its binary must run here, since it writes its own documentation
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
}

/// Builds, gathers, packs.
pub(crate) fn verb(args: &Args) -> Result<()> {
    let build = setup::build()?;
    let target_dir = cmd::target_dir()?;
    let mut cargo = cmd::cargo();
    build.inform(&mut cargo);
    cargo.args(["build", "--release", "--package", "firewall-userspace", "--target-dir"]).arg(&target_dir);
    let mut built = target_dir.clone();
    if let Some(target) = &args.target {
        cargo.args(["--target", target]);
        built.push(target);
    }
    cmd::run(&mut cargo)?;
    let name = archive_name(env!("CARGO_PKG_VERSION"), args.target.as_deref().unwrap_or(ARCH));
    let dist = target_dir.join("dist");
    gather(&built.join("release/sipfw"), &dist.join(&name))?;
    let archive = pack(&dist, &name)?;
    println!("{}", archive.display());
    Ok(())
}

fn archive_name(version: &str, target: &str) -> String {
    let arch = target.split('-').next().unwrap_or(target);
    format!("sipfw-{version}-{arch}")
}

/// The directory that becomes the archive: the binary, what it writes about itself, the licences and the introduction.
fn gather(binary: &Path, dir: &Path) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    fs::create_dir_all(dir)?;
    fs::copy(binary, dir.join("sipfw")).with_context(|| format!("{} is not there", binary.display()))?;
    cmd::run(cmd::command(dir.join("sipfw")).args(["docs", "--package"]).arg(dir))
        .context("man pages, completions and the default config could not be written")?;
    for file in ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        let from = cmd::root().join(file);
        if from.exists() {
            fs::copy(from, dir.join(file))?;
        }
    }
    Ok(())
}

/// The same files give the same archive, whoever packs them and when.
fn pack(dist: &Path, name: &str) -> Result<PathBuf> {
    let archive = dist.join(format!("{name}.tar.gz"));
    let mut tar = cmd::command("tar");
    tar.args(["--create", "--gzip", "--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"]);
    cmd::run(tar.arg("--file").arg(&archive).arg("--directory").arg(dist).arg(name))?;
    Ok(archive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_is_named_after_version_and_machine() {
        assert_eq!(archive_name("0.1.0", "aarch64-unknown-linux-gnu"), "sipfw-0.1.0-aarch64");
    }
}
