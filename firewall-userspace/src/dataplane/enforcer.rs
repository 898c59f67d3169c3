//! What the daemon's loop changes in the kernel at once, before it reads more.
//!
//! Owns: bans, holds and trust in the maps of one generation. Refuses: writing them down (the keeper does, in the database),
//! deciding anything, and waiting: no lock is taken, so that a comparison of all entries delays no ban.
//!
//! While another thread or process makes the maps equal the database, a ban may be set; a comparison that began before
//! knows nothing of it, and leaves both its value and its bit of the filter. The one that follows, when the ban is in the
//! database, puts everything right whatever the two did to each other.
use std::net::IpAddr;
use std::path::Path;

use aya::maps::{MapData, PerCpuArray};
use firewall_common::addr::{Addr, Prefix};
use firewall_common::copy::{Kind, RINGS};
use firewall_common::maps;
use firewall_common::number::Number;
use firewall_common::policy::HoldKey;

use super::clock;
use super::error::{Context as _, Result};
use super::holds::Holds;
use super::maps::open;
use super::numbers::NumberMaps;
use super::registrants::Registrants;
use super::running::RunningPolicy;
use super::tables::Tables;
use crate::engine::input::Standing;
use crate::entries::{Placement, PrefixMap, Which, may_ban, parse_prefix, source_prefix};

/// What became of a ban.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Banned {
    /// It holds with the next packet.
    Placed,
    /// The source was blocked already, for as long.
    Blocked,
    /// It touches a peer, or lies inside the operator's allow entry, so it does not hold.
    LeftOut,
}

/// The maps of the generation for which it was opened. After a reload it is opened again.
///
/// All sources have a source's width ([`Addr::source`]); all times are the kernel's monotonic nanoseconds.
pub struct Enforcer {
    tables: Tables,
    holds: Holds,
    registrants: Registrants,
    peers: PrefixMap<u32>,
    numbers: NumberMaps,
    lost: PerCpuArray<MapData, u64>,
    v6_prefix: u8,
}

impl Enforcer {
    pub(super) fn open(dir: &Path, policy: &RunningPolicy) -> Result<Self> {
        Ok(Self {
            tables: Tables::open(dir)?,
            holds: Holds::open(dir)?,
            registrants: Registrants::open(dir)?,
            peers: PrefixMap::new(peers(policy)),
            numbers: NumberMaps::open(dir)?,
            lost: open(dir, maps::COPIES_LOST)?,
            v6_prefix: policy.v6_prefix,
        })
    }

    /// Bans a source until `until`, with the entry id 0: comparisons with the database leave it alone until the database
    /// has it ([`crate::entries::pending`]).
    ///
    /// # Errors
    ///
    /// A full map, or the kernel's refusal.
    pub fn ban(&mut self, source: Addr, until: u64) -> Result<Banned> {
        let prefix = source_prefix(source, self.v6_prefix);
        if !may_ban(prefix, &self.peers, self.v6_prefix) {
            return Ok(Banned::LeftOut);
        }
        Ok(match self.tables.ban(source, prefix, until, clock::now().mono_ns)? {
            Placement::Source(_) | Placement::Prefix(_) => Banned::Placed,
            Placement::Blocked => Banned::Blocked,
            Placement::Allowed => Banned::LeftOut,
        })
    }

    /// Ends every ban of a source, until the next comparison with a database that still has it; whether there was one.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn unban(&mut self, source: Addr) -> Result<bool> {
        self.tables.take_out(source_prefix(source, self.v6_prefix), Which::Every)
    }

    /// Holds a source as a whole (`account` none), or one account's requests from it, named by
    /// [`firewall_common::sip::account::hash`]. What is held already keeps its rate.
    ///
    /// # Errors
    ///
    /// A full map, or the kernel's refusal.
    pub fn hold(&mut self, source: Addr, account: Option<u64>, until: u64) -> Result<()> {
        self.holds.hold(key(source, account), until, clock::now().mono_ns)
    }

    /// Ends a hold; whether there was one.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn unhold(&mut self, source: Addr, account: Option<u64>) -> Result<bool> {
        self.holds.unhold(&key(source, account))
    }

    /// Blocks numbers that begin with `prefix` for one source, until `until`.
    ///
    /// # Errors
    ///
    /// A full map, or the kernel's refusal.
    pub fn block(&mut self, source: Addr, prefix: Number, until: u64) -> Result<()> {
        self.numbers.block(source, prefix, until)
    }

    /// Ends such a block; whether there was one.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn unblock(&mut self, source: Addr, prefix: Number) -> Result<bool> {
        self.numbers.unblock(source, prefix)
    }

    /// Removes holds that have ended; how many. Without any left, packets pay nothing for them. Reads all of them, so this
    /// is for now and then.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn sweep_holds(&mut self) -> Result<usize> {
        self.holds.sweep(clock::now().mono_ns)
    }

    /// Removes blocks that have ended; how many. Reads all numbers, if there are blocks at all.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn sweep_blocks(&mut self) -> Result<usize> {
        self.numbers.sweep(clock::now().mono_ns)
    }

    /// Trusts a source until `until` and knows it until `known_until`. One that is trusted or known keeps its rates. A full
    /// map forgets the known sources that would be forgotten first.
    ///
    /// # Errors
    ///
    /// A map full of trusted sources, or the kernel's refusal.
    pub fn promote(&mut self, source: Addr, until: u64, known_until: u64) -> Result<()> {
        self.registrants.promote(source, until, known_until, clock::now().mono_ns)
    }

    /// Ends a source's trust at `until`, if it holds longer; it stays known. Whether it was there.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn demote(&mut self, source: Addr, until: u64) -> Result<bool> {
        self.registrants.demote(source, until)
    }

    /// What an address is to the policy, by the same maps that the kernel asks.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn standing(&self, address: IpAddr) -> Result<Standing> {
        let address = Addr::from(address);
        if let Some((_, id)) = self.peers.covering(Prefix::host(address)).next() {
            return Ok(Standing { kind: Kind::Peer, peer: *id });
        }
        let now = clock::now().mono_ns;
        if self.tables.allows(address, now)? {
            return Ok(Standing { kind: Kind::Allowed, peer: 0 });
        }
        let kind = self.registrants.kind(address.source(Addr::mask(self.v6_prefix)), now)?;
        Ok(Standing { kind, peer: 0 })
    }

    /// Copies that the kernel has lost since the firewall was loaded, in both rings.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn copies_lost(&self) -> Result<u64> {
        let ring = |ring| self.lost.get(&ring, 0).map(|values| values.iter().sum::<u64>());
        (0..RINGS as u32).map(ring).sum::<std::result::Result<u64, _>>().doing(|| "read counters".to_owned())
    }
}

/// Every peer's prefixes with its id.
fn peers(policy: &RunningPolicy) -> impl Iterator<Item = (Prefix, u32)> {
    let prefixes = policy.peers.iter().flat_map(|peer| peer.prefixes.iter().map(|text| (peer.id, text)));
    prefixes.filter_map(|(id, text)| parse_prefix(text).ok().map(|prefix| (prefix, id)))
}

fn key(source: Addr, account: Option<u64>) -> HoldKey {
    HoldKey { source, account: account.unwrap_or(HoldKey::WHOLE) }
}
