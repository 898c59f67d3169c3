//! Who may do what at the same time: one daemon an interface, one writer of its maps.
//!
//! Owns: both locks (flock, so that they end with their process, however it ends). Refuses: waiting for a daemon.
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use super::error::{AtPath as _, Error, Result};
use super::place::{Place, make_dir};

/// Whoever asks for the holder takes the lock for an instant; so a few attempts are made.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(10);

/// The right to serve an interface.
#[derive(Debug)]
pub(super) struct InstanceLock {
    _file: File,
}

impl InstanceLock {
    /// Takes it, and leaves the process's id in the file.
    pub(super) fn take(place: &Place) -> Result<Self> {
        let path = place.lock_file();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                std::thread::sleep(PAUSE);
            }
            let mut file = open(&path)?;
            if try_lock(&file, FlockOperation::NonBlockingLockExclusive).at(&path)? && is_at(&file, &path) {
                file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).at(&path)?;
                return Ok(Self { _file: file });
            }
        }
        Err(Error::Running { iface: place.iface().to_owned(), pid: read_pid(&path).unwrap_or(0) })
    }

    /// The process that holds it; nothing if nobody does.
    pub(super) fn holder(place: &Place) -> Option<u32> {
        let path = place.lock_file();
        let mut file = File::open(&path).ok()?;
        if try_lock(&file, FlockOperation::NonBlockingLockShared).ok()? {
            return None;
        }
        read_number(&mut file)
    }
}

/// The right to change an interface's maps.
#[derive(Debug)]
pub(super) struct EditLock {
    _file: File,
}

impl EditLock {
    /// Takes it; waits while another process has it.
    pub(super) fn take(place: &Place) -> Result<Self> {
        let path = place.edit_file();
        loop {
            let file = open(&path)?;
            flock(&file, FlockOperation::LockExclusive).map_err(io::Error::from).at(&path)?;
            if is_at(&file, &path) {
                return Ok(Self { _file: file });
            }
        }
    }
}

fn open(path: &Path) -> Result<File> {
    if let Some(dir) = path.parent() {
        make_dir(dir)?;
    }
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).at(path)
}

fn try_lock(file: &File, how: FlockOperation) -> io::Result<bool> {
    match flock(file, how) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether the file is still the one at the path: unloading removes it, and a lock on a removed file locks nobody out.
fn is_at(file: &File, path: &Path) -> bool {
    let same = |a: &std::fs::Metadata, b: &std::fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    matches!((file.metadata(), path.metadata()), (Ok(a), Ok(b)) if same(&a, &b))
}

fn read_pid(path: &Path) -> Option<u32> {
    read_number(&mut File::open(path).ok()?)
}

fn read_number(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Paths, parse_str};

    fn paths(run: &Path) -> Paths {
        parse_str("t", &format!("[paths]\nrun = {:?}", run.display().to_string())).unwrap().config.paths().clone()
    }

    #[test]
    fn there_is_one_daemon_an_interface() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(dir.path());
        let (one, two) = (Place::new(&paths, "eth0").unwrap(), Place::new(&paths, "eth1").unwrap());
        assert_eq!(InstanceLock::holder(&one), None);
        let held = InstanceLock::take(&one).unwrap();
        let other = InstanceLock::take(&two).unwrap();
        assert_eq!(InstanceLock::holder(&one), Some(std::process::id()));
        let refused = InstanceLock::take(&one).unwrap_err();
        assert!(matches!(refused, Error::Running { pid, .. } if pid == std::process::id()), "{refused}");
        drop((held, other));
        assert_eq!(InstanceLock::holder(&one), None);
        InstanceLock::take(&one).unwrap();
    }

    #[test]
    fn a_lock_on_a_removed_file_is_not_taken() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::new(&paths(dir.path()), "eth0").unwrap();
        let gone = InstanceLock::take(&place).unwrap();
        place.remove_run_files().unwrap();
        let held = InstanceLock::take(&place).unwrap();
        drop(gone);
        assert!(InstanceLock::take(&place).is_err());
        drop(held);
    }
}
