//! What the loader sets before a generation of the program is loaded: read-only data, which the verifier knows and
//! folds into the code.
//!
//! Owns: the constants' symbols. Refuses: everything that changes while the program is attached (maps do that).
use firewall_common::caller::OwnDomains;
use firewall_common::number::Plan;
use firewall_common::policy::{Policy, PortTable, PrefixFilter};
use firewall_common::sip::signature::Table;

use crate::opaque;

#[unsafe(no_mangle)]
static POLICY: Policy = Policy::OPEN;
#[unsafe(no_mangle)]
static PORTS: PortTable = PortTable([0; 65_536]);
#[unsafe(no_mangle)]
static PEER_FILTER: PrefixFilter = PrefixFilter::new();
#[unsafe(no_mangle)]
static SIGNATURES: Table = Table::new(0);
#[unsafe(no_mangle)]
static NUMBER_PLAN: Plan = Plan::NONE;
#[unsafe(no_mangle)]
static OWN_DOMAINS: OwnDomains = OwnDomains::NONE;

/// The policy of this generation.
#[inline(always)]
pub(crate) fn policy() -> &'static Policy {
    opaque::reference(&POLICY)
}

/// The class bits of a port.
#[inline(always)]
pub(crate) fn port_class(port: u16) -> u8 {
    opaque::reference(&PORTS).class(port)
}

/// Which slots hold peers' prefixes.
#[inline(always)]
pub(crate) fn peer_filter() -> &'static PrefixFilter {
    opaque::reference(&PEER_FILTER)
}

/// The scanners' signatures.
#[inline(always)]
pub(crate) fn signatures() -> &'static Table {
    opaque::reference(&SIGNATURES)
}

/// The dialling plan.
#[inline(always)]
pub(crate) fn number_plan() -> &'static Plan {
    opaque::reference(&NUMBER_PLAN)
}

/// Our own domains.
#[inline(always)]
pub(crate) fn own_domains() -> &'static OwnDomains {
    opaque::reference(&OWN_DOMAINS)
}
