//! Text that others wrote.
//!
//! Owns: making it harmless for a terminal. Refuses: shortening without a sign of it.

/// Text without the power to move a cursor, change a colour, or write what follows backwards.
pub(crate) fn plain(text: &str) -> String {
    let harmless = |c: char| match c {
        c if c.is_control() => c.escape_default().to_string(),
        c if is_invisible(c) => c.escape_unicode().to_string(),
        c => c.to_string(),
    };
    text.chars().map(harmless).collect()
}

/// Characters that only say how others are written (Unicode, general category Cf, as far as terminals heed them).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The first line of a payload, at most `width` characters of it.
pub(crate) fn first_line(payload: &[u8], width: usize) -> String {
    let line = payload.split(|b| *b == b'\r' || *b == b'\n').next().unwrap_or_default();
    shorten(&plain(&String::from_utf8_lossy(line)), width)
}

/// At most `width` characters, the last one telling that there were more.
pub(crate) fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// `1 entry`, `2 entries`.
pub(crate) fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", super::number::grouped(n as u64), if n == 1 { one } else { many })
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed<T: AsRef<str>>(words: &[T]) -> String {
    match words {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [all @ .., last] => {
            let all: Vec<&str> = all.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", all.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_do_not_reach_the_terminal() {
        assert_eq!(plain("a\u{1b}[31mb\n"), "a\\u{1b}[31mb\\n");
        assert_eq!(plain("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(first_line(b"OPTIONS sip:a SIP/2.0\r\nVia", 80), "OPTIONS sip:a SIP/2.0");
        assert_eq!(first_line(b"0123456789", 5), "0123…");
        assert_eq!(first_line(&[0xff, 0, b'a'], 20), "\u{fffd}\\u{0}a");
    }

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
        assert_eq!(listed(&["a"]), "a");
        assert_eq!((counted(1, "entry", "entries"), counted(2_000, "entry", "entries")).1, "2,000 entries");
    }
}
