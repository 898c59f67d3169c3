//! Lists in text.
//!
//! Owns: which part of a line is the prefix. Refuses: lists whose prefix is not the first column.
use super::parse::Parsed;

/// Reads one prefix or range a line: `#`, `;` and `//` begin comments, and what stands behind the first column is somebody's
/// remark.
pub(super) fn read(bytes: &[u8], parsed: &mut Parsed) {
    for line in bytes.split(|b| *b == b'\n' || *b == b'\r') {
        let line = String::from_utf8_lossy(line);
        let item = item(&line);
        if !item.is_empty() {
            parsed.take(&item);
        }
        if parsed.overfull {
            return;
        }
    }
}

fn item(line: &str) -> String {
    let line = line.split(['#', ';']).next().unwrap_or_default();
    let line = line.split("//").next().unwrap_or_default();
    let mut columns =
        line.split([' ', '\t', ',', '|']).map(|column| column.trim_matches(['"', '\''])).filter(|c| !c.is_empty());
    let first = columns.next().unwrap_or_default();
    // A range with blanks around its dash.
    match (columns.next(), columns.next()) {
        (Some("-"), Some(last)) => format!("{first}-{last}"),
        _ => first.to_owned(),
    }
}
