//! The kernel's side as the daemon and the command see it. The only importer of aya.
//!
//! Owns: loading, attaching, pinning, and the contents of maps. Refuses: policy; it carries out what others decided.
mod attach;
pub mod clock;
mod copies;
mod dialogs;
mod enforcer;
pub mod error;
pub mod events;
mod generation;
mod hearing;
mod holds;
pub mod instance;
pub mod kernel_log;
pub mod load;
mod lock;
mod maps;
pub mod netdev;
mod numbers;
mod origin;
pub mod pinholes;
mod place;
pub mod probe;
mod registrants;
pub mod rehearsal;
pub mod running;
pub mod stats;
mod tables;

pub use copies::{Copies, CopyRecord, CopyRing};
pub use dialogs::Dialogs;
pub use enforcer::{Banned, Enforcer};
pub use error::{Error, Result};
pub use events::{EventCredits, EventRing};
pub use instance::{AttachMode, Instance, InstanceInfo, Reloaded, StartOptions, Started, Synced};
pub use kernel_log::KernelLog;
pub use pinholes::Pinholes;
pub use running::{RunningPeer, RunningPolicy};
pub use stats::{CopyStats, PeerStats, ReasonStats, Stats, Usage};
