//! What reading a message costs in the daemon: a typical one, and the worst of eight kilobytes.
//!
//! Owns: the method, and what is read of a message. Refuses: which messages are the worst (see [`worst`]).
//!
//! All messages take turns in short rounds, and the cheapest round of each counts, as in [`super::race`].
mod worst;

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, ensure};
use firewall_common::sip::message::{Contact, Message, NameAddr, Params, Text, Uri, parse, parse_head, unescaped};
use indicatif::ProgressBar;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region};

use super::figure::{Figure, Goal};

/// A REGISTER with Digest credentials.
const REGISTER: &[u8] = include_bytes!("../../../firewall-common/tests/corpus/typical/register_auth.dat");
/// Runs of a round.
const RUNS: u32 = 100;

/// Measures.
pub(super) fn measure(quick: bool, progress: &ProgressBar) -> Result<Vec<Figure>> {
    let rounds = if quick { 20 } else { 200 };
    let register = best(&[("REGISTER", REGISTER.to_vec())], rounds, progress, what_the_engine_reads);
    let messages = worst::messages();
    let worst = best(&messages, rounds, progress, everything);
    let figures = vec![
        Figure::new(
            "read_register",
            register.nanoseconds,
            "ns",
            Goal::AtMost(2_000.0),
            "reading a REGISTER with credentials, 822 bytes",
        ),
        Figure::new("read_register_allocations", allocations()? as f64, "", Goal::AtMost(0.0), "allocations in that"),
        Figure::new(
            "read_worst_8k",
            worst.nanoseconds / 1_000.0,
            "µs",
            Goal::AtMost(50.0),
            "reading all of the dearest message of 8 KiB",
        ),
    ];
    progress.suspend(|| eprintln!("the dearest message of 8 KiB: {}", worst.name));
    Ok(figures)
}

/// A message and what it costs.
struct Cost {
    name: &'static str,
    nanoseconds: f64,
}

/// The dearest of the messages, each by its cheapest round.
fn best(messages: &[(&'static str, Vec<u8>)], rounds: u32, progress: &ProgressBar, read: fn(&[u8])) -> Cost {
    progress.inc_length(u64::from(rounds));
    progress.set_message("reading messages");
    let mut costs: Vec<Cost> = messages.iter().map(|(name, _)| Cost { name, nanoseconds: f64::MAX }).collect();
    for _ in 0..rounds {
        for (cost, (_, message)) in costs.iter_mut().zip(messages) {
            let start = Instant::now();
            for _ in 0..RUNS {
                read(black_box(message));
            }
            cost.nanoseconds = cost.nanoseconds.min(start.elapsed().as_nanos() as f64 / f64::from(RUNS));
        }
        progress.inc(1);
    }
    costs
        .into_iter()
        .max_by(|a, b| a.nanoseconds.total_cmp(&b.nanoseconds))
        .unwrap_or(Cost { name: "none", nanoseconds: 0.0 })
}

/// How often memory is allocated while a REGISTER is read.
fn allocations() -> Result<usize> {
    let counted = |work: &dyn Fn()| {
        let region = Region::new(&INSTRUMENTED_SYSTEM);
        work();
        let change = region.change();
        change.allocations + change.reallocations
    };
    ensure!(counted(&|| drop(black_box(Box::new(1)))) == 1, "allocations are not counted in this program");
    Ok(counted(&|| what_the_engine_reads(REGISTER)))
}

/// What the engine wants to know of every request.
fn what_the_engine_reads(bytes: &[u8]) {
    let Ok(message) = parse(bytes) else { return };
    black_box((&message.start, message.via.branch, &message.from, &message.to, message.call_id, &message.cseq));
    for credentials in message.credentials() {
        black_box(credentials);
    }
    black_box((message.user_agent(), message.expires()));
    for contact in message.contacts() {
        if let Contact::Address(address) = contact {
            black_box(address.expires());
        }
    }
}

/// All that can be asked for, of whatever can be read.
fn everything(bytes: &[u8]) {
    let Ok(message) = parse(bytes).or_else(|_| parse_head(bytes)) else { return };
    for header in message.headers() {
        black_box(header);
    }
    lists(&message);
    for person in [message.from, message.to] {
        address(&person);
    }
    for one in message.credentials() {
        [one.username, one.realm, one.nonce, one.uri, one.qop, one.cnonce].into_iter().for_each(text);
    }
    for one in message.challenges() {
        [one.realm, one.nonce, one.qop].into_iter().for_each(text);
    }
    text(message.user_agent());
    text(message.next_nonce());
    black_box(message.expires());
}

fn lists(message: &Message<'_>) {
    for via in message.vias() {
        black_box(via);
        params(&via.params);
    }
    for contact in message.contacts() {
        if let Contact::Address(one) = contact {
            address(&one);
        }
    }
}

fn address(address: &NameAddr<'_>) {
    text(address.display);
    params(&address.params);
    uri(&address.uri);
    black_box(address.expires());
}

fn uri(uri: &Uri<'_>) {
    black_box(uri.param(b"transport"));
    black_box(unescaped(uri.user.unwrap_or_default()).fold(0, |sum, byte| sum ^ byte));
}

fn params(params: &Params<'_>) {
    params.iter().for_each(|param| text(param.value));
}

fn text(text: Option<Text<'_>>) {
    black_box(text.map(|text| text.bytes().fold(0, |sum, byte| sum ^ byte)));
}
