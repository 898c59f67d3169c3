//! Devices: what registers, by its own word.
//!
//! Owns: reading a User-Agent, comparing firmware versions, which device is out of date, and whose address may be denied. Refuses: believing any of it: a
//! User-Agent is whatever a device says.
mod agent;
mod deny;
mod minimum;
mod version;

pub use agent::{Announced, announced};
pub use deny::{Shared, may_deny};
pub use minimum::{Pattern, outdated};
pub use version::Version;
