//! Calls: what is let through, refused and told of whole stories.
mod bounds;
mod closing;
mod denied;
mod forking;
mod identity;
mod log;
mod media;
mod parties;
mod plain;
mod random;
mod refusals;
mod renegotiation;
mod restart;
pub(super) mod scene;
mod srtp;
