//! Counters behind the firewall: what reaches the server's stack. And at the other end, what was sent.
//!
//! Owns: nftables counters in a namespace, by source or by any match. Refuses: dropping anything.
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result};

use super::netns::Netns;
use super::process::{feed, output};

/// Counters of packets, at one place of a namespace's stack.
pub struct Counters<'w> {
    netns: &'w Netns,
    table: String,
}

/// Counters have tables of their own, so that one namespace can have several.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Where packets are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As they come, at the first hook behind XDP; fragments each.
    In,
    /// As they go.
    Out,
}

impl<'w> Counters<'w> {
    /// Begins to count what comes: each source is a name and an address or prefix, v4 or v6.
    pub fn new(netns: &'w Netns, sources: &[(&str, &str)]) -> Result<Self> {
        let matches: Vec<(&str, String)> = sources
            .iter()
            .map(|(name, prefix)| {
                (*name, format!("{} saddr {prefix}", if prefix.contains(':') { "ip6" } else { "ip" }))
            })
            .collect();
        Self::matching(netns, Way::In, &matches)
    }

    /// Begins to count: each counter has a name and what packets match, in the words of man 8 nft.
    pub fn matching(netns: &'w Netns, way: Way, matches: &[(&str, String)]) -> Result<Self> {
        let hook = match way {
            Way::In => "prerouting",
            Way::Out => "postrouting",
        };
        let table = format!("counters{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut rules = format!("table inet {table} {{\n");
        for (name, _) in matches {
            writeln!(rules, " counter {name} {{ }}")?;
        }
        writeln!(rules, " chain counting {{\n  type filter hook {hook} priority raw; policy accept;")?;
        for (name, what) in matches {
            writeln!(rules, "  {what} counter name {name}")?;
        }
        rules.push_str(" }\n}\n");
        feed(netns.command("nft").args(["-f", "-"]), &rules)?;
        Ok(Self { netns, table })
    }

    /// How many packets matched.
    pub fn packets(&self, name: &str) -> Result<u64> {
        self.number(name, "packets")
    }

    /// How many bytes those had, from the IP header on.
    pub fn bytes(&self, name: &str) -> Result<u64> {
        self.number(name, "bytes")
    }

    fn number(&self, name: &str, of: &str) -> Result<u64> {
        let listed = output(self.netns.command("nft").args(["-j", "list", "counter", "inet", &self.table, name]))?;
        let json: serde_json::Value = serde_json::from_str(&listed)?;
        let found = json["nftables"].as_array().into_iter().flatten().find_map(|v| v["counter"][of].as_u64());
        found.with_context(|| format!("no counter {name} in {listed}"))
    }
}

impl Drop for Counters<'_> {
    fn drop(&mut self) {
        let _ = output(self.netns.command("nft").args(["delete", "table", "inet", &self.table]));
    }
}
