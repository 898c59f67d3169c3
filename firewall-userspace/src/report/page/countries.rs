//! Where calls went.
//!
//! Owns: the section. Refuses: judging a country.
use super::{Facts, Grid, Level, Section};
use crate::report::call::minutes;
use crate::report::number::grouped;
use crate::report::text::{counted, plain};
use crate::store::Sum;

pub(super) fn section(facts: &Facts) -> Section {
    let all = &facts.calls.all;
    let mut said = vec![format!(
        "{}, {} of them answered, {} together.",
        counted(usize::try_from(all.calls).unwrap_or(usize::MAX), "call", "calls"),
        grouped(all.answered),
        minutes(all.duration)
    )];
    if let Some(cost) = facts.cost.as_ref().filter(|cost| !cost.is_empty()) {
        said.push(format!("By your table of rates they cost about {}.", plain(&cost.to_string())));
    }
    let mut advice = Vec::new();
    if !facts.logs {
        advice.push("Write `log = true` under [calls] in the config: without it, not every call is known.".to_owned());
    }
    if !facts.calls.countries.is_empty() {
        advice.push("A country that nobody of you calls is a country to deny: see docs/numbers.md.".to_owned());
    }
    let level = if facts.logs { Level::Good } else { Level::Look };
    let row = |sum: &Sum| {
        let country = sum.of.as_deref().map_or_else(|| "(unknown)".to_owned(), plain);
        vec![country, grouped(sum.calls), grouped(sum.answered), grouped(sum.refused), minutes(sum.duration)]
    };
    let headings = &["COUNTRY", ">CALLS", ">ANSWERED", ">REFUSED", ">LASTED"];
    Section {
        title: "Calls by country",
        level,
        said,
        grid: Grid::of(headings, facts.calls.countries.iter().map(row)),
        advice,
    }
}
