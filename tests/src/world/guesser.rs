//! Guessers of our own: as fast as they can, and many of them together.
//!
//! Owns: guessing passwords that are never right. Refuses: pretending to be somebody else (see [`super::forger`]).
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::address::{EDGE, SIP};
use super::digest::{Answer, Challenge};
use super::phone::Phone;
use super::{Place, World};

/// How long a guesser waits for the last answers.
const LAST: Duration = Duration::from_millis(500);

/// The time that a guesser's messages need for their way over the Internet, and back.
pub const WAY: Duration = Duration::from_millis(20);

/// What came of guessing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Guesses sent.
    pub sent: u32,
    /// Guesses that the server answered.
    pub answered: u32,
}

/// Gets one nonce and sends `count` guesses with it, `rate` a second, without waiting for answers. Nothing of it gets
/// through once the source is banned; without a first answer there is nothing to guess with.
pub fn burst(world: &World, source: Ipv4Addr, user: &str, count: u32, rate: u32) -> Result<Outcome> {
    let server = SocketAddr::from((EDGE, SIP));
    let mut asker = Phone::new(world, Place::Attacker, (source, 0), server, user)?;
    let challenge = asker.challenge("REGISTER", "Expires: 60\r\n")?.context("the first request was not answered")?;
    let socket = world.udp(Place::Attacker, (source, 0))?;
    socket.set_nonblocking(true)?;
    let local = socket.local_addr()?;
    let (began, mut outcome) = (Instant::now(), Outcome::default());
    for number in 0..count {
        let due = Duration::from_secs_f64(f64::from(number) / f64::from(rate));
        if let Some(early) = due.checked_sub(began.elapsed()) {
            std::thread::sleep(early);
        }
        let _ = socket.send_to(guess(local, user, number, &challenge).as_bytes(), server);
        outcome.sent += 1;
        outcome.answered += answers(&socket);
    }
    let end = Instant::now() + LAST;
    while Instant::now() < end && outcome.answered < outcome.sent {
        std::thread::sleep(Duration::from_millis(5));
        outcome.answered += answers(&socket);
    }
    Ok(outcome)
}

fn guess(local: SocketAddr, user: &str, number: u32, challenge: &Challenge) -> String {
    let uri = format!("sip:{EDGE}");
    let password = format!("guess-{number}");
    let answer = Answer { user, password: &password, method: "REGISTER", uri: &uri, body: "", count: 1 };
    format!(
        "REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bKg{number};rport\r\nMax-Forwards: 70\r\n\
         From: <sip:{user}@{EDGE}>;tag=g{number}\r\nTo: <sip:{user}@{EDGE}>\r\nCall-ID: g{number}\r\nCSeq: 1 REGISTER\r\n\
         Contact: <sip:{user}@{local}>\r\nAuthorization: {}\r\nExpires: 60\r\nContent-Length: 0\r\n\r\n",
        answer.to(challenge)
    )
}

fn answers(socket: &UdpSocket) -> u32 {
    let mut bytes = [0; 2048];
    std::iter::from_fn(|| socket.recv(&mut bytes).ok()).count() as u32
}

/// One after the other, each of many sources tries to guess a user's password, `tries` times; an attempt is a whole
/// exchange, challenge first. What each source got.
pub fn together(
    world: &World,
    sources: impl Iterator<Item = Ipv4Addr>,
    user: &str,
    tries: u32,
    patience: Duration,
) -> Result<Vec<Outcome>> {
    let server = SocketAddr::from((EDGE, SIP));
    let guess = |source| {
        let mut phone = Phone::new(world, Place::Attacker, (source, SIP), server, user)?.patient_for(patience);
        let mut outcome = Outcome::default();
        for number in 0..tries {
            // As far away as a guesser is from whom it guesses at: an answer's way and the next request's.
            std::thread::sleep(WAY);
            outcome.sent += 1;
            outcome.answered += u32::from(phone.register(&format!("guess-{source}-{number}"), 60)?.is_some());
        }
        Ok(outcome)
    };
    sources.map(guess).collect()
}
