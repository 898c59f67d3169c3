//! Media of our own making: session descriptions, streams, many lines that talk at once.
//!
//! Owns: what no phone that can be installed sends on demand. Refuses: encryption: a packet of these has the shape of SRTP,
//! a header and bytes that say nothing, which is all that anybody between the ends can see.
pub mod live;
pub mod recording;
mod sdp;
mod stream;
mod talk;

pub use sdp::{Keys, Sdp};
pub use stream::{Shape, Stream, payload_type, ssrc};
pub use talk::{Count, Line, Talk};
