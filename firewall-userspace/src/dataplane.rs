//! The kernel's side as the daemon and the command see it. The only importer of aya.
//!
//! Owns: loading, attaching, pinning, and the contents of maps. Refuses: policy; it carries out what others decided.
pub mod load;
pub mod probe;
