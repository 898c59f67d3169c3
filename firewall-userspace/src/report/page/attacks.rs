//! What was tried against the server.
//!
//! Owns: the section. Refuses: who was banned for it.
use super::{Facts, Grid, Level, Section};
use crate::report::number::grouped;
use crate::report::text::{counted, plain};

pub(super) fn section(facts: &Facts) -> Section {
    let all: u64 = facts.events.iter().map(|sum| sum.count).sum();
    let let_in = facts.events.iter().filter(|sum| sum.monitored).map(|sum| sum.count).sum::<u64>();
    let alarms = counted(facts.alarms.iter().map(|alarm| alarm.count as usize).sum(), "alarm", "alarms");
    let mut said = vec![format!(
        "The firewall kept {} of dropped packets (it keeps a sample, not all), and raised {alarms} about partners you trust.",
        counted(usize::try_from(all).unwrap_or(usize::MAX), "sample", "samples")
    )];
    let mut advice = Vec::new();
    if let_in > 0 {
        said.push(format!(
            "Of these, {} were only watched and passed, because the config says `monitor`.",
            grouped(let_in)
        ));
        advice.push("Take what you are sure of out of `monitor` in the config, so that it is stopped.".to_owned());
    }
    if !facts.alarms.is_empty() {
        advice
            .push("Call the partners that raised alarms: `sipfw alarm list` names them and what they did.".to_owned());
    }
    let level = if advice.is_empty() { Level::Good } else { Level::Look };
    let row = |sum: &super::EventSum| {
        vec![plain(&sum.reason), sum.explanation.clone(), grouped(sum.count), grouped(sum.sources)]
    };
    let grid = Grid::of(&["REASON", "WHAT IT WAS", ">SAMPLES", ">SOURCES"], facts.events.iter().map(row));
    Section { title: "Attacks", level, said, grid, advice }
}
