//! Telephone numbers: as they are dialled, as they stand in lists, and how the one becomes the other.
//!
//! Owns: digits, the plan by which a dialled number becomes an international one (ITU-T E.164, E.123), the records of the
//! kernel's number map, and what follows from what they say. Refuses: maps, lists and their files, and messages' other parts.
mod digits;
mod plan;
mod rule;

pub use digits::{DIGITS, Digits, HASH, STAR};
pub use plan::{Dialled, INTERNATIONAL, LOCAL, Number, Plan, REWRITES, Rewrite};
pub use rule::{Directions, NumberAction, NumberKey, NumberRule, NumberTerm, Outcome, decide, longer};
