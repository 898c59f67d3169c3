//! A log file by its name, through every rotation.
//!
//! Owns: which file the name stands for now, the one it stood for before, and where reading begins. Refuses: reading (see
//! [`super::follow`]) and waiting.
//!
//! Renamed and made anew: the old file is read for a while longer, because the PBX writes there until it is told to open its
//! log again. Cut to nothing (logrotate's `copytruncate`): the follower notices. Missing, or its directory missing: reading
//! begins at the start of what appears later.
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::follow::{Follower, Identity, Told};
use super::judge::Format;
use super::position::Position;

/// How long a renamed file is read.
const OLD_READ: Duration = Duration::from_secs(30);
/// How long nothing must follow a line before it is taken for whole.
const QUIET: Duration = Duration::from_millis(100);
/// Chunks that are read of one file before the other things of a feed get their turn.
const CHUNKS: usize = 16;

/// Where to begin in the first file that is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begin {
    /// At its end.
    End,
    /// Where reading ended before; in another file, at its start.
    At(Identity, u64),
    /// At its start.
    Start,
}

/// The file behind a name.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    format: Format,
    begin: Begin,
    current: Option<Follower>,
    old: Option<(Follower, Instant)>,
    /// When something was last read.
    active: Instant,
}

impl Tail {
    /// Follows `path`, from where reading ended if that is known and not long ago.
    pub(super) fn new(path: &Path, format: Format, position: Option<Position>, now: Instant) -> Self {
        let begin = position.map_or(Begin::End, |p| Begin::At(Identity { device: p.device, inode: p.inode }, p.offset));
        Self { path: path.to_owned(), format, begin, current: None, old: None, active: now }
    }

    /// Reads what there is; whether there may be more at once.
    ///
    /// # Errors
    ///
    /// Why the file cannot be read; what was open before is read all the same.
    pub(super) fn turn(&mut self, told: &mut impl Told, now: Instant) -> io::Result<bool> {
        let opened = self.look(now);
        let (before, mut more) = (self.read_so_far(), false);
        if let Some((old, _)) = &mut self.old {
            more |= read_some(old, told)?;
        }
        if let Some(current) = &mut self.current {
            more |= read_some(current, told)?;
        }
        if self.read_so_far() != before {
            self.active = now;
        } else if now.duration_since(self.active) >= QUIET {
            self.followers().for_each(|follower| follower.quiet(told));
        }
        opened.map(|()| more)
    }

    /// Whether it should be asked again soon, because an event waits for the next line.
    pub(super) fn waits(&self) -> bool {
        self.current.iter().chain(self.old.iter().map(|(old, _)| old)).any(Follower::waits)
    }

    /// The open file, for whoever wakes us.
    pub(super) fn identity(&self) -> Option<Identity> {
        self.current.as_ref().map(Follower::identity)
    }

    /// Where whoever comes after us begins.
    pub(super) fn place(&self) -> Option<(Identity, u64)> {
        self.current.as_ref().map(|current| (current.identity(), current.place()))
    }

    /// Opens what the name stands for, if it is another file than before.
    fn look(&mut self, now: Instant) -> io::Result<()> {
        self.old.take_if(|(_, renamed)| now.duration_since(*renamed) >= OLD_READ);
        let metadata = match std::fs::metadata(&self.path) {
            Ok(metadata) => metadata,
            Err(error) => {
                // What appears later is all new. But a name that is gone for a moment while files are renamed tells nothing.
                if error.kind() == ErrorKind::NotFound && self.current.is_none() && self.begin == Begin::End {
                    self.begin = Begin::Start;
                }
                return Err(error);
            }
        };
        if !metadata.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        if self.identity() == Some(Identity::of(&metadata)) {
            return Ok(());
        }
        let follower = self.open()?;
        self.old = self.current.replace(follower).map(|old| (old, now));
        self.begin = Begin::Start;
        Ok(())
    }

    fn open(&self) -> io::Result<Follower> {
        let file = File::open(&self.path)?;
        let metadata = file.metadata()?;
        let from = match self.begin {
            Begin::End => metadata.len(),
            Begin::At(identity, offset) if identity == Identity::of(&metadata) && offset <= metadata.len() => offset,
            Begin::At(..) | Begin::Start => 0,
        };
        Follower::open(file, self.format.clone(), from)
    }

    fn followers(&mut self) -> impl Iterator<Item = &mut Follower> {
        self.old.iter_mut().map(|(old, _)| old).chain(self.current.iter_mut())
    }

    /// Something that changes when anything was read.
    fn read_so_far(&self) -> [Option<(u64, u64)>; 2] {
        let of = |follower: &Follower| follower.progress();
        [self.old.as_ref().map(|(old, _)| of(old)), self.current.as_ref().map(of)]
    }
}

fn read_some(follower: &mut Follower, told: &mut impl Told) -> io::Result<bool> {
    for _ in 0..CHUNKS {
        if !follower.read(told)? {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
