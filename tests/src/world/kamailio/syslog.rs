//! What a syslog daemon does for Kamailio: the script's lines for feeds go into a file of their own.
//!
//! Owns: copying these lines as they come. Refuses: lines of Kamailio itself, which may hold what a sender wrote.
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::super::World;

const PAUSE: Duration = Duration::from_millis(2);

/// A syslog at work; dropping it ends it.
pub struct Syslog {
    file: PathBuf,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Syslog {
    /// Begins to copy what Kamailio logs from now on; it must run already.
    pub fn start(world: &World) -> Result<Self> {
        let log = File::open(world.kamailio_log()).context("Kamailio has no log")?;
        let file = world.dir().join("feed.log");
        let copy = File::create(&file)?;
        let stop = Arc::<AtomicBool>::default();
        let thread = std::thread::spawn({
            let stop = Arc::clone(&stop);
            move || follow(log, copy, &stop)
        });
        Ok(Self { file, stop, thread: Some(thread) })
    }

    /// The file for the feed.
    pub fn file(&self) -> &Path {
        &self.file
    }
}

impl Drop for Syslog {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn follow(mut log: File, mut copy: File, stop: &AtomicBool) {
    let mut text = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        if log.read_to_end(&mut text).unwrap_or(0) == 0 {
            std::thread::sleep(PAUSE);
            continue;
        }
        // What has no line end yet waits for it.
        let end = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        for line in text.drain(..end).collect::<Vec<u8>>().split_inclusive(|byte| *byte == b'\n') {
            if is_ours(line) {
                let _ = copy.write_all(line);
            }
        }
    }
}

/// ` 3(812) WARNING: <script>: sipfw …`: the beginning of a line is Kamailio's own.
fn is_ours(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line);
    let Some((process, rest)) = line.trim_start().split_once(") ") else { return false };
    process.bytes().all(|byte| byte.is_ascii_digit() || byte == b'(') && rest.starts_with("WARNING: <script>: sipfw ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_scripts_own_lines_are_copied() {
        assert!(is_ours(b" 5(10222) WARNING: <script>: sipfw auth_failure source=192.0.2.1 .\n"));
        assert!(!is_ours(b" 5(10222) ERROR: <core>: 1(1) WARNING: <script>: sipfw auth_failure source=192.0.2.1 .\n"));
        assert!(!is_ours(b"Aufs(1) WARNING: <script>: sipfw auth_failure\n"));
    }
}
