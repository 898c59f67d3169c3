//! The kernel's side as the daemon and the command see it. The only importer of aya.
//!
//! Owns: loading, attaching, pinning, and the contents of maps. Refuses: policy; it carries out what others decided.
pub mod error;
pub mod instance;
pub mod load;
pub mod probe;
pub mod running;
pub mod stats;

pub use error::{Error, Result};
pub use instance::{AttachMode, Instance, InstanceInfo, Reloaded, StartOptions, Started, Synced};
pub use running::{RunningPeer, RunningPolicy};
pub use stats::{PeerStats, ReasonStats, Stats, Usage};
