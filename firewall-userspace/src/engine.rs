//! The daemon's decisions: values and the time in, commands out.
//!
//! Owns: who is banned, held and trusted ([`Engine`]); when credits are granted, when the database is looked at, when
//! expired entries go. Refuses: clocks, kernels, files and sockets; so everything it does can be tested by calling it.
//!
//! The way of a message through the engine: reading → transactions → judge → decide → sentence, with the ledger for what
//! is proven, and trust for what succeeded.
mod accounts;
pub mod call;
mod calls;
mod clock;
mod codes;
pub mod command;
mod counts;
mod credits;
mod decide;
pub mod evidence;
mod facts;
mod feed;
mod fraud;
mod hash;
mod identity;
mod incidents;
pub mod input;
mod inventory;
mod judge;
mod ledger;
mod memory;
mod persist;
mod probes;
mod reading;
mod registers;
mod registrations;
pub mod saved;
mod sentence;
mod settings;
mod signs;
mod slow_path;
mod sources;
mod table;
mod tally;
#[cfg(test)]
mod tests;
mod text;
mod transactions;
mod trust;
mod upkeep;
mod who;

pub use counts::{CallCounts, Counts};
pub use credits::Credits;
pub(crate) use identity::word as verdict_word;
pub use slow_path::Engine;
pub use upkeep::{Seen, Task, Upkeep};
