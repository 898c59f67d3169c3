//! One round: the server starts, legal users begin, the attack runs.
//!
//! Owns: what is done and what came of it. Refuses: judging it.
use std::time::Duration;

use anyhow::{Context as _, Result};
use firewall_tests::world::address::{ATTACKER, EDGE, ITSP, PHONES, SIP, SPOOFED, SPOOFED_BITS};
use firewall_tests::world::counter::Counters;
use firewall_tests::world::flood::{self, Flood, Sources};
use firewall_tests::world::frame::Frame;
use firewall_tests::world::kamailio::{Nonces, Options};
use firewall_tests::world::process::cpu_time;
use firewall_tests::world::shield::Daemon;
use firewall_tests::world::sipp::{self, Outcome, Running, Scenario, Users};
use firewall_tests::world::{Place, World, attack, kamailio, wait};

use crate::show::{grouped, step};

/// How long each of the attacker's tools may try; one that gets no answer would not end by itself.
const TOOL: Duration = Duration::from_secs(4);
/// Wrong passwords that a quiet guesser tries, and how many a second.
pub(crate) const GUESSES: (u32, u32) = (60, 10);
/// Registrations and calls of legal users, a second.
pub(crate) const REGISTRATIONS: u32 = 25;
pub(crate) const CALLS: u32 = 10;
/// A user who waits longer than that gives up.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the daemon may take to learn what it has seen.
const SOON: Duration = Duration::from_secs(5);
/// All users have finished or given up that long after the last has begun.
const END: u32 = 10;

const CONFIG: &str = "[[peer]]\nname = \"carrier\"\nprefixes = [\"192.0.2.10\"]\n";

/// What the flood is.
pub(crate) struct Plan {
    /// Packets a second.
    pub(crate) flood: u32,
    /// How long legal users begin something under it. It goes on until the last of them is done.
    pub(crate) seconds: u32,
}

/// What a round came to.
pub(crate) struct Round {
    pub(crate) servers: Vec<String>,
    pub(crate) extensions: Vec<String>,
    pub(crate) passwords: Vec<String>,
    pub(crate) guesses: Outcome,
    pub(crate) flooded: u64,
    pub(crate) reached: u64,
    pub(crate) registrations: Legal,
    pub(crate) calls: Legal,
    pub(crate) server_cpu: Duration,
    /// Packets dropped, by the word of the reason.
    pub(crate) drops: Vec<(String, u64)>,
}

/// What became of legal users' attempts.
pub(crate) struct Legal {
    pub(crate) planned: u32,
    pub(crate) outcome: Outcome,
}

/// Legal users under way.
struct LegalUsers {
    registrations: Running,
    calls: Running,
    planned: [u32; 2],
}

impl Round {
    pub(crate) fn without_shield(world: &World, plan: &Plan) -> Result<Self> {
        Self::run(world, plan, None)
    }

    pub(crate) fn with_shield(world: &World, plan: &Plan) -> Result<Self> {
        world.configure("", CONFIG)?;
        let daemon = world.shield()?;
        step(&format!("sipfw is loaded ({} XDP), with its default limits; the carrier is a peer", daemon.mode));
        Self::run(world, plan, Some(daemon))
    }

    fn run(world: &World, plan: &Plan, daemon: Option<Daemon>) -> Result<Self> {
        // A nonce for each challenge: one that all get within a second proves nobody.
        let _server = kamailio::start_with(world, &Options { nonces: Nonces::Counted, ..Options::default() })?;
        step("Kamailio is up");
        let counters = Counters::new(world.netns(Place::Edge), &[("spoofed", "198.18.0.0/15")])?;
        let _answering = sipp::answer(world, Place::Phones, (PHONES, SIP))?;
        let first = Users::new(Place::Phones, (PHONES, 5075), (EDGE, SIP), Scenario::Register).times(4, 20);
        sipp::all_succeed(world, &first).context("the phones could not register before the attack")?;
        if daemon.is_some() {
            world.trusted(&PHONES.to_string(), SOON).context("the office is not trusted")?;
            step("the office has registered, and sipfw has seen it succeed: it is a registrant");
        }

        let guesser = sipp::start(world, &guesses())?;
        step(&format!(
            "a quiet guesser: {} wrong passwords, {} a second, an innocent User-Agent",
            GUESSES.0, GUESSES.1
        ));
        let (servers, extensions, passwords) = tools(world)?;
        let guesses = guesser.finish()?;
        step(&format!("the guesser got {} answers", guesses.succeeded));
        let flood = begin_flood(world, plan)?;
        let legal = LegalUsers::start(world, plan)?;
        step(&format!("legal users meanwhile: {REGISTRATIONS} registrations and {CALLS} calls a second"));
        let (registrations, calls) = legal.finish(plan)?;
        let flooded = flood.stop()?;
        step(&format!("legal users are done, the flood is over: {} packets", grouped(flooded)));
        Ok(Self {
            servers,
            extensions,
            passwords,
            guesses,
            flooded,
            reached: counters.packets("spoofed")?,
            registrations,
            calls,
            server_cpu: cpu_time(world.netns(Place::Edge), "kamailio"),
            drops: daemon.map_or_else(|| Ok(Vec::new()), |daemon| drops(world, daemon))?,
        })
    }
}

impl LegalUsers {
    fn start(world: &World, plan: &Plan) -> Result<Self> {
        let limit = Duration::from_secs(u64::from(plan.seconds + END));
        let planned = [REGISTRATIONS * plan.seconds, CALLS * plan.seconds];
        let phones = Users::new(Place::Phones, (PHONES, 5070), (EDGE, SIP), Scenario::Register);
        let carrier = Users::new(Place::Itsp, (ITSP, 5080), (EDGE, SIP), Scenario::TrunkCall).to("alice");
        let begin = |users: Users, count, rate| {
            sipp::start(world, &users.times(count, rate).within(limit).patient_for(PATIENCE))
        };
        Ok(Self {
            registrations: begin(phones, planned[0], REGISTRATIONS)?,
            calls: begin(carrier, planned[1], CALLS)?,
            planned,
        })
    }

    fn finish(mut self, plan: &Plan) -> Result<(Legal, Legal)> {
        let limit = Duration::from_secs(u64::from(plan.seconds + END + 5));
        wait::until("legal users", limit, || (!self.registrations.is_on() && !self.calls.is_on()).then_some(()))?;
        let (registrations, calls) = (self.registrations.finish()?, self.calls.finish()?);
        let legal = |planned, outcome| Legal { planned, outcome };
        Ok((legal(self.planned[0], registrations), legal(self.planned[1], calls)))
    }
}

fn guesses() -> Users {
    let users = Users::new(Place::Attacker, (ATTACKER, 5090), (EDGE, SIP), Scenario::RegisterWrong);
    users.times(GUESSES.0, GUESSES.1).within(Duration::from_secs(9)).patient_for(Duration::from_secs(2))
}

fn tools(world: &World) -> Result<(Vec<String>, Vec<String>, Vec<String>)> {
    let servers = attack::map(world, TOOL)?;
    step(&format!("svmap scans for servers: {}", found(&servers)));
    let extensions = attack::extensions(world, "100-110", TOOL)?;
    step(&format!("svwar tries extensions 100 to 110: {}", found(&extensions)));
    let passwords = attack::crack(world, "103", "1200-1260", TOOL)?;
    step(&format!("svcrack guesses the PIN of extension 103: {}", found(&passwords)));
    Ok((servers, extensions, passwords))
}

/// What a tool found, in words.
pub(crate) fn found(list: &[String]) -> String {
    if list.is_empty() { "nothing".to_owned() } else { list.join(", ") }
}

fn begin_flood(world: &World, plan: &Plan) -> Result<Flood> {
    let frame = Frame::request("REGISTER", "phone", ATTACKER);
    let most = u64::from(plan.flood) * u64::from(plan.seconds + END + 5);
    let sources = Sources::Random(SPOOFED, SPOOFED_BITS);
    let flood = Flood::start(world.netns(Place::Attacker), flood::Plan { frame, sources, rate: plan.flood, most })?;
    step(&format!("a flood of REGISTERs from random sources begins: up to {} a second", grouped(plan.flood.into())));
    Ok(flood)
}

/// What `sipfw status --json` says was dropped.
fn drops(world: &World, daemon: Daemon) -> Result<Vec<(String, u64)>> {
    let status: serde_json::Value = serde_json::from_str(&world.told(&["status", "--json"])?)?;
    let reasons = status[0]["reasons"].as_array().context("no reasons in the status")?;
    let drop = |one: &serde_json::Value| {
        let packets = one["enforced"]["packets"].as_u64().filter(|n| *n > 0 && one["drops"] == true)?;
        Some((one["reason"].as_str()?.to_owned(), packets))
    };
    let mut drops: Vec<_> = reasons.iter().filter_map(drop).collect();
    drops.sort_by_key(|(_, packets)| std::cmp::Reverse(*packets));
    daemon.stop()?;
    Ok(drops)
}
