//! How answers look: text and tables for people, JSON for programs.
//!
//! Owns: formats. Refuses: finding out anything, and deciding anything.
pub(crate) mod entries;
pub(crate) mod events;
pub(crate) mod lists;
pub(crate) mod number;
pub(crate) mod output;
pub(crate) mod status;
pub(crate) mod summary;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod verdict;

pub(crate) use output::Output;
