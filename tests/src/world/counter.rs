//! Counters behind the firewall: what reaches the server's stack.
//!
//! Owns: nftables counters in a namespace, by source. Refuses: dropping anything.
use std::fmt::Write as _;

use anyhow::{Context as _, Result};

use super::netns::Netns;
use super::process::{feed, output};

/// Counters of UDP datagrams and fragments by their source, at the first hook behind XDP.
pub struct Counters<'w> {
    netns: &'w Netns,
}

impl<'w> Counters<'w> {
    /// Begins to count: each source is a name and an address or prefix, v4 or v6.
    pub fn new(netns: &'w Netns, sources: &[(&str, &str)]) -> Result<Self> {
        let mut rules = String::from("table inet reached {\n");
        for (name, _) in sources {
            writeln!(rules, " counter {name} {{ }}")?;
        }
        rules.push_str(" chain arrivals {\n  type filter hook prerouting priority raw; policy accept;\n");
        for (name, prefix) in sources {
            let family = if prefix.contains(':') { "ip6" } else { "ip" };
            writeln!(rules, "  {family} saddr {prefix} counter name {name}")?;
        }
        rules.push_str(" }\n}\n");
        feed(netns.command("nft").args(["-f", "-"]), &rules)?;
        Ok(Self { netns })
    }

    /// How many packets came of a source.
    pub fn packets(&self, name: &str) -> Result<u64> {
        let listed = output(self.netns.command("nft").args(["-j", "list", "counter", "inet", "reached", name]))?;
        let json: serde_json::Value = serde_json::from_str(&listed)?;
        let found = json["nftables"].as_array().into_iter().flatten().find_map(|v| v["counter"]["packets"].as_u64());
        found.with_context(|| format!("no counter {name} in {listed}"))
    }
}

impl Drop for Counters<'_> {
    fn drop(&mut self) {
        let _ = output(self.netns.command("nft").args(["delete", "table", "inet", "reached"]));
    }
}
