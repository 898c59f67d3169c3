//! Single bans, set and taken out at once, beside whatever a comparison does.
//!
//! Owns: reading what the maps hold of one source, and its bit of the filter. Refuses: deciding what a ban makes of it (see
//! [`crate::entries::place`]).
use aya::maps::MapError;
use firewall_common::addr::{Addr, Prefix};
use firewall_common::entry_filter::EntryFilter;
use firewall_common::policy::Entry;

use super::{Tables, found, key, prefix_of, reading, writing};
use crate::dataplane::error::{Context as _, Error, Result, errno};
use crate::entries::{Held, Placement, Rest, Which, place, without_bans};

impl Tables {
    /// Bans a source, which is `prefix`, in the place where it weakens nothing.
    pub(in crate::dataplane) fn ban(
        &mut self,
        source: Addr,
        prefix: Prefix,
        until: u64,
        now: u64,
    ) -> Result<Placement> {
        let placement = place(&self.held(source, prefix)?, until, now);
        match placement {
            Placement::Source(value) => {
                self.sources.insert(source, value, 0).map_err(|error| self.full(&error))?;
                self.mark(EntryFilter::place_of_source(source))?;
            }
            Placement::Prefix(value) => {
                self.prefixes.insert(&key(prefix), value, 0).map_err(|error| self.full(&error))?;
                self.mark(EntryFilter::place(source))?;
            }
            Placement::Blocked | Placement::Allowed => {}
        }
        Ok(placement)
    }

    fn held(&self, source: Addr, prefix: Prefix) -> Result<Held> {
        let in_prefixes = self.may_have_prefixes(source)?;
        let covering = if in_prefixes { found(self.prefixes.get(&key(prefix), 0))? } else { None };
        let exact = covering.map_or(Ok(false), |value| self.is_own(prefix, &value))?;
        Ok(Held {
            source: found(self.sources.get(&source, 0))?,
            prefix: covering.map(|value| (value, exact)),
            crowded: in_prefixes && prefix.bits < 128,
        })
    }

    fn may_have_prefixes(&self, source: Addr) -> Result<bool> {
        let (word, bit) = EntryFilter::place(source);
        Ok(self.filter.get(&word, 0).doing(reading)? >> bit & 1 != 0)
    }

    /// Whether the value that was found for a prefix is its own: with one bit less, another or none is found.
    fn is_own(&self, prefix: Prefix, value: &Entry) -> Result<bool> {
        let Some(bits) = prefix.bits.checked_sub(1) else { return Ok(true) };
        let wider = Prefix::new(Addr::from_bytes(prefix.addr), u8::try_from(bits).unwrap_or(128));
        let wider = found(self.prefixes.get(&key(wider), 0))?;
        // Two of the same terms do the same.
        Ok(wider.is_none_or(|wider| (wider.first, wider.then) != (value.first, value.then)))
    }

    fn mark(&mut self, (word, bit): (u32, u32)) -> Result<()> {
        let old = self.filter.get(&word, 0).doing(reading)?;
        if old >> bit & 1 != 0 {
            return Ok(());
        }
        self.filter.set(word, old | 1 << bit, 0).doing(writing)
    }

    /// Takes bans of a source, which is `prefix`, out of both maps; whether there were any.
    pub(in crate::dataplane) fn take_out(&mut self, prefix: Prefix, which: Which) -> Result<bool> {
        let source = Addr::from_bytes(prefix.addr);
        let mut any = false;
        if let Some(value) = found(self.sources.get(&source, 0))? {
            let rest = without_bans(&value, which);
            any |= rest != Rest::Unchanged;
            match rest {
                Rest::Unchanged => {}
                Rest::Value(rest) => self.sources.insert(source, rest, 0).doing(writing)?,
                Rest::Nothing => found(self.sources.remove(&source)).map(drop)?,
            }
        }
        for (prefix, value) in self.prefixes_inside(prefix)? {
            let rest = without_bans(&value, which);
            any |= rest != Rest::Unchanged;
            match rest {
                Rest::Unchanged => {}
                Rest::Value(rest) => self.prefixes.insert(&key(prefix), rest, 0).doing(writing)?,
                Rest::Nothing => found(self.prefixes.remove(&key(prefix))).map(drop)?,
            }
        }
        Ok(any)
    }

    /// What the trie holds of a source. The values of what lies inside it repeat its ban.
    fn prefixes_inside(&self, source: Prefix) -> Result<Vec<(Prefix, Entry)>> {
        if !self.may_have_prefixes(Addr::from_bytes(source.addr))? {
            return Ok(Vec::new());
        }
        let all = self.prefixes.iter().map(|item| item.map(|(key, value)| (prefix_of(&key), value)));
        let all = all.collect::<std::result::Result<Vec<_>, _>>().doing(reading)?;
        Ok(all.into_iter().filter(|(prefix, _)| source.contains(*prefix)).collect())
    }

    fn full(&self, error: &MapError) -> Error {
        let (sources, prefixes) = (self.sources_max, self.prefixes_max);
        match errno(error) {
            Some(libc::E2BIG) => Error::Full { key: "capacity.bans", wanted: sources as usize + 1, capacity: sources },
            Some(libc::ENOSPC) => {
                Error::Full { key: "capacity.entries", wanted: prefixes as usize + 1, capacity: prefixes }
            }
            _ => Error::kernel("ban a source", error),
        }
    }
}
