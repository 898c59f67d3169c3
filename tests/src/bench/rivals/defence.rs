//! What stands between the attacker and Kamailio.
//!
//! Owns: raising each defence with the settings that it comes with. Refuses: attacking.
use anyhow::{Context as _, Result};

use crate::world::fail2ban::{self, Fail2ban};
use crate::world::kamailio::{self, Options};
use crate::world::process::{Process, feed};
use crate::world::shield::Daemon;
use crate::world::{Place, World};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defence {
    /// Nothing.
    None,
    /// fail2ban on Kamailio's log.
    Fail2ban,
    /// Kamailio's own limit per source.
    Pike,
    /// nftables' limit per source, in its earliest hook.
    Meter,
    /// sipfw with its default limits and rules; the carrier is a peer.
    Shield,
}

/// A server and its defence; dropping it ends both.
pub(super) struct Defended {
    _daemon: Option<Daemon>,
    _jail: Option<Fail2ban>,
    _kamailio: Process,
}

/// What fail2ban's own filters for SIP servers have; sipfw's default too.
const ATTEMPTS: u32 = 5;
/// No signatures: SIPVicious names itself, and that is not what is measured.
const KEYS: &str = "signature_defaults = false";
const CARRIER: &str = "[[peer]]\nname = \"carrier\"\nprefixes = [\"192.0.2.10\"]\n";

impl Defence {
    /// For the progress bar.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::None => "unprotected",
            Self::Fail2ban => "fail2ban",
            Self::Pike => "pike",
            Self::Meter => "nftables",
            Self::Shield => "sipfw",
        }
    }

    /// Starts Kamailio behind it. `log`: also failed authentications are logged, which costs time.
    pub(super) fn raise(self, world: &World, log: bool) -> Result<Defended> {
        let daemon = match self {
            Self::Shield => {
                world.configure(KEYS, CARRIER)?;
                Some(world.shield()?)
            }
            _ => None,
        };
        let options = Options { pike: self == Self::Pike, log, ..Options::default() };
        let kamailio = kamailio::start_with(world, &options)?;
        let jail = (self == Self::Fail2ban).then(|| fail2ban::start(world, ATTEMPTS)).transpose()?;
        if self == Self::Meter {
            meter(world).context("nftables")?;
        }
        Ok(Defended { _daemon: daemon, _jail: jail, _kamailio: kamailio })
    }
}

/// Drops REGISTER requests of sources that send more than 20 a second; the start of the payload tells them.
fn meter(world: &World) -> Result<()> {
    let rules = format!(
        "table netdev rival {{\n\
         set rates {{ type ipv4_addr; size 65535; flags dynamic,timeout; timeout 60s; }}\n\
         chain judge {{\ntype filter hook ingress device \"{}\" priority -500; policy accept;\n\
         udp dport 5060 @th,64,32 0x52454749 add @rates {{ ip saddr limit rate over 20/second burst 40 packets }} counter drop\n\
         }}\n}}\n",
        world.iface()
    );
    feed(world.netns(Place::Edge).command("nft").args(["-f", "-"]), &rules)
}
