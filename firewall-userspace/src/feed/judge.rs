//! Which lines of a file are believed, one after the other.
//!
//! Owns: what a line means for those before and behind it. Refuses: reading files, and what a line says (the parsers do).
//!
//! A PBX writes remote parties' words into its log, and some write line ends with them. So a line by itself proves nothing:
//! it may be the middle of another. Three rules hold. An event is believed when the next line begins as the PBX begins its
//! lines, or when nothing followed for a while (a PBX writes a message at once). A line that does not begin so opens a
//! window, as long as the PBX's longest message, in which nothing is believed. And where the PBX bounds what a remote party
//! can write, the window ends with that.
use super::report::{Reading, Refusal, Report};
use super::{asterisk, freeswitch, kamailio};

/// Whose lines a file has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// Asterisk's security log.
    Asterisk,
    /// FreeSWITCH's warnings of `sofia_reg.c`.
    FreeSwitch {
        /// The profiles that only take connections.
        connected: Vec<String>,
    },
    /// What Kamailio's script writes for us.
    Kamailio,
}

impl Format {
    /// The longest window that a line can open, in bytes.
    pub fn window(&self) -> u64 {
        match self {
            Self::Asterisk => 8_192,
            Self::FreeSwitch { .. } | Self::Kamailio => 65_536,
        }
    }

    /// Reads one line, without its line end.
    pub fn read(&self, line: &[u8]) -> Reading {
        match self {
            Self::Asterisk => asterisk::line::read(line),
            Self::FreeSwitch { connected } => freeswitch::read(line, connected),
            Self::Kamailio => kamailio::read(line),
        }
    }

    fn read_too_long(&self, beginning: &[u8]) -> Reading {
        match self {
            Self::Asterisk => asterisk::line::too_long(beginning),
            Self::FreeSwitch { .. } => freeswitch::too_long(beginning),
            Self::Kamailio => kamailio::too_long(beginning),
        }
    }
}

/// What a line turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An event that is believed.
    Event(Report),
    /// Nothing of interest.
    Other,
    /// Not believed.
    Refused(Refusal),
}

/// The judge of one file's lines.
#[derive(Clone, Debug)]
pub struct Judge {
    format: Format,
    /// The last event, until the next line shows that it was whole.
    held: Option<Report>,
    /// What begins before this is not believed.
    suspect: u64,
    /// What begins before this is not even looked at.
    ignored: u64,
}

impl Judge {
    /// A judge who has seen nothing.
    pub fn new(format: Format) -> Self {
        Self { format, held: None, suspect: 0, ignored: 0 }
    }

    /// A judge of the same kind who has seen nothing.
    pub fn anew(&self) -> Self {
        Self::new(self.format.clone())
    }

    /// Forgets the event that waits for the next line.
    pub fn forget(&mut self) {
        self.held = None;
    }

    /// Judges the line that begins at byte `at` of the file, without its line end.
    pub fn line(&mut self, at: u64, line: &[u8], tell: impl FnMut(Verdict)) {
        let reading = if at < self.ignored { Reading::Torn(Refusal::Behind, 0) } else { self.format.read(line) };
        self.weigh(at, reading, tell);
    }

    /// Judges a line that is longer than lines are, by its beginning.
    pub fn too_long(&mut self, at: u64, beginning: &[u8], tell: impl FnMut(Verdict)) {
        self.weigh(at, self.format.read_too_long(beginning), tell);
    }

    /// Nothing has followed the last line for a while.
    pub fn quiet(&mut self, mut tell: impl FnMut(Verdict)) {
        self.held.take().into_iter().for_each(|report| tell(Verdict::Event(report)));
    }

    /// Whether an event waits for the next line.
    pub fn waits(&self) -> bool {
        self.held.is_some()
    }

    fn weigh(&mut self, at: u64, reading: Reading, mut tell: impl FnMut(Verdict)) {
        let begins = !matches!(reading, Reading::Torn(Refusal::Foreign | Refusal::Behind | Refusal::TooLong, _));
        if let Some(held) = self.held.take() {
            tell(if begins { Verdict::Event(held) } else { Verdict::Refused(Refusal::Cut) });
        }
        match reading {
            Reading::Event(_) if at < self.suspect => tell(Verdict::Refused(Refusal::Behind)),
            Reading::Event(report) => self.held = Some(report),
            Reading::Other => tell(Verdict::Other),
            Reading::Refused(refusal) => tell(Verdict::Refused(refusal)),
            Reading::Torn(refusal, window) => {
                self.suspect = self.suspect.max(at.saturating_add(window));
                tell(Verdict::Refused(refusal));
            }
            Reading::Split(refusal, window) => {
                self.ignored = self.ignored.max(at.saturating_add(window));
                tell(Verdict::Refused(refusal));
            }
        }
    }
}

#[cfg(test)]
mod tests;
