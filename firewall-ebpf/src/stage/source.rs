//! Who sent it: a peer, a registrant, one that was a registrant lately, or a stranger; and whether a stranger may speak
//! at all.
//!
//! Owns: peers' prefixes and rules, and the registrants. Refuses: rates.
use core::ops::ControlFlow::Continue;

use aya_ebpf::macros::map;
use aya_ebpf::maps::lpm_trie::LpmTrie;
use aya_ebpf::maps::{Array, HashMap};
use firewall_common::addr::Addr;
use firewall_common::copy::Kind;
use firewall_common::maps;
use firewall_common::policy::{ALLOWED_PEER, FLAG_TRUNK, PeerRule, Registrant};
use firewall_common::reason::Reason;
use firewall_common::sip::Class;
use firewall_common::verdict::{Flow, Verdict};

use crate::constants::{peer_filter, policy};
use crate::host_key::HostKey;
use crate::opaque;
use crate::trial::{Circumstances, Trial};

#[map]
static PEER_PREFIXES: LpmTrie<[u8; 16], u32> = LpmTrie::with_max_entries(maps::PEER_PREFIXES_DEFAULT, 0);
#[map]
static PEER_RULES: Array<PeerRule> = Array::with_max_entries(1, 0);
#[map]
static REGISTRANTS: HashMap<Addr, Registrant> = HashMap::with_max_entries(maps::REGISTRANTS_DEFAULT, 0);

/// Who sent a packet.
#[derive(Clone, Copy)]
pub(crate) struct Who {
    /// [`Kind`] as a number; see [`Who::kind`].
    number: u32,
    /// The id of the peer, or of the allow entry.
    pub(crate) id: u32,
    /// What rates are kept by.
    pub(crate) source: Addr,
}

impl Who {
    #[inline(always)]
    fn new(kind: Kind, id: u32, source: Addr) -> Self {
        Self { number: opaque::forget(kind as u64) as u32, id: opaque::forget(u64::from(id)) as u32, source }
    }

    /// What kind of source it is. Read anew at each use: what one stage learns of it would otherwise make the verifier
    /// follow all later stages once for each kind.
    #[inline(always)]
    pub(crate) fn kind(&self) -> Kind {
        Kind::from_number(opaque::forget(u64::from(self.number)) as u32)
    }

    /// The verdict for a packet to which no stage objects.
    #[inline(always)]
    pub(crate) fn pass(&self) -> Verdict {
        let reason = match self.kind() {
            Kind::Peer => Reason::Peer,
            Kind::Allowed => Reason::Allowed,
            Kind::Registrant => Reason::Registrant,
            Kind::Stranger => Reason::Stranger,
            Kind::Known => Reason::Known,
        };
        Verdict { reason, detail: self.id }
    }

    /// Whether it is a peer or covered by an allow entry.
    #[inline(always)]
    pub(crate) fn is_trusted(&self) -> bool {
        self.kind().is_trusted()
    }

    /// Whether it has not proved itself, or no longer.
    #[inline(always)]
    pub(crate) fn is_unproven(&self) -> bool {
        matches!(self.kind(), Kind::Stranger | Kind::Known)
    }
}

/// Tells who sent the packet; `allowed` is what [`crate::stage::deny::judge`] said.
#[inline(always)]
pub(crate) fn identify<C: Circumstances>(trial: &mut Trial<C>, allowed: u64) -> Who {
    let source = trial.source();
    let (kind, id) = kind(trial, source, allowed);
    let who = Who::new(kind, id, source);
    let peer = match who.kind() {
        Kind::Peer => u64::from(who.id) + 1,
        Kind::Allowed => u64::from(ALLOWED_PEER) + 1,
        Kind::Registrant | Kind::Stranger | Kind::Known => 0,
    };
    trial.peer = opaque::forget(peer);
    who
}

#[inline(always)]
fn kind<C: Circumstances>(trial: &Trial<C>, source: Addr, allowed: u64) -> (Kind, u32) {
    if let Some(id) = peer(trial.src()) {
        return (Kind::Peer, id);
    }
    if allowed != 0 {
        return (Kind::Allowed, (allowed - 1) as u32);
    }
    (if policy().flags & FLAG_TRUNK == 0 { proved(trial, source) } else { Kind::Stranger }, 0)
}

/// What a source has proved.
#[inline(always)]
fn proved<C: Circumstances>(trial: &Trial<C>, source: Addr) -> Kind {
    let Some(registrant) = REGISTRANTS.get_ptr_mut(source) else {
        return Kind::Stranger;
    };
    // SAFETY: the pointer is to a value of a map; a value that is replaced meanwhile is one of the two.
    let (until, known_until) = unsafe { ((*registrant).until, (*registrant).known_until) };
    let now = trial.now();
    if until > now {
        return Kind::Registrant;
    }
    if known_until > now { Kind::Known } else { Kind::Stranger }
}

#[inline(always)]
fn peer(src: Addr) -> Option<u32> {
    if !peer_filter().may_contain(src) {
        return None;
    }
    PEER_PREFIXES.get(HostKey::new(src).key()).copied()
}

/// A peer's rules.
#[inline(always)]
pub(crate) fn rule(id: u32) -> Option<&'static PeerRule> {
    // SAFETY: the rules belong to this generation of the program and never change while it runs.
    unsafe { PEER_RULES.get_ptr(id)?.as_ref() }
}

/// The rate cell of a registrant for a class.
#[inline(always)]
pub(crate) fn registrant_cell(source: Addr, class: Class) -> Option<*mut u64> {
    let registrant = REGISTRANTS.get_ptr_mut(source)?;
    // SAFETY: the pointer is to a value of the map, which has a cell for every class.
    Some(unsafe { &raw mut (*registrant).cells[class.slot()] })
}

/// In mode trunk, only peers may speak.
#[inline(always)]
pub(crate) fn judge<C: Circumstances>(trial: &mut Trial<C>, who: &Who) -> Flow<()> {
    if policy().flags & FLAG_TRUNK != 0 && !who.is_trusted() {
        return trial.object(Verdict::of(Reason::NotPeer));
    }
    Continue(())
}
