//! A phone of our own, for what no phone that can be installed does on demand: another hash, a nonce used again, a
//! mistyped password, a request of several fragments.
//!
//! Owns: one request at a time over UDP, with RFC 3261's retransmissions, and its final response. Refuses: calls (SIPp
//! makes these) and crowds (see [`super::crowd`]).
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::digest::{Answer, Challenge};
use super::{Place, World};

/// RFC 3261, 17.1.2.2: the first retransmission follows after T1, each other after twice the time of the last.
const T1: Duration = Duration::from_millis(500);
/// RFC 3261: never longer.
const T2: Duration = Duration::from_secs(4);

/// A phone with one account.
pub struct Phone {
    socket: UdpSocket,
    local: SocketAddr,
    server: SocketAddr,
    user: String,
    call: u64,
    sequence: u32,
    patience: Duration,
    agent: String,
    more: String,
}

/// A final response.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its code.
    pub status: u16,
    /// All of it.
    pub text: String,
}

impl Phone {
    /// A phone at an address of a namespace.
    pub fn new(
        world: &World,
        place: Place,
        local: impl Into<SocketAddr>,
        server: SocketAddr,
        user: &str,
    ) -> Result<Self> {
        let local = local.into();
        let socket = world.udp(place, local)?;
        let call = socket.local_addr()?.port().into();
        Ok(Self {
            local: socket.local_addr()?,
            socket,
            server,
            user: user.to_owned(),
            call,
            sequence: 0,
            patience: Duration::from_secs(2),
            agent: "phone".to_owned(),
            more: String::new(),
        })
    }

    /// When it gives up waiting for a response.
    #[must_use]
    pub fn patient_for(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// What it calls itself.
    #[must_use]
    pub fn named(self, agent: &str) -> Self {
        Self { agent: agent.to_owned(), ..self }
    }

    /// Adds so many bytes to each request, in a field that nobody reads: more than 1,400 make fragments.
    #[must_use]
    pub fn padded(self, bytes: usize) -> Self {
        Self { more: format!("X-Padding: {}\r\n", "x".repeat(bytes)), ..self }
    }

    /// Registers for `seconds` (0 ends it) with a password: the last status, or nothing if there was no answer.
    pub fn register(&mut self, password: &str, seconds: u32) -> Result<Option<u16>> {
        let contact = format!("<sip:{}@{}>", self.user, self.local);
        self.register_as(password, seconds, &contact)
    }

    /// The same with contacts of one's own.
    pub fn register_as(&mut self, password: &str, seconds: u32, contact: &str) -> Result<Option<u16>> {
        let fields = format!("Contact: {contact}\r\nExpires: {seconds}\r\n");
        let Some(challenge) = self.challenge("REGISTER", &fields)? else { return Ok(None) };
        Ok(self.answer("REGISTER", &fields, "", password, &challenge, 1)?.map(|reply| reply.status))
    }

    /// Asks without credentials for a challenge; nothing if there was no answer.
    pub fn challenge(&mut self, method: &str, fields: &str) -> Result<Option<Challenge>> {
        let Some(reply) = self.ask(method, fields, "")? else { return Ok(None) };
        let challenge = Challenge::of(&reply.text);
        challenge.with_context(|| format!("no challenge in\n{}", reply.text)).map(Some)
    }

    /// Asks with credentials, the nonce being used for the `count`th time.
    pub fn answer(
        &mut self,
        method: &str,
        fields: &str,
        body: &str,
        password: &str,
        challenge: &Challenge,
        count: u32,
    ) -> Result<Option<Reply>> {
        let uri = self.uri(method);
        let answer = Answer { user: &self.user, password, method, uri: &uri, body, count };
        let name = if method == "REGISTER" { "Authorization" } else { "Proxy-Authorization" };
        let fields = format!("{fields}{name}: {}\r\n", answer.to(challenge));
        self.ask(method, &fields, body)
    }

    /// Sends a request until there is a final response, or patience is over.
    pub fn ask(&mut self, method: &str, fields: &str, body: &str) -> Result<Option<Reply>> {
        self.sequence += 1;
        let request = self.request(method, fields, body);
        let began = Instant::now();
        let (mut pause, mut bytes) = (T1, [0; 8192]);
        while began.elapsed() < self.patience {
            self.socket.send_to(request.as_bytes(), self.server)?;
            let due = began.elapsed() + pause;
            while let Some(left) = due.min(self.patience).checked_sub(began.elapsed()).filter(|left| !left.is_zero()) {
                self.socket.set_read_timeout(Some(left))?;
                let Ok(len) = self.socket.recv(&mut bytes) else { break };
                let text = String::from_utf8_lossy(&bytes[..len]).into_owned();
                if let Some(status) = self.final_status(&text) {
                    return Ok(Some(Reply { status, text }));
                }
            }
            pause = (2 * pause).min(T2);
        }
        Ok(None)
    }

    fn uri(&self, method: &str) -> String {
        let host = host(self.server.ip());
        if method == "REGISTER" { format!("sip:{host}") } else { format!("sip:{}@{host}", self.user) }
    }

    fn request(&self, method: &str, fields: &str, body: &str) -> String {
        let Self { local, user, call, sequence, agent, more, .. } = self;
        let (uri, host) = (self.uri(method), host(self.server.ip()));
        let length = body.len();
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK{call:x}-{sequence};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:{user}@{host}>;tag={call:x}\r\nTo: <sip:{user}@{host}>\r\nCall-ID: {call:x}@{local}\r\n\
             CSeq: {sequence} {method}\r\nUser-Agent: {agent}\r\n{more}{fields}Content-Length: {length}\r\n\r\n{body}"
        )
    }

    /// The code, if it is a final response to the last request.
    fn final_status(&self, text: &str) -> Option<u16> {
        let status = text.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()?;
        let sequence = text.lines().find_map(|line| line.strip_prefix("CSeq: "))?;
        let ours = sequence.split(' ').next()?.parse() == Ok(self.sequence);
        (status >= 200 && ours).then_some(status)
    }
}

fn host(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}
