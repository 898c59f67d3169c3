//! How the cost grows with what is configured: peers' prefixes and bans.
//!
//! Owns: the sizes and the two curves. Refuses: drawing (see [`super::plot`]).
use std::os::fd::{AsRawFd as _, RawFd};

use anyhow::Result;
use firewall_userspace::dataplane::load::Capacities;
use indicatif::ProgressBar;

use super::figure::Figure;
use super::frame;
use super::race::{Length, Race};
use super::shield::{self, PEERS, Shield};
use super::tiny::{self, DROP, PASS, Sources};

/// Where bans begin.
const BANNED: u32 = u32::from_be_bytes([96, 0, 0, 0]);
/// Prefixes; the smallest is not a power of two because the goal names it.
const PREFIXES: [u32; 8] = [10, 32, 128, 512, 2_048, 8_192, 32_768, 65_536];
/// Bans.
const BANS: [u32; 8] = [1, 16, 256, 4_096, 16_384, 65_536, 262_144, 1 << 20];

/// Points of a curve: how many there are of something, and nanoseconds over a bare program.
pub(super) type Points = Vec<(u32, f64)>;

/// Both curves.
pub(super) struct Curves {
    /// A peer's REGISTER through all stages, by prefixes.
    pub(super) peers: Points,
    /// A banned source, by bans.
    pub(super) bans: Points,
}

impl Curves {
    /// The ends of the curves as figures.
    pub(super) fn figures(&self) -> Vec<Figure> {
        let last = |points: &Points| points.last().map_or(f64::NAN, |point| point.1);
        vec![
            Figure::info("peers_65536", last(&self.peers), "ns", "peers' REGISTER with 65,536 prefixes, over bare"),
            Figure::info("bans_1m", last(&self.bans), "ns", "banned sources, 1,048,576 bans, over bare"),
        ]
    }
}

/// Measures them, with a random source for every run.
pub(super) fn measure(length: Length, progress: &ProgressBar) -> Result<Curves> {
    let (drop, pass) = (tiny::bare(DROP)?, tiny::bare(PASS)?);
    let mut bans = Vec::new();
    let mut shield = Shield::load(&shield::generation("")?, &sizes(1 << 20))?;
    for count in BANS {
        let done = bans.last().map_or(0, |(done, _)| *done);
        shield.ban(BANNED + done, count - done)?;
        let sources = Sources { base: BANNED, mask: count - 1 };
        bans.push((count, over_bare(shield.program(), drop.as_raw_fd(), sources, DROP, length, progress)?));
    }
    let mut peers = Vec::new();
    for count in PREFIXES {
        let shield = Shield::load(&shield::with_peers("open", count)?, &sizes(1024))?;
        // The power of two below: every source is a peer.
        let sources = Sources { base: PEERS, mask: (1 << (count << 8).ilog2()) - 1 };
        peers.push((count, over_bare(shield.program(), pass.as_raw_fd(), sources, PASS, length, progress)?));
    }
    Ok(Curves { peers, bans })
}

fn sizes(sources: u32) -> Capacities {
    Capacities { sources, ..Capacities::default() }
}

fn over_bare(
    program: RawFd,
    bare: RawFd,
    sources: Sources,
    action: u32,
    length: Length,
    progress: &ProgressBar,
) -> Result<f64> {
    let frame = frame::register(sources.base.into(), frame::SIP)?;
    let mut race = Race::default();
    let (with, without) = (tiny::varied(sources, program)?, tiny::varied(sources, bare)?);
    let without = race.enter("bare", without.program.as_raw_fd(), &frame, action);
    let with = race.enter("curve", with.program.as_raw_fd(), &frame, action);
    race.run(length, progress)?;
    Ok(race.best(with) - race.best(without))
}
