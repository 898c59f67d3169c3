//! Tables.
//!
//! Owns: their look. Refuses: cells' contents.
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

/// An empty table; a heading that begins with `>` is of a column of numbers.
pub(crate) fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(headings.iter().map(|h| Cell::new(h.trim_start_matches('>'))));
    for (index, heading) in headings.iter().enumerate() {
        let Some(column) = table.column_mut(index) else { continue };
        column.set_padding((0, 2));
        if heading.starts_with('>') {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Names and values, one pair a line.
pub(crate) fn pairs<K: AsRef<str>, V: AsRef<str>>(pairs: &[(K, V)]) -> String {
    let width = pairs.iter().map(|(k, _)| k.as_ref().chars().count()).max().unwrap_or(0);
    pairs.iter().map(|(k, v)| format!("{:width$}  {}\n", k.as_ref(), v.as_ref())).collect()
}
