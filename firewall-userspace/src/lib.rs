//! The daemon and the command of sipfw, as a library: the binary is a thin front of it, and the tests use it directly.
//!
//! Owns: everything in user space. Refuses: deciding about packets (the kernel programs do, by `firewall-common`).

pub mod audit;
pub mod call_log;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dataplane;
pub mod devices;
pub mod engine;
pub mod entries;
pub mod event_loop;
pub mod feed;
pub mod lists;
mod logging;
pub mod names;
pub mod numbers;
mod report;
pub mod stir;
pub mod store;
pub mod wire;
