//! Telephone numbers: as they are dialled, as they stand in lists, and how the one becomes the other.
//!
//! Owns: digits, the plan by which a dialled number becomes an international one (ITU-T E.164, E.123), the records of the
//! kernel's number map, and what follows from what they say. Refuses: maps, lists and their files, and messages' other parts.
mod code;
mod digits;
mod plan;
mod refer;
mod rule;
mod scan;

pub use code::{CODE_MAX, block_list, code, code_hash, opened_cell};
pub use digits::{DIGITS, Digits, HASH, STAR};
pub use plan::{Dialled, INTERNATIONAL, LOCAL, Number, Plan, REWRITES, Rewrite};
pub use refer::{address, address_go, refer_go, refer_to, request_uri};
pub use rule::{Directions, NumberAction, NumberKey, NumberRule, NumberTerm, Outcome, decide, longer};
pub use scan::{Scan, Uri, of_uri, read, uri};
