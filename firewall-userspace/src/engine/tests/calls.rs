//! Calls: what is let through, refused and told of whole stories.
mod closing;
mod refusals;
mod scene;
mod srtp;
