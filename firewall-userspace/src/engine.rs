//! The daemon's decisions: values and the time in, commands out.
//!
//! Owns: when credits are granted, when the database is looked at, when expired entries go. Refuses: clocks, kernels, files
//! and sockets; so everything it does can be tested by calling it.
pub mod command;
mod credits;
pub mod evidence;
pub mod input;
pub mod saved;
mod upkeep;

pub use credits::Credits;
pub use upkeep::{Seen, Task, Upkeep};
