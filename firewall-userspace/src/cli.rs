//! The command `sipfw`: its verbs, their options and help, and what every verb shares.
//!
//! Owns: the command line, and the exit code. Refuses: doing the work (a file a verb in `cli/`), and how an answer looks
//! (see [`crate::report`]).
mod alarm;
mod allow;
mod ban;
mod caller;
mod calls;
mod check;
mod code;
mod completions;
mod context;
mod deny;
mod docs;
mod doctor;
mod entry;
mod events;
mod exit;
mod explain;
mod failure;
mod feed;
mod hold;
mod judge;
mod live;
mod media;
pub(crate) mod memory;
mod number;
mod peer;
mod registrant;
mod reload;
mod replay;
mod room;
mod run;
mod screen;
mod status;
mod top;
mod unload;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueHint};

pub use docs::pages as documentation;

use context::Context;
use exit::Exit;

/// Columns of help texts: the same in a terminal, in the documentation and in the tests.
const HELP_WIDTH: usize = 100;

const EXAMPLES: &str = "\
Examples:
  sipfw run                                     protect the interface of the default route
  sipfw status                                  what is loaded, and what it has passed and dropped
  sipfw deny add 203.0.113.0/24 --for 2h        block a network for two hours
  sipfw explain --from 198.51.100.7 --method REGISTER
                                                would this packet pass, and why
  sipfw doctor                                  what would stop or slow the shield on this machine

Exit codes:
  0  done, or the answer is yes
  1  the answer is no, or it could not be done; a sentence on standard error says why
  2  the command line, a list or the config is wrong; nothing was changed";

/// A firewall for SIP in the kernel's first hook.
///
/// One XDP program decides, per packet, who may speak SIP and how fast. This command shows and edits everything; it works
/// with the daemon running or not. What it prints is for people; with --json, for programs.
#[derive(Parser)]
#[command(name = "sipfw", version, after_help = EXAMPLES, term_width = HELP_WIDTH, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// Options of every verb.
#[derive(Args, Clone)]
#[command(next_help_heading = "Options of every command")]
struct Global {
    /// The config to use instead of /etc/sipfw/sipfw.toml; its directory's conf.d/ is read too
    #[arg(long, global = true, env = "SIPFW_CONFIG", hide_env_values = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    json: bool,
    /// The interface meant; without it, the config's for `run`, and every protected one for the other verbs
    #[arg(long, global = true, value_name = "NAME")]
    iface: Option<String>,
}

#[derive(Subcommand)]
enum Verb {
    Run(run::Args),
    Check(check::Args),
    Reload(reload::Args),
    Unload(unload::Args),
    Status(status::Args),
    Top(top::Args),
    Peer(peer::Args),
    Allow(allow::Args),
    Deny(deny::Args),
    Ban(ban::Args),
    Hold(hold::Args),
    Registrant(registrant::Args),
    Alarm(alarm::Args),
    Number(number::Args),
    Caller(caller::Args),
    Code(code::Args),
    Calls(calls::Args),
    Media(media::Args),
    Feed(feed::Args),
    Explain(explain::Args),
    Replay(replay::Args),
    Events(events::Args),
    Doctor(doctor::Args),
    Docs(docs::Args),
    Completions(completions::Args),
}

/// Runs the command of this process's arguments.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut context = Context::new(cli.global);
    match perform(&cli.verb, &mut context).and_then(|exit| context.out.finish().map(|()| exit)) {
        Ok(exit) => exit.into(),
        Err(error) => failure::tell(&error).into(),
    }
}

fn perform(verb: &Verb, context: &mut Context) -> Result<Exit> {
    match verb {
        Verb::Run(args) => run::verb(args, context),
        Verb::Check(args) => check::verb(args, context),
        Verb::Reload(args) => reload::verb(args, context),
        Verb::Unload(args) => unload::verb(args, context),
        Verb::Status(args) => status::verb(args, context),
        Verb::Top(args) => top::verb(args, context),
        Verb::Peer(args) => peer::verb(args, context),
        Verb::Allow(args) => allow::verb(args, context),
        Verb::Deny(args) => deny::verb(args, context),
        Verb::Ban(args) => ban::verb(args, context),
        Verb::Hold(args) => hold::verb(args, context),
        Verb::Registrant(args) => registrant::verb(args, context),
        Verb::Alarm(args) => alarm::verb(args, context),
        Verb::Number(args) => number::verb(args, context),
        Verb::Caller(args) => caller::verb(args, context),
        Verb::Code(args) => code::verb(args, context),
        Verb::Calls(args) => calls::verb(args, context),
        Verb::Media(args) => media::verb(args, context),
        Verb::Feed(args) => feed::verb(args, context),
        Verb::Explain(args) => explain::verb(args, context),
        Verb::Replay(args) => replay::verb(args, context),
        Verb::Events(args) => events::verb(args, context),
        Verb::Doctor(args) => doctor::verb(args, context),
        Verb::Docs(args) => docs::verb(args, context),
        Verb::Completions(args) => completions::verb(args, context),
    }
}

/// The command line as clap knows it, with every verb's path set.
fn command() -> clap::Command {
    let mut command = Cli::command();
    command.build();
    command
}
