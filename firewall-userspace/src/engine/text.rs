//! Short names that are kept without allocating.
//!
//! Owns: the first bytes of a name, and whether there were more. Refuses: character sets: what is shown of it is made
//! readable, not right.
use firewall_common::sip::message;

/// At most `N` bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name<const N: usize> {
    bytes: [u8; N],
    /// How many bytes there are; more than `N` when the name was cut.
    len: u8,
}

impl<const N: usize> Default for Name<N> {
    fn default() -> Self {
        Self { bytes: [0; N], len: 0 }
    }
}

impl<const N: usize> Name<N> {
    /// The first bytes of a name.
    pub(super) fn new(name: &[u8]) -> Self {
        let mut new = Self::default();
        let kept = name.len().min(N);
        new.bytes[..kept].copy_from_slice(&name[..kept]);
        new.len = u8::try_from(name.len()).unwrap_or(u8::MAX);
        new
    }

    /// The first bytes of a text, as it is meant.
    pub(super) fn of_text(text: message::Text<'_>) -> Self {
        if let Some(plain) = text.as_plain() {
            return Self::new(plain);
        }
        let mut room = [0; 256];
        Self::new(text.copy_to(&mut room))
    }

    /// The bytes that are kept.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len).min(N)]
    }

    /// The whole name; nothing if it was cut.
    pub(super) fn whole(&self) -> Option<&[u8]> {
        (usize::from(self.len) <= N).then(|| self.bytes())
    }

    /// The name for people: what is no text, or could move their terminal's cursor, is replaced.
    pub(super) fn shown(&self) -> String {
        let text = String::from_utf8_lossy(self.bytes());
        text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_knows_whether_it_is_whole() {
        assert_eq!(Name::<4>::new(b"1001").whole(), Some(&b"1001"[..]));
        let cut = Name::<4>::new(b"10012");
        assert_eq!((cut.whole(), cut.bytes()), (None, &b"1001"[..]));
        assert_eq!(Name::<4>::new(&[b'x'; 1_000]).whole(), None);
    }

    #[test]
    fn a_name_is_shown_without_its_tricks() {
        assert_eq!(Name::<16>::new(b"a\x1b[2J\xff\n").shown(), "a\u{fffd}[2J\u{fffd}\u{fffd}");
    }
}
