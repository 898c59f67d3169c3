//! The firewall between real peers: Kamailio, rtpengine, baresip, SIPp, SIPVicious, in network namespaces over veth.
//!
//! Owns: what an operator would see. Refuses: single verdicts (the verdict tables have these). Needs root, and Kamailio,
//! rtpengine, baresip, sip-tester, sipvicious, nftables, iproute2 and ethtool (`cargo xtask test` installs them).
#[path = "live/accounts.rs"]
mod accounts;
#[path = "live/bans.rs"]
mod bans;
#[path = "live/callers.rs"]
mod callers;
#[path = "live/calls.rs"]
mod calls;
#[path = "live/entries.rs"]
mod entries;
#[path = "live/feeds.rs"]
mod feeds;
#[path = "live/flood.rs"]
mod flood;
#[path = "live/instances.rs"]
mod instances;
#[path = "live/intruders.rs"]
mod intruders;
#[path = "live/media.rs"]
mod media;
#[path = "live/monitor.rs"]
mod monitor;
#[path = "live/numbers.rs"]
mod numbers;
#[path = "live/scan.rs"]
mod scan;
#[path = "live/takeover.rs"]
mod takeover;
#[path = "live/told.rs"]
mod told;
#[path = "live/trust.rs"]
mod trust;

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use firewall_tests::world::{Driver, World};

/// Config tables: the carrier as a peer.
const CARRIER: &str = "[[peer]]\nname = \"carrier\"\nprefixes = [\"192.0.2.10\", \"2001:db8:10::/48\"]\n";
/// Config tables: no limit for what tests send as strangers.
const UNLIMITED: &str = "[strangers]\ntotal = \"none\"\n[strangers.limits]\noptions = \"none\"\nregister = \"none\"\n";
/// For what happens at once on a machine that is not busy.
const SOON: Duration = Duration::from_secs(10);

/// The binary behaves as `sipfw` when it is called so.
fn world(driver: Driver) -> Result<World> {
    World::new(Path::new(env!("CARGO_BIN_EXE_demo")), driver)
}
