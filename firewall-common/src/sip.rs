//! What is understood of SIP in one datagram or segment (RFC 3261).
//!
//! Owns: the window onto a payload, the start line, methods, accounts, the scan for scanners' signatures, and the strict
//! reader of whole messages. Refuses: state across messages, and any allocation.
pub mod account;
pub mod fields;
pub mod header_scan;
pub mod message;
pub mod method;
pub mod signature;
pub mod start_line;
pub mod to_tag;
pub mod window;

pub use method::{Class, Method};
pub use start_line::{Message, classify};
pub use window::Window;
