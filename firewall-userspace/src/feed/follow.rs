//! One open file, read from a place on, line by line.
//!
//! Owns: the place, the piece of a line that has not ended, and noticing that the file was cut. Refuses: names and directories
//! (see [`super::tail`]).
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};

use super::judge::{Format, Judge, Verdict};

/// The longest line that is read as a whole.
const LINE_MAX: usize = 4_096;
/// Bytes read at once.
const CHUNK: usize = 65_536;

/// Which file, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) device: u64,
    pub(super) inode: u64,
}

impl Identity {
    pub(super) fn of(metadata: &std::fs::Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// What is done with what was read.
pub(super) trait Told {
    /// A line was read.
    fn line(&mut self);
    /// A line, or one before it, turned out to be something.
    fn verdict(&mut self, verdict: Verdict);
}

/// A file while it is followed.
#[derive(Debug)]
pub(super) struct Follower {
    file: File,
    identity: Identity,
    judge: Judge,
    /// Where the line began that ended last.
    last_at: u64,
    /// Where the line begins that has not ended.
    line_at: u64,
    /// Its bytes so far.
    piece: Vec<u8>,
    /// Whether it is longer than lines are; its other bytes are not kept.
    overlong: bool,
    /// Whether reading began in its middle; nothing can be said of it then.
    partial: bool,
    /// Where the next bytes are read.
    read_at: u64,
    /// Lines that begin before this are only there for the judge.
    from: u64,
}

impl Follower {
    /// Follows a file. Events count from byte `from` on; a little before that is read too, so that the judge knows what stands
    /// there.
    pub(super) fn open(file: File, format: Format, from: u64) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let from = from.min(metadata.len());
        let start = from.saturating_sub(format.window());
        let identity = Identity::of(&metadata);
        let (judge, piece, partial) = (Judge::new(format), Vec::new(), start > 0);
        Ok(Self {
            file,
            identity,
            judge,
            last_at: start,
            line_at: start,
            piece,
            overlong: false,
            partial,
            read_at: start,
            from,
        })
    }

    pub(super) fn identity(&self) -> Identity {
        self.identity
    }

    /// Where whoever comes after us begins: at the next line, or at the last one while its event waits for the next.
    pub(super) fn place(&self) -> u64 {
        if self.judge.waits() { self.last_at } else { self.line_at.max(self.from) }
    }

    /// Something that changes when anything was read.
    pub(super) fn progress(&self) -> (u64, u64) {
        (self.identity.inode, self.read_at)
    }

    /// Reads some of what there is; whether there may be more.
    pub(super) fn read(&mut self, told: &mut impl Told) -> io::Result<bool> {
        if self.was_cut()? {
            self.begin_anew();
        }
        let mut chunk = [0; CHUNK];
        let len = self.file.read_at(&mut chunk, self.read_at)?;
        let mut rest = &chunk[..len];
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            self.keep(&rest[..end]);
            rest = &rest[end + 1..];
            self.read_at += end as u64 + 1;
            self.line_ended(told);
        }
        self.keep(rest);
        self.read_at += rest.len() as u64;
        Ok(len == CHUNK)
    }

    /// Nothing has been written for a while: the last line was whole.
    pub(super) fn quiet(&mut self, told: &mut impl Told) {
        // A piece without its end shows that something is being written.
        if self.piece.is_empty() {
            self.judge.quiet(|verdict| told.verdict(verdict));
        }
    }

    /// Whether an event waits for the next line.
    pub(super) fn waits(&self) -> bool {
        self.judge.waits()
    }

    /// Whether the file is shorter than what was read of it, or holds something else: the byte before a line ends one.
    fn was_cut(&self) -> io::Result<bool> {
        if self.file.metadata()?.len() < self.read_at {
            return Ok(true);
        }
        let mut before = [b'\n'];
        if self.read_at > 0 && self.piece.is_empty() && !self.partial {
            self.file.read_at(&mut before, self.read_at - 1)?;
        }
        Ok(before != [b'\n'])
    }

    fn begin_anew(&mut self) {
        self.judge = self.judge.anew();
        (self.line_at, self.read_at, self.from) = (0, 0, 0);
        (self.overlong, self.partial) = (false, false);
        self.piece.clear();
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LINE_MAX.saturating_sub(self.piece.len());
        self.piece.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.overlong |= bytes.len() > room;
    }

    fn line_ended(&mut self, told: &mut impl Told) {
        let (at, line) = (self.line_at, std::mem::take(&mut self.piece));
        let (overlong, partial) = (std::mem::take(&mut self.overlong), std::mem::take(&mut self.partial));
        (self.last_at, self.line_at) = (at, self.read_at);
        if at < self.from {
            if !partial {
                self.judged(at, &line, overlong, |_| ());
            }
            return self.judge.forget();
        }
        told.line();
        self.judged(at, &line, overlong, |verdict| told.verdict(verdict));
    }

    fn judged(&mut self, at: u64, line: &[u8], overlong: bool, tell: impl FnMut(Verdict)) {
        if overlong { self.judge.too_long(at, line, tell) } else { self.judge.line(at, line, tell) }
    }
}
