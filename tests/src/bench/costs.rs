//! What a packet costs, by BPF_PROG_TEST_RUN, beside bare programs and xdp-filter.
//!
//! Owns: which packets meet which policies, and the figures made of that. Refuses: the method (see [`super::race`]).
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd as _, OwnedFd};

use anyhow::Result;
use firewall_userspace::dataplane::load::Capacities;
use indicatif::ProgressBar;

use super::arena::SPARES;
use super::figure::{Figure, Goal};
use super::frame;
use super::race::{Lane, Length, Race};
use super::shield::{self, PEERS, Shield};
use super::tiny::{self, DROP, GO_ON, PASS, Sources, Varied};
use super::xdp_filter::XdpFilter;

/// The first banned source.
const BANNED: u32 = u32::from_be_bytes([30, 0, 0, 0]);
/// A stranger.
const STRANGER: u32 = u32::from_be_bytes([40, 1, 2, 3]);
/// Prefixes of peers.
const PREFIXES: u32 = 128;

/// A policy by which offers are judged.
const SRTP_ONLY: &str = "[media]\nports = [\"10000-20000\"]\npolicy = \"srtp-only\"\n";

/// Everything that is loaded for the race, and the lanes.
struct Field {
    race: Race,
    kept: Vec<Varied>,
    bare: Vec<OwnedFd>,
    shields: Vec<Shield>,
    rivals: Vec<XdpFilter>,
}

struct Lanes {
    drop: Lane,
    pass: Lane,
    varied_drop: Lane,
    varied_pass: Lane,
    banned: [Lane; 4],
    trunk: [Lane; 2],
    peer: [Lane; 2],
    stranger: [Lane; 2],
    other: Lane,
    leaving: [Lane; 3],
    invite: [Lane; 2],
    rival_drop: [Lane; 2],
    rival_pass: Lane,
}

/// Measures.
pub(super) fn measure(length: Length, progress: &ProgressBar) -> Result<Vec<Figure>> {
    let mut field = Field::load()?;
    let lanes = field.enter()?;
    field.race.run(length, progress)?;
    Ok(figures(&lanes, &field.race))
}

impl Field {
    fn load() -> Result<Self> {
        let sizes = Capacities::default();
        let mut few = Shield::load(&shield::generation("")?, &sizes)?;
        few.ban(BANNED, 1 << 10)?;
        let mut many = Shield::load(&shield::generation("")?, &sizes)?;
        many.ban(BANNED, 1 << 16)?;
        let trunk = Shield::load(&shield::with_peers("trunk", PREFIXES)?, &sizes)?;
        let mut open = shield::with_peers("open", PREFIXES)?;
        (open.policy.stranger, open.policy.total) = (shield::UNREACHED, shield::UNREACHED[0]);
        let open = Shield::load(&open, &sizes)?;
        let mut srtp = shield::generation(SRTP_ONLY)?;
        (srtp.policy.stranger, srtp.policy.total) = (shield::UNREACHED, shield::UNREACHED[0]);
        let srtp = Shield::load(&srtp, &sizes)?;
        let allowed = || (0..PREFIXES).map(|i| Ipv4Addr::from(PEERS + (i << 8) + 1));
        let all = XdpFilter::load(SPARES[0], "all", allowed())?;
        let ipv4 = XdpFilter::load(SPARES[2], "ipv4", allowed())?;
        Ok(Self {
            race: Race::default(),
            kept: Vec::new(),
            bare: vec![tiny::bare(DROP)?, tiny::bare(PASS)?, tiny::bare_classifier()?],
            shields: vec![few, many, trunk, open, srtp],
            rivals: vec![all, ipv4],
        })
    }

    fn enter(&mut self) -> Result<Lanes> {
        let [drop, pass, leave] = [0, 1, 2].map(|i: usize| self.bare[i].as_raw_fd());
        let [few, many, trunk, open, srtp] = [0, 1, 2, 3, 4].map(|i: usize| self.shields[i].program());
        let [all, ipv4] = [0, 1].map(|i: usize| self.rivals[i].program.as_raw_fd());
        let register = |source: u32| frame::register(source.into(), frame::SIP);
        let (banned, stranger, peer) = (register(BANNED + 7)?, register(STRANGER)?, register(PEERS + 1)?);
        let other = frame::register(STRANGER.into(), 7_000)?;
        let invite = frame::invite(STRANGER.into(), 1_400)?;
        let (leaving, answer) = (frame::leaving(7_000)?, frame::leaving(frame::SIP)?);
        let hears = self.shields[3].egress();
        let strangers = Sources { base: STRANGER & 0xfff0_0000, mask: 0x000f_ffff };
        let peers = Sources { base: PEERS, mask: (PREFIXES << 8) - 1 };
        let bans = |bits: u32| Sources { base: BANNED, mask: (1 << bits) - 1 };
        Ok(Lanes {
            drop: self.race.enter("bare XDP_DROP", drop, &stranger, DROP),
            pass: self.race.enter("bare XDP_PASS", pass, &stranger, PASS),
            varied_drop: self.vary("bare XDP_DROP, varied", drop, &stranger, DROP, strangers)?,
            varied_pass: self.vary("bare XDP_PASS, varied", pass, &stranger, PASS, strangers)?,
            banned: [
                self.race.enter("1k bans", few, &banned, DROP),
                self.race.enter("64k bans", many, &banned, DROP),
                self.vary("1k bans, varied", few, &banned, DROP, bans(10))?,
                self.vary("64k bans, varied", many, &banned, DROP, bans(16))?,
            ],
            trunk: [
                self.race.enter("stranger in trunk mode", trunk, &stranger, DROP),
                self.vary("strangers in trunk mode", trunk, &stranger, DROP, strangers)?,
            ],
            peer: [
                self.race.enter("peer's REGISTER", trunk, &peer, PASS),
                self.vary("peers' REGISTER", trunk, &peer, PASS, peers)?,
            ],
            stranger: [
                self.race.enter("stranger's REGISTER", open, &stranger, PASS),
                self.vary("strangers' REGISTER", open, &stranger, PASS, strangers)?,
            ],
            other: self.race.enter("other port", open, &other, PASS),
            leaving: [
                self.race.enter("bare egress", leave, &leaving, GO_ON),
                self.race.enter("egress, other port", hears, &leaving, GO_ON),
                self.race.enter("egress, a response", hears, &answer, GO_ON),
            ],
            invite: [
                self.race.enter("INVITE, judged", srtp, &invite, PASS),
                self.race.enter("INVITE, not judged", open, &invite, PASS),
            ],
            rival_drop: [
                self.race.enter("xdp-filter, all features", all, &stranger, DROP),
                self.race.enter("xdp-filter, ipv4", ipv4, &stranger, DROP),
            ],
            rival_pass: self.race.enter("xdp-filter, peer", all, &peer, PASS),
        })
    }

    /// Enters a program with a frame whose source varies.
    fn vary(&mut self, name: &'static str, program: i32, frame: &[u8], action: u32, sources: Sources) -> Result<Lane> {
        let varied = tiny::varied(sources, program)?;
        let lane = self.race.enter(name, varied.program.as_raw_fd(), frame, action);
        self.kept.push(varied);
        Ok(lane)
    }
}

fn figures(lanes: &Lanes, race: &Race) -> Vec<Figure> {
    let cost = |lane: Lane| race.best(lane);
    let over = |lane: Lane, bare: Lane| race.best(lane) - race.best(bare);
    // A varied frame pays for being varied; what the bare program pays for that is taken off.
    let varied = |lane: Lane| race.best(lane) - over(lanes.varied_pass, lanes.pass);
    let [one_1k, one_64k, any_1k, any_64k] = lanes.banned;
    let rival = cost(lanes.rival_drop[0]);
    vec![
        Figure::info("bare_drop", cost(lanes.drop), "ns", "a program that only drops"),
        Figure::info("bare_pass", cost(lanes.pass), "ns", "a program that only passes"),
        Figure::new(
            "banned_1k",
            over(any_1k, lanes.varied_drop),
            "ns",
            Goal::AtMost(20.0),
            "banned sources, 1k bans, over bare",
        ),
        Figure::new(
            "banned_64k",
            over(any_64k, lanes.varied_drop),
            "ns",
            Goal::AtMost(60.0),
            "banned sources, 64k bans, over bare",
        ),
        Figure::info("banned_1k_one", over(one_1k, lanes.drop), "ns", "one banned source, 1k bans, over bare"),
        Figure::info("banned_64k_one", over(one_64k, lanes.drop), "ns", "one banned source, 64k bans, over bare"),
        Figure::info("trunk_stranger", cost(lanes.trunk[0]), "ns", "stranger in trunk mode, 128 peers"),
        Figure::info("trunk_stranger_varied", varied(lanes.trunk[1]), "ns", "strangers in trunk mode, 128 peers"),
        Figure::info("xdp_filter_drop", rival, "ns", "xdp-filter, all features, drops it"),
        Figure::info("xdp_filter_ipv4_drop", cost(lanes.rival_drop[1]), "ns", "xdp-filter, only ipv4, drops it"),
        Figure::new(
            "trunk_over_xdp_filter",
            cost(lanes.trunk[0]) / rival,
            "×",
            Goal::AtMost(1.0),
            "stranger in trunk mode ÷ xdp-filter dropping it",
        ),
        Figure::new(
            "peer_register",
            cost(lanes.peer[0]),
            "ns",
            Goal::AtMost(100.0),
            "peer's REGISTER through all stages",
        ),
        Figure::info("peer_register_varied", varied(lanes.peer[1]), "ns", "the same from all 128 prefixes"),
        Figure::info("xdp_filter_pass", cost(lanes.rival_pass), "ns", "xdp-filter, all features, passes it"),
        Figure::new(
            "peer_over_xdp_filter",
            cost(lanes.peer[0]) / cost(lanes.rival_pass),
            "×",
            Goal::AtMost(2.0),
            "peer's REGISTER ÷ xdp-filter passing it",
        ),
        Figure::new(
            "stranger_register",
            cost(lanes.stranger[0]),
            "ns",
            Goal::AtMost(250.0),
            "stranger's REGISTER, open mode, all stages",
        ),
        Figure::info("stranger_register_varied", varied(lanes.stranger[1]), "ns", "the same from a million sources"),
        Figure::new(
            "invite_judged",
            cost(lanes.invite[0]),
            "ns",
            Goal::AtMost(2_000.0),
            "INVITE with 1,400-byte payload judged, all stages",
        ),
        Figure::info("invite_sdp", over(lanes.invite[0], lanes.invite[1]), "ns", "of that, for what it can lead to"),
        Figure::new(
            "other_port",
            over(lanes.other, lanes.pass),
            "ns",
            Goal::AtMost(10.0),
            "packet for another port, over bare",
        ),
        Figure::new(
            "egress_other_port",
            over(lanes.leaving[1], lanes.leaving[0]),
            "ns",
            Goal::AtMost(15.0),
            "packet that leaves from another port, over bare",
        ),
        Figure::info(
            "egress_response",
            over(lanes.leaving[2], lanes.leaving[0]),
            "ns",
            "response to a stranger, its copy finding a full ring, over bare",
        ),
    ]
}
