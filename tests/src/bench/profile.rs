//! Where the time goes: the same packet with stages taken away.
//!
//! Owns: policies that leave stages out, and what each adds. Refuses: goals.
use std::os::fd::AsRawFd as _;

use anyhow::Result;
use firewall_common::limiter::Limit;
use firewall_common::policy::Policy;
use firewall_common::sip::method::CLASS_SLOTS;
use firewall_userspace::dataplane::load::Capacities;
use indicatif::ProgressBar;

use super::figure::Figure;
use super::frame;
use super::race::{Length, Race};
use super::shield::{self, Shield, UNREACHED};
use super::tiny::{self, DROP, PASS, Sources};

const STRANGER: u32 = u32::from_be_bytes([40, 1, 2, 3]);
const NONE: [Limit; CLASS_SLOTS] = [Limit::NONE; CLASS_SLOTS];
/// A limit that is always exhausted.
const NOTHING: Limit = Limit { interval: u64::MAX >> 2, tolerance: 0 };

/// A step: its name, what it is, how the policy differs from one without limits and signatures, and what comes out.
type Step = (&'static str, &'static str, fn(&mut Policy), u32);

const STEPS: [Step; 7] = [
    ("profile_transport", "up to the refusal of the transport", |policy| policy.stranger_transports = 0, DROP),
    ("profile_start_line", "all but limits and signatures", |_| {}, PASS),
    ("profile_source_limit", "with the source's limit", |policy| policy.stranger = UNREACHED, PASS),
    ("profile_total_limit", "with the total's limit", |policy| policy.total = UNREACHED[0], PASS),
    ("profile_scan", "with signatures", |policy| policy.scan_max = 2_040, PASS),
    (
        "profile_all",
        "with all",
        |policy| {
            (policy.stranger, policy.total, policy.scan_max) = (UNREACHED, UNREACHED[0], 2_040);
        },
        PASS,
    ),
    (
        "profile_over_limit",
        "with all, over the source's limit",
        |policy| {
            (policy.stranger, policy.total, policy.scan_max) = ([NOTHING; CLASS_SLOTS], UNREACHED[0], 2_040);
        },
        DROP,
    ),
];

/// Measures a stranger's REGISTER, from one source and from a million.
pub(super) fn measure(length: Length, progress: &ProgressBar) -> Result<Vec<Figure>> {
    let frame = frame::register(STRANGER.into(), frame::SIP)?;
    let sources = Sources { base: STRANGER & 0xfff0_0000, mask: 0x000f_ffff };
    let bare = tiny::bare(DROP)?;
    let varied_bare = tiny::varied(sources, bare.as_raw_fd())?;
    let (mut race, mut kept, mut lanes) = (Race::default(), Vec::new(), Vec::new());
    let base = race.enter("bare", bare.as_raw_fd(), &frame, DROP);
    let varied_base = race.enter("bare, varied", varied_bare.program.as_raw_fd(), &frame, DROP);
    for (name, what, change, action) in STEPS {
        let mut generation = shield::generation("")?;
        let policy = &mut generation.policy;
        (policy.stranger, policy.total, policy.scan_max) = (NONE, Limit::NONE, 0);
        change(policy);
        let shield = Shield::load(&generation, &Capacities::default())?;
        // To be over their limit, sources must have been seen: there are few then.
        let mask = if action == DROP { 1023 } else { sources.mask };
        let varied = tiny::varied(Sources { mask, ..sources }, shield.program())?;
        let one = race.enter(name, shield.program(), &frame, action);
        let many = race.enter(name, varied.program.as_raw_fd(), &frame, action);
        lanes.push((name, what, one, many));
        kept.push((shield, varied));
    }
    race.run(length, progress)?;
    let mut figures = Vec::new();
    for (name, what, one, many) in lanes {
        let many = race.best(many) - race.best(varied_base);
        figures.push(Figure::info(name, race.best(one) - race.best(base), "ns", what));
        figures.push(Figure::info("  from a million sources", many, "ns", what));
    }
    Ok(figures)
}
