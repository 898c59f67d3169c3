//! A call's messages in short, for a diagram of them.
//!
//! Owns: what is kept of a message, and how many of them. Refuses: any word of a message.
use serde::{Deserialize, Serialize};

use firewall_common::sip::Method;

/// Messages that are kept of a call.
pub const RUNGS: usize = 24;

/// The messages of a call, in their order: its first ones and its last ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ladder {
    rungs: Vec<Rung>,
    /// How many were left out in the middle.
    skipped: u32,
}

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Short", into = "Short")]
pub struct Rung {
    /// Milliseconds since the call began.
    pub after: u32,
    /// The number of its leg, counted from 0.
    pub leg: u8,
    /// Whether the remote party sent it.
    pub inbound: bool,
    /// The number of its method; of a response, that of the request which it answers.
    pub method: u8,
    /// The status of a response; 0 for a request.
    pub status: u16,
}

/// A message as it is written down.
type Short = (u32, u8, bool, u8, u16);

impl From<Short> for Rung {
    fn from((after, leg, inbound, method, status): Short) -> Self {
        Self { after, leg, inbound, method, status }
    }
}

impl From<Rung> for Short {
    fn from(Rung { after, leg, inbound, method, status }: Rung) -> Self {
        (after, leg, inbound, method, status)
    }
}

impl Rung {
    /// The method; of a response, that of the request which it answers.
    pub fn method(&self) -> Method {
        Method::from_number(self.method.into())
    }

    /// Whether it is the same message once more.
    fn repeats(&self, other: &Self) -> bool {
        Self { after: 0, ..*self } == Self { after: 0, ..*other }
    }
}

impl Ladder {
    /// Adds a message, in the place of one in the middle if there are too many. One that is repeated counts once.
    pub fn push(&mut self, rung: Rung) {
        if self.rungs.last().is_some_and(|last| last.repeats(&rung)) {
            return;
        }
        if self.rungs.len() >= RUNGS {
            self.rungs.remove(RUNGS / 2);
            self.skipped = self.skipped.saturating_add(1);
        }
        self.rungs.push(rung);
    }

    /// Those before the gap, how many the gap has, and those behind it.
    pub fn parts(&self) -> (&[Rung], u32, &[Rung]) {
        let at = if self.skipped == 0 { self.rungs.len() } else { self.rungs.len().min(RUNGS / 2) };
        let (before, behind) = self.rungs.split_at(at);
        (before, self.skipped, behind)
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.rungs.is_empty()
    }

    /// Bytes that it takes besides itself.
    pub fn weight(&self) -> usize {
        size_of_val(&*self.rungs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_messages_are_kept() {
        let mut ladder = Ladder::default();
        let rung = |after| Rung { after, leg: 0, inbound: true, method: 1, status: (after / 2) as u16 };
        (0..100).for_each(|after| ladder.push(rung(after)));
        let (before, skipped, behind) = ladder.parts();
        assert_eq!((before.len(), skipped, behind.len()), (RUNGS / 2, 50 - RUNGS as u32, RUNGS / 2));
        assert_eq!((before[1].after, behind.last().map(|rung| rung.after)), (2, Some(98)), "repetitions count once");
        let text = serde_json::to_string(&ladder).unwrap();
        assert!(text.starts_with("{\"rungs\":[[0,0,true,1,0],[2,0,true,1,1]"), "{text}");
        assert_eq!(serde_json::from_str::<Ladder>(&text).unwrap(), ladder);
        assert_eq!(ladder.rungs[3].method(), Method::Invite);
    }
}
