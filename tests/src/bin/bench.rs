//! `bench`: prints the figures of docs/performance.md. `cargo xtask bench` builds and starts it.
//!
//! Owns: nothing but the start. Refuses: measuring (the library does).
use std::process::ExitCode;

use clap::Parser;
use firewall_tests::bench::{self, Options};

/// Measures what sipfw costs, beside bare programs and rivals; needs root
#[derive(Parser)]
struct Command {
    #[command(flatten)]
    options: Options,
}

fn main() -> ExitCode {
    // The worlds in which rivals are met run this very program as `sipfw`.
    let called = std::env::args_os().next().unwrap_or_default();
    if std::path::Path::new(&called).file_name().is_some_and(|name| name == "sipfw") {
        return firewall_userspace::cli::main();
    }
    match bench::run(Command::parse().options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
