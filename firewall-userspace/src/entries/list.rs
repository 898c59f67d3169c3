//! Lists of prefixes: one a line, `#` begins a comment.
//!
//! Owns: reading them, with every bad line reported at once. Refuses: opening files, and lists in other formats.
use std::collections::HashMap;
use std::fmt;

use firewall_common::addr::Prefix;

use super::prefix::{PrefixError, parse_prefix};

/// One prefix of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPrefix {
    /// The prefix.
    pub prefix: Prefix,
    /// What stood behind `#` on its line.
    pub comment: Option<String>,
}

/// A line that is no prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineError {
    /// The list's name.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub error: PrefixError,
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.error)
    }
}

impl std::error::Error for LineError {}

/// Reads a list. The same prefix again adds nothing, except a comment that the first one lacked.
pub fn parse_list(name: &str, text: &str) -> Result<Vec<ListedPrefix>, Vec<LineError>> {
    let mut list: Vec<ListedPrefix> = Vec::new();
    let mut places: HashMap<Prefix, usize> = HashMap::new();
    let mut errors = Vec::new();
    // A byte order mark is what some editors leave at the start of a file.
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        match parse_line(line) {
            Ok(None) => {}
            Ok(Some(new)) => match places.get(&new.prefix).and_then(|&at| list.get_mut(at)) {
                Some(known) => known.comment = known.comment.take().or(new.comment),
                None => {
                    places.insert(new.prefix, list.len());
                    list.push(new);
                }
            },
            Err(error) => errors.push(LineError { file: name.to_owned(), line: number + 1, error }),
        }
    }
    if errors.is_empty() { Ok(list) } else { Err(errors) }
}

fn parse_line(line: &str) -> Result<Option<ListedPrefix>, PrefixError> {
    let (prefix, comment) = line.split_once('#').map_or((line, ""), |(p, c)| (p, c.trim()));
    if prefix.trim().is_empty() {
        return Ok(None);
    }
    let comment = (!comment.is_empty()).then(|| comment.to_owned());
    parse_prefix(prefix).map(|prefix| Some(ListedPrefix { prefix, comment }))
}

#[cfg(test)]
mod tests {
    use super::super::prefix::prefix_text;
    use super::*;

    #[test]
    fn comments_blanks_and_repeats() {
        let text = "\u{feff}# ours\r\n\n203.0.113.0/24 # office # north\r\n198.51.100.7\n  203.0.113.0/24\n198.51.100.7/32 # phone\n";
        let list = parse_list("x", text).unwrap();
        let said: Vec<_> = list.iter().map(|l| (prefix_text(l.prefix), l.comment.as_deref())).collect();
        assert_eq!(said, [("203.0.113.0/24".into(), Some("office # north")), ("198.51.100.7".into(), Some("phone"))]);
        assert_eq!(parse_list("x", "").unwrap(), []);
    }

    #[test]
    fn every_bad_line_is_reported() {
        let errors = parse_list("bad.txt", "10.0.0.1\nfoo\n\n10.0.0.1/8 # x\n10.0.0.2\n1.2.3.4/40").unwrap_err();
        assert_eq!(errors.iter().map(|e| e.line).collect::<Vec<_>>(), [2, 4, 6]);
        assert_eq!(errors[0].to_string(), "bad.txt:2: `foo` is no IPv4 or IPv6 address");
    }

    #[test]
    fn ten_thousand_lines() {
        let text: String = (0..10_000).map(|i| format!("10.{}.{}.7 # no {i}\n", i / 256, i % 256)).collect();
        let begin = std::time::Instant::now();
        assert_eq!(parse_list("x", &text).unwrap().len(), 10_000);
        assert!(begin.elapsed().as_secs() < 2);
    }
}
