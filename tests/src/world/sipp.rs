//! Legal users: SIPp with our scenarios.
//!
//! Owns: starting it in a world, and what it reports. Refuses: what is said (tests/peers/sipp/ has the scenarios).
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::media::{Shape, recording};
use super::process::Process;
use super::{Place, World};

const SCENARIOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/sipp");
const START: Duration = Duration::from_secs(10);
/// Packets of speech that those who play or stream media send: less than the calls last.
pub const SPOKEN: u32 = 140;
/// SIPp takes media ports also where no media flows; each instance gets its own.
static MEDIA: AtomicU16 = AtomicU16::new(0);

/// What a user does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Registers with digest, naming port 5060 as its contact.
    Register,
    /// Tries to register with a wrong password; being refused is success.
    RegisterWrong,
    /// Calls as a user, with digest.
    Call,
    /// The same with 3 kB of SDP, which take several fragments.
    LargeCall,
    /// Calls as the carrier, which is not challenged.
    TrunkCall,
    /// Calls with a wrong password; being refused is success.
    CallWrong,
    /// Answers calls.
    Answer,
    /// Rings until it is told to stop.
    Ring,
    /// Calls as the carrier, and plays a recording of SRTP.
    SrtpCall,
    /// Answers calls, and plays a recording of SRTP.
    SrtpAnswer,
    /// Calls as the carrier, and streams plain RTP.
    PlainCall,
    /// Answers calls, and streams plain RTP.
    PlainAnswer,
}

impl Scenario {
    const fn file(self) -> &'static str {
        match self {
            Self::Register => "register.xml",
            Self::RegisterWrong => "register_wrong.xml",
            Self::Call => "call.xml",
            Self::LargeCall => "large_call.xml",
            Self::TrunkCall => "trunk_call.xml",
            Self::CallWrong => "call_wrong.xml",
            Self::Answer => "answer.xml",
            Self::Ring => "ring.xml",
            Self::SrtpCall => "srtp_call.xml",
            Self::SrtpAnswer => "srtp_answer.xml",
            Self::PlainCall => "plain_call.xml",
            Self::PlainAnswer => "plain_answer.xml",
        }
    }
}

/// One run of SIPp.
#[derive(Clone, Debug)]
pub struct Users {
    /// Where they are.
    pub place: Place,
    /// Their address and port.
    pub local: SocketAddr,
    /// Whom they talk to; nobody for those who answer.
    pub server: Option<SocketAddr>,
    /// What they do.
    pub scenario: Scenario,
    /// Over TCP instead of UDP.
    pub tcp: bool,
    /// Whom they call.
    pub callee: String,
    /// How often.
    pub calls: u32,
    /// How often a second.
    pub rate: u32,
    /// When all of them give up.
    pub limit: Duration,
    /// When one of them gives up waiting for a message.
    pub patience: Option<Duration>,
}

impl Users {
    /// Users who talk to a server, once.
    pub fn new(place: Place, local: impl Into<SocketAddr>, server: impl Into<SocketAddr>, scenario: Scenario) -> Self {
        let (local, server) = (local.into(), Some(server.into()));
        let limit = Duration::from_secs(20);
        let callee = "900".to_owned();
        Self { place, local, server, scenario, tcp: false, callee, calls: 1, rate: 10, limit, patience: None }
    }

    /// How often, and how often a second.
    #[must_use]
    pub fn times(self, calls: u32, rate: u32) -> Self {
        Self { calls, rate, ..self }
    }

    /// Whom they call.
    #[must_use]
    pub fn to(self, callee: &str) -> Self {
        Self { callee: callee.to_owned(), ..self }
    }

    /// Over TCP.
    #[must_use]
    pub fn over_tcp(self) -> Self {
        Self { tcp: true, ..self }
    }

    /// When one of them gives up waiting for a message.
    #[must_use]
    pub fn patient_for(self, patience: Duration) -> Self {
        Self { patience: Some(patience), ..self }
    }

    /// When all of them give up.
    #[must_use]
    pub fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }
}

/// What came of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Calls or registrations that went as they should.
    pub succeeded: u32,
    /// Those that did not.
    pub failed: u32,
    /// Messages sent again because no answer came in time.
    pub retransmissions: u32,
}

impl Outcome {
    /// How many were begun.
    pub fn total(self) -> u32 {
        self.succeeded + self.failed
    }
}

/// A run under way; dropping it ends it.
pub struct Running {
    process: Process,
    statistics: PathBuf,
    errors: PathBuf,
    limit: Duration,
}

/// Answers calls until it is dropped.
pub fn answer(world: &World, place: Place, local: impl Into<SocketAddr>) -> Result<Running> {
    serve(world, place, local.into(), Scenario::Answer)
}

/// Rings at every call, until it is dropped; whoever is called beside it takes the call.
pub fn ring(world: &World, place: Place, local: impl Into<SocketAddr>) -> Result<Running> {
    serve(world, place, local.into(), Scenario::Ring)
}

/// Answers calls and plays or streams media, until it is dropped.
pub fn talk(world: &World, place: Place, local: impl Into<SocketAddr>, scenario: Scenario) -> Result<Running> {
    serve(world, place, local.into(), scenario)
}

fn serve(world: &World, place: Place, local: SocketAddr, scenario: Scenario) -> Result<Running> {
    let users = Users { server: None, ..Users::new(place, local, local, scenario) };
    let mut running = start(world, &users)?;
    let netns = world.netns(place);
    running.process.ready(START, || netns.has_udp_port(local.port()).then_some(()))?;
    Ok(running)
}

/// Starts a run.
pub fn start(world: &World, users: &Users) -> Result<Running> {
    let number = MEDIA.fetch_add(1, Ordering::Relaxed);
    let dir = world.dir().join(format!("sipp-{number}"));
    std::fs::create_dir(&dir)?;
    recording::write(&dir.join("recording.pcap"), Shape::Srtp80, SPOKEN)?;
    std::fs::write(dir.join("speech.raw"), vec![0xd5; SPOKEN as usize * 160])?;
    let (statistics, errors) = (dir.join("statistics.csv"), dir.join("errors.log"));
    let mut command = world.netns(users.place).command("sipp");
    let ip = bracketed(users.local.ip());
    command.current_dir(&dir).args(["-nostdin", "-trace_err", "-trace_stat", "-fd", "1", "-default_behaviors", "bye"]);
    command.arg("-stf").arg(&statistics).arg("-error_file").arg(&errors);
    command.args(["-sf", &format!("{SCENARIOS}/{}", users.scenario.file())]);
    command.args(["-inf", &format!("{SCENARIOS}/users.csv"), "-i", &ip, "-mi", &ip]);
    command.args(["-p", &users.local.port().to_string(), "-mp", &(20_000 + number % 1000 * 4).to_string()]);
    command.args(["-t", if users.tcp { "t1" } else { "u1" }]);
    if let Some(server) = users.server {
        let seconds = users.limit.as_secs().to_string();
        command.args(["-s", &users.callee, "-m", &users.calls.to_string(), "-r", &users.rate.to_string()]);
        if let Some(patience) = users.patience {
            command.args(["-recv_timeout", &patience.as_millis().to_string()]);
        }
        command.args(["-timeout", &seconds, &server.to_string()]);
    }
    let process = Process::start(&mut command, "sipp", &dir.join("screen.log"))?;
    Ok(Running { process, statistics, errors, limit: users.limit })
}

/// Runs to the end.
pub fn run(world: &World, users: &Users) -> Result<Outcome> {
    start(world, users)?.finish()
}

/// Runs to the end; less than complete success is an error that says what SIPp saw.
pub fn all_succeed(world: &World, users: &Users) -> Result<()> {
    let mut running = start(world, users)?;
    let outcome = running.outcome()?;
    if outcome.failed > 0 || outcome.succeeded != users.calls {
        bail!("{users:?}\ncame to {outcome:?}\n{}", running.complaints());
    }
    Ok(())
}

impl Running {
    /// Waits for the end.
    pub fn finish(mut self) -> Result<Outcome> {
        self.outcome()
    }

    /// Whether it is still under way.
    pub fn is_on(&mut self) -> bool {
        self.process.ended().is_none()
    }

    fn outcome(&mut self) -> Result<Outcome> {
        // SIPp ends itself at its limit; this is for when it does not.
        self.process.wait(self.limit + Duration::from_secs(15))?;
        let table = std::fs::read_to_string(&self.statistics).with_context(|| self.complaints())?;
        parse(&table).with_context(|| format!("statistics of SIPp:\n{table}"))
    }

    /// What has come of it so far.
    pub fn so_far(&self) -> Outcome {
        std::fs::read_to_string(&self.statistics).ok().and_then(|table| parse(&table)).unwrap_or_default()
    }

    fn complaints(&self) -> String {
        let errors = std::fs::read_to_string(&self.errors).unwrap_or_default();
        errors.lines().take(40).fold(self.process.said(), |text, line| text + "\n" + line)
    }
}

/// The last line of SIPp's table has the totals.
fn parse(table: &str) -> Option<Outcome> {
    let mut lines = table.lines();
    let names: Vec<&str> = lines.next()?.split(';').collect();
    let last: Vec<&str> = lines.last()?.split(';').collect();
    let get = |name: &str| last.get(names.iter().position(|n| *n == name)?)?.trim().parse().ok();
    Some(Outcome {
        succeeded: get("SuccessfulCall(C)")?,
        failed: get("FailedCall(C)")?,
        retransmissions: get("Retransmissions(C)").unwrap_or(0),
    })
}

fn bracketed(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}
