//! `sipfw run`: the daemon in the foreground.
//!
//! Owns: the order: config, start, screen, loop. Refuses: what the loop does (see [`crate::event_loop`]), and going into the
//! background (systemd does that).
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use anyhow::{Result, bail};
use rustix::process::{Signal, geteuid, getpid, kill_process};
use serde_json::json;

use super::context::{self, Context};
use super::exit::Exit;
use super::screen;
use crate::config::{Config, Loaded};
use crate::dataplane::{Instance, StartOptions, Started};
use crate::event_loop::{Daemon, Settings};
use crate::logging::{self, Memory};

const EXAMPLES: &str = "\
Examples:
  sipfw run                             the interface of the config, or that of the default route
  sipfw run --iface eth0
  sipfw run --ephemeral                 to try it: Ctrl-C takes the firewall off again
  sipfw run --config new.toml --no-status

Without --ephemeral the firewall stays when the daemon ends, however it ends; `sipfw unload` takes
it off. While one runs, a second is refused; a run after the daemon has ended takes over without a
gap. SIGHUP reloads the config. RUST_LOG sets another level of log lines than the config's.";

/// Load the firewall and serve it in the foreground
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Take the firewall off when this ends, however it ends
    #[arg(long)]
    ephemeral: bool,
    /// Print log lines, not a screen, in a terminal too
    #[arg(long)]
    no_status: bool,
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    let loaded = context.load_absolute()?;
    if !geteuid().is_root() {
        bail!("only root may load a program into the kernel: run it with sudo; `sipfw check` works without");
    }
    for warning in &loaded.warnings {
        eprintln!("sipfw: {warning}");
    }
    let on_screen = context.out.is_terminal() && !args.no_status && !context.out.is_json();
    let log = begin_log(on_screen, &loaded.config);
    let options = StartOptions { iface: context.global.iface.clone(), ephemeral: args.ephemeral };
    let daemon = Daemon::prepare()?;
    let (instance, started) = Instance::start(&loaded, &options)?;
    tell(&started, context)?;
    let screen = log.map(|log| Screen::begin(&loaded, &started.iface, log)).transpose()?;
    let config_file = context.absolute_config_path()?;
    let served = daemon.serve(instance, &loaded, Settings { config_file });
    screen.map_or(Ok(()), Screen::end)?;
    served.map(|()| Exit::Yes)
}

/// Log lines go to the screen where there is one.
fn begin_log(on_screen: bool, config: &Config) -> Option<Memory> {
    if on_screen {
        return Some(logging::to_memory(config.log()));
    }
    logging::to_stderr(config.log());
    None
}

fn tell(started: &Started, context: &mut Context) -> Result<()> {
    for warning in &started.warnings {
        tracing::warn!("{warning}");
    }
    if let Some(why) = &started.not_native {
        tracing::warn!("{} runs in generic mode, which costs more per packet: {why}", started.iface);
    }
    let how = if started.took_over { "took over" } else { "protects" };
    tracing::info!("sipfw {how} {} ({}, generation {})", started.iface, started.mode.word(), started.generation);
    if context.out.is_json() {
        context.out.json_line(&json!({
            "iface": started.iface, "attached": started.mode.word(), "took_over": started.took_over,
            "frags": started.frags, "generation": started.generation, "program_id": started.program_id,
            "warnings": started.warnings,
        }))?;
    }
    context.out.finish()
}

/// The screen, on a thread of its own, since the loop keeps this one.
struct Screen {
    end: Arc<AtomicBool>,
    thread: JoinHandle<Result<()>>,
}

impl Screen {
    fn begin(loaded: &Loaded, iface: &str, log: Memory) -> Result<Self> {
        let instance = Instance::open(loaded.config.paths(), iface)?;
        let store = context::store(&loaded.config)?;
        let end = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&end);
        let thread = std::thread::spawn(move || {
            let shown = screen::show(instance, store, Some(&log), &seen);
            // Whoever quits the screen ends the daemon. A screen that failed does not.
            if shown.is_ok() && !seen.load(Ordering::Relaxed) {
                let _ = kill_process(getpid(), Signal::TERM);
            }
            shown
        });
        Ok(Self { end, thread })
    }

    fn end(self) -> Result<()> {
        self.end.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or(Ok(()))
    }
}
