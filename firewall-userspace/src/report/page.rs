//! The report for the owner: one page, a section for each thing that he should know and what to do about it.
//!
//! Owns: the order of the sections, and what one is made of. Refuses: finding out (the database does), and any word for
//! specialists alone.
mod attacks;
mod bans;
mod countries;
mod devices;
mod encryption;
mod html;
mod passwords;
mod refused;
mod text;

use serde_json::{Value, json};

use crate::call_log::Cost;
use crate::entries::StoredEntry;
use crate::report::media;
use crate::store::{CallSums, EventSum, StoredAlarm};

pub(crate) use html::html;
pub(crate) use text::text;

/// What the page is made of.
pub(crate) struct Facts {
    /// The beginning and the end of what it is about, Unix milliseconds.
    pub(crate) since: i64,
    pub(crate) now: i64,
    /// Sampled drops by reason, most first.
    pub(crate) events: Vec<EventSum>,
    /// Bans that began since then, newest first.
    pub(crate) bans: Vec<StoredEntry>,
    /// Alarms that were raised since then, newest first.
    pub(crate) alarms: Vec<StoredAlarm>,
    pub(crate) calls: CallSums,
    pub(crate) cost: Option<Cost>,
    /// Whether all calls are logged.
    pub(crate) logs: bool,
    /// What calls' media was like.
    pub(crate) media: media::Report,
    /// Accounts whose passwords were guessed, with why and since when; nothing where nobody tries.
    pub(crate) passwords: Option<Vec<[String; 3]>>,
    /// Devices that need something, with what and since when; nothing where none is known.
    pub(crate) devices: Option<Vec<[String; 3]>>,
}

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// Nothing is to be done.
    Good,
    /// Somebody should have a look.
    Look,
    /// Something is to be done.
    Act,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Look => "look",
            Self::Act => "act",
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::Good => "Nothing to do",
            Self::Look => "Have a look",
            Self::Act => "Something to do",
        }
    }
}

/// A part of the page.
struct Section {
    title: &'static str,
    level: Level,
    /// What was seen, in sentences.
    said: Vec<String>,
    /// The same in numbers.
    grid: Option<Grid>,
    /// What to do.
    advice: Vec<String>,
}

/// A table: headings, of which those of numbers begin with `>`, and rows.
struct Grid {
    headings: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

/// Rows of a table at most: it is one page.
const ROWS: usize = 15;

impl Grid {
    /// A table of the first rows; none where there are none.
    fn of(headings: &'static [&'static str], rows: impl Iterator<Item = Vec<String>>) -> Option<Self> {
        let rows: Vec<Vec<String>> = rows.take(ROWS).collect();
        (!rows.is_empty()).then_some(Self { headings, rows })
    }
}

fn sections(facts: &Facts) -> Vec<Section> {
    vec![
        refused::section(facts),
        attacks::section(facts),
        bans::section(facts),
        countries::section(facts),
        encryption::section(facts),
        passwords::section(facts),
        devices::section(facts),
    ]
}

/// For programs.
pub(crate) fn json(facts: &Facts) -> Value {
    let section = |section: Section| {
        let Section { title, level, said, grid, advice } = section;
        let rows = grid.map(|Grid { headings, rows }| {
            let headings: Vec<&str> = headings.iter().map(|heading| heading.trim_start_matches('>')).collect();
            json!({ "headings": headings, "rows": rows })
        });
        json!({ "title": title, "level": level.word(), "said": said, "table": rows, "advice": advice })
    };
    let sections: Vec<Value> = sections(facts).into_iter().map(section).collect();
    json!({ "since": facts.since, "until": facts.now, "sections": sections })
}

#[cfg(test)]
mod tests;
