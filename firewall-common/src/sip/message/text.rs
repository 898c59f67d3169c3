//! Text of a header field as it is meant: without quotes, escapes and folds.
//!
//! Owns: undoing them byte by byte, so that nothing is copied. Refuses: character sets; text is bytes.

/// Text that lies in a message.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    raw: &'a [u8],
    form: Form,
    quoted: bool,
}

/// How much has to be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Nothing.
    Plain,
    /// Folds.
    Folded,
    /// Folds and escapes.
    Escaped,
}

impl<'a> Text<'a> {
    /// Text without folds or escapes.
    pub(super) const fn plain(raw: &'a [u8]) -> Self {
        Self { raw, form: Form::Plain, quoted: false }
    }

    /// Text without quotes that may be folded.
    pub(super) const fn folded(raw: &'a [u8], folds: bool) -> Self {
        Self { raw, form: if folds { Form::Folded } else { Form::Plain }, quoted: false }
    }

    /// What stands between quotes; `plain` says that it has no folds or escapes.
    pub(super) const fn quoted(raw: &'a [u8], plain: bool) -> Self {
        Self { raw, form: if plain { Form::Plain } else { Form::Escaped }, quoted: true }
    }

    /// Whether quotes stand around it.
    pub const fn is_quoted(self) -> bool {
        self.quoted
    }

    /// As it stands in the message, without the quotes around it.
    pub const fn raw(self) -> &'a [u8] {
        self.raw
    }

    /// The text itself, if it stands in the message as it is meant; else see [`Text::bytes`].
    pub fn as_plain(self) -> Option<&'a [u8]> {
        (self.form == Form::Plain).then_some(self.raw)
    }

    /// The bytes as they are meant: an escape is the byte behind the backslash (RFC 3261 §25.1), a fold is one space
    /// (RFC 3261 §7.3.1).
    pub const fn bytes(self) -> Bytes<'a> {
        Bytes { rest: self.raw, form: self.form }
    }

    /// Whether it means these bytes.
    pub fn is(self, bytes: &[u8]) -> bool {
        self.as_plain().map_or_else(|| self.bytes().eq(bytes.iter().copied()), |plain| plain == bytes)
    }

    /// Whether it means these bytes, letters in either case.
    pub fn is_ignoring_case(self, bytes: &[u8]) -> bool {
        let lower = |byte: u8| byte.to_ascii_lowercase();
        self.bytes().map(lower).eq(bytes.iter().copied().map(lower))
    }

    /// Writes the bytes as they are meant to the start of `place` and gives them back: as many as there is room for.
    pub fn copy_to(self, place: &mut [u8]) -> &[u8] {
        let room = place.iter_mut().zip(self.bytes());
        let written = room.map(|(to, byte)| *to = byte).count();
        place.get(..written).unwrap_or_default()
    }
}

/// Equal when the same bytes are meant.
impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes().eq(other.bytes())
    }
}

impl Eq for Text<'_> {}

/// The bytes of a [`Text`] as they are meant.
#[derive(Clone, Debug)]
pub struct Bytes<'a> {
    rest: &'a [u8],
    form: Form,
}

impl Iterator for Bytes<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        match (self.form, byte) {
            (Form::Escaped, b'\\') => {
                let (&escaped, rest) = rest.split_first()?;
                self.rest = rest;
                Some(escaped)
            }
            (Form::Folded | Form::Escaped, b'\r') => {
                let rest = rest.strip_prefix(b"\n").unwrap_or(rest);
                let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
                self.rest = rest.get(blanks..).unwrap_or_default();
                Some(b' ')
            }
            _ => Some(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(text: Text<'_>) -> Vec<u8> {
        text.bytes().collect()
    }

    #[test]
    fn escapes_and_folds_are_undone() {
        let text = Text::quoted(b"a\\\"b\r\n \t c\\\\\\d", false);
        assert_eq!(meant(text), b"a\"b c\\d");
        assert!(text.is(b"a\"b c\\d") && text.is_ignoring_case(b"A\"B C\\D") && !text.is(b"a\"b"));
        assert_eq!(text.as_plain(), None);
    }

    #[test]
    fn a_backslash_outside_of_quotes_is_itself() {
        assert_eq!(meant(Text::folded(b"a\\b\r\n c", true)), b"a\\b c");
        assert_eq!(Text::folded(b"a\\b", false).as_plain(), Some(&b"a\\b"[..]));
    }

    #[test]
    fn texts_are_equal_when_they_mean_the_same() {
        assert_eq!(Text::quoted(b"\\a\r\n b", false), Text::plain(b"a b"));
        assert_ne!(Text::quoted(b"\\a", false), Text::folded(b"\\a", false));
    }

    #[test]
    fn a_copy_is_cut_at_the_room() {
        let text = Text::quoted(b"\\1\\0\\0\\1", false);
        assert_eq!(text.copy_to(&mut [0; 8]), b"1001");
        assert_eq!(text.copy_to(&mut [0; 3]), b"100");
    }
}
