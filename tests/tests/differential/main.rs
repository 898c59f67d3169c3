//! A model of the whole policy against the loaded program: random configs, random and mutated packets, injected time.
//!
//! Owns: the comparison, packet by packet and counter by counter. Refuses: disagreement of any kind.
//!
//! `SIPFW_DIFF_CASES` sets how many packets are judged, `SIPFW_SEED` where the random numbers begin. A failure prints the
//! seed that makes the failing config the first one.
use firewall_common::reason::{Reason, Stage};
use firewall_tests::harness::{Counters, Shield};
use firewall_userspace::dataplane::probe::Judgement;

use crate::model::{Judged, Model};
use crate::random::Random;
use crate::setup::{START, Setup};
use crate::traffic::Traffic;

mod model;
mod numbers;
mod random;
mod setup;
mod traffic;

const CONFIGS: u64 = 40;
const CASES: u64 = 240_000;

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

#[test]
fn the_program_does_what_the_model_says() {
    let seed = from_environment("SIPFW_SEED").unwrap_or_else(firewall_tests::harness::now);
    let cases = from_environment("SIPFW_DIFF_CASES").unwrap_or(CASES);
    println!("SIPFW_SEED={seed} SIPFW_DIFF_CASES={cases}");
    let each = cases.div_ceil(CONFIGS);
    let mut seen = Counters::default();
    for config in 0..CONFIGS {
        compare(seed.wrapping_add(config), each, &mut seen);
    }
    // A model that is only ever asked easy questions proves nothing.
    let is_seen = |reason: &Reason| seen.enforced.contains_key(reason) || seen.monitored.contains_key(reason);
    let unseen: Vec<&str> = reasons().filter(|r| !is_seen(r)).map(|reason| reason.word()).collect();
    println!("{seen:?}");
    assert!(cases < CASES || unseen.is_empty(), "SIPFW_SEED={seed}: no packet was judged {unseen:?}");
}

/// What a packet that we receive can be judged, as far as the model knows it: of guarded media ports only those that nobody
/// opened, and nothing of callers and dialogs (tests/verdicts has the others).
fn reasons() -> impl Iterator<Item = &'static Reason> {
    let is_known = |reason: &Reason| match reason.stage() {
        Stage::Media => *reason == Reason::NoPinhole,
        Stage::Dialog | Stage::Caller => false,
        _ => !matches!(reason, Reason::OwnPlainRtp | Reason::OwnNumber | Reason::TlsVersion | Reason::DeviceBlocked),
    };
    Reason::ALL.iter().filter(move |reason| is_known(reason))
}

/// One config, loaded once, and its packets in their order.
fn compare(seed: u64, cases: u64, seen: &mut Counters) {
    let mut random = Random::new(seed);
    let setup = Setup::random(&mut random);
    let programs = [firewall_common::maps::program::PROBE];
    let mut shield = Shield::tuned(&setup.toml(), &programs, |generation| setup.numbers.tune(generation));
    setup.numbers.put(&mut shield);
    shield.set_entries(&setup.stored_entries(), START);
    for (source, until, known_until) in &setup.registrants {
        shield.remember(&source.to_string(), *until, *known_until);
    }
    for (source, user, until) in &setup.holds {
        shield.hold(&source.to_string(), *user, *until);
    }
    for (source, at) in &setup.called {
        shield.call(&source.to_string(), *at);
    }
    shield.judge_responses(setup.responses_since.unwrap_or(0));
    let mut model = Model::new(&setup);
    let mut traffic = Traffic::new(&setup, &mut random);
    let mut counted = Counters::default();
    for case in 0..cases {
        let (frame, now) = traffic.next(&mut random);
        let commit = !random.chance(8);
        let said = if commit { shield.judge(&frame, now) } else { shield.rehearse(&frame, now) };
        let want = model.judge(&frame, now, commit);
        assert!(agree(&said, &want), "{}", disagreement(seed, case, &setup, &frame, now, &said, &want));
        if commit {
            counted.count(want.reason, want.monitored, want.peer, frame.len());
            seen.count(want.reason, want.monitored, None, frame.len());
        }
    }
    assert_eq!(shield.counters(), counted, "SIPFW_SEED={seed}: the counters are not the sum of the verdicts");
}

fn agree(said: &Judgement, want: &Judged) -> bool {
    said.reason == want.reason
        && said.detail == want.detail
        && said.monitored == want.monitored
        && said.peer == want.peer
        && said.class.map(|class| class.word()) == want.class
}

fn disagreement(
    seed: u64,
    case: u64,
    setup: &Setup,
    frame: &[u8],
    now: u64,
    said: &Judgement,
    want: &Judged,
) -> String {
    let hex: String = frame.iter().map(|b| format!("{b:02x}")).collect();
    format!(
        "SIPFW_SEED={seed}, packet {case} at {now}: the program says {said:?}, the model {want:?}\n{}\nentries {:?}\n\
         registrants {:?}\nholds {:?}\ncalled {:?}, judged since {:?}\n{:?}\n{}\n{hex}",
        setup.toml(),
        setup.entries,
        setup.registrants,
        setup.holds,
        setup.called,
        setup.responses_since,
        setup.numbers,
        frame.escape_ascii(),
    )
}
