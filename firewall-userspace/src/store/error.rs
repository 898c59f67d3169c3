//! What can go wrong with the database, each with what to do about it.
//!
//! Owns: the errors' sentences, and telling SQLite's and the system's codes apart. Refuses: repairing.
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error;

/// An error of the database.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another process keeps the lock.
    #[error(
        "the database {path} is locked by another process: wait for it to finish, or find it with `fuser -v {path}` and \
         end it; nothing was changed"
    )]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file is no database any more.
    #[error(
        "the database {path} is damaged ({detail}): put a backup in its place, or move it aside together with its -wal \
         and -shm files (`mv {path} {path}.damaged`) to start with an empty one; it was left as it is"
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is damaged.
        detail: String,
    },
    /// No space left.
    #[error(
        "no space left for the database {path}: free some on that file system (`df -h {path}`) and repeat; nothing was changed"
    )]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// Written by a newer version of this program.
    #[error(
        "the database {path} has schema {found}, and this sipfw knows schemas up to {known}: use the newer sipfw that wrote \
         it, or put a backup from before the upgrade in its place"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest known here.
        known: i64,
    },
    /// Not allowed to read or write.
    #[error(
        "no permission to use the database {path} ({detail}): run sipfw as root, on a file system that is writable"
    )]
    Permission {
        /// The file.
        path: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// The directory can't be made or the file can't be opened for another reason.
    #[error("cannot use {path}: {source}; check the state directory's path in the config")]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Anything else that SQLite refuses.
    #[error("the database {path} refused a statement ({source}): please report it; nothing was changed")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// Whether the open file is of no use any more, so that another try has to open it first. What another process or a
    /// full disk keeps from being written is fine otherwise.
    pub fn calls_for_reopening(&self) -> bool {
        !matches!(self, Self::Locked { .. } | Self::DiskFull { .. } | Self::Sqlite { .. })
    }
}

/// Puts an error into words.
pub(super) trait Context<T> {
    /// Names the file at which it happened.
    fn in_file(self, path: &Path) -> Result<T, StoreError>;
}

impl<T> Context<T> for rusqlite::Result<T> {
    fn in_file(self, path: &Path) -> Result<T, StoreError> {
        self.map_err(|source| from_sqlite(source, path.to_owned()))
    }
}

impl<T> Context<T> for io::Result<T> {
    fn in_file(self, path: &Path) -> Result<T, StoreError> {
        self.map_err(|source| from_io(source, path.to_owned()))
    }
}

fn from_sqlite(source: rusqlite::Error, path: PathBuf) -> StoreError {
    use rusqlite::ffi;
    let detail = source.to_string();
    match source.sqlite_error().map(|e| (e.code, e.extended_code)) {
        Some((ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _)) => StoreError::Locked { path },
        Some((ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _)) => StoreError::Corrupt { path, detail },
        // The shared index of the log is a file too, and growing it is how a full disk shows first.
        Some((ErrorCode::DiskFull, _) | (_, ffi::SQLITE_IOERR_SHMSIZE)) => StoreError::DiskFull { path },
        Some((ErrorCode::PermissionDenied | ErrorCode::ReadOnly | ErrorCode::CannotOpen, _)) => {
            StoreError::Permission { path, detail }
        }
        _ if unreadable(&source) => StoreError::Corrupt { path, detail },
        _ => StoreError::Sqlite { path, source },
    }
}

/// Whether a row held what this program never writes.
fn unreadable(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType};
    matches!(error, FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..))
}

fn from_io(source: io::Error, path: PathBuf) -> StoreError {
    match source.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            StoreError::Permission { path, detail: source.to_string() }
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::DiskFull { path },
        _ => StoreError::File { path, source },
    }
}
