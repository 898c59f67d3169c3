//! The socket that anybody with the right to write to it tells events by.
//!
//! Owns: the socket's file with its mode and group, and taking datagrams from it. Refuses: taking a living process's socket away,
//! and what is in a datagram (see [`super::json`]).
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, chown};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::desk::Desk;
use super::json;
use super::report::{Reading, Refusal};
use super::stop::Stop;

/// The largest datagram.
const DATAGRAM_MAX: usize = 65_536;
/// How often the order to stop is looked for.
const LOOK: Duration = Duration::from_millis(200);
/// The wait after a failure.
const WAIT: Duration = Duration::from_secs(5);
/// Where groups' numbers stand.
const GROUPS: &str = "/etc/group";

/// The socket's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Socket {
    pub(super) path: PathBuf,
    pub(super) mode: u32,
    /// A name or a number; nothing for the daemon's own.
    pub(super) group: Option<String>,
}

impl Socket {
    /// Reads events until it is told to stop.
    pub(super) fn run(&self, desk: &mut Desk, stop: &Stop) {
        while !stop.is_set() {
            let Err(error) = self.listen(desk, stop) else { return };
            desk.trouble(Some(format!("{}: {error}", self.path.display())));
            stop.wait(WAIT);
        }
    }

    fn listen(&self, desk: &mut Desk, stop: &Stop) -> io::Result<()> {
        let socket = self.bind()?;
        socket.set_read_timeout(Some(LOOK))?;
        desk.trouble(None);
        // One byte more than is allowed, so that a longer datagram is seen to be one.
        let mut datagram = vec![0; DATAGRAM_MAX + 1];
        let taken = loop {
            if stop.is_set() {
                break Ok(());
            }
            match socket.recv(&mut datagram) {
                Ok(len) => take(&datagram[..len], desk),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(error) => break Err(error),
            }
        };
        fs::remove_file(&self.path)?;
        taken
    }

    /// Makes the socket under another name first: it has its mode and group before anybody finds it.
    fn bind(&self) -> io::Result<UnixDatagram> {
        self.clear()?;
        let group = self.group.as_deref().map(group_number).transpose()?;
        let mut hidden = self.path.clone().into_os_string();
        hidden.push(".new");
        let hidden = Path::new(&hidden);
        match fs::remove_file(hidden) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let socket = UnixDatagram::bind(hidden)?;
        chown(hidden, None, group)?;
        fs::set_permissions(hidden, Permissions::from_mode(self.mode))?;
        fs::rename(hidden, &self.path)?;
        Ok(socket)
    }

    /// Removes a socket that nobody listens to any more.
    fn clear(&self) -> io::Result<()> {
        let metadata = match fs::symlink_metadata(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            found => found?,
        };
        if !metadata.file_type().is_socket() {
            return Err(io::Error::other("something stands there that is no socket"));
        }
        match UnixDatagram::unbound()?.connect(&self.path) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(&self.path),
            Err(error) => Err(error),
            Ok(()) => Err(io::Error::other("another process listens there")),
        }
    }
}

/// Takes the lines of a datagram.
fn take(datagram: &[u8], desk: &mut Desk) {
    if datagram.len() > DATAGRAM_MAX {
        return desk.reading(Reading::Refused(Refusal::TooLong));
    }
    for line in datagram.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        desk.reading(json::read(line));
    }
}

/// The number of a group of this machine.
fn group_number(group: &str) -> io::Result<u32> {
    let line = |line: &str| {
        let mut fields = line.split(':');
        let (name, _, number) = (fields.next()?, fields.next()?, fields.next()?);
        (name == group).then(|| number.parse().ok()).flatten()
    };
    let named = || fs::read_to_string(GROUPS).ok().and_then(|groups| groups.lines().find_map(line));
    let number = group.parse().ok().or_else(named);
    number.ok_or_else(|| io::Error::other(format!("there is no group {group}")))
}

#[cfg(test)]
mod tests;
