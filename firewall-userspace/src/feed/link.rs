//! The connection to Asterisk's manager interface.
//!
//! Owns: connecting, and waiting longer after each failure. Refuses: what is said over it (see [`super::asterisk::ami`]), and a
//! secret that others can read.
use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::asterisk::ami::{Conversation, Heard};
use super::desk::Desk;
use super::stop::Stop;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How long the other side may say nothing before it is pinged, and then before it is given up.
const SILENCE: Duration = Duration::from_secs(30);
/// How often the order to stop is looked for.
const LOOK: Duration = Duration::from_millis(200);
/// The first wait after a failure; it doubles up to the longest.
const WAIT_FIRST: Duration = Duration::from_secs(1);
const WAIT_LONGEST: Duration = Duration::from_secs(60);
/// The longest secret.
const SECRET_MAX: u64 = 256;

/// Whom to connect to, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) address: SocketAddr,
    pub(super) user: String,
    pub(super) secret_file: PathBuf,
}

impl Link {
    /// Reads events until it is told to stop.
    pub(super) fn run(&self, desk: &mut Desk, stop: &Stop) {
        let mut wait = WAIT_FIRST;
        while !stop.is_set() {
            let begun = Instant::now();
            let Err(error) = self.talk(desk, stop) else { return };
            desk.trouble(Some(format!("Asterisk's manager interface at {}: {error}", self.address)));
            // A connection that held is no failure of the last attempt.
            wait = if begun.elapsed() > WAIT_LONGEST { WAIT_FIRST } else { wait };
            stop.wait(wait);
            wait = (wait * 2).min(WAIT_LONGEST);
        }
    }

    /// One conversation; it ends well only because it was told to stop.
    fn talk(&self, desk: &mut Desk, stop: &Stop) -> io::Result<()> {
        let secret = secret(&self.secret_file)?;
        let mut stream = TcpStream::connect_timeout(&self.address, CONNECT)?;
        stream.set_read_timeout(Some(LOOK))?;
        stream.set_write_timeout(Some(CONNECT))?;
        let mut conversation = Conversation::new(&self.user, &secret);
        let (mut heard, mut pinged) = (Instant::now(), false);
        let mut bytes = [0; 16_384];
        while !stop.is_set() {
            match stream.read(&mut bytes) {
                Ok(0) => return Err(io::Error::new(ErrorKind::UnexpectedEof, "the connection was closed")),
                Ok(len) => {
                    (heard, pinged) = (Instant::now(), false);
                    conversation.hear(&bytes[..len], |heard| tell(desk, heard)).map_err(io::Error::other)?;
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    if heard.elapsed() > SILENCE {
                        if pinged {
                            return Err(io::Error::new(ErrorKind::TimedOut, "no answer"));
                        }
                        (heard, pinged) = (Instant::now(), true);
                        conversation.ping().map_err(io::Error::other)?;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            stream.write_all(&conversation.take_output())?;
        }
        Ok(())
    }
}

fn tell(desk: &mut Desk, heard: Heard) {
    match heard {
        Heard::Reading(reading) => desk.reading(reading),
        Heard::LoggedIn => desk.trouble(None),
        Heard::Pong => {}
    }
}

/// The secret in a file that only its owner can read.
fn secret(path: &Path) -> io::Result<String> {
    let told = |text: String| io::Error::other(format!("{}: {text}", path.display()));
    let file = File::open(path).map_err(|error| told(error.to_string()))?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.mode() & 0o077 != 0 {
        return Err(told("others can read the secret, or it is no regular file; chmod 600".to_owned()));
    }
    let mut secret = String::new();
    file.take(SECRET_MAX + 2).read_to_string(&mut secret).map_err(|error| told(error.to_string()))?;
    let secret = secret.trim_end_matches(['\r', '\n']);
    if secret.is_empty() || secret.len() as u64 > SECRET_MAX || secret.chars().any(char::is_control) {
        return Err(told(format!("the secret is not one line of 1 to {SECRET_MAX} bytes")));
    }
    Ok(secret.to_owned())
}

#[cfg(test)]
mod tests;
