//! The rival nftables, with the rules that people write for this.
//!
//! Owns: a set of known sources and a meter per source, in the earliest hook and in the one for the host's own traffic.
//! Refuses: any ruleset outside the arena.
use anyhow::{Context as _, Result, ensure};
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

use super::arena::{self, NEAR};

/// Where a chain hangs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hook {
    /// netdev ingress: before the network layer.
    Ingress,
    /// inet input: where the host's own packets come by.
    Input,
}

/// Drops `count` sources from `first` on.
pub(super) fn known_sources(hook: Hook, first: u32, count: u32) -> Result<()> {
    let list: Vec<String> = (first..first + count).map(|source| Ipv4Addr::from(source).to_string()).collect();
    let set = format!("set known {{ type ipv4_addr; elements = {{ {} }} }}", list.join(", "));
    load(hook, &set, "ip saddr @known counter drop")
}

/// Drops REGISTER requests of sources that send more than 20 a second; the start of the payload tells them.
pub(super) fn meter(hook: Hook) -> Result<()> {
    let set = "set rates { type ipv4_addr; size 65535; flags dynamic,timeout; timeout 60s; }";
    load(
        hook,
        set,
        "udp dport 5060 @th,64,32 0x52454749 add @rates { ip saddr limit rate over 20/second burst 40 packets } counter drop",
    )
}

fn load(hook: Hook, set: &str, rule: &str) -> Result<()> {
    let (family, place) = match hook {
        Hook::Ingress => ("netdev", format!("ingress device \"{NEAR}\" priority -500")),
        Hook::Input => ("inet", "input priority filter".to_owned()),
    };
    let chain = format!("chain judge {{\ntype filter hook {place}; policy accept;\n{rule}\n}}");
    let rules = format!("table {family} bench {{\n{set}\n{chain}\n}}\n");
    let mut nft = Command::new("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn().context("running nft")?;
    nft.stdin.take().context("nft takes no rules")?.write_all(rules.as_bytes())?;
    ensure!(nft.wait()?.success(), "nft refused the rules");
    Ok(())
}

/// Removes every rule of the arena.
pub(super) fn clear() -> Result<()> {
    arena::run("nft", &["flush", "ruleset"])
}
