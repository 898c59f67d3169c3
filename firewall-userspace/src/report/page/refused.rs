//! Calls that were refused, and what looks like toll fraud.
//!
//! Owns: the section, and which rules speak of fraud. Refuses: judging calls.
use super::{Facts, Grid, Level, Section};
use crate::report::number::grouped;
use crate::report::text::{counted, plain};
use crate::store::Sum;

/// How the words of those reasons and rules begin with which calls to expensive numbers are refused.
const FRAUD: [&str; 4] = ["number_", "own_number", "call_code", "fraud_"];

fn is_fraud(sum: &&Sum) -> bool {
    sum.of.as_deref().is_some_and(|by| FRAUD.iter().any(|begin| by.starts_with(begin)))
}

pub(super) fn section(facts: &Facts) -> Section {
    let sums = &facts.calls.decided;
    let count = |sums: u64, one, many| counted(usize::try_from(sums).unwrap_or(usize::MAX), one, many);
    let all: u64 = sums.iter().map(|sum| sum.calls).sum();
    let fraud: u64 = sums.iter().filter(is_fraud).map(|sum| sum.calls).sum();
    let mut said = vec![format!("{} refused, or would have been.", count(all, "call was", "calls were"))];
    let mut advice = Vec::new();
    let level = match (fraud, all) {
        (0, 0) => Level::Good,
        (0, _) => Level::Look,
        _ => Level::Act,
    };
    if fraud > 0 {
        said.push(format!(
            "{} an attempt at toll fraud: calls to numbers that cost money.",
            count(fraud, "looks like", "look like")
        ));
        advice.push(
            "`sipfw calls list --refused` shows which accounts called: give each of them a new password.".to_owned(),
        );
        advice.push("Ask your carrier for a limit on what your line may cost a day.".to_owned());
    } else if all > 0 {
        advice.push(
            "`sipfw calls list --refused` shows them, `sipfw calls show ID` says why, and what to set.".to_owned(),
        );
    }
    let row = |sum: &Sum| vec![sum.of.as_deref().map_or_else(String::new, plain), grouped(sum.calls)];
    let grid = Grid::of(&["REFUSED BY", ">CALLS"], sums.iter().map(row));
    Section { title: "Refused calls and toll fraud", level, said, grid, advice }
}
