//! The daemon and the command as a library.
pub mod entries;
pub mod store;
