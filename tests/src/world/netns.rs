//! Network namespaces.
//!
//! Owns: making, entering and removing them, and what was left by a process that was killed. Refuses: namespaces that it
//! did not name itself.
use std::fs::File;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::process::output;
use super::wait;

/// Begins every name that a world gives: of namespaces, pin directories and temporary directories. The process's id
/// follows.
pub(super) const PREFIX: &str = "sipfw-world-";
/// Where BPF objects are pinned.
pub(super) const BPF: &str = "/sys/fs/bpf";
/// Where iproute2 keeps namespaces by name.
const NAMES: &str = "/var/run/netns";
/// How long a process may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(3);

/// A network namespace; dropping it ends what runs in it and removes it.
pub struct Netns {
    name: String,
}

/// A row of /proc/net/udp and the like (man 5 proc).
struct Socket {
    /// Address and port, in hexadecimal digits.
    local: String,
    /// Two hexadecimal digits.
    state: String,
}

impl Netns {
    pub(super) fn new(number: u32, role: &str) -> Result<Self> {
        let name = format!("{PREFIX}{}-{number}-{role}", std::process::id());
        output(Command::new("ip").args(["netns", "add", &name]))?;
        Ok(Self { name })
    }

    /// Its name, as `ip netns` shows it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A command that runs inside. Not through `ip netns exec`: that one remounts /sys, where the BPF file system is.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={NAMES}/{}", self.name)).arg(program);
        command
    }

    /// Runs `ip -batch` inside.
    pub(super) fn ip(&self, lines: &str) -> Result<()> {
        let mut command = Command::new("ip");
        command.args(["-n", &self.name, "-batch", "-"]);
        super::process::feed(&mut command, lines).with_context(|| format!("in {}:\n{lines}", self.name))
    }

    /// Does something inside, in a thread that goes there. What it opens stays there.
    pub fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T> {
        let file = self.file()?;
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| enter(&file).map(|()| work()));
            thread.join().map_err(|_| anyhow!("a thread in {} panicked", self.name))?
        })
    }

    pub(crate) fn file(&self) -> Result<File> {
        File::open(Path::new(NAMES).join(&self.name)).with_context(|| format!("namespace {}", self.name))
    }

    /// Whether a UDP socket is bound to the port.
    pub fn has_udp_port(&self, port: u16) -> bool {
        let suffix = format!(":{port:04X}");
        self.sockets(["udp", "udp6"]).iter().any(|socket| socket.local.ends_with(&suffix))
    }

    /// Whether somebody takes connections on the port.
    pub fn has_tcp_listener(&self, port: u16) -> bool {
        const LISTEN: &str = "0A";
        let suffix = format!(":{port:04X}");
        self.sockets(["tcp", "tcp6"]).iter().any(|socket| socket.local.ends_with(&suffix) && socket.state == LISTEN)
    }

    /// As /proc/net shows them.
    fn sockets(&self, tables: [&str; 2]) -> Vec<Socket> {
        let read = |file| std::fs::read_to_string(format!("/proc/thread-self/net/{file}")).unwrap_or_default();
        let text = self.within(|| tables.map(read).concat()).unwrap_or_default();
        let socket = |line: &str| {
            let mut columns = line.split_ascii_whitespace().skip(1);
            Some(Socket { local: columns.next()?.to_owned(), state: columns.nth(1)?.to_owned() })
        };
        text.lines().filter_map(socket).collect()
    }

    pub(super) fn processes(&self) -> Vec<Pid> {
        processes(&self.name)
    }

    pub(super) fn end_processes(&self) {
        end_processes(&self.name);
    }
}

impl Drop for Netns {
    fn drop(&mut self) {
        remove(&self.name);
    }
}

/// Takes the calling thread into a namespace.
pub(crate) fn enter(file: &File) -> Result<()> {
    move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).context("enter a network namespace")
}

/// Removes what processes left that were killed before they could. Once a process.
pub(super) fn sweep() {
    static SWEPT: Mutex<bool> = Mutex::new(false);
    let mut swept = SWEPT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !std::mem::replace(&mut *swept, true) {
        for name in names_in(Path::new(NAMES)).filter(|name| is_orphan(name)) {
            remove(&name);
        }
        for dir in [Path::new(BPF), &std::env::temp_dir()] {
            for name in names_in(dir).filter(|name| is_orphan(name)) {
                let _ = std::fs::remove_dir_all(dir.join(name));
            }
        }
    }
}

fn names_in(dir: &Path) -> impl Iterator<Item = String> + use<> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok())
}

/// Whether a name of ours carries the id of a process that is no more.
fn is_orphan(name: &str) -> bool {
    let pid = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
    pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists())
}

fn remove(name: &str) {
    end_processes(name);
    let _ = output(Command::new("ip").args(["netns", "del", name]));
}

/// Ends, by their ids, the processes that run in a namespace of ours; first by asking.
fn end_processes(name: &str) {
    for signal in [Signal::TERM, Signal::KILL] {
        let found = processes(name);
        if found.is_empty() {
            return;
        }
        for pid in found {
            let _ = kill_process(pid, signal);
        }
        let _ = wait::uninterrupted(PATIENCE, || processes(name).is_empty().then_some(()));
    }
}

fn processes(name: &str) -> Vec<Pid> {
    let listed = output(Command::new("ip").args(["netns", "pids", name])).unwrap_or_default();
    listed.lines().filter_map(|line| Pid::from_raw(line.trim().parse().ok()?)).collect()
}
