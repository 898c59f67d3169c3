//! A flood of REGISTERs from random sources, and how legal phones and calls fare in it.
//!
//! Owns: the flood's pace, a million frames a second at most, and the legal users. Refuses: who stops it.
use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};

use super::defence::Defence;
use crate::bench::{arena, bpf, frame, tiny};
use crate::world::address::{ATTACKER, EDGE, ITSP, PHONES, SIP, SPOOFED, SPOOFED_BITS, member};
use crate::world::crowd::{self, Crowd, Homes, Plan};
use crate::world::flood::go_first;
use crate::world::frame::Frame;
use crate::world::netns::enter;
use crate::world::sipp::{self, Scenario, Users};
use crate::world::{Place, World, wait};

/// Frames a second, at most.
const RATE: f64 = 1e6;
/// Frames of one call: half a millisecond of the flood.
const CALL: u32 = 500;
/// The bridge's end of the server's cable.
const NEAR: &str = "p-edge";
/// No flood lasts longer, whatever becomes of the legal users.
const LONGEST: Duration = Duration::from_secs(40);
/// Registrations and calls a second.
const REGISTRATIONS: u32 = 35;
const CALLS: u32 = 10;
/// Who waits longer gives up.
const PATIENCE: Duration = Duration::from_secs(5);
const SOON: Duration = Duration::from_secs(10);

/// How legal users fared.
pub(super) struct Legal {
    begun: u32,
    succeeded: u32,
    /// Registrations that needed no retransmission, in per cent.
    pub(super) prompt: f64,
    /// 99 of 100 successful registrations took no longer, in milliseconds.
    pub(super) slowest: f64,
    /// The same before the flood.
    pub(super) unloaded: f64,
    /// Millions of frames a second.
    pub(super) rate: f64,
}

impl Legal {
    /// Registrations and calls that succeeded, in per cent.
    pub(super) fn success(&self) -> f64 {
        100.0 * f64::from(self.succeeded) / f64::from(self.begun.max(1))
    }
}

/// Phones register and the carrier calls them, first undisturbed and then during a flood.
pub(super) fn legal(world: &World, defence: Defence, time: Duration) -> Result<Legal> {
    let _defended = defence.raise(world, false)?;
    let _answering = sipp::answer(world, Place::Phones, (PHONES, SIP))?;
    sipp::all_succeed(world, &Users::new(Place::Phones, (PHONES, 5070), (EDGE, SIP), Scenario::Register).times(4, 20))?;
    // Each at an address of its own: limits per source are made for that.
    let phones = Plan::new(Homes::Each(member(0)), REGISTRATIONS * time.as_secs() as u32, REGISTRATIONS);
    let before = crowd::run(world, phones.patient_for(PATIENCE))?;
    ensure!(before.success() == 1.0, "before the flood only {} phones registered", before.succeeded);
    let (flood, file) = (Flood::default(), world.switch().file()?);
    let (after, calls, rate) = std::thread::scope(|scope| -> Result<_> {
        let running = scope.spawn(|| flood.run(&file));
        let users = wait::until("the flood", SOON, || (flood.sent() > 100_000 || running.is_finished()).then_some(()))
            .and_then(|()| users(world, phones, time));
        flood.stop.store(true, Ordering::Relaxed);
        let rate = running.join().map_err(|_| anyhow!("the generator panicked"))??;
        let (after, calls) = users?;
        Ok((after, calls, rate))
    })?;
    let begun = phones.phones + CALLS * time.as_secs() as u32;
    let millis = |outcome: &crowd::Outcome| outcome.quantile(0.99).as_secs_f64() * 1e3;
    let succeeded = after.succeeded + calls.succeeded;
    let prompt = 100.0 * f64::from(after.prompt) / f64::from(phones.phones);
    Ok(Legal { begun, succeeded, prompt, slowest: millis(&after), unloaded: millis(&before), rate })
}

fn users(world: &World, phones: Plan, time: Duration) -> Result<(crowd::Outcome, sipp::Outcome)> {
    let seconds = time.as_secs() as u32;
    let calls = Users::new(Place::Itsp, (ITSP, 5080), (EDGE, SIP), Scenario::TrunkCall).to("alice");
    let calls = calls.times(CALLS * seconds, CALLS).patient_for(PATIENCE).within(time + 3 * PATIENCE);
    let calls = sipp::start(world, &calls)?;
    let registrations = Crowd::start(world, phones.patient_for(PATIENCE))?;
    Ok((registrations.finish()?, calls.finish()?))
}

#[derive(Default)]
struct Flood {
    sent: AtomicU64,
    stop: AtomicBool,
}

impl Flood {
    fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Sends into the server's cable, from the last processor; millions of frames a second.
    fn run(&self, switch: &File) -> Result<f64> {
        enter(switch)?;
        go_first();
        arena::pin(std::thread::available_parallelism()?.get() - 1)?;
        let frame = Frame::request("REGISTER", "phone", ATTACKER);
        let sources = tiny::Sources { base: SPOOFED.into(), mask: u32::MAX >> SPOOFED_BITS };
        let checksum = frame::partial_checksum(frame.bytes());
        let generator = tiny::generator(sources, None, checksum, arena::index(NEAR)?)?;
        // An attached program is not patched into the kernel anew for every call of BPF_PROG_TEST_RUN.
        arena::run("ip", &["link", "add", "spare0", "type", "veth", "peer", "name", "spare1"])?;
        let _held = bpf::attach(generator.program.as_raw_fd(), arena::index("spare0")?).context("a spare interface")?;
        let start = Instant::now();
        while !self.stop.load(Ordering::Relaxed) && start.elapsed() < LONGEST {
            let sent = generator.sent()?;
            self.sent.store(sent, Ordering::Relaxed);
            if let Some(early) = Duration::from_secs_f64(sent as f64 / RATE).checked_sub(start.elapsed()) {
                std::thread::sleep(early);
            }
            bpf::run_live(&generator.program, frame.bytes(), CALL)?;
        }
        Ok(generator.sent()? as f64 / start.elapsed().as_secs_f64() / 1e6)
    }
}
