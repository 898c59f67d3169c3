//! What the demo prints.
//!
//! Owns: words and columns. Refuses: measuring.
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::fraud::Fraud;
use crate::round::{CALLS, GUESSES, Legal, Plan, REGISTRATIONS, Round, found};

/// Widths of the comparison's columns.
const LABEL: usize = 46;
const VALUE: usize = 24;

pub(crate) fn prologue(plan: &Plan) {
    began();
    println!("A SIP server (Kamailio), a carrier, an office of phones and an attacker, in network namespaces.");
    println!(
        "The same attack twice: scans, guesses, and a flood of {}/s from random sources.",
        grouped(plan.flood.into())
    );
}

pub(crate) fn heading(text: &str) {
    println!("\n{text}");
}

/// Progress, with the seconds since the beginning.
pub(crate) fn step(text: &str) {
    println!("  {:5.1} s  {text}", began().elapsed().as_secs_f64());
}

/// What the command printed, line by line.
pub(crate) fn said(text: &str) {
    text.lines().for_each(|line| println!("           {line}"));
}

fn began() -> Instant {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    *BEGAN.get_or_init(Instant::now)
}

pub(crate) fn comparison(without: &Round, with: &Round, [thief, stopped]: &[Fraud; 2]) {
    println!("\n{:LABEL$}{:>VALUE$}{:>VALUE$}", "", "without sipfw", "with sipfw");
    let row = |label: &str, value: &dyn Fn(&Round) -> String| {
        println!("{label:LABEL$}{:>VALUE$}{:>VALUE$}", value(without), value(with));
    };
    println!("What the attacker got");
    row("  servers found by svmap", &|r| found(&r.servers));
    row("  extensions found by svwar", &|r| found(&r.extensions));
    row("  password found by svcrack (is 1234)", &|r| {
        if r.passwords.is_empty() { "nothing" } else { "1234" }.to_owned()
    });
    row(&format!("  guesses answered, of {} at {}/s", GUESSES.0, GUESSES.1), &|r| r.guesses.succeeded.to_string());
    println!("What reached the server");
    row("  flood packets sent", &|r| grouped(r.flooded));
    row("  flood packets that passed to Kamailio", &|r| grouped(r.reached));
    row("  Kamailio's CPU time", &|r| seconds(r.server_cpu));
    println!("What legal users noticed during the flood");
    row(&format!("  the phones' registrations, {REGISTRATIONS}/s"), &|r| legal(&r.registrations));
    row(&format!("  the carrier's calls, {CALLS}/s"), &|r| legal(&r.calls));
    row("  messages they had to send again", &|r| {
        grouped(u64::from(r.registrations.outcome.retransmissions + r.calls.outcome.retransmissions))
    });
    println!("What the thief with a password got");
    println!("{:LABEL$}{:>VALUE$}{:>VALUE$}", "  premium calls at the carrier", thief.placed, stopped.placed);
    let honest = |fraud: &Fraud| if fraud.honest { "yes" } else { "no" };
    println!("{:LABEL$}{:>VALUE$}{:>VALUE$}", "  an honest call meanwhile", honest(thief), honest(stopped));
    println!("\nDropped by sipfw, by reason (sipfw status --json)");
    for (reason, packets) in &with.drops {
        println!("  {:>12}  {reason}", grouped(*packets));
    }
    println!("\nDone in {:.0} s. Nothing is left behind.", began().elapsed().as_secs_f64());
}

fn legal(legal: &Legal) -> String {
    let share = 100.0 * f64::from(legal.outcome.succeeded) / f64::from(legal.planned.max(1));
    format!("{} of {} ({share:.0} %)", legal.outcome.succeeded, legal.planned)
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// 1234567 as 1,234,567.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let parts: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|part| std::str::from_utf8(part).unwrap_or_default()).collect();
    parts.join(",")
}
