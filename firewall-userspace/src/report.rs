//! How answers look: text and tables for people, JSON for programs.
//!
//! Owns: formats. Refuses: finding out anything, and deciding anything.
pub(crate) mod alarm;
pub(crate) mod call;
pub(crate) mod entries;
pub(crate) mod events;
pub(crate) mod evidence;
pub(crate) mod hold;
pub(crate) mod lists;
pub(crate) mod media;
pub(crate) mod number;
pub(crate) mod number_list;
pub(crate) mod output;
pub(crate) mod registrant;
pub(crate) mod score;
pub(crate) mod slow_path;
pub(crate) mod status;
pub(crate) mod story;
pub(crate) mod summary;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod verdict;

pub(crate) use output::Output;
