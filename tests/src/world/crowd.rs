//! A crowd of phones that register with digest over UDP, thousands a second on one processor.
//!
//! Owns: the pace, RFC 3261's retransmissions, and who succeeded after how long. Refuses: answering anything but its own
//! registrations; ending late: a phone gives up in time, and so the crowd does.
mod message;
mod socket;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::net::Ipv4Addr;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use super::netns::enter;
use super::{Place, World};
use message::Response;
use socket::Socket;

/// RFC 3261, 17.1.2.2.
const T1: Duration = Duration::from_millis(500);
/// RFC 3261: no retransmission later than that after the last.
const T2: Duration = Duration::from_secs(4);

/// Where phones are.
#[derive(Clone, Copy, Debug)]
pub enum Homes {
    /// All behind one address.
    One(Ipv4Addr),
    /// Each at an address of its own; this is the first's.
    Each(Ipv4Addr),
}

impl Homes {
    fn address(self, number: u32) -> Ipv4Addr {
        match self {
            Self::One(address) => address,
            Self::Each(first) => Ipv4Addr::from(u32::from(first) + number),
        }
    }
}

/// Who registers, and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Where they are.
    pub homes: Homes,
    /// Their port.
    pub port: u16,
    /// How many; their users are u0, u1 and so on.
    pub phones: u32,
    /// How many begin in a second.
    pub rate: u32,
    /// When a phone gives up.
    pub patience: Duration,
    /// How long a registration lasts, in seconds.
    pub seconds: u32,
}

impl Plan {
    /// Phones that give up after 32 seconds, as RFC 3261 has it (64 × T1).
    pub fn new(homes: Homes, phones: u32, rate: u32) -> Self {
        Self { homes, port: 5062, phones, rate, patience: 64 * T1, seconds: 3600 }
    }

    /// When a phone gives up.
    #[must_use]
    pub fn patient_for(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Phones that registered.
    pub succeeded: u32,
    /// Those of them that had to send nothing again.
    pub prompt: u32,
    /// Phones that were refused.
    pub refused: u32,
    /// Phones that gave up.
    pub gave_up: u32,
    /// Requests sent again because no answer came in time.
    pub retransmissions: u32,
    /// From the first phone's first request to the last phone's end.
    pub spent: Duration,
    /// From a phone's first request to its 200, of those that succeeded, sorted.
    times: Vec<Duration>,
}

impl Outcome {
    /// The time within which that share (0 to 1) of the successful phones succeeded; zero if none did.
    pub fn quantile(&self, share: f64) -> Duration {
        let last = self.times.len().saturating_sub(1);
        self.times.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
    }

    /// Successful phones of all, 0 to 1.
    pub fn success(&self) -> f64 {
        f64::from(self.succeeded) / f64::from((self.succeeded + self.refused + self.gave_up).max(1))
    }
}

/// A crowd under way.
pub struct Crowd {
    thread: JoinHandle<Result<Outcome>>,
}

impl Crowd {
    /// Begins to register from the phones' namespace.
    pub fn start(world: &World, plan: Plan) -> Result<Self> {
        let file = world.netns(Place::Phones).file()?;
        let thread = std::thread::Builder::new().name("crowd".to_owned()).spawn(move || register(&file, plan))?;
        Ok(Self { thread })
    }

    /// Waits until the last phone has registered or given up.
    pub fn finish(self) -> Result<Outcome> {
        self.thread.join().map_err(|_| anyhow!("the crowd panicked"))?
    }
}

/// Registers and waits.
pub fn run(world: &World, plan: Plan) -> Result<Outcome> {
    Crowd::start(world, plan)?.finish()
}

fn register(netns: &File, plan: Plan) -> Result<Outcome> {
    enter(netns)?;
    let mut crowd = Session::new(plan)?;
    while crowd.open > 0 || crowd.begun < plan.phones {
        crowd.begin_due()?;
        crowd.resend_due()?;
        crowd.receive()?;
        crowd.socket.wait(crowd.pause());
    }
    crowd.outcome.spent = crowd.start.elapsed();
    crowd.outcome.times.sort_unstable();
    Ok(crowd.outcome)
}

/// A phone that is not done.
struct Phone {
    began: Instant,
    /// The request that awaits an answer.
    request: String,
    /// Whether it had to send something again.
    late: bool,
    /// 1 without credentials, 2 with.
    sequence: u32,
    pause: Duration,
}

struct Session {
    plan: Plan,
    socket: Socket,
    start: Instant,
    phones: Vec<Option<Phone>>,
    begun: u32,
    open: u32,
    /// When to look at a phone's request again: the phone, and which request it was.
    timers: BinaryHeap<Reverse<(Instant, u32, u32)>>,
    outcome: Outcome,
}

impl Session {
    fn new(plan: Plan) -> Result<Self> {
        let phones = std::iter::repeat_with(|| None).take(plan.phones as usize).collect();
        Ok(Self {
            plan,
            socket: Socket::new(plan.port)?,
            start: Instant::now(),
            phones,
            begun: 0,
            open: 0,
            timers: BinaryHeap::new(),
            outcome: Outcome::default(),
        })
    }

    /// When the next phone begins.
    fn next(&self) -> Option<Instant> {
        let after = Duration::from_secs_f64(f64::from(self.begun) / f64::from(self.plan.rate));
        (self.begun < self.plan.phones).then(|| self.start + after)
    }

    fn begin_due(&mut self) -> Result<()> {
        // So many at most before answers are looked at.
        for _ in 0..64 {
            let now = Instant::now();
            if self.next().is_none_or(|due| due > now) {
                break;
            }
            let number = self.begun;
            let request = message::register(&self.plan, number, 1, None);
            self.phones[number as usize] = Some(Phone { began: now, request, late: false, sequence: 1, pause: T1 });
            (self.begun, self.open) = (number + 1, self.open + 1);
            self.send(number)?;
        }
        Ok(())
    }

    /// Sends a phone's request and sets its timer.
    fn send(&mut self, number: u32) -> Result<()> {
        let Some(phone) = &self.phones[number as usize] else { return Ok(()) };
        self.socket.send(self.plan.homes.address(number), phone.request.as_bytes())?;
        self.timers.push(Reverse((Instant::now() + phone.pause, number, phone.sequence)));
        Ok(())
    }

    fn resend_due(&mut self) -> Result<()> {
        let now = Instant::now();
        while let Some(Reverse((due, number, sequence))) = self.timers.peek().copied() {
            if due > now {
                break;
            }
            self.timers.pop();
            let Some(phone) = self.phones[number as usize].as_mut().filter(|p| p.sequence == sequence) else {
                continue;
            };
            if phone.began.elapsed() >= self.plan.patience {
                self.phones[number as usize] = None;
                (self.open, self.outcome.gave_up) = (self.open - 1, self.outcome.gave_up + 1);
                continue;
            }
            (phone.pause, phone.late) = ((2 * phone.pause).min(T2), true);
            self.outcome.retransmissions += 1;
            self.send(number)?;
        }
        Ok(())
    }

    fn receive(&mut self) -> Result<()> {
        let mut bytes = [0; 4096];
        for _ in 0..256 {
            let Some(len) = self.socket.receive(&mut bytes) else { break };
            if let Some(response) = Response::read(&bytes[..len]) {
                self.take(&response)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, response: &Response<'_>) -> Result<()> {
        let slot = self.phones.get_mut(response.phone as usize).filter(|_| response.status >= 200);
        let Some(phone) = slot.and_then(Option::as_mut).filter(|phone| phone.sequence == response.sequence) else {
            return Ok(());
        };
        let challenge = (response.status == 401 && phone.sequence == 1).then(|| response.challenge()).flatten();
        if let Some(challenge) = challenge {
            (phone.sequence, phone.pause) = (2, T1);
            phone.request = message::register(&self.plan, response.phone, 2, Some(&challenge));
            return self.send(response.phone);
        }
        if response.status == 200 {
            self.outcome.times.push(phone.began.elapsed());
            self.outcome.succeeded += 1;
            self.outcome.prompt += u32::from(!phone.late);
        } else {
            self.outcome.refused += 1;
        }
        self.phones[response.phone as usize] = None;
        self.open -= 1;
        Ok(())
    }

    /// How long nothing needs to be done but answers.
    fn pause(&self) -> Duration {
        let timer = self.timers.peek().map(|Reverse((due, ..))| *due);
        let due = self.next().into_iter().chain(timer).min();
        due.map_or(Duration::ZERO, |due| due.saturating_duration_since(Instant::now()))
    }
}
