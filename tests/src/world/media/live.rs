//! Many calls that go on: set up by hand at a steady pace, with media both ways.
//!
//! Owns: which ports they have, and when each begins and ends. Refuses: judging what came of them.
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::super::address::{EDGE, PHONES, SIP};
use super::super::call::{Call, Party};
use super::super::{Place, World, wait};
use super::{Count, Keys, Line, Sdp, Shape, Stream, Talk};

/// The first ports of both sides; the next call has the next but one.
const PORTS: [u16; 2] = [20_000, 30_000];
const SOON: Duration = Duration::from_secs(10);

/// The user agents of both sides.
pub struct Agents {
    /// The phones' side.
    pub caller: Party,
    /// The server's own.
    pub callee: Party,
}

/// Calls that go on.
pub struct Live<'a> {
    calls: Vec<Call<'a>>,
    talk: Talk,
}

impl Agents {
    /// Two that take SIP's port.
    pub fn new(world: &World) -> Result<Self> {
        Ok(Self {
            caller: Party::new(world, Place::Phones, (PHONES, SIP))?,
            callee: Party::new(world, Place::Edge, (EDGE, SIP))?,
        })
    }
}

/// The server's end of a call, and the phone's.
pub fn ends(number: u16) -> [SocketAddr; 2] {
    let [near, far] = PORTS.map(|port| port + 2 * number);
    [(EDGE, near).into(), (PHONES, far).into()]
}

impl<'a> Live<'a> {
    /// Sets up so many calls, so many a second; each one talks from its first packet that passes on.
    pub fn start(world: &World, agents: &'a Agents, count: u16, rate: u32) -> Result<Self> {
        let (talk, mut calls, began) = (Talk::start(), Vec::new(), Instant::now());
        for number in 0..count {
            pace(began, number, rate);
            let ends = ends(number);
            let mut call = Call::new(&agents.caller, &agents.callee, &format!("live{number}"));
            let [answer, offer] = ends.map(|at| Sdp::new(at, Keys::Sdes).to_string());
            call.agree(&offer, &answer)?;
            let (near, far) = (world.udp(Place::Edge, ends[0])?, world.udp(Place::Phones, ends[1])?);
            let line = Line { near, far, number: number.into() };
            opened(&line)?;
            talk.add(line, Shape::Srtp80)?;
            calls.push(call);
        }
        Ok(Self { calls, talk })
    }

    /// What the phones have sent so far.
    pub fn sent(&self) -> u64 {
        self.talk.sent()
    }

    /// They fall silent; the counts of the phones' side and of the server's.
    pub fn silence(self) -> Result<[Count; 2]> {
        self.talk.finish()
    }

    /// They fall silent and hang up, so many a second: the counts of the phones' side and of the server's.
    pub fn end(self, rate: u32) -> Result<[Count; 2]> {
        let (counts, began) = (self.talk.finish()?, Instant::now());
        for (number, mut call) in (0..).zip(self.calls) {
            pace(began, number, rate);
            call.end()?;
        }
        Ok(counts)
    }
}

fn pace(began: Instant, number: u16, rate: u32) {
    let due = began + u32::from(number) * Duration::from_secs(1) / rate;
    std::thread::sleep(due.saturating_duration_since(Instant::now()));
}

/// Packets pass now: what is counted from here on begins with an open pinhole.
fn opened(line: &Line) -> Result<()> {
    // The source of the stream that goes on.
    let mut stream = Stream::new(Shape::Srtp80, 2 * line.number + 1);
    line.near.set_read_timeout(Some(Duration::from_millis(20)))?;
    let (to, mut bytes) = (line.near.local_addr()?, [0; 512]);
    wait::until("a pinhole to open", SOON, || {
        line.far.send_to(stream.next_packet(), to).ok()?;
        line.near.recv(&mut bytes).ok().map(drop)
    })?;
    // What came late is none of the talk's.
    line.near.set_read_timeout(Some(Duration::from_millis(1)))?;
    while line.near.recv(&mut bytes).is_ok() {}
    Ok(())
}
