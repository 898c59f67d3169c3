//! Phones, guessers and a server, as messages.
use std::net::IpAddr;

use firewall_common::addr::Addr;
use firewall_common::copy::Kind;
use firewall_common::sip::message;

use crate::clock::Clock;
use crate::config::{Config, parse_str};
use crate::engine::command::{Alarm, Ban, Command, Demote, Device, Hold, Promote};
use crate::engine::evidence::Rule;
use crate::engine::input::{Direction, Flow, Seen, Via};
use crate::engine::saved::Key;
use crate::engine::who::Who;
use crate::engine::{Engine, facts, reading};

pub(super) const KEY: Key = Key([0x1234_5678_9abc_def0, 0x0fed_cba9_8765_4321]);
pub(super) const MINUTE: u64 = 60_000;
pub(super) const HOUR: u64 = 60 * MINUTE;
pub(super) const DAY: u64 = 24 * HOUR;
/// Unix milliseconds at the beginning of every story.
pub(super) const START: i64 = 1_800_000_000_000;

pub(super) fn addr(text: &str) -> Addr {
    text.parse::<IpAddr>().unwrap().into()
}

/// One message of a transcript.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) direction: Direction,
    pub(super) remote: Addr,
    pub(super) text: String,
}

/// A user agent.
#[derive(Clone)]
pub(super) struct Phone {
    pub(super) source: Addr,
    pub(super) user: String,
    pub(super) from: String,
    pub(super) via: Via,
    pub(super) kind: Kind,
    pub(super) peer: u32,
    pub(super) sequence: u32,
    pub(super) realm: String,
    pub(super) agent: String,
}

impl Phone {
    pub(super) fn new(source: &str, user: &str) -> Self {
        Self {
            source: addr(source),
            user: user.to_owned(),
            from: user.to_owned(),
            via: Via::Udp,
            kind: Kind::Stranger,
            peer: 0,
            sequence: 0,
            realm: "example.com".to_owned(),
            agent: "Phone/1.0".to_owned(),
        }
    }

    pub(super) fn kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    pub(super) fn tcp(self) -> Self {
        Self { via: Via::Tcp, ..self }
    }

    fn line(&self, direction: Direction, text: String) -> Line {
        Line { direction, remote: self.source, text }
    }

    /// The fields that a request and its responses share, of the transaction begun last.
    fn common(&self, method: &str, to: &str, tag: &str) -> String {
        let (n, from) = (self.sequence, &self.from);
        let host = IpAddr::from(self.source);
        format!(
            "Via: SIP/2.0/UDP phone.example:5060;branch=z9hG4bK{n}x{host_id};rport\r\nFrom: <sip:{from}@example.com>;tag=f{n}\r\n\
             To: <sip:{to}@example.com>{tag}\r\nCall-ID: c{n}@{host_id}\r\nCSeq: {n} {method}\r\n",
            host_id = host.to_string().replace(':', "-"),
        )
    }

    /// A new request.
    pub(super) fn request(&mut self, method: &str, to: &str, headers: &str) -> Line {
        self.sequence += 1;
        let target = if method == "REGISTER" { "sip:example.com".to_owned() } else { format!("sip:{to}@example.com") };
        let text = format!(
            "{method} {target} SIP/2.0\r\n{}User-Agent: {}\r\nMax-Forwards: 70\r\n{headers}Content-Length: 0\r\n\r\n",
            self.common(method, to, ""),
            self.agent,
        );
        self.line(Direction::In, text)
    }

    /// The answer to the last request.
    pub(super) fn answer(&self, status: u16, method: &str, to: &str, headers: &str) -> Line {
        let tag =
            format!(";tag={:08x}{:08x}", self.sequence.wrapping_mul(0x9e37_79b9), self.source.lo as u32 ^ 0x5bd1_e995);
        let text = format!(
            "SIP/2.0 {status} X\r\n{}{headers}Content-Length: 0\r\n\r\n",
            self.common(method, to, if status == 100 { "" } else { &tag }),
        );
        self.line(Direction::Out, text)
    }

    /// The ACK to the last answer, which refused an INVITE.
    pub(super) fn ack(&self, to: &str) -> Line {
        let answer = self.answer(404, "ACK", to, "").text;
        let fields = answer.split_once("\r\n").unwrap().1;
        self.line(Direction::In, format!("ACK sip:{to}@example.com SIP/2.0\r\n{fields}"))
    }

    pub(super) fn credentials(&self, nonce: &str) -> String {
        format!("Authorization: {}", self.digest(nonce))
    }

    pub(super) fn digest(&self, nonce: &str) -> String {
        format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{nonce}\", uri=\"sip:example.com\", response=\"{:032x}\", \
             algorithm=MD5, qop=auth, nc={:08x}, cnonce=\"c\"\r\n",
            self.user, self.realm, self.sequence, self.sequence,
        )
    }

    pub(super) fn challenge(&self, nonce: &str) -> String {
        format!("WWW-Authenticate: Digest realm=\"{}\", nonce=\"{nonce}\", algorithm=MD5, qop=\"auth\"\r\n", self.realm)
    }

    /// A fresh nonce.
    pub(super) fn nonce(&self) -> String {
        format!("n{}-{:x}-{:x}", self.sequence, self.source.lo, self.source.hi)
    }

    pub(super) fn contact(&self) -> String {
        format!("Contact: <sip:{}@10.0.0.9:5060>\r\n", self.user)
    }

    /// REGISTER, and the challenge.
    pub(super) fn challenged(&mut self) -> (Vec<Line>, String) {
        let user = self.user.clone();
        let first = self.request("REGISTER", &user, &self.contact());
        let nonce = self.nonce();
        let second = self.answer(401, "REGISTER", &user, &self.challenge(&nonce));
        (vec![first, second], nonce)
    }

    /// INVITE, the challenge, and its ACK.
    pub(super) fn call(&mut self, to: &str) -> (Vec<Line>, String) {
        let first = self.request("INVITE", to, "");
        let nonce = self.nonce();
        let second = self.answer(401, "INVITE", to, &self.challenge(&nonce));
        (vec![first, second, self.ack(to)], nonce)
    }

    /// A guess with a nonce, and how it is refused. The nonce that comes with the refusal is given back.
    pub(super) fn guess(&mut self, nonce: &str) -> (Vec<Line>, String) {
        let user = self.user.clone();
        let first = self.request("REGISTER", &user, &(self.contact() + &self.credentials(nonce)));
        let next = self.nonce();
        let second = self.answer(401, "REGISTER", &user, &self.challenge(&next));
        (vec![first, second], next)
    }

    /// The whole of a failed registration: challenged, one guess, refused.
    pub(super) fn fail(&mut self) -> Vec<Line> {
        let (mut lines, nonce) = self.challenged();
        lines.extend(self.guess(&nonce).0);
        lines
    }

    /// A registration with a nonce.
    pub(super) fn renew(&mut self, nonce: &str, seconds: u32) -> Vec<Line> {
        let user = self.user.clone();
        let headers = format!("{}Expires: {seconds}\r\n{}", self.contact(), self.credentials(nonce));
        let first = self.request("REGISTER", &user, &headers);
        let granted = if seconds == 0 {
            String::new()
        } else {
            format!("Contact: <sip:{user}@10.0.0.9:5060>;expires={seconds}\r\n")
        };
        vec![first, self.answer(200, "REGISTER", &user, &granted)]
    }

    /// The whole of a registration.
    pub(super) fn register(&mut self, seconds: u32) -> Vec<Line> {
        let (mut lines, nonce) = self.challenged();
        lines.extend(self.renew(&nonce, seconds));
        lines
    }
}

/// An engine with its clock.
pub(super) struct World {
    pub(super) engine: Engine,
    /// Milliseconds since the story began.
    pub(super) now: u64,
    /// All but those of devices, which tell what promotions tell.
    pub(super) commands: Vec<Command>,
    pub(super) devices: Vec<Device>,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with("")
    }

    pub(super) fn with(config: &str) -> Self {
        let config = if config.is_empty() { Config::builtin() } else { parse_str("t.toml", config).unwrap().config };
        Self { engine: Engine::new(&config, KEY), now: 0, commands: Vec::new(), devices: Vec::new() }
    }

    pub(super) fn clock(&self) -> Clock {
        Clock { wall_ms: START + self.now as i64, mono_ns: (1_000_000 + self.now) * 1_000_000 }
    }

    /// Time passes, with a tick a second for the first minute of it.
    pub(super) fn wait(&mut self, millis: u64) {
        let end = self.now + millis;
        while self.now < end {
            self.now = end.min(self.now + if end - self.now > MINUTE { end - self.now - MINUTE } else { 1_000 });
            let clock = self.clock();
            self.engine.tick(clock, &mut self.commands);
        }
    }

    pub(super) fn see(&mut self, phone: &Phone, line: &Line) {
        let clock = self.clock();
        let flow = flow(phone, line.direction, line.remote);
        let seen = Seen { time: clock.mono_ns, flow, bytes: line.text.as_bytes(), truncated: false, refused: None };
        let before = self.commands.len();
        self.engine.handle(seen, clock, &mut self.commands);
        let new = self.commands.extract_if(before.., |it| matches!(it, Command::Device(_)));
        self.devices.extend(new.filter_map(|it| if let Command::Device(device) = it { Some(*device) } else { None }));
    }

    pub(super) fn play(&mut self, phone: &Phone, lines: &[Line]) {
        for line in lines {
            self.see(phone, line);
            self.now += 1;
        }
    }

    /// A phone fails to register so many times, a second apart.
    pub(super) fn fail(&mut self, phone: &mut Phone, times: usize) {
        for _ in 0..times {
            let lines = phone.fail();
            self.play(phone, &lines);
            self.now += 1_000;
        }
    }

    pub(super) fn register(&mut self, phone: &mut Phone, seconds: u32) {
        let lines = phone.register(seconds);
        self.play(phone, &lines);
    }

    pub(super) fn bans(&self) -> Vec<&Ban> {
        self.commands.iter().filter_map(|it| if let Command::Ban(ban) = it { Some(ban) } else { None }).collect()
    }

    pub(super) fn holds(&self) -> Vec<&Hold> {
        self.commands.iter().filter_map(|it| if let Command::Hold(hold) = it { Some(hold) } else { None }).collect()
    }

    pub(super) fn promotions(&self) -> Vec<&Promote> {
        self.commands.iter().filter_map(|it| if let Command::Promote(it) = it { Some(it) } else { None }).collect()
    }

    pub(super) fn demotions(&self) -> Vec<&Demote> {
        self.commands.iter().filter_map(|it| if let Command::Demote(it) = it { Some(it) } else { None }).collect()
    }

    pub(super) fn alarms(&self) -> Vec<&Alarm> {
        self.commands.iter().filter_map(|it| if let Command::Alarm(it) = it { Some(it) } else { None }).collect()
    }

    /// The rules of all bans so far.
    pub(super) fn banned(&self) -> Vec<Rule> {
        self.bans().iter().map(|ban| ban.evidence.rule).collect()
    }
}

fn flow(phone: &Phone, direction: Direction, remote: Addr) -> Flow {
    Flow {
        direction,
        remote,
        remote_port: 5_060,
        local: addr("192.0.2.1"),
        local_port: 5_060,
        via: phone.via,
        kind: phone.kind,
        peer: phone.peer,
    }
}

/// Messages that were read once, to be seen from so many sources that reading them all would take minutes.
pub(super) struct Facts {
    phone: Phone,
    first: facts::Request,
    challenge: facts::Answer,
    guess: facts::Request,
    scan: facts::Request,
    unknown: facts::Answer,
}

impl Facts {
    pub(super) fn of(phone: &mut Phone) -> Self {
        let (challenged, nonce) = phone.challenged();
        let guess = phone.guess(&nonce).0;
        let scan = [phone.request("OPTIONS", "9", ""), phone.answer(404, "OPTIONS", "9", "")];
        Self {
            phone: phone.clone(),
            first: request(&challenged[0]),
            challenge: answer(&challenged[1]),
            guess: request(&guess[0]),
            scan: request(&scan[0]),
            unknown: answer(&scan[1]),
        }
    }

    fn see(&self, world: &mut World, source: Addr, request: &facts::Request, answer: &facts::Answer) {
        let (who, clock) = (
            Who::of_flow(&flow(&self.phone, Direction::In, source), addr("ffff:ffff:ffff:ffff::"), KEY),
            world.clock(),
        );
        world.engine.request(who, source, request, clock, &mut world.commands);
        world.engine.answer(who, source, answer, clock, &mut world.commands);
    }

    /// A first request and its challenge, whose nonce is `n`.
    pub(super) fn challenged(&mut self, world: &mut World, source: Addr, n: u64) {
        (self.first.transaction, self.challenge.transaction) = (2 * n, 2 * n);
        self.challenge.challenges[0].nonce = KEY.joined(n, 0);
        self.see(world, source, &self.first, &self.challenge);
    }

    /// A guess with a nonce, and its refusal.
    pub(super) fn guess(&mut self, world: &mut World, source: Addr, n: u64, nonce: u64) {
        (self.guess.transaction, self.challenge.transaction) = (2 * n + 1, 2 * n + 1);
        self.guess.credentials[0].nonce = nonce;
        self.challenge.challenges[0].nonce = KEY.joined(n, 1);
        self.see(world, source, &self.guess, &self.challenge);
    }

    /// A request for somebody who does not exist.
    pub(super) fn scan(&mut self, world: &mut World, source: Addr, n: u64) {
        (self.scan.transaction, self.unknown.transaction) = (2 * n, 2 * n);
        self.see(world, source, &self.scan, &self.unknown);
    }

    /// Challenged, and a guess that the challenge proves; each source's at an account of its own.
    pub(super) fn fail(&mut self, world: &mut World, source: Addr, n: u64) {
        self.challenged(world, source, n);
        self.guess.account.hash = KEY.joined(n, 2);
        self.guess.credentials[0].account = crate::engine::hash::half(KEY.joined(n, 2));
        self.guess(world, source, n, KEY.joined(n, 0));
    }
}

fn read(line: &Line) -> facts::Facts {
    let bytes = line.text.as_bytes();
    reading::read(&message::parse(bytes).unwrap(), bytes, KEY, |_| false)
}

fn request(line: &Line) -> facts::Request {
    match read(line) {
        facts::Facts::Request(request) => request,
        facts::Facts::Answer(_) => panic!("{}", line.text),
    }
}

fn answer(line: &Line) -> facts::Answer {
    match read(line) {
        facts::Facts::Answer(answer) => answer,
        facts::Facts::Request(_) => panic!("{}", line.text),
    }
}
