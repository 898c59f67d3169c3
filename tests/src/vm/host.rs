//! The host's side: an initial file system with the test binary and its libraries, and qemu.
//!
//! Owns: building, booting, and reading the guest's console until it has said how the test ended. Refuses: waiting longer
//! than ten minutes.
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Cursor};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use cpio::NewcBuilder;

use super::{EXIT, TEST};

const IMAGE: &str = "SIPFW_KERNEL_IMAGE";
const DIRECTORIES: &[&str] = &["proc", "sys", "dev", "tmp"];
const DIRECTORY: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;

/// Builds the verdict tables, boots the kernel named by the environment, runs them there.
///
/// # Errors
///
/// A sentence when something is missing, when the guest says nothing in time, or when a test failed.
pub fn run() -> Result<()> {
    let image = std::env::var(IMAGE)
        .with_context(|| format!("{IMAGE} names no kernel image; `cargo xtask test --kernel` sets it"))?;
    let test = build()?;
    let directory = tempfile::tempdir()?;
    let initrd = directory.path().join("initrd");
    pack(&test, &initrd)?;
    println!("booting {image}");
    let code = boot(&image, &initrd)?;
    ensure!(code == 0, "the verdict tables fail on this kernel: exit code {code}");
    Ok(())
}

/// The verdict tables' executable.
fn build() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["test", "--no-run", "--message-format=json", "--package", "firewall-tests", "--test", "verdicts"])
        .stderr(Stdio::inherit())
        .output()
        .context("running cargo")?;
    ensure!(output.status.success(), "the verdict tables do not build");
    let messages = String::from_utf8(output.stdout)?;
    let executable = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        // An integration test comes with the package's programs.
        .filter(|message| message["target"]["kind"][0] == "test")
        .find_map(|message| message.get("executable")?.as_str().map(PathBuf::from));
    executable.context("cargo named no executable")
}

/// Writes the initial file system: this binary as process 1, the test, and the libraries of both.
fn pack(test: &Path, initrd: &Path) -> Result<()> {
    let mut files =
        BTreeMap::from([("init".to_owned(), std::env::current_exe()?), (TEST[1..].to_owned(), test.into())]);
    for program in [std::env::current_exe()?, test.to_path_buf()] {
        files.extend(libraries(&program)?.into_iter().map(|path| (path.to_string_lossy()[1..].to_owned(), path)));
    }
    let mut entries: Vec<(NewcBuilder, Cursor<Vec<u8>>)> = Vec::new();
    for (number, directory) in directories(files.keys()).into_iter().enumerate() {
        entries.push((entry(&directory, number, DIRECTORY), Cursor::new(Vec::new())));
    }
    for (name, path) in &files {
        let content = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        entries.push((entry(name, entries.len(), PROGRAM), Cursor::new(content)));
    }
    cpio::write_cpio(entries.into_iter(), File::create(initrd)?).context("writing the initial file system")?;
    Ok(())
}

fn entry(name: &str, number: usize, mode: u32) -> NewcBuilder {
    NewcBuilder::new(name).ino(number as u32 + 1).mode(mode).nlink(1)
}

/// Every directory that the files stand in, parents first, and those that are mounted on.
fn directories<'a>(files: impl Iterator<Item = &'a String>) -> Vec<String> {
    let parents = files.flat_map(|file| Path::new(file).ancestors().skip(1));
    let mut all: Vec<String> = parents.map(|path| path.to_string_lossy().into_owned()).collect();
    all.extend(DIRECTORIES.iter().map(|name| (*name).to_owned()));
    all.retain(|name| !name.is_empty());
    all.sort();
    all.dedup();
    all
}

/// The shared libraries that `ldd` names.
fn libraries(program: &Path) -> Result<Vec<PathBuf>> {
    let output = Command::new("ldd").arg(program).output().context("running ldd")?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect())
}

/// Boots, passes the console on, and returns the exit code that the guest tells.
fn boot(image: &str, initrd: &Path) -> Result<i32> {
    let mut qemu = Command::new("timeout")
        .args(["600", "qemu-system-x86_64", "-m", "2048", "-smp", "1", "-cpu", "max", "-nographic", "-no-reboot"])
        .args(["-kernel", image, "-append", "console=ttyS0 panic=-1 quiet", "-initrd"])
        .arg(initrd)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting qemu-system-x86_64; `cargo xtask setup --tests` installs it")?;
    let console = qemu.stdout.take().context("qemu has no console")?;
    let mut code = None;
    for line in BufReader::new(console).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).trim_end().to_owned();
        println!("  {line}");
        if let Some(said) = line.strip_prefix(EXIT) {
            code = said.trim().parse().ok();
        }
    }
    qemu.wait()?;
    match code {
        Some(code) => Ok(code),
        None => bail!("the virtual machine ended without a word about the test"),
    }
}
