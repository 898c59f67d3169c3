//! Datagrams in fragments: later fragments follow the verdict of their first.
//!
//! Owns: what was decided of the first fragments lately. Refuses: reassembly. A later fragment whose first is not known
//! passes: it may be of any datagram for any port, and without its first fragment, which is judged, nobody can put it
//! together. So losing an entry to a flood does no harm.
use core::ops::ControlFlow::{Break, Continue};

use aya_ebpf::macros::map;
use aya_ebpf::maps::LruHashMap;
use firewall_common::copy::{FLAG_EGRESS, Kind};
use firewall_common::maps;
use firewall_common::packet::Packet;
use firewall_common::policy::{DatagramKey, DatagramVerdict};
use firewall_common::reason::Reason;
use firewall_common::verdict::{Flow, Verdict};

use crate::frame::Carrier;
use crate::stage::{copy, deny};
use crate::trial::{Circumstances, Trial, is_monitored};

#[map]
static FRAGMENTS: LruHashMap<DatagramKey, DatagramVerdict> = LruHashMap::with_max_entries(maps::FRAGMENTS_DEFAULT, 0);

/// How long the rest of a datagram is waited for; Linux reassembles for as long (net.ipv4.ipfrag_time).
const LIFETIME: u64 = 30_000_000_000;
/// No later fragment begins before this byte unless somebody means to reach into the headers: every link carries packets
/// of 296 bytes (RFC 1144 §5), and IPv6's smallest is 1,280.
const FIRST_LATER_BYTE: u32 = 256;

/// Set in a key's protocol for datagrams that our side sends: on a loopback the same datagram comes by twice.
const SENT: u32 = 1 << 8;

#[inline(always)]
fn key<C: Circumstances>(trial: &Trial<C>, packet: &Packet, direction: u32) -> DatagramKey {
    let protocol = u32::from(trial.protocol) | direction;
    DatagramKey { src: trial.src(), dst: trial.dst, id: packet.part.id, protocol }
}

/// The verdict for a later fragment.
#[inline(always)]
pub(crate) fn later<C: Circumstances>(carrier: &impl Carrier, trial: &mut Trial<C>, packet: &Packet) -> Flow<Verdict> {
    deny::judge(trial)?;
    let first = known(trial, packet, 0);
    let is_known = first.until > trial.now();
    if is_known {
        if first.dropped != 0 {
            return Break(Verdict::of(Reason::FragmentFollows));
        }
        if packet.part.offset < first.end {
            trial.object(Verdict::of(Reason::FragmentOverlap))?;
        }
    }
    // Also behind a first fragment that passed: a start line alone passes, and the headers would follow unseen.
    if packet.part.offset < FIRST_LATER_BYTE {
        trial.object(Verdict::of(Reason::FragmentTiny))?;
    }
    if !is_known {
        return Continue(Verdict::of(Reason::OtherTraffic));
    }
    copy::later(carrier, trial, packet, &first, 0);
    Continue(Verdict::of(Reason::Fragment))
}

/// What was decided of the first fragment; one whose time is over if that is not known.
#[inline(always)]
fn known<C: Circumstances>(trial: &Trial<C>, packet: &Packet, direction: u32) -> DatagramVerdict {
    // SAFETY: the value is copied at once; one that is replaced meanwhile is one of the two.
    match unsafe { FRAGMENTS.get(key(trial, packet, direction)) } {
        Some(first) => *first,
        None => DatagramVerdict { until: 0, end: 0, peer: 0, dropped: 0, copied: 0 },
    }
}

/// Remembers the verdict of a first fragment. Those of denied sources need no memory: every fragment of theirs is
/// dropped by its source.
#[inline(always)]
pub(crate) fn first<C: Circumstances>(trial: &Trial<C>, packet: &Packet, verdict: Verdict) {
    let dropped = verdict.reason.drops() && !is_monitored(verdict.reason);
    if !trial.commits() || matches!(verdict.reason, Reason::Denied | Reason::Banned) {
        return;
    }
    remember(trial, packet, dropped, 0);
}

/// Remembers that the first fragment of a datagram of ours was copied.
#[inline(always)]
pub(crate) fn sent_first<C: Circumstances>(trial: &Trial<C>, packet: &Packet) {
    remember(trial, packet, false, SENT);
}

/// Copies a later fragment of ours if its first was.
#[inline(always)]
pub(crate) fn sent_later<C: Circumstances>(carrier: &impl Carrier, trial: &Trial<C>, packet: &Packet) {
    let first = known(trial, packet, SENT);
    if first.until > trial.now() {
        copy::later(carrier, trial, packet, &first, FLAG_EGRESS);
    }
}

#[inline(always)]
fn remember<C: Circumstances>(trial: &Trial<C>, packet: &Packet, dropped: bool, direction: u32) {
    let copied = trial.copied as u32;
    let is_peer = copied != 0 && DatagramVerdict::kind(copied) == Kind::Peer;
    let peer = if is_peer { trial.peer.saturating_sub(1) as u32 } else { 0 };
    let (until, end) = (trial.now() + LIFETIME, packet.len);
    let verdict = DatagramVerdict { until, end, peer, dropped: u32::from(dropped), copied };
    // A full map makes room by itself; nothing else can fail, and a lost entry does no harm.
    let _ = FRAGMENTS.insert(key(trial, packet, direction), verdict, 0);
}
