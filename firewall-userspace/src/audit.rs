//! Weak passwords: what accepted digests give away about the passwords behind them.
//!
//! Owns: the guesses, the digests that are made with them, and what is noted about an account. Refuses: keeping or showing
//! a password, a guess that fitted or a digest; and the thread on which all this happens (`event_loop::auditor`).
mod book;
mod digest;
mod guesses;
mod sample;
mod words;

pub use book::{Book, Finding, Seen};
pub use guesses::{Guesses, Kinds};
pub use sample::{Circumstances, Sample};
pub use words::{WORD_MAX, words};
