//! Block lists: prefixes that somebody else publishes, kept apart from the operator's own entries.
//!
//! Owns: what a list is, reading its bytes, what makes one unfit to be used, fetching it, and when. Refuses: keeping what it
//! read (the store does) and enforcing it (`entries` compiles it, after everything that the operator said).
mod apiban;
mod fetch;
mod fitness;
mod json;
mod parse;
mod refresh;
mod registry;
mod schedule;
mod spec;
mod text;

#[cfg(test)]
mod tests;

pub use fetch::{Fetcher, Pace};
pub use fitness::{LeftOut, Room, Surroundings, Unfit};
pub use parse::{Parsed, parse};
pub use refresh::{Outcome, Refreshed, refresh};
pub use registry::{register, surroundings};
pub use schedule::{Jitter, next_try};
pub use spec::{Format, ListSpec, Location, LocationError};
pub(crate) use spec::{MAX_CHANGE, MAX_ENTRIES, WIDEST};
