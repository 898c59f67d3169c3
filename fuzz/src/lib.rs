//! What must hold for every input, however made: one module a fuzz target, each with one function that panics when it
//! does not hold.
//!
//! Owns: the properties; `fuzz_targets/` hands them to libFuzzer, `tests/replay.rs` replays the seeds of `corpus/`.
//! Refuses: verdicts on particular packets, which are tables elsewhere.
use firewall_common::sip::Window;

pub mod blocklist;
pub mod config;
pub mod engine;
pub mod feed;
pub mod header_scan;
pub mod identity;
pub mod message;
pub mod number;
pub mod packet;
pub mod rtp;
pub mod sdp;
pub mod start_line;
pub mod stream;

/// A property: panics when it does not hold for the input.
pub type Property = fn(&[u8]);

/// Every target by name.
pub const TARGETS: [(&str, Property); 13] = [
    ("blocklist", blocklist::check),
    ("config", config::check),
    ("engine", engine::check),
    ("feed", feed::check),
    ("header_scan", header_scan::check),
    ("identity", identity::check),
    ("message", message::check),
    ("number", number::check),
    ("packet", packet::check),
    ("rtp", rtp::check),
    ("sdp", sdp::check),
    ("start_line", start_line::check),
    ("stream", stream::check),
];

/// The payload in a window that held `before` earlier.
fn window(payload: &[u8], before: &[u8]) -> Window {
    let mut w = Window::new();
    w.fill(before);
    w.fill(payload);
    w
}

/// Pieces of SIP, over and over, so that a read past the payload's end finds what it looks for.
fn leftovers() -> Vec<u8> {
    b"\r\nUser-Agent: sipcli\r\nFrom: <sip:a@1.1.1.1>\r\n\r\n SIP/2.0\r\nOPTIONS sip:x SIP/2.0\r\n".repeat(32)
}
