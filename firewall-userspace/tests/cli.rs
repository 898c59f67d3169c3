//! The command from outside: help, exit codes, JSON, lists with bad lines. No daemon and nothing loaded, and no root but in `judged`.
//!
//! Each test has a directory of its own; the config there keeps state, run and BPF directories inside it.
#[path = "cli/sipfw.rs"]
mod sipfw;

#[path = "cli/calls.rs"]
mod calls;
#[path = "cli/check.rs"]
mod check;
#[path = "cli/docs.rs"]
mod docs;
#[path = "cli/entries.rs"]
mod entries;
#[path = "cli/events.rs"]
mod events;
#[path = "cli/help.rs"]
mod help;
#[path = "cli/judged.rs"]
mod judged;
#[path = "cli/learned.rs"]
mod learned;
#[path = "cli/lists.rs"]
mod lists;
#[path = "cli/numbers.rs"]
mod numbers;
#[path = "cli/peers.rs"]
mod peers;
#[path = "cli/refusals.rs"]
mod refusals;
