//! Waking up when a file changes.
//!
//! Owns: the kernel's notifications for one file and its directory. Refuses: relying on them: whoever waits looks anyway after a
//! while, since network file systems notify nobody and a directory may not exist yet.
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};

use super::follow::Identity;

/// Notifications for one file.
#[derive(Debug)]
pub(super) struct Wake {
    inotify: Option<OwnedFd>,
    directory: Option<i32>,
    file: Option<(Identity, i32)>,
}

impl Wake {
    /// Without notifications, waiting is all there is.
    pub(super) fn new() -> Self {
        let inotify = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok();
        Self { inotify, directory: None, file: None }
    }

    /// Waits for a change of the file at `path`, or of the names beside it, or for a time.
    pub(super) fn wait(&mut self, path: &Path, open: Option<Identity>, at_most: Duration) {
        self.watch(path, open);
        let Some(inotify) = &self.inotify else { return std::thread::sleep(at_most) };
        let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(at_most.subsec_nanos()) };
        let mut fds = [PollFd::new(inotify, PollFlags::IN)];
        if poll(&mut fds, Some(&timeout)).is_ok_and(|ready| ready > 0) {
            self.drain();
        }
    }

    fn watch(&mut self, path: &Path, open: Option<Identity>) {
        let Some(inotify) = &self.inotify else { return };
        if self.directory.is_none() {
            let names = WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
            self.directory = path.parent().and_then(|parent| inotify::add_watch(inotify, parent, names).ok());
        }
        if open != self.file.map(|(identity, _)| identity) {
            if let Some((_, watch)) = self.file.take() {
                // It may be gone with its file.
                let _ = inotify::remove_watch(inotify, watch);
            }
            let watch = open.and_then(|_| inotify::add_watch(inotify, path, WatchFlags::MODIFY).ok());
            self.file = open.zip(watch);
        }
    }

    /// Reads what was notified. Only a directory that is gone matters: its watch is gone with it.
    fn drain(&mut self) {
        let Some(inotify) = &self.inotify else { return };
        let mut buffer = [MaybeUninit::uninit(); 4_096];
        let mut reader = Reader::new(inotify, &mut buffer);
        while let Ok(event) = reader.next() {
            let gone = inotify::ReadFlags::IGNORED | inotify::ReadFlags::MOVE_SELF;
            if event.events().intersects(gone) && Some(event.wd()) == self.directory {
                self.directory = None;
            }
        }
    }
}
