//! UDP datagrams out of IP fragments.
//!
//! Owns: which fragments belong together, how many are held and for how long, and the cause when they come to nothing.
//! Refuses: putting bytes in their places (etherparse does), and UDP's header.
//!
//! The server's stack puts the same fragments together, and what it makes of them is what is to be seen here. So the
//! rules are Linux's: bytes that were there already are left as they are, and a fragment that overlaps others in part
//! ends the datagram (RFC 5722; net/ipv4/inet_fragment.c, `inet_frag_queue_insert`).
use std::collections::VecDeque;

use etherparse::defrag::{IpDefragBuf, IpFragRange};
use etherparse::{IpFragOffset, IpNumber};
use firewall_common::addr::Addr;
use firewall_common::copy::{CopyHead, FLAG_MORE_FRAGMENTS, Kind};

use super::class::{Class, PerClass};
use super::counts::FragmentCounts;
use super::limits::{FragmentLimits, Limits};

/// The most pieces of a datagram that do not adjoin. More come from nobody who wants to be understood.
const PIECES_MAX: usize = 1_024;
/// The longest IP payload.
const PAYLOAD_MAX: u32 = 65_535;

/// An IP payload put together.
pub(super) struct Whole {
    pub(super) bytes: Vec<u8>,
    /// Whether bytes are missing at the end.
    pub(super) cut: bool,
}

/// What is held of every class, the oldest first.
pub(super) struct Fragments {
    limits: PerClass<FragmentLimits>,
    age: u64,
    held: PerClass<VecDeque<Datagram>>,
}

impl Fragments {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { limits: limits.fragments, age: limits.fragment_age, held: PerClass::new(|_| VecDeque::new()) }
    }

    /// The most bytes that are taken. The crate's buffer doubles when it grows, and one may grow before others are
    /// dropped.
    pub(super) fn worst_case(limits: &Limits) -> usize {
        let growth = 2 * (PAYLOAD_MAX as usize + PIECES_MAX * size_of::<IpFragRange>());
        let of = |l: &FragmentLimits| l.bytes + growth + 2 * l.datagrams * size_of::<Datagram>();
        limits.fragments.iter().map(of).sum()
    }

    /// Takes a fragment, and gives the IP payload that it completes.
    pub(super) fn take(&mut self, head: &CopyHead, payload: &[u8], counts: &mut FragmentCounts) -> Option<Whole> {
        counts.fragments += 1;
        let class = Class::of(Kind::from_number(head.kind.into()));
        self.expire(class, head.time, counts);
        let at = self.place(class, head, counts);
        let datagram = self.held[class].get_mut(at)?;
        match datagram.add(head, payload) {
            Ok(()) if datagram.buf.is_complete() => return self.held[class].remove(at).map(Datagram::whole),
            Ok(()) => self.fit(class, at, counts),
            Err(Refusal::Duplicate) => counts.duplicates += 1,
            Err(refusal) => {
                *refusal.count(counts) += 1;
                self.held[class].remove(at);
            }
        }
        None
    }

    fn expire(&mut self, class: Class, now: u64, counts: &mut FragmentCounts) {
        let held = &mut self.held[class];
        while held.front().is_some_and(|oldest| now.saturating_sub(oldest.begun) > self.age) {
            held.pop_front();
            counts.expired += 1;
        }
    }

    /// Where the fragment's datagram is; at the end for one that begins.
    fn place(&mut self, class: Class, head: &CopyHead, counts: &mut FragmentCounts) -> usize {
        let (key, held) = (Key::of(head), &mut self.held[class]);
        if let Some(at) = held.iter().position(|datagram| datagram.key == key) {
            return at;
        }
        if held.len() >= self.limits[class].datagrams.max(1) {
            held.pop_front();
            counts.evicted += 1;
        }
        held.push_back(Datagram::new(key, head.time));
        held.len() - 1
    }

    /// Drops the oldest, but not the one at `keep`, until the class holds no more than it may.
    fn fit(&mut self, class: Class, mut keep: usize, counts: &mut FragmentCounts) {
        let held = &mut self.held[class];
        while held.len() > 1 && held.iter().map(Datagram::bytes).sum::<usize>() > self.limits[class].bytes {
            held.remove(usize::from(keep == 0));
            keep = keep.saturating_sub(1);
            counts.evicted += 1;
        }
    }

    /// Datagrams and bytes held now.
    pub(super) fn held(&self) -> (usize, usize) {
        let all = || self.held.iter().flatten();
        (all().count(), all().map(Datagram::bytes).sum())
    }
}

/// What fragments of one datagram have in common (RFC 791 §3.2, RFC 8200 §4.5).
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    remote: Addr,
    local: Addr,
    id: u32,
    egress: bool,
}

impl Key {
    const fn of(head: &CopyHead) -> Self {
        Self { remote: head.remote, local: head.local, id: head.fragment_id, egress: head.is_egress() }
    }
}

struct Datagram {
    key: Key,
    /// When its first fragment came.
    begun: u64,
    cut: bool,
    buf: IpDefragBuf,
}

impl Datagram {
    fn new(key: Key, begun: u64) -> Self {
        Self { key, begun, cut: false, buf: IpDefragBuf::new(IpNumber::UDP, Vec::new(), Vec::new()) }
    }

    fn bytes(&self) -> usize {
        self.buf.data().capacity() + self.buf.sections().capacity() * size_of::<IpFragRange>()
    }

    fn whole(self) -> Whole {
        Whole { bytes: self.buf.take_bufs().0, cut: self.cut }
    }

    fn add(&mut self, head: &CopyHead, payload: &[u8]) -> Result<(), Refusal> {
        let more = head.flags & FLAG_MORE_FRAGMENTS != 0;
        let cut = (payload.len() as u64) < u64::from(head.total);
        let offset = offset(head, payload, more)?;
        let (start, end) = (offset.byte_offset(), offset.byte_offset() + payload.len() as u16);
        self.compare(start, end, more)?;
        if cut && more {
            return Err(Refusal::Cut);
        }
        self.buf.add(offset, more, payload).map_err(|_| Refusal::Malformed)?;
        self.cut |= cut;
        Ok(())
    }

    /// Against what is there. The bytes of a piece, once there, are never replaced.
    fn compare(&self, start: u16, end: u16, more: bool) -> Result<(), Refusal> {
        let pieces = self.buf.sections();
        if pieces.iter().any(|piece| piece.start <= start && end <= piece.end) {
            return Err(Refusal::Duplicate);
        }
        let overlaps = |piece: &IpFragRange| start < piece.end && piece.start < end || !more && end < piece.end;
        if pieces.iter().any(overlaps) || self.buf.end().is_some_and(|last| !more || last < end) {
            return Err(Refusal::Overlapping);
        }
        if pieces.len() >= PIECES_MAX { Err(Refusal::Scattered) } else { Ok(()) }
    }
}

/// The offset of a fragment that can be one (RFC 791 §3.1: units of eight bytes).
fn offset(head: &CopyHead, payload: &[u8], more: bool) -> Result<IpFragOffset, Refusal> {
    let (offset, total) = (head.fragment_offset, head.total.max(payload.len() as u32));
    let fits = offset.checked_add(total).is_some_and(|end| end <= PAYLOAD_MAX);
    let aligned = offset % 8 == 0 && (!more || total % 8 == 0);
    if payload.is_empty() || !fits || !aligned {
        return Err(Refusal::Malformed);
    }
    IpFragOffset::try_new((offset / 8) as u16).map_err(|_| Refusal::Malformed)
}

/// Why a fragment was not added.
enum Refusal {
    Duplicate,
    Overlapping,
    Malformed,
    Cut,
    Scattered,
}

impl Refusal {
    const fn count(self, counts: &mut FragmentCounts) -> &mut u64 {
        match self {
            Self::Duplicate => &mut counts.duplicates,
            Self::Overlapping => &mut counts.overlapping,
            Self::Malformed => &mut counts.malformed,
            Self::Cut => &mut counts.cut,
            Self::Scattered => &mut counts.scattered,
        }
    }
}
