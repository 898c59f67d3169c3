//! The firewall in a world.
//!
//! Owns: its config, the command, the daemon, and the library's view of what is loaded. Refuses: knowing how any of these
//! work.
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use firewall_common::reason::Reason;
use firewall_userspace::config::{self, Paths};
use firewall_userspace::dataplane::{Instance, Stats};

use super::process::Process;
use super::{Place, World};

/// How long loading may take on a busy machine.
const START: Duration = Duration::from_secs(30);

/// A running daemon.
pub struct Daemon {
    /// Its process.
    pub process: Process,
    /// "native" or "generic".
    pub mode: &'static str,
}

impl World {
    /// The config's file.
    pub fn config_file(&self) -> PathBuf {
        self.dir().join("sipfw.toml")
    }

    /// Writes the config: keys of the top level, then tables. The paths are the world's own.
    pub fn configure(&self, keys: &str, tables: &str) -> Result<()> {
        let (dir, pins) = (self.dir().display(), self.pins().display());
        let text =
            format!("{keys}\n{tables}\n[paths]\nstate = \"{dir}/state\"\nrun = \"{dir}/run\"\nbpf = \"{pins}\"\n");
        std::fs::write(self.config_file(), text).context("write the config")
    }

    /// The command, with the world's config, at the server.
    pub fn sipfw(&self, args: &[&str]) -> Command {
        let mut command = self.netns(Place::Edge).command(self.dir().join("sipfw"));
        command.arg("--config").arg(self.config_file()).args(args);
        command
    }

    /// What the command prints; an error if it fails.
    pub fn told(&self, args: &[&str]) -> Result<String> {
        super::process::output(&mut self.sipfw(args))
    }

    /// How the command ends, whichever way.
    pub fn asked(&self, args: &[&str]) -> Result<Output> {
        self.sipfw(args).output().context("start sipfw")
    }

    /// Starts the daemon on the world's interface and waits until it protects it.
    pub fn shield(&self) -> Result<Daemon> {
        self.shield_on(self.iface())
    }

    /// Starts a daemon on an interface of the server. It is ready when it says so, as to a service manager
    /// (sd_notify(3)): from then on it obeys signals, too.
    pub fn shield_on(&self, iface: &str) -> Result<Daemon> {
        let log = self.dir().join(format!("sipfw-{iface}.log"));
        let path = self.dir().join(format!("notify-{iface}"));
        let _ = std::fs::remove_file(&path);
        let notices = UnixDatagram::bind(&path).context("a socket for the daemon's notices")?;
        notices.set_nonblocking(true)?;
        let mut command = self.sipfw(&["run", "--iface", iface]);
        let mut process = Process::start(command.env("NOTIFY_SOCKET", &path), "sipfw run", &log)?;
        process.ready(START, || says_ready(&notices).then_some(()))?;
        let pid = process.id();
        let mode = self.served_by(iface, pid).with_context(|| format!("{iface} is not served by process {pid}"))?;
        Ok(Daemon { process, mode })
    }

    fn served_by(&self, iface: &str, pid: u32) -> Option<&'static str> {
        let paths = self.paths().ok()?;
        let all = self.netns(Place::Edge).within(|| Instance::list(&paths)).ok()?.ok()?;
        let found = all.into_iter().find(|info| info.iface == iface && info.daemon_pid == Some(pid))?;
        found.mode.map(|mode| mode.word())
    }

    /// Does something with what is loaded, through the library.
    pub fn instance<T: Send>(&self, work: impl FnOnce(&mut Instance) -> Result<T> + Send) -> Result<T> {
        let paths = self.paths()?;
        self.netns(Place::Edge).within(|| work(&mut Instance::open(&paths, self.iface())?))?
    }

    /// All counters of what is loaded.
    pub fn stats(&self) -> Result<Stats> {
        self.instance(|instance| Ok(instance.stats()?))
    }

    /// Packets that were dealt with for a reason.
    pub fn counted(&self, reason: Reason) -> Result<u64> {
        let stats = self.stats()?;
        Ok(stats.reasons.iter().find(|one| one.reason == reason).map_or(0, |one| one.enforced.packets))
    }

    /// Packets that would have been dropped for a reason, had the stage not been monitored.
    pub fn monitored(&self, reason: Reason) -> Result<u64> {
        let stats = self.stats()?;
        Ok(stats.reasons.iter().find(|one| one.reason == reason).map_or(0, |one| one.monitored.packets))
    }

    /// Removes the firewall from the server.
    pub(super) fn unload(&self) {
        let Ok(paths) = self.paths() else { return };
        let _ = self.netns(Place::Edge).within(|| {
            for info in Instance::list(&paths).unwrap_or_default() {
                let _ = Instance::unload(&paths, &info.iface);
            }
        });
    }

    fn paths(&self) -> Result<Paths> {
        let file = self.config_file();
        let text = std::fs::read_to_string(&file).context("the world has no config")?;
        match config::parse_str(&file.display().to_string(), &text) {
            Ok(loaded) => Ok(loaded.config.paths().clone()),
            Err(problems) => bail!("the world's config is wrong: {problems:?}"),
        }
    }
}

fn says_ready(notices: &UnixDatagram) -> bool {
    let mut notice = [0; 256];
    notices.recv(&mut notice).is_ok_and(|len| notice[..len].starts_with(b"READY=1"))
}

impl Daemon {
    /// Ends it as nobody should.
    pub fn kill(self) -> Result<()> {
        self.process.kill()
    }

    /// Asks it to end.
    pub fn stop(self) -> Result<()> {
        let status = self.process.stop()?;
        status.success().then_some(()).ok_or_else(|| anyhow!("sipfw run ended with {status}"))
    }
}
