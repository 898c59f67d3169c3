//! `bench`: prints the figures of docs/performance.md. `cargo xtask bench` builds and starts it.
//!
//! Owns: nothing but the start. Refuses: measuring (the library does).
use std::alloc::System;

use anyhow::Result;
use clap::Parser;
use firewall_tests::bench::{self, Options};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

/// Counts what is allocated; some figures are such counts.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Measures what sipfw costs, beside bare programs and rivals; needs root
#[derive(Parser)]
struct Command {
    #[command(flatten)]
    options: Options,
}

fn main() -> Result<()> {
    bench::run(Command::parse().options)
}
