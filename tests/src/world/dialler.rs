//! A caller of our own, who dials what no phone would let anybody type.
//!
//! Owns: one INVITE at a time with digest, over UDP or a connection, up to its final response. Refuses: media, and phones that
//! are well-behaved (baresip and SIPp are these).
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::digest::{Answer, Challenge};
use super::{Place, World};

/// How often a request over UDP is sent again.
const AGAIN: Duration = Duration::from_millis(500);

enum Line {
    Udp(UdpSocket),
    Tcp(TcpStream),
}

/// A caller with one account.
pub struct Dialler {
    line: Line,
    local: SocketAddr,
    server: SocketAddr,
    user: String,
    password: String,
    from: String,
    more: String,
    number: u32,
    patience: Duration,
}

impl Dialler {
    /// One at an address of a namespace, over UDP.
    pub fn udp(world: &World, place: Place, local: impl Into<SocketAddr>, server: SocketAddr) -> Result<Self> {
        let socket = world.udp(place, local)?;
        let local = socket.local_addr()?;
        Ok(Self::on(Line::Udp(socket), local, server))
    }

    /// One over a connection to `to`, which is the server or leads there.
    pub fn tcp(world: &World, place: Place, to: SocketAddr, server: SocketAddr) -> Result<Self> {
        let stream = world.netns(place).within(move || TcpStream::connect_timeout(&to, Duration::from_secs(5)))??;
        stream.set_nodelay(true)?;
        let local = stream.local_addr()?;
        Ok(Self::on(Line::Tcp(stream), local, server))
    }

    fn on(line: Line, local: SocketAddr, server: SocketAddr) -> Self {
        let (user, password, from) = ("alice".to_owned(), "secret-alice-1".to_owned(), String::new());
        let patience = Duration::from_secs(3);
        Self { line, local, server, user, password, from, more: String::new(), number: 0, patience }
    }

    /// Who it is.
    #[must_use]
    pub fn named(self, user: &str, password: &str) -> Self {
        Self { user: user.to_owned(), password: password.to_owned(), ..self }
    }

    /// What stands in From instead of its account: the whole value without the tag.
    #[must_use]
    pub fn from(self, value: &str) -> Self {
        Self { from: value.to_owned(), ..self }
    }

    /// Header fields that are added to each INVITE.
    #[must_use]
    pub fn with(self, fields: &str) -> Self {
        Self { more: fields.to_owned(), ..self }
    }

    /// When it gives up waiting for a response.
    #[must_use]
    pub fn patient_for(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Registers; the last status.
    pub fn register(&mut self) -> Result<Option<u16>> {
        let uri = format!("sip:{}", self.server.ip());
        let contact = format!("Contact: <sip:{}@{}>\r\nExpires: 600\r\n", self.user, self.local);
        self.exchange("REGISTER", &uri, &contact)
    }

    /// Dials a URI as it stands: the final status, or nothing if there was none.
    pub fn dial(&mut self, uri: &str) -> Result<Option<u16>> {
        self.exchange("INVITE", uri, &format!("Contact: <sip:{}@{}>\r\n", self.user, self.local))
    }

    /// Another request with fields of one's own, outside of any dialog.
    pub fn ask(&mut self, method: &str, uri: &str, fields: &str) -> Result<Option<u16>> {
        self.exchange(method, uri, fields)
    }

    fn exchange(&mut self, method: &str, uri: &str, fields: &str) -> Result<Option<u16>> {
        self.number += 100;
        let Some(reply) = self.transact(method, uri, fields)? else { return Ok(None) };
        if !matches!(reply.0, 401 | 407) {
            return Ok(Some(reply.0));
        }
        let challenge = Challenge::of(&reply.1).with_context(|| format!("no challenge in\n{}", reply.1))?;
        let answer = Answer { user: &self.user, password: &self.password, method, uri, body: "", count: 1 };
        let name = if reply.0 == 401 { "Authorization" } else { "Proxy-Authorization" };
        let fields = format!("{fields}{name}: {}\r\n", answer.to(&challenge));
        self.number += 1;
        Ok(self.transact(method, uri, &fields)?.map(|reply| reply.0))
    }

    fn transact(&mut self, method: &str, uri: &str, fields: &str) -> Result<Option<(u16, String)>> {
        let request = self.request(method, uri, fields, "");
        let (began, mut sent) = (Instant::now(), None::<Instant>);
        let (mut bytes, mut seen) = ([0; 8_192], String::new());
        while began.elapsed() < self.patience {
            let is_due = sent.is_none_or(|at| matches!(self.line, Line::Udp(_)) && at.elapsed() >= AGAIN);
            if is_due {
                self.send(&request)?;
                sent = Some(Instant::now());
            }
            let Some(text) = self.receive(&mut bytes)? else { continue };
            // A connection's messages come in pieces; of ours, none has a body.
            seen = if matches!(self.line, Line::Udp(_)) { text } else { seen + &text };
            if let Some(reply) = final_reply(&seen, self.number, method) {
                if method == "INVITE" {
                    let to = reply.1.lines().find(|line| line.starts_with("To: ")).unwrap_or_default().to_owned();
                    let ack = self.request("ACK", uri, "", &to);
                    self.send(&ack)?;
                }
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }

    fn send(&mut self, text: &str) -> Result<()> {
        match &mut self.line {
            Line::Udp(socket) => socket.send_to(text.as_bytes(), self.server).map(drop)?,
            Line::Tcp(stream) => stream.write_all(text.as_bytes())?,
        }
        Ok(())
    }

    /// What has come within a tenth of a second. A connection that ends says no more.
    fn receive(&mut self, bytes: &mut [u8]) -> Result<Option<String>> {
        let wait = Some(Duration::from_millis(100));
        let len = match &mut self.line {
            Line::Udp(socket) => {
                socket.set_read_timeout(wait)?;
                socket.recv(bytes)
            }
            Line::Tcp(stream) => {
                stream.set_read_timeout(wait)?;
                stream.read(bytes)
            }
        };
        match len {
            Ok(0) | Err(_) => Ok(None),
            Ok(len) => Ok(Some(String::from_utf8_lossy(&bytes[..len]).into_owned())),
        }
    }

    fn request(&self, method: &str, uri: &str, fields: &str, to: &str) -> String {
        let Self { local, server, user, number, from, more, .. } = self;
        let transport = if matches!(self.line, Line::Udp(_)) { "UDP" } else { "TCP" };
        let host = server.ip();
        let from = if from.is_empty() { format!("<sip:{user}@{host}>") } else { from.clone() };
        let callee = if method == "REGISTER" { user } else { "callee" };
        let to = if to.is_empty() { format!("To: <sip:{callee}@{host}>") } else { to.to_owned() };
        let more = if method == "INVITE" { more.as_str() } else { "" };
        // An ACK to a refusal belongs to the INVITE's transaction (RFC 3261 §17.1.1.3).
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/{transport} {local};branch=z9hG4bKd{}-{number};rport\r\nMax-Forwards: 70\r\n\
             From: {from};tag=d{}\r\n{to}\r\nCall-ID: d{}-{}@{local}\r\nCSeq: {number} {method}\r\n\
             User-Agent: dialler\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\n{more}{fields}\
             Content-Length: 0\r\n\r\n",
            local.port(),
            local.port(),
            local.port(),
            number / 100,
        )
    }
}

/// The final response to a request, if it is there whole.
fn final_reply(text: &str, number: u32, method: &str) -> Option<(u16, String)> {
    let cseq = format!("{number} {method}");
    text.split_inclusive("\r\n\r\n").filter(|one| one.ends_with("\r\n\r\n")).find_map(|one| {
        let status: u16 = one.trim_start().strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()?;
        let ours = one.lines().any(|line| line.strip_prefix("CSeq: ").is_some_and(|value| value.trim() == cseq));
        (status >= 200 && ours).then(|| (status, one.to_owned()))
    })
}
