//! The rival xdp-filter (of xdp-tools), as its own command loads it.
//!
//! Owns: loading it in the arena with a list of allowed sources, and its program's descriptor. Refuses: patching it.
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::Path;

use anyhow::{Context as _, Result};

use super::{arena, bpf};

/// A loaded xdp-filter that drops all but what it was told to allow.
pub(super) struct XdpFilter {
    /// The program on the interface.
    pub(super) program: OwnedFd,
}

const MAP: &str = "/sys/fs/bpf/xdp-filter/filter_ipv4";
/// "Look at the source" (`MAP_FLAG_SRC`, xdp-tools, xdp-filter/common_kern_user.h).
const SOURCE: u64 = 1;

impl XdpFilter {
    /// Loads it with some of its features (`all` is what it does unless told otherwise) and allows the sources.
    pub(super) fn load(interface: &str, features: &str, allowed: impl Iterator<Item = Ipv4Addr>) -> Result<Self> {
        arena::run("xdp-filter", &["load", interface, "--policy", "deny", "--features", features])?;
        let map = bpf::pinned(Path::new(MAP))?;
        let values: Vec<u8> = SOURCE.to_ne_bytes().repeat(possible_processors()?);
        for source in allowed {
            bpf::set(map.as_raw_fd(), &source.octets(), &values)?;
        }
        Ok(Self { program: bpf::by_id(program_id(interface)?)? })
    }
}

fn program_id(interface: &str) -> Result<u32> {
    let links: serde_json::Value =
        serde_json::from_str(&arena::read("ip", &["-j", "-d", "link", "show", "dev", interface])?)?;
    let id = links[0]["xdp"]["prog"]["id"].as_u64().context("xdp-filter is not on the interface")?;
    Ok(u32::try_from(id)?)
}

/// Per-CPU maps have a value for each processor that there could be.
fn possible_processors() -> Result<usize> {
    let ranges = std::fs::read_to_string("/sys/devices/system/cpu/possible")?;
    let last = ranges.trim().rsplit([',', '-']).next().context("no processors")?;
    Ok(last.parse::<usize>()? + 1)
}
