//! The page for a terminal or a mail.
//!
//! Owns: its form. Refuses: its words.
use super::{Facts, Grid, Section, sections};
use crate::report::table::table;
use crate::report::time::instant;

/// All of it, with line ends.
pub(crate) fn text(facts: &Facts) -> String {
    let head = format!("sipfw report, {} to {}\n", instant(facts.since), instant(facts.now));
    std::iter::once(head).chain(sections(facts).iter().map(section)).collect()
}

fn section(section: &Section) -> String {
    let Section { title, level, said, grid, advice } = section;
    let said: String = said.iter().map(|line| format!("{line}\n")).collect();
    let grid = grid.as_ref().map_or_else(String::new, |grid| format!("\n{}\n", rows(grid)));
    let advice: String = advice.iter().map(|line| format!("  → {line}\n")).collect();
    let advice = if advice.is_empty() { advice } else { format!("\n{advice}") };
    format!("\n{} [{}]\n\n{said}{grid}{advice}", title.to_uppercase(), level.sentence())
}

fn rows(grid: &Grid) -> comfy_table::Table {
    let mut table = table(grid.headings);
    table.add_rows(&grid.rows);
    table
}
