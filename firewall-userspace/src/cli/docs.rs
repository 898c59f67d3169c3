//! `sipfw docs`: the documentation that is generated from the code.
//!
//! Owns: which files there are, writing and comparing them. Refuses: documentation that people write.
mod package;
mod reference;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::ValueHint;
use serde_json::json;

use super::context::Context;
use super::exit::Exit;
use crate::config;

const EXAMPLES: &str = "\
Examples:
  sipfw docs docs               write reasons.md, cli.md and sipfw.toml
  sipfw docs --check docs       exit code 1 if one of them is not what the code says
  sipfw docs --package dist     man pages, completions and the default config, for a package";

/// Write the documentation that is generated from the code
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Compare instead of writing
    #[arg(long, conflicts_with = "package")]
    check: bool,
    /// Write what a package installs: man pages, completions and the default config
    #[arg(long)]
    package: bool,
    /// The directory
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    directory: PathBuf,
}

/// Every generated page, by its file's name.
pub fn pages() -> Vec<(&'static str, String)> {
    vec![
        ("cli.md", reference::command_line()),
        ("reasons.md", reference::reasons()),
        ("sipfw.toml", config::default_file()),
    ]
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    if args.package {
        return package::perform(&args.directory, context);
    }
    if args.check {
        return check(&args.directory, context);
    }
    for (name, text) in pages() {
        write(&args.directory, name, text.as_bytes())?;
    }
    context.out.line(format!("{} pages written to {}", pages().len(), args.directory.display()))?;
    Ok(Exit::Yes)
}

/// Writes one file, its directory too.
fn write(directory: &Path, name: &str, content: &[u8]) -> Result<()> {
    let path = directory.join(name);
    let parent = path.parent().unwrap_or(directory);
    fs::create_dir_all(parent).with_context(|| format!("cannot make the directory {}", parent.display()))?;
    fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))
}

fn check(directory: &Path, context: &mut Context) -> Result<Exit> {
    let differs = |(name, text): &(&str, String)| fs::read_to_string(directory.join(name)).ok().as_ref() != Some(text);
    let differing: Vec<&str> = pages().iter().filter(|page| differs(page)).map(|(name, _)| *name).collect();
    if context.out.is_json() {
        context.out.json(&json!({ "differing": differing }))?;
    } else {
        for name in &differing {
            let (path, dir) = (directory.join(name), directory.display());
            context.out.line(format!("{} is not what the code says: run `sipfw docs {dir}`", path.display()))?;
        }
    }
    Ok(Exit::of(differing.is_empty()))
}
