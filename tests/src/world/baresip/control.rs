//! A phone that is told what to do: baresip's module ctrl_tcp, which takes JSON in netstrings.
//!
//! Owns: commands, the events of a call, and the counts of media that a call ends with. Refuses: what SIP says meanwhile.
use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use serde_json::{Value, json};

use super::super::netns::enter;
use super::super::wait;
use super::Baresip;

const CONNECT: Duration = Duration::from_millis(500);
const READ: Duration = Duration::from_millis(5);
/// How long the answer to a command may take.
const ANSWER: Duration = Duration::from_secs(5);

/// A phone's ear and mouth.
pub struct Control {
    stream: TcpStream,
    /// What has been read and is no whole message yet.
    bytes: Vec<u8>,
    /// What has happened, and nobody waited for.
    events: Vec<Event>,
    answers: Vec<Value>,
}

/// Something that happened to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// baresip's word: `CALL_ESTABLISHED`, `CALL_CLOSED` and the like.
    pub name: String,
    /// What else it says: a status and its reason, or a crypto suite.
    pub says: String,
}

/// What a call's end leaves: the media packets of one side, by its own count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// RTP packets that it sent.
    pub sent: u64,
    /// RTP packets that it received.
    pub received: u64,
}

impl Control {
    pub(super) fn connect(netns: &File, address: SocketAddr) -> Result<Self> {
        let connected = std::thread::scope(|scope| {
            let thread = scope.spawn(|| enter(netns).and_then(|()| Ok(TcpStream::connect_timeout(&address, CONNECT)?)));
            thread.join().map_err(|_| anyhow!("connecting panicked"))?
        });
        let stream = connected?;
        stream.set_read_timeout(Some(READ))?;
        Ok(Self { stream, bytes: Vec::new(), events: Vec::new(), answers: Vec::new() })
    }

    /// Calls somebody.
    pub fn dial(&mut self, uri: &str) -> Result<()> {
        self.tell("dial", uri).map(drop)
    }

    /// Has it do something that takes no words: `accept`, `hold`, `resume`, `hangup`.
    pub fn act(&mut self, command: &str) -> Result<()> {
        self.tell(command, "").map(drop)
    }

    /// Tells it something; what it says to that.
    pub fn tell(&mut self, command: &str, words: &str) -> Result<String> {
        let message = json!({ "command": command, "params": words, "token": "t" }).to_string();
        write!(self.stream, "{}:{message},", message.len())?;
        let answer = wait::until("baresip to answer", ANSWER, || match self.hear() {
            Ok(()) => self.answers.pop().map(Ok),
            Err(error) => Some(Err(error)),
        })??;
        let said = answer["data"].as_str().unwrap_or_default().to_owned();
        ensure!(answer["ok"] == true, "baresip refused {command} {words}: {said}");
        Ok(said)
    }

    /// Waits until something happens, and forgets it and what happened before.
    pub fn event(&mut self, name: &str, limit: Duration) -> Result<Event> {
        let waited = wait::until(&format!("{name} at baresip"), limit, || match self.hear() {
            Ok(()) => self.events.iter().position(|event| event.name == name).map(Ok),
            Err(error) => Some(Err(error)),
        });
        let at = waited.with_context(|| format!("what happened: {:?}", self.events))??;
        self.events.drain(..=at).next_back().context("an event")
    }

    /// Waits until a call is up in which this side has keys, if it is to have any.
    pub fn established(&mut self, limit: Duration) -> Result<()> {
        self.event("CALL_ESTABLISHED", limit).map(drop)
    }

    /// Waits until the call is over; why.
    pub fn closed(&mut self, limit: Duration) -> Result<String> {
        self.event("CALL_CLOSED", limit).map(|event| event.says)
    }

    /// Takes what has come.
    fn hear(&mut self) -> Result<()> {
        let mut chunk = [0; 4096];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => bail!("baresip hung up"),
                Ok(len) => self.bytes.extend_from_slice(&chunk[..len]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
                Err(error) => return Err(error.into()),
            }
        }
        while let Some(message) = netstring(&mut self.bytes)? {
            let message: Value = serde_json::from_slice(&message)?;
            if message["response"] == true {
                self.answers.push(message);
            } else {
                let word = |key: &str| message[key].as_str().unwrap_or_default().to_owned();
                self.events.push(Event { name: word("type"), says: word("param") });
            }
        }
        Ok(())
    }
}

/// Takes a whole netstring from the front: `5:hello,`.
fn netstring(bytes: &mut Vec<u8>) -> Result<Option<Vec<u8>>> {
    let Some(colon) = bytes.iter().position(|byte| *byte == b':') else { return Ok(None) };
    let len: usize = std::str::from_utf8(&bytes[..colon])?.parse().context("no netstring")?;
    let end = colon + 1 + len;
    if bytes.len() <= end {
        return Ok(None);
    }
    ensure!(bytes[end] == b',', "a netstring without end");
    let message = bytes[colon + 1..end].to_vec();
    bytes.drain(..=end);
    Ok(Some(message))
}

impl Baresip {
    /// The counts of the calls that have ended so far, the first one first.
    pub fn ended_calls(&self) -> Vec<Ended> {
        counts(&self.said())
    }
}

/// baresip prints a table when a call ends: `packets:   269   270`, what it sent and what it received.
fn counts(said: &str) -> Vec<Ended> {
    let rows = said.lines().filter_map(|line| line.trim().strip_prefix("packets:"));
    let numbers = rows.map(|row| row.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<_>>());
    numbers.filter_map(|row| Some(Ended { sent: *row.first()?, received: *row.get(1)? })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn netstrings_come_in_pieces() {
        let mut bytes = b"2:{},3:".to_vec();
        assert_eq!(netstring(&mut bytes).unwrap(), Some(b"{}".to_vec()));
        assert_eq!(netstring(&mut bytes).unwrap(), None);
        bytes.extend_from_slice(b"abc,");
        assert_eq!(netstring(&mut bytes).unwrap(), Some(b"abc".to_vec()));
        assert!(bytes.is_empty() && netstring(&mut b"1:ab".to_vec()).is_err());
    }

    #[test]
    fn a_calls_end_tells_its_packets() {
        let said = "audio   Transmit:  Receive:\npackets:     269     270\nerrors:    0    0\n";
        assert_eq!(counts(said), [Ended { sent: 269, received: 270 }]);
    }
}
