//! The loaded kernel program under test: a private instance, without pins and without an interface.
//!
//! Owns: loading it from a config's text, filling the maps that the daemon would fill, running frames through it, and
//! holding every counter against what a packet must change. Refuses: knowing what is right (tables and the model do).
mod copies;
mod counters;
mod entries;
mod expect;
mod media;
mod numbers;
mod shield;

pub use copies::Copied;
pub use counters::Counters;
pub use entries::{SECOND, allow, ban, deny};
pub use expect::{Row, row};
pub use numbers::{CODE_DIGITS, digits, judge_numbers, number, plan, rule};
pub use shield::{Action, KEY, Shield, now};
