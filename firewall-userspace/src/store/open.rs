//! Opening the database.
//!
//! Owns: the file's place and mode, the connection's settings, and what is checked before the first use. Refuses:
//! replacing a damaged file by itself; [`Store::set_aside`] is there for a caller who was told to.
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::{Context as _, StoreError};
use super::{Result, Store, schema};

/// The database's name in the state directory.
pub const FILE_NAME: &str = "state.db";
/// Files up to this size are checked whole at each opening: that takes some milliseconds.
const CHECKED_WHOLE: u64 = 8 << 20;

/// How to open.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long to wait for another process's lock.
    pub wait: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { wait: Duration::from_secs(5) }
    }
}

impl Store {
    /// Opens the database of a state directory, or makes it.
    pub fn open(state: &Path) -> Result<Self> {
        Self::open_with(state, Options::default())
    }

    /// The same, with options.
    pub fn open_with(state: &Path, options: Options) -> Result<Self> {
        let path = state.join(FILE_NAME);
        make_private(state, &path)?;
        // Not "create": a file that vanished since is an error, not a new file with another mode.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(&path, flags).in_file(&path)?;
        db.busy_timeout(options.wait).in_file(&path)?;
        let file = file_id(&path);
        let mut store = Self { db, path, file };
        store.check()?;
        store.prepare(options.wait)?;
        Ok(store)
    }

    /// Whether another file stands where this one was opened: somebody has moved this one aside. While there is none, this
    /// one goes on: a file system that was taken away must not look like a database without entries.
    pub fn is_replaced(&self) -> bool {
        file_id(&self.path).is_some_and(|id| Some(id) != self.file)
    }

    /// Looks before anything is written.
    fn check(&self) -> Result<()> {
        let found = self.read(schema::version)?;
        if found > schema::NEWEST {
            return Err(StoreError::Newer { path: self.path.clone(), found, known: schema::NEWEST });
        }
        let size = fs::metadata(&self.path).in_file(&self.path)?.len();
        if size > CHECKED_WHOLE {
            return Ok(());
        }
        let detail: String = self.read(|db| db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)))?;
        if detail == "ok" { Ok(()) } else { Err(StoreError::Corrupt { path: self.path.clone(), detail }) }
    }

    fn prepare(&mut self, wait: Duration) -> Result<()> {
        retry_busy(wait, || self.db.pragma_update(None, "journal_mode", "WAL")).in_file(&self.path)?;
        self.read(|db| db.pragma_update(None, "synchronous", "FULL"))?;
        self.db.set_prepared_statement_cache_capacity(32);
        if self.read(schema::version)? == schema::NEWEST {
            return Ok(());
        }
        self.write(|tx| schema::migrate(tx))
    }

    /// Renames a database and what belongs to it, so that the next opening makes an empty one. Returns the new name of
    /// the file. No process may have it open.
    pub fn set_aside(state: &Path, now: i64) -> Result<PathBuf> {
        let path = state.join(FILE_NAME);
        let aside = |suffix: &str| state.join(format!("{FILE_NAME}.damaged-{now}{suffix}"));
        fs::rename(&path, aside("")).in_file(&path)?;
        for suffix in ["-wal", "-shm"] {
            let from = state.join(format!("{FILE_NAME}{suffix}"));
            if from.exists() {
                fs::rename(&from, aside(suffix)).in_file(&from)?;
            }
        }
        Ok(aside(""))
    }
}

/// The file's device and number; nothing when there is no file to be seen.
fn file_id(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}

/// Makes the directory and the file if they are missing; only their owner may look into the file, which tells who calls.
/// SQLite gives its log and index the file's mode.
fn make_private(state: &Path, path: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(state).in_file(state)?;
    make_file(path).in_file(path)?;
    let mode = fs::metadata(path).in_file(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o600)).in_file(path)?;
    }
    Ok(())
}

/// Makes the file if it is missing. One that is there is not opened: closing it again would end the locks that other
/// connections of this process have on it (<https://www.sqlite.org/howtocorrupt.html>, section 2.2).
fn make_file(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// Changing the journal's mode fails at once when another process does the same, without the usual wait.
fn retry_busy<T>(wait: Duration, mut attempt: impl FnMut() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    let begin = Instant::now();
    loop {
        match attempt() {
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && begin.elapsed() < wait => {
                std::thread::sleep(Duration::from_millis(10));
            }
            result => return result,
        }
    }
}
