//! The peers that live tests lean on, without the firewall between them: that they do what those tests say they do.
//!
//! Owns: what Kamailio, baresip, SIPp, the crowd and the attack tools do to each other unhindered. Refuses: the product.
//! Needs root and what `cargo xtask test` installs.
#[path = "peers/honest.rs"]
mod honest;
#[path = "peers/hostile.rs"]
mod hostile;
#[path = "peers/media.rs"]
mod media;

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use firewall_tests::world::address::{EDGE, SIP};
use firewall_tests::world::{Driver, World};

fn world() -> Result<World> {
    World::new(Path::new(env!("CARGO_BIN_EXE_demo")), Driver::Native)
}

fn server() -> SocketAddr {
    SocketAddr::from((EDGE, SIP))
}
