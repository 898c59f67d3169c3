//! What the slow path decides, put into the kernel's maps at once: the next packet meets it.
//!
//! Owns: these maps open at all times, and bans that no database knows yet. Refuses: deciding, and the database: making the
//! maps equal it is [`super::Instance::sync_entries`]'s work, which leaves bans alone that are not written down yet.
use std::net::IpAddr;
use std::path::Path;

use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{Array, HashMap, MapData, PerCpuArray};
use firewall_common::addr::{Addr, Prefix};
use firewall_common::copy::{Kind, RINGS};
use firewall_common::entry_filter::EntryFilter;
use firewall_common::maps;
use firewall_common::policy::{Action, Entry, HOLDS_ACCOUNTS, HOLDS_SOURCES, Term};

use super::clock;
use super::error::{Context as _, Error, Result, errno};
use super::holds::Holds;
use super::maps::{capacity, open};
use super::registrants::{Registrants, is_missing};
use super::running::RunningPolicy;
use crate::engine::input::Standing;
use crate::entries::{PrefixMap, covers, is_pending, parse_prefix};
use crate::store::source_prefix;

/// The maps of a generation that the slow path writes.
pub struct Enforcer {
    sources: HashMap<MapData, Addr, Entry>,
    sources_max: u32,
    prefixes: LpmTrie<MapData, [u8; 16], Entry>,
    filter: Array<MapData, u64>,
    registrants: Registrants,
    holds: Holds,
    lost: PerCpuArray<MapData, u64>,
    peers: PrefixMap<u32>,
    v6_prefix: u8,
    /// Bans that the database may not know yet: whom, and until when.
    pending: Vec<(Addr, u64)>,
    /// Until when there are holds of sources, and of accounts.
    held_until: [u64; 2],
}

impl Enforcer {
    pub(super) fn open(dir: &Path, policy: &RunningPolicy) -> Result<Self> {
        let of_peer = |(id, text): (u32, &String)| parse_prefix(text).ok().map(|prefix| (prefix, id));
        let peers = policy.peers.iter().flat_map(|peer| peer.prefixes.iter().map(|text| (peer.id, text)));
        Ok(Self {
            sources: open(dir, maps::SOURCES)?,
            sources_max: capacity(dir, maps::SOURCES)?,
            prefixes: open(dir, maps::ENTRIES)?,
            filter: open(dir, maps::ENTRY_FILTER)?,
            registrants: Registrants::open(dir)?,
            holds: Holds::open(dir)?,
            lost: open(dir, maps::COPIES_LOST)?,
            peers: PrefixMap::new(peers.filter_map(of_peer)),
            v6_prefix: policy.v6_prefix,
            pending: Vec::new(),
            held_until: [0; 2],
        })
    }

    /// Bans a source until `until` (the kernel's nanoseconds). One of which a part is a peer or has an entry of its own is
    /// left to the comparison with the database, which knows how these go together.
    pub fn ban(&mut self, source: Addr, until: u64) -> Result<()> {
        if self.is_crowded(source)? {
            return Ok(());
        }
        self.put_ban(source, until)?;
        self.pending.retain(|(other, _)| *other != source);
        self.pending.push((source, until));
        Ok(())
    }

    /// Sees to it that no comparison with the database that ran meanwhile has undone a ban or a hold. Once a second.
    pub fn assert_again(&mut self) -> Result<()> {
        let now = clock::now().mono_ns;
        for (source, until) in std::mem::take(&mut self.pending) {
            let term = self.term(source)?;
            if until <= now || term.is_some_and(|term| term.id != 0) {
                continue;
            }
            self.put_ban(source, until)?;
            self.pending.push((source, until));
        }
        let kinds = [HOLDS_SOURCES, HOLDS_ACCOUNTS].into_iter().zip(self.held_until);
        let wanted = kinds.filter(|(_, until)| *until > now).fold(0, |all, (kind, _)| all | kind);
        self.holds.turn_on(wanted)
    }

    /// A person has lifted the ban of a source.
    pub fn lifted(&mut self, source: Addr) -> Result<()> {
        self.pending.retain(|(other, _)| *other != source);
        match self.term(source)? {
            Some(term) if term.id == 0 && Action::from_number(term.action) == Action::Ban => {
                self.sources.remove(&source).doing(writing)
            }
            _ => Ok(()),
        }
    }

    /// Holds a source, or one account there (by its hash), until `until`.
    pub fn hold(&mut self, source: Addr, account: Option<u64>, until: u64) -> Result<()> {
        let latest = &mut self.held_until[usize::from(account.is_some())];
        *latest = until.max(*latest);
        self.holds.add(source, account, until, clock::now().mono_ns)
    }

    /// Trusts a source until `until`, and knows it until `known_until`.
    pub fn promote(&mut self, source: Addr, until: u64, known_until: u64, now: u64) -> Result<()> {
        self.registrants.promote(source, until, known_until, now)
    }

    /// Ends a source's trust at `until`, if it holds longer; it stays known. Whether it was trusted or known.
    pub fn demote(&mut self, source: Addr, until: u64) -> Result<bool> {
        self.registrants.demote(source, until)
    }

    /// What an address is to the policy, by the same maps that the kernel asks.
    pub fn standing(&self, address: IpAddr) -> Result<Standing> {
        let address = Addr::from(address);
        if let Some((_, id)) = self.peers.covering(Prefix::host(address)).next() {
            return Ok(Standing { kind: Kind::Peer, peer: *id });
        }
        let now = clock::now().mono_ns;
        let entry = match self.prefixes.get(&Key::new(128, address.to_bytes()), 0) {
            Ok(entry) => entry.at(|| now),
            Err(error) if is_missing(&error) => None,
            Err(error) => return Err(Error::kernel("look an address up", &error)),
        };
        let kind = match entry.map(|term| Action::from_number(term.action)) {
            Some(Action::Allow) => Kind::Allowed,
            _ => self.registrants.kind(address.source(Addr::mask(self.v6_prefix)), now)?,
        };
        Ok(Standing { kind, peer: 0 })
    }

    /// Copies that the kernel has lost since the firewall was loaded, in both rings.
    pub fn copies_lost(&self) -> Result<u64> {
        let ring = |ring| self.lost.get(&ring, 0).map(|values| values.iter().sum::<u64>());
        (0..RINGS as u32).map(ring).sum::<std::result::Result<u64, _>>().doing(|| "read counters".to_owned())
    }

    /// The entry's value for a ban goes behind what the operator denied for longer, and in the place of everything else.
    fn put_ban(&mut self, source: Addr, until: u64) -> Result<()> {
        let ban = Term { until, action: Action::Ban as u32, id: 0 };
        let old = self.entry(source)?;
        let value = match old {
            Some(old) if is_denied(&old.first, clock::now().mono_ns) => {
                if old.first.until >= until {
                    return Ok(());
                }
                Entry { then: ban, ..old }
            }
            Some(old) => Entry { first: ban, then: Term::NONE, ..old },
            None => Entry { first: ban, then: Term::NONE, hits: 0 },
        };
        // The mark first: the kernel looks only where there is one.
        self.mark(source)?;
        self.sources.insert(source, value, 0).map_err(|error| match errno(&error) {
            Some(libc::E2BIG) => {
                let capacity = self.sources_max;
                Error::Full { key: "capacity.bans", wanted: capacity as usize + 1, capacity }
            }
            _ => Error::kernel("ban a source", &error),
        })
    }

    fn mark(&mut self, source: Addr) -> Result<()> {
        let (word, bit) = EntryFilter::place_of_source(source);
        let old = self.filter.get(&word, 0).doing(writing)?;
        if old >> bit & 1 == 0 {
            self.filter.set(word, old | 1 << bit, 0).doing(writing)?;
        }
        Ok(())
    }

    fn entry(&self, source: Addr) -> Result<Option<Entry>> {
        match self.sources.get(&source, 0) {
            Ok(entry) => Ok(Some(entry)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(Error::kernel("look a source up", &error)),
        }
    }

    /// What holds for a source.
    fn term(&self, source: Addr) -> Result<Option<Term>> {
        Ok(self.entry(source)?.and_then(|entry| entry.at(|| clock::now().mono_ns)))
    }

    /// Whether a peer or an entry of the trie lies inside a source, or a peer around it.
    fn is_crowded(&self, source: Addr) -> Result<bool> {
        let prefix = source_prefix(source, self.v6_prefix);
        if self.peers.touches(prefix) {
            return Ok(true);
        }
        let (word, bit) = EntryFilter::place(source);
        if source.is_v4() || self.filter.get(&word, 0).doing(writing)? >> bit & 1 == 0 {
            return Ok(false);
        }
        for key in self.prefixes.keys() {
            let key = key.doing(writing)?;
            let inner = Prefix { bits: key.prefix_len(), addr: key.data() };
            if inner != prefix && covers(prefix, inner) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether the operator's denial is in force.
fn is_denied(term: &Term, now: u64) -> bool {
    matches!(Action::from_number(term.action), Action::Deny | Action::DenyAll) && term.until > now
}

/// Takes bans that cover `named` and that no database knows out of the maps of a generation; whose they were.
pub(super) fn drop_pending(dir: &Path, named: Prefix, v6_prefix: u8) -> Result<Vec<Prefix>> {
    let mut sources: HashMap<MapData, Addr, Entry> = open(dir, maps::SOURCES)?;
    let now = clock::now().mono_ns;
    let all = sources.iter().collect::<std::result::Result<Vec<_>, _>>().doing(writing)?;
    let mut dropped = Vec::new();
    for (source, _) in all.into_iter().filter(|(_, entry)| is_pending(entry, now)) {
        let prefix = source_prefix(source, v6_prefix);
        if covers(prefix, named) {
            sources.remove(&source).doing(writing)?;
            dropped.push(prefix);
        }
    }
    Ok(dropped)
}

fn writing() -> String {
    "write an entry".to_owned()
}
