//! `sipfw completions`: for shells.
//!
//! Owns: the verb. Refuses: installing them (packages do; see `docs --package`).
use anyhow::Result;
use clap_complete::{Shell, generate};

use super::context::Context;
use super::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  sipfw completions bash > /etc/bash_completion.d/sipfw
  sipfw completions zsh > /usr/local/share/zsh/site-functions/_sipfw
  sipfw completions fish > /etc/fish/completions/sipfw.fish";

/// Print a shell's completions
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    context.out.text(String::from_utf8_lossy(&script(args.shell)))?;
    Ok(Exit::Yes)
}

/// The script of a shell.
pub(super) fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    generate(shell, &mut super::command(), "sipfw", &mut script);
    script
}
