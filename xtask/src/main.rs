//! `cargo xtask VERB`: everything one does with this repository, from a fresh machine to a release archive.
//!
//! Owns: the command line. Refuses: to depend on our own crates (it must build when they do not), and to change the
//! machine without first saying what and why.
use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod apt;
mod bench;
mod ci;
mod cmd;
mod demo;
mod dist;
mod fuzz;
mod run;
mod setup;
mod steps;
mod test;

const EXAMPLES: &str = "\
Examples:
  cargo xtask run                      protect the default route's interface
  cargo xtask run --iface eth1 -- --config my.toml
  cargo xtask test                     every ring of tests
  cargo xtask test limit               only tests with \"limit\" in their name
  cargo xtask test --kernel            also on the oldest kernel we promise
  cargo xtask fuzz start_line --seconds 300
  cargo xtask bench --quick --json
  cargo xtask ci                       what every change must pass";

/// Builds, runs and checks sipfw. A tool that is missing is named, explained, and installed.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Install what building (and, with a word more, testing) needs, and nothing else
    Setup(setup::Args),
    /// Build sipfw and run it in the foreground on an interface; Ctrl-C detaches it
    Run(run::Args),
    /// Run the tests, ring by ring
    Test(test::Args),
    /// Run what every change must pass: format, lints, tests, generated docs, licences
    Ci,
    /// Show the shield at work in a small world of network namespaces
    Demo(demo::Args),
    /// Measure, beside rivals, on this machine
    Bench(bench::Args),
    /// Fuzz the packet logic, one target or all of them
    Fuzz(fuzz::Args),
    /// Pack the release archive: binary, man pages, completions, default config
    Dist(dist::Args),
}

/// What follows `--`, handed on as it is.
#[derive(clap::Args)]
struct Rest {
    /// Handed on as they are
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<OsString>,
}

fn main() -> ExitCode {
    match dispatch(Cli::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(verb: Verb) -> anyhow::Result<()> {
    match verb {
        Verb::Setup(args) => setup::verb(&args),
        Verb::Run(args) => run::verb(&args),
        Verb::Test(args) => test::verb(&args),
        Verb::Ci => ci::verb(),
        Verb::Demo(args) => demo::verb(&args),
        Verb::Bench(args) => bench::verb(&args),
        Verb::Fuzz(args) => fuzz::verb(&args),
        Verb::Dist(args) => dist::verb(&args),
    }
}
