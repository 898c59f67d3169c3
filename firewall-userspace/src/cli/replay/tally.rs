//! What a capture came to.
//!
//! Owns: totals by reason, the first frames of each, and what was not judged. Refuses: forgetting a frame.
use std::collections::BTreeMap;
use std::time::Duration;

use firewall_common::reason::Reason;

use super::timeline::Timeline;
use crate::cli::explain::described;
use crate::dataplane::probe::Judgement;
use crate::report::number::{bytes, grouped};
use crate::report::table::table;
use crate::report::text::first_line;

/// Totals.
pub(super) struct Tally {
    keep: usize,
    frames: u64,
    reasons: BTreeMap<(Reason, bool), Total>,
    skipped: BTreeMap<String, u64>,
}

#[derive(Default)]
struct Total {
    frames: u64,
    bytes: u64,
    first: Vec<String>,
}

impl Tally {
    /// Keeps the first `keep` frames of each reason.
    pub(super) fn new(keep: usize) -> Self {
        Self { keep, frames: 0, reasons: BTreeMap::new(), skipped: BTreeMap::new() }
    }

    /// The number of the next frame, from 1, as other programs count them.
    pub(super) fn next_index(&mut self) -> u64 {
        self.frames += 1;
        self.frames
    }

    /// Counts a frame that was judged.
    pub(super) fn add(&mut self, index: u64, at: Duration, judgement: &Judgement, frame: &[u8]) {
        let total = self.reasons.entry((judgement.reason, judgement.monitored)).or_default();
        total.frames += 1;
        total.bytes += frame.len() as u64;
        if total.first.len() < self.keep {
            total.first.push(line(index, at, frame));
        }
    }

    /// Counts a frame that was not.
    pub(super) fn skip(&mut self, why: &str) {
        *self.skipped.entry(why.to_owned()).or_default() += 1;
    }

    /// All of it, for people.
    pub(super) fn text(&self, name: &str, timeline: &Timeline) -> String {
        let seconds = timeline.since_begin().as_secs_f64();
        let mut text = format!("{name}: {} frames in {seconds:.3} s\n", grouped(self.frames));
        if !self.reasons.is_empty() {
            text.push_str(&format!("\n{}\n", self.totals()));
        }
        for (why, frames) in &self.skipped {
            text.push_str(&format!("\nnot judged: {}, being {why}\n", grouped(*frames)));
        }
        if timeline.disordered > 0 {
            let frames = grouped(timeline.disordered);
            text.push_str(&format!("\nout of order: {frames}, judged at the time of the latest frame before them\n"));
        }
        for ((reason, monitored), total) in self.reasons.iter().filter(|(_, total)| !total.first.is_empty()) {
            let passed = if *monitored { ", monitored" } else { "" };
            text.push_str(&format!("\n{}{passed}\n{}", reason.word(), total.first.concat()));
        }
        text
    }

    fn totals(&self) -> comfy_table::Table {
        let mut table = table(&["REASON", "VERDICT", ">FRAMES", ">BYTES"]);
        for ((reason, monitored), total) in &self.reasons {
            let verdict = match (reason.drops(), monitored) {
                (true, true) => "pass (monitored)",
                (true, false) => "drop",
                (false, _) => "pass",
            };
            table.add_row([reason.word(), verdict, &grouped(total.frames), &bytes(total.bytes)]);
        }
        table
    }
}

fn line(index: u64, at: Duration, frame: &[u8]) -> String {
    let packet = described(frame);
    let (from, to) = (packet.source(), packet.target());
    format!("  {index:>6}  {:>12.6} s  {from:<23} → {to:<23}  {}\n", at.as_secs_f64(), first_line(&packet.payload, 60))
}
