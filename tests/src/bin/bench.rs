//! `bench`: prints the figures of docs/performance.md. `cargo xtask bench` builds and starts it.
//!
//! Owns: nothing but the start. Refuses: measuring (the library does).
use anyhow::Result;
use clap::Parser;
use firewall_tests::bench::{self, Options};

/// Measures what sipfw costs, beside bare programs and rivals; needs root
#[derive(Parser)]
struct Command {
    #[command(flatten)]
    options: Options,
}

fn main() -> Result<()> {
    bench::run(Command::parse().options)
}
