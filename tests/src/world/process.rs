//! Programs that the world runs.
//!
//! Owns: starting them with their output in a file, ending them by id, and saying what they said when they fail. Refuses:
//! ending a process that it did not start.
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::netns::Netns;
use super::wait;

/// How much of a log an error shows.
const TAIL: usize = 3000;
/// How long a process may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running program; dropping it ends it.
pub struct Process {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Process {
    /// Starts a program in a process group of its own, so that the terminal's Ctrl-C is left to us.
    pub fn start(command: &mut Command, name: &str, log: &Path) -> Result<Self> {
        use std::os::unix::process::CommandExt as _;
        let file = File::create(log).with_context(|| log.display().to_string())?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .process_group(0)
            .spawn()
            .with_context(|| format!("start {name}"))?;
        Ok(Self { child, name: name.to_owned(), log: log.to_owned() })
    }

    /// Its id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed so far.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("no process id")?;
        kill_process(pid, signal).with_context(|| format!("signal {}", self.name))
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Asks until there is an answer. A process that ends meanwhile is an error.
    pub fn ready<T>(&mut self, limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Result<T> {
        let what = format!("{} to be ready", self.name);
        let answer = wait::until(&what, limit, || match self.ended() {
            Some(status) => Some(Err(anyhow!("{} ended ({status})", self.name))),
            None => ask().map(Ok),
        });
        answer.and_then(std::convert::identity).with_context(|| self.tail())
    }

    /// Waits for its end.
    pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        let what = format!("{} to end", self.name);
        wait::until(&what, limit, || self.ended()).with_context(|| self.tail())
    }

    /// Ends it without a chance to do anything about it.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end, and waits.
    pub fn stop(mut self) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        self.wait(PATIENCE)
    }

    fn tail(&self) -> String {
        format!("{} said:\n{}", self.name, end_of(&self.said()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended().is_some() {
            return;
        }
        let asked = self.signal(Signal::TERM).is_ok();
        if !asked || wait::uninterrupted(PATIENCE, || self.ended()).is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// What a command prints; an error with what it said if it fails.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| shown(command))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let said = text + &String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed ({}):\n{}", shown(command), output.status, end_of(&said));
    }
    Ok(text)
}

/// Runs a command with this input.
pub(crate) fn feed(command: &mut Command, input: &str) -> Result<()> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| shown(command))?;
    // The pipe is closed at the end of this statement; the inputs here are smaller than a pipe's buffer.
    child.stdin.take().context("no pipe")?.write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("`{}` failed ({}): {}", shown(command), output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// Processor time that a program's processes in a namespace have taken.
pub fn cpu_time(netns: &Netns, program: &str) -> Duration {
    let pids = netns.processes();
    let ticks: u64 = pids.into_iter().filter_map(|pid| ticks(pid.as_raw_nonzero().get(), program)).sum();
    // USER_HZ is 100 in every kernel's interface.
    Duration::from_millis(ticks * 10)
}

/// User and system time in /proc/PID/stat (man 5 proc), if the process runs the program.
fn ticks(pid: i32, program: &str) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
    let mut times = rest.split_ascii_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok());
    (name == program).then(|| Some(times.next()? + times.next()?))?
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn end_of(text: &str) -> &str {
    let from = text.len().saturating_sub(TAIL);
    &text[(from..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())..]
}
