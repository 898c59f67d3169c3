//! Lists of numbers as files: a line each of prefix, action, class and comment (RFC 4180).
//!
//! Owns: reading them, with every bad line told. Refuses: opening files.
use firewall_common::number::{Number, NumberAction, Plan};

use super::{ListKind, NumberWord as _, parse_number};

/// A line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The prefix.
    pub prefix: Number,
    /// What is done.
    pub action: NumberAction,
    /// The class's name.
    pub class: Option<String>,
    /// A note.
    pub comment: Option<String>,
}

/// Reads a list; a first line that begins with the word `prefix` is a heading. Of two lines with one prefix the later holds.
///
/// # Errors
///
/// Every bad line, with the file's name and the line's number.
pub fn read_csv(file: &str, bytes: &[u8], list: ListKind, plan: &Plan) -> Result<Vec<Row>, Vec<String>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(::csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(bytes);
    let (mut rows, mut errors) = (Vec::new(), Vec::new());
    for (index, record) in reader.records().enumerate() {
        let line = |position: Option<&::csv::Position>| line_of(bytes, position.map_or(0, ::csv::Position::byte));
        match record {
            Ok(record) if index == 0 && record.get(0).is_some_and(|cell| cell.eq_ignore_ascii_case("prefix")) => {}
            Ok(record) => match row(&record, list, plan) {
                Ok(row) => rows.push(row),
                Err(error) => errors.push(format!("{file}:{}: {error}", line(record.position()))),
            },
            Err(error) => errors.push(format!("{file}:{}: this is no CSV in UTF-8", line(error.position()))),
        }
    }
    if errors.is_empty() { Ok(rows) } else { Err(errors) }
}

/// The line of what is read from `at` on: lines without anything and remarks come before it.
fn line_of(bytes: &[u8], at: u64) -> usize {
    let at = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    let before = bytes[..at].iter().filter(|byte| **byte == b'\n').count();
    let lines = bytes[at..].split(|byte| *byte == b'\n');
    let skipped = lines.take_while(|line| line.trim_ascii().is_empty() || line.starts_with(b"#")).count();
    before + skipped + 1
}

fn row(record: &::csv::StringRecord, list: ListKind, plan: &Plan) -> Result<Row, String> {
    if record.len() > 4 {
        return Err(format!("there are {} columns: quote a comment that has commas", record.len()));
    }
    let cell = |at: usize| record.get(at).filter(|text| !text.is_empty());
    let prefix = parse_number(cell(0).unwrap_or_default(), plan).map_err(|error| error.to_string())?;
    let word = cell(1).ok_or("the action is missing: write allow, deny or code")?;
    let action = NumberAction::from_word(word)
        .filter(|action| list == ListKind::Dialled || *action != NumberAction::Code)
        .ok_or_else(|| format!("`{}` is no action: write allow, deny{}", word.escape_default(), code(list)))?;
    let class = cell(2).map(class).transpose()?;
    if action == NumberAction::Code && class.is_none() {
        return Err("a code opens a class: write its name in the third column".to_owned());
    }
    Ok(Row { prefix, action, class, comment: cell(3).map(str::to_owned) })
}

fn code(list: ListKind) -> &'static str {
    if list == ListKind::Dialled { " or code" } else { "" }
}

fn class(name: &str) -> Result<String, String> {
    let plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    if name.chars().count() <= 32 && name.chars().all(plain) {
        return Ok(name.to_owned());
    }
    Err(format!("`{}` is no name of a class: write 1 to 32 letters, digits, - and _", name.escape_default()))
}

#[cfg(test)]
mod tests {
    use super::super::number_text;
    use super::*;

    fn read(text: &str) -> Result<Vec<Row>, Vec<String>> {
        read_csv("f", text.as_bytes(), ListKind::Dialled, &Plan::NONE)
    }

    #[test]
    fn a_list_is_read_line_by_line() {
        let rows =
            read("prefix,action,class,comment\r\n+49900, deny ,premium,\"a, b\"\n\n# none\n110,allow\n").unwrap();
        let texts: Vec<String> = rows.iter().map(|row| number_text(row.prefix)).collect();
        assert_eq!(texts, ["+49900", "110"]);
        let first = (&rows[0].action, rows[0].class.as_deref(), rows[0].comment.as_deref());
        assert_eq!(first, (&NumberAction::Deny, Some("premium"), Some("a, b")));
        assert_eq!((rows[1].action, &rows[1].class), (NumberAction::Allow, &None));
    }

    #[test]
    fn every_bad_line_is_told_by_its_number() {
        let errors = read("+49,deny\nx,deny\n\n+1,own\n+2,code\n+3\n+4,deny,a b\n+5,deny,a,b,c\n").unwrap_err();
        let lines: Vec<&str> = errors.iter().map(|error| error.split(':').nth(1).unwrap()).collect();
        assert_eq!(lines, ["2", "4", "5", "6", "7", "8"], "{errors:?}");
        assert!(read_csv("f", b"+1,code,c", ListKind::Caller, &Plan::NONE).is_err());
        assert!(read_csv("f", b"+1,deny,\xff", ListKind::Dialled, &Plan::NONE).is_err());
    }
}
