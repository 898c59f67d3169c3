//! `cargo xtask demo`: the same attack on the same small world, first without the shield, then with it;
//! a guesser who is found out, and a thief who knows a password.
//!
//! Owns: the order of the story. Refuses: the attacks (`round`, `ban`, `fraud`) and how they are shown (`show`). Needs root; ends
//! within 100 seconds and leaves nothing behind, also when it is interrupted.
mod ban;
mod fraud;
mod round;
mod show;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use firewall_tests::world::{Driver, World, interrupt};

use round::{Plan, Round};

/// An attack on a SIP server in network namespaces, without sipfw and with it
#[derive(Parser)]
#[command(name = "demo")]
struct Args {
    /// Packets a second of the flood
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    flood: u32,
    /// Seconds in which legal users begin something during the flood
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(2..=15))]
    seconds: u32,
}

fn main() -> ExitCode {
    // The world runs this very program as `sipfw`: so the demo shows what was built with it.
    let called = std::env::args_os().next().unwrap_or_default();
    if std::path::Path::new(&called).file_name().is_some_and(|name| name == "sipfw") {
        return firewall_userspace::cli::main();
    }
    let args = Args::parse();
    match tell(&Plan { flood: args.flood, seconds: args.seconds }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn tell(plan: &Plan) -> Result<()> {
    interrupt::watch();
    show::prologue(plan);
    let world = World::new(&std::env::current_exe()?, Driver::Native).context("the world could not be made")?;
    show::heading("Without sipfw");
    let without = Round::without_shield(&world, plan)?;
    show::heading("With sipfw");
    let with = Round::with_shield(&world, plan)?;
    show::heading("A guesser who does not say who he is");
    drop(world);
    let world = World::new(&std::env::current_exe()?, Driver::Native).context("the world could not be made")?;
    ban::act_ban(&world)?;
    drop(world);
    let frauds = frauds()?;
    show::comparison(&without, &with, &frauds);
    Ok(())
}

/// A thief with a password, in a world of his own each time.
fn frauds() -> Result<[fraud::Fraud; 2]> {
    show::heading("A thief who knows a password, without sipfw");
    let world = World::new(&std::env::current_exe()?, Driver::Native).context("the world could not be made")?;
    let without = fraud::without_shield(&world)?;
    drop(world);
    show::heading("A thief who knows a password, with sipfw");
    let world = World::new(&std::env::current_exe()?, Driver::Native).context("the world could not be made")?;
    Ok([without, fraud::with_shield(&world)?])
}
