//! Calls of which both sides are ours: for what no phone that can be installed does on demand, and for many at once.
//!
//! Owns: one message after another, as the test says, each awaited at the other side. Refuses: retransmissions and timers:
//! what gets lost on these wires was dropped by somebody.
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::{Place, World};

/// How long a message may take that is to arrive.
const ARRIVE: Duration = Duration::from_secs(5);

/// One side: a user agent's socket.
pub struct Party {
    socket: UdpSocket,
    local: SocketAddr,
}

impl Party {
    /// At an address of a namespace.
    pub fn new(world: &World, place: Place, local: impl Into<SocketAddr>) -> Result<Self> {
        let socket = world.udp(place, local)?;
        Ok(Self { local: socket.local_addr()?, socket })
    }

    /// Its address.
    pub const fn local(&self) -> SocketAddr {
        self.local
    }

    /// Sends.
    pub fn send(&self, to: SocketAddr, text: &str) -> Result<()> {
        self.socket.send_to(text.as_bytes(), to).map(drop).with_context(|| format!("{} to {to}", self.local))
    }

    /// The next message that comes within the limit.
    pub fn receive(&self, limit: Duration) -> Result<Option<String>> {
        Ok(self.receive_from(limit)?.map(|(text, _)| text))
    }

    /// The same, and whose it is.
    pub fn receive_from(&self, limit: Duration) -> Result<Option<(String, SocketAddr)>> {
        self.socket.set_read_timeout(Some(limit.max(Duration::from_millis(1))))?;
        let mut bytes = [0; 9000];
        let received = self.socket.recv_from(&mut bytes).ok();
        Ok(received.map(|(len, from)| (String::from_utf8_lossy(&bytes[..len]).into_owned(), from)))
    }

    /// Waits for a message of a call that begins so; others are forgotten.
    pub fn await_of(&self, call: &str, beginning: &str) -> Result<String> {
        let (end, field) = (Instant::now() + ARRIVE, format!("Call-ID: {call}\r\n"));
        let mut others = Vec::new();
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            match self.receive(left)? {
                Some(text) if text.starts_with(beginning) && text.contains(&field) => return Ok(text),
                other => others.extend(other),
            }
        }
        bail!("{} waited in vain for {beginning} of {call}; what came:\n{}", self.local, others.join("\n"))
    }
}

/// A call; the caller's branch, tag and Call-ID are made of its name.
pub struct Call<'p> {
    caller: &'p Party,
    callee: &'p Party,
    name: String,
    sequence: u32,
    invite: u32,
}

impl<'p> Call<'p> {
    /// A call that nobody has made yet.
    pub fn new(caller: &'p Party, callee: &'p Party, name: &str) -> Self {
        Self { caller, callee, name: name.to_owned(), sequence: 0, invite: 0 }
    }

    /// Its Call-ID.
    pub fn id(&self) -> String {
        format!("{}@{}", self.name, self.caller.local.ip())
    }

    /// The next request of the caller, with this body of SDP.
    pub fn request(&mut self, method: &str, sdp: &str) -> String {
        self.request_with(method, "application/sdp", sdp)
    }

    /// The same with a body of a type.
    pub fn request_with(&mut self, method: &str, kind: &str, body: &str) -> String {
        if !matches!(method, "ACK" | "CANCEL") {
            self.sequence += 1;
        }
        if method == "INVITE" {
            self.invite = self.sequence;
        }
        let number = if matches!(method, "ACK" | "CANCEL") { self.invite } else { self.sequence };
        let (from, to, id, name) = (self.caller.local, self.callee.local, self.id(), &self.name);
        // The ACK of a 2xx is a transaction of its own; a CANCEL is its INVITE's.
        let branch = if method == "ACK" { format!("{id}-{number}-ack") } else { format!("{id}-{number}") };
        let tag = if self.sequence > 1 || method == "ACK" { ";tag=callee" } else { "" };
        format!(
            "{method} sip:callee@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{branch};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:{name}@{from}>;tag=caller\r\nTo: <sip:callee@{to}>{tag}\r\nCall-ID: {id}\r\nCSeq: {number} {method}\r\n\
             Contact: <sip:{name}@{from}>\r\nUser-Agent: hands\r\n{}",
            bodied(kind, body)
        )
    }

    /// Sends a request; the callee gets it.
    pub fn say(&mut self, method: &str, sdp: &str) -> Result<()> {
        let request = self.request(method, sdp);
        self.caller.send(self.callee.local, &request)?;
        self.callee.await_of(&self.id(), method).map(drop)
    }

    /// The callee's response to the last request, such as `200 OK`.
    pub fn response(&self, status: &str, method: &str, sdp: &str) -> String {
        let (from, to, id, name) = (self.caller.local, self.callee.local, self.id(), &self.name);
        let number = if method == "INVITE" { self.invite } else { self.sequence };
        format!(
            "SIP/2.0 {status}\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{id}-{number};rport={}\r\n\
             From: <sip:{name}@{from}>;tag=caller\r\nTo: <sip:callee@{to}>;tag=callee\r\nCall-ID: {id}\r\nCSeq: {number} {method}\r\n\
             Contact: <sip:callee@{to}>\r\n{}",
            from.port(),
            bodied("application/sdp", sdp)
        )
    }

    /// The callee responds; the caller gets it.
    pub fn respond(&self, status: &str, method: &str, sdp: &str) -> Result<()> {
        self.callee.send(self.caller.local, &self.response(status, method, sdp))?;
        self.caller.await_of(&self.id(), &format!("SIP/2.0 {}", &status[..3])).map(drop)
    }

    /// An INVITE, its 200 and its ACK: a call, or a change of one.
    pub fn agree(&mut self, offer: &str, answer: &str) -> Result<()> {
        self.say("INVITE", offer)?;
        self.respond("200 OK", "INVITE", answer)?;
        self.say("ACK", "")
    }

    /// The caller hangs up.
    pub fn end(&mut self) -> Result<()> {
        self.say("BYE", "")?;
        self.respond("200 OK", "BYE", "")
    }
}

fn bodied(kind: &str, body: &str) -> String {
    let kind = if body.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
    format!("{kind}Content-Length: {}\r\n\r\n{body}", body.len())
}
