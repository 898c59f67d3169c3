//! The strict reader of messages against the torture tests of RFC 4475 and RFC 5118, and against messages that are made
//! up.
//!
//! Owns: which messages are read, which are refused and by which rule, and that what is written is read. Refuses: the
//! rules themselves.
mod corpus;
mod cut;
mod fields;
mod rebuilt;
mod refusals;

use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// A message of the corpus, by its path in it.
fn fixture(path: &str) -> Vec<u8> {
    fs::read(folder().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
