//! Starting other programs: cargo, rustup, and what needs root.
//!
//! Owns: how a command is made, run and shown when it fails. Refuses: to run as root anything but what is asked for;
//! cargo itself never is, so that `target/` stays the user's.
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, anyhow, bail};

/// The workspace's directory.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// The directory cargo builds into, found from where this very program was built.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let exe = env::current_exe().context("the path of the running program is unknown")?;
    let dir = exe.ancestors().find(|dir| dir.join("CACHEDIR.TAG").exists());
    Ok(dir.map_or_else(|| root().join("target"), Path::to_path_buf))
}

/// A command in the workspace's directory that also finds what `cargo install` put in place.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).env("PATH", path());
    command
}

/// Cargo, the one that started us.
pub(crate) fn cargo() -> Command {
    command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Cargo of a rustup toolchain.
pub(crate) fn cargo_of(toolchain: &str) -> Command {
    let mut command = command("rustup");
    command.args(["run", toolchain, "cargo"]);
    command
}

fn path() -> OsString {
    let installed = env::var_os("CARGO_INSTALL_ROOT")
        .or_else(|| env::var_os("CARGO_HOME"))
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
    let path = env::var_os("PATH").unwrap_or_default();
    let dirs = env::split_paths(&path).chain(installed.map(|dir| dir.join("bin")));
    // Where distributions keep what only root calls, which is not in every user's PATH.
    let dirs = dirs.chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    env::join_paths(dirs).unwrap_or(path)
}

/// Where a program stands, if it is installed.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    env::split_paths(&path()).map(|dir| dir.join(program)).find(|path| path.is_file())
}

/// Runs to the end; what it prints is shown as it comes.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|e| not_started(command, &e))?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// What it prints, if it succeeds.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether it succeeds; nothing is shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    output(command).is_some()
}

/// Takes this program's place; returns only an error.
pub(crate) fn exec(command: &mut Command) -> anyhow::Error {
    let error = command.exec();
    not_started(command, &error)
}

fn not_started(command: &Command, error: &std::io::Error) -> anyhow::Error {
    anyhow!("`{}` could not be started: {error}", shown(command))
}

/// As one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let mut text = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    for arg in command.get_args() {
        let _ = write!(text, " {}", arg.to_string_lossy());
    }
    text
}

/// Whether we are root.
pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

/// A command that runs as root, through sudo if we are not.
pub(crate) fn as_root(program: &str) -> Result<Command> {
    if is_root() {
        return Ok(command(program));
    }
    if find("sudo").is_none() {
        bail!("`{program}` needs root, and there is no sudo here: run `cargo xtask setup --tests` once as root");
    }
    let mut sudo = command("sudo");
    sudo.arg(program);
    Ok(sudo)
}

/// Makes cargo run what it has built as root, while it builds as the user.
pub(crate) fn run_as_root(cargo: &mut Command) -> Result<()> {
    if is_root() {
        return Ok(());
    }
    if find("sudo").is_none() {
        bail!("this loads programs into the kernel, which needs root, and there is no sudo here: become root first");
    }
    let version = output(command("rustc").arg("-vV")).context("`rustc -vV` failed: is the Rust toolchain whole?")?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("`rustc -vV` names no host")?;
    cargo.env(runner_variable(host), "sudo -E");
    Ok(())
}

fn runner_variable(host: &str) -> String {
    format!("CARGO_TARGET_{}_RUNNER", host.to_uppercase().replace(['-', '.'], "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runner_is_named_after_the_host() {
        assert_eq!(runner_variable("x86_64-unknown-linux-gnu"), "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER");
    }

    #[test]
    fn commands_are_shown_as_typed() {
        assert_eq!(shown(Command::new("/usr/bin/apt-get").args(["install", "-y"])), "apt-get install -y");
    }

    #[test]
    fn a_failure_names_the_command() {
        let error = run(&mut command("false")).unwrap_err().to_string();
        assert!(error.starts_with("`false` failed"), "{error}");
        let error = run(&mut command("no-such-program")).unwrap_err().to_string();
        assert!(error.contains("`no-such-program` could not be started"), "{error}");
    }
}
