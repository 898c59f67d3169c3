//! What a package installs besides the binary.
//!
//! Owns: its files' names, as Debian's policy has them. Refuses: building packages.
use std::path::Path;

use anyhow::{Context as _, Result};
use clap_complete::Shell;
use clap_mangen::Man;

use super::write;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::{command, completions};
use crate::config;

/// Writes `man/`, `completions/` and `sipfw.toml`.
pub(super) fn write_all(directory: &Path) -> Result<usize> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    man_pages(&command(), "sipfw", &mut files)?;
    for (shell, name) in [(Shell::Bash, "sipfw.bash"), (Shell::Zsh, "_sipfw"), (Shell::Fish, "sipfw.fish")] {
        files.push((format!("completions/{name}"), completions::script(shell)));
    }
    files.push(("sipfw.toml".to_owned(), config::default_file().into_bytes()));
    files.iter().try_for_each(|(name, content)| write(directory, name, content))?;
    Ok(files.len())
}

pub(super) fn perform(directory: &Path, context: &mut Context) -> Result<Exit> {
    let files = write_all(directory)?;
    context.out.line(format!("{files} files written to {}", directory.display()))?;
    Ok(Exit::Yes)
}

fn man_pages(command: &clap::Command, path: &str, files: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    let mut page = Vec::new();
    let man =
        Man::new(command.clone()).section("8").manual("sipfw").source(concat!("sipfw ", env!("CARGO_PKG_VERSION")));
    man.render(&mut page).with_context(|| format!("making the man page of {path}"))?;
    files.push((format!("man/{path}.8"), page));
    let mut verbs = command.get_subcommands().filter(|sub| sub.get_name() != "help");
    verbs.try_for_each(|sub| man_pages(sub, &format!("{path}-{}", sub.get_name()), files))
}
