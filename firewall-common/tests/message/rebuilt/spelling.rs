//! The choices that a writer of SIP has.
//!
//! Owns: white space, names, quotes and lists. Refuses: what is said.

/// How it is spelled: numbers that are used up one by one.
#[derive(Clone, Debug)]
pub(super) struct Spelling {
    choices: Vec<u8>,
    next: usize,
}

impl Spelling {
    pub(super) fn new(choices: Vec<u8>) -> Self {
        Self { choices, next: 0 }
    }

    pub(super) fn choose(&mut self, of: usize) -> usize {
        self.next += 1;
        usize::from(self.choices[self.next % self.choices.len()]) % of
    }

    /// White space where some may stand.
    pub(super) fn gap(&mut self) -> &'static str {
        ["", "", " ", "\t", "  ", "\r\n ", " \r\n\t "][self.choose(7)]
    }

    /// White space where some must stand.
    pub(super) fn blank(&mut self) -> &'static str {
        [" ", " ", "\t ", "\r\n ", " \r\n \r\n  "][self.choose(5)]
    }

    /// A name, long or compact, in some case.
    pub(super) fn name(&mut self, long: &str, compact: &str) -> String {
        let name = if compact.is_empty() { long } else { [long, compact][self.choose(2)] };
        let name = match self.choose(3) {
            0 => name.to_owned(),
            1 => name.to_ascii_uppercase(),
            _ => name.to_ascii_lowercase(),
        };
        format!("{name}{}:{}", ["", " ", "\t"][self.choose(3)], self.gap())
    }

    pub(super) fn mark(&mut self, mark: char) -> String {
        format!("{}{mark}{}", self.gap(), self.gap())
    }

    /// In quotes; whatever must be escaped is, and other things sometimes are. A space may be folded.
    pub(super) fn quoted(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut quoted = vec![b'"'];
        for byte in bytes {
            if matches!(byte, b'"' | b'\\') || self.choose(4) == 0 {
                quoted.extend([b'\\', *byte]);
            } else if *byte == b' ' && self.choose(2) == 0 {
                quoted.extend(b"\r\n \t");
            } else {
                quoted.push(*byte);
            }
        }
        quoted.push(b'"');
        quoted
    }

    /// A list in one header field or several.
    pub(super) fn list(&mut self, long: &str, compact: &str, elements: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        let mut fields: Vec<Vec<u8>> = Vec::new();
        for element in elements {
            match fields.last_mut() {
                Some(field) if self.choose(2) == 0 => field.extend([self.mark(',').as_bytes(), &element].concat()),
                _ => fields.push([self.name(long, compact).as_bytes(), &element].concat()),
            }
        }
        fields
    }
}
