//! What dialled numbers cost, by BPF_PROG_TEST_RUN.
//!
//! Owns: a hundred thousand prefixes, and the packets that meet them. Refuses: lists' files (the command reads them).
use std::net::Ipv4Addr;

use anyhow::Result;
use firewall_common::number::{NumberAction, NumberKey, NumberRule};
use firewall_common::policy::{NUMBERS_OPEN, NUMBERS_VALIDATED};
use firewall_userspace::dataplane::load::{Capacities, Generation};
use indicatif::ProgressBar;

use super::figure::{Figure, Goal};
use super::frame;
use super::race::{Lane, Length, Race};
use super::shield::{self, Shield};
use super::tiny::PASS;
use crate::harness::{judge_numbers, number, rule};

/// The issue that set the goals of these.
const ISSUE: u32 = 5;
const PREFIXES: u32 = 100_000;
const STRANGER: Ipv4Addr = Ipv4Addr::new(40, 1, 2, 3);
const PAYLOAD: usize = 1_400;

/// The prefix at a place, of seven digits; they lie all over the numbers of that length.
fn prefix(place: u32) -> String {
    format!("+{}", 1_000_000 + place * 89)
}

/// Measures.
pub(super) fn measure(length: Length, progress: &ProgressBar) -> Result<Vec<Figure>> {
    let plain = Shield::load(&policy()?, &Capacities::default())?;
    let mut policy = policy()?;
    judge_numbers(&mut policy, NUMBERS_VALIDATED, &[]);
    let mut judging = Shield::load(&policy, &Capacities::default())?;
    judging.list((0..PREFIXES).map(listed))?;
    let unlisted = {
        let mut policy = self::policy()?;
        judge_numbers(&mut policy, NUMBERS_OPEN, &[]);
        Shield::load(&policy, &Capacities::default())?
    };
    let uri = format!("sip:{}55501@pbx.example.com", prefix(77_777));
    let invite = frame::invite_to(STRANGER, &uri, PAYLOAD)?;
    let register = frame::register(STRANGER, frame::SIP)?;
    let response = frame::leaving(frame::SIP)?;
    let mut race = Race::default();
    let mut both = |[without, with]: [&'static str; 2], frame: &[u8]| {
        [race.enter(without, plain.program(), frame, PASS), race.enter(with, judging.program(), frame, PASS)]
    };
    let received = [
        both(["INVITE", "INVITE, numbers judged"], &invite),
        both(["REGISTER", "REGISTER, numbers judged"], &register),
        both(["response", "response, numbers judged"], &response),
    ];
    let unlisted = race.enter("INVITE, no lists", unlisted.program(), &invite, PASS);
    race.run(length, progress)?;
    let over = |[without, with]: [Lane; 2]| race.best(with) - race.best(without);
    let [[plain, _], ..] = received;
    Ok(figures(received.map(over), over([plain, unlisted])))
}

/// A policy whose limits nothing reaches.
fn policy() -> Result<Generation> {
    let mut generation = shield::generation("")?;
    (generation.policy.stranger, generation.policy.total) = (shield::UNREACHED, shield::UNREACHED[0]);
    Ok(generation)
}

fn listed(place: u32) -> (NumberKey, u32, NumberRule) {
    let prefix = prefix(place);
    let (key, bits) = NumberKey::of(NumberKey::EVERYBODY, number(&prefix));
    (key, bits, rule(place + 1, &prefix, NumberAction::Allow, 0))
}

fn figures([invite, register, response]: [f64; 3], unlisted: f64) -> Vec<Figure> {
    let most = |name, value, goal, what| Figure::new(name, value, "ns", Goal::AtMost(goal), what).of_issue(ISSUE);
    vec![
        most("number_invite", invite, 150.0, "INVITE among 100,000 prefixes, over the pipeline without numbers"),
        Figure::info("number_unlisted", unlisted, "ns", "of that, without anything to look up").of_issue(ISSUE),
        most("number_register", register, 2.0, "REGISTER where numbers are judged, over the pipeline without"),
        most("number_other", response, 2.0, "a response that we receive, in the same way"),
    ]
}
