//! The page as a file for a browser: everything in it, no script, nothing from elsewhere.
//!
//! Owns: its form. Every text is escaped by the macro. Refuses: its words.
use maud::{DOCTYPE, Markup, html as markup};

use super::{Facts, Grid, Section, sections};
use crate::report::time::instant;

const STYLE: &str = "\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}\
table{border-collapse:collapse;margin:1rem 0;font-size:.9rem}\
td,th{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #ddd;vertical-align:top}\
td.n,th.n{text-align:right}\
.level{font-size:.8rem;padding:.1rem .5rem;border-radius:.5rem;margin-left:.5rem;vertical-align:middle}\
.good{background:#dff0d8}.look{background:#fff3cd}.act{background:#f8d7da}";

/// The document.
pub(crate) fn html(facts: &Facts) -> String {
    let title = format!("sipfw report, {} to {}", instant(facts.since), instant(facts.now));
    let page = markup! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (title) }
                style { (STYLE) }
            }
            body {
                h1 { (title) }
                @for one in &sections(facts) { (section(one)) }
            }
        }
    };
    page.into_string()
}

fn section(section: &Section) -> Markup {
    let Section { title, level, said, grid, advice } = section;
    markup! {
        h2 { (title) span class=(format!("level {}", level.word())) { (level.sentence()) } }
        @for line in said { p { (line) } }
        @if let Some(grid) = grid { (rows(grid)) }
        @if !advice.is_empty() { ul { @for line in advice { li { (line) } } } }
    }
}

fn rows(grid: &Grid) -> Markup {
    let class = |at: usize| grid.headings.get(at).is_some_and(|heading| heading.starts_with('>')).then_some("n");
    markup! {
        table {
            tr { @for (at, heading) in grid.headings.iter().enumerate() { th class=[class(at)] { (heading.trim_start_matches('>')) } } }
            @for row in &grid.rows {
                tr { @for (at, cell) in row.iter().enumerate() { td class=[class(at)] { (cell) } } }
            }
        }
    }
}
