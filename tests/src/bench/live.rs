//! Live traffic over a veth pair: native XDP at its receiving end, beside a bare program and nftables.
//!
//! Owns: the attacks, who defends against them, and the figures made of that. Refuses: the arena and the rivals' rules.
//!
//! One processor makes the frames and receives them, so every rate here includes making them, for all alike. The best
//! round counts, as everything that disturbs a round only makes it slower.
use std::os::fd::{AsRawFd as _, RawFd};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use firewall_common::limiter::Limit;
use firewall_common::reason::Reason;
use firewall_userspace::dataplane::load::Capacities;
use indicatif::ProgressBar;

use super::arena::{self, Arena, Attacker, Outcome, SPARES};
use super::figure::{Figure, Goal};
use super::frame;
use super::nft::{self, Hook};
use super::shield::{self, PEERS, Shield};
use super::tiny::{self, DROP, Guest, Sources};

/// Sources of the attack, all of them banned where there are bans.
const ATTACKERS: Sources = Sources { base: u32::from_be_bytes([50, 0, 0, 0]), mask: 1023 };
/// Sources of the flood: any of 268 million.
const ANYBODY: Sources = Sources { base: u32::from_be_bytes([96, 0, 0, 0]), mask: 0x0fff_ffff };
/// Bans that the flood must not displace.
const BANNED: (u32, u32) = (u32::from_be_bytes([30, 0, 0, 0]), 65_536);
/// One frame among so many of the flood is the peer's.
const PEER_EVERY: u32 = 256;

/// How long to measure.
#[derive(Clone, Copy)]
pub(super) struct Length {
    /// Times that every defence has its turn.
    pub(super) rounds: u32,
    /// How long a turn is.
    pub(super) turn: Duration,
    /// How long the flood and the source on two processors go on.
    pub(super) long: Duration,
}

/// Measures.
pub(super) fn measure(arena: &Arena, length: Length, progress: &ProgressBar) -> Result<Vec<Figure>> {
    let frame = frame::register((ATTACKERS.base + 1).into(), frame::SIP)?;
    let mut figures = rivals(arena, &frame, length, progress)?;
    progress.set_message("one source, two processors");
    figures.push(two_processors(arena, &frame, length)?);
    Ok(figures)
}

/// What stands between the attack and the server.
#[derive(Clone, Copy)]
enum Defence {
    Program(RawFd),
    KnownSources(Hook),
    Meter(Hook),
}

impl Defence {
    /// The best rate of a round, in millions of packets a second.
    fn round(self, arena: &Arena, attacker: &Attacker, time: Duration) -> Result<Outcome> {
        let link = match self {
            Self::Program(program) => Some(arena.defend(program)?),
            Self::KnownSources(hook) => nft::known_sources(hook, ATTACKERS.base, ATTACKERS.mask + 1).map(|()| None)?,
            Self::Meter(hook) => nft::meter(hook).map(|()| None)?,
        };
        attacker.attack(time / 4)?;
        let outcome = attacker.attack(time);
        if link.is_none() {
            nft::clear()?;
        }
        outcome
    }
}

fn rivals(arena: &Arena, frame: &[u8], length: Length, progress: &ProgressBar) -> Result<Vec<Figure>> {
    let bare = tiny::bare(DROP)?;
    let mut banning = Shield::load(&shield::generation("")?, &Capacities::default())?;
    banning.ban(ATTACKERS.base, ATTACKERS.mask + 1)?;
    let limiting = Shield::load(
        &shield::generation("[strangers.limits]\nregister = \"20/s burst 40\"\n")?,
        &Capacities::default(),
    )?;
    let mut flooded = Shield::load(&shield::with_peers("open", 128)?, &Capacities::default())?;
    flooded.ban(BANNED.0, BANNED.1)?;
    let attack = arena.attacker(frame, ATTACKERS, None, SPARES[1])?;
    let guest = Guest { every: PEER_EVERY, source: PEERS + 1 };
    let flood = arena.attacker(frame, ANYBODY, Some(guest), SPARES[3])?;
    let contest = [
        ("bare XDP_DROP", Defence::Program(bare.as_raw_fd()), &attack),
        ("sipfw, banned", Defence::Program(banning.program()), &attack),
        ("sipfw, limited", Defence::Program(limiting.program()), &attack),
        ("nftables set, ingress", Defence::KnownSources(Hook::Ingress), &attack),
        ("nftables set, input", Defence::KnownSources(Hook::Input), &attack),
        ("nftables meter, ingress", Defence::Meter(Hook::Ingress), &attack),
        ("nftables meter, input", Defence::Meter(Hook::Input), &attack),
        ("bare, random sources", Defence::Program(bare.as_raw_fd()), &flood),
        ("sipfw, random sources", Defence::Program(flooded.program()), &flood),
    ];
    let mut best = [0.0f64; 9];
    let mut total = Outcome { sent: 0, arrived: 0, seconds: 0.0 };
    progress.inc_length(u64::from(length.rounds) * contest.len() as u64);
    for _ in 0..length.rounds {
        for ((name, defence, attacker), best) in contest.iter().zip(&mut best) {
            progress.set_message(*name);
            let outcome = defence.round(arena, attacker, length.turn)?;
            *best = best.max(outcome.rate());
            total.sent += outcome.sent;
            total.arrived += outcome.arrived;
            progress.inc(1);
        }
    }
    progress.set_message("flood of random sources");
    let mut figures = rates(&best);
    let lost = 100.0 * (total.sent - total.arrived.min(total.sent)) as f64 / total.sent as f64;
    figures.push(Figure::info("live_not_arrived", lost, "%", "frames of the generator that did not reach the server"));
    figures.extend(flood_losses(arena, &flood, &mut flooded, length.long)?);
    Ok(figures)
}

fn rates(best: &[f64; 9]) -> Vec<Figure> {
    let [bare, banned, limited, set_ingress, set_input, meter_ingress, meter_input, bare_random, random] = *best;
    let (set, meter) = (Goal::AtLeast(2.2), Goal::AtLeast(3.0));
    vec![
        Figure::info("live_bare", bare, "Mpps", "a bare XDP_DROP program"),
        Figure::info("live_banned", banned, "Mpps", "1,024 banned sources"),
        Figure::info("live_limited", limited, "Mpps", "1,024 strangers over their limit"),
        Figure::new("live_over_bare", banned / bare, "×", Goal::AtLeast(0.75), "banned sources ÷ bare XDP_DROP"),
        Figure::new("live_over_nft_set_ingress", banned / set_ingress, "×", set, "÷ nftables set, netdev ingress"),
        Figure::new("live_over_nft_set_input", banned / set_input, "×", set, "÷ nftables set, inet input"),
        Figure::new(
            "live_over_nft_meter_ingress",
            limited / meter_ingress,
            "×",
            meter,
            "rate limit ÷ nftables meter, netdev ingress",
        ),
        Figure::new(
            "live_over_nft_meter_input",
            limited / meter_input,
            "×",
            meter,
            "rate limit ÷ nftables meter, inet input",
        ),
        Figure::info("flood", random, "Mpps", "REGISTERs of random sources"),
        Figure::new(
            "flood_over_bare",
            random / bare_random,
            "×",
            Goal::AtLeast(0.6),
            "REGISTERs of random sources ÷ bare XDP_DROP",
        ),
    ]
}

/// Floods once more and counts what must not get lost.
fn flood_losses(arena: &Arena, flood: &Attacker, shield: &mut Shield, time: Duration) -> Result<Vec<Figure>> {
    let link = arena.defend(shield.program())?;
    let (passed, judged) = (shield.counted(Reason::Peer)?, shield.counted_all()?);
    let outcome = flood.attack(time)?;
    drop(link);
    let (passed, judged) = (shield.counted(Reason::Peer)? - passed, shield.counted_all()? - judged);
    let guests = outcome.sent / u64::from(PEER_EVERY);
    // What the interface itself lost before anybody could judge it is no loss of the firewall's.
    let unjudged = outcome.sent.saturating_sub(judged);
    let lost = guests.saturating_sub(passed).saturating_sub(unjudged);
    let bans = shield.missing_bans(BANNED.0, BANNED.1)?;
    Ok(vec![
        Figure::new("flood_bans_lost", f64::from(bans), "", Goal::AtMost(0.0), "of 65,536 bans, lost in the flood"),
        Figure::new("flood_peer_lost", lost as f64, "", Goal::AtMost(0.0), "peer's packets lost in the flood"),
        Figure::info("flood_peer_passed", passed as f64, "", "peer's packets passed in the flood"),
        Figure::info("flood_not_judged", unjudged as f64, "", "frames that the interface lost before XDP"),
    ])
}

/// What one source may send, in packets a second.
const RATE: u32 = 1_000;

/// Two generators, each on its own processor, send as one source; each processor receives what it sends.
fn two_processors(arena: &Arena, frame: &[u8], length: Length) -> Result<Figure> {
    let mut generation = shield::generation("")?;
    generation.policy.stranger.fill(Limit::per_second(RATE, 50));
    let shield = Shield::load(&generation, &Capacities::default())?;
    let link = arena.defend(shield.program())?;
    let one = Sources { base: ATTACKERS.base, mask: 0 };
    let attackers = [arena.attacker(frame, one, None, SPARES[1])?, arena.attacker(frame, one, None, SPARES[3])?];
    let (admitted, seconds) = thread::scope(|scope| {
        let runs: Vec<_> = attackers
            .iter()
            .enumerate()
            .map(|(processor, attacker)| {
                scope.spawn(move || arena::pin(processor).and_then(|()| attacker.attack(length.long + MARGIN * 2)))
            })
            .collect();
        let measured = admitted(&shield, length.long);
        for run in runs {
            run.join().ok().context("a generator panicked")??;
        }
        measured
    })?;
    drop(link);
    let value = admitted as f64 / seconds / f64::from(RATE);
    let what = "one source on two processors: admitted ÷ configured rate";
    Ok(Figure::new("two_processors_admitted", value, "×", Goal::Within(0.95, 1.05), what))
}

/// How long the generators run before and after the count.
const MARGIN: Duration = Duration::from_millis(500);

/// Packets that passed, and in how many seconds, once the burst is used up.
fn admitted(shield: &Shield, time: Duration) -> Result<(u64, f64)> {
    thread::sleep(MARGIN);
    let (before, start) = (shield.counted(Reason::Stranger)?, Instant::now());
    thread::sleep(time);
    let (after, seconds) = (shield.counted(Reason::Stranger)?, start.elapsed().as_secs_f64());
    Ok((after - before, seconds))
}
