//! Asterisk's security events by its manager interface: a conversation, as values.
//!
//! Owns: what is sent and what is made of what comes, block by block. Refuses: sockets and clocks (see `feed::link`).
//!
//! A block is lines `Key: value`, an empty line ends it (main/manager.c). Nothing in it is escaped either (main/security_events.c,
//! `append_event_str_single`): an account with a line end writes keys, or a block, of its own. So a block in which a key stands
//! twice, or that lacks one, is refused. And one of a service whose texts nobody bounds ends our trust in the stream: whole
//! blocks behind it may be a remote party's. Trust comes back with the answer to a ping whose number a remote party cannot
//! know: Asterisk writes an event at once, so what was torn ends before that answer.
use super::super::report::{Reading, Refusal};
use super::{Fields, SERVICE, TRAILING};

/// The longest line; a longer one ends the conversation.
const LINE_MAX: usize = 16_384;
/// The most lines of a block.
const LINES_MAX: usize = 64;
/// Keys with which every security event begins, in this order: Asterisk's own words, before any of a remote party's.
const HEAD: [&[u8]; 6] = [b"Event", b"Privilege", b"EventTV", b"Severity", b"Service", b"EventVersion"];
/// Keys that may stand among them, by Asterisk's configuration.
const AMONG: [&[u8]; 6] = [b"Timestamp", b"SequenceNumber", b"File", b"Line", b"Func", b"SystemName"];

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The first line is awaited.
    Greeting,
    /// The answer to our login is awaited.
    Login,
    /// Events are read.
    Trusted,
    /// Events are read and not believed.
    Distrusted,
}

/// Why the conversation cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The other side is no manager interface.
    #[error("what answers there is no Asterisk manager interface")]
    NoManager,
    /// Our login was refused.
    #[error("Asterisk refuses this user and secret")]
    Login,
    /// A line or a block that is too long.
    #[error("Asterisk sent a block that is too long")]
    TooLong,
    /// A number for the next action could not be had.
    #[error("no random number could be had")]
    Random,
}

/// What a block came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// An event, or why it is none that is believed.
    Reading(Reading),
    /// Our login was accepted.
    LoggedIn,
    /// An answer to a ping.
    Pong,
}

/// One conversation, from its greeting on.
#[derive(Debug)]
pub struct Conversation {
    state: State,
    login: Vec<u8>,
    /// Bytes of the line that has not ended yet.
    line: Vec<u8>,
    block: Vec<Vec<u8>>,
    /// The number of the ping whose answer is awaited.
    ping: Option<String>,
    send: Vec<u8>,
}

impl Conversation {
    /// A conversation that logs in by these words, of which neither may hold a line end.
    pub fn new(user: &str, secret: &str) -> Self {
        let login =
            format!("Action: Login\r\nUsername: {user}\r\nSecret: {secret}\r\nEvents: security\r\n\r\n").into_bytes();
        let (line, block, send) = Default::default();
        Self { state: State::Greeting, login, line, block, ping: None, send }
    }

    /// What is to be sent.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.send)
    }

    /// Asks for a sign of life.
    ///
    /// # Errors
    ///
    /// Without a random number.
    pub fn ping(&mut self) -> Result<(), Ended> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|_| Ended::Random)?;
        let number = format!("{:032x}", u128::from_ne_bytes(bytes));
        self.send.extend(format!("Action: Ping\r\nActionID: {number}\r\n\r\n").into_bytes());
        self.ping = Some(number);
        Ok(())
    }

    /// Takes what came, and says what it came to.
    ///
    /// # Errors
    ///
    /// What ends the conversation.
    pub fn hear(&mut self, mut bytes: &[u8], mut tell: impl FnMut(Heard)) -> Result<(), Ended> {
        while let Some(end) = bytes.iter().position(|b| *b == b'\n') {
            self.line.extend_from_slice(&bytes[..end]);
            bytes = &bytes[end + 1..];
            let mut line = std::mem::take(&mut self.line);
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            self.line_ended(line, &mut tell)?;
        }
        self.line.extend_from_slice(bytes);
        if self.line.len() > LINE_MAX { Err(Ended::TooLong) } else { Ok(()) }
    }

    fn line_ended(&mut self, line: Vec<u8>, tell: &mut impl FnMut(Heard)) -> Result<(), Ended> {
        if self.state == State::Greeting {
            if !line.starts_with(b"Asterisk Call Manager/") {
                return Err(Ended::NoManager);
            }
            self.state = State::Login;
            self.send.append(&mut self.login);
            return Ok(());
        }
        if line.is_empty() {
            let block = std::mem::take(&mut self.block);
            return self.block_ended(&block, tell);
        }
        self.block.push(line);
        if self.block.len() > LINES_MAX { Err(Ended::TooLong) } else { Ok(()) }
    }

    fn block_ended(&mut self, block: &[Vec<u8>], tell: &mut impl FnMut(Heard)) -> Result<(), Ended> {
        let first = block.first().map(Vec::as_slice).unwrap_or_default();
        match self.state {
            State::Greeting => Ok(()),
            State::Login if first == b"Response: Success" => {
                self.state = State::Trusted;
                tell(Heard::LoggedIn);
                Ok(())
            }
            State::Login if first.starts_with(b"Response: ") => Err(Ended::Login),
            State::Login => Ok(()),
            State::Trusted | State::Distrusted if self.is_pong(block) => {
                (self.state, self.ping) = (State::Trusted, None);
                tell(Heard::Pong);
                Ok(())
            }
            State::Trusted | State::Distrusted => self.event(block, tell),
        }
    }

    fn is_pong(&self, block: &[Vec<u8>]) -> bool {
        let Some(number) = &self.ping else { return false };
        let answer = [b"ActionID: ", number.as_bytes()].concat();
        block.first().is_some_and(|line| line.as_slice() == b"Response: Success") && block.get(1) == Some(&answer)
    }

    fn event(&mut self, block: &[Vec<u8>], tell: &mut impl FnMut(Heard)) -> Result<(), Ended> {
        let reading = match (read(block), self.state) {
            (Reading::Event(_), State::Distrusted) => Reading::Refused(Refusal::Behind),
            (reading, _) => reading,
        };
        if matches!(reading, Reading::Torn(..)) {
            self.state = State::Distrusted;
            // A new ping even if one is on its way: that one may have been sent before the torn block was written.
            self.ping()?;
        }
        tell(Heard::Reading(reading));
        Ok(())
    }
}

/// Reads one block by itself. Only one of another service is torn: a remote party's account that is no endpoint's has less
/// room than [`HEAD`] needs, so behind a damaged block of our service stands no forged one.
fn read(block: &[Vec<u8>]) -> Reading {
    if block.first().is_none_or(|line| line.starts_with(b"Response: ")) {
        return Reading::Other;
    }
    match service(block) {
        None => return Reading::Refused(Refusal::Cut),
        Some(SERVICE) => {}
        Some(_) => return Reading::Torn(Refusal::Service, 0),
    }
    let Some(keys) = keys(block) else { return Reading::Refused(Refusal::Field) };
    match fields(&keys).map(|fields| fields.report()) {
        Some(Ok(Some(report))) => Reading::Event(report),
        Some(Ok(None)) => Reading::Other,
        Some(Err(refusal)) => Reading::Refused(refusal),
        None => Reading::Refused(Refusal::Field),
    }
}

/// The service of an event, if its head is whole.
fn service(block: &[Vec<u8>]) -> Option<&[u8]> {
    let (mut awaited, mut service) = (HEAD.iter(), None);
    for (key, value) in block.iter().map_while(|line| key_value(line)) {
        if AMONG.contains(&key) {
            continue;
        }
        match awaited.next() {
            Some(next) if *next != key => return None,
            Some(_) if key == b"Service" => service = Some(value),
            Some(_) => {}
            None => return service,
        }
    }
    service.filter(|_| awaited.next().is_none())
}

fn fields<'a>(keys: &[(&[u8], &'a [u8])]) -> Option<Fields<'a>> {
    let value = |key: &[u8]| keys.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
    let (event, remote) = (value(b"Event")?, value(b"RemoteAddress")?);
    let mut fields = Fields { event, remote, account: value(b"AccountID").unwrap_or_default(), ..Fields::default() };
    for key in TRAILING {
        if let Some(value) = value(key) {
            fields.set_trailing(key, value)?;
        }
    }
    Some(fields)
}

/// The keys of a block; nothing if a line has none, or one stands there twice.
fn keys(block: &[Vec<u8>]) -> Option<Vec<(&[u8], &[u8])>> {
    let mut keys: Vec<(&[u8], &[u8])> = Vec::with_capacity(block.len());
    for line in block {
        let (key, value) = key_value(line)?;
        if keys.iter().any(|(known, _)| *known == key) {
            return None;
        }
        keys.push((key, value));
    }
    Some(keys)
}

fn key_value(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|b| *b == b':')?;
    let (key, value) = (&line[..colon], &line[colon + 1..]);
    let is_key = (1..=32).contains(&key.len()) && key.iter().all(u8::is_ascii_alphanumeric);
    is_key.then(|| (key, value.strip_prefix(b" ").unwrap_or(value)))
}

#[cfg(test)]
mod tests;
