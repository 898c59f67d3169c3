//! What some worlds have beside their four places: a host behind the server, which then is a router, and a home behind NAT.
//!
//! ```text
//!   home 10.20.0.2 ── phones (masquerades) ── bridge ── edge (forwards) ── inside 192.0.2.130
//! ```
//!
//! Owns: making these, once each. Refuses: IPv6, which needs no NAT and is forwarded as IPv4 is.
use anyhow::{Context as _, Result, anyhow};

use super::address::{EDGE, HOME, INSIDE, ROUTER};
use super::layout::{IFACE, set};
use super::process::feed;
use super::{Place, World, netns::Netns};

/// The router's ports, which no phone chooses by itself: NAT changes each one.
pub const NAT: (u16, u16) = (50_000, 59_999);

impl World {
    /// Puts a host behind the server: [`Place::Inside`].
    pub fn with_inside(self) -> Result<Self> {
        let inside = self.annex("inside")?;
        self.inside.set(inside).map_err(|_| anyhow!("there is a host inside already"))?;
        let (netns, edge, dev) = (self.netns(Place::Inside), self.netns(Place::Edge), format!("{}i", self.iface()));
        cable(edge, &dev, netns)?;
        edge.within(|| set("ipv4/ip_forward", "1"))??;
        edge.ip(&format!("route add {INSIDE}/32 dev {dev} src {EDGE}\n"))?;
        let way = format!("route add {EDGE}/32 dev {IFACE}\nroute add default via {EDGE} dev {IFACE} onlink\n");
        netns.ip(&format!("addr add {INSIDE}/32 dev {IFACE}\n{way}"))?;
        for place in [Place::Itsp, Place::Phones, Place::Attacker] {
            self.netns(place).ip(&format!("route add {INSIDE}/32 via {EDGE} dev {IFACE} onlink\n"))?;
        }
        Ok(self)
    }

    /// Puts a home behind the phones' address: [`Place::Home`]. Neither address nor port of it are what they are seen as.
    pub fn with_home(self) -> Result<Self> {
        let home = self.annex("home")?;
        self.home.set(home).map_err(|_| anyhow!("there is a home already"))?;
        let (netns, phones) = (self.netns(Place::Home), self.netns(Place::Phones));
        cable(phones, "home0", netns)?;
        phones.within(|| set("ipv4/ip_forward", "1"))??;
        phones.ip(&format!("addr add {ROUTER}/32 dev home0\nroute add {HOME}/32 dev home0\n"))?;
        let way = format!("route add {ROUTER}/32 dev {IFACE}\nroute add default via {ROUTER} dev {IFACE} onlink\n");
        netns.ip(&format!("addr add {HOME}/32 dev {IFACE}\n{way}"))?;
        let (first, last) = NAT;
        let rules = format!(
            "table ip home {{ chain translation {{ type nat hook postrouting priority srcnat; policy accept;\n\
             ip saddr {HOME} meta l4proto {{ tcp, udp }} masquerade to :{first}-{last}\n }}\n}}\n"
        );
        feed(phones.command("nft").args(["-f", "-"]), &rules).context("network address translation")?;
        Ok(self)
    }

    fn annex(&self, role: &str) -> Result<Netns> {
        let netns = Netns::new(self.number, role)?;
        netns.within(super::layout::quiet)??;
        Ok(netns)
    }
}

/// From one namespace to another, where it becomes the only interface.
fn cable(near: &Netns, name: &str, far: &Netns) -> Result<()> {
    near.ip(&format!("link add {name} type veth peer name {IFACE} netns {}\nlink set {name} up\n", far.name()))?;
    far.ip(&format!("link set lo up\nlink set {IFACE} up\n"))
}
