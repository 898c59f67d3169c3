//! Signs for media that is encrypted, and for media that is not.
//!
//! Owns: which form of them a terminal can show. Refuses: what is encrypted.

/// How signs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signs {
    /// As locks.
    Locks,
    /// As words.
    Words,
}

impl Signs {
    /// Locks for a terminal whose locale can show them; `variable` tells a variable of the environment.
    pub(crate) fn pick(ascii: bool, terminal: bool, variable: impl Fn(&str) -> Option<String>) -> Self {
        // The first of these that is set decides (POSIX.1-2017, Base Definitions, chapter 8.2).
        let locale =
            ["LC_ALL", "LC_CTYPE", "LANG"].iter().filter_map(|name| variable(name)).find(|value| !value.is_empty());
        let utf8 = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        if terminal && utf8 && !ascii { Self::Locks } else { Self::Words }
    }

    /// The sign of media.
    pub(super) const fn of(self, encrypted: bool) -> &'static str {
        match (self, encrypted) {
            (Self::Locks, true) => "🔒",
            (Self::Locks, false) => "🔓",
            (Self::Words, true) => "secure",
            (Self::Words, false) => "PLAIN",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_are_for_terminals_that_can_show_them() {
        let pick = |ascii, terminal, all: &str, lang: &str| {
            Signs::pick(ascii, terminal, |name| match name {
                "LC_ALL" => Some(all.to_owned()),
                "LANG" => Some(lang.to_owned()),
                _ => None,
            })
        };
        assert_eq!(pick(false, true, "", "de_CH.UTF-8"), Signs::Locks);
        assert_eq!(pick(false, true, "C", "de_CH.UTF-8"), Signs::Words);
        assert_eq!(pick(true, true, "C.utf8", ""), Signs::Words);
        assert_eq!(pick(false, false, "C.utf8", ""), Signs::Words);
        assert_eq!(Signs::pick(false, true, |_| None), Signs::Words);
    }
}
