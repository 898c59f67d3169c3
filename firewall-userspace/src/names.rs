//! Peers by DNS name: which addresses a name stands for, and for how long that may be believed.
//!
//! Owns: which questions are asked, what of the answers is believed, and what stays known when none come. Refuses: sockets
//! but in `resolver`, clocks (callers pass `now`, in Unix milliseconds), and the kernel: a changed set of addresses comes into
//! force with a new generation of the program.
mod book;
pub mod cache;
mod resolved;
mod resolver;
mod walk;

pub use book::{Book, NameState, Notice, Rules, What};
pub use resolved::Resolved;
pub use resolver::Resolver;
pub use walk::{Answer, Data, Finding, Kind, Question, Record, Walk};
