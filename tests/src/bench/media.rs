//! What guarding media ports costs, by BPF_PROG_TEST_RUN.
//!
//! Owns: ten thousand open pinholes, and the packets that meet them. Refuses: calls (the daemon's figures have them).
use std::os::fd::AsRawFd as _;

use anyhow::{Context as _, Result};
use etherparse::PacketBuilder;
use firewall_common::addr::Addr;
use firewall_common::limiter::Limit;
use firewall_common::media::{Codec, FLOW_RTCP, FLOW_RTP, FLOW_SRTP, Flow};
use firewall_userspace::dataplane::load::Capacities;
use indicatif::ProgressBar;

use super::figure::{Figure, Goal};
use super::frame::{self, PAYLOAD, SERVER, SERVER_MAC};
use super::race::{Lane, Length, Race};
use super::shield::{self, Shield};
use super::tiny::{self, DROP, GO_ON, PASS, Ports, Varied};

/// The issue that set the goals of these.
const ISSUE: u32 = 4;
/// The first port with a pinhole; a power of two, so that ports can be drawn from the bits below.
const FIRST: u16 = 8_192;
const OPEN: u16 = 10_000;
/// The first port without one.
const CLOSED: u16 = 32_768;
/// How many bits of a port are drawn.
const DRAWN: u32 = 13;
const REMOTE: [u8; 4] = [203, 0, 113, 50];
const REMOTE_PORT: u16 = 4_000;

const CONFIG: &str = "[media]\nports = [\"8192-18191\", \"32768-40959\"]\npolicy = \"srtp-only\"\n";

/// Measures.
pub(super) fn measure(length: Length, progress: &ProgressBar) -> Result<Vec<Figure>> {
    let mut guard = Shield::load(&shield::generation(CONFIG)?, &Capacities::default())?;
    (0..OPEN).try_for_each(|n| guard.open(u32::from(n), flow(FIRST + n)))?;
    let (ingress, egress) = (guard.program(), guard.egress());
    let (drop, pass, leave) = (tiny::bare(DROP)?, tiny::bare(PASS)?, tiny::bare_classifier()?);
    let mut field = Field { race: Race::default(), kept: Vec::new() };
    let (open, closed) = (srtp(FIRST)?, srtp(CLOSED)?);
    let one = Ports { first: FIRST, drawn: 0 };
    let (any_open, any_closed) = (Ports { drawn: DRAWN, ..one }, Ports { first: CLOSED, drawn: DRAWN });
    let lanes = [
        (
            field.vary("bare XDP_PASS", pass.as_raw_fd(), &open, PASS, one)?,
            field.vary("pinhole", ingress, &open, PASS, one)?,
        ),
        (
            field.vary("bare XDP_PASS, varied", pass.as_raw_fd(), &open, PASS, any_open)?,
            field.vary("pinholes", ingress, &open, PASS, any_open)?,
        ),
        (
            field.race.enter("bare XDP_DROP", drop.as_raw_fd(), &closed, DROP),
            field.race.enter("no pinhole", ingress, &closed, DROP),
        ),
        (
            field.vary("bare XDP_DROP, varied", drop.as_raw_fd(), &closed, DROP, any_closed)?,
            field.vary("no pinholes", ingress, &closed, DROP, any_closed)?,
        ),
        {
            let leaving = frame::leaving(FIRST)?;
            (
                field.race.enter("bare egress", leave.as_raw_fd(), &leaving, GO_ON),
                field.race.enter("egress of media", egress, &leaving, GO_ON),
            )
        },
    ];
    field.race.run(length, progress)?;
    Ok(figures(lanes.map(|(bare, lane)| field.race.best(lane) - field.race.best(bare))))
}

struct Field {
    race: Race,
    kept: Vec<Varied>,
}

impl Field {
    /// Enters a program with a stream that goes on, to ports as they are drawn.
    fn vary(&mut self, name: &'static str, program: i32, frame: &[u8], action: u32, ports: Ports) -> Result<Lane> {
        let varied = tiny::streaming(ports, program)?;
        let lane = self.race.enter(name, varied.program.as_raw_fd(), frame, action);
        self.kept.push(varied);
        Ok(lane)
    }
}

fn figures([one, any, closed, any_closed, leaving]: [f64; 5]) -> Vec<Figure> {
    let most = |name, value, goal, what| Figure::new(name, value, "ns", Goal::AtMost(goal), what).of_issue(ISSUE);
    let info = |name, value, what| Figure::info(name, value, "ns", what).of_issue(ISSUE);
    vec![
        most("media_pinhole", one, 60.0, "SRTP through an open pinhole, 10,000 open, over bare XDP_PASS"),
        info("media_pinhole_varied", any, "the same through 8,192 of them at random"),
        most("media_no_pinhole", closed, 40.0, "media without a pinhole, over bare XDP_DROP"),
        info("media_no_pinhole_varied", any_closed, "the same to 8,192 ports at random"),
        info("media_egress", leaving, "media that leaves, over bare"),
    ]
}

fn flow(port: u16) -> Flow {
    let mut flow = Flow {
        remote: Addr::from_v4(REMOTE),
        remote_port: REMOTE_PORT,
        signalling: Addr::from_v4(REMOTE),
        local_port: port,
        call: u64::from(port),
        silence: u64::MAX,
        limit: Limit::per_second(1_000_000_000, 1_000_000_000),
        flags: FLOW_RTP | FLOW_RTCP | FLOW_SRTP,
        ..Flow::opening(0)
    };
    // As many codecs as there is room for; that of the packets comes last.
    let codec = |payload_type| Codec { payload_type, bytes: 1, units: 1, reserved: 0 };
    flow.codecs = [codec(8), codec(9), Codec { bytes: 10, units: 80, ..codec(18) }, codec(0)];
    flow
}

/// G.711 in SRTP with a tag of 80 bits, to a port.
fn srtp(port: u16) -> Result<Vec<u8>> {
    let rtp = [&[0x80, 0, 0, 1, 0, 0, 0, 160, 0xde, 0xad, 0xbe, 0xef][..], &[0x5a; 170]].concat();
    let mut frame = Vec::new();
    PacketBuilder::ethernet2([2, 0, 0, 0, 0, 2], SERVER_MAC)
        .ipv4(REMOTE, SERVER.octets(), 64)
        .udp(REMOTE_PORT, port)
        .write(&mut frame, &rtp)
        .context("a packet of media")?;
    frame[PAYLOAD - 2..PAYLOAD].fill(0);
    Ok(frame)
}
