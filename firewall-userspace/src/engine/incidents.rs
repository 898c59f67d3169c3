//! The last incidents of every source, as evidence.
//!
//! Owns: two rings of fixed size, so that what is not proven never takes a place from what is. Refuses: secrets: the
//! record has no place for any.
use firewall_common::sip::Method;

use super::evidence::{Incident, Proof};
use super::text::Name;

/// The most incidents that one evidence shows.
const SHOWN: usize = 10;

/// One incident.
#[derive(Clone, Copy)]
pub(super) struct Kept {
    /// Unix milliseconds.
    pub(super) time: i64,
    pub(super) method: Method,
    pub(super) account: Name<40>,
    pub(super) status: u16,
    pub(super) agent: Name<32>,
    pub(super) proof: Proof,
    /// Which of the engine's ways it came.
    pub(super) way: u8,
}

#[derive(Clone, Copy)]
struct Link {
    kept: Kept,
    serial: u32,
    /// The serial number of the same source's incident before; 0 for none.
    before: u32,
}

/// A ring.
pub(super) struct Incidents {
    links: Vec<Link>,
    places: usize,
    serial: u32,
}

impl Incidents {
    /// A ring of so many incidents.
    pub(super) const fn new(places: u32) -> Self {
        Self { links: Vec::new(), places: places as usize, serial: 0 }
    }

    /// Notes an incident of the source whose last one is `before`, and gives its serial number.
    pub(super) fn add(&mut self, kept: Kept, before: u32) -> u32 {
        self.serial = self.serial.wrapping_add(1).max(1);
        let link = Link { kept, serial: self.serial, before };
        let place = self.place(self.serial);
        match self.links.get_mut(place) {
            Some(old) => *old = link,
            None => self.links.push(link),
        }
        self.serial
    }

    /// The last incidents from one on, the oldest first. `ways` are the words for [`Kept::way`].
    pub(super) fn last(&self, serial: u32, ways: &[String]) -> Vec<Incident> {
        let link = |serial: u32| self.links.get(self.place(serial)).filter(|link| link.serial == serial);
        let chain = std::iter::successors(link(serial), |last| link(last.before));
        let mut incidents: Vec<Incident> = chain.take(SHOWN).map(|link| shown(&link.kept, ways)).collect();
        incidents.reverse();
        incidents
    }

    /// Bytes that it takes when it is full.
    pub(super) const fn memory(&self) -> usize {
        self.places * size_of::<Link>()
    }

    /// Serial numbers begin with 1, and so the first link stands in the first place.
    const fn place(&self, serial: u32) -> usize {
        serial.wrapping_sub(1) as usize % self.places
    }
}

/// An incident for people.
pub(super) fn shown(kept: &Kept, ways: &[String]) -> Incident {
    Incident {
        time: kept.time,
        method: kept.method.name().to_owned(),
        account: kept.account.shown(),
        status: kept.status,
        user_agent: kept.agent.shown(),
        proof: kept.proof,
        via: ways.get(usize::from(kept.way)).cloned().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(time: i64) -> Kept {
        let (account, agent) = (Name::new(b"100"), Name::new(b"x"));
        Kept { time, method: Method::Register, account, status: 401, agent, proof: Proof::Nonce, way: 0 }
    }

    #[test]
    fn each_source_has_its_own_chain() {
        let (mut ring, mut last) = (Incidents::new(64), [0; 2]);
        for time in 0..40 {
            let source = time as usize % 2;
            last[source] = ring.add(kept(time), last[source]);
        }
        let shown = ring.last(last[1], &["udp".to_owned()]);
        assert_eq!(shown.iter().map(|i| i.time).collect::<Vec<_>>(), (0..10).map(|n| 21 + 2 * n).collect::<Vec<_>>());
        assert_eq!((shown[0].method.as_str(), shown[0].via.as_str()), ("REGISTER", "udp"));
    }

    #[test]
    fn what_was_overwritten_is_not_shown() {
        let mut ring = Incidents::new(8);
        let first = (0..3).fold(0, |last, time| ring.add(kept(time), last));
        (0..6).for_each(|time| {
            ring.add(kept(100 + time), 0);
        });
        assert_eq!(ring.last(first, &[]).len(), 2);
        (0..8).for_each(|time| {
            ring.add(kept(200 + time), 0);
        });
        assert_eq!(ring.last(first, &[]), []);
        assert_eq!(ring.last(0, &[]), []);
    }
}
